"""Pages about replays: start one, watch it, promote its draft, import what Datto RMM resolved. Nothing is run here."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from integration.models import SyncRun
from integration.sync import runs
from integration.tasks import execute_run
from integration.views.pages import live_part_of, page, send
from tickets.models import Monitor, ReplayRun
from tickets.services.draft_promotion import PromotionRefused, promote
from tickets.services.drafts import Draft, fingerprint_rules
from tickets.services.history import KIND
from tickets.services.noise import SUGGESTIONS, suggestion_file
from tickets.services.replay_source import count_recorded, load_stored_rules
from tickets.services.replay_story import PROMOTES, describe_or_say, replay_context
from tickets.services.replays import start_replay
from tickets.services.rules_file import known_fields
from tickets.tasks import enqueue_replay
from tickets.views.replay_forms import ReplayForm


@page("tickets.add_replayrun", change="tickets.add_replayrun")
def new(request: HttpRequest) -> HttpResponse:
    """The form of a new replay; a suggestion of the noise coach fills it in."""
    if request.method == "POST":
        form = ReplayForm(request.POST, request.FILES)
        if form.is_valid():
            return _start(request, form)
    else:
        form = ReplayForm(initial=_suggested(request))
    return TemplateResponse(
        request,
        "tickets/replay_new.html",
        {
            **admin.site.each_context(request),
            "title": "New replay",
            "form": form,
            "count": count_recorded(30, timezone.now()),
            **known_fields(),
        },
    )


def _start(request: HttpRequest, form: ReplayForm) -> HttpResponse:
    run = start_replay(
        days=form.cleaned_data["days"],
        draft=form.draft,
        user=_user(request),
        title=form.cleaned_data["title"],
    )
    _send(request, run)
    return redirect("admin:tickets_replayrun_change", run.pk)


def _suggested(request: HttpRequest) -> dict[str, Any]:
    pk, kind = request.GET.get("monitor", ""), request.GET.get("suggestion", "")
    monitor = Monitor.objects.filter(pk=int(pk)).first() if pk.isdecimal() and len(pk) < 16 else None  # noqa: PLR2004 - no id is longer
    if monitor is None or kind not in SUGGESTIONS:
        return {}
    return {
        "what": "file",
        "title": f"{SUGGESTIONS[kind].title}: {monitor}"[:200],
        "text": suggestion_file(monitor, kind),
    }


@page("tickets.view_replayrun")
def live(request: HttpRequest, replay_id: int) -> HttpResponse:
    """The moving part of a replay's page, as {"html", "live"}."""
    run = get_object_or_404(ReplayRun, pk=replay_id)
    return live_part_of(request, "tickets/_replay.html", replay_context(request.user, run), live=run.is_live)


@require_POST
def again(request: HttpRequest, replay_id: int) -> HttpResponse:
    """Run the same once more, on the rules and alerts of now."""
    _require(request, "tickets.add_replayrun")
    old = get_object_or_404(ReplayRun, pk=replay_id)
    draft = Draft.from_json({**old.draft, "base": ""}) if old.draft else None
    run = start_replay(days=old.days, draft=draft, user=_user(request), title=old.title, rule=old.rule)
    _send(request, run)
    return redirect("admin:tickets_replayrun_change", run.pk)


def promote_draft(request: HttpRequest, replay_id: int) -> HttpResponse:
    """Say what promotion would change, and with a POST do it."""
    for permission in PROMOTES:
        _require(request, permission)
    run = get_object_or_404(ReplayRun, pk=replay_id)
    if request.method == "POST":
        try:
            words = promote(run, _user(request))
        except PromotionRefused as refusal:
            messages.error(request, f"Nothing was changed. {refusal}")
        else:
            messages.success(
                request,
                f"The draft is now the rules; {len(words)} value{'' if len(words) == 1 else 's'} changed. "
                "Alerts that come in from now on follow them.",
            )
        return redirect("admin:tickets_replayrun_change", run.pk)
    stored = load_stored_rules()
    draft = Draft.from_json(run.draft)
    changes, problem = describe_or_say(draft, stored)
    if not problem and fingerprint_rules(stored) != draft.base:
        problem = "The rules have changed since this replay. Run it again, and promote that."
    if not problem and (run.status != ReplayRun.Status.DONE or run.promoted_at is not None):
        problem = "Only a finished replay is promoted, and only once."
    return TemplateResponse(
        request,
        "tickets/replay_promote.html",
        {
            **admin.site.each_context(request),
            "title": f"Promote: {run}",
            "run": run,
            "changes": changes,
            "problem": problem,
            "sentence": run.result.get("sentence", ""),
            "hidden": run.result.get("comparison", {}).get("newly_hidden_security", 0),
        },
    )


@require_POST
def import_history(request: HttpRequest) -> HttpResponse:
    """Queue the import of what Datto RMM has resolved, and go to its run."""
    _require(request, "tickets.add_replayrun")
    _require(request, "integration.add_syncrun")
    run, _is_new = runs.queue_run(kind=KIND, trigger=SyncRun.Trigger.PERSON, user=_user(request))
    transaction.on_commit(partial(send, request, execute_run, queue="sync", args=(run.pk,)))
    return redirect("admin:integration_syncrun_change", run.pk)


def _send(request: HttpRequest, run: ReplayRun) -> None:
    def tell() -> None:
        if not enqueue_replay(run.pk):
            messages.warning(request, "No worker could be told yet; the replay begins within two minutes.")

    transaction.on_commit(tell)


def _require(request: HttpRequest, permission: str) -> None:
    if not request.user.has_perm(permission):
        raise PermissionDenied


def _user(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user
