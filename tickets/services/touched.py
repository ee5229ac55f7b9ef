"""Has a person worked on a ticket? Asked right before it would be completed by itself."""

from __future__ import annotations

from dataclasses import dataclass

from integration.models import Connection
from integration.vendors.autotask.client import AutotaskClient
from integration.vendors.autotask.records import Ticket as RemoteTicket
from integration.vendors.errors import NotFound, PermissionDenied, Rejected
from tickets.domain.endings import (
    ChangeSeen,
    Known,
    NoteSeen,
    Protected,
    TicketSeen,
    find_protection,
    find_touch,
    is_surely_untouched,
)
from tickets.models import AlertPolicy, Ticket
from tickets.services.policy import load_policy

#: Autotask's own resource, in whose name workflow rules write.
_SYSTEM_RESOURCE_ID = 4


@dataclass(frozen=True, slots=True)
class Untouchable:
    """Why a ticket is left open."""

    reason: str
    is_touched: bool


def find_why_not(
    client: AutotaskClient, ticket: Ticket, remote: RemoteTicket, *, completes_touched: bool
) -> Untouchable | None:
    """Return why a ticket is not to be completed by itself, None when it may be. Three reads if something happened.

    Args:
        remote: the ticket as it was just read.
        completes_touched: it is completed although a person works on it; what is protected is left all the same.

    Raises:
        VendorError: it cannot be told; nobody may complete the ticket on a guess.
    """
    policy = load_policy()
    seen = TicketSeen(
        status=remote.status,
        queue=remote.queue_id,
        ticket_type=remote.ticket_type,
        resource_id=remote.assigned_resource_id,
        last_activity_at=remote.last_activity_at,
        last_activity_resource_id=remote.last_activity_resource_id,
    )
    protection = find_protection(
        seen,
        Protected(
            frozenset(policy.protected_statuses),
            frozenset(policy.protected_queues),
            frozenset(policy.protected_types),
        ),
    )
    if protection:
        return Untouchable(protection, is_touched=False)
    if completes_touched:
        return None
    known = _known(ticket, policy, creator=remote.creator_resource_id)
    if is_surely_untouched(seen, known):
        return None
    touch = find_touch(
        known,
        notes=[
            NoteSeen(note.note_type, note.creator_resource_id, note.created_by_contact_id, note.created_at)
            for note in client.iter_ticket_notes(remote.id)
        ],
        has_time_entries=next(iter(client.iter_time_entries(remote.id)), None) is not None,
        history=_history(client, remote.id),
        seen=seen,
    )
    return Untouchable(touch, is_touched=True) if touch else None


def _known(ticket: Ticket, policy: AlertPolicy, *, creator: int | None) -> Known:
    """Return what we know of a ticket; we created it, so its creator is our own API user."""
    own = (
        Connection.objects.filter(pk=Connection.SINGLETON_ID)
        .values_list("autotask_resource_id", flat=True)
        .first()
    )
    not_people = {
        _SYSTEM_RESOURCE_ID,
        *policy.rule_resources,
        *(one for one in (own, creator) if one is not None),
    }
    return Known(
        status=ticket.status,
        queue=ticket.queue,
        resource_id=ticket.assigned_resource_id,
        activity_at=ticket.own_activity_at,
        since=ticket.created_in_autotask_at,
        not_people=frozenset(not_people),
    )


def _history(client: AutotaskClient, ticket_id: int) -> list[ChangeSeen] | None:
    """Return the ticket's history, None when this database does not give it."""
    try:
        return [
            ChangeSeen(line.resource_id, line.action, line.at)
            for line in client.iter_ticket_history(ticket_id)
        ]
    except (NotFound, PermissionDenied, Rejected):
        return None
