"""Around a monitor's page: the settings that apply to it, taking it out of the inbox, merging it with another one."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from integration.ids import read_id
from tickets.domain.settings.words import list_settings
from tickets.models import Alert, Monitor
from tickets.selectors.names import read_names
from tickets.selectors.origins import Origins
from tickets.selectors.places import Place, place_of
from tickets.services import monitor_catalogue
from tickets.services.rules import settings_of
from tickets.services.ticket_preview import preview_ticket

_NOWHERE = Place("", "", None, None, is_moved=False)
#: Of a monitor without any alert left.
_USUAL_PRIORITY = "High"


@require_GET
def settings(request: HttpRequest, monitor_id: int) -> HttpResponse:
    """Show every setting that applies to an alert of a monitor, and where it comes from.

    As a piece of HTML for the monitor's page; `page=1` makes a page of it, for browsers without scripts.
    """
    if not request.user.has_perm("tickets.view_monitor"):
        raise PermissionDenied
    monitor = get_object_or_404(Monitor.objects.select_related("monitor_type"), pk=monitor_id)
    alert, place = example_of(monitor, request.GET.get("alert", ""))
    found = settings_of(alert, place)
    rows = list_settings(found)
    names = read_names(
        monitor_type_id=alert.monitor_type_id,
        rule_ids={row.rule_id for row in rows if row.rule_id},
        rules={name.removeprefix("rule ") for name in found.rules},
    )
    origins = Origins(names, place)
    can_edit = request.user.has_perms(("tickets.add_ticketrule", "tickets.change_ticketrule"))
    context: dict[str, Any] = {
        "monitor": monitor,
        "alert": alert,
        "can_edit": can_edit,
        "preview": preview_ticket(alert, place, found) if alert.pk else None,
        "place": place,
        "rules": [origins.of(name) for name in found.rules],
        "priority_note": found.priority_note,
        "skipped": found.skipped,
        "groups": [
            (group, [(row, origins.of(row.origin, row.rule_id)) for row in members])
            for group, members in groupby(rows, key=lambda row: row.group)
        ],
    }
    if request.GET.get("page"):
        context |= {**admin.site.each_context(request), "title": f"Settings of {monitor}"}
        return TemplateResponse(request, "tickets/monitor_settings_page.html", context)
    return TemplateResponse(request, "tickets/monitor_settings.html", context)


@require_POST
def seen(request: HttpRequest, monitor_id: int) -> HttpResponse:
    """Take a monitor out of the inbox."""
    user = _user(request)
    monitor = get_object_or_404(Monitor, pk=monitor_id)
    if monitor_catalogue.mark_seen([monitor.pk], user):
        messages.success(request, "It is no longer new. Its name and settings stay as they are.")
    else:
        messages.info(request, "It was not new any more.")
    return redirect("admin:tickets_monitor_change", monitor.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def merge(request: HttpRequest, monitor_id: int) -> HttpResponse:
    """Show what merging two monitors does, or do it."""
    if request.method == "POST":
        _user(request)
    elif not request.user.has_perm("tickets.view_monitor"):
        raise PermissionDenied
    keep = get_object_or_404(Monitor.objects.select_related("monitor_type"), pk=monitor_id)
    given = request.POST if request.method == "POST" else request.GET
    other = (
        Monitor.objects.select_related("monitor_type").filter(pk=read_id(given.get("other", "")) or 0).first()
    )
    if other is None:
        messages.error(request, "the other one: choose the monitor that is the same as this one.")
        return redirect("admin:tickets_monitor_change", keep.pk)
    refusal = monitor_catalogue.why_not_merge(keep, other)
    if not refusal and request.method == "POST":
        name = str(other)
        refusal = monitor_catalogue.merge(keep, other, _user(request))
        if not refusal:
            messages.success(request, f"Merged \u201c{name}\u201d into this monitor.")
    if refusal or request.method == "POST":
        if refusal:
            messages.error(request, f"Nothing was merged. {refusal}")
        return redirect("admin:tickets_monitor_change", keep.pk)
    context = {
        **admin.site.each_context(request),
        "title": f"Merge \u201c{other}\u201d into \u201c{keep}\u201d",
        "keep": keep,
        "other": other,
        "can_change": request.user.has_perm("tickets.change_monitor"),
        "moves": [
            (words, rows.count())
            for words, rows in (
                ("fingerprints", other.fingerprints.all()),
                ("rules", other.rules.all()),
                ("silences", other.silences.all()),
            )
        ],
    }
    return TemplateResponse(request, "tickets/monitor_merge.html", context)


def example_of(monitor: Monitor, wanted: str = "") -> tuple[Alert, Place]:
    """Return the alert for which a monitor's settings are shown, and where it belongs.

    Args:
        monitor: with its monitor type loaded.
        wanted: primary key of an alert of it, as it stands in an address; else its newest is taken.
    """
    rows = Alert.objects.select_related("monitor__monitor_type", "monitor_type").filter(monitor=monitor)
    pk = read_id(wanted)
    found = (rows.filter(pk=pk).first() if pk is not None else None) or rows.first()
    return (found, place_of(found)) if found is not None else (_usual_alert(monitor), _NOWHERE)


def _usual_alert(monitor: Monitor) -> Alert:
    """Return an alert as the monitor would raise it, for one none of whose alerts is kept."""
    now = timezone.now()
    return Alert(
        monitor=monitor,
        monitor_type=monitor.monitor_type,
        priority=_USUAL_PRIORITY,
        raised_at=now,
        first_seen_at=now,
    )


def _user(request: HttpRequest) -> User:
    user = request.user
    if not isinstance(user, User) or not user.has_perm("tickets.change_monitor"):
        raise PermissionDenied
    return user
