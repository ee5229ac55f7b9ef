"""Open a completed ticket again because its condition came back, or never left."""

from __future__ import annotations

from django.db.models import F

from tickets.domain.settings import EffectiveSettings
from tickets.models import Action, Alert, Ticket
from tickets.services import outbox

_STATUS_NEW = 1


def wish_reopen(
    ticket: Ticket, alert: Alert, settings: EffectiveSettings, *, counts: bool = True
) -> int | None:
    """Wish for a ticket to be reopened; returns the action when it is due. Inside a transaction.

    Args:
        ticket: completed; refreshed.
        alert: for which it is reopened.
        settings: of that alert.
        counts: the alert is new to the ticket.
    """
    changed = Ticket.objects.filter(pk=ticket.pk, state=Ticket.State.COMPLETED).update(
        state=Ticket.State.REOPENING,
        occurrences=F("occurrences") + (1 if counts else 0),
        rounds=F("rounds") + 1,
    )
    ticket.refresh_from_db()
    if not changed:
        return None
    pick = settings.pick("reopened_status")
    return outbox.wish(
        Action.Kind.REOPEN_TICKET,
        f"reopen:{ticket.pk}:{ticket.rounds}",
        alert=alert,
        ticket=ticket,
        payload={"status": pick.value if pick is not None else _STATUS_NEW},
    )
