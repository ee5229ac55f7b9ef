"""Create the ticket in Autotask exactly once, read it back, write the first note."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from integration.vendors.autotask.client import AutotaskClient
from integration.vendors.autotask.records import Ticket as RemoteTicket
from integration.vendors.budget import Lane
from integration.vendors.errors import (
    ContractBroken,
    NotFound,
    PermissionDenied,
    Rejected,
    VendorError,
    WriteOutcomeUnknown,
)
from tickets.domain.grouping import TicketKind
from tickets.domain.words import ended
from tickets.models import Action, Alert, Ticket
from tickets.services import close, outbox, refusals
from tickets.services.clients import Clients
from tickets.services.locks import lock_ticket
from tickets.services.notes import plan_first_note
from tickets.services.policy import load_policy
from tickets.services.repeats import wish_append
from tickets.services.requests.states import is_request, record_ticketed
from tickets.services.rules import settings_of
from tickets.services.timeline import record_event

#: How long after a lost answer a search that finds nothing is believed. Autotask may still be at work on it.
_DOUBT_SETTLES = timedelta(seconds=20)
#: Where an action's payload holds the id that a create was answered with, until it is proven to be ours.
_ANSWERED_ID = "answered_id"


def create_ticket(action: Action, clients: Clients, *, lane: Lane, subject: str) -> list[int]:
    """Create the ticket of an action, or adopt the one an earlier attempt has made.

    Steps: 1. an id was answered before: read it back; 2. in doubt: look by external id; 3. nothing left to do?
    4. mark in doubt, create, save the answered id on the action; 5. read back, because Autotask's duplicate
    handling may have answered with another ticket; only a ticket that carries our key is linked; 6. follow-ups.
    """
    ticket, alert = _parts(action)
    client = clients.autotask(lane=lane, subject=subject)
    answered_id: int | None = action.payload.get(_ANSWERED_ID) or ticket.autotask_ticket_id
    if answered_id is None and action.in_doubt:
        found = _look(action, client, ticket)
        if found is not None:
            return _adopt(
                action, ticket, alert, found, how="found again by its external id after a lost answer"
            )
    if answered_id is None and not _is_wanted(ticket):
        return _abandon(action, ticket)
    if answered_id is None:
        outbox.update_held(action, in_doubt=True, doubt_since=timezone.now())
        try:
            answered_id = client.create_ticket({**ticket.fields, **_problem_of(ticket)})
        except WriteOutcomeUnknown:
            raise
        except VendorError as error:
            # An answer came, and it was no: nothing was written.
            outbox.update_held(action, in_doubt=False, doubt_since=None)
            existing = _find_own(client, ticket) if isinstance(error, Rejected) else None
            if existing is None:
                raise
            return _adopt(action, ticket, alert, existing, how="was there already")
        _save_id(action, answered_id)
    shared = _find_shared(ticket, answered_id)
    if shared is not None:
        return _merge_into(action, ticket, shared)
    return _read_back(action, client, ticket, alert, answered_id)


def write_first_note(action: Action, clients: Clients, *, lane: Lane, subject: str) -> list[int]:
    """Write the first note, or another one whose text is fixed; after a doubt, look whether it is there."""
    ticket = action.ticket
    if ticket is None or ticket.autotask_ticket_id is None:
        raise ValueError(f"action {action.pk} has no ticket to write to")
    client = clients.autotask(lane=lane, subject=subject)
    write_note(action, client, ticket.autotask_ticket_id)
    outbox.finish(action)
    Ticket.objects.filter(pk=ticket.pk).update(own_activity_at=None)
    is_first = action.key.startswith("first_note:")
    text = "First note written." if is_first else f"Note written: {action.payload['title']}."
    record_event("note_written", text, ticket=ticket)
    return []


def write_note(action: Action, client: AutotaskClient, autotask_ticket_id: int) -> None:
    """Write the note described by the action's payload, unless an earlier attempt has."""
    note = action.payload
    if action.in_doubt:
        for existing in client.iter_ticket_notes(autotask_ticket_id):
            if (
                existing.title == note["title"]
                and existing.description.strip() == note["description"].strip()
            ):
                return
    outbox.update_held(action, in_doubt=True, doubt_since=timezone.now())
    try:
        client.create_ticket_note(
            autotask_ticket_id,
            title=note["title"],
            description=note["description"],
            note_type=note["note_type"],
            publish=note["publish"],
        )
    except WriteOutcomeUnknown:
        raise
    except VendorError:
        outbox.update_held(action, in_doubt=False, doubt_since=None)
        raise


