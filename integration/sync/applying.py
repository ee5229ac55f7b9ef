"""Applying a plan: one entry after the other, each claimed before its vendor write and settled after it.

An entry that is found claimed was interrupted: its write may have been stored. It goes first, and its operation
looks before it writes. What a vendor refuses fails that entry alone; what makes every entry fail (outage, budget,
credentials, a pause) stops the slice and leaves the rest planned.
"""

from __future__ import annotations

from collections.abc import Iterator

import structlog

from integration.clients import NotConnected
from integration.models import SyncRun, SyncRunEntry
from integration.sync.operations import (
    Applied,
    CannotApply,
    Operation,
    Superseded,
    UnknownOperationError,
    Work,
    get_operation,
)
from integration.sync.recorder import RunRecorder, RunYields
from integration.sync.remedies import remedy_for
from integration.vendors.errors import (
    AuthenticationFailed,
    RateLimited,
    Unavailable,
    VendorError,
    WriteOutcomeUnknown,
)

log = structlog.get_logger(__name__)

_CHUNK = 100
#: So many refusals in a row are not about the entries.
_FAILURES_IN_A_ROW = 50

Status = SyncRunEntry.Status


class TooManyFailures(Exception):  # noqa: N818 - the text is for a person
    """The vendor refuses one entry after the other."""


def apply_plan(recorder: RunRecorder) -> None:
    """Apply the run's planned entries until none is left.

    Raises:
        RunYields: the time slice is over.
        RunCancelled, RunLost: between two entries.
        TooManyFailures: the vendor refuses everything.
        NotConnected, VendorError: nothing can be written now; the rest stays planned.
    """
    run = recorder.run
    entries = SyncRunEntry.objects.filter(run=run).exclude(operation="")
    total = entries.exclude(status=Status.WAITING).count()
    done = total - entries.filter(status__in=[Status.PLANNED, Status.APPLYING]).count()
    recorder.begin_step("Applying changes", total, done=done)
    work = Work(run)
    refused_in_a_row = 0
    for entry in _open_entries(run):
        if recorder.is_time_up:
            raise RunYields
        is_good = _apply_one(recorder, work, entry)
        refused_in_a_row = 0 if is_good else refused_in_a_row + 1
        done += 1
        if refused_in_a_row >= _FAILURES_IN_A_ROW:
            raise TooManyFailures(
                f"{refused_in_a_row} changes in a row were refused, so the run stopped before it tried the rest."
            )
        recorder.advance(done)


def _open_entries(run: SyncRun) -> Iterator[SyncRunEntry]:
    """Yield interrupted entries, then planned ones; ids are read in chunks, so memory stays flat."""
    for status in (Status.APPLYING, Status.PLANNED):
        last = 0
        while chunk := list(
            # Through the run, so that each entry knows it without a query of its own.
            run.entries.filter(status=status, pk__gt=last).exclude(operation="").order_by("pk")[:_CHUNK]
        ):
            for entry in chunk:
                last = entry.pk
                yield entry


def _apply_one(recorder: RunRecorder, work: Work, entry: SyncRunEntry) -> bool:
    """Apply one entry; returns False when it was refused."""
    is_doubtful = entry.status == Status.APPLYING
    recorder.require_ownership()
    if not is_doubtful:
        SyncRunEntry.objects.filter(pk=entry.pk).update(status=Status.APPLYING)
    try:
        outcome = _try(get_operation(entry.operation), work, entry, is_doubtful=is_doubtful)
    except Superseded as reason:
        _settle(entry, Status.SKIPPED, message=str(reason))
        return True
    except CannotApply as error:
        return _refuse(recorder, entry, str(error), error.remedy)
    except UnknownOperationError as error:
        return _refuse(recorder, entry, str(error), "Plan again with this version.")
    except (NotConnected, Unavailable, RateLimited, AuthenticationFailed):
        if not is_doubtful:
            SyncRunEntry.objects.filter(pk=entry.pk).update(status=Status.PLANNED)
        raise
    except WriteOutcomeUnknown:
        # Stays claimed: the next try looks first.
        raise
    except VendorError as error:
        return _refuse(recorder, entry, str(error), remedy_for(error))
    except Exception as error:
        # One defect must not keep the other entries from being applied, nor be hidden.
        log.exception("entry of a run failed", run=entry.run_id, entry=entry.pk)
        return _refuse(
            recorder,
            entry,
            f"{type(error).__name__}: {error}",
            "This is a defect or a local fault, not a vendor's answer; the log has the details. The next run looks again.",
        )
    entry.result = outcome.result
    _settle(entry, Status.DONE, message=outcome.message or entry.message)
    recorder.count(entry.action)
    if work.run.mode == SyncRun.Mode.UNDO and entry.source_id is not None:
        SyncRunEntry.objects.filter(pk=entry.source_id).update(status=Status.UNDONE)
    return True


def _try(operation: Operation, work: Work, entry: SyncRunEntry, *, is_doubtful: bool) -> Applied:
    try:
        return operation.apply(work, entry, is_doubtful)
    except WriteOutcomeUnknown as error:
        log.warning("outcome of a write unknown; looking", entry=entry.pk, error=str(error))
        return operation.apply(work, entry, True)  # noqa: FBT003 - the callable's own signature


def _settle(entry: SyncRunEntry, status: SyncRunEntry.Status, *, message: str, remedy: str = "") -> None:
    entry.status, entry.message, entry.remedy = status, message, remedy
    entry.save(update_fields=["status", "message", "remedy", "result"])


def _refuse(recorder: RunRecorder, entry: SyncRunEntry, message: str, remedy: str) -> bool:
    _settle(entry, Status.FAILED, message=message, remedy=remedy)
    recorder.run.failures += 1
    return False
