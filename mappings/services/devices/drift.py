"""What a person does about a drift: each choice becomes a change of the engine, or a link of ours, with a history.

Changes are planned afresh when they are chosen, from what both mirrors hold then, not from what the drift said when
it was found. A drift stays open until its change is applied; meanwhile it names the run that is at it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from integration.models import SyncRun, SyncRunEntry
from integration.sync.changes import queue_changes
from integration.sync.operations import Draft
from integration.sync.runs import queue_run
from mappings.domain.devices.lifecycle import BILLING_FIELDS
from mappings.domain.devices.planning import plan_device
from mappings.domain.devices.words import KeyKind, Operation, State
from mappings.models import ConfigurationItem, Device, DeviceFinding, DeviceLink
from mappings.services.devices import another_machine
from mappings.services.devices.findings import hand_on
from mappings.services.devices.links import LinkRefused, Wish, set_links
from mappings.services.devices.loading import DeviceCase, load_cases
from mappings.services.devices.merging import draft_merge
from mappings.services.devices.planner import as_draft
from mappings.services.devices.ruleset import Ruleset, load_ruleset

_CHUNK = 500
Kind = DeviceFinding.Kind
_OPEN = DeviceFinding.State.OPEN


class DriftRefused(ValueError):  # noqa: N818 - not a fault: the text tells a person why and what to do
    """A choice that cannot be; the text names what and the cure."""


@dataclass(slots=True)
class Outcome:
    """What a choice did.

    Attributes:
        changed: how many drifts or devices it is about.
        runs: to send to a worker.
        history: the run that stands for what was done at once, and can be undone.
        skipped: reason in words -> how many were left alone for it.
    """

    changed: int = 0
    runs: list[SyncRun] = field(default_factory=list)
    history: SyncRun | None = None
    skipped: Counter[str] = field(default_factory=Counter)


def approve_moves(findings: Iterable[DeviceFinding], user: User | None) -> Outcome:
    """Copy items to the organization their device is at now, and deactivate the old ones."""
    return _queue_planned(
        findings,
        user,
        (Kind.MOVED, Kind.ELSEWHERE),
        Operation.MOVE_ITEM,
        "Moves to another organization",
        lambda case: case,
    )


def create_items(findings: Iterable[DeviceFinding], user: User | None) -> Outcome:
    """Create a new configuration item for each device, whatever items may fit.

    None of those that fit at other organizations is asked about again for that device.
    """
    chosen = list(findings)
    return _queue_planned(
        chosen,
        user,
        (Kind.AMBIGUOUS, Kind.SHARED, Kind.ELSEWHERE, Kind.ITEM_GONE),
        Operation.CREATE_ITEM,
        "New configuration items",
        _as_if_nothing_fits,
        first=another_machine.remember,
    )


def _as_if_nothing_fits(case: DeviceCase) -> DeviceCase:
    # What the device was told apart from stays, so that the plan's reason names it.
    denied = {
        key: tuple(one for one in ones if one.item_pk in case.link.denied_item_pks)
        for key, ones in case.candidates.items()
        if key.kind is not KeyKind.UID
    }
    return replace(case, candidates=denied, link=replace(case.link, item=None))


def tell_apart(findings: Iterable[DeviceFinding], user: User | None) -> Outcome:
    """Keep that devices are other machines than what has their serial number elsewhere, and give them their own items.

    The word stands whatever becomes of the new item: where none can be made now, the outcome says why, and the next
    run that can make one does.
    """
    rows = list(findings)
    ours = [one for one in rows if one.kind == Kind.ELSEWHERE]
    outcome = create_items(ours, user)
    if len(rows) > len(ours):
        outcome.skipped["another kind of drift"] += len(rows) - len(ours)
    said = set(another_machine.denied_items([one.device_id for one in ours if one.device_id is not None]))
    told = [one for one in ours if one.state == _OPEN and one.device_id in said]
    hand_on([one.device.datto_device_uid for one in told if one.device], Operation.MOVE_ITEM.value)
    queued = set(busy_runs(told))
    left = [one.pk for one in told if one.pk not in queued]
    close(left, user, "Another machine.")
    outcome.changed += len(left)
    return outcome


def reactivate_items(findings: Iterable[DeviceFinding], user: User | None) -> Outcome:
    """Activate items again that a person deactivated in Autotask while their device is in use."""
    return _queue_planned(
        findings,
        user,
        (Kind.ITEM_INACTIVE,),
        Operation.REACTIVATE_ITEM,
        "Configuration items activated again",
        # To the plan the device is back: that is when it activates an item.
        lambda case: replace(case, link=replace(case.link, state=State.GONE)),
    )


def _queue_planned(
    findings: Iterable[DeviceFinding],
    user: User | None,
    kinds: Sequence[str],
    operation: Operation,
    title: str,
    adjust: Callable[[DeviceCase], DeviceCase],
    *,
    first: Callable[[Sequence[DeviceFinding], User | None], None] | None = None,
) -> Outcome:
    outcome = Outcome()
    chosen = _choose(findings, kinds, outcome)
    if first is not None:
        first(chosen, user)
    rules = load_ruleset()
    # A person asks for it: the policy for what happens by itself does not count.
    rules = replace(rules, policy=replace(rules.policy, creates_items=True))
    drafts: list[tuple[DeviceFinding, Draft]] = []
    for start in range(0, len(chosen), _CHUNK):
        part = {one.device_id: one for one in chosen[start : start + _CHUNK] if one.device_id is not None}
        for case in load_cases(list(part)):
            draft = _plan_one(adjust(case), rules, operation)
            if isinstance(draft, str):
                outcome.skipped[draft] += 1
            else:
                drafts.append((part[case.row.pk], draft))
    _queue(outcome, drafts, user, title)
    hand_on([draft.object_id for _, draft in drafts], operation.value)
    return outcome


def _plan_one(case: DeviceCase, rules: Ruleset, operation: Operation) -> Draft | str:
    plan = plan_device(
        case.device,
        case.site,
        case.link,
        case.candidates,
        rules.rules,
        rules.maps,
        rules.policy,
        timezone.now(),
        is_complete_read=True,
    )
    change = next((one for one in plan.changes if one.operation is operation), None)
    return plan.reason if change is None else as_draft(case, plan, change)


def preview_move(finding: DeviceFinding) -> Draft | str:
    """Return the move that `approve_moves` would queue, or why there is none."""
    cases = load_cases([finding.device_id]) if finding.device_id is not None else []
    if not cases:
        return "The device is gone."
    return _plan_one(cases[0], load_ruleset(), Operation.MOVE_ITEM)


def deactivate_items(
    findings: Iterable[DeviceFinding], user: User | None, *, ends_billing: bool = False
) -> Outcome:
    """Deactivate the items of deleted devices, and items without device; `ends_billing` takes them off contracts."""
    outcome = Outcome()
    drafts = []
    for finding in _choose(findings, (Kind.DEVICE_DELETED, Kind.ITEM_WITHOUT_DEVICE), outcome):
        item = finding.configuration_item
        if item is None or item.is_missing or not item.is_active:
            outcome.skipped["the configuration item is not active any more"] += 1
            continue
        drafts.append((finding, _deactivation(finding, item, ends_billing=ends_billing)))
    title = (
        "Configuration items deactivated and off contract"
        if ends_billing
        else "Configuration items deactivated"
    )
    _queue(outcome, drafts, user, title)
    return outcome


def _deactivation(finding: DeviceFinding, item: ConfigurationItem, *, ends_billing: bool) -> Draft:
    before: dict[str, Any] = {"is_active": True}
    after: dict[str, Any] = {"is_active": False}
    if ends_billing:
        for name in BILLING_FIELDS:
            if (value := getattr(item, name)) is not None:
                before[name], after[name] = value, None
    item_id = item.autotask_configuration_item_id
    device = finding.device
    return Draft(
        action=SyncRunEntry.Action.DEACTIVATE,
        operation=Operation.DEACTIVATE_ITEM.value,
        object_type="configuration item" if device is None else "device",
        object_id=str(item_id) if device is None else device.datto_device_uid,
        label=str(item if device is None else device),
        before=before,
        after=after,
        payload={
            "configuration_item_id": item_id,
            "device_uid": device.datto_device_uid if device is not None else "",
        },
        message=finding.summary,
    )


def merge_items(finding: DeviceFinding, survivor: ConfigurationItem, user: User | None) -> Outcome:
    """Make one item of a device's duplicates.

    Raises:
        DriftRefused: the survivor is none of them, or there is nothing to merge any more.
    """
    outcome = Outcome()
    if not _choose([finding], (Kind.DUPLICATE,), outcome) or finding.device is None:
        raise DriftRefused("This duplicate is settled already.")
    items = [one for one in items_of(finding) if one.is_active and not one.is_missing]
    if survivor.pk not in {one.pk for one in items}:
        raise DriftRefused(f"{survivor} is not one of the active duplicates of {finding.device}.")
    others = [one for one in items if one.pk != survivor.pk]
    if not others:
        raise DriftRefused("Only one of the duplicates is still active; nothing is left to merge.")
    device = finding.device
    for other in others:
        _require_not_elsewhere(other, device)
    _require_not_elsewhere(survivor, device)
    # One after the other: what the survivor lacks is known only when the first is done.
    _queue(
        outcome, [(finding, draft_merge(device, survivor, others[0]))], user, f"Duplicates of {device} merged"
    )
    if len(others) > 1:
        outcome.skipped["the next run asks again, when the first is merged"] = len(others) - 1
    return outcome


def _require_not_elsewhere(item: ConfigurationItem, device: Device) -> None:
    link = DeviceLink.objects.filter(configuration_item=item).select_related("device").first()
    if link is not None and link.device_id != device.pk and not link.device.is_deleted:
        raise DriftRefused(f"{item} is linked to {link.device}. Unlink it there first.")


def link_device(
    device: Device, item: ConfigurationItem, user: User | None, *, finding: DeviceFinding | None = None
) -> Outcome:
    """Link a device to an item because a person says so, and compare both at once.

    Raises:
        DriftRefused: the item is another device's, or one of both is gone.
    """
    return _set(
        [Wish(device, item, reason=f"{user or 'A person'} chose {item}.")],
        user,
        f"{device} linked to {item}",
        [finding] if finding is not None else [],
        looks_again=True,
    )


def leave_out(
    devices: Sequence[Device], user: User | None, reason: str, *, findings: Iterable[DeviceFinding] = ()
) -> Outcome:
    """Unlink devices and leave them out of every run until a person takes them in again.

    Raises:
        DriftRefused: no reason given.
    """
    if not reason.strip():
        raise DriftRefused("reason: say why it is left out, so that the next person knows.")
    text = f"Left out by {user or 'a person'}: {reason.strip()}"
    wishes = [Wish(one, is_left_out=True, reason=text) for one in devices]
    return _set(wishes, user, _title(devices, "left out"), findings)


def look_again(devices: Sequence[Device], user: User | None) -> Outcome:
    """Forget a person's word on these devices, and look for their items by what tells a machine."""
    wishes = [Wish(one, reason="To be looked for again.") for one in devices]
    return _set(wishes, user, _title(devices, "to be looked for again"), [], looks_again=True)


