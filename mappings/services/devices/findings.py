"""Drift as rows: kept true by every plan, so that one drift is one row from its first day to its end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.contrib.auth.models import User
from django.db.models import Q
from django.utils import timezone

from integration.models import SyncRunEntry
from mappings.domain.devices.plans import DevicePlan, Finding
from mappings.models import DeviceFinding

_CHUNK = 500
State = DeviceFinding.State


class FindingKeeper:
    """Collects what one plan finds; what it does not find any more ends by itself.

    A drift that a person left as it is stays left, as long as it is the same.
    """

    def __init__(self, *, is_dry: bool) -> None:
        self._is_dry = is_dry
        self._began_at = timezone.now()
        self._held_back: set[int] = set()
        self._known: set[int] = set()

    def keep(self, plans: Iterable[DevicePlan]) -> None:
        """Keep the findings of these plans."""
        found: list[Finding] = []
        for plan in plans:
            found.extend(plan.findings)
            if plan.is_held_back:
                self._held_back.add(plan.device_pk)
        self.keep_findings(found)

    def is_known(self, device_pk: int) -> bool:
        """Whether people were told of this device's drift before this run."""
        return device_pk in self._known

    def keep_findings(self, found: Iterable[Finding]) -> None:
        """Create, refresh or reopen a row per finding."""
        by_key = {one.key[:160]: one for one in found}
        if self._is_dry or not by_key:
            return
        now = timezone.now()
        known = {row.key: row for row in DeviceFinding.objects.filter(key__in=list(by_key))}
        new, changed = [], []
        for key, one in by_key.items():
            row = known.get(key)
            values = {
                "kind": one.kind.value,
                "device_id": one.device_pk,
                "configuration_item_id": one.item_pks[0] if one.item_pks else None,
                "summary": one.summary[:500],
            }
            if row is None:
                new.append(
                    DeviceFinding(
                        key=key,
                        found_at=now,
                        seen_at=now,
                        detail={**one.detail, "item_pks": list(one.item_pks)},
                        **values,
                    )
                )
                continue
            before = _substance(row)
            for name, value in values.items():
                setattr(row, name, value)
            row.detail = {**row.detail, **one.detail, "item_pks": list(one.item_pks)}
            row.seen_at = now
            is_new = row.state == State.RESOLVED or (
                row.state == State.DISMISSED and _substance(row) != before
            )
            if row.device_id is not None and not is_new:
                self._known.add(row.device_id)
            if is_new:
                row.state, row.found_at, row.closed_at, row.closed_by, row.resolution = (
                    State.OPEN,
                    now,
                    None,
                    None,
                    "",
                )
            changed.append(row)
        DeviceFinding.objects.bulk_create(new, batch_size=200)
        DeviceFinding.objects.bulk_update(
            changed,
            [
                "kind",
                "device",
                "configuration_item",
                "summary",
                "detail",
                "seen_at",
                "state",
                "found_at",
                "closed_at",
                "closed_by",
                "resolution",
            ],
            batch_size=200,
        )

    def end_unseen(self, *, everything: bool = False, device_pks: Sequence[int] | None = None) -> None:
        """End drifts that this plan did not find.

        Args:
            everything: all devices and items were looked at.
            device_pks: only these devices were.
        """
        if self._is_dry:
            return
        stale = DeviceFinding.objects.filter(
            seen_at__lt=self._began_at, state__in=[State.OPEN, State.DISMISSED]
        ).exclude(device__in=self._held_back)
        if device_pks is not None:
            stale = stale.filter(device__in=device_pks)
        elif not everything:
            # Absence proves nothing after a partial read; only what was looked at can have ended.
            stale = stale.exclude(Q(device=None) | Q(kind__in=_FROM_ABSENCE))
        stale.update(state=State.RESOLVED, closed_at=timezone.now(), resolution="No longer so.")


def _substance(row: DeviceFinding) -> tuple[object, ...]:
    """Return what makes a drift another one: the items and devices concerned, and where a device moved to."""
    devices = row.detail.get("devices")
    pks = [one.get("device_pk") for one in devices] if isinstance(devices, list) else []
    is_move = row.kind in {DeviceFinding.Kind.MOVED, DeviceFinding.Kind.ELSEWHERE}
    where = str(row.detail.get("company_ids") or row.summary) if is_move else ""
    return row.detail.get("item_pks"), sorted(str(pk) for pk in pks), where


_FROM_ABSENCE = [
    DeviceFinding.Kind.DEVICE_DELETED,
    DeviceFinding.Kind.ITEM_WITHOUT_DEVICE,
    DeviceFinding.Kind.RETURNED,
]


#: Operation -> kinds of drift of its device, or of its item, that it ends.
_ENDED_BY: dict[str, list[str]] = {
    "move_item": [DeviceFinding.Kind.MOVED, DeviceFinding.Kind.ELSEWHERE],
    "create_item": [
        DeviceFinding.Kind.AMBIGUOUS,
        DeviceFinding.Kind.SHARED,
        DeviceFinding.Kind.ELSEWHERE,
        DeviceFinding.Kind.ITEM_GONE,
    ],
    "reactivate_item": [DeviceFinding.Kind.ITEM_INACTIVE],
    "deactivate_item": [DeviceFinding.Kind.DEVICE_DELETED, DeviceFinding.Kind.ITEM_WITHOUT_DEVICE],
    "merge_items": [DeviceFinding.Kind.DUPLICATE],
}


def end_by(
    operation: str, user: User | None, *, device_pk: int | None = None, item_pk: int | None = None
) -> None:
    """End the drifts that an applied change settles; the next plan would find them settled too."""
    kinds = _ENDED_BY.get(operation)
    if kinds is None:
        return
    concerned = Q(device=device_pk) if device_pk is not None else Q(pk__in=[])
    if item_pk is not None:
        concerned |= Q(device=None, configuration_item=item_pk)
    DeviceFinding.objects.filter(concerned, kind__in=kinds, state=State.OPEN).update(
        state=State.RESOLVED, closed_at=timezone.now(), closed_by=user, resolution="Done."
    )


def dismiss(findings: Iterable[DeviceFinding], user: User | None, reason: str) -> int:
    """Leave drifts as they are; they come back only when they change. Returns how many.

    Raises:
        ValueError: no reason given.
    """
    if not reason.strip():
        raise ValueError("reason: say why this is right as it is, so that the next person knows.")
    rows = DeviceFinding.objects.filter(pk__in=[one.pk for one in findings], state=State.OPEN)
    asked = rows.filter(kind=DeviceFinding.Kind.ELSEWHERE)
    hand_on(list(asked.values_list("device__datto_device_uid", flat=True)), "move_item")
    return rows.update(
        state=State.DISMISSED, closed_at=timezone.now(), closed_by=user, resolution=reason.strip()[:500]
    )


def hand_on(device_uids: Sequence[str], operation: str) -> None:
    """Let what older runs planned for these devices wait for nobody any more: a person decided otherwise since."""
    SyncRunEntry.objects.filter(
        run__kind="devices",
        status=SyncRunEntry.Status.WAITING,
        operation=operation,
        object_type="device",
        object_id__in=device_uids,
    ).update(status=SyncRunEntry.Status.HANDED_ON)


def reopen(findings: Iterable[DeviceFinding]) -> int:
    """Put drifts back in the list; returns how many."""
    pks = [one.pk for one in findings]
    return (
        DeviceFinding.objects.filter(pk__in=pks)
        .exclude(state=State.OPEN)
        .update(state=State.OPEN, closed_at=None, closed_by=None, resolution="")
    )
