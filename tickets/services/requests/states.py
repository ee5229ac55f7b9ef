"""What a request tells of its ticket while that is made: ticketed, delayed, or waiting for a cure."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from tickets.domain.decisions import Cause
from tickets.domain.defects import DEFECT_REMEDY, describe_defect
from tickets.domain.grouping import TicketKind
from tickets.domain.requests import note_of_alerts
from tickets.domain.settings import EffectiveSettings
from tickets.models import Action, AgentRequest, Ticket
from tickets.selectors.requests import attached_alerts, to_open_alerts
from tickets.services import outbox
from tickets.services.defaults import agent_settings
from tickets.services.notes import note_payload
from tickets.services.timeline import record_event

_TAKEN_REMEDY = (
    "Look at that ticket in Autotask. Change Autotask's duplicate ticket handling so that this request gets its own "
    "ticket, then retry."
)
_NOTE_TITLE = "Open alerts of the device"


def is_request(ticket: Ticket) -> bool:
    """Return whether a ticket stands for an end client's request; nothing clears it."""
    return ticket.kind == TicketKind.REQUEST


def record_ticketed(ticket: Ticket) -> int | None:
    """Tell the request that its ticket exists, and wish for the note about open alerts; returns an action that is due."""
    request = AgentRequest.objects.select_related("device").filter(ticket=ticket).first()
    if request is None:
        return None
    number = ticket.ticket_number or f"#{ticket.autotask_ticket_id}"
    AgentRequest.objects.filter(pk=request.pk).update(
        state=AgentRequest.State.TICKETED,
        cause="",
        reason=f"Ticket {number} for {ticket.company.name}.",
        remedy="",
        not_before=None,
    )
    text = note_of_alerts(to_open_alerts(attached_alerts(request)))
    if not text:
        return None
    return outbox.wish(
        Action.Kind.FIRST_NOTE,
        f"first_note:{ticket.pk}",
        ticket=ticket,
        payload=note_payload(_settings(ticket), _NOTE_TITLE, text),
    )


def block_of_ticket(
    ticket: Ticket, cause: str, reason: str, remedy: str, *, not_before: datetime | None
) -> None:
    """Let the request of a ticket that was refused wait for a cure."""
    if cause == Cause.TICKET_TAKEN:
        reason = reason.replace("this alert", "this request")
        remedy = _TAKEN_REMEDY
    for request in AgentRequest.objects.filter(ticket=ticket, state=AgentRequest.State.TICKETING):
        block(request, cause, reason, remedy, not_before=not_before)


def record_left_out(ticket: Ticket, field: str, text: str, kept: dict[str, object]) -> None:
    """Note in the request's decision that a field was spared."""
    for request in AgentRequest.objects.filter(ticket=ticket):
        decision = dict(request.decision or {})
        decision["skipped"] = [*decision.get("skipped", []), {"field": field, "label": field, "reason": text}]
        decision["fields"] = [one for one in decision.get("fields", []) if one["field"] in kept]
        AgentRequest.objects.filter(pk=request.pk).update(decision=decision)


def record_delay(ticket: Ticket, error: str, remedy: str) -> None:
    """Say why the ticket could not be made yet."""
    AgentRequest.objects.filter(ticket=ticket, state=AgentRequest.State.TICKETING).update(
        reason=f"The ticket could not be made yet: {error}"[:2000], remedy=remedy
    )


def mark_unmade(ticket: Ticket, error: Exception) -> None:
    """Show that making the ticket stumbled; the action itself is tried again."""
    AgentRequest.objects.filter(ticket=ticket, state=AgentRequest.State.TICKETING).update(
        state=AgentRequest.State.BLOCKED,
        cause=Cause.DEFECT,
        reason=describe_defect(error),
        remedy=DEFECT_REMEDY,
        not_before=None,
    )


def take_up_again(ticket: Ticket) -> None:
    """Undo `mark_unmade` before another try."""
    AgentRequest.objects.filter(ticket=ticket, state=AgentRequest.State.BLOCKED, cause=Cause.DEFECT).update(
        state=AgentRequest.State.TICKETING, cause="", reason="The ticket is being made.", remedy=""
    )


def block(
    request: AgentRequest, cause: str, reason: str, remedy: str, *, not_before: datetime | None
) -> None:
    """Let a request wait for a cure; its story tells it when it is news."""
    is_news = (request.state, request.cause, request.reason) != (AgentRequest.State.BLOCKED, cause, reason)
    AgentRequest.objects.filter(pk=request.pk).update(
        state=AgentRequest.State.BLOCKED,
        cause=cause,
        reason=reason[:2000],
        remedy=remedy,
        not_before=not_before,
    )
    if is_news:
        record_event("blocked", reason[:2000], request=request)


def _settings(ticket: Ticket) -> EffectiveSettings:
    return agent_settings(ticket.company, at=timezone.now())
