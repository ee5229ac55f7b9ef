"""The writes that change a ticket while it lives: reopen, note, change fields, add configuration items."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from integration.vendors.budget import Lane
from integration.vendors.errors import (
    NotFound,
    PermissionDenied,
    Rejected,
    VendorError,
    WriteOutcomeUnknown,
)
from mappings.selectors import find_usable_configuration_item
from tickets.models import Action, Alert, Ticket
from tickets.selectors.places import place_of
from tickets.services import outbox
from tickets.services.clients import Clients
from tickets.services.close import record_ticket_deleted, settle
from tickets.services.create import write_note
from tickets.services.policy import load_policy
from tickets.services.repeats import append_payload, escalate, wish_append
from tickets.services.rules import settings_of
from tickets.services.timeline import record_event
from tickets.services.udfs import find_counter, lacks_count, record_counted


def reopen_ticket(action: Action, clients: Clients, *, lane: Lane, subject: str) -> list[int]:
    """Reopen a completed ticket whose condition came back. Repeating it is harmless: the same status is written."""
    ticket, alert = _ticket_of(action), action.alert
    if ticket.state != Ticket.State.REOPENING:
        outbox.finish(action, state=Action.State.DROPPED)
        return []
    client = clients.autotask(lane=lane, subject=subject)
    outbox.update_held(action, in_doubt=True)
    try:
        client.update_ticket(_id_of(ticket), {"status": action.payload["status"]})
    except (NotFound, PermissionDenied, Rejected) as error:
        return _make_new_instead(action, ticket, error)
    now = timezone.now()
    with transaction.atomic():
        outbox.finish(action)
        Ticket.objects.filter(pk=ticket.pk, state=Ticket.State.REOPENING).update(
            state=Ticket.State.OPEN,
            status=action.payload["status"],
            completed_at=None,
            completed_by_us=False,
            reopened_by_person=False,
            touched_at=None,
            touched_why="",
            own_activity_at=None,
        )
        ticket.refresh_from_db()
        record_event("ticket_reopened", "Reopened: its condition came back.", alert=alert, ticket=ticket)
        due = settle(ticket)
        if alert is not None:
            settings = settings_of(alert)
            raised = escalate(ticket, alert, settings, now)
            noted = wish_append(ticket, alert, settings, load_policy(), now)
            due += [one for one in (raised, noted) if one is not None]
    return due


def append_note(action: Action, clients: Clients, *, lane: Lane, subject: str) -> list[int]:
    """Write one note about everything that was added since the last one."""
    ticket, alert = _ticket_of(action), action.alert
    if alert is None:
        raise ValueError(f"action {action.pk} names no alert")
    now = timezone.now()
    if not action.in_doubt:
        # The text is fixed before it is sent: after a lost answer the very same text is looked for.
        outbox.update_held(action, payload=append_payload(ticket, alert, settings_of(alert), now))
    write_note(action, clients.autotask(lane=lane, subject=subject), _id_of(ticket))
    outbox.finish(action)
    Ticket.objects.filter(pk=ticket.pk).update(
        noted_occurrences=action.payload["occurrences"], noted_at=now, own_activity_at=None
    )
    record_event("note_written", "Note written: more alerts.", alert=alert, ticket=ticket)
    counted = _wish_count(ticket, alert)
    return [] if counted is None else [counted]


def count_alerts(action: Action, clients: Clients, *, lane: Lane, subject: str) -> list[int]:
    """Bring the counter in the ticket's user-defined fields up to date. Repeating it is harmless."""
    ticket = _ticket_of(action)
    fields, count = find_counter(ticket) if ticket.state == Ticket.State.OPEN else ([], 0)
    if not fields:
        outbox.finish(action, state=Action.State.DROPPED)
        return []
    client = clients.autotask(lane=lane, subject=subject)
    outbox.update_held(action, in_doubt=True)
    client.update_ticket(_id_of(ticket), {"userDefinedFields": fields})
    outbox.finish(action)
    record_counted(ticket, count)
    Ticket.objects.filter(pk=ticket.pk).update(own_activity_at=None)
    return []


