"""Every setting a ticket can get: its title, its kind and what is built in. Pure.

A new setting starts here; `tickets.models.settings` holds its column.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

BUILT_IN: Final = "built-in"

#: Autotask's system ids, the same in every database whatever their labels say.
STATUS_NEW: Final = 1
STATUS_COMPLETE: Final = 5
PUBLISH_INTERNAL: Final = 2
NOTE_TYPE_TASK_NOTES: Final = 3

#: What a Datto RMM priority means in Autotask, by label; the first that the pick list has is taken.
PRIORITY_MAP: Final[Mapping[str, tuple[str, ...]]] = {
    "Critical": ("Critical", "High"),
    "High": ("High",),
    "Moderate": ("Medium", "Moderate", "Normal"),
    "Low": ("Low",),
    "Information": ("Low",),
    "Unknown": ("Medium", "Moderate", "Normal"),
}
#: Priorities that make no ticket unless a setting says so.
QUIET_PRIORITIES: Final = frozenset({"Information"})

#: Datto RMM's priorities from the most urgent down; a site may count its alerts some steps up or down.
PRIORITY_STEPS: Final = ("Critical", "High", "Moderate", "Low", "Information")

#: Pick list fields of a ticket -> title on screen.
PICK_FIELDS: Final[Mapping[str, str]] = {
    "queue": "queue",
    "ticket_category": "ticket category",
    "ticket_type": "ticket type",
    "source": "source",
    "status": "status at creation",
    "issue_type": "issue type",
    "sub_issue_type": "sub-issue type",
    "work_type": "work type",
    "sla": "service level agreement",
    "note_type": "note type",
    "note_publish": "note visibility",
    "completed_status": "status when completed",
    "cleared_status": "status when a person cleared the alert",
    "touched_status": "status of a touched ticket whose alerts cleared",
    "reopened_status": "status when reopened",
    "escalated_priority": "priority after escalation",
    "escalated_queue": "queue after escalation",
}
#: Labels that are taken when nothing is set and the pick list has them.
BUILT_IN_LABELS: Final[Mapping[str, tuple[str, ...]]] = {
    "queue": ("Monitoring Alert",),
    "ticket_type": ("Alert", "Incident"),
    "source": ("Monitoring Alert",),
    "status": ("New",),
    "completed_status": ("Complete",),
    "reopened_status": ("New",),
    "note_publish": ("Internal Users Only", "Internal"),
    "note_type": ("Task Notes",),
}
#: System values that are taken before any label.
BUILT_IN_VALUES: Final[Mapping[str, int]] = {
    "status": STATUS_NEW,
    "completed_status": STATUS_COMPLETE,
    "reopened_status": STATUS_NEW,
    "note_publish": PUBLISH_INTERNAL,
    "note_type": NOTE_TYPE_TASK_NOTES,
}
#: Autotask may refuse a ticket or note without these, so any active value is better than none.
NEEDED_PICKS: Final = frozenset({"queue", "status", "ticket_type", "source", "note_type", "note_publish"})

#: Yes-or-no fields -> title on screen.
FLAG_FIELDS: Final[Mapping[str, str]] = {
    "write_first_note": "write a first note",
    "due_in_business_hours": "count the due date in business hours",
    "group_by_site": "one ticket when it fires on much of a site",
    "complete_on_clear": "complete the ticket when the alert clears",
    "complete_touched": "complete it even when a person has worked on it",
    "note_on_clear": "also write a note when the alert clears",
    "resolve_on_complete": "resolve the alert when the ticket is completed",
}
FLAG_BUILT_IN: Final[Mapping[str, bool]] = {
    "write_first_note": False,
    "due_in_business_hours": False,
    "group_by_site": False,
    "complete_on_clear": True,
    "complete_touched": False,
    "note_on_clear": False,
    "resolve_on_complete": True,
}

#: Text templates -> title on screen.
TEMPLATE_FIELDS: Final[Mapping[str, str]] = {
    "title_template": "title",
    "description_template": "description",
    "note_template": "first note",
}

#: Numbers -> (title on screen with the unit, built-in value; None for "not used").
NUMBER_FIELDS: Final[Mapping[str, tuple[str, int | None]]] = {
    "hold_off_minutes": ("hold off (minutes)", 0),
    "repeat_window_minutes": ("repeats count within (minutes)", 1440),
    "related_window_minutes": ("related alerts count within (minutes)", 5),
    "escalate_after": ("escalate after so many occurrences", None),
    "escalate_within_minutes": ("occurrences count within (minutes)", 1440),
    "clear_delay_minutes": ("wait before completing (minutes)", 0),
    "resolve_delay_seconds": ("wait before resolving the alert (seconds)", 10),
}


class RepeatEffect(StrEnum):
    """What a condition that comes back does to its completed ticket, within the repeat window."""

    SMART = "smart"
    REOPEN = "reopen"
    NEW_LINKED = "new_linked"
    NOTE = "note"
    NEW = "new"


class RelatedGroup(StrEnum):
    """Which other alerts count as related."""

    NONE = "none"
    DEVICE = "device"
    SITE = "site"
    NETWORK = "network"
    HOST = "host"
    MONITOR = "monitor"


class RelatedEffect(StrEnum):
    """What a related alert does to the ticket of the first one."""

    ITEM = "item"
    NOTE = "note"
    PROBLEM = "problem"


class NotePolicy(StrEnum):
    """When a repeated alert writes a note."""

    STEPS = "steps"
    EVERY = "every"
    HOURLY = "hourly"
    NEVER = "never"


class ContractChoice(StrEnum):
    """Which contract a ticket gets."""

    DEVICE = "device"
    SITE = "site"
    NONE = "none"


class ContactChoice(StrEnum):
    """Which contact a ticket gets."""

    SITE = "site"
    DEVICE = "device"
    LAST_USER = "last_user"
    PRIMARY = "primary"
    NONE = "none"


class LocationChoice(StrEnum):
    """Which organization location a ticket gets."""

    SITE = "site"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Choice:
    """A setting with a fixed set of values.

    Attributes:
        labels: value -> words on screen, the built-in one marked nowhere; `built_in` names it.
    """

    title: str
    built_in: str
    labels: Mapping[str, str]


CHOICE_FIELDS: Final[Mapping[str, Choice]] = {
    "contract_choice": Choice(
        "contract",
        ContractChoice.DEVICE,
        {
            ContractChoice.DEVICE: "the device's, else the site's",
            ContractChoice.SITE: "the site's",
            ContractChoice.NONE: "left to Autotask",
        },
    ),
    "contact_choice": Choice(
        "contact",
        ContactChoice.SITE,
        {
            ContactChoice.SITE: "the site's",
            ContactChoice.DEVICE: "the device's, else the site's",
            ContactChoice.LAST_USER: "the last user's, else the device's, else the site's",
            ContactChoice.PRIMARY: "the organization's primary contact, else the site's",
            ContactChoice.NONE: "none",
        },
    ),
    "location_choice": Choice(
        "location", LocationChoice.SITE, {LocationChoice.SITE: "the site's", LocationChoice.NONE: "none"}
    ),
    "repeat_effect": Choice(
        "when it comes back after its ticket was completed",
        RepeatEffect.SMART,
        {
            RepeatEffect.SMART: "reopen if RMM Bridge completed it, else a new ticket that names the old one",
            RepeatEffect.REOPEN: "reopen the ticket",
            RepeatEffect.NEW_LINKED: "a new ticket that names the old one",
            RepeatEffect.NOTE: "only a note on the completed ticket",
            RepeatEffect.NEW: "a new ticket",
        },
    ),
    "related_group": Choice(
        "related alerts are those of",
        RelatedGroup.DEVICE,
        {
            RelatedGroup.NONE: "none",
            RelatedGroup.DEVICE: "the same device",
            RelatedGroup.SITE: "the same site",
            RelatedGroup.NETWORK: "the same external IP address",
            RelatedGroup.HOST: "the same virtual host",
            RelatedGroup.MONITOR: "the same monitor at any site of the organization",
        },
    ),
    "related_effect": Choice(
        "a related alert",
        RelatedEffect.ITEM,
        {
            RelatedEffect.ITEM: "joins the ticket, with its device as additional configuration item",
            RelatedEffect.NOTE: "joins the ticket with a note",
            RelatedEffect.PROBLEM: "gets its own ticket, an incident of the first one",
        },
    ),
    "note_policy": Choice(
        "notes about repeats",
        NotePolicy.STEPS,
        {
            NotePolicy.STEPS: "at 1, 2, 5, 10, 20, 50, 100 ... and at most one an hour between",
            NotePolicy.EVERY: "every time",
            NotePolicy.HOURLY: "at most one an hour",
            NotePolicy.NEVER: "never",
        },
    ),
}
#: References that are no pick lists -> title on screen.
REFERENCE_FIELDS: Final[Mapping[str, str]] = {"resource": "primary resource", "role": "role"}
#: Plain texts -> title on screen.
TEXT_FIELDS: Final[Mapping[str, str]] = {"runbook_url": "runbook"}
