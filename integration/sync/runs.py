"""Runs of synchronisation: start, record, finish.

A run is a row before anything happens. Its executor claims it by a conditional UPDATE, so a message that is
delivered twice runs it once, and keeps a heartbeat, so that a run whose worker died is told from a live one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import structlog
from django.contrib.auth.models import User
from django.db import DatabaseError, connections
from django.db.models import Count
from django.utils import timezone

from integration.clients import NotConnected
from integration.models import SyncRun, SyncRunEntry, Vendor, VendorCall
from integration.sync.kinds import get_kind
from integration.vendors.errors import (
    AuthenticationFailed,
    PermissionDenied,
    RateLimited,
    Unavailable,
    VendorError,
)

log = structlog.get_logger(__name__)

#: A live run without a sign of life for this long lost its worker.
STALE_AFTER = timedelta(seconds=45)
#: A queued run waits for a free worker, which may be at work on a long one.
_QUEUED_TOO_LONG = timedelta(minutes=30)
_HEARTBEAT_SECONDS = 5
#: Seconds between two writes of progress.
_PROGRESS_SECONDS = 0.5
#: History rows are written in batches: one INSERT each would make a first sync of 50,000 devices crawl.
_ENTRIES_AT_ONCE = 200

Action = SyncRunEntry.Action


class RunCancelled(Exception):  # noqa: N818 - not a failure: a person asked for it
    """A person cancelled the run."""


class RunStoppedByGuard(Exception):  # noqa: N818 - not a failure: the guard asks a person
    """The run would change more than its guard allows; the text says how much and what to do."""


class RunRecorder:
    """What a running synchronisation writes down.

    Attributes:
        run: the row.
        dry_run: True when nothing but this history may be written.
    """

    def __init__(self, run: SyncRun, *, on_progress: Callable[[SyncRun], None] | None = None) -> None:
        self.run = run
        self.dry_run = run.dry_run
        self._on_progress = on_progress
        self._written_at = 0.0
        self._entries: list[SyncRunEntry] = []

    def begin_step(self, label: str, total: int | None = None) -> None:
        """Name what is being done now; progress starts over at 0 of `total` (None: nobody knows)."""
        self.run.progress_label = label
        self.run.progress_done = 0
        self.run.progress_total = total
        self._write_progress(force=True)

    def advance(self, done: int, total: int | None = None) -> None:
        """Say how many objects this step has looked at.

        Raises:
            RunCancelled: a person asked the run to stop.
        """
        self.run.progress_done = done
        if total is not None:
            self.run.progress_total = total
        self._write_progress(force=False)

    def unchanged(self, count: int = 1) -> None:
        """Count objects that needed nothing."""
        self.run.unchanged += count

    def created(
        self, object_type: str, object_id: object, label: str, after: dict[str, Any] | None = None
    ) -> None:
        """Record a new object."""
        self.run.creates += 1
        self._entry(Action.CREATE, object_type, object_id, label, after=after)

    def updated(
        self, object_type: str, object_id: object, label: str, before: dict[str, Any], after: dict[str, Any]
    ) -> None:
        """Record a changed object; `before` and `after` hold only the fields that differ."""
        self.run.updates += 1
        self._entry(Action.UPDATE, object_type, object_id, label, before=before, after=after)

    def deactivated(self, object_type: str, object_id: object, label: str, message: str = "") -> None:
        """Record an object that is no longer there or no longer active."""
        self.run.deactivations += 1
        self._entry(Action.DEACTIVATE, object_type, object_id, label, message=message)

    def failed(self, object_type: str, object_id: object, label: str, message: str, remedy: str = "") -> None:
        """Record an object that could not be handled, with the cure."""
        self.run.failures += 1
        self._entry(
            Action.NOTICE,
            object_type,
            object_id,
            label,
            message=message,
            remedy=remedy,
            status=SyncRunEntry.Status.FAILED,
        )

    def noticed(
        self, object_type: str, object_id: object, label: str, message: str, remedy: str = ""
    ) -> None:
        """Record something a person should know that is neither change nor failure."""
        self._entry(Action.NOTICE, object_type, object_id, label, message=message, remedy=remedy)

    def _entry(
        self,
        action: SyncRunEntry.Action,
        object_type: str,
        object_id: object,
        label: str,
        *,
        before: dict[str, Any] | None = None,
        after: dict[str, Any] | None = None,
        message: str = "",
        remedy: str = "",
        status: SyncRunEntry.Status | None = None,
    ) -> None:
        self._entries.append(
            SyncRunEntry(
                run=self.run,
                action=action,
                status=status or (SyncRunEntry.Status.PLANNED if self.dry_run else SyncRunEntry.Status.DONE),
                object_type=object_type,
                object_id=str(object_id)[:64],
                label=label[:255],
                before=before or {},
                after=after or {},
                message=message,
                remedy=remedy,
            )
        )
        if len(self._entries) >= _ENTRIES_AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Write the entries held back; called by itself at every step, every so many entries and at the end."""
        if self._entries:
            SyncRunEntry.objects.bulk_create(self._entries)
            self._entries = []

    def _write_progress(self, *, force: bool) -> None:
        if not force and time.monotonic() - self._written_at < _PROGRESS_SECONDS:
            return
        self._written_at = time.monotonic()
        self.flush()
        self.run.heartbeat_at = timezone.now()
        self.run.save(
            update_fields=[*_COUNTERS, "progress_done", "progress_total", "progress_label", "heartbeat_at"]
        )
        if self._on_progress is not None:
            self._on_progress(self.run)
        if SyncRun.objects.filter(pk=self.run.pk, cancel_requested=True).exists():
            raise RunCancelled


