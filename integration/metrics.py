"""Prometheus metrics, read when scraped: nothing is counted in this process, so any web process may answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from django.db.models import Avg, Count, Max, Q
from django.utils import timezone
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from redis.exceptions import RedisError

from integration import heartbeats
from integration.clients import budget_snapshot
from integration.models import Connection, SyncRun, VendorCall, VendorHealth
from integration.readiness import backlog_age
from integration.registries import collect_metrics, read_backlogs
from integration.vendors.errors import VendorError

_WINDOW = timedelta(minutes=5)


class _Collector:
    def collect(self) -> Iterable[Metric]:
        """Yield everything known at this moment."""
        yield from _state()
        yield from _backlogs()
        yield from _calls()
        yield from _runs()
        try:
            yield from _budgets()
            yield from _processes()
        except (VendorError, RedisError):
            yield _gauge("bridge_redis_up", "1 while Redis answers.", 0)
        else:
            yield _gauge("bridge_redis_up", "1 while Redis answers.", 1)
        yield from collect_metrics()


def render_metrics() -> bytes:
    """Return the text exposition."""
    registry = CollectorRegistry()
    registry.register(_Collector())
    return generate_latest(registry)


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=value)


def _state() -> Iterator[Metric]:
    state = Connection.objects.only("is_enabled", "paused_at").first()
    yield _gauge(
        "bridge_enabled", "1 while the integration is switched on.", int(bool(state and state.is_enabled))
    )
    yield _gauge("bridge_paused", "1 while writing is paused.", int(bool(state and state.paused_at)))
    down = GaugeMetricFamily("bridge_vendor_up", "0 while a vendor is taken to be down.", labels=["vendor"])
    for health in VendorHealth.objects.all():
        down.add_metric([health.vendor], int(not health.is_down))
    yield down


def _backlogs() -> Iterator[Metric]:
    count = GaugeMetricFamily("bridge_backlog", "Rows that are due and wait.", labels=["kind"])
    age = GaugeMetricFamily(
        "bridge_backlog_age_seconds", "How long the oldest has been due.", labels=["kind"]
    )
    for name, backlog in read_backlogs().items():
        count.add_metric([name], backlog.count)
        age.add_metric([name], backlog_age(backlog))
    yield count
    yield age


def _calls() -> Iterator[Metric]:
    since = timezone.now() - _WINDOW
    rows = (
        VendorCall.objects.filter(started_at__gte=since)
        .values("vendor")
        .annotate(n=Count("id"), bad=Count("id", filter=~Q(error="")), ms=Avg("duration_ms"))
    )
    calls = GaugeMetricFamily(
        "bridge_vendor_calls_5m", "Calls in the last five minutes.", labels=["vendor", "outcome"]
    )
    mean = GaugeMetricFamily(
        "bridge_vendor_call_seconds_5m", "Mean duration in five minutes.", labels=["vendor"]
    )
    for row in rows:
        calls.add_metric([row["vendor"], "ok"], row["n"] - row["bad"])
        calls.add_metric([row["vendor"], "error"], row["bad"])
        mean.add_metric([row["vendor"]], (row["ms"] or 0) / 1000)
    yield calls
    yield mean


def _runs() -> Iterator[Metric]:
    family = GaugeMetricFamily(
        "bridge_sync_last_success_timestamp_seconds", "End of the last good run.", labels=["kind"]
    )
    good = [SyncRun.Status.SUCCEEDED, SyncRun.Status.PARTIAL]
    for kind, ended in (
        SyncRun.objects.filter(status__in=good, dry_run=False)
        .values_list("kind")
        .annotate(at=Max("finished_at"))
    ):
        if ended is not None:
            family.add_metric([kind], ended.timestamp())
    yield family


def _budgets() -> Iterator[Metric]:
    used = GaugeMetricFamily("bridge_budget_used", "Calls in the window.", labels=["vendor", "meter", "by"])
    limit = GaugeMetricFamily(
        "bridge_budget_limit", "Calls allowed in the window.", labels=["vendor", "meter"]
    )
    blocked = GaugeMetricFamily("bridge_budget_blocked", "1 while all calls pause.", labels=["vendor"])
    now = timezone.now()
    for vendor, snapshot in budget_snapshot().items():
        for meter in snapshot.meters:
            used.add_metric([vendor, meter.name, "us"], meter.used_by_us)
            used.add_metric([vendor, meter.name, "others"], meter.used_by_others)
            limit.add_metric([vendor, meter.name], meter.limit)
        blocked.add_metric([vendor], int(snapshot.blocked_until is not None and snapshot.blocked_until > now))
    yield used
    yield limit
    yield blocked


def _processes() -> Iterator[Metric]:
    workers = heartbeats.read_workers()
    yield _gauge("bridge_workers", "Workers that showed a sign of life lately.", len(workers))
    beat = heartbeats.read_beat_age()
    if beat is not None:
        yield _gauge("bridge_beat_age_seconds", "Since the scheduler's last sign of life.", beat)
    queues = GaugeMetricFamily("bridge_queue_length", "Messages that wait.", labels=["queue"])
    for queue, length in heartbeats.read_queue_lengths().items():
        queues.add_metric([queue], length)
    yield queues
