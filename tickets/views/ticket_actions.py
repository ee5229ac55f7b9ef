"""Buttons on a ticket's page: undo a group, or put more alerts into it. They write rows; workers do the rest."""

from __future__ import annotations

from typing import Final

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_http_methods, require_POST

from integration.ids import read_ids
from tickets.models import Ticket
from tickets.services import regroup
from tickets.services.audit import log_done
from tickets.services.regroup import Regrouped
from tickets.tasks import enqueue_actions

_OFFERED: Final = 100


@require_POST
def explode(request: HttpRequest, ticket_id: int) -> HttpResponse:
    """Give each alert of a group a decision of its own."""
    ticket, user = _ticket_and_user(request, ticket_id)
    done = regroup.explode_ticket(ticket, user)
    return _answer(request, user, ticket, done, f"Took {_count(done)} out; each is decided by itself.")


@require_POST
def release(request: HttpRequest, ticket_id: int) -> HttpResponse:
    """Give each organization of a storm across sites its own ticket."""
    ticket, user = _ticket_and_user(request, ticket_id)
    done = regroup.release_all(ticket, user)
    return _answer(
        request,
        user,
        ticket,
        done,
        f"Released {_count(done)}: each organization gets a ticket of its own, this one is completed.",
    )


@require_POST
def drop(request: HttpRequest, ticket_id: int) -> HttpResponse:
    """Let the alerts of a storm across sites make no ticket."""
    ticket, user = _ticket_and_user(request, ticket_id)
    done = regroup.drop_all(ticket, user, request.POST.get("reason", ""))
    return _answer(
        request, user, ticket, done, f"Dropped {_count(done)}. Retry on one of them makes a ticket after all."
    )


@require_http_methods(["GET", "HEAD", "POST"])
def merge(request: HttpRequest, ticket_id: int) -> HttpResponse:
    """Choose alerts that join a ticket, or let those that were chosen join."""
    if request.method == "POST":
        ticket, user = _ticket_and_user(request, ticket_id)
        chosen = read_ids(request.POST.getlist("alert"))
        done = regroup.merge_alerts(ticket, chosen, user)
        return _answer(
            request,
            user,
            ticket,
            done,
            f"Merged {_count(done)} into it. Tickets that stand for no alert any more are completed.",
        )
    if not request.user.has_perm("tickets.view_ticket") or not request.user.has_perm("tickets.view_alert"):
        raise PermissionDenied
    ticket = get_object_or_404(Ticket.objects.select_related("company"), pk=ticket_id)
    wanted = request.GET.get("q", "").strip()
    candidates = regroup.list_candidates(ticket)
    if wanted:
        candidates = candidates.filter(
            Q(summary__icontains=wanted)
            | Q(datto_device_name__icontains=wanted)
            | Q(datto_site_name__icontains=wanted)
        )
    found = list(candidates.defer("context", "decision", "diagnostics")[: _OFFERED + 1])
    context = {
        **admin.site.each_context(request),
        "title": f"Merge alerts into ticket {ticket}",
        "ticket": ticket,
        "candidates": found[:_OFFERED],
        "has_more": len(found) > _OFFERED,
        "wanted": wanted,
        "can_change": request.user.has_perm("tickets.change_alert"),
    }
    return TemplateResponse(request, "tickets/merge.html", context)


def _answer(request: HttpRequest, user: User, ticket: Ticket, done: Regrouped, words: str) -> HttpResponse:
    if done.refusal:
        messages.error(request, f"Nothing was done. {done.refusal}")
    else:
        enqueue_actions(done.due)
        log_done(user, ticket, words)
        messages.success(request, words)
    return redirect("admin:tickets_ticket_change", ticket.pk)


def _count(done: Regrouped) -> str:
    return "1 alert" if done.alerts == 1 else f"{done.alerts} alerts"


def _ticket_and_user(request: HttpRequest, ticket_id: int) -> tuple[Ticket, User]:
    user = request.user
    if not isinstance(user, User) or not user.has_perm("tickets.change_alert"):
        raise PermissionDenied
    return get_object_or_404(Ticket.objects.select_related("company"), pk=ticket_id), user
