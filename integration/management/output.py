"""What our commands share: plain lines for people on standard error, JSON for machines on standard output."""

from __future__ import annotations

import json
import sys
import time
from typing import Any, TextIO

from integration.models import SyncRun
from integration.preflight_checks import Outcome

_MARKS = {"pass": "ok  ", "warn": "warn", "fail": "FAIL"}
_BAR = 30
_LINE_SECONDS = 5.0


def checks_json(outcomes: list[Outcome]) -> list[dict[str, str]]:
    """Return check outcomes as the stable JSON shape."""
    return [
        {
            "name": outcome.name,
            "title": outcome.title,
            "status": str(outcome.status.value),
            "detail": outcome.detail,
            "remedy": outcome.remedy,
        }
        for outcome in outcomes
    ]


def check_line(outcome: Outcome) -> str:
    """Return one check as a line, with the cure under it when there is one."""
    line = f"{_MARKS[outcome.status.value]}  {outcome.title}: {outcome.detail}"
    return f"{line}\n      -> {outcome.remedy}" if outcome.remedy and outcome.status.value != "pass" else line


def to_json(value: Any) -> str:
    """Return indented JSON."""
    return json.dumps(value, indent=2, ensure_ascii=False)


class Progress:
    """Shows a run's progress: a bar on a terminal, a plain line now and then elsewhere."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._is_terminal = self._stream.isatty()
        self._line_at = 0.0
        self._label = ""

    def __call__(self, run: SyncRun) -> None:
        """Show where the run is."""
        done, total = run.progress_done, run.progress_total
        if self._is_terminal:
            share = min(1.0, done / total) if total else 0.0
            bar = ("#" * round(share * _BAR)).ljust(_BAR, ".")
            count = f"{done:,} of {total:,}" if total else f"{done:,}"
            self._stream.write(f"\r\x1b[K[{bar}] {run.progress_label}: {count}")
            self._stream.flush()
            return
        now = time.monotonic()
        if run.progress_label != self._label or now - self._line_at > _LINE_SECONDS:
            self._label, self._line_at = run.progress_label, now
            self._stream.write(
                f"{run.kind}: {run.progress_label}: {done}" + (f" of {total}" if total else "") + "\n"
            )

    def end(self) -> None:
        """Clear the bar."""
        if self._is_terminal:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
