"""What about devices waits for a person, as numbers. Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import F, Min, Q, QuerySet, Subquery

from integration.models import SyncRun, SyncRunEntry
from integration.tally import Row, question
from mappings.models import DeviceFinding, DeviceReview, DeviceTypeRule, SiteMapping
from mappings.selectors import UNDECIDED_STATES
from mappings.services.devices.fieldmaps import list_states

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


def questions(now: datetime) -> list[QuerySet[Any]]:
    """Return what `read_attention` wants to know, for one query together with other questions."""
    findings = DeviceFinding.objects.filter(state=DeviceFinding.State.OPEN)
    reviews = DeviceReview.objects.filter(state=DeviceReview.State.OPEN, device__is_deleted=False)
    approvals = SyncRunEntry.objects.filter(
        status=SyncRunEntry.Status.WAITING, run__dry_run=False, created_at__gte=now - _APPROVAL_WITHIN
    ).exclude(operation="")
    latest = SyncRun.objects.filter(
        kind="devices", is_whole=True, dry_run=False, finished_at__isnull=False
    ).order_by("-pk")
    failed = SyncRunEntry.objects.filter(
        run=Subquery(latest.values("pk")[:1]), status=SyncRunEntry.Status.FAILED
    )
    broken = Q(product__isnull=True) | Q(product__is_active=False)
    types = DeviceTypeRule.objects.filter(broken, is_synced=True)
    sites = SiteMapping.objects.filter(
        state__in=UNDECIDED_STATES,
        devices_enabled=True,
        site__is_missing=False,
        site__is_system=False,
        site__device_count__gt=0,
    )
    return [
        question("finding", findings, group=("kind",), key=F("kind")),
        question("review", reviews, group=("state",)),
        question("approval", approvals, group=("run_id",), other=F("run_id")),
        question("failed change", failed, group=("run_id",), other=F("run_id"), text=Min("message")),
        question("device type", types, key=F("datto_category"), text=F("datto_type"), more=F("device_class")),
        question("site with devices", sites, group=("state",)),
    ]


def read_attention(answers: Mapping[str, list[Row]]) -> DeviceAttention:
    """Return what waits for a person; at most five queries, however many devices there are.

    Args:
        answers: what `questions` were answered.
    """
    failed = answers.get("failed change", [])
    types = [
        (row.number, str(DeviceTypeRule(datto_category=row.key, datto_type=row.text, device_class=row.more)))
        for row in sorted(answers.get("device type", []), key=lambda row: (row.key, row.text, row.more))
    ]
    return DeviceAttention(
        findings={row.key: row.number for row in answers.get("finding", [])},
        reviews=sum(row.number for row in answers.get("review", [])),
        approvals={row.other: row.number for row in answers.get("approval", [])},
        last_run=LastRun(failed[0].other, failed[0].number, failed[0].text) if failed else None,
        types=tuple(types),
        maps=_list_maps(),
        sites=sum(row.number for row in answers.get("site with devices", [])),
    )


def _list_maps() -> tuple[BrokenMap, ...]:
    return tuple(
        BrokenMap(one.pk, str(one), state.problems[0].text)
        for one, state in list_states()
        if one.is_active and state.problems
    )
