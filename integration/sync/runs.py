"""Runs of synchronisation: start, execute in slices, finish.

A run is a row before anything happens. Its executor claims it by a conditional UPDATE that leaves a token, so a
message that is delivered twice runs it once, and a worker that was thought dead and is not can write nothing more.
A run that plans changes at a vendor goes on where it stopped: after a slice, a spent budget, an outage or a crash.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import structlog
from django.contrib.auth.models import User
from django.db import DatabaseError, IntegrityError, connections, transaction
from django.db.models import Count, Q
from django.utils import timezone

from integration.clients import NotConnected
from integration.models import SyncRun, SyncRunEntry, Vendor, VendorCall
from integration.sync.applying import TooManyFailures, apply_plan
from integration.sync.kinds import SyncKind, get_kind
from integration.sync.recorder import (
    COUNTERS,
    RunCancelled,
    RunLost,
    RunRecorder,
    RunStoppedByGuard,
    RunYields,
    owned,
)
from integration.sync.remedies import remedy_for
from integration.vendors.errors import RateLimited, Unavailable, VendorError, WriteOutcomeUnknown

log = structlog.get_logger(__name__)

#: A live run without a sign of life for this long lost its worker.
STALE_AFTER = timedelta(seconds=45)
#: A queued run waits for a free worker, which may be at work on a long one.
_QUEUED_TOO_LONG = timedelta(minutes=30)
_HEARTBEAT_SECONDS = 5
#: A run that applies changes goes on this often after a lost worker or an outage before a person has to look.
_RESUMES = 10
_WAIT_SECONDS = 60
_LONGEST_WAIT_SECONDS = 900

Status = SyncRun.Status
_LIVE = [Status.QUEUED, Status.RUNNING]


def queue_run(
    *,
    kind: str,
    trigger: SyncRun.Trigger,
    user: User | None = None,
    dry_run: bool = False,
    scope: dict[str, Any] | None = None,
) -> tuple[SyncRun, bool]:
    """Return the run to execute and whether it is new.

    A live run of the same kind and mode is joined instead of doubled; so is a waiting one of the same scope.

    Args:
        kind: name of a registered kind.
        trigger: what started it.
        user: the person, if one did.
        dry_run: only plan.
        scope: limits the run, such as {"device_uids": [...]}; None for everything.

    Raises:
        LookupError: unknown kind.
    """
    get_kind(kind)
    fail_stale_runs()
    if scope:
        waiting = SyncRun.objects.filter(
            kind=kind,
            dry_run=dry_run,
            is_whole=False,
            status=Status.QUEUED,
            mode=SyncRun.Mode.SYNC,
            scope=scope,
        ).first()
        if waiting is not None:
            return waiting, False
        return SyncRun.objects.create(
            kind=kind, trigger=trigger, user=user, dry_run=dry_run, scope=scope, is_whole=False
        ), True
    try:
        with transaction.atomic():
            return SyncRun.objects.create(kind=kind, trigger=trigger, user=user, dry_run=dry_run), True
    except IntegrityError:
        live = SyncRun.objects.filter(kind=kind, dry_run=dry_run, is_whole=True, status__in=_LIVE).first()
        if live is not None:
            return live, False
    # It ended between the two statements.
    return SyncRun.objects.create(kind=kind, trigger=trigger, user=user, dry_run=dry_run), True


def execute_run(
    run_id: int,
    *,
    on_progress: Callable[[SyncRun], None] | None = None,
    slice_seconds: float | None = None,
) -> SyncRun | None:
    """Execute a queued run, or its next slice; returns None when somebody else has it or it has to wait.

    Vendor errors and unexpected exceptions end the run as failed with text and remedy; unexpected ones are
    raised again after they are recorded. A run that waits, such as for a budget, is queued again with `not_before`.

    Args:
        run_id: the run.
        on_progress: called at each write of progress.
        slice_seconds: after this long, work that can go on later stops and the run is queued again.
    """
    run = _claim(run_id)
    if run is None:
        return None
    recorder = RunRecorder(run, on_progress=on_progress, slice_seconds=slice_seconds)
    try:
        with _heartbeat(run):
            _work(recorder, get_kind(run.kind))
            recorder.flush()
    except RunYields:
        return _wait(recorder, 0, "")
    except RunLost:
        log.warning("run was taken over while at work", run=run.pk)
        return None
    except RunCancelled:
        run.status, run.error = Status.CANCELLED, "Cancelled by a person. What was done before stays."
    except (RunStoppedByGuard, TooManyFailures) as stop:
        run.status, run.error = Status.GUARDED, str(stop)
    except NotConnected as error:
        if _goes_on(run) and error.reason == "paused":
            return _wait(recorder, _WAIT_SECONDS, "Waits, because the integration is paused")
        run.status, run.error, run.remedy = Status.FAILED, str(error), error.remedy
    except VendorError as error:
        seconds = _seconds_to_wait(run, error)
        if seconds is not None:
            return _wait(recorder, seconds, f"Waits: {error}"[:120])
        run.status, run.error, run.remedy = Status.FAILED, str(error), remedy_for(error)
        log.warning("sync run failed", kind=run.kind, run=run.pk, error=str(error))
    except BaseException as error:
        run.status, run.error = Status.FAILED, f"{type(error).__name__}: {error}"
        run.remedy = "This is a defect or a local fault, not a vendor's answer. The log has the details; the next run starts afresh."
        _finish(recorder)
        raise
    else:
        run.status = Status.PARTIAL if run.failures else Status.SUCCEEDED
    return _finish(recorder)


def _work(recorder: RunRecorder, kind: SyncKind) -> None:
    run = recorder.run
    if run.phase == SyncRun.Phase.PLAN:
        if kind.judge is not None:
            # What an interrupted planning left is planned again.
            run.entries.exclude(operation="").delete()
        kind.execute(recorder)
        recorder.flush()
        if kind.judge is None or run.dry_run:
            return
        refusal = kind.judge(recorder)
        if refusal:
            raise RunStoppedByGuard(refusal)
        run.phase = SyncRun.Phase.APPLY
        recorder.write_progress(force=True)
    apply_plan(recorder)
    if kind.after_apply is not None:
        kind.after_apply(recorder)


def _claim(run_id: int) -> SyncRun | None:
    now = timezone.now()
    token = secrets.token_hex(16)
    ready = Q(not_before=None) | Q(not_before__lte=now)
    try:
        with transaction.atomic():
            claimed = SyncRun.objects.filter(ready, pk=run_id, status=Status.QUEUED).update(
                status=Status.RUNNING, token=token, heartbeat_at=now, not_before=None
            )
    except IntegrityError:
        # Another run of this kind is at work; this one's turn comes after it.
        return None
    if claimed != 1:
        return None
    SyncRun.objects.filter(pk=run_id, started_at=None).update(started_at=now)
    return SyncRun.objects.get(pk=run_id)


def next_waiting(kind: str) -> SyncRun | None:
    """Return the run of a kind whose turn it is: a person's few changes before a whole synchronisation."""
    ready = Q(not_before=None) | Q(not_before__lte=timezone.now())
    waiting = SyncRun.objects.filter(ready, kind=kind, status=Status.QUEUED)
    return waiting.order_by("is_whole", "id").first()


