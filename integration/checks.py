"""System checks: settings that are legal but wrong for what they are used for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register  # noqa: A004 - Django's name

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@register(Tags.security, deploy=True)
def public_url_is_https(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn when people and vendors would reach us in clear text.  bridge.W001."""
    parts = urlsplit(settings.PUBLIC_URL)
    if parts.scheme == "https" or parts.hostname in _LOOPBACK:
        return []
    return [
        Warning(
            "PUBLIC_URL is plain http; Autotask sends webhooks to https only, and sign-ins travel in clear text.",
            hint="Put a TLS-terminating proxy in front and set PUBLIC_URL=https://...",
            id="bridge.W001",
        )
    ]
