"""An ordinary hour of 12,000 devices, told in less: alerts of the usual kinds come, clear, come again and are worked on.

An hour is told in ten minutes: what the clock paces (polls, sweeps) is paced as much faster, so that each happens as often
as in an hour. The product's windows (repeats, related alerts, notes) are not shortened; the hour's alerts are spread over
so many devices that few meet within them either way.
"""

from __future__ import annotations

import heapq
import os
import random
import time
from collections.abc import Callable

from script.benchmarks.quiet import QuietBridge
from script.benchmarks.results import Result
from tests.waiting import wait_for

_SECONDS = float(os.environ.get("BENCH_STEADY_SECONDS", "600"))
_HOUR = 3600.0
#: 4,000 a day.
_ALERTS = 167
_MOST_CALLS = 500
#: Context class -> share in percent.
_KINDS = {
    "online_offline_status_ctx": 25,
    "comp_script_ctx": 20,
    "perf_disk_usage_ctx": 12,
    "eventlog_ctx": 12,
    "patch_ctx": 10,
    "srvc_status_ctx": 7,
    "perf_resource_usage_ctx": 6,
    "antivirus_ctx": 4,
    "ping_ctx": 4,
}
_PRIORITIES = {"Critical": 5, "High": 15, "Moderate": 35, "Low": 30, "Information": 15}
_CLEARS, _FLAPS, _WORKED_ON = 0.60, 0.03, 0.30


def measure_steady() -> list[Result]:
    """Live through the hour by webhooks and polls, and count the calls."""
    pace = _SECONDS / _HOUR
    with QuietBridge(
        SANDBOX_PROFILE="L",
        ALERT_POLL_SECONDS=str(max(1, round(60 * pace))),
        TICKET_POLL_SECONDS=str(max(1, round(300 * pace))),
        DEVICE_SYNC_MINUTES="60",
        SWEEP_SECONDS="5",
        ALERT_WORKERS="6",
        LOG_LEVEL="WARNING",
    ) as bridge:
        devices, last = bridge.devices(), bridge.last_call()
        _live(bridge, devices, pace)
        wait_for(bridge.is_at_rest, "the hour's work is done", seconds=300, interval=1)
        calls = bridge.count_calls(last)
        tickets = bridge.query("select count(*) from tickets_ticket where autotask_ticket_id is not null")[0][
            0
        ]
        balanced = bool(bridge.manage_json("ledger", check=False).get("balanced"))
    autotask = calls.get("autotask", 0)
    name = f"an hour of profile L, {_ALERTS} alerts"
    return [
        Result(f"{name}: Autotask calls", autotask, "calls", f"< {_MOST_CALLS}", autotask < _MOST_CALLS),
        Result(f"{name}: Datto RMM calls", calls.get("datto_rmm", 0), "calls"),
        Result(f"{name}: tickets", tickets, "tickets"),
        Result(f"{name}: ledger balances", float(balanced), "yes/no", "1", balanced),
    ]


def _live(bridge: QuietBridge, devices: list[str], pace: float) -> None:
    """Let the hour happen; the same one each time."""
    chance = random.Random(4)  # noqa: S311 - a world, not a secret
    agenda: list[tuple[float, int, Callable[[float], None]]] = []

    def plan(at: float, deed: Callable[[float], None]) -> None:
        heapq.heappush(agenda, (at, len(agenda) + chance.randrange(1_000_000_000), deed))

    def fire(device: str, kind: str, priority: str) -> Callable[[float], None]:
        def deed(now: float) -> None:
            wanted = {"deviceUid": device, "contextClass": kind, "priority": priority}
            uid = bridge.control("alerts", wanted)["alertUid"]
            if chance.random() < _CLEARS:
                cleared = now + chance.uniform(60, 900) * pace
                plan(cleared, lambda _now: bridge.control(f"alerts/{uid}/resolve", {"by": "System"}))
                if chance.random() < _FLAPS / _CLEARS:
                    plan(cleared + 120 * pace, fire(device, kind, priority))
            elif chance.random() < _WORKED_ON:
                plan(now + chance.uniform(900, 2400) * pace, lambda _now: _complete(bridge, uid))

        return deed

    for _ in range(_ALERTS):
        kind = chance.choices(list(_KINDS), list(_KINDS.values()))[0]
        priority = chance.choices(list(_PRIORITIES), list(_PRIORITIES.values()))[0]
        plan(chance.uniform(0, _SECONDS), fire(chance.choice(devices), kind, priority))
    started = time.monotonic()
    while agenda and agenda[0][0] < _SECONDS:
        at, _, deed = heapq.heappop(agenda)
        time.sleep(max(0.0, started + at - time.monotonic()))
        deed(at)
    time.sleep(max(0.0, started + _SECONDS - time.monotonic()))


def _complete(bridge: QuietBridge, uid: str) -> None:
    """Do what a technician does who is done with an alert's ticket."""
    rows = bridge.query(
        "select t.autotask_ticket_id from tickets_alert a join tickets_ticket t on t.id = a.ticket_id"
        " where a.alert_uid = ? and t.autotask_ticket_id is not null and t.state = 'open'",
        uid,
    )
    for (number,) in rows:
        bridge.control(f"tickets/{number}/note", {"text": "Looked at it, is well again."})
        bridge.control(f"tickets/{number}/complete", {"resolution": "Done."})
