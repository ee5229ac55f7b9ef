"""Settings > Preflight: the checks, their cures, and a button to run them again."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from redis.exceptions import RedisError

from integration import preflight
from integration.connections import get_connection
from integration.models import PreflightCheck
from integration.preflight_checks import NOT_CHECKED
from integration.views.connection_page import start_preflight
from integration.views.pages import live_part, page, render

_WAITS_TOO_LONG_SECONDS = 6


@page("integration.view_preflightcheck", change="integration.change_connection")
def preflight_page(request: HttpRequest) -> HttpResponse:
    """The page; POST runs the checks again."""
    if request.method == "POST":
        start_preflight(request)
        return redirect("preflight")
    return render(request, "preflight.html", "Preflight", _context(request))


@page("integration.view_preflightcheck")
def preflight_live(request: HttpRequest) -> HttpResponse:
    """The moving part, as {"html", "live"}."""
    context = _context(request)
    return live_part(request, "_preflight.html", context, live=bool(context["is_running"]))


def _context(request: HttpRequest) -> dict[str, Any]:
    try:
        started = preflight.started_at()
    except RedisError:
        started = None
    checks = list(PreflightCheck.objects.all())
    since = datetime.fromtimestamp(started, tz=UTC) if started is not None else None
    fresh = [check for check in checks if since is None or check.checked_at >= since]
    later = [check for check in fresh if check.detail.startswith(NOT_CHECKED)]
    fresh = [check for check in fresh if check not in later]
    counts = {
        status: sum(1 for check in fresh if check.status == status) for status in PreflightCheck.Status.values
    }
    order = {PreflightCheck.Status.FAIL: 0, PreflightCheck.Status.WARN: 1, PreflightCheck.Status.PASS: 2}
    if since is None:
        fresh.sort(key=lambda check: (order[PreflightCheck.Status(check.status)], check.position))
    return {
        "checks": fresh,
        "later": later,
        "counts": counts,
        "is_running": since is not None,
        "no_worker": started is not None and not fresh and time.time() - started > _WAITS_TOO_LONG_SECONDS,
        "checked_at": max((check.checked_at for check in checks), default=None),
        "is_enabled": get_connection().is_enabled,
        "may_change": request.user.has_perm("integration.change_connection"),
    }
