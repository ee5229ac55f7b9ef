"""What every page of ours in the admin shares."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from kombu.exceptions import OperationalError

View = Callable[..., HttpResponse]


def page(view: str, *, change: str = "") -> Callable[[View], View]:
    """Guard a page: `view` permission for reading, `change` for a POST (none: no POST at all).

    Sign-in and CSRF come from `admin_site.admin_view`, in which urls.py wraps every page.
    """

    def decorate(function: View) -> View:
        @wraps(function)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method in {"GET", "HEAD"}:
                needed = view
            elif request.method == "POST" and change:
                needed = change
            else:
                return HttpResponseNotAllowed(["GET", "HEAD", *(["POST"] if change else [])])
            if not request.user.has_perm(needed):
                raise PermissionDenied
            return function(request, *args, **kwargs)

        return guarded

    return decorate


def render(
    request: HttpRequest, template: str, title: str, context: dict[str, Any], *, subtitle: str = ""
) -> HttpResponse:
    """Return a page in the admin's frame."""
    return TemplateResponse(
        request,
        f"integration/{template}",
        {**admin.site.each_context(request), "title": title, "subtitle": subtitle, **context},
    )


def live_part(request: HttpRequest, template: str, context: dict[str, Any], *, live: bool) -> JsonResponse:
    """Return {"html", "live"}: what bridge.js puts in place, and whether to ask again."""
    return live_part_of(request, f"integration/{template}", context, live=live)


def live_part_of(request: HttpRequest, template: str, context: dict[str, Any], *, live: bool) -> JsonResponse:
    """Return the same of any template, named in full."""
    return JsonResponse({"html": render_to_string(template, context, request), "live": live})


def send(request: HttpRequest, task: Any, *, queue: str, args: tuple[Any, ...] = ()) -> bool:
    """Send a task from a page; when the broker is away the person is told, and nothing breaks."""
    try:
        task.apply_async(args=args, queue=queue)
    except OperationalError:
        messages.error(
            request,
            "Redis does not answer, so no worker could be told. Start Redis (or correct REDIS_URL) and try again.",
        )
        return False
    return True
