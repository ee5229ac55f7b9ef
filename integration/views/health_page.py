"""Overview > Integration health: budgets, vendors, workers, queues, polls and inbound messages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from redis.exceptions import RedisError

from integration import heartbeats
from integration.clients import budget_snapshot
from integration.connections import get_connection
from integration.models import SyncRun, Vendor, VendorCall, VendorHealth
from integration.readiness import BACKLOG_SECONDS, backlog_age
from integration.registries import read_backlogs, read_inbound
from integration.sync.kinds import list_kinds
from integration.vendors.budget import BudgetSnapshot, MeterSnapshot
from integration.vendors.errors import VendorError
from integration.views.pages import live_part, page, render

_TIGHT = 0.6
_CHANNELS = {"datto_rmm": "Datto RMM webhook", "autotask": "Autotask webhook", "callout": "Autotask callout"}
#: A webhook that said nothing for this long is worth a look.
_SILENCE = timedelta(days=2)


@page("integration.view_vendorhealth")
def integration_health(request: HttpRequest) -> HttpResponse:
    """The page."""
    return render(request, "integration_health.html", "Integration health", _context())


@page("integration.view_vendorhealth")
def integration_health_live(request: HttpRequest) -> HttpResponse:
    """The moving part, as {"html", "live"}."""
    return live_part(request, "_health.html", _context(), live=True)


def _context() -> dict[str, Any]:
    health = VendorHealth.objects.in_bulk()
    redis_down = False
    budgets: dict[str, BudgetSnapshot] = {}
    workers: list[heartbeats.WorkerSign] = []
    beat_age: float | None = None
    queues: dict[str, int] = {}
    try:
        budgets = budget_snapshot()
        workers, beat_age = heartbeats.read_workers(), heartbeats.read_beat_age()
        queues = heartbeats.read_queue_lengths()
    except (VendorError, RedisError):
        redis_down = True
    return {
        "connection": get_connection(),
        "redis_down": redis_down,
        "vendors": [
            _vendor(vendor, health.get(vendor.value), budgets.get(vendor.value)) for vendor in Vendor
        ],
        "workers": workers,
        "beat_age": beat_age,
        "beat_ok": beat_age is not None and beat_age <= heartbeats.ALIVE_SECONDS,
        "queues": queues,
        "backlogs": [
            (name, one, backlog_age(one), backlog_age(one) > BACKLOG_SECONDS)
            for name, one in read_backlogs().items()
        ],
        "polls": _polls(),
        "inbound": _inbound(),
    }


def _vendor(vendor: Vendor, health: VendorHealth | None, budget: BudgetSnapshot | None) -> dict[str, Any]:
    blocked = (
        budget is not None and budget.blocked_until is not None and budget.blocked_until > timezone.now()
    )
    return {
        "title": vendor.label,
        "name": vendor.value,
        "health": health,
        "is_blocked": blocked,
        "last_call": VendorCall.objects.filter(vendor=vendor).order_by("-id").first(),
        "budget": budget,
        "meters": [_meter(meter) for meter in budget.meters] if budget is not None else [],
        "lanes": [(lane.value.replace("_", " "), used) for lane, used in budget.used_by_lane.items() if used]
        if budget is not None
        else [],
    }


def _meter(meter: MeterSnapshot) -> dict[str, Any]:
    return {
        "title": {
            "hour": "in the last hour",
            "reads": "reads in the last minute",
            "writes": "writes in the last minute",
        }.get(meter.name, meter.name),
        "meter": meter,
        "used": meter.used_by_us + meter.used_by_others,
        "us": min(100.0, round(100 * meter.used_by_us / meter.limit, 2)),
        "others": min(100.0, round(100 * meter.used_by_others / meter.limit, 2)),
        "is_tight": meter.used_share >= _TIGHT,
    }


def _polls() -> list[dict[str, Any]]:
    seconds = {
        "alerts": settings.ALERT_POLL_SECONDS,
        "tickets": settings.TICKET_POLL_SECONDS,
        "sites": settings.DEVICE_SYNC_MINUTES * 60,
        "reference": settings.REFERENCE_SYNC_MINUTES * 60,
    }
    good = [SyncRun.Status.SUCCEEDED, SyncRun.Status.PARTIAL]
    last = dict(
        SyncRun.objects.filter(status__in=good, dry_run=False)
        .values_list("kind")
        .annotate(at=Max("finished_at"))
    )
    now = timezone.now()
    rows = []
    for kind in list_kinds():
        every = seconds.get(kind.name)
        at = last.get(kind.name)
        late = every is not None and (at is None or now - at > timedelta(seconds=3 * every + 60))
        rows.append({"kind": kind, "at": at, "every": every, "is_late": late})
    return rows


def _inbound() -> list[dict[str, Any]]:
    found = read_inbound()
    now = timezone.now()
    return [
        {
            "title": title,
            "state": found.get(channel),
            "is_silent": (state := found.get(channel)) is None
            or state.last_at is None
            or now - state.last_at > _SILENCE,
        }
        for channel, title in _CHANNELS.items()
    ]
