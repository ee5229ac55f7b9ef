"""Start synchronisations and watch them."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Count, Max, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from integration.connections import get_connection
from integration.models import SyncRun, SyncRunEntry, VendorCall
from integration.sync import runs
from integration.sync.kinds import get_kind, list_kinds
from integration.sync.sentences import run_sentence
from integration.tasks import execute_run
from integration.views.pages import live_part, page, render, send

_ENTRIES_SHOWN = 100
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


def run_context(request: HttpRequest, run: SyncRun) -> dict[str, Any]:
    """Return what a run's page shows."""
    counted = run.entries.values_list("status", "action", "object_type").annotate(n=Count("id"))
    failed: list[SyncRunEntry] = list(run.entries.filter(status=SyncRunEntry.Status.FAILED)[:_ENTRIES_SHOWN])
    groups = []
    for status, action, object_type, count in sorted(counted, key=lambda row: (_ORDER.index(row[1]), row[2])):
        if status == SyncRunEntry.Status.FAILED:
            continue
        entries = run.entries.filter(action=action, object_type=object_type).exclude(
            status=SyncRunEntry.Status.FAILED
        )
        groups.append(
            {
                "title": f"{object_type.replace('_', ' ').capitalize()}: {_VERBS[action]}",
                "action": action,
                "count": count,
                "rows": [
                    (entry, list(_changes(entry.before, entry.after))) for entry in entries[:_ENTRIES_SHOWN]
                ],
            }
        )
    share = None
    if run.progress_total:
        share = min(100, round(100 * run.progress_done / run.progress_total))
    return {
        "run": run,
        "kind": next((kind for kind in list_kinds() if kind.name == run.kind), None),
        "sentence": run_sentence(run),
        "failed": failed,
        "groups": groups,
        "share": share,
        "calls": list(VendorCall.objects.filter(run=run).order_by("-id")[:_CALLS_SHOWN]),
        "may_run": request.user.has_perm("integration.add_syncrun"),
    }


_VERBS = {"create": "new", "update": "changed", "deactivate": "gone", "notice": "to know"}
#: What people look for comes first; new objects are many and plain.
_ORDER = ["notice", "deactivate", "update", "create"]


def _changes(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return (field, before, after) in words."""
    names = list(dict.fromkeys([*before, *after]))
    return [(name.replace("_", " "), _text(before.get(name)), _text(after.get(name))) for name in names]


def _text(value: Any) -> str:
    if value is None or value == "":
        return "empty"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


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
        transaction.on_commit(partial(send, request, execute_run, queue=kind.queue, args=(run.pk,)))
    else:
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
