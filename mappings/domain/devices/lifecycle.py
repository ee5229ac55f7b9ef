"""Devices that went, items that are there twice, and items without a device. Pure.

Nothing is concluded from an incomplete read, and an item that another live device may take over is left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from mappings.domain.devices.facts import (
    Candidates,
    Claimant,
    DeviceFacts,
    ItemFacts,
    LinkFacts,
    PolicyFacts,
)
from mappings.domain.devices.identity import is_device_uid
from mappings.domain.devices.plans import Change, DevicePlan, FieldValue, Finding
from mappings.domain.devices.words import FindingKind, KeyKind, Operation, State, WhenDeleted

#: What ties an item to billing, by our names.
BILLING_FIELDS = (
    "autotask_contract_id",
    "autotask_contract_service_id",
    "autotask_contract_service_bundle_id",
)


def plan_deleted(
    device: DeviceFacts, link: LinkFacts, policy: PolicyFacts, now: datetime, *, is_complete_read: bool
) -> DevicePlan:
    """Return what to do about the item of a device that is deleted in Datto RMM or no longer returned.

    Args:
        is_complete_read: every page of Datto RMM's devices was read; else nothing is concluded.
    """
    item = link.item
    item_pk = None if item is None else item.item_pk

    def answer(
        reason: str,
        change: Change | None = None,
        finding: Finding | None = None,
        *,
        is_held_back: bool = False,
    ) -> DevicePlan:
        return DevicePlan(
            device.device_pk,
            link.state if is_held_back else State.GONE,
            link.basis,
            reason,
            item_pk,
            changes=() if change is None else (change,),
            findings=() if finding is None else (finding,),
            is_held_back=is_held_back,
        )

    if not is_complete_read:
        return answer(
            "It seems deleted, but Datto RMM's devices were not read completely; nothing is concluded.",
            is_held_back=True,
        )
    if item is None:
        return answer("Deleted in Datto RMM; it had no configuration item.")
    if item.is_missing or not item.is_active:
        return answer(f"Deleted in Datto RMM; {item.label} is not active.")
    heirs = _heirs(device, item)
    if heirs:
        return answer(
            f"Deleted in Datto RMM; {item.label} is left to {', '.join(heirs)}, which may be the same machine."
        )
    finding = Finding(
        f"device_deleted:{device.device_pk}",
        FindingKind.DEVICE_DELETED,
        f"{device.label} is deleted in Datto RMM, {item.label} is active.",
        device.device_pk,
        (item.item_pk,),
        {"policy": policy.when_deleted.value},
    )
    ends_at = (device.deleted_at or now) + timedelta(days=policy.deleted_grace_days)
    if now < ends_at:
        return answer(
            f"Deleted in Datto RMM; {item.label} stays as it is until {ends_at:%Y-%m-%d}, in case it comes back.",
            finding=finding,
        )
    if policy.when_deleted is WhenDeleted.LEAVE:
        return answer(f"Deleted in Datto RMM; by policy {item.label} stays active.", finding=finding)
    if policy.when_deleted is WhenDeleted.TICKET:
        if link.deletion_ticket_is_open:
            return answer(
                f"Deleted in Datto RMM; a ticket asks what to do with {item.label}.", finding=finding
            )
        return answer(
            f"Deleted in Datto RMM; by policy a ticket asks what to do with {item.label}.",
            Change(Operation.OPEN_TICKET, f"{device.label} was deleted in Datto RMM.", item.item_pk),
            finding,
        )
    change = _deactivation(device, item, ends_billing=policy.when_deleted is WhenDeleted.END_BILLING)
    return answer(f"Deleted in Datto RMM; by policy {item.label} is deactivated.", change, finding)


def find_duplicates(device: DeviceFacts, item: ItemFacts, candidates: Candidates) -> tuple[Finding, ...]:
    """Return a finding when other active items are the same machine by device uid or serial number."""
    twins = {
        one.item_pk: one
        for key, ones in candidates.items()
        for one in ones
        if one.item_pk != item.item_pk
        and one.is_active
        and not one.is_missing
        and not (one.linked_device_is_live and one.linked_device_pk not in {None, device.device_pk})
        and (
            key.kind is KeyKind.UID
            or (key.kind is KeyKind.SERIAL and one.autotask_company_id == item.autotask_company_id)
        )
    }
    if not twins:
        return ()
    ordered = [twins[item_pk] for item_pk in sorted(twins)]
    return (
        Finding(
            f"duplicate:{device.device_pk}",
            FindingKind.DUPLICATE,
            f"{device.label} is linked to {item.label}, and {', '.join(one.label for one in ordered)} stands for it too.",
            device.device_pk,
            (item.item_pk, *(one.item_pk for one in ordered)),
        ),
    )


def plan_orphans(
    items: Iterable[ItemFacts], *, type_ids: frozenset[int], company_ids: frozenset[int]
) -> Iterator[Finding]:
    """Yield active items that look like devices and that no device stands for. Nothing is ever changed by it.

    Only after both sides were read completely; else a device that was not read yet would be missed.

    Args:
        type_ids: configuration item types that type rules give.
        company_ids: organizations that a site is mapped to.
    """
    for item in items:
        looks_like_device = item.autotask_type_id in type_ids or bool(
            item.rmm_device_uid or is_device_uid(item.reference_number)
        )
        if (
            item.is_active
            and not item.is_missing
            and item.linked_device_pk is None
            and not any(_claims(one, item) for one in item.claimants)
            and item.autotask_company_id in company_ids
            and looks_like_device
        ):
            yield Finding(
                f"{FindingKind.ITEM_WITHOUT_DEVICE.value}:{item.item_pk}",
                FindingKind.ITEM_WITHOUT_DEVICE,
                f"{item.label} is active, and no device of Datto RMM stands for it.",
                item_pks=(item.item_pk,),
            )


def _claims(one: Claimant, item: ItemFacts) -> bool:
    """Whether a device may be the item's: by its uid wherever it is, else at its organization.

    One with an item of its own has a claim by uid or serial number only; that is told as a duplicate. A device of
    another organization without an item has a claim by serial number: the drift about it asks the same question.
    """
    if one.kind is KeyKind.UID:
        return True
    if one.autotask_company_id != item.autotask_company_id:
        return _asks_from_elsewhere(one)
    return one.kind is KeyKind.SERIAL or one.linked_item_pk in {None, item.item_pk}


def _heirs(device: DeviceFacts, item: ItemFacts) -> list[str]:
    """Other live devices that the ladder may give the item to; one with an item of its own is none."""
    heirs = {
        one.device_pk: one.label
        for one in item.claimants
        if one.device_pk != device.device_pk
        and one.linked_item_pk in {None, item.item_pk}
        and (
            one.kind is KeyKind.UID
            or one.autotask_company_id == item.autotask_company_id
            or _asks_from_elsewhere(one)
        )
    }
    return [heirs[device_pk] for device_pk in sorted(heirs)]


def _asks_from_elsewhere(one: Claimant) -> bool:
    """Whether a device of another organization may be the machine; see the end of the ladder."""
    return one.kind is KeyKind.SERIAL and one.linked_item_pk is None and one.autotask_company_id is not None


def _deactivation(device: DeviceFacts, item: ItemFacts, *, ends_billing: bool) -> Change:
    before: dict[str, FieldValue] = {"is_active": True}
    after: dict[str, FieldValue] = {"is_active": False}
    if ends_billing:
        for name in BILLING_FIELDS:
            value = getattr(item, name)
            if value is not None:
                before[name], after[name] = value, None
    return Change(
        Operation.DEACTIVATE_ITEM,
        f"{device.label} was deleted in Datto RMM.",
        item.item_pk,
        before=before,
        after=after,
        is_guarded=True,
    )
