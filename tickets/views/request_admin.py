"""Hand out, show and revoke request links; set devices up; try requests again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from integration.csv_files import csv_answer
from integration.ids import read_id
from mappings.models import Device, Site
from tickets.domain.requests.scripts import VARIABLE, powershell_script, shell_script
from tickets.models import AgentRequest, RequestLink, RequestPolicy
from tickets.selectors.inbox import REQUEST_CAUSES
from tickets.services.requests import links, policy
from tickets.services.requests.retry import retry_request, retry_waiting
from tickets.tasks import enqueue_actions

#: Days a link holds -> words; 0 is until it is revoked.
LIFETIMES: Final = {0: "until it is revoked", 30: "30 days", 90: "90 days", 365: "a year"}
_SHOWN: Final = 50


@require_POST
def retry(request: HttpRequest, request_id: int) -> HttpResponse:
    """Try a request again."""
    user = _user(request, "tickets.change_agentrequest")
    row = get_object_or_404(AgentRequest, pk=request_id)
    enqueue_actions(retry_request(row, user))
    row.refresh_from_db()
    words = row.reason or row.get_state_display()
    if row.state == AgentRequest.State.BLOCKED:
        messages.warning(request, f"It still waits: {words}")
    else:
        messages.success(request, f"Tried again. {words}")
    return redirect("admin:tickets_agentrequest_change", row.pk)


@require_POST
def retry_cause(request: HttpRequest) -> HttpResponse:
    """Try every request that waits for one cause."""
    user = _user(request, "tickets.change_agentrequest")
    cause = request.POST.get("cause", "")
    if cause not in REQUEST_CAUSES:
        messages.error(request, f"cause: {cause[:40]!r} is unknown. Press a button of this page.")
        return redirect("needs-attention")
    tried, due = retry_waiting(cause, user)
    enqueue_actions(due)
    what = "1 request" if tried == 1 else f"{tried} requests"
    messages.success(request, f"Tried {what} again. What is still listed waits on.")
    return redirect("needs-attention")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def device_links(request: HttpRequest, device_id: int) -> HttpResponse:
    """Show a device's links; POST makes one and shows its address, once."""
    is_post = request.method == "POST"
    user = _user(request, "tickets.add_requestlink" if is_post else "tickets.view_requestlink")
    device = get_object_or_404(Device.objects.select_related("site"), pk=device_id)
    now = timezone.now()
    made = None
    if is_post:
        expires_at, problem = _read_lifetime(request, now)
        if device.is_deleted:
            problem = "device: it is deleted in Datto RMM. Choose another one."
        if problem:
            messages.error(request, f"No link was made. {problem}")
            return redirect("device-request-link", device.pk)
        made = links.make_link(device, user=user, expires_at=expires_at)
    rows = RequestLink.objects.filter(device=device).select_related("created_by", "device")[:_SHOWN]
    context: dict[str, object] = {
        "device": device,
        "made": made,
        "rows": [(one, links.is_live(one, now)) for one in rows],
        "lifetimes": LIFETIMES,
        "may_add": request.user.has_perm("tickets.add_requestlink") and not device.is_deleted,
        "may_revoke": request.user.has_perm("tickets.change_requestlink"),
    }
    return _render(request, "request_links.html", f"Request page of {device}", context)


