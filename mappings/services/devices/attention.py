"""What about devices waits for a person, as numbers. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count, Q

from integration.models import SyncRun, SyncRunEntry
from mappings.models import DeviceFinding, DeviceReview, DeviceTypeRule, FieldMap, SiteMapping
from mappings.selectors import UNDECIDED_STATES
from mappings.services.devices.fieldmaps import read_states

#: A change that nobody approved for so long was planned on facts that no longer hold.
_APPROVAL_WITHIN: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class BrokenMap:
    """A switched on field mapping of which something is left out, with the first reason."""

    pk: int
    label: str
    problem: str


@dataclass(frozen=True, slots=True)
class LastRun:
    """The latest whole device run, when changes of it failed: how many are still failed, and one reason."""

    pk: int
    failed: int
    example: str


@dataclass(frozen=True, slots=True)
class DeviceAttention:
    """What waits.

    Attributes:
        findings: {kind of finding: open ones}, without zeros.
        reviews: devices whose contract nobody has decided and nobody put off.
        approvals: {run id: changes of it that wait for approval}.
        last_run: None when nothing of the latest device run is failed.
        types: (row id, name) of device type rules whose product Autotask no longer offers, or without product though
            a product is needed.
        maps: switched on field mappings with problems.
        sites: sites with devices whose organization nobody has decided.
    """

    findings: dict[str, int]
    reviews: int
    approvals: dict[int, int]
    last_run: LastRun | None
    types: tuple[tuple[int, str], ...]
    maps: tuple[BrokenMap, ...]
    sites: int


def read_attention(now: datetime) -> DeviceAttention:
    """Return what waits for a person; at most fourteen queries, however many devices there are."""
    findings = DeviceFinding.objects.filter(state=DeviceFinding.State.OPEN).order_by()
    approvals = SyncRunEntry.objects.filter(
        status=SyncRunEntry.Status.WAITING, run__dry_run=False, created_at__gte=now - _APPROVAL_WITHIN
    ).exclude(operation="")
    return DeviceAttention(
        findings=dict(findings.values_list("kind").annotate(n=Count("pk"))),
        reviews=DeviceReview.objects.filter(state=DeviceReview.State.OPEN, device__is_deleted=False).count(),
        approvals=dict(approvals.order_by().values_list("run_id").annotate(n=Count("pk"))),
        last_run=_find_failures(),
        types=_list_types(),
        maps=_list_maps(),
        sites=SiteMapping.objects.filter(
            state__in=UNDECIDED_STATES,
            devices_enabled=True,
            site__is_missing=False,
            site__is_system=False,
            site__device_count__gt=0,
        ).count(),
    )


def _find_failures() -> LastRun | None:
    run = (
        SyncRun.objects.filter(kind="devices", is_whole=True, dry_run=False, finished_at__isnull=False)
        .only("pk", "failures")
        .first()
    )
    if run is None or not run.failures:
        return None
    failed = SyncRunEntry.objects.filter(run=run, status=SyncRunEntry.Status.FAILED)
    first = failed.values_list("message", flat=True).first()
    return None if first is None else LastRun(run.pk, failed.count(), first)


def _list_types() -> tuple[tuple[int, str], ...]:
    broken = Q(product__isnull=True) | Q(product__is_active=False)
    return tuple((rule.pk, str(rule)) for rule in DeviceTypeRule.objects.filter(broken, is_synced=True))


def _list_maps() -> tuple[BrokenMap, ...]:
    maps = list(FieldMap.objects.filter(is_active=True).select_related("udf").order_by("pk"))
    if not maps:
        return ()
    states = read_states()
    return tuple(
        BrokenMap(one.pk, str(one), states[one.pk].problems[0].text)
        for one in maps
        if one.pk in states and states[one.pk].problems
    )
