"""From mirrors to a plan: every device is compared with its configuration item, chunk by chunk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from integration.models import SyncRunEntry
from integration.sync.operations import Draft
from integration.sync.recorder import RunRecorder
from mappings.domain.devices.facts import TypeTarget
from mappings.domain.devices.guard import judge_changes
from mappings.domain.devices.lifecycle import plan_orphans
from mappings.domain.devices.planning import plan_device
from mappings.domain.devices.plans import Change, DevicePlan
from mappings.domain.devices.words import Operation
from mappings.models import ConfigurationItem, Device, DeviceLink, FieldMapValue, SiteMapping
from mappings.services.devices.agreements import store_agreed_rows
from mappings.services.devices.candidates import claimants_of, item_facts
from mappings.services.devices.findings import FindingKeeper
from mappings.services.devices.loading import DeviceCase, load_cases
from mappings.services.devices.ruleset import Ruleset, load_ruleset
from mappings.services.devices.sitefacts import USABLE_STATES
from mappings.services.devices.unreadable import unread_company_ids
from mappings.services.mirror import in_chunks

_CHUNK = 500
_UNREAD = "A configuration item of this organization could not be read and may be this device's, so a person decides."
_ACTIONS = {
    Operation.CREATE_ITEM: SyncRunEntry.Action.CREATE,
    Operation.DEACTIVATE_ITEM: SyncRunEntry.Action.DEACTIVATE,
}


def plan_devices(
    recorder: RunRecorder, *, is_complete_read: bool, device_uids: list[str] | None = None
) -> None:
    """Plan all devices, or those named, and write links, findings and planned changes.

    A preview writes the planned changes only.

    Args:
        recorder: the run.
        is_complete_read: Datto RMM's whole list was read; else nothing may be concluded from absence.
        device_uids: limits the plan; None for all.

    Raises:
        ValueError: a stored rule is unreadable; the text names it and the cure.
        RunCancelled, RunLost: see `RunRecorder.advance`.
    """
    rules = load_ruleset()
    unread = unread_company_ids()
    keeper = FindingKeeper(is_dry=recorder.dry_run)
    devices = Device.objects.order_by("pk")
    if device_uids is not None:
        devices = devices.filter(datto_device_uid__in=device_uids)
    total = devices.count()
    recorder.begin_step("Comparing devices with configuration items", total)
    told: set[tuple[int, str]] = set()
    done = 0
    # A list: on SQLite nothing can be written while a query of this connection is read and another process has written.
    for pks in in_chunks(list(devices.values_list("pk", flat=True)), _CHUNK):
        cases = load_cases(pks)
        now = timezone.now()
        plans = [
            _cautious(_plan(case, rules, now, is_complete_read=is_complete_read), unread) for case in cases
        ]
        if not recorder.dry_run:
            with transaction.atomic():
                _store_links(cases, plans, now)
                _store_agreed(cases, plans, now)
        keeper.keep(plans)
        for case, plan in zip(cases, plans, strict=True):
            _record(recorder, case, plan, told, is_known=keeper.is_known(plan.device_pk))
        done += len(cases)
        recorder.advance(done)
    if device_uids is None:
        if is_complete_read:
            _plan_orphans(recorder, keeper, rules)
        keeper.end_unseen(everything=is_complete_read)
    else:
        keeper.end_unseen(device_pks=list(devices.values_list("pk", flat=True)))


def judge_plan(recorder: RunRecorder) -> str:
    """Return why the run's plan must not be applied without a person, "" when it may."""
    rules = load_ruleset()
    if not rules.row.is_writing:
        return "Writing to Autotask is switched off in Settings > Device policy, so this stayed a preview."
    guarded = SyncRunEntry.objects.filter(
        run=recorder.run, status=SyncRunEntry.Status.PLANNED, payload__is_guarded=True
    )
    linked = DeviceLink.objects.filter(configuration_item__isnull=False).count()
    changed = guarded.order_by().values("object_id").distinct().count()
    return judge_changes(changed, linked, rules.policy).reason


