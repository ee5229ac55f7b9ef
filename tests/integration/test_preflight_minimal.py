"""Preflight against vendors that offer only what the product cannot do without."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

from integration.models import Connection
from integration.preflight import has_failed, run_preflight

pytestmark = pytest.mark.django_db

#: Reads that help but that nothing depends on.
_EXTRAS = (
    "/system/status",
    "/system/request_rate",
    "/account/users",
    "/version",
    "/thresholdinformation",
    "/entityinformation",
    "/query/count",
)


@pytest.fixture
def minimal(connected: Connection) -> Iterator[None]:
    """A stand-in before the sandbox that knows none of the extras."""
    target = connected.datto_api_url

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.path.partition("?")[0].lower().endswith(_EXTRAS):
                self._answer(404, b"")
                return
            headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            answer = requests.request(
                self.command, target + self.path, data=body, headers=headers, timeout=10
            )
            content = answer.content
            if "zoneinformation" in self.path.lower() and answer.ok:
                content = json.dumps(answer.json() | {"url": f"{own}/atservicesrest/"}).encode()
            self._answer(answer.status_code, content)

        do_POST = do_PATCH = do_PUT = do_DELETE = do_GET  # noqa: N815 - names the base class looks for

        def _answer(self, status: int, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Keep the output of tests quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        own = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        Connection.objects.filter(pk=connected.pk).update(
            datto_api_url=own, autotask_zone_url=f"{own}/atservicesrest"
        )
        yield
        server.shutdown()


def test_missing_extras_are_warnings_and_never_keep_the_product_from_starting(minimal: None) -> None:
    outcomes = {one.name: one for one in run_preflight()}
    assert not has_failed(list(outcomes.values())), outcomes
    assert outcomes["autotask_sign_in"].status == "pass"
    assert outcomes["autotask_companies"].status == "pass"
    assert outcomes["datto_reachable"].status == "pass"
    assert {outcomes["autotask_tickets"].status, outcomes["autotask_notes"].status} == {"warn"}
    assert outcomes["autotask_tickets"].remedy
