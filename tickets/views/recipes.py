"""Autotask recipes: what is set up in Autotask's own screens, with this database's names; and the set of ticket UDFs."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from integration.connections import get_connection
from integration.sync.changes import NothingToDoError
from integration.sync.kinds import get_kind
from integration.tasks import execute_run
from integration.views.pages import page, send
from mappings.services.devices.udf_operations import KIND
from mappings.services.devices.udf_set import queue_udf_changes
from tickets.domain.recipes import build_recipes
from tickets.services.recipes import read_names
from tickets.services.udf_set import plan_standard_set


@page("tickets.view_ticketdefaults")
def recipes(request: HttpRequest) -> HttpResponse:
    """Show the recipes; the callout's address only to those who may change the connection, since it holds a secret."""
    names = read_names(get_connection(), shows_address=request.user.has_perm("integration.change_connection"))
    context = {
        "recipes": build_recipes(names),
        "plan": plan_standard_set(),
        "filled": list(names.udfs.values()),
    }
    return _render(request, "recipes.html", "Autotask recipes", context)


@page("tickets.view_ticketdefaults", change="tickets.change_ticketdefaults")
def ticket_udf_set(request: HttpRequest) -> HttpResponse:
    """Show what the standard set of ticket UDFs would create; POST queues it."""
    plan = plan_standard_set()
    if request.method == "POST":
        return _queue(request, plan.drafts)
    return _render(
        request,
        "ticket_udf_set.html",
        "Standard set of ticket UDFs",
        {"plan": plan, "may_change": request.user.has_perm("tickets.change_ticketdefaults")},
    )


def _queue(request: HttpRequest, drafts: Any) -> HttpResponse:
    if not get_connection().is_enabled:
        messages.error(
            request,
            "The integration is not switched on, so nothing can be written. Switch it on under Settings > Connection first.",
        )
        return redirect("ticket-udf-set")
    person = request.user if isinstance(request.user, User) else None
    try:
        run, is_new = queue_udf_changes(drafts, person, title="Create the standard set of ticket UDFs")
    except NothingToDoError:
        messages.info(request, "All of it is there already; there is nothing to create.")
        return redirect("ticket-udf-set")
    if is_new:
        transaction.on_commit(partial(send, request, execute_run, queue=get_kind(KIND).queue, args=(run.pk,)))
    else:
        messages.info(request, "This is at work already.")
    if not request.user.has_perm("integration.view_syncrun"):
        messages.success(request, "Queued. It is done within a minute or so.")
        return redirect("ticket-udf-set")
    return redirect("admin:integration_syncrun_change", run.pk)


def _render(request: HttpRequest, template: str, title: str, context: dict[str, Any]) -> HttpResponse:
    return TemplateResponse(
        request, f"tickets/{template}", {**admin.site.each_context(request), "title": title, **context}
    )