def _plan(case: DeviceCase, rules: Ruleset, now: datetime, *, is_complete_read: bool) -> DevicePlan:
    return plan_device(
        case.device,
        case.site,
        case.link,
        case.candidates,
        rules.rules,
        rules.maps,
        rules.policy,
        now,
        is_complete_read=is_complete_read,
    )


def _cautious(plan: DevicePlan, unread: frozenset[int | None]) -> DevicePlan:
    """Let a person approve a new item where some item could not be read: it may be that device's."""
    if not unread or not any(_is_doubtful(change, unread) for change in plan.changes):
        return plan
    changes = tuple(
        replace(change, needs_approval=True, reason=f"{change.reason} {_UNREAD}")
        if _is_doubtful(change, unread)
        else change
        for change in plan.changes
    )
    return replace(plan, changes=changes, reason=f"{plan.reason} {_UNREAD}")


def _is_doubtful(change: Change, unread: frozenset[int | None]) -> bool:
    return change.operation == Operation.CREATE_ITEM and (
        None in unread or change.autotask_company_id in unread
    )


def _store_links(cases: list[DeviceCase], plans: list[DevicePlan], now: datetime) -> None:
    """Bring the links in step; an item that changes hands is taken from its former, vanished device first.

    What a person linked since the chunk was loaded stays; the next run plans with it.
    """
    wanted_pks = [
        plan.item_pk
        for case, plan in zip(cases, plans, strict=True)
        if plan.item_pk is not None and plan.item_pk != _linked_pk(case)
    ]
    holders = DeviceLink.objects.filter(configuration_item__in=wanted_pks)
    held = set(holders.filter(device__is_deleted=False).values_list("configuration_item_id", flat=True))
    holders.filter(device__is_deleted=True).update(configuration_item=None)
    present = dict(
        DeviceLink.objects.filter(device__in=[case.row for case in cases]).values_list(
            "device_id", "configuration_item_id"
        )
    )
    new: list[DeviceLink] = []
    changed: list[DeviceLink] = []
    for case, plan in zip(cases, plans, strict=True):
        if present.get(case.row.pk) != _linked_pk(case) or (
            plan.item_pk in held and plan.item_pk != _linked_pk(case)
        ):
            continue
        wanted: dict[str, Any] = {
            "configuration_item_id": plan.item_pk,
            "state": plan.state.value,
            "basis": plan.basis.value,
            "reason": plan.reason[:500],
        }
        if plan.applied_type is not None:
            wanted["applied_type"] = stored_type(plan.applied_type)
        row = case.link_row
        if row is None:
            linked_at = now if plan.item_pk else None
            new.append(DeviceLink(device=case.row, planned_at=now, linked_at=linked_at, **wanted))
            continue
        if all(getattr(row, name) == value for name, value in wanted.items()):
            continue
        if plan.item_pk is not None and row.configuration_item_id != plan.item_pk:
            row.linked_at = now
        for name, value in wanted.items():
            setattr(row, name, value)
        row.planned_at = now
        changed.append(row)
    DeviceLink.objects.bulk_create(new, batch_size=200, ignore_conflicts=True)
    DeviceLink.objects.bulk_update(
        changed,
        ["configuration_item", "state", "basis", "reason", "applied_type", "planned_at", "linked_at"],
        batch_size=200,
    )


def _linked_pk(case: DeviceCase) -> int | None:
    """Return the item the device was linked to when the chunk was loaded."""
    return case.link.item.item_pk if case.link.item is not None else None


def _store_agreed(cases: list[DeviceCase], plans: list[DevicePlan], now: datetime) -> None:
    rows = [
        FieldMapValue(
            field_map_id=map_pk,
            device=case.row,
            agreed_datto=agreed.datto,
            agreed_autotask=agreed.autotask,
            agreed_at=now,
        )
        for case, plan in zip(cases, plans, strict=True)
        for map_pk, agreed in plan.agreed.items()
        if case.link.agreed.get(map_pk) != agreed
    ]
    store_agreed_rows(rows)


