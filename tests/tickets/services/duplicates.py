"""Autotask whose duplicate handling answers every create of a ticket with one ticket that was there before."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import requests
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_OWN_HEADERS = {"connection", "content-encoding", "content-length", "transfer-encoding"}


class DuplicateHandling:
    """A proxy in front of the sandbox: creates of tickets get `ticket_id` for an answer, all else is passed on.

    Attributes:
        ticket_id: what a create is answered with; None passes creates on.
        writes: (method, path) of every write that came in.
    """

    def __init__(self, behind: str) -> None:
        self.behind, self.url = behind, ""
        self.ticket_id: int | None = None
        self.writes: list[tuple[str, str]] = []

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        return self._answer(request)(environ, start_response)

    def _answer(self, request: Request) -> Response:
        is_write = request.method in {"POST", "PATCH", "PUT", "DELETE"}
        if is_write and not request.path.lower().endswith("/query"):
            self.writes.append((request.method, request.path))
        is_create = request.method == "POST" and request.path.lower().endswith("/tickets")
        if is_create and self.ticket_id is not None:
            return Response(json.dumps({"itemId": self.ticket_id}), content_type="application/json")
        headers = {name: value for name, value in request.headers if name.lower() not in {"host"}}
        answer = requests.request(
            request.method,
            f"{self.behind}{request.full_path.rstrip('?')}",
            data=request.get_data(),
            headers=headers,
            timeout=10,
        )
        body = answer.content.replace(self.behind.encode(), self.url.encode())
        kept: dict[str, Any] = {
            name: value for name, value in answer.headers.items() if name.lower() not in _OWN_HEADERS
        }
        return Response(body, answer.status_code, kept)


@contextmanager
def duplicate_handling(behind: str) -> Iterator[DuplicateHandling]:
    """Start the proxy on a free port."""
    handling = DuplicateHandling(behind)
    server = make_server("127.0.0.1", 0, handling, threaded=True)
    handling.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield handling
    finally:
        server.shutdown()
        thread.join(timeout=5)
        server.server_close()
