"""Replays as rows: asked for, run once by one worker, kept with their result, and gone when they are old."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from django.contrib.auth.models import User
from django.db.models import Q
from django.utils import timezone

from integration.retention import delete_in_batches
from tickets.models import HistoricAlert, ReplayRun, TicketRule
from tickets.services.drafts import Draft, DraftOutdated, fingerprint_rules
from tickets.services.noise import look_for_noise
from tickets.services.replay_source import load_stored_rules
from tickets.services.trials import MOST_DAYS, OnProgress, run_trial

log = structlog.get_logger(__name__)

Status = ReplayRun.Status

#: Longer than a task may take: a replay still at work after this lost its worker.
_LOST_AFTER: Final = timedelta(minutes=12)
_ASK_AGAIN: Final = timedelta(seconds=60)
_PROGRESS_SECONDS: Final = 0.5
#: How long results are kept; those that forms asked for answer one question only.
_KEPT: Final = timedelta(days=90)
_EFFECTS_KEPT: Final = timedelta(days=1)
_COACH_KEPT: Final = timedelta(days=7)
#: Datto RMM's resolved list reaches 180 days; older alerts are of no replay.
_HISTORY_KEPT: Final = timedelta(days=MOST_DAYS + 10)


def start_replay(
    *,
    days: int,
    draft: Draft | None,
    user: User | None,
    title: str = "",
    rule: TicketRule | None = None,
    kind: ReplayRun.Kind = ReplayRun.Kind.COMPARE,
) -> ReplayRun:
    """Store a replay for a worker; whoever calls sends the message (`tickets.tasks.enqueue_replay`).

    Args:
        days: how far back, 1 to 180.
        draft: None for today's rules alone.
        title: made up when empty.
        rule: the rule it is about.
        kind: who asks; those of people are listed.
    """
    days = min(max(days, 1), MOST_DAYS)
    if draft is not None and not draft.base:
        draft.base = fingerprint_rules(load_stored_rules())
    what = "A draft" if draft is not None else "Today's rules"
    return ReplayRun.objects.create(
        title=(title or f"{what} on the last {days} days")[:200],
        days=days,
        draft=draft.to_json() if draft is not None else {},
        rule=rule,
        kind=kind,
        created_by=user,
        asked_at=timezone.now(),
    )


def execute_replay(run_id: int, *, now: datetime | None = None) -> ReplayRun | None:
    """Run a replay; None when another worker has it. Its result, or why there is none, is kept with it.

    Raises:
        Exception: a defect, after it was recorded.
    """
    started_at = timezone.now()
    claimed = ReplayRun.objects.filter(pk=run_id, status=Status.QUEUED).update(
        status=Status.RUNNING, started_at=started_at
    )
    if claimed != 1:
        return None
    run = ReplayRun.objects.get(pk=run_id)
    mine = ReplayRun.objects.filter(pk=run_id, status=Status.RUNNING, started_at=started_at)
    written_at = 0.0

    def tell(done: int, total: int) -> None:
        nonlocal written_at
        if time.monotonic() - written_at >= _PROGRESS_SECONDS:
            written_at = time.monotonic()
            mine.update(progress=done, total=total)

    now = now or started_at
    try:
        result = _work(run, now, tell)
    except DraftOutdated as error:
        mine.update(status=Status.FAILED, error=str(error), finished_at=timezone.now())
    except BaseException as error:
        mine.update(
            status=Status.FAILED,
            error=f"{type(error).__name__}: {error} This is a defect; the log has the details. Nothing was changed.",
            finished_at=timezone.now(),
        )
        raise
    else:
        done = result["alerts"]
        mine.update(
            status=Status.DONE, result=result, progress=done, total=done, finished_at=timezone.now(), error=""
        )
    run.refresh_from_db()
    return run


def _work(run: ReplayRun, now: datetime, tell: OnProgress) -> dict[str, Any]:
    if run.kind == ReplayRun.Kind.COACH:
        return {**look_for_noise(run.days, now, on_progress=tell), "until": now.isoformat()}
    draft = Draft.from_json(run.draft) if run.draft else None
    return {**run_trial(draft, run.days, now, on_progress=tell).to_json(), "until": now.isoformat()}


def find_waiting(now: datetime) -> list[int]:
    """End replays whose worker is gone, and return those whose message seems lost; asked for again once a minute."""
    lost = ReplayRun.objects.filter(status=Status.RUNNING, started_at__lt=now - _LOST_AFTER)
    ended = lost.update(
        status=Status.FAILED,
        error="The worker stopped before the replay ended. Nothing was changed. Start it again, perhaps over fewer days.",
        finished_at=now,
    )
    if ended:
        log.warning("replays without a worker ended", count=ended)
    waiting = ReplayRun.objects.filter(
        Q(asked_at=None) | Q(asked_at__lt=now - _ASK_AGAIN), status=Status.QUEUED
    )
    ids = list(waiting.order_by("id").values_list("pk", flat=True)[:20])
    if ids:
        ReplayRun.objects.filter(pk__in=ids).update(asked_at=now)
    return ids


def purge_replays(now: datetime) -> int:
    """Delete replays and imported alerts that are past their time; a promoted draft is in the history of changes."""
    ended = ReplayRun.objects.exclude(status__in=[Status.QUEUED, Status.RUNNING])
    old = Q(created_at__lt=now - _KEPT) | Q(kind=ReplayRun.Kind.EFFECT, created_at__lt=now - _EFFECTS_KEPT)
    old |= Q(kind=ReplayRun.Kind.COACH, created_at__lt=now - _COACH_KEPT)
    return delete_in_batches(ended.filter(old)) + delete_in_batches(
        HistoricAlert.objects.filter(raised_at__lt=now - _HISTORY_KEPT)
    )
