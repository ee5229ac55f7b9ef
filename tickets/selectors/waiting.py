"""How much waits for a person, for the menu of every page: counted once per some seconds for all processes."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any, Final

import redis

from integration.redis_store import key, read_note, write_note
from tickets.selectors.inbox import count_by_permission, list_groups

#: A worker counts this often, so that no page has to.
_FRESH_SECONDS: Final = 10
#: Older than this, without a worker, a count is not shown any more.
_SECONDS: Final = 60
_NAME: Final = "waiting-for-people"


class _OwnCount:
    """What this process counted while Redis did not answer."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.until = 0.0


_own = _OwnCount()


def read_counts() -> dict[str, int] | None:
    """Return how many things wait by the permission one needs to see them, None when nobody counted lately.

    Workers count every 10 s, and so do the pages that show what waits. No other page counts: it would cost each of
    them as much as the page itself. Without Redis each process knows what its own pages counted, and does not ask
    Redis again while that is fresh.
    """
    if time.monotonic() < _own.until:
        return _own.counts
    stored = _read()
    if stored is None:
        return None
    return {str(permission): int(count) for permission, count in stored["counts"].items()}


def remember(counts: dict[str, int]) -> None:
    """Keep a fresh count, so that the menu agrees with the page that made it."""
    try:
        write_note(key(_NAME), {"counts": dict(counts), "at": time.time()}, _SECONDS)
    except redis.RedisError:
        _own.counts, _own.until = counts, time.monotonic() + _SECONDS
    else:
        _own.until = 0.0


def keep_fresh(now: datetime) -> None:
    """Count anew when the count is a few seconds old; called by the sweep."""
    stored = _read()
    if stored is None or time.time() - float(stored["at"]) >= _FRESH_SECONDS:
        remember(count_by_permission(list_groups(now)))


def _read() -> dict[str, Any] | None:
    try:
        stored = read_note(key(_NAME))
    except (redis.RedisError, ValueError):
        return None
    return stored if stored is not None and "counts" in stored else None
