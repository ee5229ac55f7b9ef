"""Open tickets follow their site to another organization: one wish per ticket, done exactly once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from integration.models import Vendor
from integration.vendors.budget import Lane
from integration.vendors.errors import Rejected
from mappings.models import Company, Device, SiteMapping
from tickets.domain.settings import resolve
from tickets.models import Action, Alert, Ticket
from tickets.selectors.places import with_place
from tickets.services import outbox
from tickets.services.clients import Clients
from tickets.services.rules import settings_of
from tickets.services.site_fields import SiteFields, site_fields
from tickets.services.timeline import record_event

KIND: Final = "move_ticket"
#: References that belong to one company; what stands there is the old company's.
_OF_COMPANY: Final = ("companyLocationID", "contactID", "contractID", "configurationItemID")
_BATCH: Final = 500
_USABLE = (SiteMapping.State.CONFIRMED, SiteMapping.State.RENAMED)
_MOVABLE = (Ticket.State.OPEN, Ticket.State.PLANNED)


@dataclass(frozen=True, slots=True)
class _Stray:
    """An open ticket under another organization than its alerts' site."""

    ticket_id: int
    alert_id: int
    site_uid: str
    mapping_id: int


def count_strays(site_uids: list[str]) -> dict[str, int]:
    """Return how many open tickets of each site stand under another organization than the site."""
    counts: dict[str, int] = defaultdict(int)
    for stray in _find_strays(site_uids):
        counts[stray.site_uid] += 1
    return dict(counts)


def wish_moves(site_uids: list[str], user: User | None, key: str) -> tuple[dict[str, int], list[int]]:
    """Ask for the open tickets of these sites to be moved to the sites' organizations.

    Args:
        site_uids: the sites.
        user: who asked.
        key: a ticket is moved once for it, however often this is called.

    Returns:
        Tickets asked for now by site uid, and the ids of the actions that are due.
    """
    asked: dict[str, int] = defaultdict(int)
    due: list[int] = []
    with transaction.atomic():
        for stray in _find_strays(site_uids):
            mapping = SiteMapping.objects.select_related("company", "site").get(pk=stray.mapping_id)
            ticket = Ticket.objects.select_related("company").get(pk=stray.ticket_id)
            assert mapping.company is not None  # noqa: S101 - _find_strays asks for usable mappings
            action, created = Action.objects.get_or_create(
                key=f"move:{ticket.pk}:{key}",
                defaults={
                    "kind": KIND,
                    "vendor": Vendor.AUTOTASK,
                    "ticket": ticket,
                    "alert_id": stray.alert_id,
                    "payload": {"company": mapping.company.pk, "mapping": mapping.pk},
                },
            )
            if not created:
                continue
            # An earlier wish that nobody has begun is overtaken by this one.
            Action.objects.filter(
                kind=KIND, ticket=ticket, state=Action.State.WAITING, in_doubt=False, pk__lt=action.pk
            ).update(state=Action.State.DROPPED, finished_at=timezone.now())
            record_event(
                "move_asked",
                f"To be moved from {ticket.company.name} to {mapping.company.name}, "
                f"the organization of site {mapping.site.name} now.",
                ticket=ticket,
                user=user,
            )
            asked[stray.site_uid] += 1
            due.append(action.pk)
    return dict(asked), due


def move_ticket(action: Action, clients: Clients, *, lane: Lane, subject: str) -> list[int]:
    """Give a ticket the organization its action names. Reads it first, so that a repeat writes nothing.

    Location, contact, contract and configuration item belong to the old organization: they are cleared, or
    replaced by what the site's mapping says.

    Raises:
        NotYet: the ticket is still being made, or an earlier move of it is at work.
        VendorError: Autotask did not take it.
    """
    ticket = action.ticket
    if ticket is None:
        raise ValueError(f"action {action.pk} names no ticket")
    company = Company.objects.get(pk=action.payload["company"])
    if _is_overtaken(action, ticket) or ticket.state not in _MOVABLE:
        return _drop(action, ticket, "It is not needed any more.")
    if ticket.autotask_ticket_id is None:
        return _wait_for_ticket(action, ticket)
    client = clients.autotask(lane=lane, subject=subject)
    remote = client.find_ticket(ticket.autotask_ticket_id)
    if remote is None:
        return _drop(action, ticket, "Autotask no longer has the ticket.")
    if remote.completed_at is not None:
        return _drop(action, ticket, "The ticket was completed meanwhile.")
    if remote.company_id == company.autotask_company_id:
        return _record_moved(action, ticket, company, "was there already", {})
    found = _fields_of_site(action, company)
    fields: dict[str, object] = {
        "companyID": company.autotask_company_id,
        **dict.fromkeys(_OF_COMPANY),
        **found.values,
    }
    outbox.update_held(action, in_doubt=True)
    try:
        client.update_ticket(ticket.autotask_ticket_id, fields)
    except Rejected:
        if not found.values:
            raise
        # What the mapping adds may be what Autotask refuses; the organization alone is worth more than nothing.
        client.update_ticket(ticket.autotask_ticket_id, {**fields, **dict.fromkeys(_OF_COMPANY)})
        return _record_moved(action, ticket, company, "moved without its location, contact and contract", {})
    return _record_moved(action, ticket, company, "moved", found.values)


