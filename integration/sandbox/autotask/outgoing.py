"""The double's own HTTP client, for webhooks and callouts: POST, no redirects, a status back."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlsplit

#: (url, body, headers, timeout in seconds) -> HTTP status; raises OSError when nobody answers in time.
SendHttp = Callable[[str, bytes, Mapping[str, str], float], int]

USER_AGENT: Final = "Autotask-Sandbox"


def send_over_http(url: str, body: bytes, headers: Mapping[str, str], timeout_seconds: float) -> int:
    """POST and return the status.

    Raises:
        OSError: when the connection fails, the answer is no HTTP or the time is up.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise OSError(f"{url!r} is no http or https address")
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=timeout_seconds)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("POST", target, body=body, headers={"User-Agent": USER_AGENT, **headers})
        response = connection.getresponse()
        response.read()
        return response.status
    except http.client.HTTPException as error:
        raise OSError(f"{type(error).__name__}: {error}") from error
    finally:
        connection.close()
