"""Faults in front of both vendors: latency, refusals, outages, and connections cut after the write was stored."""

from __future__ import annotations

import errno
import json
import re
import socket
import struct
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from fnmatch import fnmatchcase
from random import Random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

VENDORS = ("datto_rmm", "autotask")
KINDS = ("latency", "429", "500", "503", "outage", "cut_after_store", "slow_body")
_AUTOTASK_PATH = re.compile(r"^(/zone\d+)?/atservicesrest/", re.IGNORECASE)
_LOG_LENGTH = 500
_PIECES = 8
_HTML = b"<html><head><title>503 Service Unavailable</title></head><body><h1>Service Unavailable</h1></body></html>"


def vendor_of(path: str) -> str | None:
    """Return which vendor a path belongs to, None for the sandbox's own pages."""
    if path.startswith(("/api/", "/auth/oauth/")):
        return "datto_rmm"
    return "autotask" if _AUTOTASK_PATH.match(path) else None


@dataclass(slots=True)
class Fault:
    """One fault that is on.

    Attributes:
        vendor: "datto_rmm", "autotask" or "*".
        method: HTTP method or "*".
        path: shell-style pattern over the path, for example "*/Tickets"; letter case does not count.
        kind: one of `KINDS`.
        ms: latency, or how long a slow body takes, in milliseconds.
        jitter_ms: up to this much is added to the latency.
        retry_after: seconds in the Retry-After header of a 429, negative for none.
        count: how many more requests it hits, None for no limit.
        seconds: how long it stays on, None for no limit.
    """

    kind: str
    vendor: str = "*"
    method: str = "*"
    path: str = "*"
    ms: int = 1000
    jitter_ms: int = 0
    retry_after: int = 5
    count: int | None = None
    seconds: float | None = None
    id: int = 0
    hits: int = 0
    until: float | None = None

    @classmethod
    def from_values(cls, values: dict[str, Any]) -> Fault:
        """Read a fault as it comes from a form or from JSON.

        Raises:
            ValueError: names the field and what it takes.
        """
        given = {key: value for key, value in values.items() if value not in ("", None)}
        allowed = {item.name for item in fields(cls)} - {"id", "hits", "until"}
        for key in given:
            if key not in allowed:
                raise ValueError(f"{key}: no such field. Known fields: {', '.join(sorted(allowed))}.")
        if given.get("kind") not in KINDS:
            raise ValueError(f"kind: choose one of {', '.join(KINDS)}.")
        if given.get("vendor", "*") not in (*VENDORS, "*"):
            raise ValueError("vendor: choose datto_rmm, autotask or *.")
        for key in ("ms", "jitter_ms", "count", "retry_after"):
            if key in given:
                given[key] = _number(key, given[key], int)
        if "seconds" in given:
            given["seconds"] = _number("seconds", given["seconds"], float)
        fault = cls(**given)
        fault.method = fault.method.upper()
        return fault

    def fits(self, vendor: str, method: str, path: str) -> bool:
        """Return whether a request is one this fault is meant for."""
        return (
            self.vendor in (vendor, "*")
            and self.method in (method, "*")
            and fnmatchcase(path.lower(), self.path.lower())
        )

    @property
    def words(self) -> str:
        """Return what it does, for a person."""
        names = {"datto_rmm": "Datto RMM", "autotask": "Autotask", "*": "Both vendors"}
        what = {
            "latency": f"answers come {self.ms} ms late",
            "429": "every answer is 429 Too Many Requests",
            "500": "every answer is 500",
            "503": "every answer is 503 with an HTML page",
            "outage": "connections close without an answer",
            "cut_after_store": "requests are stored, then the connection is cut",
            "slow_body": f"answers take {self.ms} ms to arrive",
        }[self.kind]
        where = "" if (self.method, self.path) == ("*", "*") else f" on {self.method} {self.path}"
        left = f", {self.count} more times" if self.count is not None else ""
        ends = f", {max(0, round(self.until - time.monotonic()))} s left" if self.until is not None else ""
        return f"{names[self.vendor]}: {what}{where}{left}{ends}"