def fail_stale_runs() -> int:
    """End live runs whose worker is gone, or let them go on; returns how many were ended."""
    count = 0
    for run in SyncRun.objects.filter(status__in=_LIVE):
        if not _is_stale(run):
            continue
        mine = SyncRun.objects.filter(pk=run.pk, status=run.status, token=run.token)
        if run.status == Status.RUNNING and _goes_on(run) and run.resumes < _RESUMES:
            mine.update(status=Status.QUEUED, token="", resumes=run.resumes + 1)
            continue
        count += mine.update(
            status=Status.FAILED,
            finished_at=timezone.now(),
            error="The worker stopped before the run ended.",
            remedy="Nothing is half-written: each object is saved whole. Start it again, or wait for the schedule.",
        )
    return count


def request_cancel(run: SyncRun) -> bool:
    """Ask a live run to stop at its next step; returns False when it has ended already."""
    queued = SyncRun.objects.filter(pk=run.pk, status=Status.QUEUED).update(
        status=Status.CANCELLED, finished_at=timezone.now(), error="Cancelled while it waited."
    )
    return bool(
        queued or SyncRun.objects.filter(pk=run.pk, status=Status.RUNNING).update(cancel_requested=True)
    )


def _goes_on(run: SyncRun) -> bool:
    """Whether the run can go on where it stopped."""
    return run.mode != SyncRun.Mode.SYNC or get_kind(run.kind).judge is not None


