"""Wait for something to become true, and say what did not."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_for(condition: Callable[[], T], what: str, *, seconds: float = 20, interval: float = 0.02) -> T:
    """Return the first true answer of `condition`.

    Raises:
        TimeoutError: it did not come; names `what` was awaited.
    """
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:g} s in vain until {what}")
        time.sleep(interval)
    return answer