def _find_strays(site_uids: list[str]) -> list[_Stray]:
    """Return strays, oldest ticket first; a ticket whose alerts point to several organizations stays."""
    targets = {
        row["site__datto_site_uid"]: row
        for part in _parts(sorted(set(site_uids)))
        for row in SiteMapping.objects.filter(
            site__datto_site_uid__in=part,
            state__in=_USABLE,
            company__is_active=True,
            company__is_missing=False,
        ).values("pk", "company_id", "site__datto_site_uid")
    }
    # A ticket that is on its way counts as where it goes: a newer decision has to turn it round.
    under_way = {
        ticket_id: payload["company"]
        for ticket_id, payload in Action.objects.filter(
            kind=KIND, state__in=[Action.State.WAITING, Action.State.RUNNING]
        )
        .order_by("pk")
        .values_list("ticket_id", "payload")
    }
    strays: dict[int, _Stray] = {}
    wanted: dict[int, set[int]] = defaultdict(set)
    for part in _parts(sorted(targets)):
        alerts: Any = with_place(Alert.objects.filter(ticket__state__in=_MOVABLE)).filter(
            place_site_uid__in=part
        )
        for alert_id, ticket_id, company_id, uid in alerts.order_by("ticket_id", "id").values_list(
            "pk", "ticket_id", "ticket__company_id", "place_site_uid"
        ):
            target = targets[uid]
            wanted[ticket_id].add(target["company_id"])
            if under_way.get(ticket_id, company_id) != target["company_id"]:
                strays.setdefault(ticket_id, _Stray(ticket_id, alert_id, uid, target["pk"]))
    return [
        one
        for one in sorted(strays.values(), key=lambda one: one.ticket_id)
        if len(wanted[one.ticket_id]) == 1
    ]


def _parts(uids: list[str]) -> Iterable[list[str]]:
    for start in range(0, len(uids), _BATCH):
        yield uids[start : start + _BATCH]


def _is_overtaken(action: Action, ticket: Ticket) -> bool:
    """Whether a later wish decides where the ticket goes.

    Raises:
        NotYet: an earlier move of the ticket is inside a request; its write must not come last.
    """
    moves = Action.objects.filter(kind=KIND, ticket=ticket)
    if moves.filter(pk__gt=action.pk).exclude(state=Action.State.DROPPED).exists():
        return True
    if moves.filter(pk__lt=action.pk, state=Action.State.RUNNING, leased_until__gt=timezone.now()).exists():
        raise outbox.NotYet("An earlier move of this ticket is still at work.")
    return False


def _wait_for_ticket(action: Action, ticket: Ticket) -> list[int]:
    creating = Action.objects.filter(
        kind=Action.Kind.CREATE_TICKET, ticket=ticket, state__in=[Action.State.WAITING, Action.State.RUNNING]
    )
    if creating.exists():
        raise outbox.NotYet("The ticket is still being made; it is moved when it is there.")
    return _drop(action, ticket, "The ticket was not made.")


def _fields_of_site(action: Action, company: Company) -> SiteFields:
    mapping = (
        SiteMapping.objects.select_related(
            "site", "company", "company_location", "default_contact", "default_contract"
        )
        .filter(pk=action.payload["mapping"], company=company)
        .first()
    )
    if mapping is None:
        return SiteFields()
    alert = action.alert
    device = (
        Device.objects.filter(datto_device_uid=alert.datto_device_uid).first()
        if alert is not None and alert.datto_device_uid
        else None
    )
    settings = settings_of(alert) if alert is not None else resolve([], "Unknown")
    return site_fields(mapping, device, settings)


def _drop(action: Action, ticket: Ticket, why: str) -> list[int]:
    outbox.finish(action, state=Action.State.DROPPED)
    record_event("move_dropped", f"Not moved. {why}", ticket=ticket)
    return []


def _record_moved(
    action: Action, ticket: Ticket, company: Company, how: str, values: dict[str, Any]
) -> list[int]:
    old = ticket.company.name
    kept = {name: value for name, value in ticket.fields.items() if name not in _OF_COMPANY}
    with transaction.atomic():
        outbox.finish(action)
        Ticket.objects.filter(pk=ticket.pk).update(
            company=company, fields={**kept, "companyID": company.autotask_company_id, **values}
        )
        number = ticket.ticket_number or f"#{ticket.autotask_ticket_id}"
        ticket.alerts.filter(state=Alert.State.TICKETED).update(reason=f"Ticket {number} for {company.name}.")
        record_event(
            "ticket_moved",
            f"From {old} to {company.name}: {how}.",
            alert=action.alert,
            ticket=ticket,
            data={"from": ticket.company.autotask_company_id, "to": company.autotask_company_id},
        )
    return []
