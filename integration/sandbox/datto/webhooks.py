"""Sends alert webhooks the way Datto RMM does: free-form body, `[placeholder]`s filled in without any escaping."""

from __future__ import annotations

import heapq
import http.client
import itertools
import re
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlsplit

_PLACEHOLDER = re.compile(r"\[([a-z_]+)\]")
_BODY = (
    '{{"event": "{event}", "alert_uid": "[alert_uid]", "alert_type": "[alert_type]", '
    '"alert_category": "[alert_category]", "alert_priority": "[alert_priority]", '
    '"alert_message": "[alert_message]", "device_uid": "[device_uid]", "device_id": "[device_id]", '
    '"device_hostname": "[device_hostname]", "device_ip": "[device_ip]", "last_user": "[last_user]", '
    '"site_uid": "[site_uid]", "site_id": "[site_id]", "site_name": "[site_name]", "platform": "[platform]"}}'
)
_LOG_LENGTH = 500
_WORKERS = 8


def fill(template: str, values: dict[str, str]) -> str:
    """Return the template with known `[placeholders]` replaced, unescaped; unknown ones stay as they are."""
    return _PLACEHOLDER.sub(lambda match: values.get(match.group(1), match.group(0)), template)


@dataclass(slots=True)
class WebhookConfig:
    """Where and how alert webhooks go.

    Attributes:
        url: target, "" switches webhooks off.
        headers: extra request headers.
        raised_body: body template for a raised alert.
        resolved_body: body template for a resolved alert, "" sends none.
        copies: how often each delivery is sent (1 = at most once).
        drop_next: this many deliveries get lost without a trace.
        delay_ms: wait before each delivery.
        resolved_first: hold "raised" back until after "resolved" was sent.
        timeout_seconds: how long to wait for an answer.
    """

    url: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    raised_body: str = _BODY.format(event="raised")
    resolved_body: str = _BODY.format(event="resolved")
    copies: int = 1
    drop_next: int = 0
    delay_ms: int = 0
    resolved_first: bool = False
    timeout_seconds: float = 10.0

    def change(self, values: dict[str, Any]) -> None:
        """Set fields by name; nothing is changed when one of them is wrong.

        Raises:
            ValueError: names the field and what it takes.
        """
        clean: dict[str, Any] = {}
        for name, value in values.items():
            if name not in self.__dataclass_fields__:
                known = ", ".join(self.__dataclass_fields__)
                raise ValueError(f"{name}: no such webhook field. Known fields: {known}.")
            clean[name] = self._checked(name, value)
        for name, value in clean.items():
            setattr(self, name, value)

    def _checked(self, name: str, value: Any) -> Any:
        wanted = type(getattr(self, name))
        if wanted is float and type(value) is int:
            value = float(value)
        if type(value) is not wanted:
            raise ValueError(f"{name}: expected {wanted.__name__}, got {type(value).__name__}.")
        if name == "url":
            check_url("url", value)
        if name == "headers":
            for key, text in value.items():
                if (
                    not isinstance(text, str)
                    or not re.fullmatch(r"[A-Za-z0-9-]+", key)
                    or "\n" in text
                    or "\r" in text
                ):
                    raise ValueError(
                        "headers: expected names and one-line texts, for example {'X-Secret': 'abc'}."
                    )
        if wanted in (int, float) and value < 0:
            raise ValueError(f"{name}: must not be negative.")
        return value


def check_url(name: str, url: str) -> None:
    """Accept "" and http(s) addresses.

    Raises:
        ValueError: anything else.
    """
    if url:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"{name}: expected an address that starts with http:// or https://.")


class DelayedPool:
    """A few daemon threads that run jobs when their time has come, oldest due first."""

    def __init__(self, name: str, workers: int = _WORKERS) -> None:
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._ready = threading.Condition()
        self._closed = False
        self._running = 0
        for number in range(workers):
            threading.Thread(target=self._work, name=f"{name}-{number}", daemon=True).start()

    def run_in(self, seconds: float, job: Callable[[], None]) -> None:
        """Run `job` after at least `seconds`; dropped silently once the pool is closed."""
        with self._ready:
            heapq.heappush(self._heap, (time.monotonic() + seconds, next(self._order), job))
            self._ready.notify()

    def _work(self) -> None:
        while True:
            with self._ready:
                while not self._closed and (not self._heap or self._heap[0][0] > time.monotonic()):
                    self._ready.wait(self._heap[0][0] - time.monotonic() if self._heap else None)
                if self._closed:
                    return
                job = heapq.heappop(self._heap)[2]
                self._running += 1
            try:
                job()
            finally:
                with self._ready:
                    self._running -= 1

    @property
    def pending(self) -> int:
        """Return how many jobs wait or run."""
        with self._ready:
            return len(self._heap) + self._running

    def close(self) -> None:
        """Stop after the jobs that run now; waiting ones are dropped."""
        with self._ready:
            self._closed = True
            self._heap.clear()
            self._ready.notify_all()


