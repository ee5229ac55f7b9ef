"""Autotask's limits: three calls at a time per object and tracking identifier, and a shared hourly number."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, Final

from integration.sandbox.autotask.database import ApiUser, Database
from integration.sandbox.autotask.errors import RefusedError

_WINDOW_SECONDS: Final = 3600
_ODD_STATUS_EVERY: Final = 7
_TIERS: Final = ((0.75, 1.0), (0.5, 0.5))
_LEGACY_FIRST: Final = 3
_LEGACY_LAST: Final = 10
_LEGACY_STEP_SECONDS: Final = 0.25


class Limits:
    """Counts calls; its own lock, so a slow write never delays the counting."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._buckets: deque[list[int]] = deque()
        self._busy: dict[tuple[str, str], int] = {}
        self._refused = 0
        self.most_threads: dict[str, int] = {}

    @contextmanager
    def slot(self, user: ApiUser, endpoint: str) -> Iterator[None]:
        """Hold a thread slot for one call.

        Raises:
            RefusedError: 429 (every seventh time 500) with the thread text, or 429 when the hour is used up.
        """
        key = (user.integration_code, endpoint)
        limit = self._database.switches.thread_limit
        with self._lock:
            busy = self._busy.get(key, 0)
            if busy >= limit and not user.legacy_threads:
                self._refused += 1
                odd = self._refused % _ODD_STATUS_EVERY == 0
                self._count()
                raise RefusedError(
                    f"The Autotask API thread threshold of {limit} threads has been exceeded. (Itgenatr005)",
                    status=HTTPStatus.INTERNAL_SERVER_ERROR if odd else HTTPStatus.TOO_MANY_REQUESTS,
                )
            self._busy[key] = busy + 1
            self.most_threads[endpoint] = max(self.most_threads.get(endpoint, 0), busy + 1)
        try:
            pause = self._enter(user, busy + 1)
            if pause:
                time.sleep(pause * self._database.switches.time_scale)
            yield
        finally:
            with self._lock:
                self._busy[key] -= 1

    def _enter(self, user: ApiUser, busy: int) -> float:
        """Count the call and return how long it is slowed, in seconds."""
        switches = self._database.switches
        with self._lock:
            self._count()
            used = self._used()
        if used > switches.hourly_limit:
            raise RefusedError(
                f"The Autotask API request threshold of {switches.hourly_limit} requests per 60 minutes has been "
                "exceeded.",
                status=HTTPStatus.TOO_MANY_REQUESTS,
            )
        pause = 0.0
        if switches.latency_tiers:
            pause = next((slow for share, slow in _TIERS if used >= share * switches.hourly_limit), 0.0)
        if user.legacy_threads and busy >= _LEGACY_FIRST:
            pause += 1.0 if busy >= _LEGACY_LAST else _LEGACY_STEP_SECONDS
        return pause

    def _count(self) -> None:
        minute = int(self._database.now_utc().timestamp()) // 60
        if self._buckets and self._buckets[-1][0] == minute:
            self._buckets[-1][1] += 1
        else:
            self._buckets.append([minute, 1])

    def _used(self) -> int:
        oldest = (int(self._database.now_utc().timestamp()) - _WINDOW_SECONDS) // 60
        while self._buckets and self._buckets[0][0] <= oldest:
            self._buckets.popleft()
        return (
            sum(count for _minute, count in self._buckets) + self._database.switches.strangers_calls_per_hour
        )

    def used_this_hour(self) -> int:
        """Return the calls of the last 60 minutes, strangers' included."""
        with self._lock:
            return self._used()

    def threads_now(self) -> dict[str, int]:
        """Return the calls under way per object."""
        with self._lock:
            now: dict[str, int] = {}
            for (_code, endpoint), count in self._busy.items():
                if count:
                    now[endpoint] = now.get(endpoint, 0) + count
            return now

    def to_state(self) -> list[list[int]]:
        """Return the minutes' counts."""
        with self._lock:
            return [list(bucket) for bucket in self._buckets]

    def load_state(self, state: Any) -> None:
        """Take over the minutes' counts."""
        with self._lock:
            self._buckets = deque([int(minute), int(count)] for minute, count in state or [])