def _problem_of(ticket: Ticket) -> dict[str, int]:
    """Return the link to the ticket it is an incident of, which may not have been in Autotask when it was decided."""
    problem = ticket.problem
    if problem is None or problem.autotask_ticket_id is None or problem.company_id != ticket.company_id:
        return {}
    return {"problemTicketId": problem.autotask_ticket_id}


def _parts(action: Action) -> tuple[Ticket, Alert | None]:
    if action.ticket is None or (action.alert is None and not is_request(action.ticket)):
        raise ValueError(f"action {action.pk} names no ticket or no alert")
    return action.ticket, action.alert


def _is_wanted(ticket: Ticket) -> bool:
    """A person's request does not clear by itself."""
    return is_request(ticket) or ticket.alerts.filter(is_resolved=False).exists()


def _abandon(action: Action, ticket: Ticket) -> list[int]:
    with transaction.atomic():
        ticket = lock_ticket(ticket.pk)
        if _is_wanted(ticket):
            # An alert joined it a moment ago.
            outbox.hand_back(action, not_before=None)
            return [action.pk]
        outbox.finish(action, state=Action.State.DROPPED)
        Ticket.objects.filter(pk=ticket.pk).update(state=Ticket.State.ABANDONED)
        for alert in ticket.alerts.filter(is_resolved=True):
            close.record_cleared(alert, "It cleared before its ticket was made.")
    return []


def _look(action: Action, client: AutotaskClient, ticket: Ticket) -> RemoteTicket | None:
    """Search for the ticket a lost answer may have made.

    Raises:
        NotYet: found nothing, but too soon to believe it.
    """
    found = sorted(client.find_tickets_by_external_id(ticket.correlation_key), key=lambda one: one.id)
    if len(found) > 1:
        record_event(
            "ticket_doubled",
            f"Autotask holds {len(found)} tickets with this alert's external id; the first is used, please merge "
            + ", ".join(one.number or str(one.id) for one in found[1:]),
            ticket=ticket,
        )
    if found:
        return found[0]
    if timezone.now() - (action.doubt_since or timezone.now()) < _DOUBT_SETTLES:
        raise outbox.NotYet(
            "The answer to a create was lost and the ticket has not been found yet; RMM Bridge looks again before it creates one."
        )
    return None


def _find_own(client: AutotaskClient, ticket: Ticket) -> RemoteTicket | None:
    """Return the ticket that carries our key: Autotask's duplicate handling may refuse a second one."""
    return min(
        client.find_tickets_by_external_id(ticket.correlation_key), key=lambda one: one.id, default=None
    )


def _save_id(action: Action, answered_id: int) -> None:
    """Save the answered id at once. The row stays in doubt, and the ticket unlinked, until the id is proven ours."""
    outbox.update_held(action, payload={**action.payload, _ANSWERED_ID: answered_id})


def _find_shared(ticket: Ticket, answered_id: int) -> Ticket | None:
    """Return the other open ticket of ours into which Autotask's duplicate handling merged this one.

    One that is over is not shared: the alert would be resolved with it, unseen by anybody. A request is not shared
    either: what the person wrote would be in no ticket, or an alert that clears would close it.
    """
    if is_request(ticket):
        return None
    others = Ticket.objects.filter(autotask_ticket_id=answered_id, state=Ticket.State.OPEN)
    return others.exclude(kind=TicketKind.REQUEST).exclude(pk=ticket.pk).first()


