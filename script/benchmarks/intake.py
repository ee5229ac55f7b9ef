"""Webhooks taken in per second, beside a bare Django view that does one INSERT on the same server and database."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading
import time
import uuid
from urllib.parse import urlsplit

from script.benchmarks.results import Result, percentile
from tests.live import ROOT, LiveBridge, free_port
from tests.waiting import wait_for

_CLIENTS = 8
_SECONDS = 8


def _load(url: str) -> tuple[float, list[float]]:
    """Send webhooks as fast as they are answered; returns answers per second and the time each took, in seconds."""
    parts = urlsplit(url)
    taken: list[float] = []
    stop_at = time.monotonic() + _SECONDS

    def send() -> None:
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
        while time.monotonic() < stop_at:
            body = json.dumps({"event": "raised", "alert_uid": str(uuid.uuid4())})
            started = time.monotonic()
            connection.request("POST", parts.path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            if answer.status >= 300:  # noqa: PLR2004 - HTTP status
                raise RuntimeError(f"{url} answered {answer.status}")
            taken.append(time.monotonic() - started)
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(_CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(taken) / _SECONDS, taken


def measure_intake() -> list[Result]:
    """Compare the webhook door with a bare view. Workers are stopped, so that only intake is measured."""
    with LiveBridge(ALERT_POLL_SECONDS="3600", TICKET_POLL_SECONDS="3600", LOG_LEVEL="ERROR") as bridge:
        for name in ("beat", "alerts", "sync"):
            bridge.end(name)
        door = bridge.manage_json("hooks")["datto_rmm"]["url"]
        rate, taken = _load(door)
        bridge.end("web")
        port = free_port()
        bare = subprocess.Popen(  # noqa: S603 - our own command
            [
                sys.executable,
                "-m",
                "gunicorn",
                "script.benchmarks.bare:application",
                "--bind",
                f"127.0.0.1:{port}",
                "--worker-class",
                "gthread",
                "--workers",
                "2",
                "--threads",
                "8",
                "--log-level",
                "error",
                "--control-socket",
                str(bridge.folder / "bare.sock"),
            ],
            cwd=ROOT,
            env=bridge.environment,
        )
        try:
            wait_for(lambda: _answers(port), "the bare view answers", seconds=20, interval=0.2)
            bare_rate, bare_taken = _load(f"http://127.0.0.1:{port}/bare/")
        finally:
            bare.terminate()
            bare.wait()
    p95 = percentile(taken, 0.95) * 1000
    return [
        Result("webhooks taken in", rate, "per s"),
        Result("webhook answer, p95", p95, "ms", "< 100 ms", p95 < 100),  # noqa: PLR2004 - the goal
        Result("bare view with one INSERT", bare_rate, "per s"),
        Result("bare view answer, p95", percentile(bare_taken, 0.95) * 1000, "ms"),
        Result("webhook intake relative to the bare view", 100 * rate / bare_rate, "%"),
    ]


def _answers(port: int) -> bool:
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
        connection.request("POST", "/bare/", "{}", {"Content-Type": "application/json"})
        return connection.getresponse().status < 300  # noqa: PLR2004 - HTTP status
    except OSError:
        return False
