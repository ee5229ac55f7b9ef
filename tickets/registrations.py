"""What this app tells the project: backlog, inbound doors, metrics, and what to delete when it is old."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Max
from django.utils import timezone
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from integration.models import VendorHealth
from integration.registries import Backlog, InboundState
from integration.retention import delete_in_batches
from tickets.models import Action, Alert, Delivery, LedgerCheck, Ticket
from tickets.services.ledger import count_states
from tickets.services.sweep import count_backlog

#: Messages that needed nothing tell little after some days.
_IGNORED_MESSAGES = timedelta(days=2)
_MESSAGES = timedelta(days=30)


def read_backlog() -> Backlog:
    """Return what waits for a worker."""
    now = timezone.now()
    count, seconds = count_backlog(now)
    return Backlog(
        count=count,
        oldest_at=now - timedelta(seconds=seconds) if count else None,
        waits_for_vendor=VendorHealth.objects.filter(is_down=True).exists(),
    )


def read_inbound() -> list[InboundState]:
    """Return when each door last received something."""
    last = dict(Delivery.objects.order_by().values_list("channel").annotate(at=Max("received_at")))
    tests = dict(
        Delivery.objects.filter(state=Delivery.State.TEST)
        .order_by()
        .values_list("channel")
        .annotate(at=Max("received_at"))
    )
    states = []
    for channel in Delivery.Channel.values:
        newest = Delivery.objects.filter(channel=channel).order_by("-id").first()
        unreadable = newest is not None and newest.state == Delivery.State.UNREADABLE
        states.append(
            InboundState(
                channel=channel,
                last_at=last.get(channel),
                last_test_at=tests.get(channel),
                last_problem=newest.reason if newest is not None and unreadable else "",
            )
        )
    return states


def collect_metrics() -> Iterable[Metric]:
    """Yield gauges of alerts, tickets and waiting vendor writes."""
    alerts = GaugeMetricFamily(
        "rmm_bridge_open_alerts", "Alerts open in Datto RMM, by where they stand here.", labels=["state"]
    )
    for state, count in count_states().items():
        alerts.add_metric([state], count)
    yield alerts
    yield GaugeMetricFamily(
        "rmm_bridge_open_tickets",
        "Open Autotask tickets made from alerts.",
        value=Ticket.objects.filter(state=Ticket.State.OPEN).count(),
    )
    actions = GaugeMetricFamily(
        "rmm_bridge_vendor_actions",
        "Vendor writes that are not done, by kind and state.",
        labels=["kind", "state"],
    )
    unfinished = Action.objects.filter(
        state__in=[Action.State.WAITING, Action.State.RUNNING, Action.State.REFUSED]
    )
    for kind, state, count in unfinished.order_by().values_list("kind", "state").annotate(n=Count("id")):
        actions.add_metric([kind, state], count)
    yield actions
    newest = Alert.objects.aggregate(at=Max("first_seen_at"))["at"]
    if newest is not None:
        yield GaugeMetricFamily(
            "rmm_bridge_last_alert_timestamp_seconds",
            "When the newest alert came in, seconds since 1970.",
            value=newest.timestamp(),
        )


def purge(now: datetime) -> int:
    """Delete old messages, and alerts that are over with their tickets and stories; returns how many rows went."""
    messages = Delivery.objects.exclude(state=Delivery.State.NEW)
    ignored = messages.filter(state=Delivery.State.IGNORED, received_at__lt=now - _IGNORED_MESSAGES)
    gone = delete_in_batches(ignored) + delete_in_batches(messages.filter(received_at__lt=now - _MESSAGES))
    gone += delete_in_batches(LedgerCheck.objects.filter(checked_at__lt=now - _MESSAGES))
    old = now - timedelta(days=settings.HISTORY_DAYS)
    gone += delete_in_batches(
        Alert.objects.filter(is_resolved=True, resolved_at__lt=old, first_seen_at__lt=old)
    )
    return gone + delete_in_batches(
        Ticket.objects.filter(alerts__isnull=True, created_at__lt=old).exclude(state=Ticket.State.OPEN)
    )