def _title(devices: Sequence[Device], what: str) -> str:
    return f"{devices[0]} {what}" if len(devices) == 1 else f"{len(devices)} devices {what}"


def _set(
    wishes: Sequence[Wish],
    user: User | None,
    title: str,
    findings: Iterable[DeviceFinding],
    *,
    looks_again: bool = False,
) -> Outcome:
    try:
        history = set_links(wishes, user, title=title)
    except LinkRefused as refusal:
        raise DriftRefused(str(refusal)) from None
    close([one.pk for one in findings], user, title)
    outcome = Outcome(changed=len(wishes), history=history)
    if looks_again:
        run, is_new = queue_run(
            kind="devices",
            trigger=SyncRun.Trigger.PERSON,
            user=user,
            scope={"device_uids": [one.device.datto_device_uid for one in wishes]},
        )
        if is_new:
            outcome.runs.append(run)
    return outcome


def close(finding_pks: Sequence[int], user: User | None, resolution: str) -> None:
    """End drifts by a person's act; the next plan opens them again if they are still so."""
    DeviceFinding.objects.filter(pk__in=finding_pks, state=_OPEN).update(
        state=DeviceFinding.State.RESOLVED,
        closed_at=timezone.now(),
        closed_by=user,
        resolution=resolution[:500],
    )