def stored_type(target: TypeTarget) -> dict[str, int | None]:
    """Return a type target as `DeviceLink.applied_type` holds it."""
    return {
        "product": target.autotask_product_id,
        "type": target.autotask_type_id,
        "category": target.autotask_category_id,
    }


def _record(
    recorder: RunRecorder,
    case: DeviceCase,
    plan: DevicePlan,
    told: set[tuple[int, str]],
    *,
    is_known: bool,
) -> None:
    for notice in plan.notices:
        if (notice.map_pk, notice.text) not in told:
            told.add((notice.map_pk, notice.text))
            recorder.noticed("field_map", notice.map_pk, case.device.label, notice.text)
    # What waits for a person stands under Devices > Drift; every run telling it again would bury the news.
    changes = [one for one in plan.changes if recorder.dry_run or not (one.needs_approval and is_known)]
    if not changes:
        recorder.unchanged()
    for change in changes:
        recorder.plan(as_draft(case, plan, change))


def as_draft(case: DeviceCase, plan: DevicePlan, change: Change) -> Draft:
    """Return a planned change as the engine keeps it."""
    item_id = None
    if change.item_pk is not None:
        known = case.link.item
        if known is not None and known.item_pk == change.item_pk:
            item_id = known.autotask_configuration_item_id
        else:
            item_id = next(
                item.autotask_configuration_item_id
                for items in case.candidates.values()
                for item in items
                if item.item_pk == change.item_pk
            )
    payload: dict[str, Any] = {
        "device_uid": case.device.datto_device_uid,
        "configuration_item_id": item_id,
        "company_id": change.autotask_company_id,
    }
    if change.agreed:
        payload["agreed"] = {str(pk): list(agreed) for pk, agreed in change.agreed.items()}
    if change.losses:
        payload["losses"] = [[one.map_pk, one.winner, one.kept, one.lost] for one in change.losses]
    if change.is_guarded:
        payload["is_guarded"] = True
    if change.writes_volatile:
        payload["writes_volatile"] = True
    if change.applied_type is not None:
        payload["applied_type"] = stored_type(change.applied_type)
    if plan.review_cause is not None:
        payload["review_cause"] = plan.review_cause.value
    return Draft(
        action=_ACTIONS.get(change.operation, SyncRunEntry.Action.UPDATE),
        operation=change.operation.value,
        object_type="device",
        object_id=case.device.datto_device_uid,
        label=case.device.label,
        before=as_json(change.before),
        after=as_json(change.after),
        payload=payload,
        needs_approval=change.needs_approval,
        message=change.reason,
    )


def as_json(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return field values as JSON can hold them."""
    return {name: _as_json(value) for name, value in values.items()}


def _as_json(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _as_json(one) for key, one in value.items()}
    return value


def _plan_orphans(recorder: RunRecorder, keeper: FindingKeeper, rules: Ruleset) -> None:
    """Find active items that look like devices and belong to none."""
    type_ids = frozenset(
        rule.target.autotask_type_id for rule in rules.rules if rule.target.autotask_type_id is not None
    )
    company_ids = frozenset(
        SiteMapping.objects.filter(company__isnull=False, state__in=USABLE_STATES).values_list(
            "company__autotask_company_id", flat=True
        )
    )
    free = ConfigurationItem.objects.filter(is_active=True, is_missing=False, device_link=None)
    item_pks = list(free.order_by("pk").values_list("pk", flat=True))
    recorder.begin_step("Looking for configuration items without device", len(item_pks))
    done = 0
    for pks in in_chunks(item_pks, _CHUNK):
        rows = ConfigurationItem.objects.filter(pk__in=pks).select_related("device_link__device")
        claims = claimants_of(set(pks))
        facts = [item_facts(row, claims.get(row.pk, ())) for row in rows.order_by("pk")]
        keeper.keep_findings(plan_orphans(facts, type_ids=type_ids, company_ids=company_ids))
        done += len(pks)
        recorder.advance(done)
