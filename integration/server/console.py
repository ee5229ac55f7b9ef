"""One log of many processes: each line with the name of its process, in its own colour on a terminal."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field

_COLORS = {"web": 36, "alerts": 32, "sync": 34, "beat": 35, "sandbox": 33, "server": 1}
_WIDTH = 8
#: A line longer than this is cut in two, so that a process without line ends cannot fill our memory.
_MAX_LINE = 64 * 1024


class ConsoleClosed(Exception):  # noqa: N818 - an event, not a fault
    """Nobody reads our standard output any more."""


@dataclass(slots=True)
class Console:
    """Writes whole lines to standard output."""

    is_colored: bool = field(default_factory=lambda: sys.stdout.isatty() and "NO_COLOR" not in os.environ)
    _rest: dict[str, bytes] = field(default_factory=dict)

    def feed(self, name: str, data: bytes) -> None:
        """Take output of a process as it comes; complete lines are written, the rest waits."""
        *lines, rest = (self._rest.pop(name, b"") + data).split(b"\n")
        if len(rest) > _MAX_LINE:
            lines.append(rest)
            rest = b""
        if rest:
            self._rest[name] = rest
        for line in lines:
            self.line(name, line.decode(errors="replace").rstrip("\r"))

    def finish(self, name: str) -> None:
        """Write what a process left without a line end."""
        rest = self._rest.pop(name, b"")
        if rest:
            self.line(name, rest.decode(errors="replace"))

    def line(self, name: str, text: str) -> None:
        """Write one line.

        Raises:
            ConsoleClosed: nobody reads them.
        """
        prefix = f"{name:<{_WIDTH}} |"
        if self.is_colored:
            prefix = f"\x1b[{_COLORS.get(name, 37)}m{prefix}\x1b[0m"
        self._write(f"{prefix} {text}\n")

    def block(self, lines: list[str]) -> None:
        """Write lines without a prefix, set apart by blank ones."""
        self._write("\n" + "".join(f"  {line}\n" for line in lines) + "\n")

    def _write(self, text: str) -> None:
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except BrokenPipeError as error:
            # Python would complain again when it flushes at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise ConsoleClosed from error
