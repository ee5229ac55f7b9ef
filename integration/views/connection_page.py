"""Settings > Connection: credentials, on and off, pause and resume."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from redis.exceptions import RedisError

from integration import connections, preflight
from integration.connections import FIELDS, SECRET_FIELDS, ConnectionInvalid
from integration.models import Connection, PreflightCheck
from integration.tasks import run_preflight
from integration.views.pages import page, render, send

_HINTS = {
    "datto_api_url": "e.g. https://merlot-api.centrastage.net, or just the platform's name: Merlot",
    "autotask_zone_url": "leave as it is unless you test against a sandbox",
    "autotask_username": "the whole login; it looks like an e-mail address",
}


@page("integration.view_connection", change="integration.change_connection")
def connection_page(request: HttpRequest) -> HttpResponse:
    """The form; POST `action` = save, enable, disable, pause or resume."""
    errors: dict[str, str] = {}
    if request.method == "POST":
        action = request.POST.get("action", "save")
        errors = _save(request) if action == "save" else _switch(request, action)
        if not errors:
            return redirect("preflight" if action == "save" else "connection")
    connection = connections.get_connection()
    context = {
        "connection": connection,
        "vendors": [
            (
                "Datto RMM",
                [_field(request, connection, name, errors) for name in FIELDS if name.startswith("datto")],
            ),
            (
                "Autotask",
                [_field(request, connection, name, errors) for name in FIELDS if name.startswith("autotask")],
            ),
        ],
        "missing": connections.missing_fields(connection),
        "has_failed_checks": PreflightCheck.objects.filter(status=PreflightCheck.Status.FAIL).exists(),
        "may_change": request.user.has_perm("integration.change_connection"),
    }
    return render(request, "connection.html", "Connection", context)


def _field(request: HttpRequest, connection: Connection, name: str, errors: dict[str, str]) -> dict[str, Any]:
    is_secret = name in SECRET_FIELDS
    stored = bool(getattr(connection, name))
    # A secret is never shown again, not even one that was just typed and refused.
    shown = "" if is_secret else request.POST.get(name, getattr(connection, name))
    return {
        "name": name,
        "title": FIELDS[name][1].removeprefix("Datto RMM ").removeprefix("Autotask "),
        "help": FIELDS[name][2],
        "hint": _HINTS.get(name, "")
        if not is_secret
        else ("saved; leave blank to keep it" if stored else "not entered yet"),
        "is_secret": is_secret,
        "is_stored": stored,
        "value": shown,
        "error": errors.get(name, ""),
    }


def _save(request: HttpRequest) -> dict[str, str]:
    values = {name: request.POST.get(name, "") for name in FIELDS if name in request.POST}
    try:
        saved = connections.save_connection(values)
    except ConnectionInvalid as error:
        messages.error(request, "Not saved: look at the marked fields.")
        return error.errors
    for warning in saved.warnings:
        messages.warning(request, warning)
    if saved.changed:
        # Names only: what was entered stays out of the history.
        titles = ", ".join(FIELDS[name][1] for name in saved.changed if name in FIELDS)
        _log(request, f"Changed {titles}." if titles else "Changed.")
        messages.success(request, "Saved. The checks below show whether it works.")
    else:
        messages.info(request, "Nothing was changed. The checks run again.")
    start_preflight(request)
    return {}


def _switch(request: HttpRequest, action: str) -> dict[str, str]:
    connection = connections.get_connection()
    if action == "enable":
        try:
            connections.enable(connection)
        except ConnectionInvalid as error:
            messages.error(request, "Not switched on: credentials are missing.")
            return error.errors
        text = "Switched on: alerts are read and tickets are written from now on."
    elif action == "disable":
        connections.disable(connection)
        text = "Switched off: nothing is read or written. Inbound messages are stored for later."
    elif action == "pause":
        reason = request.POST.get("reason", "")
        connections.pause(connection, reason)
        text = "Paused: alerts are stored, nothing is written. Resume handles them in order."
    elif action == "resume":
        connections.resume(connection)
        text = "Resumed: what waited is done now, in order."
    else:
        messages.error(request, "Unknown action; nothing was changed.")
        return {}
    _log(request, text)
    messages.success(request, text)
    return {}


def start_preflight(request: HttpRequest) -> None:
    """Queue the checks; the preflight page watches them."""
    try:
        preflight.mark_started()
    except RedisError:
        messages.error(
            request,
            "Redis does not answer, so the checks could not be started. Start Redis or correct REDIS_URL.",
        )
        return
    if not send(request, run_preflight, queue="alerts"):
        preflight.mark_ended()


def _log(request: HttpRequest, text: str) -> None:
    if isinstance(request.user, User):
        LogEntry.objects.log_actions(
            user_id=request.user.pk,
            queryset=Connection.objects.filter(pk=Connection.SINGLETON_ID),
            action_flag=CHANGE,
            change_message=text,
            single_object=True,
        )