def items_of(finding: DeviceFinding) -> list[ConfigurationItem]:
    """Return the items a drift is about, the chief one first."""
    pks = [int(pk) for pk in finding.detail.get("item_pks") or []]
    if not pks and finding.configuration_item_id is not None:
        pks = [finding.configuration_item_id]
    rows = ConfigurationItem.objects.select_related("company", "device_link__device").in_bulk(pks)
    return [rows[pk] for pk in pks if pk in rows]


def _choose(findings: Iterable[DeviceFinding], kinds: Sequence[str], outcome: Outcome) -> list[DeviceFinding]:
    """Return those that are open, of these kinds, and not being worked on."""
    chosen = []
    rows = list(findings)
    busy = busy_runs(rows)
    for one in rows:
        if one.state != _OPEN:
            outcome.skipped["settled already"] += 1
        elif one.kind not in kinds:
            outcome.skipped["another kind of drift"] += 1
        elif one.pk in busy:
            outcome.skipped["a run is at it"] += 1
        else:
            chosen.append(one)
    return chosen


def busy_runs(findings: Iterable[DeviceFinding]) -> dict[int, SyncRun]:
    """Return which of these drifts a live run is at, {finding id: run}. One query."""
    run_of = {one.pk: one.detail.get("run") for one in findings}
    live = SyncRun.objects.filter(
        pk__in=[pk for pk in run_of.values() if pk],
        status__in=[SyncRun.Status.QUEUED, SyncRun.Status.RUNNING],
    ).in_bulk()
    return {pk: live[run_pk] for pk, run_pk in run_of.items() if run_pk in live}


def _queue(
    outcome: Outcome, drafts: Sequence[tuple[DeviceFinding, Draft]], user: User | None, title: str
) -> None:
    if not drafts:
        return
    run = queue_changes("devices", [draft for _, draft in drafts], user, title=title)
    outcome.runs.append(run)
    outcome.changed = len(drafts)
    for finding, _ in drafts:
        finding.detail = {**finding.detail, "run": run.pk}
    DeviceFinding.objects.bulk_update([finding for finding, _ in drafts], ["detail"], batch_size=200)
