"""The account-wide request limits of the Datto double: sliding windows, the delay near the limit, 429, the 403 block."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from .model import Settings

#: Operations that have a counter of their own.
OPERATIONS = (
    "site-create",
    "site-update",
    "site-variable-create",
    "site-variable-update",
    "site-variable-delete",
    "site-proxy-create",
    "site-proxy-delete",
    "account-variable-create",
    "account-variable-update",
    "account-variable-delete",
    "device-move",
    "device-job-create",
    "device-warranty-create",
    "device-udf-set",
    "alert-resolve",
    "user-reset-keys",
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do with one request: status 200, 429 or 403, and how long to make it wait or come back."""

    status: int
    delay_seconds: float = 0.0
    retry_after_seconds: int = 0


class Limiter:
    """Counts requests in a sliding window. Not thread-safe: the caller holds the double's lock."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._windows: dict[str, deque[float]] = {}
        self._ignored = 0
        self._limited_until = 0.0
        self._blocked_until = 0.0
        self.refused_429 = 0
        self.refused_403 = 0

    def check(self, *, operation: str | None) -> Verdict:
        """Count one request and return the verdict; `operation` is None for a read.

        A request made before an earlier 429's Retry-After has passed counts as ignoring it; after
        `block_after_ignored` of them everything answers 403 for `block_seconds`.
        """
        rules = self._settings
        if not rules.enforce_limits:
            self._count(operation)
            return Verdict(200)
        now = self._clock()
        if now < self._blocked_until:
            self.refused_403 += 1
            return Verdict(403)
        over = self._over(operation)
        if over is not None:
            return self._refuse(now, over)
        self._ignored = self._ignored if now < self._limited_until else 0
        self._count(operation)
        used, limit = self._fullest(operation)
        near = used > limit * rules.cut_off_ratio
        return Verdict(200, delay_seconds=rules.near_limit_delay_ms / 1000 if near else 0.0)

    def _refuse(self, now: float, wait: float) -> Verdict:
        self._ignored = self._ignored + 1 if now < self._limited_until else 0
        self._limited_until = max(self._limited_until, now + wait)
        if self._ignored >= max(1, self._settings.block_after_ignored):
            self._blocked_until = now + self._settings.block_seconds
            self._ignored = 0
            self.refused_403 += 1
            return Verdict(403)
        self.refused_429 += 1
        return Verdict(429, retry_after_seconds=max(1, int(wait + 0.999)))

    def _buckets(self, operation: str | None) -> list[tuple[str, int]]:
        rules = self._settings
        if operation is None:
            return [("read", max(0, rules.read_limit - rules.strangers_reads_per_minute))]
        return [("write", rules.write_limit), (operation, self.operation_limit(operation))]

    def operation_limit(self, operation: str) -> int:
        """Return how many calls of one write operation the window allows."""
        rules = self._settings
        return rules.udf_operation_limit if operation == "device-udf-set" else rules.operation_limit

    def _over(self, operation: str | None) -> float | None:
        """Return the seconds until a full bucket has room again, None while all have room."""
        for name, limit in self._buckets(operation):
            window = self._window(name)
            if len(window) >= limit:
                return (window[0] + self._settings.window_seconds - self._clock()) if window else 1.0
        return None

    def _fullest(self, operation: str | None) -> tuple[int, int]:
        pairs = [(len(self._window(name)), limit) for name, limit in self._buckets(operation)]
        return max(pairs, key=lambda pair: pair[0] / (pair[1] or 1))

    def _count(self, operation: str | None) -> None:
        now = self._clock()
        for name, _limit in self._buckets(operation):
            self._window(name).append(now)

    def _window(self, name: str) -> deque[float]:
        window = self._windows.setdefault(name, deque())
        edge = self._clock() - self._settings.window_seconds
        while window and window[0] <= edge:
            window.popleft()
        return window

    def used(self, name: str) -> int:
        """Return the calls counted in the window for "read", "write" or an operation."""
        return len(self._window(name))

    def forget(self) -> None:
        """Empty every window and lift a block."""
        self._windows.clear()
        self._ignored = 0
        self._limited_until = self._blocked_until = 0.0

    @property
    def blocked_seconds(self) -> float:
        """Return for how long the 403 block still lasts, 0 when there is none."""
        return max(0.0, self._blocked_until - self._clock())
