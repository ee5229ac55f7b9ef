"""Start synchronisations and watch them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Count, Max, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone

from integration.connections import get_connection
from integration.ids import read_ids
from integration.models import SyncRun, SyncRunEntry, VendorCall
from integration.sync import changes, runs
from integration.sync.kinds import get_kind, list_kinds
from integration.sync.sentences import remaining_words, run_sentence
from integration.tasks import execute_run
from integration.views.entries import described_entries
from integration.views.pages import live_part, page, render, send

_ENTRIES_SHOWN = 50
_CALLS_SHOWN = 50


@page("integration.view_syncrun", change="integration.add_syncrun")
def run_now(request: HttpRequest) -> HttpResponse:
    """One card per kind with its last run; POST `kind` (and `preview`) queues a run and shows it."""
    if request.method == "POST":
        return _start(request, request.POST.get("kind", ""), dry_run="preview" in request.POST)
    return render(
        request,
        "run_now.html",
        "Run now",
        {
            "cards": _cards(),
            "is_enabled": get_connection().is_enabled,
            "may_run": request.user.has_perm("integration.add_syncrun"),
        },
    )


@page("integration.view_syncrun")
def run_live(request: HttpRequest, run_id: int) -> HttpResponse:
    """The moving part of a run's page, as {"html", "live"}."""
    run = get_object_or_404(SyncRun.objects.select_related("user"), pk=run_id)
    return live_part(request, "_run.html", run_context(request, run), live=run.is_live)


@page("integration.view_syncrun", change="integration.add_syncrun")
def run_cancel(request: HttpRequest, run_id: int) -> HttpResponse:
    """Ask a run to stop."""
    run = get_object_or_404(SyncRun, pk=run_id)
    if request.method == "POST":
        if runs.request_cancel(run):
            messages.success(request, "The run stops at its next step. What was done before stays.")
        else:
            messages.info(request, "The run has ended already.")
    return redirect("admin:integration_syncrun_change", run.pk)


@page("integration.view_syncrun", change="integration.add_syncrun")
def run_apply(request: HttpRequest, run_id: int) -> HttpResponse:
    """Apply planned changes of a run: all that need no approval of their own, or the ticked `entry` ids."""
    return _follow(request, run_id, changes.apply_entries)


@page("integration.view_syncrun", change="integration.add_syncrun")
def run_undo(request: HttpRequest, run_id: int) -> HttpResponse:
    """Take back what a run has changed, or the ticked `entry` ids of it."""
    return _follow(request, run_id, changes.undo_entries)


def _follow(request: HttpRequest, run_id: int, start: Callable[..., SyncRun]) -> HttpResponse:
    run = get_object_or_404(SyncRun, pk=run_id)
    if request.method != "POST":
        return redirect("admin:integration_syncrun_change", run.pk)
    ids = None if "all" in request.POST else read_ids(request.POST.getlist("entry"))
    if ids == []:
        messages.error(request, "Tick at least one change, or choose all of them.")
        return redirect("admin:integration_syncrun_change", run.pk)
    return start_follower(request, run, start, ids)


def start_follower(
    request: HttpRequest, run: SyncRun, start: Callable[..., SyncRun], entry_ids: list[int] | None
) -> HttpResponse:
    """Queue the run that applies or undoes entries, and go to its page; back with the reason when it cannot."""
    person = request.user if request.user.is_authenticated else None
    try:
        follower = start(run, person, entry_ids=entry_ids)
    except changes.NothingToDoError as error:
        messages.error(request, str(error))
        return redirect("admin:integration_syncrun_change", run.pk)
    return send_run(request, follower)


def send_run(request: HttpRequest, run: SyncRun) -> HttpResponse:
    """Send a queued run to a worker and go to its page."""
    queue = get_kind(run.kind).queue
    transaction.on_commit(partial(send, request, execute_run, queue=queue, args=(run.pk,)))
    return redirect("admin:integration_syncrun_change", run.pk)


