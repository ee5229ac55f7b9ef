"""Keeps children running together: their output, their unexpected ends, and the order in which they stop.

Everything happens in one thread. That makes forking safe and ties the children's lives to the process.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType

from integration.server.console import Console, ConsoleClosed
from integration.server.processes import Program, ask_to_stop, describe_exit, kill_group, spawn

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_TICK_SECONDS = 0.1


class StopRequested(Exception):  # noqa: N818 - an event, not a fault
    """A person or the system asked us to stop."""


class ChildEnded(Exception):  # noqa: N818 - an event, not a fault
    """A child that should run ended by itself."""

    def __init__(self, name: str, code: int) -> None:
        super().__init__(f"{name} ended unexpectedly with {describe_exit(code)}")


@dataclass(slots=True)
class Child:
    """A running program."""

    program: Program
    process: subprocess.Popen[bytes]
    #: A one-off job may end, with 0 or anything else.
    may_end: bool


@dataclass(slots=True)
class Supervisor:
    """Starts programs, relays their output and stops them; use as a context manager."""

    folder: Path
    console: Console
    children: list[Child] = field(default_factory=list)
    _selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    _watchdog: subprocess.Popen[bytes] | None = None
    _signals: int = 0
    _before: dict[signal.Signals, object] = field(default_factory=dict)

    def __enter__(self) -> Supervisor:
        for number in _SIGNALS:
            self._before[number] = signal.signal(number, self._on_signal)
        self._watchdog = subprocess.Popen(  # noqa: S603 - our own file
            [sys.executable, str(Path(__file__).with_name("watchdog.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave nothing behind, whatever happened."""
        for child in self.children:
            kill_group(child.process)
            child.process.wait()
            self._tell_watchdog("-", child)
        if self._watchdog is not None:
            self._watchdog.communicate()
        self._selector.close()
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal.signal returned

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._signals += 1
        if self._signals > 1:
            # Asked twice: whoever waits does not want to wait.
            for child in self.children:
                kill_group(child.process)

    def start(self, program: Program, *, may_end: bool = False) -> Child:
        """Start a program.

        Raises:
            OSError: it cannot be started.
        """
        process = spawn(program, folder=self.folder, output=subprocess.PIPE)
        child = Child(program, process, may_end)
        self.children.append(child)
        self._tell_watchdog("+", child)
        if process.stdout is not None:
            os.set_blocking(process.stdout.fileno(), False)
            self._selector.register(process.stdout, selectors.EVENT_READ, program.name)
        return child

    def run(self, program: Program) -> int:
        """Run a program to its end and return its exit code; the others are watched meanwhile."""
        child = self.start(program, may_end=True)
        self.watch(lambda: child.process.poll() is not None)
        return self.result(child)

    def result(self, child: Child) -> int:
        """Return the exit code of a child that ended, after the rest of its output."""
        code = child.process.wait()
        self._forget(child)
        return code

    def watch(self, until: Callable[[], object], *, seconds: float = float("inf")) -> bool:
        """Relay output until the condition holds; False when it did not within `seconds`.

        Raises:
            StopRequested: a signal came, or our output has no reader.
            ChildEnded: a child that should run ended.
        """
        deadline = time.monotonic() + seconds
        look_at = 0.0
        try:
            while True:
                if self._signals:
                    raise StopRequested
                self._require_alive()
                # Not at every line of output: the look itself may make a child print one.
                if time.monotonic() >= look_at:
                    if until():
                        return True
                    look_at = time.monotonic() + _TICK_SECONDS
                if time.monotonic() > deadline:
                    return False
                self._relay(_TICK_SECONDS)
        except ConsoleClosed as error:
            raise StopRequested from error

    def _require_alive(self) -> None:
        for child in self.children:
            code = child.process.poll()
            if code is not None and not child.may_end:
                self._forget(child)
                raise ChildEnded(child.program.name, code)

    def _relay(self, seconds: float) -> None:
        for key, _ in self._selector.select(seconds):
            self._read(key)

    def _read(self, key: selectors.SelectorKey) -> None:
        with suppress(BlockingIOError):
            data = os.read(key.fd, 65536)
            if data:
                self.console.feed(key.data, data)
            else:
                self._selector.unregister(key.fileobj)
                self.console.finish(key.data)

    def _forget(self, child: Child) -> None:
        """Drop a child that ended, after the rest of its output and with all it may have left running."""
        kill_group(child.process)
        for key in list(self._selector.get_map().values()):
            if key.fileobj is child.process.stdout:
                self._drain(key)
                self._selector.unregister(key.fileobj)
                self.console.finish(key.data)
        if child.process.stdout is not None:
            child.process.stdout.close()
        self._tell_watchdog("-", child)
        if child in self.children:
            self.children.remove(child)

    def _tell_watchdog(self, sign: str, child: Child) -> None:
        if self._watchdog is not None and self._watchdog.stdin is not None:
            # Without it we still stop our children ourselves, as long as we live.
            with suppress(BrokenPipeError):
                self._watchdog.stdin.write(f"{sign}{child.process.pid}\n".encode())
                self._watchdog.stdin.flush()

    def _drain(self, key: selectors.SelectorKey) -> None:
        with suppress(BlockingIOError):
            while data := os.read(key.fd, 65536):
                self.console.feed(key.data, data)

    def stop_all(self, order: Iterable[Iterable[str]]) -> None:
        """Stop the children, one group of names after the other; then the rest in one go."""
        for names in [*map(set, order), {child.program.name for child in self.children}]:
            group = [child for child in self.children if child.program.name in names]
            for child in group:
                ask_to_stop(child.process)
            deadline = time.monotonic() + max((child.program.stop_seconds for child in group), default=0)
            while group and time.monotonic() < deadline and self._signals < 2:  # noqa: PLR2004 - asked twice
                with suppress(ConsoleClosed):
                    self._relay(0.02)
                for child in [child for child in group if child.process.poll() is not None]:
                    group.remove(child)
                    self._end(child)
            for child in group:
                with suppress(ConsoleClosed):
                    self.console.line("server", f"{child.program.name} did not stop in time and was killed")
                kill_group(child.process)
                child.process.wait()
                self._end(child)

    def _end(self, child: Child) -> None:
        with suppress(ConsoleClosed):
            self._forget(child)
        if child in self.children:
            self.children.remove(child)
