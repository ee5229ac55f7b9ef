"""Find every row that waits, whatever became of the message about it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from integration.models import Vendor, VendorHealth
from mappings.models import SiteMapping
from tickets.models import Action, Alert, Delivery, Ticket
from tickets.services import outbox
from tickets.services.close import settle
from tickets.services.decide import decide_alert
from tickets.services.intake import waiting_deliveries

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
    """Decide again every alert whose cause to wait may be gone; returns actions that became due.

    Args:
        site_uids: look only at alerts of these sites (their mapping has just changed).
    """
    now = now or timezone.now()
    usable = SiteMapping.objects.filter(
        site__datto_site_uid=OuterRef("datto_site_uid"),
        state__in=[SiteMapping.State.CONFIRMED, SiteMapping.State.RENAMED, SiteMapping.State.IGNORED],
    )
    mapping_exists = SiteMapping.objects.filter(site__datto_site_uid=OuterRef("datto_site_uid"))
    site_causes = ["site_unmapped", "site_conflict", "company_inactive", "company_missing"]
    waiting = Alert.objects.filter(is_resolved=False).filter(
        Q(state=Alert.State.RECEIVED, first_seen_at__lt=now - _UNDECIDED)
        | Q(state=Alert.State.BLOCKED, cause__in=site_causes) & Exists(usable)
        | Q(state=Alert.State.BLOCKED, cause="site_unknown") & Exists(mapping_exists)
        | Q(state=Alert.State.BLOCKED, not_before__lte=now)
    )
    if site_uids is not None:
        waiting = waiting.filter(datto_site_uid__in=site_uids)
    due: list[int] = []
    for alert_id in waiting.order_by("id").values_list("pk", flat=True)[:_BATCH]:
        due += decide_alert(alert_id, now=now)
    return due


def settle_open_ends() -> list[int]:
    """Repair pairs that were left half closed, whatever interrupted them; returns actions that became due."""
    resolving = Action.objects.filter(alert=OuterRef("pk"), kind=Action.Kind.RESOLVE_ALERT).exclude(
        state=Action.State.DROPPED
    )
    completed = Ticket.objects.filter(
        state=Ticket.State.COMPLETED,
        alerts__in=Alert.objects.filter(is_resolved=False).filter(~Exists(resolving)),
    )
    completing = Action.objects.filter(ticket=OuterRef("pk"), kind=Action.Kind.COMPLETE_TICKET)
    open_alerts = Alert.objects.filter(ticket=OuterRef("pk"), is_resolved=False)
    cleared = (
        Ticket.objects.filter(state=Ticket.State.OPEN, rounds=0, alerts__isnull=False)
        .filter(~Exists(open_alerts), ~Exists(completing))
        .exclude(events__kind="complete_skipped")
    )
    due: list[int] = []
    for ticket in [
        *completed.exclude(alerts__events__kind="resolve_skipped").distinct()[:_BATCH],
        *cleared.distinct()[:_BATCH],
    ]:
        due += settle(ticket)
    return due


def count_backlog(now: datetime) -> tuple[int, float]:
    """Return how many rows wait for a worker and the age of the oldest in seconds; for readiness and metrics."""
    deliveries = Delivery.objects.filter(state=Delivery.State.NEW).filter(
        Q(not_before__isnull=True) | Q(not_before__lte=now)
    )
    actions = Action.objects.filter(state=Action.State.WAITING).filter(
        Q(not_before__isnull=True) | Q(not_before__lte=now)
    )
    oldest = [
        moment
        for moment in (
            deliveries.order_by("received_at").values_list("received_at", flat=True).first(),
            actions.annotate(since=F("created_at"))
            .order_by("created_at")
            .values_list("since", flat=True)
            .first(),
        )
        if moment is not None
    ]
    age = max(0.0, (now - min(oldest)).total_seconds()) if oldest else 0.0
    return deliveries.count() + actions.count(), age
