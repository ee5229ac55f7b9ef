"""The mark beside the product's name that says which world this is."""

from __future__ import annotations

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest

from integration.models import Connection


def label(request: HttpRequest) -> list[str] | None:
    """Return [text, colour] for the theme; None in production."""
    try:
        state = connection_of(request)
    except DatabaseError:
        return None  # the sign-in page must come up even then; /readyz tells
    if state is not None and state.paused_at is not None:
        return ["Paused", "danger"]
    if state is not None and state.is_demo:
        return ["Sandbox", "warning"]
    if state is None or not state.is_enabled:
        return ["Not connected", "info"]
    return ["Development", "info"] if settings.DEBUG else None


def connection_of(request: HttpRequest) -> Connection | None:
    """Return the connection without its secrets, read once for each request."""
    if not hasattr(request, "bridge_connection"):
        found = Connection.objects.only(
            "is_demo", "is_enabled", "paused_at", "paused_reason", "autotask_webhook_problem",
            "datto_api_url", "autotask_username",
        ).first()  # fmt: skip
        request.bridge_connection = found  # type: ignore[attr-defined]  # kept for this request only
    kept: Connection | None = request.bridge_connection  # type: ignore[attr-defined]  # as above
    return kept
