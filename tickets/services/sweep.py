"""Find every row that waits, whatever became of the message about it."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Count, Exists, F, Min, OuterRef, Q, Value
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from integration.models import Vendor, VendorHealth
from mappings.models import SiteMapping
from mappings.services.catch_all import find_catch_all
from tickets.domain.decisions import CATCH_ALL_CAUSES, SITE_CAUSES, SITE_FILTERS, Cause
from tickets.models import Action, AgentRequest, Alert, Delivery, Ticket
from tickets.selectors.places import with_place
from tickets.services import outbox
from tickets.services.close import settle
from tickets.services.defects import NOT_OF_THE_ROW, decide_or_mark, list_unsettled, mark_unsettled
from tickets.services.intake import waiting_deliveries
from tickets.services.silences import end_what_is_over, released_alerts
from tickets.services.snapshot import same_settings
from tickets.services.timeline import record_event

log = structlog.get_logger(__name__)

_BATCH = 300
#: An alert that was just stored is decided in the same transaction; older undecided ones need help.
_UNDECIDED = timedelta(seconds=15)


def find_waiting_deliveries(now: datetime) -> list[int]:
    """Return inbound messages to work on, and mark them nudged."""
    ids = waiting_deliveries(now)
    Delivery.objects.filter(pk__in=ids).update(nudged_at=now)
    return ids


def find_due_actions(now: datetime) -> list[int]:
    """Return actions to perform whose vendor's gate is open, and mark them nudged."""
    ids: list[int] = []
    closed = set(VendorHealth.objects.filter(is_down=True).values_list("vendor", flat=True))
    for vendor in Vendor.values:
        if vendor not in closed:
            ids += outbox.list_due(now, vendor=vendor, limit=_BATCH, include_fresh=False)
    outbox.mark_nudged(ids, now)
    return ids


def find_closed_vendors(now: datetime) -> list[str]:
    """Return vendors whose gate is closed and due for another try."""
    return list(VendorHealth.objects.filter(is_down=True, retry_at__lte=now).values_list("vendor", flat=True))


def reconsider_alerts(now: datetime | None = None, *, site_uids: list[str] | None = None) -> list[int]:
    """Decide again every alert whose cause to wait, or to make no ticket, may be gone; returns actions that became due.

    Args:
        site_uids: look only at alerts whose place is one of these sites (their mapping has just changed), and
            at all of those that wait for their site.
    """
    now = now or timezone.now()
    _take_up_stranded(now)
    waits = Q(state=Alert.State.BLOCKED, cause__in=SITE_CAUSES)
    filtered = Q(state=Alert.State.FILTERED, cause__in=SITE_FILTERS)
    alerts = with_place(Alert.objects.filter(is_resolved=False))
    if site_uids is not None:
        waiting = alerts.filter(waits | filtered, place_site_uid__in=site_uids)
    else:
        mappings = SiteMapping.objects.filter(site__datto_site_uid=OuterRef("place_site_uid"))
        is_off = Q(state=SiteMapping.State.IGNORED) | Q(tickets_enabled=False)
        is_usable = Q(
            state__in=[SiteMapping.State.CONFIRMED, SiteMapping.State.RENAMED],
            company__is_active=True,
            company__is_missing=False,
        )
        waiting = alerts.filter(
            Q(state=Alert.State.RECEIVED, first_seen_at__lt=now - _UNDECIDED)
            | waits & Exists(mappings.filter(is_off | is_usable))
            | Q(state=Alert.State.BLOCKED, cause=Cause.SITE_UNKNOWN) & Exists(mappings)
            | filtered & Exists(mappings.exclude(is_off))
            | _goes_to_catch_all()
            | Q(state=Alert.State.BLOCKED, not_before__lte=now)
        )
        end_what_is_over(now)
        waiting = waiting | with_place(released_alerts(now))
    due: list[int] = []
    with same_settings():
        for alert_id in waiting.order_by("id").values_list("pk", flat=True)[:_BATCH]:
            due += decide_or_mark(alert_id, now=now)
    return due