class WebhookSender:
    """Delivers webhooks from threads of its own and keeps a log of the last 500 deliveries.

    Args:
        on_result: called with (alert uid, delivered) after each real delivery; not for tests.
    """

    def __init__(self, on_result: Callable[[str, bool], None]) -> None:
        self.config = WebhookConfig()
        self.log: deque[dict[str, Any]] = deque(maxlen=_LOG_LENGTH)
        self._on_result = on_result
        self._lock = threading.Lock()
        self._held: dict[str, dict[str, str]] = {}
        self._pool = DelayedPool("sandbox-webhook")

    def alert_changed(self, event: str, alert_uid: str, values: dict[str, str]) -> None:
        """Queue the webhook for "raised" or "resolved"."""
        config = self.config
        if not config.url:
            return
        with self._lock:
            if event == "raised" and config.resolved_first:
                self._held[alert_uid] = values
                return
            late = self._held.pop(alert_uid, None) if event == "resolved" else None
        template = config.raised_body if event == "raised" else config.resolved_body
        if template:
            self._schedule(event, alert_uid, fill(template, values))
        if late is not None:
            self._schedule("raised", alert_uid, fill(config.raised_body, late), extra_seconds=0.1)

    def _schedule(self, event: str, alert_uid: str, body: str, *, extra_seconds: float = 0.0) -> None:
        config = self.config
        with self._lock:
            if config.drop_next > 0:
                config.drop_next -= 1
                self._note(event, alert_uid, outcome="dropped", ms=0)
                return
        for _copy in range(max(1, config.copies)):
            self._pool.run_in(
                config.delay_ms / 1000 + extra_seconds, lambda: self._deliver(event, alert_uid, body)
            )

    def _deliver(self, event: str, alert_uid: str, body: str) -> None:
        outcome, ms = self._post(body)
        self._note(event, alert_uid, outcome=outcome, ms=ms)
        self._on_result(alert_uid, outcome.startswith("2"))

    def send_test(self) -> dict[str, Any]:
        """Send the raised body with its placeholders as they stand, as the vendor's Test button does.

        Returns:
            The log entry: `{"at", "event", "alertUid", "outcome", "ms"}`.

        Raises:
            ValueError: no target address is set.
        """
        if not self.config.url:
            raise ValueError("url: set a webhook address first.")
        outcome, ms = self._post(self.config.raised_body)
        return self._note("test", "", outcome=outcome, ms=ms)

    def _post(self, body: str) -> tuple[str, int]:
        """Send one body; returns ("200" or the error in words, milliseconds)."""
        config = self.config
        started = time.monotonic()
        try:
            outcome = str(post(config.url, body.encode(), config.headers, config.timeout_seconds))
        except (OSError, http.client.HTTPException) as error:
            outcome = type(error).__name__
        return outcome, int((time.monotonic() - started) * 1000)

    def _note(self, event: str, alert_uid: str, *, outcome: str, ms: int) -> dict[str, Any]:
        entry = {
            "at": int(time.time() * 1000),
            "event": event,
            "alertUid": alert_uid,
            "outcome": outcome,
            "ms": ms,
        }
        self.log.append(entry)
        return entry

    def release_held(self) -> None:
        """Send what `resolved_first` still holds back."""
        with self._lock:
            held, self._held = self._held, {}
        for alert_uid, values in held.items():
            self._schedule("raised", alert_uid, fill(self.config.raised_body, values))

    @property
    def pending(self) -> int:
        """Return how many deliveries wait or run."""
        return self._pool.pending

    def to_state(self) -> dict[str, Any]:
        """Return the configuration as JSON-able data."""
        return asdict(self.config)

    def close(self) -> None:
        """Stop the threads."""
        self._pool.close()


def post(url: str, body: bytes, headers: dict[str, str], timeout_seconds: float) -> int:
    """POST a body and return the status.

    Raises:
        OSError, http.client.HTTPException: no answer.
    """
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=timeout_seconds)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", target, body, {"Content-Type": "application/json", **headers})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()
