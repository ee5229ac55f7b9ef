"""The alerts of a ticket, and the part each has in it. One query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tickets.domain.keys import correlation_key
from tickets.domain.words import describe_cause
from tickets.models import Alert, Ticket

#: So many alerts of a ticket are shown, open ones first.
SHOWN: Final = 100
_ON_A_TICKET: Final = (Alert.State.TICKETED, Alert.State.MERGED)


@dataclass(frozen=True, slots=True)
class Member:
    """One alert of a ticket.

    Attributes:
        part: why it is in the ticket, in words.
        can_leave: a person may take it out; the alert a ticket was made for, and the same trouble once more, stay.
    """

    alert: Alert
    part: str
    can_leave: bool


@dataclass(frozen=True, slots=True)
class Members:
    """The alerts of a ticket.

    Attributes:
        rows: open ones first, the oldest first; at most `SHOWN`.
        leader: the open alert it was made for, else the oldest open one; None when none is open.
        creator: the alert it was made for, open or over; None when it is not among the rows.
    """

    rows: Sequence[Member]
    leader: Alert | None
    creator: Alert | None
    has_more: bool

    @property
    def can_explode(self) -> bool:
        """Return whether there is a group to undo."""
        return any(member.can_leave for member in self.rows)

    def find(self, alert: Alert) -> Member | None:
        """Return the part of one alert."""
        return next((member for member in self.rows if member.alert.pk == alert.pk), None)


def list_members(ticket: Ticket) -> Members:
    """Return the alerts of a ticket. One query."""
    found = list(
        ticket.alerts.select_related("monitor_type", "monitor")
        .defer("context", "decision", "diagnostics")
        .order_by("is_resolved", "ticketed_at", "id")[: SHOWN + 1]
    )
    alerts = found[:SHOWN]
    creator = next((one for one in alerts if _made_it(one, ticket)), None)
    here = [one for one in alerts if not one.is_resolved and one.state in _ON_A_TICKET]
    is_led = creator is not None and not creator.is_resolved
    leader = creator if is_led else next(iter(here), None)
    may_change = ticket.state == Ticket.State.OPEN and ticket.autotask_ticket_id is not None
    rows = [
        Member(one, _part(one, creator), may_change and one in here and not _is_same(one, leader))
        for one in alerts
    ]
    return Members(rows, leader, creator, len(found) > SHOWN)


def _made_it(alert: Alert, ticket: Ticket) -> bool:
    return correlation_key(alert.alert_uid, round_=alert.rounds) == ticket.correlation_key


def _is_same(alert: Alert, leader: Alert | None) -> bool:
    if leader is None or alert.pk == leader.pk:
        return True
    return bool(leader.condition_key) and alert.condition_key == leader.condition_key


def _part(alert: Alert, creator: Alert | None) -> str:
    if creator is not None and alert.pk == creator.pk:
        return "The ticket was made for it."
    if alert.state == Alert.State.MERGED and alert.cause:
        words = describe_cause(alert.cause)
        return f"{words[:1].upper()}{words[1:]}."
    return alert.get_state_display()
