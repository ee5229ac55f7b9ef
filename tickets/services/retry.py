"""A person asks for another try."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.contrib.auth.models import User
from django.db.models import F
from django.utils import timezone

from tickets.models import Action, AgentRequest, Alert, Ticket
from tickets.selectors.pages import refused_actions
from tickets.services import gate, outbox
from tickets.services.defects import decide_or_mark
from tickets.services.timeline import record_event

#: So many are tried by one press of a button; the others with the next.
_MOST: Final = 2000


def retry_alert(alert: Alert, user: User | None = None) -> list[int]:
    """Try an alert again now; returns actions that became due.

    A blocked alert is decided again; one whose ticket is gone gets a new ticket; waiting and refused vendor
    actions of it are tried at once. An alert that has its ticket, or needs none, is left as it is.
    """
    who = user.get_username() if user is not None else "The command line"
    record_event("retry", f"{who} asked for another try.", alert=alert, user=user)
    gate.retry_now()
    alert.refresh_from_db()
    if (
        alert.state == Alert.State.BLOCKED
        and alert.cause in {"ticket_deleted", "reopened"}
        and alert.ticket is not None
    ):
        Alert.objects.filter(pk=alert.pk).update(ticket=None, rounds=F("rounds") + 1)
    if alert.state == Alert.State.FILTERED and not alert.is_resolved:
        # Rules may have changed since; a retry asks them again.
        Alert.objects.filter(pk=alert.pk, state=Alert.State.FILTERED).update(state=Alert.State.RECEIVED)
    due = decide_or_mark(alert.pk)
    alert.refresh_from_db()
    mine = Action.objects.filter(alert=alert)
    if alert.ticket is not None:
        mine |= Action.objects.filter(ticket=alert.ticket)
    now = timezone.now()
    waiting = outbox.revive(mine.filter(state=Action.State.WAITING), now)
    refused = mine.filter(state=Action.State.REFUSED).exclude(ticket__state=Ticket.State.ABANDONED)
    waiting += outbox.revive(refused, now)
    return sorted({*due, *waiting})


def retry_cause(cause: str, user: User | None = None) -> tuple[int, list[int]]:
    """Try every alert that waits for one cause; returns how many and the actions that became due."""
    due: list[int] = []
    alerts = list(
        Alert.objects.filter(state=Alert.State.BLOCKED, cause=cause, is_resolved=False).order_by("id")[:_MOST]
    )
    for alert in alerts:
        due += retry_alert(alert, user)
    return len(alerts), due


def retry_kind(kind: str, user: User, now: datetime) -> tuple[int, list[int]]:
    """Try every refused write of one kind that still matters; returns how many and the actions that became due."""
    gate.retry_now()
    actions = list(
        refused_actions(now).filter(kind=kind).select_related("alert", "ticket").order_by("id")[:_MOST]
    )
    due = outbox.revive(Action.objects.filter(pk__in=[action.pk for action in actions]), now)
    for action in actions:
        text = f"{user.get_username()} asked for another try: {action.get_kind_display().lower()}."
        record_event("retry", text, alert=action.alert, ticket=action.ticket, user=user)
    return len(actions), due


def retry_refused_tickets() -> list[int]:
    """Let every alert, and request, whose ticket was refused be tried again; called when ticket defaults change.

    Requests are few; the next sweep tries them.
    """
    now = timezone.now()
    AgentRequest.objects.filter(state=AgentRequest.State.BLOCKED, cause="ticket_refused").update(
        not_before=now
    )
    Alert.objects.filter(state=Alert.State.BLOCKED, cause="ticket_refused", is_resolved=False).update(
        not_before=now
    )
    due: list[int] = []
    for pk in Alert.objects.filter(
        state=Alert.State.BLOCKED, cause="ticket_refused", is_resolved=False
    ).values_list("pk", flat=True)[:500]:
        due += decide_or_mark(pk, now=now)
    return due
