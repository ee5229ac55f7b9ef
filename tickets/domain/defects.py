"""What is said of a row that RMM Bridge stumbles over, and when it is tried again. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

#: What a person is told to do; also tells such rows from others in lists.
DEFECT_REMEDY: Final = "This is a defect in RMM Bridge; the log has the details. It is tried again by itself, and when you press Retry."
#: The same of a message about something the vendor sends in a form that cannot be read.
UNREADABLE_REMEDY: Final = "The vendor answered in a form it does not document. It is asked again by itself; if it stays so, look at the object there and tell its support."
_PAUSES_MINUTES: Final = (1, 5, 15, 60)


def pause_after(times: int) -> timedelta:
    """Return how long a row is left alone after it failed `times` times in a row (1 and up)."""
    return timedelta(minutes=_PAUSES_MINUTES[min(max(times, 1), len(_PAUSES_MINUTES)) - 1])


def describe_defect(error: Exception) -> str:
    """Return what happened, in words; at most 1,000 characters."""
    return f"RMM Bridge stumbled over it: {type(error).__name__}: {error}"[:1000]
