"""What this app tells the project: backlog, inbound doors, metrics, and what to delete when it is old."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Max, Q
from django.utils import timezone
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from integration.models import VendorHealth
from integration.registries import Backlog, InboundState
from integration.retention import delete_in_batches
from tickets.models import Action, AgentRequest, Alert, Delivery, LedgerCheck, RequestLink, Ticket
from tickets.services.ledger import count_states
from tickets.services.replays import purge_replays
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
    """Return when each door last received something. Two queries."""
    seen = {
        row["channel"]: row
        for row in Delivery.objects.order_by()
        .values("channel")
        .annotate(
            last=Max("received_at"),
            test=Max("received_at", filter=Q(state=Delivery.State.TEST)),
            newest=Max("pk"),
        )
    }
    unreadable = dict(
        Delivery.objects.filter(
            pk__in=[row["newest"] for row in seen.values()], state=Delivery.State.UNREADABLE
        ).values_list("channel", "reason")
    )
    return [
        InboundState(
            channel=channel,
            last_at=seen[channel]["last"] if channel in seen else None,
            last_test_at=seen[channel]["test"] if channel in seen else None,
            last_problem=unreadable.get(channel, ""),
        )
        for channel in Delivery.Channel.values
    ]


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
    """Delete old messages, and alerts that are over with their tickets and stories; returns how many rows went.

    What a vendor has still to be told keeps its alert and its ticket.
    """
    wished = Action.objects.filter(state__in=[Action.State.WAITING, Action.State.RUNNING])
    messages = Delivery.objects.exclude(state=Delivery.State.NEW)
    ignored = messages.filter(state=Delivery.State.IGNORED, received_at__lt=now - _IGNORED_MESSAGES)
    gone = delete_in_batches(ignored) + delete_in_batches(messages.filter(received_at__lt=now - _MESSAGES))
    gone += purge_replays(now)
    gone += delete_in_batches(LedgerCheck.objects.filter(checked_at__lt=now - _MESSAGES))
    old = now - timedelta(days=settings.HISTORY_DAYS)
    gone += delete_in_batches(
        Alert.objects.filter(is_resolved=True, resolved_at__lt=old, first_seen_at__lt=old).exclude(
            pk__in=wished.filter(alert__isnull=False).values("alert")
        )
    )
    gone += _purge_requests(old)
    return gone + delete_in_batches(
        Ticket.objects.filter(alerts__isnull=True, created_at__lt=old)
        .exclude(state=Ticket.State.OPEN)
        .exclude(pk__in=wished.filter(ticket__isnull=False).values("ticket"))
    )


def _purge_requests(old: datetime) -> int:
    """What people wrote goes with the history; a request that waits, or whose ticket is open, stays."""
    over = AgentRequest.objects.filter(state=AgentRequest.State.TICKETED, received_at__lt=old)
    gone = delete_in_batches(over.exclude(ticket__state__in=[Ticket.State.OPEN, Ticket.State.PLANNED]))
    return gone + delete_in_batches(RequestLink.objects.filter(revoked_at__lt=old))
