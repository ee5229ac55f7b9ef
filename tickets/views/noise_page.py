"""The noise coach: the loudest monitors, what to do about each, and what that would have done."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from integration.views.pages import live_part_of, page
from tickets.models import ReplayRun
from tickets.selectors.replays import share_of
from tickets.services.noise import DAYS
from tickets.services.replay_story import user_of
from tickets.services.replays import start_replay
from tickets.tasks import enqueue_replay

Status = ReplayRun.Status


@page("tickets.view_replayrun", change="tickets.add_replayrun")
def coach(request: HttpRequest) -> HttpResponse:
    """The page; POST has a worker look again."""
    if request.method == "POST":
        return _look(request)
    return TemplateResponse(
        request,
        "tickets/noise.html",
        {**admin.site.each_context(request), "title": "Noise coach", **_context(request)},
    )


@page("tickets.view_replayrun")
def coach_live(request: HttpRequest) -> HttpResponse:
    """The moving part, as {"html", "live"}."""
    context = _context(request)
    return live_part_of(request, "tickets/_noise.html", context, live=context["at_work"] is not None)


def _look(request: HttpRequest) -> HttpResponse:
    live = ReplayRun.objects.filter(
        kind=ReplayRun.Kind.COACH, status__in=[Status.QUEUED, Status.RUNNING]
    ).first()
    run = live or start_replay(
        days=DAYS,
        draft=None,
        user=user_of(request.user),
        title="Noise coach",
        kind=ReplayRun.Kind.COACH,
    )

    def tell() -> None:
        if not enqueue_replay(run.pk):
            messages.warning(request, "No worker could be told yet; it begins within two minutes.")

    transaction.on_commit(tell)
    return redirect("noise-coach")


def _context(request: HttpRequest) -> dict[str, Any]:
    """Return the newest result, and the look that is at work. Two queries."""
    runs = ReplayRun.objects.filter(kind=ReplayRun.Kind.COACH)
    newest = runs.order_by("-id").first()
    done = (
        newest
        if newest is not None and newest.status == Status.DONE
        else runs.filter(status=Status.DONE).order_by("-id").first()
    )
    at_work = newest if newest is not None and newest.is_live else None
    lines: list[dict[str, Any]] = done.result.get("lines", []) if done is not None else []
    return {
        "done": done,
        "at_work": at_work,
        "share": share_of(at_work) if at_work is not None else None,
        "failed": newest if newest is not None and newest.status == Status.FAILED else None,
        "lines": lines,
        "advised": sum(bool(one["advice"]) for one in lines),
        "saved": sum(
            one["tickets"] - one["after"] for one in lines if one["advice"] and one["after"] is not None
        ),
        "may_start": request.user.has_perm("tickets.add_replayrun"),
    }
