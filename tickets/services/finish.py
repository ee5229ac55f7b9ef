"""The closing writes: complete the ticket, note that the alert cleared, resolve the alert."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from integration.models import Vendor
from integration.vendors.budget import Lane
from integration.vendors.errors import ContractBroken, NotFound, PermissionDenied, Rejected, Unavailable
from tickets.domain.resolution_text import ClearedBy
from tickets.domain.settings import STATUS_COMPLETE, EffectiveSettings
from tickets.models import Action, Alert, Ticket
from tickets.services import gate, outbox
from tickets.services.clients import Clients
from tickets.services.close import PARTLY, is_done, record_ticket_seen, settle
from tickets.services.create import write_note
from tickets.services.locks import lock_ticket
from tickets.services.merged import follow_merge
from tickets.services.notes import (
    clear_note_payload,
    partly_cleared_payload,
    resolution_text,
    who_cleared_alert,
)
from tickets.services.rules import settings_of
from tickets.services.timeline import record_event
from tickets.services.touched import Untouchable, find_why_not
from tickets.services.udfs import find_counter, record_counted

#: So often a database that answers other questions is asked for a ticket's notes before an alert is resolved without.
_MERGE_LOOKS = 3


def complete_ticket(action: Action, clients: Clients, *, lane: Lane, subject: str) -> list[int]:
    """Complete a ticket whose alerts have all cleared. Repeating it is harmless: the same values are written.

    No alert joins the ticket while this action is held or in doubt (`locks.is_being_completed`).
    """
    ticket, alert = action.ticket, action.alert
    if ticket is None or alert is None or ticket.autotask_ticket_id is None:
        raise ValueError(f"action {action.pk} has no ticket to complete")
    with transaction.atomic():
        ticket = lock_ticket(ticket.pk)
        has_open = ticket.alerts.filter(is_resolved=False).exists()
    if ticket.state != Ticket.State.OPEN or (has_open and not action.in_doubt):
        return _drop(action, ticket)
    settings = settings_of(alert)
    client = clients.autotask(lane=lane, subject=subject)
    read_at = timezone.now()
    remote = client.find_ticket(_id_of(ticket))
    if remote is not None and is_done(remote, ticket):
        if action.in_doubt:
            # The write whose answer was lost arrived.
            return _record_completed(action, ticket, alert, remote.status)
        # A person was faster; what he wrote stays.
        due = _drop(action, ticket)
        return due + record_ticket_seen(ticket, remote, read_at=read_at)
    if has_open:
        return _drop(action, ticket)
    if not action.in_doubt and remote is not None:
        touch = find_why_not(client, ticket, remote, completes_touched=settings.flag("complete_touched"))
        if touch is not None:
            return _leave_open(action, ticket, alert, touch)
    status = _done_status(action, ticket, settings)
    fields: dict[str, object] = {"status": status}
    if not action.payload.get("no_resolution"):
        fields["resolution"] = _resolution(action, ticket)
    # The last count travels along; it is not worth a call of its own.
    counter, count = ([], 0) if action.payload.get("no_counter") else find_counter(ticket)
    if counter:
        fields["userDefinedFields"] = counter
    outbox.update_held(action, in_doubt=True)
    client.update_ticket(_id_of(ticket), fields)
    return _record_completed(action, ticket, alert, status, count=count if counter else None)


def _record_completed(
    action: Action, ticket: Ticket, alert: Alert, status: int | None, *, count: int | None = None
) -> list[int]:
    with transaction.atomic():
        outbox.finish(action)
        Ticket.objects.filter(pk=ticket.pk, state=Ticket.State.OPEN).update(
            state=Ticket.State.COMPLETED,
            completed_at=timezone.now(),
            completed_by_us=True,
            status=status,
        )
        if count is not None:
            record_counted(ticket, count)
        record_event(
            "ticket_completed", f"Completed. {_resolution(action, ticket)}", alert=alert, ticket=ticket
        )
        # A person may have merged an alert into it meanwhile.
        return settle(ticket)


def _drop(action: Action, ticket: Ticket) -> list[int]:
    outbox.finish(action, state=Action.State.DROPPED)
    record_event("complete_dropped", "Completing it is not needed any more.", ticket=ticket)
    return []


def _resolution(action: Action, ticket: Ticket) -> str:
    return str(action.payload.get("text") or resolution_text(ticket))


def _id_of(ticket: Ticket) -> int:
    assert ticket.autotask_ticket_id is not None  # noqa: S101 - tells the type checker
    return ticket.autotask_ticket_id


def _done_status(action: Action, ticket: Ticket, settings: EffectiveSettings) -> int:
    """Return the status that ends a ticket: one when it healed itself, perhaps another when a person cleared it."""
    if action.payload.get("plain_status"):
        return STATUS_COMPLETE
    by_person = any(who_cleared_alert(one) in {ClearedBy.PERSON, ClearedBy.US} for one in ticket.alerts.all())
    pick = settings.pick("cleared_status") if by_person else None
    pick = pick or settings.pick("completed_status")
    return pick.value if pick is not None else STATUS_COMPLETE


def _leave_open(action: Action, ticket: Ticket, alert: Alert, why: Untouchable) -> list[int]:
    """The alerts cleared, and a person is at work, or the ticket is protected: say so, once, and leave it."""
    settings = settings_of(alert)
    reason = f"All alerts cleared; the ticket stays open because {why.reason}."
    with transaction.atomic():
        outbox.finish(action, state=Action.State.DROPPED)
        if why.is_touched:
            Ticket.objects.filter(pk=ticket.pk).update(
                touched_at=timezone.now(), touched_why=why.reason[:300]
            )
        record_event("complete_skipped", reason, alert=alert, ticket=ticket)
        note = clear_note_payload(ticket, alert)
        note["description"] = f"{note['description']}\n{reason}"
        due = [
            outbox.wish(
                Action.Kind.CLEAR_NOTE,
                f"clear_note:{ticket.pk}:{ticket.rounds}",
                alert=alert,
                ticket=ticket,
                payload=note,
            )
        ]
        pick = settings.pick("touched_status")
        if why.is_touched and pick is not None:
            due.append(
                outbox.wish(
                    Action.Kind.UPDATE_TICKET,
                    f"touched:{ticket.pk}:{ticket.rounds}",
                    alert=alert,
                    ticket=ticket,
                    payload={"fields": {"status": pick.value}, "why": reason},
                )
            )
    return [one for one in due if one is not None]


def write_clear_note(action: Action, clients: Clients, *, lane: Lane, subject: str) -> list[int]:
    """Write a note that the alert cleared."""
    ticket, alert = action.ticket, action.alert
    if ticket is None or alert is None or ticket.autotask_ticket_id is None:
        raise ValueError(f"action {action.pk} has no ticket to write to")
    if action.payload.get(PARTLY):
        ticket.refresh_from_db(fields=["state"])
        payload = partly_cleared_payload(ticket, alert) if ticket.state == Ticket.State.OPEN else None
        if payload is None:
            # All of it is over, or all of it is back.
            outbox.finish(action, state=Action.State.DROPPED)
            return []
        outbox.update_held(action, payload=payload)
    elif not action.payload:
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
    if action.ticket is not None and _is_open_again(action, action.ticket, clients):
        outbox.finish(action, state=Action.State.DROPPED)
        record_event(
            "resolve_dropped",
            "The ticket is open again; the alert stays open.",
            alert=alert,
            ticket=action.ticket,
        )
        return []
    merged = _follow_merge(action, action.ticket, clients, lane=lane) if action.ticket is not None else None
    if merged is not None:
        outbox.finish(action, state=Action.State.DROPPED)
        return merged
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
        if alert.state not in {Alert.State.TICKETING, Alert.State.TICKETED, Alert.State.MERGED}:
            Alert.objects.filter(pk=alert.pk).update(
                state=Alert.State.CLEARED, cause="", remedy="", reason=f"Resolved {reason}."
            )
    return settle(alert.ticket) if alert.ticket is not None and by else []


def _follow_merge(action: Action, ticket: Ticket, clients: Clients, *, lane: Lane) -> list[int] | None:
    """Take the alert along when its ticket was merged into another one; None when it was not, or nobody can tell.

    Raises:
        Unavailable: Autotask is away; what became of the ticket is asked again.
    """
    if action.payload.get("by"):
        return None
    try:
        return follow_merge(ticket, clients.autotask(lane=lane, subject=f"ticket:{ticket.pk}"))
    except (ContractBroken, NotFound, PermissionDenied, Rejected):
        # The API user may not read notes: a completed ticket is then taken for what it says.
        return None
    except Unavailable:
        if gate.is_closed(Vendor.AUTOTASK) or action.attempts < _MERGE_LOOKS:
            raise
        return None


def _is_open_again(action: Action, ticket: Ticket, clients: Clients) -> bool:
    """Return whether a ticket was reopened during the wait before its alerts are resolved. One read per wait and ticket."""
    ticket.refresh_from_db()
    if ticket.state != Ticket.State.COMPLETED:
        return True
    if ticket.completed_by_us or ticket.autotask_ticket_id is None or action.not_before is None:
        return False
    if ticket.checked_at is not None and ticket.checked_at >= action.not_before:
        return False
    read_at = timezone.now()
    client = clients.autotask(lane=Lane.CLOSE, subject=f"ticket:{ticket.pk}")
    remote = client.find_ticket(ticket.autotask_ticket_id)
    Ticket.objects.filter(pk=ticket.pk).update(checked_at=read_at)
    if remote is None or is_done(remote, ticket):
        return False
    record_ticket_seen(ticket, remote, read_at=read_at)
    ticket.refresh_from_db()
    return ticket.state != Ticket.State.COMPLETED
