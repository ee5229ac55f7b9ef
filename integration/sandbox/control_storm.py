"""Alert storms: many alerts over some seconds, at one or many sites."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from random import Random
from typing import Any

from .datto import DattoDouble, NotFoundError

_MAX_ALERTS = 50_000
_MAX_SECONDS = 3_600


@dataclass(frozen=True, slots=True)
class StormPlan:
    """A storm to be made.

    Attributes:
        count: how many alerts.
        seconds: over how long; 0 raises them all at once.
        site_uids: at these sites; empty means all.
        context_class: wire value of `@class`.
        priority: priority of each alert.
        resolve_after_seconds: resolve each one after that long, None leaves them open.
    """

    count: int
    seconds: float
    site_uids: tuple[str, ...] = ()
    context_class: str = "online_offline_status_ctx"
    priority: str = "High"
    resolve_after_seconds: float | None = None

    def check(self) -> None:
        """Refuse impossible numbers.

        Raises:
            ValueError: names the field.
        """
        if not 1 <= self.count <= _MAX_ALERTS:
            raise ValueError(f"count: between 1 and {_MAX_ALERTS}.")
        if not 0 <= self.seconds <= _MAX_SECONDS:
            raise ValueError(f"seconds: between 0 and {_MAX_SECONDS}.")


class Storms:
    """Runs storms in a thread each; `stop()` ends them."""

    def __init__(self, datto: DattoDouble) -> None:
        self._datto = datto
        self._lock = threading.Lock()
        self._running: dict[int, dict[str, Any]] = {}
        self._last_id = 0
        self._halt = threading.Event()

    def start(self, plan: StormPlan) -> int:
        """Start a storm and return its number.

        Raises:
            ValueError: impossible numbers, or the sites hold no device.
            NotFoundError: no such site.
        """
        plan.check()
        with self._datto.lock:
            sites = plan.site_uids or tuple(self._datto.devices_by_site)
            for uid in plan.site_uids:
                self._datto.get_site(uid)
            devices = [
                device
                for site in sites
                for device in self._datto.devices_by_site.get(site, ())
                if not self._datto.devices[device].deleted
            ]
        if not devices:
            raise ValueError("siteUids: there is no device at these sites.")
        Random().shuffle(devices)
        with self._lock:
            self._last_id += 1
            number = self._last_id
            self._running[number] = {"id": number, "count": plan.count, "raised": 0}
            halt = self._halt
        threading.Thread(
            target=self._run, args=(number, plan, devices, halt), name="sandbox-storm", daemon=True
        ).start()
        return number

    def _run(self, number: int, plan: StormPlan, devices: list[str], halt: threading.Event) -> None:
        started = time.monotonic()
        step = plan.seconds / plan.count
        waiting: list[tuple[float, str]] = []
        try:
            for position in range(plan.count):
                self._resolve_due(waiting)
                if halt.wait(max(0.0, started + position * step - time.monotonic())):
                    return
                try:
                    alert = self._datto.raise_alert(
                        device_uid=devices[position % len(devices)],
                        context_class=plan.context_class,
                        priority=plan.priority,
                    )
                except NotFoundError:
                    # The device went away while the storm was on.
                    continue
                if plan.resolve_after_seconds is not None:
                    waiting.append((time.monotonic() + plan.resolve_after_seconds, alert.uid))
                with self._lock:
                    self._running[number]["raised"] = position + 1
            while waiting:
                if halt.wait(max(0.0, waiting[0][0] - time.monotonic())):
                    return
                self._resolve_due(waiting)
        finally:
            with self._lock:
                self._running.pop(number, None)

    def _resolve_due(self, waiting: list[tuple[float, str]]) -> None:
        while waiting and waiting[0][0] <= time.monotonic():
            _due, uid = waiting.pop(0)
            try:
                self._datto.resolve_alert(uid, by="System")
            except NotFoundError:
                # A reset took the alert away.
                continue

    def running(self) -> list[dict[str, Any]]:
        """Return the storms that are on: id, count, raised."""
        with self._lock:
            return [dict(row) for row in self._running.values()]

    def stop(self) -> None:
        """End every storm."""
        with self._lock:
            self._halt.set()
            self._halt = threading.Event()
