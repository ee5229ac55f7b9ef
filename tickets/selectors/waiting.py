"""How much waits for a person, for the menu of every page: counted once per some seconds for all processes."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Final

import redis

from integration.redis_store import key, read_note, write_note
from tickets.selectors.inbox import count_by_permission, list_groups

_SECONDS: Final = 15
_NAME: Final = "waiting-for-people"


class _OwnCount:
    """What this process counted while Redis did not answer."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.until = 0.0


_own = _OwnCount()


def read_counts(now: datetime) -> dict[str, int]:
    """Return how many things wait by the permission one needs to see them; at most 15 s old.

    Without Redis each process counts for itself, and does not ask Redis again while its count is fresh.
    """
    if time.monotonic() < _own.until:
        return _own.counts
    try:
        stored = read_note(key(_NAME))
    except (redis.RedisError, ValueError):
        stored = None
    if stored is not None:
        return {str(permission): int(count) for permission, count in stored.items()}
    counts = count_by_permission(list_groups(now))
    remember(counts)
    return counts


def remember(counts: dict[str, int]) -> None:
    """Keep a fresh count, so that the menu agrees with the page that made it."""
    try:
        write_note(key(_NAME), dict(counts), _SECONDS)
    except redis.RedisError:
        _own.counts, _own.until = counts, time.monotonic() + _SECONDS
    else:
        _own.until = 0.0