def run_context(request: HttpRequest, run: SyncRun) -> dict[str, Any]:
    """Return what a run's page shows."""
    counted = run.entries.order_by().values_list("status", "action", "object_type").annotate(n=Count("id"))
    groups = []
    for status, action, object_type, count in sorted(counted, key=_group_order):
        entries = run.entries.filter(status=status, action=action, object_type=object_type)
        groups.append(
            {
                "title": f"{object_type.replace('_', ' ').capitalize()}: {_VERBS.get(action, action)}",
                "status": status,
                "status_label": Status(status).label,
                "action": action,
                "object_type": object_type,
                "count": count,
                "rows": described_entries(entries[:_ENTRIES_SHOWN]),
            }
        )
    share = None
    if run.progress_total:
        share = min(100, round(100 * run.progress_done / run.progress_total))
    can_choose = not run.is_live
    planned = run.entries.exclude(operation="").filter(status=Status.PLANNED).count() if can_choose else 0
    done = run.entries.exclude(operation="").filter(status=Status.DONE).count() if can_choose else 0
    return {
        "run": run,
        "kind": next((kind for kind in list_kinds() if kind.name == run.kind), None),
        "sentence": run_sentence(run),
        "groups": groups,
        "share": share,
        "remaining": remaining_words(run, timezone.now()),
        "planned": planned,
        "undoable": done,
        "followers": list(run.followers.order_by("pk")[:20]),
        "calls": list(VendorCall.objects.filter(run=run).order_by("-id")[:_CALLS_SHOWN]),
        "may_run": request.user.has_perm("integration.add_syncrun"),
    }


Status = SyncRunEntry.Status
_VERBS = {"create": "new", "update": "changed", "deactivate": "gone", "notice": "to know"}
#: What people look for comes first; what was done is many and plain.
_STATUS_ORDER = ["failed", "waiting", "applying", "planned", "skipped", "done", "handed_on", "undone"]
_ORDER = ["notice", "deactivate", "update", "create"]


def _group_order(row: tuple[str, str, str, int]) -> tuple[int, int, str]:
    status, action, object_type, _ = row
    return (
        _STATUS_ORDER.index(status) if status in _STATUS_ORDER else len(_STATUS_ORDER),
        _ORDER.index(action) if action in _ORDER else len(_ORDER),
        object_type,
    )


def _start(request: HttpRequest, name: str, *, dry_run: bool) -> HttpResponse:
    try:
        kind = get_kind(name)
    except LookupError as error:
        messages.error(request, str(error))
        return redirect("run-now")
    if not get_connection().is_enabled:
        messages.error(
            request, "The integration is not switched on, so nothing can be read. Switch it on here first."
        )
        return redirect("connection")
    person = request.user if request.user.is_authenticated else None
    run, is_new = runs.queue_run(kind=kind.name, trigger=SyncRun.Trigger.PERSON, user=person, dry_run=dry_run)
    if is_new:
        return send_run(request, run)
    messages.info(request, "A run of this kind is at work already; this is it.")
    return redirect("admin:integration_syncrun_change", run.pk)


def _cards() -> list[dict[str, Any]]:
    kinds = list_kinds()
    # Two queries for all cards, however many runs there are: the newest run and the newest that changed something.
    newest = dict(
        SyncRun.objects.filter(kind__in=[kind.name for kind in kinds])
        .values_list("kind")
        .annotate(last=Max("id"))
    )
    changed = Q(creates__gt=0) | Q(updates__gt=0) | Q(deactivations__gt=0)
    newest_change = dict(
        SyncRun.objects.filter(changed, kind__in=[kind.name for kind in kinds], dry_run=False)
        .values_list("kind")
        .annotate(last=Max("id"))
    )
    found = SyncRun.objects.select_related("user").in_bulk({*newest.values(), *newest_change.values()})
    return [
        {
            "kind": kind,
            "last": found.get(newest.get(kind.name, 0)),
            "last_change": found.get(newest_change.get(kind.name, 0)),
        }
        for kind in kinds
    ]