@require_POST
def revoke_link(request: HttpRequest, link_id: int) -> HttpResponse:
    """End a link now."""
    user = _user(request, "tickets.change_requestlink")
    link = get_object_or_404(RequestLink, pk=link_id)
    count = links.revoke(
        RequestLink.objects.filter(pk=link.pk), f"Revoked by {user.get_username()}.", timezone.now()
    )
    if count:
        messages.success(
            request, "Revoked. The page is gone; this cannot be undone, but a new link can be made."
        )
    else:
        messages.info(request, "It had been revoked already.")
    return redirect("device-request-link", link.device_id)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def site_links(request: HttpRequest) -> HttpResponseBase:
    """Make a link for every device of a site; the answer is a file, because the addresses are shown once."""
    is_post = request.method == "POST"
    user = _user(request, "tickets.add_requestlink" if is_post else "tickets.view_requestlink")
    if is_post:
        return _make_site_links(request, user)
    present = Q(devices__is_deleted=False)
    sites = (
        Site.objects.annotate(present=Count("devices", filter=present))
        .filter(present__gt=0)
        .order_by("name", "pk")
        .values_list("pk", "name", "present")
    )
    context = {
        "sites": list(sites),
        "lifetimes": LIFETIMES,
        "may_add": request.user.has_perm("tickets.add_requestlink"),
    }
    return _render(request, "request_links_site.html", "Request pages of a site", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def component(request: HttpRequest) -> HttpResponse:
    """Show how devices fetch their own links; POST makes or revokes the secret, or saves the limits."""
    is_post = request.method == "POST"
    user = _user(request, "tickets.change_requestpolicy" if is_post else "tickets.view_requestlink")
    if is_post:
        _change_component(request, user)
        return redirect("request-component")
    may_change = request.user.has_perm("tickets.change_requestpolicy")
    stored = policy.load_request_policy()
    context = {
        "policy": stored,
        "secret": stored.component_secret if may_change else "",
        "has_secret": bool(stored.component_secret),
        "may_change": may_change,
        "variable": VARIABLE,
        "powershell": powershell_script(settings.PUBLIC_URL),
        "shell": shell_script(settings.PUBLIC_URL),
        "address": settings.PUBLIC_URL,
        "is_local": settings.PUBLIC_URL.startswith("http://"),
    }
    return _render(request, "request_component.html", "Set up devices", context)


def _make_site_links(request: HttpRequest, user: User) -> HttpResponseBase:
    now = timezone.now()
    expires_at, problem = _read_lifetime(request, now)
    site = Site.objects.filter(pk=read_id(request.POST.get("site")) or 0).first()
    if site is None:
        problem = "site: choose one of the list."
    elif not problem:
        devices = list(Device.objects.filter(site=site, is_deleted=False).order_by("hostname", "pk"))
        if devices:
            made = links.make_links(devices, user=user, expires_at=expires_at)
            rows = [["Device", "Device uid", "Request page"]]
            rows += [[str(one.link.device), one.link.device.datto_device_uid, one.url] for one in made]
            return csv_answer("request-pages", rows)
        problem = "site: it has no device. Choose another one."
    messages.error(request, f"No link was made. {problem}")
    return redirect("request-links-site")


def _change_component(request: HttpRequest, user: User) -> None:
    what = request.POST.get("what", "")
    if what == "rotate":
        _note(user, policy.rotate_secret(), "Made a new component secret.")
        messages.success(
            request,
            "The secret is new. Components with an old one fetch no links until they are given this one.",
        )
    elif what == "revoke":
        _note(user, policy.revoke_secret(), "Revoked the component secret.")
        messages.success(
            request, "The secret is revoked. No device fetches a link; links that exist stay valid."
        )
    elif what == "limits":
        errors = policy.save_limits(
            request.POST.get("link_days", ""), request.POST.get("requests_per_hour", "")
        )
        for error in errors:
            messages.error(request, f"Nothing was saved. {error}")
        if not errors:
            _note(user, policy.load_request_policy(), "Changed how long links hold and how much is taken in.")
            messages.success(request, "Saved. It holds for links fetched, and requests sent, from now on.")
    else:
        messages.error(request, "what: unknown. Press a button of this page.")


def _note(user: User, row: RequestPolicy, text: str) -> None:
    """Write it into the history of changes."""
    LogEntry.objects.log_actions(
        user_id=user.pk,
        queryset=RequestPolicy.objects.filter(pk=row.pk),
        action_flag=CHANGE,
        change_message=text,
        single_object=True,
    )


def _read_lifetime(request: HttpRequest, now: datetime) -> tuple[datetime | None, str]:
    """Return when a new link ends (None: when it is revoked), and what is wrong with the choice."""
    days = read_id(request.POST.get("days", ""))
    if days not in LIFETIMES:
        return None, "valid: choose how long."
    return (now + timedelta(days=days) if days else None), ""


def _render(request: HttpRequest, template: str, title: str, context: dict[str, object]) -> HttpResponse:
    frame = {**admin.site.each_context(request), "title": title}
    return TemplateResponse(request, f"tickets/{template}", {**frame, **context})


def _user(request: HttpRequest, permission: str) -> User:
    user = request.user
    if not isinstance(user, User) or not user.has_perm(permission):
        raise PermissionDenied
    return user
