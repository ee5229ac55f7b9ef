"""One bad row must not hold up others: mark it, log it, go on. It is tried again after growing pauses."""

from __future__ import annotations

from datetime import datetime

import structlog
from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from tickets.domain.decisions import Cause
from tickets.domain.defects import DEFECT_REMEDY, describe_defect, pause_after
from tickets.models import Action, Alert, Ticket, TimelineEvent
from tickets.services.decide import decide_alert
from tickets.services.placing import DECIDABLE
from tickets.services.requests import states
from tickets.services.timeline import record_event

log = structlog.get_logger(__name__)

#: The database itself is in trouble; that says nothing about the row, and marking it would fail as well.
NOT_OF_THE_ROW = (OperationalError, InterfaceError)
#: Where a decision counts its failures in a row; the next decision that succeeds overwrites it.
_TIMES = "defects"
_SETTLE_FAILED = "settle_failed"


def decide_or_mark(alert_id: int, *, now: datetime | None = None) -> list[int]:
    """Decide an alert; one that cannot be decided waits with cause `defect`. Returns actions that became due.

    Raises:
        OperationalError, InterfaceError: the database does not work.
    """
    try:
        return decide_alert(alert_id, now=now)
    except NOT_OF_THE_ROW:
        raise
    except Exception as error:
        log.exception("an alert could not be decided", alert=alert_id)
        mark_alert(alert_id, error, now or timezone.now())
        return []


def mark_alert(alert_id: int, error: Exception, now: datetime) -> None:
    """Let an alert that has no ticket yet wait for a next try, longer each time."""
    with transaction.atomic():
        alert = Alert.objects.filter(pk=alert_id, state__in=DECIDABLE).first()
        if alert is None:
            return
        is_first = alert.cause != Cause.DEFECT
        decision = alert.decision if isinstance(alert.decision, dict) else {}
        times = 1 if is_first else int(decision.get(_TIMES) or 0) + 1
        reason = describe_defect(error)
        Alert.objects.filter(pk=alert_id, state=alert.state).update(
            state=Alert.State.BLOCKED,
            cause=Cause.DEFECT,
            reason=reason,
            remedy=DEFECT_REMEDY,
            not_before=now + pause_after(times),
            decision={**decision, _TIMES: times},
        )
        if is_first:
            record_event("defect", reason, alert=alert)


def mark_unmade_ticket(action: Action, error: Exception) -> None:
    """Show the alerts, or the request, of a ticket whose making stumbled; the action itself is tried again."""
    if action.ticket is not None:
        states.mark_unmade(action.ticket, error)
    Alert.objects.filter(ticket=action.ticket_id, state=Alert.State.TICKETING).update(
        state=Alert.State.BLOCKED, cause=Cause.DEFECT, reason=describe_defect(error), remedy=DEFECT_REMEDY
    )


def take_up_again(action: Action) -> None:
    """Undo `mark_unmade_ticket` before another try."""
    if action.ticket is not None:
        states.take_up_again(action.ticket)
        Alert.objects.filter(
            ticket=action.ticket_id, state=Alert.State.BLOCKED, cause=Cause.DEFECT, is_resolved=False
        ).update(state=Alert.State.TICKETING, cause="", reason="The ticket is being made.", remedy="")


def mark_unsettled(ticket: Ticket, error: Exception, now: datetime) -> None:
    """Write into a ticket's story that its end could not be settled, and when that is tried again."""
    times = TimelineEvent.objects.filter(ticket=ticket, kind=_SETTLE_FAILED).count() + 1
    record_event(
        _SETTLE_FAILED,
        describe_defect(error),
        ticket=ticket,
        data={"again_at": (now + pause_after(times)).timestamp()},
    )


def list_unsettled(tickets: list[Ticket], now: datetime) -> set[int]:
    """Return the primary keys of those tickets that are to be left alone for now. One query."""
    events = TimelineEvent.objects.filter(ticket__in=tickets, kind=_SETTLE_FAILED).order_by("id")
    again_at = {
        ticket_id: data.get("again_at", 0) for ticket_id, data in events.values_list("ticket_id", "data")
    }
    return {ticket_id for ticket_id, at in again_at.items() if at > now.timestamp()}
