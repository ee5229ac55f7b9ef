"""The request page of a device: outside of the admin, without sign-in, without scripts.

The address is the key: who has it may send requests from that device and sees nothing of it but its name and, in plain
words, what is known to be wrong.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from functools import wraps
from http import HTTPStatus
from typing import Any, Concatenate, Final, ParamSpec, cast

from csp.decorators import csp_replace
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import Resolver404, resolve, reverse
from django.utils import timezone
from django.views.csrf import csrf_failure as django_csrf_failure
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from integration.limits import client_address
from mappings.models import Device
from tickets.domain.requests import LONGEST, known_troubles, read_form, read_nonce
from tickets.models import AgentRequest, RequestLink
from tickets.selectors.requests import find_by_reference, open_alerts_of, reference_of, to_open_alerts
from tickets.services.requests.links import find_link, is_live, note_use
from tickets.services.requests.receive import receive_request
from tickets.tasks import enqueue_request

#: Far more than the fields hold, in any encoding.
_MOST_BYTES: Final = 64 * 1024
#: A field that people do not see, and machines fill in.
_TRAP: Final = "website"
_MOST_ALERTS: Final = 200
_REFRESH_SECONDS: Final = 10
P = ParamSpec("P")


def _public(
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Keep a page out of caches and search engines, and let it load nothing but our own style sheet."""

    @wraps(view)
    def wrapped(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        answer = view(request, *args, **kwargs)
        answer["X-Robots-Tag"] = "noindex, nofollow"
        return answer

    strict = csp_replace(
        {
            "script-src": ["'none'"],
            "style-src": ["'self'"],
            "img-src": ["'none'"],
            "font-src": ["'none'"],
            "connect-src": ["'none'"],
            "manifest-src": ["'none'"],
        }
    )
    return cast("Callable[Concatenate[HttpRequest, P], HttpResponse]", never_cache(strict(wrapped)))


@_public
@require_http_methods(["GET", "HEAD", "POST"])
def request_page(request: HttpRequest, token: str) -> HttpResponse:
    """Show the form, or take it in."""
    link, refusal = _open(request, token)
    if link is None:
        return refusal
    if request.method == "POST":
        return _take(request, link, token)
    note_use(link, timezone.now())
    return _show_form(request, link)


@_public
@require_safe
def request_sent(request: HttpRequest, token: str, reference: str) -> HttpResponse:
    """Confirm a request; the ticket number appears as soon as it is known."""
    link, refusal = _open(request, token)
    if link is None:
        return refusal
    found = find_by_reference(link.device, reference)
    if found is None:
        return _say(
            request,
            HTTPStatus.NOT_FOUND,
            "This request is not known",
            "The address is not complete, or the request is too old to be shown.",
        )
    number = found.ticket.ticket_number if found.ticket is not None else ""
    is_waiting = not number and found.state != AgentRequest.State.BLOCKED
    context = {
        "sent": found,
        "reference": reference_of(found),
        "number": number,
        "refresh": _REFRESH_SECONDS if is_waiting else 0,
        "back": reverse("request-page", args=[token]),
    }
    return render(request, "requests/sent.html", context)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form whose cookie is missing; on a request page with everything that was written."""
    try:
        match = resolve(request.path_info)
    except Resolver404:
        match = None
    if match is None or match.url_name != "request-page":
        return django_csrf_failure(request, reason=reason)
    return _expired(request, token=match.kwargs["token"])


@_public
def _expired(request: HttpRequest, token: str) -> HttpResponse:
    link, refusal = _open(request, token)
    if link is None:
        return refusal
    words = "This page had been open for too long. Nothing was sent; look through it and press Send again."
    return _show_form(request, link, sent=request.POST, errors={"": words}, status=HTTPStatus.FORBIDDEN)


def _open(request: HttpRequest, token: str) -> tuple[RequestLink | None, HttpResponse]:
    """Return the link of a token if it works, else the page that says why not; never a fact of the device."""
    link = find_link(token)
    if link is None:
        return None, _say(
            request,
            HTTPStatus.NOT_FOUND,
            "This address is not known",
            "Open the page again with the icon on your desktop, or call your IT support.",
        )
    if not is_live(link, timezone.now()):
        return None, _say(
            request,
            HTTPStatus.GONE,
            "This page is no longer valid",
            "Open the page again with the icon on your desktop. If that leads here too, call your IT support.",
        )
    return link, HttpResponse()


def _take(request: HttpRequest, link: RequestLink, token: str) -> HttpResponse:
    sent = request.POST
    length = request.headers.get("Content-Length", "")
    if length.isdigit() and int(length) > _MOST_BYTES:
        words = "This is more text than fits. Shorten it and press Send again."
        return _show_form(
            request, link, sent=sent, errors={"": words}, status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        )
    form = read_form({name: sent.get(name, "") for name in LONGEST})
    errors = dict(form.errors)
    nonce = read_nonce(sent.get("nonce", ""))
    if sent.get(_TRAP):
        errors[_TRAP] = "Website is filled in. Leave it empty; it is there to stop machines."
    if not nonce:
        errors[""] = "This page was not complete. Nothing was sent; look through it and press Send again."
    if errors:
        return _show_form(request, link, sent=sent, errors=errors, status=HTTPStatus.BAD_REQUEST)
    now = timezone.now()
    taken = receive_request(link, form, nonce, client_address(request), now)
    if taken.request is None:
        minutes = max(1, -(-taken.retry_after_seconds // 60))
        when = "in a minute" if minutes == 1 else f"in {minutes} minutes"
        words = f"Too many requests were sent from here. Nothing was sent; try again {when}, or call your IT support."
        answer = _show_form(request, link, sent=sent, errors={"": words}, status=HTTPStatus.TOO_MANY_REQUESTS)
        answer["Retry-After"] = str(taken.retry_after_seconds)
        return answer
    if taken.is_new:
        enqueue_request(taken.request.pk)
    answer = HttpResponseRedirect(reverse("request-sent", args=[token, reference_of(taken.request)]))
    answer.status_code = HTTPStatus.SEE_OTHER
    return answer


def _show_form(
    request: HttpRequest,
    link: RequestLink,
    *,
    sent: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> HttpResponse:
    given, wrong = sent or {}, errors or {}
    device = link.device
    alerts = to_open_alerts(open_alerts_of(device)[:_MOST_ALERTS])
    context: dict[str, Any] = {
        "device": str(device),
        "place": _place(device),
        "known": known_troubles(alerts),
        "fields": {
            name: {
                "title": title,
                "longest": longest,
                "value": given.get(name, "")[: longest * 2],
                "error": wrong.get(name, ""),
            }
            for name, (title, longest) in LONGEST.items()
        },
        "trap_error": wrong.get(_TRAP, ""),
        "error": wrong.get("", ""),
        "has_errors": bool(wrong),
        "nonce": read_nonce(given.get("nonce", "")) or secrets.token_urlsafe(24),
    }
    return render(request, "requests/form.html", context, status=status)


def _place(device: Device) -> str:
    """Return whose device it is, in the words of the people who sit in front of it."""
    mapping = getattr(device.site, "mapping", None)
    company = mapping.company if mapping is not None and mapping.state in {"confirmed", "renamed"} else None
    return company.name if company is not None else device.site.name


def _say(request: HttpRequest, status: HTTPStatus, title: str, cure: str) -> HttpResponse:
    return render(request, "requests/gone.html", {"title": title, "cure": cure}, status=status)