def _number(name: str, value: Any, kind: type[int] | type[float]) -> int | float:
    try:
        number = kind(value)
    except (TypeError, ValueError):
        raise ValueError(f"{name}: expected a number.") from None
    if number < 0 and name != "retry_after":
        raise ValueError(f"{name}: must not be negative.")
    return number


class FaultBoard:
    """The faults that are on. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._last_id = 0

    def add(self, fault: Fault) -> Fault:
        """Switch a fault on; its time starts now."""
        with self._lock:
            self._last_id += 1
            fault.id = self._last_id
            if fault.seconds is not None:
                fault.until = time.monotonic() + fault.seconds
            self._faults.append(fault)
        return fault

    def remove(self, number: int) -> bool:
        """Switch one off; False when it was not on."""
        with self._lock:
            before = len(self._faults)
            self._faults = [fault for fault in self._faults if fault.id != number]
            return len(self._faults) < before

    def clear(self) -> None:
        """Switch all off."""
        with self._lock:
            self._faults = []

    def active(self) -> list[Fault]:
        """Return the faults that are still on."""
        with self._lock:
            self._expire()
            return list(self._faults)

    def _expire(self) -> None:
        now = time.monotonic()
        self._faults = [
            fault
            for fault in self._faults
            if (fault.until is None or fault.until > now) and (fault.count is None or fault.count > 0)
        ]

    def take(self, vendor: str, method: str, path: str) -> list[Fault]:
        """Return the faults that hit this request and count it against them."""
        with self._lock:
            self._expire()
            hit = [fault for fault in self._faults if fault.fits(vendor, method, path)]
            for fault in hit:
                fault.hits += 1
                if fault.count is not None:
                    fault.count -= 1
            return hit

    def to_json(self) -> list[dict[str, Any]]:
        """Return the active faults as JSON-able dicts, with `words` for a person."""
        return [
            {**{key: value for key, value in asdict(fault).items() if key != "until"}, "words": fault.words}
            for fault in self.active()
        ]


class RequestLog:
    """The last 500 requests of each vendor and counters over all; neither headers nor bodies are kept."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: dict[str, deque[dict[str, Any]]] = {name: deque(maxlen=_LOG_LENGTH) for name in VENDORS}
        self._counts: dict[str, Counter[str]] = {name: Counter() for name in VENDORS}

    def note(self, vendor: str, method: str, path: str, *, status: int, ms: int, fault: str) -> None:
        """Add one request; status 0 means that no answer was given."""
        row = {
            "at": int(time.time() * 1000),
            "vendor": vendor,
            "method": method,
            "path": path,
            "status": status,
            "ms": ms,
            "fault": fault,
        }
        with self._lock:
            self._rows[vendor].append(row)
            counts = self._counts[vendor]
            counts["total"] += 1
            counts[method] += 1
            counts[f"{status // 100}xx" if status else "cut"] += 1

    def recent(self, vendor: str | None = None, limit: int = 100) -> list[dict[str, Any]]:
        """Return the newest requests first, of one vendor or of both."""
        with self._lock:
            rows = [row for name in VENDORS if vendor in (None, name) for row in reversed(self._rows[name])]
        return sorted(rows, key=lambda row: -row["at"])[:limit]

    def counters(self) -> dict[str, dict[str, int]]:
        """Return counts by vendor: total, by method, by status class."""
        with self._lock:
            return {name: dict(counts) for name, counts in self._counts.items()}

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            for name in VENDORS:
                self._rows[name].clear()
                self._counts[name].clear()


