"""Open alert tickets that stand under another organization than their site, and taking them along.

The app above knows the tickets; it registers how to count and to move them. A decision about a site changes
future alerts only, until a person asks for more.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from mappings.models import SiteMapping, SiteMappingChange
from mappings.services.snapshots import snapshot


@dataclass(frozen=True, slots=True)
class TicketMoves:
    """What the app above offers.

    Attributes:
        count: site uids -> {uid: open tickets that stand under another organization than the site}.
        move: asks for the moves; takes site uids, the person and a key under which each ticket moves only once,
            and returns {uid: tickets asked for}. Called inside a transaction.
    """

    count: Callable[[list[str]], dict[str, int]]
    move: Callable[[list[str], User | None, str], dict[str, int]]


_registered: list[TicketMoves] = []


def register_ticket_moves(moves: TicketMoves) -> None:
    """Offer to move tickets; a second one replaces the first."""
    _registered[:] = [moves]


def count_tickets_elsewhere(site_uids: list[str]) -> dict[str, int]:
    """Return open tickets under another organization by site uid; sites without any are left out."""
    if not _registered or not site_uids:
        return {}
    return {uid: count for uid, count in _registered[0].count(site_uids).items() if count}


def sites_of_batch(batch: uuid.UUID) -> list[str]:
    """Return the uids of the sites that one action has changed."""
    changes = SiteMappingChange.objects.filter(batch=batch).order_by()
    return sorted(set(changes.values_list("mapping__site__datto_site_uid", flat=True)))


def move_open_tickets(batch: uuid.UUID, user: User | None) -> int:
    """Ask for every open ticket of the sites of a batch to be moved to the site's organization.

    Safe to repeat: a ticket moves once for a batch. Returns how many moves were asked for now.
    """
    if not _registered:
        return 0
    with transaction.atomic():
        asked = _registered[0].move(sites_of_batch(batch), user, str(batch))
        wanted = {uid: count for uid, count in asked.items() if count}
        mappings = SiteMapping.objects.select_related("site", "company").filter(
            site__datto_site_uid__in=list(wanted)
        )
        now = timezone.now()
        history = uuid.uuid4()
        for mapping in mappings:
            count = wanted[mapping.site.datto_site_uid]
            noun = "1 open ticket" if count == 1 else f"{count} open tickets"
            state = snapshot(mapping)
            SiteMappingChange.objects.create(
                mapping=mapping,
                batch=history,
                before=state,
                after=state,
                reason=f"Also moved to {mapping.company}: {noun}"[:200],
                user=user,
                undone_at=now,  # nothing of the mapping changed, so there is nothing to undo
            )
    return sum(wanted.values())
