"""Keep the history as long as it is of use, and no longer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from integration.models import SyncRun, SyncRunEntry, VendorCall

#: Small deletes keep the database's write lock short.
_BATCH = 1000
#: Scheduled runs that changed nothing are of no interest after this.
_QUIET_RUNS = timedelta(days=1)

_purgers: dict[str, Callable[[datetime], int]] = {}


def register_purger(name: str, purge: Callable[[datetime], int]) -> None:
    """Let an app delete its own old rows daily; `purge(now)` returns how many it deleted."""
    _purgers[name] = purge


def purge_old_rows(now: datetime | None = None) -> dict[str, int]:
    """Delete what is past its time; returns counts by what it was."""
    now = now or timezone.now()
    alive = [SyncRun.Status.QUEUED, SyncRun.Status.RUNNING]
    ended = SyncRun.objects.exclude(status__in=alive)
    quiet = Q(
        trigger=SyncRun.Trigger.SCHEDULE,
        status=SyncRun.Status.SUCCEEDED,
        creates=0,
        updates=0,
        deactivations=0,
    )
    # A run at work tells the one whose plan it applies, or takes back, how each change went.
    busy = SyncRun.objects.filter(status__in=alive, source__isnull=False).values("source")
    old_runs = ended.filter(created_at__lt=now - timedelta(days=settings.HISTORY_DAYS)).exclude(pk__in=busy)
    counts = {
        "vendor calls": delete_in_batches(
            VendorCall.objects.filter(started_at__lt=now - timedelta(days=settings.CALL_LOG_DAYS))
        ),
        "quiet runs": delete_in_batches(
            ended.filter(quiet, created_at__lt=now - _QUIET_RUNS, entries__isnull=True)
        ),
        # Before their runs: a run of a large account has so many that one statement would hold the write lock long.
        "changes of runs": delete_in_batches(SyncRunEntry.objects.filter(run__in=old_runs)),
        "runs": delete_in_batches(old_runs),
    }
    for name, purge in _purgers.items():
        counts[name] = purge(now)
    return counts


def delete_in_batches(rows: QuerySet[Any]) -> int:
    """Delete rows a thousand at a time; returns how many rows of that model went."""
    every = rows.model.objects.all()
    total = 0
    while ids := list(rows.order_by("pk").values_list("pk", flat=True)[:_BATCH]):
        every.filter(pk__in=ids).delete()
        total += len(ids)
    return total
