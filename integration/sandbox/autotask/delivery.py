"""Ordered background queues: one per receiver, one thread each while there is something to send."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

Job = dict[str, Any]


class Lanes:
    """Runs jobs of one lane in order, lanes beside each other.

    `work(lane, job)` must not raise; it returns False to drop everything else that waits in the lane.
    """

    def __init__(self, name: str, work: Callable[[str, Job], bool]) -> None:
        self._name = name
        self._work = work
        self._waiting: dict[str, deque[Job]] = {}
        self._running: set[str] = set()
        self._changed = threading.Condition()
        self._stopped = threading.Event()

    def put(self, lane: str, job: Job) -> None:
        """Queue a job."""
        with self._changed:
            if self._stopped.is_set():
                return
            self._waiting.setdefault(lane, deque()).append(job)
            if lane in self._running:
                return
            self._running.add(lane)
        threading.Thread(target=self._run, args=(lane,), name=f"{self._name}-{lane}", daemon=True).start()

    def pause(self, seconds: float) -> bool:
        """Wait, or return False at once when the lanes are stopped."""
        return not self._stopped.wait(seconds)

    def stop(self) -> None:
        """Drop what waits; a job under way ends by itself."""
        self._stopped.set()
        with self._changed:
            self._waiting.clear()
            self._changed.notify_all()

    def waiting(self) -> dict[str, list[Job]]:
        """Return copies of the queues, the job under way first."""
        with self._changed:
            return {lane: list(jobs) for lane, jobs in self._waiting.items() if jobs}

    def wait_until_idle(self, timeout_seconds: float) -> bool:
        """Wait until nothing is queued or under way; False when the time is up."""
        until = time.monotonic() + timeout_seconds
        with self._changed:
            while self._running:
                if not self._changed.wait(max(0.0, until - time.monotonic())) and time.monotonic() >= until:
                    return False
        return True

    def _run(self, lane: str) -> None:
        while True:
            with self._changed:
                jobs = self._waiting.get(lane)
                if not jobs:
                    self._running.discard(lane)
                    self._changed.notify_all()
                    return
                job = jobs[0]
            go_on = self._work(lane, job)
            with self._changed:
                jobs = self._waiting.get(lane)
                if jobs:
                    # The job stays first while it is sent, so a saved state still holds it.
                    jobs.popleft()
                    if not go_on:
                        jobs.clear()