def _merge_into(action: Action, ticket: Ticket, other: Ticket) -> list[int]:
    with transaction.atomic():
        outbox.finish(action, payload=_without_answer(action))
        for alert in ticket.alerts.all():
            text = f"Autotask's duplicate ticket handling answered with ticket {other}, which stands for another alert; this alert is linked to it."
            Alert.objects.filter(pk=alert.pk).update(
                ticket=other,
                state=Alert.State.TICKETED,
                cause="",
                reason=text,
                remedy="",
                ticketed_at=timezone.now(),
            )
            record_event("ticket_merged", text, alert=alert, ticket=other)
        Ticket.objects.filter(pk=ticket.pk).update(state=Ticket.State.ABANDONED)
        return close.settle(other)


def _read_back(
    action: Action, client: AutotaskClient, ticket: Ticket, alert: Alert | None, answered_id: int
) -> list[int]:
    """Link the answered ticket if it carries our key; else look for ours, else refuse.

    A ticket without any external id is a stranger's too: somebody made it by hand.

    Raises:
        NotYet: it cannot be read now, so nothing is known of it.
    """
    try:
        remote = client.find_ticket(answered_id)
    except (Rejected, PermissionDenied, NotFound, ContractBroken) as error:
        raise outbox.NotYet(
            f"Ticket {answered_id} was created but cannot be read back: {error.detail}"
        ) from error
    if remote is None:
        raise outbox.NotYet(f"Ticket {answered_id} was created but cannot be read back yet.")
    if (remote.external_id or "") == ticket.correlation_key:
        return _adopt(action, ticket, alert, remote, how="")
    own = _find_own(client, ticket)
    if own is not None:
        return _adopt(action, ticket, alert, own, how="")
    return _refuse_stranger(action, ticket, remote)


def _refuse_stranger(action: Action, ticket: Ticket, remote: RemoteTicket) -> list[int]:
    with transaction.atomic():
        outbox.update_held(action, payload=_without_answer(action))
        Ticket.objects.filter(pk=ticket.pk).update(
            autotask_ticket_id=None, created_in_autotask_at=None, state=Ticket.State.PLANNED
        )
        if not _is_wanted(ticket):
            return _abandon(action, ticket)
        return refusals.block_taken(action, ticket, remote.number or f"#{remote.id}")


def _without_answer(action: Action) -> dict[str, object]:
    return {key: value for key, value in action.payload.items() if key != _ANSWERED_ID}


def _adopt(
    action: Action, ticket: Ticket, alert: Alert | None, remote: RemoteTicket, *, how: str
) -> list[int]:
    """Link ticket and alerts, or the request; returns follow-up actions."""
    now = timezone.now()
    with transaction.atomic():
        outbox.finish(action, payload=_without_answer(action))
        Ticket.objects.filter(pk=ticket.pk).update(
            autotask_ticket_id=remote.id,
            ticket_number=remote.number,
            state=Ticket.State.OPEN,
            status=remote.status,
            queue=remote.queue_id,
            assigned_resource_id=remote.assigned_resource_id,
            title=(remote.title or ticket.title)[:255],
            created_in_autotask_at=ticket.created_in_autotask_at or remote.created_at or now,
            last_activity_at=remote.last_activity_at,
            checked_at=now,
            own_activity_at=remote.last_activity_at,
        )
        ticket.refresh_from_db()
        number = ticket.ticket_number or f"#{ticket.autotask_ticket_id}"
        for one in ticket.alerts.exclude(state__in=[Alert.State.TICKETED, Alert.State.MERGED]):
            Alert.objects.filter(pk=one.pk).update(
                state=Alert.State.TICKETED
                if alert is not None and one.pk == alert.pk
                else Alert.State.MERGED,
                cause="",
                remedy="",
                ticketed_at=now,
                not_before=None,
                reason=f"Ticket {number} for {ended(ticket.company.name)}",
            )
        record_event(
            "ticket_created",
            f"Ticket {number} {how or 'created'}.".replace("  ", " "),
            alert=alert,
            ticket=ticket,
        )
        if alert is None:
            return [one for one in [record_ticketed(ticket)] if one is not None]
        follow_ups = [plan_first_note(ticket, alert)]
        if ticket.occurrences > ticket.noted_occurrences:
            follow_ups.append(wish_append(ticket, alert, settings_of(alert), load_policy(), now))
        # It may have cleared, or been completed by hand, while the ticket was being made.
        follow_ups += close.settle(ticket)
    return [one for one in follow_ups if one is not None]