def _seconds_to_wait(run: SyncRun, error: VendorError) -> float | None:
    """Return how long a run should wait before it goes on, None when it has failed."""
    if not _goes_on(run):
        return None
    if isinstance(error, RateLimited):
        return min(max(error.retry_after_seconds, 5), _LONGEST_WAIT_SECONDS)
    is_outage = isinstance(error, Unavailable | WriteOutcomeUnknown)
    if is_outage and run.phase == SyncRun.Phase.APPLY and run.resumes < _RESUMES:
        run.resumes += 1
        return min(_WAIT_SECONDS * run.resumes, _LONGEST_WAIT_SECONDS)
    return None


def _wait(recorder: RunRecorder, seconds: float, label: str) -> SyncRun | None:
    """Queue the run again, to go on after some seconds."""
    recorder.flush()
    run = recorder.run
    values = {name: getattr(run, name) for name in (*COUNTERS, "stage", "phase", "resumes", "progress_done")}
    owned(run).update(
        **values,
        status=Status.QUEUED,
        token="",
        not_before=timezone.now() + timedelta(seconds=seconds) if seconds else None,
        progress_label=label or run.progress_label,
    )
    return SyncRun.objects.get(pk=run.pk)


def _is_stale(run: SyncRun) -> bool:
    now = timezone.now()
    if run.status == Status.RUNNING:
        return (run.heartbeat_at or run.created_at) < now - STALE_AFTER
    if _goes_on(run):
        return False
    return run.created_at < now - _QUEUED_TOO_LONG


@contextmanager
def _heartbeat(run: SyncRun) -> Iterator[None]:
    """Show that the run is alive while one step takes long, such as a slow vendor call.

    A thread of its own, so that only the end of this process ends it: a killed worker is told from a slow one
    within seconds, and its poll does not keep others from starting.
    """
    done = threading.Event()

    def beat() -> None:
        try:
            while not done.wait(_HEARTBEAT_SECONDS):
                try:
                    owned(run).update(heartbeat_at=timezone.now())
                except DatabaseError as error:
                    log.warning("heartbeat of a sync run not written", run=run.pk, error=str(error))
        finally:
            connections.close_all()

    thread = threading.Thread(target=beat, name=f"heartbeat of run {run.pk}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(timeout=_HEARTBEAT_SECONDS)


def _finish(recorder: RunRecorder) -> SyncRun:
    recorder.flush()
    run = recorder.run
    run.finished_at = timezone.now()
    run.progress_label = ""
    calls = dict(VendorCall.objects.filter(run=run).values_list("vendor").annotate(n=Count("id")))
    run.datto_calls = calls.get(Vendor.DATTO_RMM, 0)
    run.autotask_calls = calls.get(Vendor.AUTOTASK, 0)
    values = {name: getattr(run, name) for name in (*COUNTERS, *_OUTCOME)}
    if not owned(run).update(**values):
        log.warning("run was taken over before it could finish", run=run.pk)
        return SyncRun.objects.get(pk=run.pk)
    return run


_OUTCOME = [
    "status",
    "error",
    "remedy",
    "finished_at",
    "progress_label",
    "progress_done",
    "progress_total",
    "datto_calls",
    "autotask_calls",
]


def has_open_entries(run: SyncRun) -> bool:
    """Whether the run has planned changes that nobody has applied."""
    return (
        run.entries.exclude(operation="")
        .filter(status__in=[SyncRunEntry.Status.PLANNED, SyncRunEntry.Status.WAITING])
        .exists()
    )
