"""Import of the alerts that Datto RMM has resolved, for replays: read page by page, kept apart, never ticketed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import DatabaseError, transaction
from django.utils import timezone

from integration.clients import datto_client
from integration.models import SyncRun
from integration.sync.recorder import RunRecorder, RunYields
from integration.vendors.budget import Lane
from integration.vendors.datto_rmm import DattoRmmClient
from integration.vendors.datto_rmm.contexts import describe_context
from integration.vendors.datto_rmm.paging import PAGE_SIZE
from integration.vendors.datto_rmm.records import Alert as RemoteAlert
from integration.vendors.datto_rmm.records import UnreadableAlert
from tickets.domain.defects import describe_defect
from tickets.domain.keys import condition_key
from tickets.domain.monitor_types import OTHER
from tickets.domain.monitors import identify, typed_fingerprint
from tickets.models import Alert, AlertPriority, HistoricAlert, Monitor, MonitorFingerprint, MonitorType
from tickets.services.monitors import MonitorPatterns

#: Name of the kind of run.
KIND: Final = "history"
#: Pages shift while alerts are resolved and old ones fall off the end, so a reading goes on a little earlier.
_PAGES_BACK: Final = 2
#: An import that failed is gone on with for so long; later it starts over.
_GOES_ON: Final = timedelta(days=1)
_UNREADABLE_REMEDY: Final = (
    "It is left out of replays; nothing else depends on it. Run the import again later if it matters."
)


def import_resolved(recorder: RunRecorder, datto: DattoRmmClient | None = None) -> None:
    """Read Datto RMM's resolved alerts and store those that are neither stored nor our own.

    Low lane: everything else goes first. What was read is stored page by page, so that a slice, a spent budget or a
    crash costs one page.

    Raises:
        RunYields: the time slice is over.
        VendorError: the list was not read to its end; the next run goes on there.
    """
    client = datto or datto_client(lane=Lane.BACKGROUND, subject="import:history", run_id=recorder.run.pk)
    first = _first_page(recorder.run)
    page = first - 1
    batch: list[RemoteAlert] = []
    describe = _Describer()
    recorder.begin_step("Reading resolved alerts", done=first * PAGE_SIZE)

    def note(alert: UnreadableAlert) -> None:
        recorder.failed("alert", "", str(alert), alert.problem, _UNREADABLE_REMEDY)

    def next_page(so_far: int, total: int | None) -> None:
        nonlocal page
        page += 1
        _store(batch, recorder, describe)
        batch.clear()
        recorder.finish_stage(str(page))
        recorder.advance(first * PAGE_SIZE + so_far, total)
        if recorder.is_time_up:
            raise RunYields

    try:
        for remote in client.iter_resolved_alerts(first_page=first, on_page=next_page, on_unreadable=note):
            batch.append(remote)  # noqa: PERF402 - emptied at every page
    finally:
        _store(batch, recorder, describe)
    recorder.finish_stage("")


def _first_page(run: SyncRun) -> int:
    """Return where this run, or one of the last day that did not end well, was."""
    stage = run.stage
    if not stage:
        before = (
            SyncRun.objects.filter(kind=KIND, dry_run=run.dry_run, pk__lt=run.pk)
            .order_by("-id")
            .values("status", "stage", "created_at")
            .first()
        )
        ended_badly = {SyncRun.Status.FAILED, SyncRun.Status.CANCELLED}
        if (
            before is not None
            and before["status"] in ended_badly
            and before["created_at"] > timezone.now() - _GOES_ON
        ):
            stage = before["stage"]
    return max(0, int(stage) - _PAGES_BACK) if stage.isdecimal() else 0


def _store(batch: list[RemoteAlert], recorder: RunRecorder, describe: _Describer) -> None:
    """Store what is new of a page; an odd alert costs itself alone."""
    if not batch:
        return
    uids = [one.uid for one in batch]
    known = set(HistoricAlert.objects.filter(alert_uid__in=uids).values_list("alert_uid", flat=True))
    known |= set(Alert.objects.filter(alert_uid__in=uids).values_list("alert_uid", flat=True))
    new = [one for one in batch if one.uid not in known and (one.raised_at or one.resolved_at) is not None]
    recorder.unchanged(len(batch) - len(new))
    rows = []
    for one in new:
        try:
            rows.append(describe.row(one))
        except Exception as error:  # noqa: BLE001 - whatever an odd alert does, the others follow; it is told below
            _fail(recorder, one, error)
    if recorder.dry_run:
        recorder.run.creates += len(rows)
        return
    try:
        with transaction.atomic():
            HistoricAlert.objects.bulk_create(rows, ignore_conflicts=True)
        recorder.run.creates += len(rows)
    except (DatabaseError, ValueError):
        for row in rows:
            try:
                with transaction.atomic():
                    row.save(force_insert=True)
                recorder.run.creates += 1
            except (DatabaseError, ValueError) as error:
                recorder.failed("alert", row.alert_uid, str(row), describe_defect(error), _UNREADABLE_REMEDY)


def _fail(recorder: RunRecorder, remote: RemoteAlert, error: Exception) -> None:
    label = f"alert of {remote.device_name or remote.site_name or 'no device'}"
    recorder.failed("alert", remote.uid, label, describe_defect(error), _UNREADABLE_REMEDY)


class _Describer:
    """Makes rows of resolved alerts as `tickets.services.intake` does of open ones, without teaching the catalogue."""

    def __init__(self) -> None:
        self._now: datetime = timezone.now()
        self._types = {one.slug: one for one in MonitorType.objects.all()}
        self._typed = dict(
            MonitorFingerprint.objects.exclude(monitor__typed_key="").values_list(
                "fingerprint", "monitor__typed_key"
            )
        )
        self._patterns = MonitorPatterns(Monitor.objects.exclude(pattern="").order_by("id"))

    def row(self, remote: RemoteAlert) -> HistoricAlert:
        """Return the row, not saved."""
        raised_at = remote.raised_at or remote.resolved_at
        if raised_at is None:
            raise ValueError(
                f"alert {remote.uid}: Datto RMM says neither when it was raised nor when it was resolved"
            )
        described = describe_context(remote.context)
        slug = described.monitor_type if described.monitor_type in self._types else OTHER
        monitor_type = self._types[slug]
        diagnostics = remote.diagnostics.replace("\x00", "")
        text = diagnostics or described.summary
        identity = identify(
            context_class=described.class_name[:60],
            monitor_type_name=monitor_type.name,
            stable=described.stable,
            object_label=described.object_label,
            text=text,
            own_names=(remote.device_name, remote.site_name),
        )
        priority = remote.priority.value.capitalize()
        return HistoricAlert(
            alert_uid=remote.uid[:64],
            priority=priority if priority in AlertPriority.values else AlertPriority.UNKNOWN,
            context_class=described.class_name[:60],
            context=dict(remote.context or {}),
            diagnostics=diagnostics,
            monitor_type_slug=slug,
            subject=described.object_label[:255],
            summary=described.summary[:500],
            fingerprint=identity.fingerprint,
            condition_key=condition_key(
                device_uid=remote.device_uid,
                site_uid=remote.site_uid,
                monitor=self._key(monitor_type, identity.fingerprint, text),
                stable=described.stable,
            ),
            datto_site_uid=remote.site_uid[:64],
            datto_site_name=remote.site_name[:255],
            datto_device_uid=remote.device_uid[:64],
            datto_device_name=remote.device_name[:255],
            native_ticket_number=remote.ticket_number[:50],
            raised_at=raised_at,
            resolved_at=remote.resolved_at or raised_at,
            resolved_by=remote.resolved_by[:255],
            imported_at=self._now,
        )

    def _key(self, monitor_type: MonitorType, fingerprint: str, text: str) -> str:
        """Return what stands for the monitor in a condition key, as `Recognised.key` does."""
        pattern = self._patterns.find(monitor_type.pk, text)
        if pattern is not None:
            return f"pattern:{pattern}"
        typed = self._typed.get(fingerprint)
        return typed_fingerprint(typed) if typed else fingerprint
