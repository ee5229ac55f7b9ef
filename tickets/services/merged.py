"""Tickets that a person merged into another one in Autotask: their alerts go on in the one that stays."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from integration.vendors.autotask.client import AutotaskClient
from integration.vendors.autotask.records import Ticket as RemoteTicket
from tickets.domain.merges import find_merged_into
from tickets.models import Action, Alert, Ticket
from tickets.services.close import is_done, settle
from tickets.services.locks import lock_ticket
from tickets.services.timeline import record_event


def follow_merge(ticket: Ticket, client: AutotaskClient) -> list[int] | None:
    """Take a completed ticket's open alerts to the ticket it was merged into; returns actions that became due.

    Asked before the first of its alerts is resolved: merging completes a ticket, and the work goes on elsewhere.

    Returns:
        None when it was not merged, or the one that stays is over as well: its alerts may be resolved.

    Raises:
        VendorError: it cannot be told; no alert may be resolved on a guess.
    """
    if ticket.completed_by_us or ticket.autotask_ticket_id is None or _was_asked(ticket):
        return None
    notes = [
        (note.note_type, note.description) for note in client.iter_ticket_notes(ticket.autotask_ticket_id)
    ]
    number = find_merged_into(notes, ticket.ticket_number)
    remote = client.find_ticket_by_number(number) if number else None
    if remote is None or is_done(remote, ticket):
        return None
    with transaction.atomic():
        ticket = lock_ticket(ticket.pk)
        other = Ticket.objects.filter(autotask_ticket_id=remote.id).exclude(pk=ticket.pk).first()
        text = f"Ticket {ticket} was merged into {number} in Autotask; its alerts go on there."
        if other is None:
            _point_to(ticket, remote)
            record_event("ticket_merged", text, ticket=ticket)
            return settle(ticket)
        for alert in ticket.alerts.filter(is_resolved=False):
            Alert.objects.filter(pk=alert.pk).update(
                ticket=other,
                state=Alert.State.MERGED,
                cause="by_hand",
                reason=text,
                remedy="",
                ticketed_at=timezone.now(),
            )
            record_event("ticket_merged", text, alert=alert, ticket=other)
        return settle(other)


def _was_asked(ticket: Ticket) -> bool:
    """Some alert of this completion is resolved already."""
    return ticket.actions.filter(
        kind=Action.Kind.RESOLVE_ALERT,
        state=Action.State.DONE,
        key__endswith=f":t{ticket.pk}.{ticket.rounds}",
    ).exists()


def _point_to(ticket: Ticket, remote: RemoteTicket) -> None:
    """Let our row stand for the ticket that stays. It is a person's, and never completed by itself."""
    Ticket.objects.filter(pk=ticket.pk).update(
        autotask_ticket_id=remote.id,
        ticket_number=remote.number,
        title=(remote.title or ticket.title)[:255],
        state=Ticket.State.OPEN,
        # What was wished for the ticket that went is over; the same may be wished for this one.
        rounds=F("rounds") + 1,
        status=remote.status,
        queue=remote.queue_id,
        assigned_resource_id=remote.assigned_resource_id,
        completed_at=None,
        completed_by_us=False,
        # As one that people opened again: left to them.
        reopened_by_person=True,
        last_activity_at=remote.last_activity_at,
        own_activity_at=None,
        checked_at=timezone.now(),
    )
