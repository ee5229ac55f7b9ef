"""Causes for which alerts and writes wait for a person: what each is called, and what keeps it from coming back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tickets.models import Action

#: Cause of a blocked alert -> title of its group.
CAUSE_TITLES: Final = {
    "site_unknown": "Alerts of sites that are not read yet",
    "site_unmapped": "Sites without an organization",
    "site_conflict": "Sites that several organizations fit",
    "company_inactive": "Organizations that are inactive in Autotask",
    "company_missing": "Organizations that are gone from Autotask",
    "ticket_refused": "Tickets that Autotask refused",
    "ticket_taken": "Alerts for which Autotask named another ticket",
    "ticket_deleted": "Tickets deleted in Autotask while the alert is open",
    "reopened": "Alerts that are open again",
    "defect": "Alerts that RMM Bridge stumbled over",
}
#: Cause of a blocked alert -> what to change so that it does not come back.
CAUSE_LASTING: Final[Mapping[str, str]] = {
    "site_unknown": "Nothing as a rule: new sites are read by schedule. Sync > Schedules says how often.",
    "site_unmapped": "Map each new site when it comes, or name an organization for sites without one under Settings > "
    "Unmapped sites: its alerts become tickets there at once.",
    "site_conflict": "Link the site to its organization in Datto RMM, or give the organizations different names.",
    "company_inactive": "Ignore the site, or map it elsewhere, before its organization is deactivated in Autotask.",
    "company_missing": "Map the site elsewhere before its organization is deleted in Autotask.",
    "ticket_refused": "Set the field that the text names under Ticket defaults, or stop requiring it in the ticket category "
    "in Autotask.",
    "ticket_taken": "Change duplicate ticket handling in Autotask, so that it leaves tickets with an external id alone.",
    "ticket_deleted": "Complete tickets instead of deleting them. What should make no ticket is silenced, or gets a rule.",
    "reopened": "Look at the monitor in Datto RMM: it keeps, or raises anew, what was resolved.",
    "defect": "Report it with the lines of the log; a later version brings the cure.",
}
#: Kind of a vendor write that was refused -> title of its group.
REFUSED_TITLES: Final[Mapping[str, str]] = {
    Action.Kind.RESOLVE_ALERT: "Alerts that Datto RMM did not resolve",
    Action.Kind.COMPLETE_TICKET: "Tickets that Autotask did not complete",
    Action.Kind.REOPEN_TICKET: "Tickets that Autotask did not open again",
    Action.Kind.COUNT_ALERTS: "Counters of alerts that Autotask refused",
    Action.Kind.FIRST_NOTE: "First notes that Autotask refused",
    Action.Kind.CLEAR_NOTE: "Notes about cleared alerts that Autotask refused",
    Action.Kind.APPEND_NOTE: "Notes about more alerts that Autotask refused",
    Action.Kind.UPDATE_TICKET: "Changes of tickets that Autotask refused",
    Action.Kind.ADD_ITEMS: "Devices that Autotask did not add to tickets",
    Action.Kind.MOVE_TICKET: "Tickets that Autotask did not move",
}
#: Kind of a vendor write -> what to change so that it is not refused again.
REFUSED_LASTING: Final[Mapping[str, str]] = {
    Action.Kind.RESOLVE_ALERT: "Give the API user in Datto RMM the right to resolve alerts of all sites; Settings > Preflight "
    "checks it.",
    Action.Kind.COMPLETE_TICKET: "Choose a status when completed under Ticket defaults that needs nothing a person has to "
    "fill in, or stop requiring that field in the ticket category in Autotask.",
    Action.Kind.REOPEN_TICKET: "Choose an active status when reopened under Ticket defaults, and let the API user change "
    "completed tickets.",
    Action.Kind.COUNT_ALERTS: "Let the API user write the ticket UDF that counts alerts, or take it out under Ticket defaults.",
    Action.Kind.FIRST_NOTE: "Choose another note type or visibility under Ticket defaults.",
    Action.Kind.CLEAR_NOTE: "Choose another note type or visibility under Ticket defaults.",
    Action.Kind.APPEND_NOTE: "Choose another note type or visibility, or fewer notes about repeats, under Ticket defaults.",
    Action.Kind.UPDATE_TICKET: "Choose active values for escalation under Ticket defaults or in the rule.",
    Action.Kind.ADD_ITEMS: "Devices of other organizations cannot be named in a ticket; check their mapping.",
    Action.Kind.MOVE_TICKET: "Tickets with time entries or charges cannot change their organization; map sites before work "
    "begins.",
}


def refused_title(kind: str, label: str, *, is_defect: bool) -> str:
    """Return the title of a group of writes that did not go through.

    Args:
        label: of the kind, for one without a title of its own.
        is_defect: it is not the vendor that said no.
    """
    if is_defect:
        return f"RMM Bridge stumbled over: {label.lower()}"
    return REFUSED_TITLES.get(kind, f"Refused: {label.lower()}")