def update_ticket(action: Action, clients: Clients, *, lane: Lane, subject: str) -> list[int]:
    """Change fields of an open ticket. Repeating it is harmless: the same values are written."""
    ticket = _ticket_of(action)
    if ticket.state == Ticket.State.PLANNED:
        raise outbox.NotYet("The ticket is not in Autotask yet.")
    if ticket.state != Ticket.State.OPEN:
        outbox.finish(action, state=Action.State.DROPPED)
        return []
    client = clients.autotask(lane=lane, subject=subject)
    outbox.update_held(action, in_doubt=True)
    client.update_ticket(_id_of(ticket), action.payload["fields"])
    outbox.finish(action)
    known = {
        column: action.payload["fields"][field]
        for field, column in (("status", "status"), ("queueID", "queue"), ("title", "title"))
        if field in action.payload["fields"]
    }
    Ticket.objects.filter(pk=ticket.pk).update(own_activity_at=None, **known)
    record_event("ticket_changed", action.payload.get("why", "Changed."), alert=action.alert, ticket=ticket)
    return []


def add_item(action: Action, clients: Clients, *, lane: Lane, subject: str) -> list[int]:
    """Add the configuration item of a joined device to a ticket, unless it has it."""
    ticket, alert = _ticket_of(action), action.alert
    if ticket.state == Ticket.State.PLANNED:
        raise outbox.NotYet("The ticket is not in Autotask yet.")
    place = place_of(alert) if alert is not None else None
    item = (
        find_usable_configuration_item(place.device, place.mapping)
        if place is not None and place.device is not None and place.mapping is not None
        else None
    )
    if item is None or ticket.state != Ticket.State.OPEN or item.company_id != ticket.company_id:
        outbox.finish(action, state=Action.State.DROPPED)
        return []
    item_id = item.autotask_configuration_item_id
    client = clients.autotask(lane=lane, subject=subject)
    if action.in_doubt and item_id in set(client.iter_additional_item_ids(_id_of(ticket))):
        outbox.finish(action)
        return []
    outbox.update_held(action, in_doubt=True, doubt_since=timezone.now())
    try:
        client.add_additional_item(_id_of(ticket), item_id)
    except WriteOutcomeUnknown:
        raise
    except VendorError:
        outbox.update_held(action, in_doubt=False, doubt_since=None)
        raise
    outbox.finish(action)
    Ticket.objects.filter(pk=ticket.pk).update(own_activity_at=None)
    record_event("item_added", f"{item} is named in the ticket.", alert=alert, ticket=ticket)
    return []


def _wish_count(ticket: Ticket, alert: Alert) -> int | None:
    """Wish for the counter to follow, as often as notes are written: the note policy rules both."""
    ticket.refresh_from_db(fields=["occurrences", "counted_occurrences"])
    if not lacks_count(ticket, settings_of(alert)):
        return None
    return outbox.wish(
        Action.Kind.COUNT_ALERTS, f"count:{ticket.pk}:{ticket.occurrences}", alert=alert, ticket=ticket
    )


def _make_new_instead(action: Action, ticket: Ticket, error: VendorError) -> list[int]:
    """The old ticket cannot be opened again: its alerts are decided anew and get a new one."""
    with transaction.atomic():
        outbox.finish(action, state=Action.State.REFUSED, cause="refused", error=str(error)[:2000])
        if isinstance(error, NotFound):
            Ticket.objects.filter(pk=ticket.pk).update(state=Ticket.State.COMPLETED)
            record_ticket_deleted(ticket)
        else:
            # Not looked at again as "the last one": it would be refused again.
            Ticket.objects.filter(pk=ticket.pk).update(state=Ticket.State.COMPLETED, condition_key="")
        text = f"Ticket {ticket} could not be reopened: {error.detail} A new ticket is made."
        for alert in ticket.alerts.filter(is_resolved=False):
            Alert.objects.filter(pk=alert.pk).update(
                state=Alert.State.RECEIVED, ticket=None, cause="", reason=text[:2000], remedy=""
            )
            record_event("reopen_refused", text[:2000], alert=alert, ticket=ticket)
    # The sweep decides received alerts.
    return []


def _ticket_of(action: Action) -> Ticket:
    if action.ticket is None:
        raise ValueError(f"action {action.pk} names no ticket")
    return action.ticket


def _id_of(ticket: Ticket) -> int:
    if ticket.autotask_ticket_id is None:
        raise outbox.NotYet("The ticket is not in Autotask yet.")
    return ticket.autotask_ticket_id
