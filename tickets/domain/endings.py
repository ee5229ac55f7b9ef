"""What is done with an open ticket whose alerts have all cleared, and whether a person has worked on it. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

#: Note types that Autotask writes itself: workflow rules, duplicates, forwards and merges, mail copies.
SYSTEM_NOTE_TYPES: Final = frozenset({13, 15, 91, 92, 93, 94, 95, 99, 100})


@dataclass(frozen=True, slots=True)
class Ending:
    """What is done with an open ticket whose alerts have all cleared.

    Attributes:
        completes: the ticket is completed, after the delay.
        writes_note: a note says that the alerts cleared.
        reason: why it stays open, in words; empty when it is completed, or is left to people who reopened it.
    """

    completes: bool
    writes_note: bool
    reason: str = ""


def decide_ending(
    *,
    security_type: str,
    was_reopened: bool,
    complete_on_clear: bool,
    complete_on_clear_origin: str,
    note_on_clear: bool,
) -> Ending:
    """Return what to do with a ticket whose alerts have all cleared.

    Args:
        security_type: name of the security monitor that raised one of its alerts, empty when none did. A threat
            that is no longer reported is not a threat that is gone, so a person ends such a ticket.
        was_reopened: people reopened the ticket.
        complete_on_clear, complete_on_clear_origin, note_on_clear: what the settings say.
    """
    if was_reopened:
        return Ending(completes=False, writes_note=note_on_clear or bool(security_type))
    if security_type:
        return Ending(
            completes=False,
            writes_note=True,
            reason=f"All alerts cleared; the ticket stays open because security alerts ({security_type}) are never closed by themselves.",
        )
    if not complete_on_clear:
        return Ending(
            completes=False,
            writes_note=note_on_clear,
            reason=f"All alerts cleared; the ticket stays open by ticket defaults ({complete_on_clear_origin}).",
        )
    return Ending(completes=True, writes_note=note_on_clear)


@dataclass(frozen=True, slots=True)
class Protected:
    """Tickets that are never completed by themselves, by Autotask's values."""

    statuses: frozenset[int] = frozenset()
    queues: frozenset[int] = frozenset()
    types: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class NoteSeen:
    """A note on the ticket."""

    note_type: int | None
    resource_id: int | None
    contact_id: int | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class ChangeSeen:
    """A line of the ticket's history."""

    resource_id: int | None
    what: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class TicketSeen:
    """A ticket as Autotask holds it, as far as the question goes.

    Attributes:
        last_activity_resource_id: who did something last; a workflow rule is nobody.
    """

    status: int | None
    queue: int | None
    ticket_type: int | None
    resource_id: int | None
    last_activity_at: datetime | None
    last_activity_resource_id: int | None


@dataclass(frozen=True, slots=True)
class Known:
    """What we know of the ticket: our own last write, and whose changes do not count.

    Attributes:
        status, queue, resource_id: as last read right after we made it.
        activity_at: Autotask's time of the last activity as read right after our last write; None when it was not read
            since then.
        not_people: resources whose changes do not count: the API user and those that stand for rules.
        since: when we made or last reopened it; what happened before is over.
    """

    status: int | None
    queue: int | None
    resource_id: int | None
    activity_at: datetime | None
    since: datetime | None
    not_people: Collection[int] = field(default_factory=frozenset)


def find_protection(seen: TicketSeen, protected: Protected) -> str:
    """Return why a ticket is never completed by itself, empty when it may be."""
    if seen.status is not None and seen.status in protected.statuses:
        return "its status is protected"
    if seen.queue is not None and seen.queue in protected.queues:
        return "its queue is protected"
    if seen.ticket_type is not None and seen.ticket_type in protected.types:
        return "its ticket type is protected"
    return ""


def is_surely_untouched(seen: TicketSeen, known: Known) -> bool:
    """Return whether nothing happened since our own last write, so that notes and history need not be read."""
    same = (seen.status, seen.queue, seen.resource_id) == (known.status, known.queue, known.resource_id)
    return same and seen.last_activity_at is not None and seen.last_activity_at == known.activity_at


def find_touch(
    known: Known,
    *,
    notes: Collection[NoteSeen],
    has_time_entries: bool,
    history: Collection[ChangeSeen] | None,
    seen: TicketSeen,
) -> str:
    """Return what a person did to a ticket, empty when nobody did anything.

    Args:
        history: None when it cannot be read; then whoever was active last counts.
    """
    if has_time_entries:
        return "time was logged on it"
    for note in notes:
        if note.contact_id is not None and _is_new(note.at, known):
            return "a contact wrote a note"
        if (
            note.note_type not in SYSTEM_NOTE_TYPES
            and _is_person(note.resource_id, known)
            and _is_new(note.at, known)
        ):
            return "a technician wrote a note"
    if history is None:
        if _is_person(seen.last_activity_resource_id, known):
            return "a technician changed it"
        return ""
    for change in history:
        if _is_person(change.resource_id, known) and _is_new(change.at, known):
            return f"a technician changed it ({change.what})" if change.what else "a technician changed it"
    return ""


def _is_person(resource_id: int | None, known: Known) -> bool:
    return resource_id not in (None, 0) and resource_id not in known.not_people


def _is_new(at: datetime | None, known: Known) -> bool:
    return at is None or known.since is None or at >= known.since
