"""The running sandbox as one object: both doubles, faults, the request log, storms and the kept state."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .autotask import AutotaskDouble
from .control_storm import Storms
from .datto import DattoDouble
from .datto.keep import load_state, to_state
from .faults import FaultBoard, RequestLog
from .state import StateFile
from .world import API_RESOURCE_ID, DEMO_CREDENTIALS, DemoCredentials, World, build_world
from .world_profiles import get_profile

_NO_HOURLY_LIMIT = 1_000_000_000


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """How a sandbox starts.

    Attributes:
        profile: S, M, L or XL.
        seed: another seed gives another world.
        public_url: scheme, host and port under which clients reach it.
        state_file: where the state is kept, None keeps nothing.
        credentials: logins of both vendors.
        time_scale: multiplies Autotask's pauses; tests set a small one.
        limits: False lifts the rate limits of both vendors, for benchmarks; Autotask's three threads stay.
    """

    profile: str = "S"
    seed: int = 1
    public_url: str = "http://127.0.0.1:8100"
    state_file: Path | None = None
    credentials: DemoCredentials = DEMO_CREDENTIALS
    time_scale: float = 1.0
    limits: bool = True


class Sandbox:
    """Both vendors' doubles with everything around them. Call `start()` once and `close()` at the end."""

    def __init__(self, options: SandboxOptions) -> None:
        get_profile(options.profile)
        self.options = options
        login = options.credentials
        self.faults = FaultBoard()
        self.requests = RequestLog()
        self.state = StateFile(options.state_file, self.to_state)
        self.datto = DattoDouble(
            api_key=login.datto_api_key, api_secret=login.datto_api_secret, on_change=self.state.mark
        )
        self.datto.settings.enforce_limits = options.limits
        self.autotask = self._new_autotask()
        self.storms = Storms(self.datto)
        self.profile = options.profile.upper()
        self.seed = options.seed
        self.built_at_ms = 0
        #: site uid -> Autotask company id where the site truly belongs; neither vendor tells.
        self.true_companies: dict[str, int] = {}
        #: name -> examples of the world, see `world_items`
        self.cases: dict[str, list[dict[str, Any]]] = {}
        self._changing = threading.Lock()

    def _new_autotask(self) -> AutotaskDouble:
        return AutotaskDouble(
            public_url=self.options.public_url,
            clock=lambda: datetime.now(tz=UTC),
            time_scale=self.options.time_scale,
            hourly_limit=10_000 if self.options.limits else _NO_HOURLY_LIMIT,
            latency_tiers=self.options.limits,
        )

    def start(self) -> None:
        """Load the kept state when it belongs to this profile and seed, build a fresh world otherwise."""
        kept = self.state.load()
        fits = kept is not None and (kept.get("profile"), kept.get("seed")) == (self.profile, self.seed)
        if kept is not None and fits:
            self._build(kept["built_at_ms"], fill_autotask=False)
            load_state(self.datto, kept["datto"])
            self.autotask.load_state(kept["autotask"])
            self._add_user()
        else:
            self._build(int(time.time() * 1000))
        self.state.start()

    def _build(self, now_ms: int, *, fill_autotask: bool = True) -> None:
        self.built_at_ms = now_ms
        world = build_world(self.profile, seed=self.seed, now_ms=now_ms)
        self.datto.load_seed(world.datto)
        self.true_companies = {
            spot.site.uid: int(spot.true_company[0]) for spot in world.placed if spot.company is not None
        }
        self.cases = world.cases
        if fill_autotask:
            self._fill_autotask(world)

    def _fill_autotask(self, world: World) -> None:
        for entity, rows in world.autotask.items():
            self.autotask.seed(entity, rows)
        self._add_user()

    def _add_user(self) -> None:
        login = self.options.credentials
        self.autotask.add_api_user(
            login.autotask_username, login.autotask_secret, login.autotask_integration_code, API_RESOURCE_ID
        )

    def reset(self, *, profile: str | None = None, seed: int | None = None) -> None:
        """Go back to a fresh world; faults, storms, switches and counters go too.

        Datto's webhook target and Autotask's callouts stay, so that what is connected stays connected.

        Raises:
            ValueError: unknown profile.
        """
        chosen = get_profile(profile or self.profile).name
        with self._changing:
            self.profile, self.seed = chosen, self.seed if seed is None else seed
            self.storms.stop()
            self.faults.clear()
            callouts = self.autotask.to_state()["callouts"]
            empty = self._new_autotask()
            try:
                blank = empty.to_state()
            finally:
                empty.close()
            self.autotask.load_state({**blank, "callouts": callouts})
            self.datto.reset_settings()
            self.datto.settings.enforce_limits = self.options.limits
            self._build(int(time.time() * 1000))
            self.requests.clear()
        self.state.mark()

    def to_state(self) -> dict[str, Any]:
        """Return everything that survives a restart."""
        return {
            "profile": self.profile,
            "seed": self.seed,
            "built_at_ms": self.built_at_ms,
            "datto": to_state(self.datto),
            "autotask": self.autotask.to_state(),
        }

    def close(self) -> None:
        """Stop every thread and write a last snapshot."""
        self.storms.stop()
        self.datto.close()
        self.autotask.close()
        self.state.close()
