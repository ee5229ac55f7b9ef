"""What the replay benchmark does inside the product's own process; prints one line of JSON.

python -m script.benchmarks.replay_child fill 120000     sites, devices, rules and so many alerts of 180 days
python -m script.benchmarks.replay_child measure         load them, replay them by today's rules and by a draft, compare
"""

from __future__ import annotations

import json
import os
import random
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Final

# ruff: noqa: E402 - Django must be set up before its models are imported

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integration.settings")

import django

django.setup()

from django.utils import timezone

from integration.models import VendorCall
from mappings.models import Company, Device, Site, SiteMapping
from tickets.domain.replay import compare, replay, summarise
from tickets.models import Action, Alert, HistoricAlert, Monitor, MonitorType, Silence, TicketRule
from tickets.services.replay_source import (
    asks_for_text,
    load_recorded,
    load_stored_rules,
    to_rule_set,
)

_DAYS: Final = 180
_MONITORS: Final = 80
_RULES: Final = 40
_SILENCES: Final = 100
_AT_ONCE: Final = 2000
_DIAGNOSTICS: Final = (
    "[Failure Test Output] {n} of 14 checks failed on {device}.\n" + "Step took longer than it may. " * 12
)
_KIB: Final = 1024


def fill(count: int) -> dict[str, Any]:
    """Make a world in which a tenth of the alerts come in storms and a tenth flap."""
    chance, now = random.Random(count), timezone.now()  # noqa: S311 - the same world each time, no secret
    sites = max(20, count // 300)
    types = list(MonitorType.objects.all())
    devices: list[Device] = []
    for number in range(sites):
        company = Company.objects.create(
            autotask_company_id=1000 + number, name=f"Company {number}", synced_at=now
        )
        site = Site.objects.create(datto_site_uid=f"site-{number}", name=f"Site {number}", synced_at=now)
        SiteMapping.objects.create(site=site, company=company, state=SiteMapping.State.CONFIRMED)
        devices += Device.objects.bulk_create(
            Device(
                datto_device_uid=f"device-{number}-{one}",
                hostname=f"HOST-{number}-{one}",
                site=site,
                device_class="device",
                external_ip=f"198.51.100.{number % 250}",
                synced_at=now,
            )
            for one in range(30)
        )
    monitors = Monitor.objects.bulk_create(
        Monitor(
            label=f"Monitor {number}",
            monitor_type=types[number % len(types)],
            first_seen_at=now,
            last_seen_at=now,
        )
        for number in range(_MONITORS)
    )
    _fill_rules(monitors, now)
    batch: list[Alert | HistoricAlert] = []
    for number, (device, monitor, at, minutes) in enumerate(_alerts(count, devices, monitors, chance, now)):
        batch.append(_alert(number, device, monitor, at, at + timedelta(minutes=minutes), now))
        if len(batch) == _AT_ONCE or number == count - 1:
            _store(batch)
            batch = []
    return {"alerts": count, "sites": sites, "devices": len(devices)}


def _alerts(
    count: int, devices: list[Device], monitors: list[Monitor], chance: random.Random, now: datetime
) -> Iterator[tuple[Device, Monitor, datetime, float]]:
    """Yield (device, monitor, when, how long in minutes)."""
    made, start = 0, now - timedelta(days=_DAYS - 1)
    while made < count:
        at = start + timedelta(minutes=chance.random() * (_DAYS - 1) * 24 * 60)
        monitor = monitors[int(chance.paretovariate(0.8)) % _MONITORS]
        kind, first = chance.random(), chance.randrange(len(devices))
        if kind < 0.02:  # noqa: PLR2004 - a storm of twenty devices
            several = [(devices[(first + one) % len(devices)], at) for one in range(20)]
        elif kind < 0.04:  # noqa: PLR2004 - one that flaps
            several = [(devices[first], at + timedelta(minutes=7 * one)) for one in range(20)]
        else:
            several = [(devices[first], at)]
        for device, moment in several[: count - made]:
            made += 1
            yield device, monitor, moment, chance.expovariate(1 / 90)


def _alert(
    number: int, device: Device, monitor: Monitor, at: datetime, until: datetime, now: datetime
) -> Alert | HistoricAlert:
    values = {
        "alert_uid": f"alert-{number:08}",
        "priority": ("Critical", "High", "High", "Moderate", "Low", "Information")[number % 6],
        "condition_key": f"{device.datto_device_uid}/{monitor.pk}",
        "summary": f"{monitor.label} on {device.hostname}",
        "diagnostics": _DIAGNOSTICS.format(n=number % 14, device=device.hostname),
        "datto_site_uid": device.site.datto_site_uid,
        "datto_device_uid": device.datto_device_uid,
        "datto_device_name": device.hostname,
        "raised_at": at,
        "resolved_at": until if until < now else None,
    }
    if number % 2:
        return HistoricAlert(
            **values,
            monitor_type_slug=monitor.monitor_type.slug,
            fingerprint=f"{monitor.pk:064}",
            imported_at=now,
        )
    return Alert(**values, monitor=monitor, monitor_type_id=monitor.monitor_type_id, is_resolved=until < now)


def _store(batch: list[Alert | HistoricAlert]) -> None:
    live = [one for one in batch if isinstance(one, Alert)]
    Alert.objects.bulk_create(live)
    for one in live:
        one.first_seen_at = one.raised_at or one.first_seen_at
    Alert.objects.bulk_update(live, ["first_seen_at"], batch_size=200)
    HistoricAlert.objects.bulk_create(one for one in batch if isinstance(one, HistoricAlert))


def _fill_rules(monitors: list[Monitor], now: datetime) -> None:
    """Make rules of every kind, and silences of the past."""
    sites = list(Site.objects.all())
    for number in range(_RULES):
        monitor, site = monitors[number % _MONITORS], sites[number % len(sites)]
        asked: dict[str, Any] = (
            {"monitor": monitor},
            {"site": site},
            {"monitor": monitor, "site": site},
            {"monitor": monitor, "pattern": "checks failed on HOST-1"},
            {"monitor_type": monitor.monitor_type, "alert_priorities": ["Low"]},
        )[number % 5]
        TicketRule.objects.create(name=f"Rule {number}", hold_off_minutes=number % 3 * 5, **asked)
    for number in range(_SILENCES):
        start = now - timedelta(days=number % _DAYS)
        Silence.objects.create(
            name=f"Silence {number}",
            monitor=monitors[number % _MONITORS],
            site=sites[number % len(sites)],
            starts_at=start,
            ends_at=start + timedelta(hours=8),
        )


def measure() -> dict[str, Any]:
    """Load and replay; nothing may be written or called."""
    seconds: dict[str, float] = {}
    now = timezone.now()

    @contextmanager
    def timed(name: str) -> Iterator[None]:
        started = time.process_time()
        yield
        seconds[name] = time.process_time() - started

    with timed("rules"):
        stored = load_stored_rules()
        today = to_rule_set(stored, "Today's rules", days=_DAYS, now=now)
        for one in stored.defaults:
            one.row.hold_off_minutes = 15
        draft = to_rule_set(stored, "Draft", days=_DAYS, now=now)
    with timed("loading"):
        recorded = load_recorded(_DAYS, now, with_text=asks_for_text(today, draft))
    with timed("engine"):
        before = replay(recorded.alerts, recorded.sites, today)
    with timed("draft"):
        after = replay(recorded.alerts, recorded.sites, draft)
    with timed("comparing"):
        report = summarise(recorded.alerts, before)
        comparison = compare(recorded.alerts, before, after)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "alerts": len(recorded.alerts),
        "tickets": report.tickets,
        "tickets_draft": comparison.tickets_after,
        "seconds": seconds,
        "peak_mb": peak / 1e6 if sys.platform == "darwin" else peak * _KIB / 1e6,
        "writes": Action.objects.count() + VendorCall.objects.count(),
    }


if __name__ == "__main__":
    answer = fill(int(sys.argv[2])) if sys.argv[1] == "fill" else measure()
    sys.stdout.write(json.dumps(answer) + "\n")
