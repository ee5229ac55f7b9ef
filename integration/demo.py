"""Demo mode: connect to the sandbox that comes with the product, so that a new user sees the whole job at once.

The sandbox is reached by its address alone, like a vendor.
"""

from __future__ import annotations

from typing import Any, Final

import requests
from django.conf import settings

from integration import hooks
from integration.connections import get_connection, is_loopback

#: The sandbox's logins unless it is started with others. They open made-up data only.
DEMO_CREDENTIALS: Final = {
    "datto_api_key": "SANDBOXDEMOKEY0000000000000000001",
    "datto_api_secret": "SANDBOXDEMOSECRET00000000000000001",
    "autotask_username": "apibridge@sandbox.example",
    "autotask_secret": "sandbox-demo-secret",
    "autotask_integration_code": "SANDBOXDEMOCODE0000000001",
}
_TIMEOUT_SECONDS: Final = 20


class SandboxUnavailable(Exception):  # noqa: N818 - a circumstance
    """The sandbox does not answer, or refuses; the text says what to do."""


def credentials() -> dict[str, str]:
    """Return what to save on the connection to reach the sandbox.

    Raises:
        SandboxUnavailable: there is none.
    """
    url = sandbox_url()
    call("GET", "/control/state")
    return {**DEMO_CREDENTIALS, "datto_api_url": url, "autotask_zone_url": f"{url}/atservicesrest"}


def sandbox_url() -> str:
    """Return where the sandbox listens.

    Raises:
        SandboxUnavailable: none is configured.
    """
    if not settings.SANDBOX_URL:
        raise SandboxUnavailable(
            "SANDBOX_URL is not set, so there is no sandbox to connect to. Set it, or start script/server without SANDBOX=off."
        )
    return str(settings.SANDBOX_URL).rstrip("/")


def register_webhook() -> None:
    """Let the sandbox send Datto RMM's alert webhooks to us, with the bodies we tell people to paste.

    Raises:
        SandboxUnavailable: it refused.
    """
    hook = hooks.describe_hooks(get_connection())["datto_rmm"]
    call(
        "POST",
        "/control/webhook",
        {
            "url": hook["url"],
            "headers": hook["headers"],
            "raised_body": hook["body"],
            "resolved_body": hook["resolved_body"],
        },
    )


def call(method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """Send one request to the sandbox's control API.

    Raises:
        SandboxUnavailable: no answer, or a refusal.
    """
    url = sandbox_url()
    if not is_loopback(url) and not url.startswith("https://") and "." in url.removeprefix("http://"):
        raise SandboxUnavailable(
            f"SANDBOX_URL: {url} is plain http to another machine. Use an address on this machine or https."
        )
    with requests.Session() as session:
        session.trust_env = False  # a proxy has no business between two processes of ours
        try:
            answer = session.request(method, f"{url}{path}", json=body, timeout=_TIMEOUT_SECONDS)
            answer.raise_for_status()
            return answer.json()
        except requests.HTTPError as error:
            raise SandboxUnavailable(
                f"The sandbox at {url} refused {method} {path} with status {error.response.status_code}."
            ) from None
        except (requests.RequestException, ValueError):
            raise SandboxUnavailable(
                f"The sandbox at {url} does not answer. Start it with script/server, or with "
                "`python -m integration.sandbox --port N` and SANDBOX_URL=http://127.0.0.1:N."
            ) from None
