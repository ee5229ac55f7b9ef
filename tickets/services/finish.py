"""The closing writes: complete the ticket, note that the alert cleared, resolve the alert."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from integration.vendors.budget import Lane
from integration.vendors.errors import NotFound
from tickets.domain.settings_resolution import STATUS_COMPLETE
from tickets.models import Action, Alert, Ticket
from tickets.services import outbox
from tickets.services.clients import Clients
from tickets.services.close import settle
from tickets.services.create import write_note
from tickets.services.decide import clear_note_payload, resolution_text
from tickets.services.defaults import effective_settings
from tickets.services.timeline import record_event


def complete_ticket(action: Action, clients: Clients, *, lane: Lane, subject: str) -> list[int]:
    """Complete a ticket whose alerts have all cleared. Repeating it is harmless: the same values are written."""
    ticket, alert = action.ticket, action.alert
    if ticket is None or alert is None or ticket.autotask_ticket_id is None:
        raise ValueError(f"action {action.pk} has no ticket to complete")
    if ticket.state != Ticket.State.OPEN or ticket.alerts.filter(is_resolved=False).exists():
        outbox.finish(action, state=Action.State.DROPPED)
        record_event("complete_dropped", "Completing it is not needed any more.", ticket=ticket)
        return []
    settings = effective_settings(alert.monitor_type, alert.priority)
    pick = settings.picks["completed_status"].value
    status = pick.value if pick is not None and not action.payload.get("plain_status") else STATUS_COMPLETE
    text = resolution_text(ticket)
    fields: dict[str, object] = {"status": status}
    if not action.payload.get("no_resolution"):
        fields["resolution"] = text
    client = clients.autotask(lane=lane, subject=subject)
    outbox.update_held(action, in_doubt=True)
    client.update_ticket(ticket.autotask_ticket_id, fields)
    now = timezone.now()
    with transaction.atomic():
        outbox.finish(action)
        Ticket.objects.filter(pk=ticket.pk, state=Ticket.State.OPEN).update(
            state=Ticket.State.COMPLETED, completed_at=now, completed_by_us=True, status=status
        )
        record_event("ticket_completed", f"Completed. {text}", alert=alert, ticket=ticket)
    return []


def write_clear_note(action: Action, clients: Clients, *, lane: Lane, subject: str) -> list[int]:
    """Write a note that the alert cleared."""
    ticket, alert = action.ticket, action.alert
    if ticket is None or alert is None or ticket.autotask_ticket_id is None:
        raise ValueError(f"action {action.pk} has no ticket to write to")
    if not action.payload:
        outbox.update_held(action, payload=clear_note_payload(ticket, alert))
    write_note(action, clients.autotask(lane=lane, subject=subject), ticket.autotask_ticket_id)
    outbox.finish(action)
    record_event("note_written", "Note written: the alert cleared.", alert=alert, ticket=ticket)
    return []


def resolve_alert(action: Action, clients: Clients, *, lane: Lane, subject: str) -> list[int]:
    """Resolve an alert in Datto RMM; one that is resolved already counts as done."""
    alert = action.alert
    if alert is None:
        raise ValueError(f"action {action.pk} names no alert")
    if alert.is_resolved:
        outbox.finish(action, state=Action.State.DROPPED)
        return []
    client = clients.datto(lane=lane, subject=f"alert:{alert.alert_uid}")
    outbox.update_held(action, in_doubt=True)
    try:
        client.resolve_alert(alert.alert_uid)
    except NotFound:
        # Aged out, or its device is gone: there is nothing left to resolve.
        record_event("alert_gone", "Datto RMM no longer has this alert.", alert=alert, ticket=action.ticket)
    by = action.payload.get("by")
    reason = f"because {by} asked for it" if by else f"because ticket {action.ticket} was completed"
    with transaction.atomic():
        outbox.finish(action)
        Alert.objects.filter(pk=alert.pk, is_resolved=False).update(
            is_resolved=True, resolved_at=timezone.now(), resolved_by="RMM Bridge", resolved_by_us=True
        )
        record_event(
            "alert_resolved",
            f"Resolved in Datto RMM by RMM Bridge, {reason}.",
            alert=alert,
            ticket=action.ticket,
        )
        if alert.state in {Alert.State.RECEIVED, Alert.State.BLOCKED}:
            Alert.objects.filter(pk=alert.pk).update(
                state=Alert.State.CLEARED, cause="", remedy="", reason=f"Resolved {reason}."
            )
    return settle(alert.ticket) if alert.ticket is not None and by else []
