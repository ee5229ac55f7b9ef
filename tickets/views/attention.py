"""Needs attention: one inbox of everything that waits for a person."""

from __future__ import annotations

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from tickets.models import Action
from tickets.selectors import waiting
from tickets.selectors.inbox import count_by_permission, list_groups
from tickets.selectors.inbox_causes import CAUSE_TITLES
from tickets.services import retry
from tickets.tasks import enqueue_actions

_MANY = 999
_UNKNOWN = "?"


@require_GET
def needs_attention(request: HttpRequest) -> HttpResponse:
    """Show what waits, grouped by cause."""
    if not request.user.has_perm("tickets.view_alert"):
        raise PermissionDenied
    groups = list_groups(timezone.now())
    waiting.remember(count_by_permission(groups))
    seen = [group for group in groups if request.user.has_perm(group.permission)]
    context = {
        **admin.site.each_context(request),
        "title": "Needs attention",
        "groups": [group for group in seen if not group.is_calm],
        "calm": [group for group in seen if group.is_calm],
        "can_change": request.user.has_perm("tickets.change_alert"),
    }
    return TemplateResponse(request, "tickets/attention.html", context)


@require_POST
def retry_cause(request: HttpRequest) -> HttpResponse:
    """Try every alert that waits for one cause."""
    user = request.user
    if not isinstance(user, User) or not user.has_perm("tickets.change_alert"):
        raise PermissionDenied
    kind = request.POST.get("kind", "")
    if kind:
        return _retry_kind(request, kind, user)
    cause = request.POST.get("cause", "")
    if cause not in CAUSE_TITLES:
        messages.error(request, f"cause: {cause[:40]!r} is unknown. Press a button of this page.")
        return redirect("needs-attention")
    tried, due = retry.retry_cause(cause, user)
    enqueue_actions(due)
    what = "1 alert" if tried == 1 else f"{tried} alerts"
    messages.success(request, f"Tried {what} again: {CAUSE_TITLES[cause]}. What is still listed waits on.")
    return redirect("needs-attention")


def _retry_kind(request: HttpRequest, kind: str, user: User) -> HttpResponse:
    if kind not in Action.Kind.values:
        messages.error(request, f"kind: {kind[:40]!r} is unknown. Press a button of this page.")
        return redirect("needs-attention")
    tried, due = retry.retry_kind(kind, user, timezone.now())
    enqueue_actions(due)
    what = "1 write" if tried == 1 else f"{tried} writes"
    messages.success(
        request,
        f"Tries {what} again: {Action.Kind(kind).label.lower()}. What is refused again is listed again.",
    )
    return redirect("needs-attention")


def badge(request: HttpRequest) -> str:
    """Return how much waits, for the menu; empty when nothing does or the person may not see it.

    A question mark says that nobody counted lately, since no worker runs; the page itself counts.
    """
    if not request.user.has_perm("tickets.view_alert"):
        return ""
    counts = waiting.read_counts()
    if counts is None:
        return _UNKNOWN
    count = sum(n for permission, n in counts.items() if request.user.has_perm(permission))
    if not count:
        return ""
    return str(count) if count <= _MANY else f"{_MANY}+"
