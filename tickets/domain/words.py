"""Machine words of decisions in a technician's words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

#: Why an alert waits, makes no ticket, or went where it went.
CAUSE_WORDS: Final[Mapping[str, str]] = {
    "own": "a ticket of its own",
    "repeat": "the same trouble again",
    "returned": "it came back after its ticket was completed",
    "related": "related alerts in one ticket",
    "problem": "an incident of an open problem",
    "site_storm": "storm at a site",
    "ticket_closing": "held while its ticket is being completed",
    "site_watch": "held to see whether the whole site is down",
    "fleet_storm": "storm across sites",
    "breaker": "grouped because too many tickets were made",
    "by_hand": "merged by a person",
    "native_pending": "held: Datto RMM's own integration is making its ticket",
    "hold_off": "held off: it may clear by itself",
    "maintenance": "held by a maintenance window",
    "silence": "silenced",
    "rule": "the rules say no ticket",
    "native": "Datto RMM's own integration made its ticket",
    "noted": "only noted in its completed ticket",
    "dropped": "dropped by a person",
    "site_ignored": "its site is ignored",
    "site_switched_off": "its site makes no tickets",
    "site_unknown": "its site is not read yet",
    "site_unmapped": "its site has no organization",
    "site_conflict": "several organizations fit its site",
    "company_inactive": "its organization is inactive in Autotask",
    "company_missing": "its organization is gone from Autotask",
    "ticket_refused": "Autotask refused the ticket",
    "ticket_taken": "Autotask named another ticket",
    "ticket_deleted": "its ticket was deleted in Autotask",
    "reopened": "it is open again",
    "defect": "RMM Bridge stumbled over it",
}


def describe_cause(cause: str) -> str:
    """Return a cause in words; one without words of its own is shown as it is."""
    return CAUSE_WORDS.get(cause, cause.replace("_", " "))


def ended(name: str) -> str:
    """Return a name as the end of a sentence; some end with a full stop already, such as those of companies."""
    return name if name.endswith(".") else f"{name}."
