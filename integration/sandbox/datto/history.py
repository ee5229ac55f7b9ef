"""Six months of resolved alerts, made on demand: alert number i is a pure function of the world's seed.

XL has some 2.7 million of them; none is stored. A uid carries its number in disguise, so a single alert is found
without a search, and a device's alerts are found through the table that deals numbers out to (device, monitor) pairs.
"""

# ruff: noqa: PLR2004 - chances of made-up data are literal on purpose

from __future__ import annotations

import hashlib
import math
import uuid
from bisect import bisect_right
from collections.abc import Iterator
from random import Random

from .contexts import build_context, label_for, message_for
from .model import Alert, Device, Monitor

DAY_MS = 86_400_000
HISTORY_DAYS = 180
#: Share of a day's alerts by hour: business hours weigh three times as much.
_HOURS = [1.0] * 8 + [3.0] * 10 + [1.0] * 6
_RESOLVERS = ("System", "System", "System", "System", "API Bridge", "A. Novak", "J. Reyes")


class History:
    """Deals `total` alerts over the 180 days before `now_ms`; number 0 is the oldest.

    Args:
        seed: the world's seed.
        now_ms: when the world was built.
        per_day: mean number of alerts a day.
        table: (device uid, monitor key) pairs; a pair that stands twice fires twice as often.
    """

    def __init__(self, *, seed: int, now_ms: int, per_day: int, table: list[tuple[str, int]]) -> None:
        self._seed = seed
        self._start = now_ms - HISTORY_DAYS * DAY_MS
        self._table = table
        self._days = self._day_edges(per_day)
        self.total = self._days[-1] if table else 0
        self._hour_edges = self._cumulate(_HOURS)
        size = max(1, len(table))
        step = max(1, int(size * 0.618))
        while math.gcd(step, size) != 1:
            step += 1
        self._step = step
        self._inverse = pow(step, -1, size) if size > 1 else 0
        self._slots: dict[str, list[int]] | None = None

    def _day_edges(self, per_day: int) -> list[int]:
        rng = Random(f"{self._seed}:days")
        edges = [0]
        for day in range(HISTORY_DAYS):
            weekday = (self._start // DAY_MS + day + 3) % 7
            factor = (0.45 if weekday >= 5 else 1.22) * rng.uniform(0.85, 1.15)
            edges.append(edges[-1] + round(per_day * factor))
        return edges

    @staticmethod
    def _cumulate(weights: list[float]) -> list[float]:
        total, edges = sum(weights), [0.0]
        for weight in weights:
            edges.append(edges[-1] + weight / total)
        return edges

    def timestamp(self, number: int) -> int:
        """Return when alert `number` was raised; never decreases with the number."""
        day = bisect_right(self._days, number) - 1
        span = self._days[day + 1] - self._days[day]
        share = (number - self._days[day]) / span
        hour = min(23, bisect_right(self._hour_edges, share) - 1)
        inside = (share - self._hour_edges[hour]) / (self._hour_edges[hour + 1] - self._hour_edges[hour])
        return self._start + day * DAY_MS + int((hour + inside) * 3_600_000)

    def pair(self, number: int) -> tuple[str, int]:
        """Return the (device uid, monitor key) alert `number` belongs to."""
        return self._table[number * self._step % len(self._table)]

    def uid(self, number: int) -> str:
        """Return the alert uid: looks random, decodes with `number_of`."""
        check = self._digest(f"check:{number}")
        body = number ^ int.from_bytes(self._digest(f"mask:{check.hex()}"), "big")
        return str(uuid.UUID(bytes=check + b"\x40\x00\x80\x00" + body.to_bytes(6, "big")))

    def number_of(self, uid: str) -> int | None:
        """Return the number behind a uid, None when this history did not make it."""
        try:
            raw = uuid.UUID(uid).bytes
        except ValueError:
            return None
        check, body = raw[:6], int.from_bytes(raw[10:], "big")
        number = body ^ int.from_bytes(self._digest(f"mask:{check.hex()}"), "big")
        return number if number < self.total and self._digest(f"check:{number}") == check else None

    def _digest(self, text: str) -> bytes:
        return hashlib.blake2b(f"{self._seed}:{text}".encode(), digest_size=6).digest()

    def numbers_of(self, device_uid: str) -> Iterator[int]:
        """Yield a device's alert numbers, newest first within each of its table slots."""
        if self._slots is None:
            self._slots = {}
            for slot, (uid, _key) in enumerate(self._table):
                self._slots.setdefault(uid, []).append(slot)
        size = len(self._table)
        for slot in self._slots.get(device_uid, ()):
            first = slot * self._inverse % size
            last = first + (self.total - 1 - first) // size * size if first < self.total else -1
            yield from range(last, first - 1, -size) if last >= 0 else ()

    def build(self, number: int, device: Device, site_name: str, monitor: Monitor) -> Alert:
        """Return alert `number`, resolved: 60 % within 15 minutes, the rest within two days."""
        rng = Random(f"{self._seed}:{number}")
        raised = self.timestamp(number)
        context = build_context(monitor.context_class, monitor.subject, rng)
        minutes = rng.uniform(1, 15) if rng.random() < 0.6 else rng.uniform(15, 2880)
        subject = monitor.name or monitor.subject
        return Alert(
            uid=self.uid(number),
            priority=monitor.priority,
            timestamp=raised,
            context=context,
            device_uid=device.uid,
            device_name=device.hostname,
            site_uid=device.site_uid,
            site_name=site_name,
            label=label_for(context),
            message=message_for(context, subject),
            autoresolve_mins=monitor.autoresolve_mins,
            resolved=True,
            resolved_by=rng.choice(_RESOLVERS),
            resolved_on=raised + int(minutes * 60_000),
        )
