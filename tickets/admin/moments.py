"""The story of an alert or ticket as a timeline: what each step is called, how bad it is, how long it took."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from tickets.domain.resolution_text import format_duration
from tickets.models import Alert, TimelineEvent
from tickets.selectors.groups import find_url

#: Kind of an event -> what it is called.
_TITLES: Final[Mapping[str, str]] = {
    "received": "Received",
    "decided": "Ticket decided",
    "held": "Held",
    "silenced": "Silenced",
    "silence_ended": "Silence ended",
    "released": "Asked for its ticket now",
    "filtered": "No ticket",
    "blocked": "Waits for a cure",
    "cleared": "Cleared",
    "merged": "Joined a ticket",
    "noted": "Only noted",
    "reopening": "Ticket is to be reopened",
    "reopen_refused": "Not reopened",
    "ticket_reopened": "Ticket reopened",
    "ticket_created": "Ticket created",
    "ticket_doubled": "Another ticket was named",
    "ticket_merged": "Shares a ticket",
    "ticket_refused": "Ticket refused",
    "field_left_out": "A field was left out",
    "ticket_changed": "Ticket changed",
    "item_added": "Device added to the ticket",
    "note_written": "Note written",
    "partly_cleared": "Some alerts cleared",
    "alert_resolved": "Resolved in Datto RMM",
    "alert_reopened": "Open again",
    "alert_gone": "Gone from Datto RMM",
    "ticket_completed": "Ticket completed",
    "ticket_deleted": "Ticket deleted",
    "complete_skipped": "Ticket left open",
    "complete_dropped": "Not completed",
    "resolve_requested": "Asked to resolve it",
    "resolve_skipped": "Alert left open",
    "resolve_dropped": "Not resolved",
    "retry": "Tried again",
    "taken_out": "Taken out of a group",
    "taken_up": "Taken up again",
    "exploded": "Group undone",
    "dropped": "Dropped",
    "emptied": "Stands for no alert any more",
    "defect": "RMM Bridge stumbled",
    "settle_failed": "RMM Bridge stumbled",
    "move_asked": "Asked to move it",
    "move_dropped": "Not moved",
    "ticket_moved": "Ticket moved",
}
_BAD: Final = ("refused", "blocked", "deleted", "defect", "settle_failed", "doubled")
_WAITS: Final = ("held", "silenced", "_delayed")
_GOOD: Final = ("ticket_created", "ticket_completed", "alert_resolved", "cleared", "ticket_reopened")
#: Below it, a step says nothing about how long it took.
_WORTH_SAYING: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Moment:
    """One step.

    Attributes:
        tone: good, bad, waits, or empty.
        after: how long after the one before, in words; empty when that is not worth saying.
        who: whose doing it was; empty when nobody's.
        url: of the ticket it speaks of, when that is not the page's own.
        is_ahead: it has not happened yet.
    """

    at: datetime | None
    title: str
    text: str
    tone: str = ""
    after: str = ""
    who: str = ""
    url: str = ""
    is_ahead: bool = False


def build_moments(
    events: Iterable[TimelineEvent], *, alert: Alert | None = None, ticket_id: int | None = None
) -> list[Moment]:
    """Return the story, oldest first; asks nothing.

    Args:
        events: with their users, oldest first.
        alert: whose story it is: it begins when Datto RMM raised it, and ends with what comes next.
        ticket_id: of the page's own ticket, to which no link leads.
    """
    moments: list[Moment] = []
    before: datetime | None = None
    if alert is not None and alert.raised_at is not None:
        where = f" on {alert.datto_device_name}" if alert.datto_device_name else ""
        moments.append(Moment(alert.raised_at, "Raised", f"Datto RMM raised it{where}."))
        before = alert.raised_at
    for event in events:
        moments.append(_moment(event, before, ticket_id))
        before = event.at
    if alert is not None and not alert.is_resolved and alert.not_before is not None:
        text = "Looked at again by itself, unless something happens first."
        moments.append(Moment(alert.not_before, "Next", text, is_ahead=True))
    return moments


def _moment(event: TimelineEvent, before: datetime | None, ticket_id: int | None) -> Moment:
    named = event.data.get("ticket") if isinstance(event.data, dict) else None
    other = named if isinstance(named, int) and named != ticket_id else None
    gap = event.at - before if before is not None else timedelta(0)
    return Moment(
        at=event.at,
        title=title_of(event.kind),
        text=event.text,
        tone=_tone(event.kind),
        after=f"{format_duration(gap)} later" if gap >= _WORTH_SAYING else "",
        who=event.user.get_username() if event.user is not None else "",
        url=find_url("admin:tickets_ticket_change", other) if other is not None else "",
    )


def title_of(kind: str) -> str:
    """Return what a kind of event is called."""
    if kind in _TITLES:
        return _TITLES[kind]
    return kind.replace("_", " ").capitalize()


def _tone(kind: str) -> str:
    if any(word in kind for word in _BAD):
        return "bad"
    if any(word in kind for word in _WAITS):
        return "waits"
    return "good" if kind in _GOOD else ""
