"""Who holds a lock decides alone. Always taken in this order: places, a monitor, a ticket; all end with the transaction.

PostgreSQL locks the row; SQLite has one writer at a time anyway, and the write makes this one it.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import F, Q

from tickets.models import Action, DecisionLock, Ticket


def lock_place(site_uid: str) -> None:
    """Hold a site: its alerts are decided one at a time."""
    _lock(f"site:{site_uid}")


def lock_monitor(monitor_id: int | None) -> None:
    """Hold a monitor: whether it fires at many sites is decided by one alert at a time."""
    if monitor_id is not None:
        _lock(f"monitor:{monitor_id}")


def lock_ticket(ticket_id: int) -> Ticket:
    """Hold a ticket: an alert that joins it and a worker that completes it see each other. Returns it as it is now."""
    if transaction.get_connection().vendor == "sqlite":
        Ticket.objects.filter(pk=ticket_id).update(rounds=F("rounds"))
    return Ticket.objects.select_for_update(of=("self",)).select_related("company").get(pk=ticket_id)


def is_being_completed(ticket: Ticket) -> bool:
    """Return whether a write that completes a ticket is under way, or may have happened without an answer."""
    return ticket.actions.filter(
        Q(state=Action.State.RUNNING) | Q(state=Action.State.WAITING, in_doubt=True),
        kind=Action.Kind.COMPLETE_TICKET,
    ).exists()


def _lock(key: str) -> None:
    key = key[:80]
    DecisionLock.objects.get_or_create(key=key)
    DecisionLock.objects.select_for_update().get(key=key)
    if transaction.get_connection().vendor == "sqlite":
        DecisionLock.objects.filter(key=key).update(key=key)