def _take_up_stranded(now: datetime) -> None:
    """Let open alerts be decided again that nobody would look after: their ticket is not being made, or they count as over."""
    making = Action.objects.filter(ticket=OuterRef("ticket"), kind=Action.Kind.CREATE_TICKET).exclude(
        state=Action.State.DROPPED
    )
    stranded = Alert.objects.filter(is_resolved=False, first_seen_at__lt=now - _UNDECIDED).filter(
        Q(state=Alert.State.CLEARED)
        | Q(state=Alert.State.TICKETING, ticket__isnull=True)
        | Q(state=Alert.State.TICKETING, ticket__state=Ticket.State.ABANDONED)
        | Q(state=Alert.State.TICKETING, ticket__state=Ticket.State.PLANNED) & ~Exists(making)
    )
    reason = "Nobody was making its ticket any more; it is decided again."
    for alert in list(stranded.select_related("ticket")[:_BATCH]):
        taken = Alert.objects.filter(pk=alert.pk, state=alert.state, is_resolved=False).update(
            state=Alert.State.RECEIVED, ticket=None, cause="", reason=reason, remedy="", not_before=None
        )
        if taken:
            record_event("taken_up", reason, alert=alert, ticket=alert.ticket)


def _goes_to_catch_all() -> Q:
    """Alerts that wait for a mapping and no longer need one."""
    company = find_catch_all()
    if company is None or company.is_missing or not company.is_active:
        return Q(pk__in=[])
    return Q(state=Alert.State.BLOCKED, cause__in=CATCH_ALL_CAUSES)


def settle_open_ends(now: datetime | None = None) -> list[int]:
    """Repair pairs that were left half closed, whatever interrupted them; returns actions that became due."""
    now = now or timezone.now()
    due = outbox.revive_refused(now)
    resolving = Action.objects.filter(alert=OuterRef("pk"), kind=Action.Kind.RESOLVE_ALERT).exclude(
        state=Action.State.DROPPED
    )
    completed = Ticket.objects.filter(
        state=Ticket.State.COMPLETED,
        alerts__in=Alert.objects.filter(is_resolved=False).filter(~Exists(resolving)),
    )
    completing = Action.objects.filter(ticket=OuterRef("pk"), kind=Action.Kind.COMPLETE_TICKET).exclude(
        state__in=[Action.State.DROPPED, Action.State.DONE]
    )
    open_alerts = Alert.objects.filter(ticket=OuterRef("pk"), is_resolved=False)
    cleared = (
        Ticket.objects.filter(state=Ticket.State.OPEN, reopened_by_person=False, alerts__isnull=False)
        .filter(~Exists(open_alerts), ~Exists(completing))
        .exclude(events__kind="complete_skipped")
    )
    tickets = [
        *completed.exclude(alerts__events__kind="resolve_skipped").distinct()[:_BATCH],
        *cleared.distinct()[:_BATCH],
    ]
    left_alone = list_unsettled(tickets, now)
    for ticket in tickets:
        if ticket.pk not in left_alone:
            due += _settle_or_mark(ticket, now)
    return due


def _settle_or_mark(ticket: Ticket, now: datetime) -> list[int]:
    try:
        with transaction.atomic():
            return settle(ticket)
    except NOT_OF_THE_ROW:
        raise
    except Exception as error:
        log.exception("a ticket could not be settled", ticket=ticket.pk)
        mark_unsettled(ticket, error, now)
        return []


def count_backlog(now: datetime) -> tuple[int, float]:
    """Return how many rows wait for a worker, and for how many seconds the oldest has been due.

    A row that was set aside is due from the end of its pause, however old it is.
    """
    is_due = Q(not_before__isnull=True) | Q(not_before__lte=now)
    waiting = [
        rows.order_by()
        .values(one=Value(1))
        .annotate(n=Count("pk"), at=Min(Greatest(F(made_at), Coalesce(F("not_before"), F(made_at)))))
        .values_list("n", "at")
        for rows, made_at in (
            (Delivery.objects.filter(is_due, state=Delivery.State.NEW), "received_at"),
            (AgentRequest.objects.filter(is_due, state=AgentRequest.State.RECEIVED), "received_at"),
            (Action.objects.filter(is_due, state=Action.State.WAITING), "created_at"),
        )
    ]
    # One query for all three: pages that show the backlog have few to spend.
    found = list(waiting[0].union(*waiting[1:], all=True))
    count = sum(number for number, _ in found)
    oldest = min([now, *(at for _, at in found if at is not None)])
    return count, (now - oldest).total_seconds()
