"""Doors for machines: `/healthz`, `/readyz`, `/metrics`."""

from __future__ import annotations

import hmac
from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from integration.metrics import render_metrics
from integration.readiness import check_readiness


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Liveness: this process answers. Touches nothing else, so that a database fault restarts no web server."""
    del request
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Readiness: {"status", "checks"}; 503 when something that work needs is missing."""
    del request
    found = check_readiness()
    status = "ready" if found.is_ready else "not ready"
    answer = JsonResponse({"status": status, "checks": found.checks}, status=200 if found.is_ready else 503)
    # Probes ask every few seconds; each "not ready" as an error line would bury what matters.
    answer._has_been_logged = True  # type: ignore[attr-defined]  # noqa: SLF001 - Django's own mark for that
    return answer


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text; with METRICS_TOKEN as bearer token, without one from this machine only."""
    if not _may_scrape(request):
        return HttpResponseForbidden(
            "Send the header `Authorization: Bearer <METRICS_TOKEN>`; without METRICS_TOKEN, scrape from this machine.\n",
            content_type="text/plain",
        )
    return HttpResponse(render_metrics(), content_type=CONTENT_TYPE_LATEST)


def _may_scrape(request: HttpRequest) -> bool:
    token: str = settings.METRICS_TOKEN
    if token:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
        return hmac.compare_digest(given.encode(), token.encode())
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False  # a proxy on this machine makes everybody look local
    try:
        return ip_address(request.META.get("REMOTE_ADDR") or "127.0.0.1").is_loopback
    except ValueError:
        return False
