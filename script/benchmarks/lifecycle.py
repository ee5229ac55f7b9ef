"""Latency from alert to ticket, the vendor calls of one alert's life, and of an hour in which nothing happens."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from typing import Any

import requests

from script.benchmarks.results import Result, percentile
from tests.live import LiveBridge
from tests.waiting import wait_for

_ALERTS_PER_SECOND = 10
_SECONDS = 20
_LATENCY_MS = 100
_LIVES = 10
#: As long as the slowest poll's pause, so that each poll is in it as often as in every hour.
_IDLE_SECONDS = 300
#: zoneInformation and the token are asked once and then shared by all workers; they belong to no alert.
_SET_UP_CALLS = ("zoneInformation", "/auth/oauth/token")


def _query(bridge: LiveBridge, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(bridge.folder / "bridge.sqlite3", timeout=30)) as database:
        return database.execute(sql, values).fetchall()


def _control(bridge: LiveBridge, path: str, values: dict[str, Any]) -> dict[str, Any]:
    answer = requests.post(f"{bridge.sandbox_url}/control/{path}", json=values, timeout=30)
    answer.raise_for_status()
    return dict(answer.json())


def _devices(bridge: LiveBridge) -> list[str]:
    """Return devices of sites that have their organization, so that every alert becomes a ticket."""
    rows = _query(
        bridge,
        "select d.datto_device_uid from mappings_device d join mappings_sitemapping m on m.site_id = d.site_id "
        "where m.state = 'confirmed' and d.is_deleted = 0 order by d.id",
    )
    return [row[0] for row in rows]


def _settle(bridge: LiveBridge) -> None:
    """Wait until the alerts that the demo world starts with have become tickets."""
    bridge.manage("sync", "alerts")
    wait_for(
        lambda: (
            _query(bridge, "select count(*) from tickets_action where state in ('waiting', 'running')")[0][0]
            == 0
        ),
        "the first alerts are worked off",
        seconds=180,
        interval=0.5,
    )


def measure_latency() -> list[Result]:
    """Raise alerts at a steady rate with vendor latency; measure from the vendor's firing to the saved ticket."""
    with LiveBridge(
        ALERT_POLL_SECONDS="3600", TICKET_POLL_SECONDS="3600", ALERT_WORKERS="6", LOG_LEVEL="WARNING"
    ) as bridge:
        _settle(bridge)
        _control(bridge, "faults", {"kind": "latency", "vendor": "*", "ms": _LATENCY_MS})
        devices, raised = _devices(bridge), {}
        started = time.monotonic()
        total = _ALERTS_PER_SECOND * _SECONDS
        for number in range(total):
            time.sleep(max(0.0, started + number / _ALERTS_PER_SECOND - time.monotonic()))
            now = time.time()
            uid = _control(
                bridge, "alerts", {"deviceUid": devices[number % len(devices)], "priority": "High"}
            )["alertUid"]
            raised[uid] = now
        placeholder = (
            "select count(*) from tickets_alert where ticketed_at is not null and first_seen_via = 'webhook'"
        )
        wait_for(
            lambda: _query(bridge, placeholder)[0][0] >= total, "all are ticketed", seconds=120, interval=0.5
        )
        rows = _query(
            bridge,
            "select alert_uid, (julianday(ticketed_at) - 2440587.5) * 86400.0 from tickets_alert where ticketed_at is not null",
        )
        taken = [at - raised[uid] for uid, at in rows if uid in raised]
    return [
        Result(
            f"alert to ticket, p50 ({_ALERTS_PER_SECOND}/s, {_LATENCY_MS} ms vendor latency)",
            percentile(taken, 0.5),
            "s",
        ),
        Result("alert to ticket, p95", percentile(taken, 0.95), "s", "< 2 s", percentile(taken, 0.95) < 2),  # noqa: PLR2004 - the goal
        Result("alert to ticket, slowest", max(taken), "s"),
    ]


def measure_life() -> list[Result]:
    """Count the calls of whole lives by webhook: raised, ticketed, cleared, completed."""
    with LiveBridge(
        ALERT_POLL_SECONDS="3600", TICKET_POLL_SECONDS="3600", ALERT_WORKERS="6", LOG_LEVEL="WARNING"
    ) as bridge:
        _settle(bridge)
        uids = [
            _control(bridge, "alerts", {"deviceUid": device, "priority": "High"})["alertUid"]
            for device in _devices(bridge)[:_LIVES]
        ]
        done = "select count(*) from tickets_alert a join tickets_ticket t on t.id = a.ticket_id where t.state = ? and a.first_seen_via = 'webhook'"
        wait_for(
            lambda: _query(bridge, done, "open")[0][0] >= _LIVES, "all are ticketed", seconds=60, interval=0.2
        )
        for uid in uids:
            _control(bridge, f"alerts/{uid}/resolve", {})
        wait_for(
            lambda: _query(bridge, done, "completed")[0][0] >= _LIVES,
            "all are completed",
            seconds=60,
            interval=0.2,
        )
        tickets = dict(_query(bridge, "select alert_uid, ticket_id from tickets_alert"))
        subjects = {f"alert:{uid}" for uid in uids} | {f"ticket:{tickets[uid]}" for uid in uids}
        calls = _query(bridge, "select vendor, path, subject from integration_vendorcall")
    counted = [
        vendor
        for vendor, path, subject in calls
        if subject in subjects and not any(part in path for part in _SET_UP_CALLS)
    ]
    autotask, datto = counted.count("autotask") / _LIVES, counted.count("datto_rmm") / _LIVES
    return [
        Result("Autotask calls of one alert's whole life", autotask, "calls", "<= 4", autotask <= 4),  # noqa: PLR2004 - the goal
        Result("Datto RMM calls of one alert's whole life", datto, "calls", "<= 2", datto <= 2),  # noqa: PLR2004 - the goal
    ]


def measure_idle() -> list[Result]:
    """Let nothing happen with the default schedules, and scale the calls up to an hour."""
    with LiveBridge(
        ALERT_WORKERS="6",
        LOG_LEVEL="WARNING",
        ALERT_POLL_SECONDS="60",
        TICKET_POLL_SECONDS="300",
        DEVICE_SYNC_MINUTES="15",
        SWEEP_SECONDS="5",
    ) as bridge:
        _settle(bridge)
        time.sleep(20)  # the schedules' first ticks come at once and are not part of the steady state
        before = _query(bridge, "select coalesce(max(id), 0) from integration_vendorcall")[0][0]
        started = time.monotonic()
        time.sleep(_IDLE_SECONDS)
        rows = _query(
            bridge, "select vendor, count(*) from integration_vendorcall where id > ? group by vendor", before
        )
        scale = 3600 / (time.monotonic() - started)
    counts = dict(rows)
    return [
        Result("Autotask calls per idle hour (scaled)", counts.get("autotask", 0) * scale, "calls"),
        Result("Datto RMM calls per idle hour (scaled)", counts.get("datto_rmm", 0) * scale, "calls"),
    ]
