"""Replays of recorded alerts: loading them, one set of rules, and two sets side by side. One process, no vendor."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from typing import Any, Final

from script.benchmarks.results import Result
from tests.live import ROOT, clean_environment

ALERTS: Final = {"S": 5_000, "L": 120_000}
_MOST_SECONDS: Final = {"S": 5, "L": 60}
_MOST_MB: Final = 800


def measure_replay(profile: str = "L") -> list[Result]:
    """Replay the alerts of 180 days: 5,000 of a small account (S), 120,000 of a large one (L)."""
    with tempfile.TemporaryDirectory(prefix="rb-replay-") as folder:
        environment = clean_environment(
            VAR_DIR=folder, REDIS_URL="", DATABASE_URL="", SANDBOX="off", LOG_LEVEL="ERROR"
        )
        _run(environment, "manage.py", "migrate", "--verbosity", "0")
        _run(environment, "-m", "script.benchmarks.replay_child", "fill", str(ALERTS[profile]))
        seen: dict[str, Any] = json.loads(
            _run(environment, "-m", "script.benchmarks.replay_child", "measure").splitlines()[-1]
        )
    name = f"replay {profile}, {seen['alerts']:,} alerts"
    took = seen["seconds"]
    one_set = took["rules"] + took["loading"] + took["engine"]
    goal = _MOST_SECONDS[profile]
    return [
        Result(f"{name}: loading", took["loading"], "s"),
        Result(f"{name}: one set of rules", took["engine"], "s"),
        Result(f"{name}: loading and one set", one_set, "s", f"< {goal} s", one_set < goal),
        Result(f"{name}: both sets, compared", sum(took.values()), "s"),
        Result(f"{name}: alerts replayed", seen["alerts"] / took["engine"], "per s"),
        Result(f"{name}: tickets", seen["tickets"], "tickets"),
        Result(f"{name}: tickets by the draft", seen["tickets_draft"], "tickets"),
        Result(f"{name}: peak memory", seen["peak_mb"], "MB", f"< {_MOST_MB} MB", seen["peak_mb"] < _MOST_MB),
        Result(f"{name}: vendor writes and calls", seen["writes"], "calls", "0", is_met=not seen["writes"]),
    ]


def _run(environment: dict[str, str], *command: str) -> str:
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, *command],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=1800,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout
