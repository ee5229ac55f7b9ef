"""Chooses and runs benchmarks; prints a table, or JSON with --json."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable
from functools import partial

from script.benchmarks.devices import measure_devices, measure_proposals
from script.benchmarks.intake import measure_intake
from script.benchmarks.lifecycle import measure_idle, measure_latency, measure_life
from script.benchmarks.replay import measure_replay
from script.benchmarks.results import Result
from script.benchmarks.steady import measure_steady
from script.benchmarks.storm import measure_storm

BENCHMARKS: dict[str, Callable[[], list[Result]]] = {
    "latency": measure_latency,
    "life": measure_life,
    "idle": measure_idle,
    "intake": measure_intake,
    "devices": measure_devices,
    "proposals": measure_proposals,
    "storm": measure_storm,
    "steady": measure_steady,
    "replay": measure_replay,
}
_PROFILES = ("S", "L", "XL")


def main() -> int:
    """Run what was asked for; returns 1 when a goal was missed."""
    parser = argparse.ArgumentParser(prog="script/bench", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"one of {', '.join(BENCHMARKS)}; all without it"
    )
    parser.add_argument(
        "--profile",
        type=str.upper,
        choices=_PROFILES,
        help="size of the world of `devices` (S: 600, L: 12,000, XL: 50,000 devices; XL takes an hour or more) or of "
        "`replay` (S: 5,000, L: 120,000 alerts): L when it is named, S among all",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args()
    unknown = sorted(set(options.names) - set(BENCHMARKS))
    if unknown:
        parser.error(f"NAME: {unknown[0]!r} is unknown. Use {', '.join(BENCHMARKS)}.")
    if options.profile and options.names not in (["devices"], ["replay"]):
        parser.error("--profile: belongs to one benchmark. Use script/bench devices --profile XL.")
    if options.profile == "XL" and options.names == ["replay"]:
        parser.error("--profile: replay has S and L. Use script/bench replay --profile L.")
    chosen = options.profile or ("L" if options.names else "S")
    benchmarks: dict[str, Callable[[], list[Result]]] = {
        **BENCHMARKS,
        "devices": partial(measure_devices, chosen),
        "replay": partial(measure_replay, chosen),
    }
    results: list[Result] = []
    for name in options.names or BENCHMARKS:
        print(f"{name} ...", file=sys.stderr, flush=True)
        results += benchmarks[name]()
    machine = {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system()}
    if options.json:
        print(json.dumps({"machine": machine, "results": [one.to_json() for one in results]}, indent=1))
    else:
        width = max(len(one.name) for one in results)
        for one in results:
            goal = f"goal {one.goal}" if one.goal else ""
            print(
                f"{one.name:<{width}}  {one.value:>10.2f} {one.unit:<12} {goal:<16} {'' if one.is_met else 'MISSED'}"
            )
    return 0 if all(one.is_met for one in results) else 1


if __name__ == "__main__":
    sys.exit(main())