_COUNTERS = ["creates", "updates", "deactivations", "unchanged", "failures"]


def queue_run(
    *, kind: str, trigger: SyncRun.Trigger, user: User | None = None, dry_run: bool = False
) -> tuple[SyncRun, bool]:
    """Return the run to execute and whether it is new.

    A live run of the same kind and mode is joined instead of doubled.

    Raises:
        LookupError: unknown kind.
    """
    get_kind(kind)
    fail_stale_runs()
    live = (
        SyncRun.objects.filter(
            kind=kind, dry_run=dry_run, status__in=[SyncRun.Status.QUEUED, SyncRun.Status.RUNNING]
        )
        .order_by("-id")
        .first()
    )
    if live is not None and not _is_stale(live):
        return live, False
    return SyncRun.objects.create(kind=kind, trigger=trigger, user=user, dry_run=dry_run), True


def execute_run(run_id: int, *, on_progress: Callable[[SyncRun], None] | None = None) -> SyncRun | None:
    """Execute a queued run; returns None when somebody else has it.

    Vendor errors and unexpected exceptions end the run as failed with text and remedy; unexpected ones are
    raised again after they are recorded.
    """
    now = timezone.now()
    claimed = SyncRun.objects.filter(pk=run_id, status=SyncRun.Status.QUEUED).update(
        status=SyncRun.Status.RUNNING, started_at=now, heartbeat_at=now
    )
    if claimed != 1:
        return None
    run = SyncRun.objects.get(pk=run_id)
    recorder = RunRecorder(run, on_progress=on_progress)
    try:
        with _heartbeat(run.pk):
            get_kind(run.kind).execute(recorder)
    except RunCancelled:
        run.status, run.error = SyncRun.Status.CANCELLED, "Cancelled by a person. What was done before stays."
    except RunStoppedByGuard as stop:
        run.status, run.error = SyncRun.Status.GUARDED, str(stop)
    except NotConnected as error:
        run.status, run.error, run.remedy = SyncRun.Status.FAILED, str(error), error.remedy
    except VendorError as error:
        run.status, run.error, run.remedy = SyncRun.Status.FAILED, str(error), remedy_for(error)
        log.warning("sync run failed", kind=run.kind, run=run.pk, error=str(error))
    except BaseException as error:
        run.status, run.error = SyncRun.Status.FAILED, f"{type(error).__name__}: {error}"
        run.remedy = "This is a defect or a local fault, not a vendor's answer. The log has the details; the next run starts afresh."
        recorder.flush()
        _finish(run)
        raise
    else:
        run.status = SyncRun.Status.PARTIAL if run.failures else SyncRun.Status.SUCCEEDED
    recorder.flush()
    _finish(run)
    return run


