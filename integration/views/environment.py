"""The mark beside the product's name that says which world this is."""

from __future__ import annotations

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest

from integration.models import Connection


def label(request: HttpRequest) -> list[str] | None:
    """Return [text, colour] for the theme; None in production."""
    try:
        state = Connection.objects.only("is_demo", "is_enabled", "paused_at").first()
    except DatabaseError:
        return None  # the sign-in page must come up even then; /readyz tells
    if state is not None and state.paused_at is not None:
        return ["Paused", "danger"]
    if state is not None and state.is_demo:
        return ["Sandbox", "warning"]
    if state is None or not state.is_enabled:
        return ["Not connected", "info"]
    return ["Development", "info"] if settings.DEBUG else None
