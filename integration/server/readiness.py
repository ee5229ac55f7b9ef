"""Asks the web server whether it serves."""

from __future__ import annotations

import http.client
import json

from integration.server.options import Options


def web_state(options: Options) -> tuple[bool, str]:
    """Return whether the installation is ready, and what it says otherwise."""
    try:
        status, body = _get(options, "/readyz")
        if status == http.HTTPStatus.NOT_FOUND:
            status, body = _get(options, "/admin/login/")
    except (OSError, http.client.HTTPException) as error:
        return False, f"the web server does not answer ({error})"
    return status == http.HTTPStatus.OK, _what_is_wrong(status, body)


def _get(options: Options, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(options.reachable_host, options.port, timeout=5)
    try:
        # The public name is accepted whatever ALLOWED_HOSTS says; behind a TLS proxy we speak as the proxy does.
        connection.request("GET", path, headers={"Host": options.public_host, "X-Forwarded-Proto": "https"})
        response = connection.getresponse()
        return response.status, response.read(100_000)
    finally:
        connection.close()


def _what_is_wrong(status: int, body: bytes) -> str:
    try:
        checks = json.loads(body)["checks"].items()
        bad = [f"{name}: {check.get('detail') or 'not ok'}" for name, check in checks if not check["ok"]]
    except (ValueError, KeyError, TypeError, AttributeError):
        # Not our answer, such as an error page.
        bad = []
    return "; ".join(bad) or f"it answers {status}"
