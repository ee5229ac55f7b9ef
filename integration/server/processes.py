"""Child processes that cannot outlive their parent."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

_PR_SET_PDEATHSIG = 1
# Loaded once, before any fork: a child between fork and exec must not load libraries.
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True)
class Program:
    """What to run and how to stop it.

    `stop_seconds` is how long it may take to end after SIGTERM before it is killed.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_seconds: float = 3


def spawn(
    program: Program,
    *,
    folder: Path,
    output: int | IO[bytes],
    environment: Mapping[str, str] | None = None,
    run_as: Mapping[str, Any] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own, its standard output and error both going to `output`.

    The program's own environment is added to `environment`, by default ours. `run_as` may hold subprocess's "user", "group" and "extra_groups".

    On Linux the kernel sends it SIGTERM when the calling *thread* ends, so call from the main thread.

    Raises:
        OSError: the program cannot be started.
    """
    parent = os.getpid()

    def before_exec() -> None:
        if _libc is not None:
            _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
            # The parent may have died before the line above took effect.
            if os.getppid() != parent:
                os._exit(1)

    return subprocess.Popen(  # noqa: S603 - commands are ours, no shell
        list(program.command),
        cwd=folder,
        env={**(os.environ if environment is None else environment), **program.environment},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        **(run_as or {}),
        preexec_fn=before_exec,  # noqa: PLW1509 - callers have one thread, or hold no lock that exec needs
    )


def ask_to_stop(process: subprocess.Popen[bytes], number: signal.Signals = signal.SIGTERM) -> None:
    """Signal the process itself; it stops its own children."""
    if process.poll() is None:
        process.send_signal(number)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill whatever is left of the process and the children in its session."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        # Nobody is left; macOS answers "not permitted" when only a zombie is.
        return


def stop(process: subprocess.Popen[bytes], *, seconds: float) -> None:
    """Ask the process to stop, wait, then kill its whole session."""
    ask_to_stop(process)
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    kill_group(process)
    process.wait()


def describe_exit(code: int) -> str:
    """Return an exit code in words: "exit code 3" or "signal SIGKILL"."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"
