"""Device synchronisation from nothing, with nothing changed and with 2 % changed; and proposals for sites.

The vendors' rate limits are lifted. What a first run costs under them follows from its calls: Datto RMM lets 600 reads
a minute through, Autotask 10,000 calls an hour, and background work takes 60 % of either.
"""

from __future__ import annotations

import math
import os
import sys
from dataclasses import dataclass
from typing import Any

from script.benchmarks.device_world import DeviceWorld
from script.benchmarks.results import Result

_TOUCHED_PERCENT = 2.0
#: Datto RMM's page of sites and of devices.
_PAGE_SIZE = 250
_MOST_MB = 300
_MOST_TIMES_S = 1.5
_PROPOSAL_SECONDS = 10
_PLANNING = "Comparing devices with configuration items"


@dataclass(frozen=True, slots=True)
class _Situation:
    """One run as its process measured it, and what the sandbox saw of it."""

    run: dict[str, Any]
    written: int
    writes: int

    @property
    def reads(self) -> int:
        """Calls that wrote nothing."""
        return int(sum(self.run["calls"].values())) - self.writes

    @property
    def peak_mb(self) -> float:
        """The most memory its process held, in MB."""
        return float(self.run["peak_mb"])

    def seconds(self, step: str = "all", *, cpu: bool = False) -> float:
        """Return how long a step took; 0.0 when it did not happen."""
        return float(self.run["steps"].get(step, {}).get("cpu_seconds" if cpu else "seconds", 0.0))


@dataclass(frozen=True, slots=True)
class _Seen:
    """The three situations of one world; `touched` counts changed devices whose change can be written."""

    sites: int
    first: _Situation
    same: _Situation
    changed: _Situation
    touched: int

    @property
    def peak_mb(self) -> float:
        """The most memory any of the runs held, in MB."""
        return max(one.peak_mb for one in (self.first, self.same, self.changed))


def _observe(profile: str) -> _Seen:
    with DeviceWorld(profile, database_url=os.environ.get("BENCH_DATABASE_URL", "")) as world:
        sites = int(world.child("prepare")["sites"])
        first = _measure(world, "first run")
        # What we wrote ourselves is read back by the next run; an hour later that is over.
        world.child("settle")
        same = _measure(world, "nothing changed")
        uids = world.control("devices/touch", {"percent": _TOUCHED_PERCENT})["deviceUids"]
        touched = world.child("linked", "\n".join(uids))["linked"]
        changed = _measure(world, f"{_TOUCHED_PERCENT:g} % changed")
    return _Seen(sites, first, same, changed, touched)


def measure_devices(profile: str = "L") -> list[Result]:
    """Measure the three situations in a world of this size; a small one gives the measure for memory."""
    small = None if profile == "S" else _observe("S").peak_mb
    seen = _observe(profile)
    first, same, changed, touched = seen.first, seen.same, seen.changed, seen.touched
    devices = first.run["devices"]
    pages = math.ceil(seen.sites / _PAGE_SIZE) + math.ceil(devices / _PAGE_SIZE) + 1
    name = f"{profile}, {devices:,} devices"
    results = [
        *_common(f"{name}, first run", first),
        Result(f"{name}, first run: configuration items created", first.run["created"], "items"),
        *_common(f"{name}, nothing changed", same),
        Result(f"{name}, nothing changed: writes", same.writes, "calls", "0", same.writes == 0),
        Result(
            f"{name}, nothing changed: reads",
            same.reads,
            "calls",
            f"<= 1.05 x {pages} pages",
            same.reads <= 1.05 * pages,
        ),
        *_common(f"{name}, {touched:,} changed", changed),
        Result(
            f"{name}, {touched:,} changed: writes",
            changed.writes,
            "calls",
            f"{touched} objects",
            changed.writes == changed.written == touched,
        ),
    ]
    peak = seen.peak_mb
    results.append(Result(f"{name}: peak memory", peak, "MB", f"< {_MOST_MB} MB", peak < _MOST_MB))
    if small is not None:
        times = peak / small
        results.append(
            Result(
                f"{name}: peak memory by that of profile S",
                times,
                "times",
                f"<= {_MOST_TIMES_S}",
                times <= _MOST_TIMES_S,
            )
        )
    return results


def measure_proposals() -> list[Result]:
    """Propose an organization for every site of the largest world, from nothing."""
    with DeviceWorld("XL") as world:
        found = world.child("proposals")
    seconds = found["seconds"]
    name = f"proposals for {found['sites']:,} sites x {found['companies']:,} organizations"
    return [
        Result(name, seconds, "s", f"< {_PROPOSAL_SECONDS} s", seconds < _PROPOSAL_SECONDS),
        Result(f"{name}: computing time", found["cpu_seconds"], "s"),
    ]


def _measure(world: DeviceWorld, title: str) -> _Situation:
    world.control("writes", method="DELETE")
    run = world.child("sync")
    seen = world.control("writes", method="GET")
    counts = [
        count for entity in seen["autotask"].values() for name, count in entity.items() if name != "objects"
    ]
    objects = sum(len(entity["objects"]) for entity in seen["autotask"].values())
    datto = [count for of_one in seen["datto_rmm"].values() for count in of_one.values()]
    situation = _Situation(run, objects + len(datto), sum(counts) + sum(datto))
    steps = ", ".join(
        f"{label} {step['seconds']:.0f} s" for label, step in run["steps"].items() if step["seconds"] >= 1
    )
    sys.stderr.write(
        f"  profile {world.profile}, {title}: {steps}; {situation.reads} reads, {situation.writes} writes, "
        f"{situation.peak_mb:.0f} MB\n"
    )
    return situation


def _common(name: str, one: _Situation) -> list[Result]:
    planning = one.seconds(_PLANNING)
    return [
        Result(f"{name}: calls", one.reads + one.writes, "calls"),
        Result(f"{name}: duration", one.seconds(), "s"),
        Result(f"{name}: computing time", one.seconds(cpu=True), "s"),
        Result(f"{name}: devices planned", one.run["devices"] / planning if planning else 0.0, "per s"),
        Result(f"{name}: peak memory", one.peak_mb, "MB"),
    ]
