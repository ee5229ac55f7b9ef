"""Serves a sandbox over real HTTP on a free port, for tests."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests
from werkzeug.serving import make_server

from integration.sandbox.app import create_app
from integration.sandbox.control import Sandbox, SandboxOptions


@dataclass
class Served:
    """A running sandbox and a Datto RMM caller with a token."""

    sandbox: Sandbox
    url: str
    session: requests.Session

    def call(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        """Send one request with the token; `path` starts at the host."""
        return self.session.request(method, f"{self.url}{path}", timeout=10, **kwargs)

    def get(self, path: str, **params: Any) -> Any:
        """Return the JSON of a GET that must succeed."""
        answer = self.call("GET", path, params=params)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:200])
        return answer.json()

    def control(
        self, path: str, values: dict[str, Any] | None = None, *, method: str = "POST"
    ) -> requests.Response:
        """Call the machine control API without any token."""
        return requests.request(method, f"{self.url}/control/{path}", json=values, timeout=10)


@contextmanager
def served(**options: Any) -> Iterator[Served]:
    """Start a sandbox under werkzeug's threaded server and log in."""
    # The zone lookup names the sandbox's own address, so the port must be known before it is built.
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options.setdefault("public_url", f"http://127.0.0.1:{port}")
    sandbox = Sandbox(SandboxOptions(time_scale=0.001, **options))
    sandbox.start()
    server = make_server("127.0.0.1", port, create_app(sandbox), threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    session = requests.Session()
    try:
        running = Served(sandbox, f"http://127.0.0.1:{server.server_port}", session)
        login = sandbox.options.credentials
        answer = requests.post(
            f"{running.url}/auth/oauth/token",
            auth=("public-client", "public"),
            data={
                "grant_type": "password",
                "username": login.datto_api_key,
                "password": login.datto_api_secret,
            },
            timeout=10,
        )
        session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        yield running
    finally:
        session.close()
        server.shutdown()
        thread.join(timeout=5)
        server.server_close()
        sandbox.close()
