"""What a running synchronisation writes down."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from django.utils import timezone

from integration.models import SyncRun, SyncRunEntry
from integration.sync.operations import Draft

#: Seconds between two writes of progress.
_PROGRESS_SECONDS = 0.5
#: History rows are written in batches: one INSERT each would make a first sync of 50,000 devices crawl.
_ENTRIES_AT_ONCE = 200

Action = SyncRunEntry.Action
Status = SyncRunEntry.Status
COUNTERS = ["creates", "updates", "deactivations", "unchanged", "failures"]


class RunCancelled(Exception):  # noqa: N818 - not a failure: a person asked for it
    """A person cancelled the run."""


class RunLost(Exception):  # noqa: N818 - not a failure of this run: somebody else has it
    """The run was taken away, because its worker seemed dead; whoever has it goes on."""


class RunStoppedByGuard(Exception):  # noqa: N818 - not a failure: the guard asks a person
    """The run would change more than its guard allows; the text says how much and what to do."""


class RunYields(Exception):  # noqa: N818 - not a failure: its time slice is over
    """The slice is over; the run goes on in the next one from `run.stage`."""


class RunRecorder:
    """What a running synchronisation writes down.

    Attributes:
        run: the row.
        dry_run: True when nothing but this history, and mirrors of what vendors hold, may be written.
    """

    def __init__(
        self,
        run: SyncRun,
        *,
        on_progress: Callable[[SyncRun], None] | None = None,
        slice_seconds: float | None = None,
    ) -> None:
        self.run = run
        self.dry_run = run.dry_run
        self._on_progress = on_progress
        self._written_at = 0.0
        self._entries: list[SyncRunEntry] = []
        self._slice_ends_at = None if slice_seconds is None else time.monotonic() + slice_seconds

    @property
    def is_time_up(self) -> bool:
        """Whether the slice is over; work that can go on later stops at the next good place."""
        return self._slice_ends_at is not None and time.monotonic() >= self._slice_ends_at

    def begin_step(self, label: str, total: int | None = None, *, done: int = 0) -> None:
        """Name what is being done now; progress starts at `done` of `total` (None: nobody knows)."""
        self.run.progress_label = label
        self.run.progress_done = done
        self.run.progress_total = total
        self.run.step_started_at = timezone.now()
        self.write_progress(force=True)

    def advance(self, done: int, total: int | None = None) -> None:
        """Say how many objects this step has looked at.

        Raises:
            RunCancelled: a person asked the run to stop.
            RunLost: another worker has the run.
        """
        self.run.progress_done = done
        if total is not None:
            self.run.progress_total = total
        self.write_progress(force=False)

    def finish_stage(self, stage: str) -> None:
        """Remember how far planning is, so that the next slice, or worker, does not start over."""
        self.run.stage = stage
        self.write_progress(force=True)

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
            Action.NOTICE, object_type, object_id, label, message=message, remedy=remedy, status=Status.FAILED
        )

    def noticed(
        self, object_type: str, object_id: object, label: str, message: str, remedy: str = ""
    ) -> None:
        """Record something a person should know that is neither change nor failure."""
        self._entry(Action.NOTICE, object_type, object_id, label, message=message, remedy=remedy)

    def plan(self, draft: Draft) -> None:
        """Record a change to be applied; a preview counts it, a real run counts what it has applied."""
        if self.dry_run:
            self.count(draft.action)
        self._entry(
            draft.action,
            draft.object_type,
            draft.object_id,
            draft.label,
            before=draft.before,
            after=draft.after,
            message=draft.message,
            status=Status.WAITING if draft.needs_approval else Status.PLANNED,
            operation=draft.operation,
            payload=draft.payload,
        )

    def count(self, action: str) -> None:
        """Count one applied, or in a preview one planned, change."""
        if action == Action.CREATE:
            self.run.creates += 1
        elif action == Action.DEACTIVATE:
            self.run.deactivations += 1
        else:
            self.run.updates += 1

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
        operation: str = "",
        payload: dict[str, Any] | None = None,
    ) -> None:
        self._entries.append(
            SyncRunEntry(
                run=self.run,
                action=action,
                status=status or (Status.PLANNED if self.dry_run else Status.DONE),
                operation=operation,
                payload=payload or {},
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
            self._entries.clear()

    def require_ownership(self) -> None:
        """Make sure before a vendor write that the run is still ours.

        Raises:
            RunLost: another worker has it.
        """
        if not owned(self.run).exists():
            raise RunLost

    def write_progress(self, *, force: bool) -> None:
        """Save counters and progress, at most twice a second unless forced.

        Raises:
            RunCancelled, RunLost: as `advance`.
        """
        if not force and time.monotonic() - self._written_at < _PROGRESS_SECONDS:
            return
        self._written_at = time.monotonic()
        self.flush()
        self.run.heartbeat_at = timezone.now()
        values = {name: getattr(self.run, name) for name in (*COUNTERS, *_PROGRESS)}
        if not owned(self.run).update(**values):
            raise RunLost
        if self._on_progress is not None:
            self._on_progress(self.run)
        if SyncRun.objects.filter(pk=self.run.pk, cancel_requested=True).exists():
            raise RunCancelled


_PROGRESS = [
    "progress_done",
    "progress_total",
    "progress_label",
    "step_started_at",
    "heartbeat_at",
    "stage",
    "phase",
]


class QuietRecorder(RunRecorder):
    """Records notices and failures of a run, and neither counts nor lists changes of our own mirrors.

    A run that changes a vendor counts what it changed there; what it learned on the way is not its result. Mirrors
    are written in a preview too: without them it would preview the past.
    """

    def __init__(self, recorder: RunRecorder) -> None:
        super().__init__(recorder.run, on_progress=recorder._on_progress)  # noqa: SLF001 - the same object's other face
        self._entries = recorder._entries  # noqa: SLF001 - as above
        self._slice_ends_at = recorder._slice_ends_at  # noqa: SLF001 - as above
        self.dry_run = False

    def unchanged(self, count: int = 1) -> None:
        """Count nothing."""

    def created(
        self, object_type: str, object_id: object, label: str, after: dict[str, Any] | None = None
    ) -> None:
        """List nothing."""

    def updated(
        self, object_type: str, object_id: object, label: str, before: dict[str, Any], after: dict[str, Any]
    ) -> None:
        """List nothing."""

    def deactivated(self, object_type: str, object_id: object, label: str, message: str = "") -> None:
        """List nothing."""


def owned(run: SyncRun) -> Any:
    """Return the run's row as long as it is at work and ours."""
    return SyncRun.objects.filter(pk=run.pk, token=run.token, status=SyncRun.Status.RUNNING)
