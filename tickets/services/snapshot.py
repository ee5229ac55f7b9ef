"""Settings read once for a batch of alerts: within `same_settings()`, rules, defaults and policy are not read again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

T = TypeVar("T")

_KEPT: ContextVar[dict[Any, Any] | None] = ContextVar("settings_snapshot", default=None)


@contextmanager
def same_settings() -> Iterator[None]:
    """Decide everything inside by the settings as they stand now. For batches of seconds, not longer."""
    if _KEPT.get() is not None:
        yield
        return
    token = _KEPT.set({})
    try:
        yield
    finally:
        _KEPT.reset(token)


def read_once(key: Any, load: Callable[[], T]) -> T:
    """Return what `load` returns; within `same_settings()` it is called once for each key."""
    kept = _KEPT.get()
    if kept is None:
        return load()
    if key not in kept:
        kept[key] = load()
    found: T = kept[key]
    return found
