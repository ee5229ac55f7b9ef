"""Mirroring a vendor's rows: chunk by chunk, so that memory stays flat and unchanged rows cost no write."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from hashlib import blake2b
from typing import Any, TypeVar

from django.db import connection, models, transaction
from django.utils import timezone

from integration.sync.recorder import RunRecorder
from integration.vendors.errors import ContractBroken, NotFound, PermissionDenied, Rejected
from mappings.domain.sweep import judge_sweep
from mappings.models import MirrorState

CHUNK_SIZE = 500
_WRITE_BATCH = 200
#: One permission for a large change is for a read that starts within this time.
ALLOWANCE = timedelta(hours=1)
NOT_RETURNED = "No longer returned by Autotask."
#: An incremental read starts this much before the last change seen: Autotask commits out of order.
OVERLAP = timedelta(minutes=5)

Row = dict[str, Any]
T = TypeVar("T")
#: Called with each row that is new (no old values) or differs ({field: old value}), just before it is written.
Watch = Callable[[Any, Row], None]


@dataclass(frozen=True, slots=True)
class Mirror:
    """One table that mirrors a vendor's objects.

    Attributes:
        name: of its `MirrorState`, such as "devices"; also the plural in sentences.
        object_type: in the history, such as "device".
        key: field with the vendor's id.
        gone: field and value that mark a row the vendor no longer returns; None when such a row is deleted, because
            it only joins two others or counts something.
        quiet: fields that change all the time; written, but not worth an entry in the history.
        is_noise: tells differences that are not even worth a write, by (field, old, new).
        fixed: what all its rows have in common, for tables that hold several vendors' lists, such as {"kind": "bundle"}.
        version: field with the vendor's time of change; an older row never overwrites a newer one. "" for none.
        label: what the history calls a row; must not cost a query.
    """

    name: str
    object_type: str
    model: type[models.Model]
    key: str
    gone: tuple[str, bool] | None
    quiet: frozenset[str] = frozenset()
    is_noise: Callable[[str, Any, Any], bool] = field(default=lambda _field, _old, _new: False)
    fixed: Row = field(default_factory=dict)
    version: str = ""
    label: Callable[[Any], str] = str

    @property
    def rows(self) -> models.QuerySet[Any]:
        """All its rows."""
        return self.model._default_manager.filter(**self.fixed)  # noqa: SLF001 - Django's documented door to any model's rows


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


@contextmanager
def writing(name: str) -> Iterator[None]:
    """Open a transaction in which nobody else writes this mirror.

    SQLite lets one writer in at a time anyway. On PostgreSQL two runs that meet the same new object would both
    insert it, and rows updated in different orders would lock each other out.
    """
    with transaction.atomic():
        if connection.vendor == "postgresql":
            key = int.from_bytes(blake2b(f"mirror:{name}".encode(), digest_size=8).digest(), signed=True)
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])
        yield


def store_rows(
    recorder: RunRecorder, mirror: Mirror, rows: Iterable[Row], *, watch: Watch | None = None
) -> set[Any]:
    """Create and update one chunk; each row is {field: value} and holds the key. A dry run only records.

    Returns:
        Keys of rows that are new or differ in more than quiet fields.
    """
    by_key = {row[mirror.key]: fitted(mirror.model, row) for row in rows}
    touched: set[Any] = set()
    if not by_key:
        return touched
    now = timezone.now()
    with writing(mirror.name):
        known = {
            getattr(one, mirror.key): one for one in mirror.rows.filter(**{f"{mirror.key}__in": list(by_key)})
        }
        new: list[models.Model] = []
        changed: list[models.Model] = []
        changed_fields: set[str] = set()
        for key, row in by_key.items():
            one = known.get(key)
            if one is None:
                created = mirror.model(**mirror.fixed, **row, synced_at=now)
                if watch is not None:
                    watch(created, {})
                new.append(created)
                touched.add(key)
                filled = [name for name, value in row.items() if value not in (None, "")]
                recorder.created(mirror.object_type, key, mirror.label(created), _readable(row, filled))
                continue
            different = [name for name, value in row.items() if getattr(one, name) != value]
            if is_outdated(mirror, one, row) or all(
                mirror.is_noise(name, getattr(one, name), row[name]) for name in different
            ):
                recorder.unchanged()
                continue
            loud = [name for name in different if name not in mirror.quiet]
            old = {name: getattr(one, name) for name in different}
            before = _readable(old, loud)
            for name in different:
                setattr(one, name, row[name])
            if watch is not None:
                watch(one, old)
            if loud:
                touched.add(key)
                recorder.updated(mirror.object_type, key, mirror.label(one), before, _readable(row, loud))
            else:
                recorder.unchanged()
            one.synced_at = now
            changed.append(one)
            changed_fields.update(different)
        if recorder.dry_run:
            return touched
        if new:
            mirror.rows.bulk_create(new, batch_size=_WRITE_BATCH)
        if changed:
            mirror.rows.bulk_update(changed, sorted({*changed_fields, "synced_at"}), batch_size=_WRITE_BATCH)
    return touched


def mark_gone(
    recorder: RunRecorder,
    mirror: Mirror,
    seen: set[Any],
    *,
    scope: models.Q | None = None,
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
    known = mirror.rows.filter(scope or models.Q())
    if mirror.gone is not None:
        known = known.exclude(**dict([mirror.gone]))
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
        with writing(mirror.name):
            rows = list(mirror.rows.filter(**{f"{mirror.key}__in": chunk}))
            for one in rows:
                recorder.deactivated(mirror.object_type, getattr(one, mirror.key), mirror.label(one), message)
            if recorder.dry_run:
                continue
            lost = mirror.rows.filter(pk__in=[one.pk for one in rows])
            if mirror.gone is None:
                lost.delete()
            else:
                lost.update(**dict([mirror.gone]), synced_at=timezone.now())
    return ""


def read_mirror(
    recorder: RunRecorder,
    mirror: Mirror,
    label: str,
    records: Iterable[T],
    row: Callable[[T], Row | None],
    *,
    since: datetime | None,
    refused: list[str],
    scope: models.Q | None = None,
) -> set[Any]:
    """Store all records; after a complete read (no `since`) mark the rest as gone. Returns changed keys.

    Args:
        recorder: the run.
        mirror: the table.
        label: of the step, for people who wait.
        records: what the vendor returns.
        row: makes a row; None leaves the record out.
        since: where an incremental read started.
        refused: gets the guard's reason, if it refuses.
        scope: the rows a complete read covers; all of the mirror's by default.

    Raises:
        VendorError: as the read ends; nothing is marked as gone then.
    """
    recorder.begin_step(label)
    seen: set[Any] = set()
    changed: set[Any] = set()
    latest: datetime | None = None
    for chunk in in_chunks(records):
        rows = [one for one in map(row, chunk) if one is not None]
        changed |= store_rows(recorder, mirror, rows)
        seen.update(one[mirror.key] for one in rows)
        latest = max(
            [*filter(None, [latest]), *(at for one in rows if (at := one.get("modified_at")))], default=None
        )
        recorder.advance(len(seen))
    refusal = mark_gone(recorder, mirror, seen, scope=scope, message=NOT_RETURNED) if since is None else ""
    if refusal:
        refused.append(refusal)
    record_read(recorder, mirror.name, cursor_at=latest, is_full=since is None, is_swept=not refusal)
    return changed


@contextmanager
def spared(recorder: RunRecorder, object_type: str, label: str) -> Iterator[None]:
    """Let a refusal end only one step, as a failure in the history: the others can do without what it reads.

    Outages, refused logins and limits still end the run, since the next step would meet them too.
    """
    try:
        yield
    except (PermissionDenied, NotFound, Rejected, ContractBroken) as error:
        recorder.failed(
            object_type,
            error.path,
            label,
            error.detail,
            "What was known before stays. Check that the API user's security level may read it.",
        )


def needs_full_read(name: str, *, every: timedelta) -> bool:
    """Return whether the last complete read is older than `every`, or never was."""
    state = MirrorState.objects.filter(name=name).first()
    return state is None or state.full_read_at is None or state.full_read_at < timezone.now() - every


def cursor_of(name: str) -> datetime | None:
    """Return where an incremental read starts, None when everything must be read."""
    return MirrorState.objects.filter(name=name).values_list("cursor_at", flat=True).first()


def start_of(name: str) -> datetime | None:
    """Return from when on an incremental read asks: a little before the cursor, None to read everything."""
    cursor = cursor_of(name)
    return None if cursor is None else cursor - OVERLAP


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


def is_outdated(mirror: Mirror, one: models.Model, row: Row) -> bool:
    """Tell a row read before another one that is stored already, such as after a write of our own."""
    if not mirror.version:
        return False
    stored, read = getattr(one, mirror.version), row[mirror.version]
    return stored is not None and read is not None and read < stored


def fitted(model: type[models.Model], row: Row) -> Row:
    """Return the row with texts cut to what their column holds: a vendor's long name must not fail a run."""
    fitted = dict(row)
    for name, value in row.items():
        if isinstance(value, str):
            longest = getattr(model._meta.get_field(name), "max_length", None)  # noqa: SLF001 - documented API
            fitted[name] = value if longest is None else value[:longest]
    return fitted


def _readable(values: Row, names: Iterable[str]) -> Row:
    """Return the named values as JSON can hold them."""

    def shown(value: Any) -> Any:
        if isinstance(value, date):
            return value.isoformat()
        return str(value) if isinstance(value, Decimal) else value

    return {name: shown(values[name]) for name in names}


def day_of(moment: datetime | None) -> date | None:
    """Return the UTC day of what Autotask calls a date: midnight of it."""
    return None if moment is None else moment.date()
