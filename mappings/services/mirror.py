"""Mirroring a vendor's rows: chunk by chunk, so that memory stays flat and unchanged rows cost no write."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from django.db import models, transaction
from django.utils import timezone

from integration.sync.runs import RunRecorder
from mappings.domain.sweep import judge_sweep
from mappings.models import MirrorState

CHUNK_SIZE = 500
_WRITE_BATCH = 200
#: One permission for a large change is for a read that starts within this time.
ALLOWANCE = timedelta(hours=1)

Row = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Mirror:
    """One table that mirrors a vendor's objects.

    Attributes:
        name: of its `MirrorState`, such as "devices"; also the plural in sentences.
        object_type: in the history, such as "device".
        key: field with the vendor's id.
        gone: field and value that mark a row the vendor no longer returns.
        quiet: fields that change all the time; written, but not worth an entry in the history.
        is_noise: tells differences that are not even worth a write, by (field, old, new).
    """

    name: str
    object_type: str
    model: type[models.Model]
    key: str
    gone: tuple[str, bool]
    quiet: frozenset[str] = frozenset()
    is_noise: Callable[[str, Any, Any], bool] = field(default=lambda _field, _old, _new: False)


def in_chunks(items: Iterable[T], size: int = CHUNK_SIZE) -> Iterator[list[T]]:
    """Yield lists of at most `size` items."""
    chunk: list[T] = []
    for item in items:
        chunk.append(item)
        if len(chunk) >= size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def store_rows(recorder: RunRecorder, mirror: Mirror, rows: Iterable[Row]) -> set[Any]:
    """Create and update one chunk; each row is {field: value} and holds the key. A dry run only records.

    Returns:
        Keys of rows that are new or differ in more than quiet fields.
    """
    by_key = {row[mirror.key]: _fitted(mirror.model, row) for row in rows}
    touched: set[Any] = set()
    if not by_key:
        return touched
    now = timezone.now()
    manager = mirror.model._default_manager  # noqa: SLF001 - Django's documented door to any model's rows
    with transaction.atomic():
        known = {
            getattr(one, mirror.key): one for one in manager.filter(**{f"{mirror.key}__in": list(by_key)})
        }
        new: list[models.Model] = []
        changed: list[models.Model] = []
        changed_fields: set[str] = set()
        for key, row in by_key.items():
            one = known.get(key)
            if one is None:
                created = mirror.model(**row, synced_at=now)
                new.append(created)
                touched.add(key)
                filled = [name for name, value in row.items() if value not in (None, "")]
                recorder.created(mirror.object_type, key, str(created), _readable(row, filled))
                continue
            different = [name for name, value in row.items() if getattr(one, name) != value]
            if all(mirror.is_noise(name, getattr(one, name), row[name]) for name in different):
                recorder.unchanged()
                continue
            loud = [name for name in different if name not in mirror.quiet]
            before = _readable({name: getattr(one, name) for name in loud}, loud)
            for name in different:
                setattr(one, name, row[name])
            if loud:
                touched.add(key)
                recorder.updated(mirror.object_type, key, str(one), before, _readable(row, loud))
            else:
                recorder.unchanged()
            one.synced_at = now  # type: ignore[attr-defined]  # every mirrored model has it
            changed.append(one)
            changed_fields.update(different)
        if recorder.dry_run:
            return touched
        if new:
            manager.bulk_create(new, batch_size=_WRITE_BATCH)
        if changed:
            manager.bulk_update(changed, sorted({*changed_fields, "synced_at"}), batch_size=_WRITE_BATCH)
    return touched


def mark_gone(
    recorder: RunRecorder,
    mirror: Mirror,
    seen: set[Any],
    *,
    scope: dict[str, Any] | None = None,
    message: str,
) -> str:
    """After a complete read, mark rows that were not seen. Returns why the guard refused, "" when it did not.

    Args:
        recorder: the run.
        mirror: the table.
        seen: keys the vendor returned; the caller vouches that every page was read.
        scope: filter for the rows the read covered.
        message: for the history, such as "No longer returned by Datto RMM."
    """
    field_name, gone_value = mirror.gone
    manager = mirror.model._default_manager  # noqa: SLF001 - as above
    known = manager.filter(**(scope or {})).exclude(**{field_name: gone_value})
    keys = list(known.order_by().values_list(mirror.key, flat=True))
    missing = [key for key in keys if key not in seen]
    verdict = judge_sweep(
        noun=mirror.name,
        known=len(keys),
        missing=len(missing),
        is_large_change_allowed=_is_large_change_allowed(mirror.name),
    )
    if not verdict.is_allowed:
        if not recorder.dry_run:
            MirrorState.objects.get_or_create(name=mirror.name)  # so that a person has something to allow
        return (
            f"{verdict.reason} If it is right, open Mirrors (/admin/mappings/mirrorstate/), choose "
            f"'Allow one large change' for {mirror.name} and run again within the hour."
        )
    for chunk in in_chunks(missing):
        with transaction.atomic():
            rows = list(manager.filter(**{f"{mirror.key}__in": chunk}))
            for one in rows:
                recorder.deactivated(mirror.object_type, getattr(one, mirror.key), str(one), message)
            if not recorder.dry_run:
                manager.filter(pk__in=[one.pk for one in rows]).update(
                    **{field_name: gone_value, "synced_at": timezone.now()}
                )
    return ""


def needs_full_read(name: str, *, every: timedelta) -> bool:
    """Return whether the last complete read is older than `every`, or never was."""
    state = MirrorState.objects.filter(name=name).first()
    return state is None or state.full_read_at is None or state.full_read_at < timezone.now() - every


def cursor_of(name: str) -> datetime | None:
    """Return where an incremental read starts, None when everything must be read."""
    return MirrorState.objects.filter(name=name).values_list("cursor_at", flat=True).first()


def record_read(
    recorder: RunRecorder, name: str, *, cursor_at: datetime | None, is_full: bool, is_swept: bool = True
) -> None:
    """Remember a finished read; the cursor never moves backwards. A dry run remembers nothing.

    A complete sweep uses up a person's permission for one large change.
    """
    if recorder.dry_run:
        return
    state, _ = MirrorState.objects.get_or_create(name=name)
    if cursor_at is not None and (state.cursor_at is None or cursor_at > state.cursor_at):
        state.cursor_at = cursor_at
    if is_full and is_swept:
        state.full_read_at = timezone.now()
        state.large_change_allowed_until = None
    state.save()


def allow_large_change(names: Sequence[str]) -> int:
    """Let the next complete read of these mirrors mark any number of objects missing; returns how many."""
    return MirrorState.objects.filter(name__in=names).update(
        large_change_allowed_until=timezone.now() + ALLOWANCE
    )


def _is_large_change_allowed(name: str) -> bool:
    return MirrorState.objects.filter(name=name, large_change_allowed_until__gt=timezone.now()).exists()


def _fitted(model: type[models.Model], row: Row) -> Row:
    """Return the row with texts cut to what their column holds: a vendor's long name must not fail a run."""
    fitted = dict(row)
    for name, value in row.items():
        if isinstance(value, str):
            longest = getattr(model._meta.get_field(name), "max_length", None)  # noqa: SLF001 - documented API
            fitted[name] = value if longest is None else value[:longest]
    return fitted


def _readable(values: Row, names: Iterable[str]) -> Row:
    """Return the named values as JSON can hold them."""
    return {
        name: values[name].isoformat() if isinstance(values[name], date) else values[name] for name in names
    }