def fail_stale_runs() -> int:
    """End live runs whose worker is gone; returns how many."""
    count = 0
    for run in SyncRun.objects.filter(status__in=[SyncRun.Status.RUNNING, SyncRun.Status.QUEUED]):
        if not _is_stale(run):
            continue
        count += SyncRun.objects.filter(pk=run.pk, status=run.status).update(
            status=SyncRun.Status.FAILED,
            finished_at=timezone.now(),
            error="The worker stopped before the run ended.",
            remedy="Nothing is half-written: each object is saved whole. Start it again, or wait for the schedule.",
        )
    return count


def request_cancel(run: SyncRun) -> bool:
    """Ask a live run to stop at its next step; returns False when it has ended already."""
    queued = SyncRun.objects.filter(pk=run.pk, status=SyncRun.Status.QUEUED).update(
        status=SyncRun.Status.CANCELLED, finished_at=timezone.now(), error="Cancelled before it started."
    )
    return bool(
        queued
        or SyncRun.objects.filter(pk=run.pk, status=SyncRun.Status.RUNNING).update(cancel_requested=True)
    )


def remedy_for(error: VendorError) -> str:
    """Return what a person can do about a vendor's error."""
    if isinstance(error, AuthenticationFailed):
        return "Enter the credentials again under Settings > Connection, then run Preflight."
    if isinstance(error, PermissionDenied):
        return "Give the API user the missing permission in the vendor's own settings, then run Preflight."
    if isinstance(error, RateLimited):
        return f"Nothing to do: the request budget is used up; work goes on in about {error.retry_after_seconds:.0f} s."
    if isinstance(error, Unavailable):
        return "Nothing to do if it was short: work goes on by itself. Otherwise check the vendor's status page and this server's network."
    return "See the vendor call for details; Preflight tells what is wrong with the connection."


def _is_stale(run: SyncRun) -> bool:
    if run.status == SyncRun.Status.QUEUED:
        return run.created_at < timezone.now() - _QUEUED_TOO_LONG
    return (run.heartbeat_at or run.created_at) < timezone.now() - STALE_AFTER


@contextmanager
def _heartbeat(run_id: int) -> Iterator[None]:
    """Show that the run is alive while one step takes long, such as a slow vendor call.

    A thread of its own, so that only the end of this process ends it: a killed worker is told from a slow one
    within seconds, and its poll does not keep others from starting.
    """
    done = threading.Event()

    def beat() -> None:
        try:
            while not done.wait(_HEARTBEAT_SECONDS):
                try:
                    SyncRun.objects.filter(pk=run_id).update(heartbeat_at=timezone.now())
                except DatabaseError as error:
                    log.warning("heartbeat of a sync run not written", run=run_id, error=str(error))
        finally:
            connections.close_all()

    thread = threading.Thread(target=beat, name=f"heartbeat of run {run_id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(timeout=_HEARTBEAT_SECONDS)


def _finish(run: SyncRun) -> None:
    run.finished_at = timezone.now()
    run.progress_label = ""
    calls = dict(VendorCall.objects.filter(run=run).values_list("vendor").annotate(n=Count("id")))
    run.datto_calls = calls.get(Vendor.DATTO_RMM, 0)
    run.autotask_calls = calls.get(Vendor.AUTOTASK, 0)
    run.save(
        update_fields=[
            *_COUNTERS,
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
    )
