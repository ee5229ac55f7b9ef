"""Changes a person chose: part of a preview, a single one from a screen, or the way back.

Each becomes a run of its own with its own entries, so that the history tells who did what when, and the same
engine applies, resumes and undoes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from integration.models import SyncRun, SyncRunEntry
from integration.sync.kinds import get_kind
from integration.sync.operations import Draft, get_operation

_CHUNK = 500
Status = SyncRunEntry.Status
_OPEN = [Status.PLANNED, Status.WAITING, Status.SKIPPED, Status.FAILED]


class NothingToDoError(ValueError):
    """None of the chosen entries can be applied or undone; the text says why."""


def queue_changes(kind: str, drafts: Sequence[Draft], user: User | None, *, title: str = "") -> SyncRun:
    """Return a new run that applies these changes; the caller sends it to a worker.

    Raises:
        NothingToDoError: no change given.
        LookupError: unknown kind or operation.
    """
    if not drafts:
        raise NothingToDoError("There is nothing to change.")
    get_kind(kind)
    for draft in drafts:
        get_operation(draft.operation)
    with transaction.atomic():
        run = _new_run(kind, SyncRun.Mode.APPLY, user, source=None, title=title)
        _store(run, ((draft, None) for draft in drafts))
    return run


def apply_entries(source: SyncRun, user: User | None, *, entry_ids: Iterable[int] | None = None) -> SyncRun:
    """Return a new run that applies planned entries of a preview, or of a run that stopped.

    Args:
        source: the run whose plan it is.
        user: who chose.
        entry_ids: what to apply; None for all that need no approval of their own.

    Raises:
        NothingToDoError: none of them is open any more.
    """
    chosen = source.entries.exclude(operation="")
    if entry_ids is None:
        chosen = chosen.filter(status=Status.PLANNED)
    else:
        chosen = chosen.filter(status__in=_OPEN, pk__in=list(entry_ids))
    with transaction.atomic():
        # The lock of the rows, or SQLite's of the database, keeps a double click from applying twice.
        ids = list(chosen.select_for_update().values_list("pk", flat=True))
        if not ids:
            raise NothingToDoError(
                "None of these changes is open any more. Look at the later runs, or preview again."
            )
        run = _new_run(source.kind, SyncRun.Mode.APPLY, user, source=source)
        for part in _parts(ids):
            SyncRunEntry.objects.filter(pk__in=part).update(status=Status.HANDED_ON)
        _store(run, ((_as_draft(entry), entry) for entry in _in_order(ids)))
    return run


def undo_entries(source: SyncRun, user: User | None, *, entry_ids: Iterable[int] | None = None) -> SyncRun:
    """Return a new run that takes applied changes back, last one first.

    What cannot be taken back gets a notice with the reason.

    Raises:
        NothingToDoError: nothing was applied, or all of it is undone.
    """
    chosen = source.entries.exclude(operation="").filter(status=Status.DONE)
    if entry_ids is not None:
        chosen = chosen.filter(pk__in=list(entry_ids))
    with transaction.atomic():
        ids = list(chosen.select_for_update().order_by("-pk").values_list("pk", flat=True))
        ids = [pk for pk in ids if pk not in _being_undone(ids)]
        if not ids:
            raise NothingToDoError(
                "Nothing of this can be taken back: it was not applied, or is undone already."
            )
        run = _new_run(source.kind, SyncRun.Mode.UNDO, user, source=source)
        impossible = []
        drafts = []
        for entry in _in_order(ids):
            draft = get_operation(entry.operation).draft_undo(entry)
            if isinstance(draft, str):
                impossible.append(_notice(run, entry, draft))
            else:
                drafts.append((draft, entry))
        if not drafts:
            raise NothingToDoError(impossible[0].message)
        SyncRunEntry.objects.bulk_create(impossible, batch_size=_CHUNK)
        _store(run, drafts)
    return run


def _being_undone(ids: Sequence[int]) -> set[int]:
    found: set[int] = set()
    for part in _parts(ids):
        found.update(
            SyncRunEntry.objects.filter(
                source__in=part, run__mode=SyncRun.Mode.UNDO, status__in=[Status.PLANNED, Status.APPLYING]
            ).values_list("source_id", flat=True)
        )
    return found


def _new_run(
    kind: str, mode: SyncRun.Mode, user: User | None, *, source: SyncRun | None, title: str = ""
) -> SyncRun:
    return SyncRun.objects.create(
        kind=kind,
        mode=mode,
        phase=SyncRun.Phase.APPLY,
        is_whole=False,
        trigger=SyncRun.Trigger.PERSON,
        user=user,
        source=source,
        scope={"title": title} if title else {},
    )


def _store(run: SyncRun, drafts: Iterable[tuple[Draft, SyncRunEntry | None]]) -> None:
    batch: list[SyncRunEntry] = []
    for draft, source in drafts:
        batch.append(_entry(run, draft, source))
        if len(batch) >= _CHUNK:
            SyncRunEntry.objects.bulk_create(batch)
            batch = []
    SyncRunEntry.objects.bulk_create(batch)


def _entry(run: SyncRun, draft: Draft, source: SyncRunEntry | None) -> SyncRunEntry:
    return SyncRunEntry(
        run=run,
        source=source,
        action=draft.action,
        status=Status.PLANNED,
        operation=draft.operation,
        payload=draft.payload,
        object_type=draft.object_type,
        object_id=draft.object_id[:64],
        label=draft.label[:255],
        before=draft.before,
        after=draft.after,
        message=draft.message,
    )


def _notice(run: SyncRun, entry: SyncRunEntry, reason: str) -> SyncRunEntry:
    return SyncRunEntry(
        run=run,
        source=entry,
        action=SyncRunEntry.Action.NOTICE,
        status=Status.SKIPPED,
        object_type=entry.object_type,
        object_id=entry.object_id,
        label=entry.label,
        message=reason,
    )


def _as_draft(entry: SyncRunEntry) -> Draft:
    return Draft(
        action=SyncRunEntry.Action(entry.action),
        operation=entry.operation,
        object_type=entry.object_type,
        object_id=entry.object_id,
        label=entry.label,
        before=entry.before,
        after=entry.after,
        payload=entry.payload,
        message=entry.message,
    )


def _in_order(ids: Sequence[int]) -> Iterator[SyncRunEntry]:
    for part in _parts(ids):
        rows: dict[int, Any] = SyncRunEntry.objects.in_bulk(part)
        yield from (rows[pk] for pk in part)


def _parts(ids: Sequence[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), _CHUNK):
        yield list(ids[start : start + _CHUNK])
