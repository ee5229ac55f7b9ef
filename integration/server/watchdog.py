"""Outlives a supervisor that was killed, just long enough to end what it left running.

The kernel's SIGTERM at a parent's death (see `processes.spawn`) is only a request, and only Linux sends it. A
worker whose broker died with it can wait on that broker for minutes, so somebody has to count the seconds.

Run as `python watchdog.py`; standard input tells `+PID` and `-PID` of session leaders, its end is the alarm.
"""

from __future__ import annotations

import os
import signal
import sys
import time

_PATIENCE_SECONDS = 6.0
_LOOK_SECONDS = 0.1


def main() -> None:
    """Follow the supervisor's children until it ends, then end those that are left."""
    # Whoever stops the supervisor with a signal to its group must not stop this.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    leaders: set[int] = set()
    for line in sys.stdin:
        pid = int(line[1:])
        if line[0] == "+":
            leaders.add(pid)
        else:
            leaders.discard(pid)
    end_sessions(leaders)


def end_sessions(leaders: set[int]) -> None:
    """Ask the process groups to stop, wait, kill what is left."""
    _signal_groups(leaders, signal.SIGTERM)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline and _signal_groups(leaders, 0):
        time.sleep(_LOOK_SECONDS)
    _signal_groups(leaders, signal.SIGKILL)


def _signal_groups(leaders: set[int], number: int) -> bool:
    """Send a signal to each group; return whether any of them still has a member."""
    is_any = False
    for pid in leaders:
        try:
            os.killpg(pid, number)
        except (ProcessLookupError, PermissionError):
            continue
        is_any = True
    return is_any


if __name__ == "__main__":
    main()
