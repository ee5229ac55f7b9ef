"""Keeps the sandbox's state in one JSON file: written a moment after a change, replaced in one step."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

FORMAT = 2
#: A snapshot may take at most this share of the time.
_MAX_SHARE = 0.05
_log = logging.getLogger(__name__)


class StateFile:
    """A debounced snapshot file.

    Args:
        path: the JSON file, None keeps nothing.
        collect: returns the whole state as JSON-able data.
        quiet_seconds: how long to gather changes before writing.
    """

    def __init__(
        self, path: Path | None, collect: Callable[[], dict[str, Any]], quiet_seconds: float = 1.0
    ) -> None:
        self.path = path
        self._collect = collect
        self._quiet = quiet_seconds
        self._dirty = threading.Event()
        self._closed = threading.Event()
        self._writing = threading.Lock()
        self._thread: threading.Thread | None = None
        self.last_error: str | None = None

    def start(self) -> None:
        """Start watching for changes."""
        if self.path is not None:
            self._thread = threading.Thread(target=self._watch, name="sandbox-state", daemon=True)
            self._thread.start()

    def mark(self) -> None:
        """Say that something has changed."""
        self._dirty.set()

    def _watch(self) -> None:
        while not self._closed.is_set():
            self._dirty.wait()
            if self._closed.wait(self._quiet):
                return
            started = time.monotonic()
            try:
                self.save()
            except OSError as error:
                # The double goes on without its memory; the page shows the reason.
                self.last_error = f"{type(error).__name__}: {error.strerror}"
                _log.warning("the state could not be saved: %s", self.last_error)
            self._closed.wait((time.monotonic() - started) / _MAX_SHARE)

    def save(self) -> None:
        """Write a snapshot now.

        Raises:
            OSError: the file cannot be written.
        """
        if self.path is None:
            return
        with self._writing:
            self._dirty.clear()
            text = json.dumps({"format": FORMAT, **self._collect()}, separators=(",", ":"))
            self.path.parent.mkdir(parents=True, exist_ok=True)
            fresh = self.path.with_name(f".{self.path.name}.new")
            fresh.touch(mode=0o600)
            with fresh.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self.path)
            self.last_error = None

    def load(self) -> dict[str, Any] | None:
        """Return the kept state, None when there is none or another version wrote it."""
        if self.path is None or not self.path.exists():
            return None
        try:
            state = json.loads(self.path.read_text(encoding="utf-8"))
        except ValueError:
            _log.warning("%s is not readable JSON; the sandbox starts afresh", self.path.name)
            return None
        return state if isinstance(state, dict) and state.get("format") == FORMAT else None

    def close(self) -> None:
        """Stop watching and write a last snapshot when something is unsaved."""
        self._closed.set()
        unsaved = self._dirty.is_set()
        self._dirty.set()
        if self._thread is not None:
            self._thread.join(timeout=10)
        if unsaved or (self.path is not None and not self.path.exists()):
            self.save()