class FaultMiddleware:
    """WSGI middleware that applies the faults and writes the request log.

    Args:
        app: the application behind it.
        board: the faults.
        log: where requests are noted.
        on_write: called after each request that may have stored something, with the vendor.
    """

    def __init__(
        self, app: WSGIApplication, board: FaultBoard, log: RequestLog, on_write: Callable[[str], None]
    ) -> None:
        self._app = app
        self._board = board
        self._log = log
        self._on_write = on_write
        self._random = Random()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        path = environ.get("PATH_INFO", "/")
        vendor = vendor_of(path)
        if vendor is None:
            return self._app(environ, start_response)
        method = environ["REQUEST_METHOD"]
        faults = {fault.kind: fault for fault in self._board.take(vendor, method, path)}
        started = time.monotonic()
        status = 0
        try:
            if "latency" in faults:
                late = faults["latency"]
                time.sleep((late.ms + self._random.uniform(0, late.jitter_ms)) / 1000)
            if "outage" in faults:
                drop_connection(environ)
            refusal = next((faults[kind] for kind in ("429", "500", "503") if kind in faults), None)
            if refusal is not None:
                status = int(refusal.kind)
                return self._refuse(refusal, vendor, environ, start_response)
            line, headers, body = self._run(environ)
            status_line = int(line.split()[0])
            if method not in {"GET", "HEAD"} and not path.lower().rstrip("/").endswith(
                ("/query", "/query/count")
            ):
                self._on_write(vendor)
            if "cut_after_store" in faults:
                drop_connection(environ)
            status = status_line
            start_response(line, headers)
            return _slowly(body, faults["slow_body"].ms) if "slow_body" in faults else [body]
        finally:
            query = environ.get("QUERY_STRING", "")
            self._log.note(
                vendor,
                method,
                f"{path}?{query}"[:240] if query else path,
                status=status,
                ms=int((time.monotonic() - started) * 1000),
                fault=", ".join(faults),
            )

    def _run(self, environ: WSGIEnvironment) -> tuple[str, list[tuple[str, str]], bytes]:
        """Run the application to its end and return status line, headers and body."""
        kept: list[tuple[str, list[tuple[str, str]]]] = []

        def start(line: str, headers: list[tuple[str, str]], _error: Any = None) -> Callable[[bytes], object]:
            kept.append((line, headers))
            return lambda _data: None

        result = self._app(environ, start)
        try:
            body = b"".join(result)
        finally:
            close = getattr(result, "close", None)
            if close is not None:
                close()
        line, headers = kept[-1]
        return line, headers, body

    def _refuse(
        self, fault: Fault, vendor: str, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        _swallow_body(environ)
        line = {
            "429": "429 Too Many Requests",
            "500": "500 Internal Server Error",
            "503": "503 Service Unavailable",
        }
        headers = [("Content-Type", "application/json")]
        body = json.dumps(_refusal_body(fault, vendor, environ.get("PATH_INFO", ""))).encode()
        if fault.kind == "429" and fault.retry_after >= 0:
            headers.append(("Retry-After", str(fault.retry_after)))
        if fault.kind == "503":
            headers, body = [("Content-Type", "text/html")], _HTML
        start_response(line[fault.kind], [*headers, ("Content-Length", str(len(body)))])
        return [body]


def _refusal_body(fault: Fault, vendor: str, path: str) -> dict[str, Any]:
    if vendor == "autotask":
        text = "Too many requests." if fault.kind == "429" else "An unexpected server error occurred."
        return {"errors": [text]}
    reason = "Too Many Requests" if fault.kind == "429" else "Internal Server Error"
    return {"timestamp": int(time.time() * 1000), "status": int(fault.kind), "error": reason, "path": path}


def _swallow_body(environ: WSGIEnvironment) -> None:
    """Read what the client sends, so that the connection can be kept."""
    length = environ.get("CONTENT_LENGTH") or ""
    if length.isdigit():
        environ["wsgi.input"].read(int(length))


def _slowly(body: bytes, ms: int) -> Iterator[bytes]:
    size = max(1, -(-len(body) // _PIECES))
    for start in range(0, len(body), size):
        time.sleep(ms / 1000 / _PIECES)
        yield body[start : start + size]


def drop_connection(environ: WSGIEnvironment) -> None:
    """Cut the client's connection without an answer. Works under gunicorn and under werkzeug's threaded server.

    Raises:
        ConnectionResetError: always; both servers take it as a client that went away and write nothing.
    """
    sock = environ.get("gunicorn.socket") or environ.get("werkzeug.socket")
    if sock is not None:
        try:
            # Without lingering the close sends a reset, which clients see as "connection reset by peer".
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            # The client was faster; there is nothing left to cut.
            pass
    raise ConnectionResetError(errno.ECONNRESET, "cut by a sandbox fault")
