"""Two configuration items for one device become one: the survivor takes what it lacks, the other is deactivated."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from integration.models import SyncRunEntry
from integration.sync.operations import Applied, Draft, Superseded, Work
from mappings.models import ConfigurationItem, Device, DeviceLink
from mappings.services.devices.copying import (
    copy_attachments,
    copy_notes,
    hand_over_billing,
    note_step,
    progress_of,
)
from mappings.services.devices.findings import end_by
from mappings.services.devices.item_writes import (
    get_device,
    get_item,
    link,
    require_unchanged,
    store_values,
    to_wire,
)
from mappings.services.devices.mirrors import refresh_item

OPERATION: Final = "merge_items"
_CONTRACT: Final = (
    "autotask_contract_id",
    "autotask_contract_service_id",
    "autotask_contract_service_bundle_id",
)
#: Belong to one organization; taken over within it only.
_OF_COMPANY: Final = ("autotask_contact_id", "autotask_location_id")
_ANYWHERE: Final = (
    "serial_number",
    "install_date",
    "warranty_date",
    "location",
    "autotask_type_id",
    "autotask_category_id",
)


def missing_values(
    survivor: ConfigurationItem, other: ConfigurationItem
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return (before, after) of what the survivor lacks and the other has, by our names, as JSON values.

    A contract comes with its service, and only where the survivor has none and both belong to one organization. UDFs
    are filled where the survivor's category has them.
    """
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}

    def take(name: str) -> None:
        held, offered = getattr(survivor, name), getattr(other, name)
        if held in (None, "") and offered not in (None, ""):
            before[name], after[name] = held, _json(offered)

    for name in _ANYWHERE:
        take(name)
    if survivor.autotask_company_id == other.autotask_company_id:
        for name in _OF_COMPANY:
            take(name)
        if survivor.autotask_contract_id is None:
            for name in _CONTRACT:
                take(name)
    udfs = {
        name: other.udfs[name]
        for name, held in survivor.udfs.items()
        if held in (None, "") and other.udfs.get(name) not in (None, "")
    }
    if udfs:
        before["udfs"], after["udfs"] = {name: survivor.udfs[name] for name in udfs}, udfs
    return before, after


def _json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def draft_merge(device: Device, survivor: ConfigurationItem, other: ConfigurationItem) -> Draft:
    """Return the change that makes one item of two."""
    before, after = missing_values(survivor, other)
    takes = "takes over what it lacks" if after else "lacks nothing"
    return Draft(
        action=SyncRunEntry.Action.DEACTIVATE,
        operation=OPERATION,
        object_type="device",
        object_id=device.datto_device_uid,
        label=str(device),
        before=before,
        after=after,
        payload={
            "device_uid": device.datto_device_uid,
            "survivor_id": survivor.autotask_configuration_item_id,
            "configuration_item_id": other.autotask_configuration_item_id,
        },
        message=f"{survivor} ({survivor.autotask_configuration_item_id}) stays and {takes}; notes, attachments and billed "
        f"products are handed over; {other} ({other.autotask_configuration_item_id}) is deactivated.",
    )


def apply_merge(work: Work, entry: SyncRunEntry, is_doubtful: bool) -> Applied:  # noqa: FBT001 - the engine's signature
    """Fill the survivor, copy notes, attachments and billed products to it, deactivate the other, link the device to the survivor.

    Each step is recorded when it is done, so that an interrupted merge goes on and copies nothing twice. Both items are
    read first, and again before the other is deactivated: what people changed meanwhile stops the merge or is taken over.

    Raises:
        Superseded: an item is gone or another device's, or one of both is no longer as it was.
        CannotApply, VendorError: see `operations`.
    """
    device, progress = get_device(entry), progress_of(entry)
    other, survivor = _read(work, get_item(entry)), _read(work, _survivor(entry))
    for one in (other, survivor):
        _require_no_other_device(one, device)
    if not progress.get("is_filled"):
        _fill(work, entry, progress, survivor, other, is_doubtful=is_doubtful)
    ids = other.autotask_configuration_item_id, survivor.autotask_configuration_item_id
    copy_notes(work, entry, progress, *ids)
    copy_attachments(work, entry, progress, *ids)
    hand_over_billing(work, entry, progress, *ids)
    former = DeviceLink.objects.filter(device=device).select_related("configuration_item").first()
    item = former.configuration_item if former is not None else None
    if "was_linked_to" not in progress:
        note_step(
            entry, progress, was_linked_to=item.autotask_configuration_item_id if item is not None else None
        )
    survivor, other = _read(work, survivor), _read(work, other)
    _require_active(survivor)
    _carry_over(work, entry, progress, survivor, other)
    if other.is_active:
        work.autotask.update_configuration_item(other.autotask_configuration_item_id, {"isActive": False})
        store_values(other, {"is_active": False})
    if item is None or item.pk != survivor.pk:
        link(device, survivor, basis=DeviceLink.Basis.PERSON, reason=entry.message)
    end_by(entry.operation, entry.run.user, device_pk=device.pk)
    return Applied(progress, entry.message)


def _read(work: Work, item: ConfigurationItem) -> ConfigurationItem:
    """Return an item as Autotask holds it now."""
    fresh = refresh_item(work.autotask, item.autotask_configuration_item_id)
    if fresh is None:
        raise Superseded(
            f"Autotask no longer returns configuration item {item.autotask_configuration_item_id}."
        )
    return fresh


def _require_no_other_device(item: ConfigurationItem, device: Device) -> None:
    other = (
        DeviceLink.objects.filter(configuration_item=item, device__is_deleted=False)
        .exclude(device=device)
        .select_related("device")
        .first()
    )
    if other is not None:
        raise Superseded(f"{item} is linked to {other.device} by now.")


def _require_active(survivor: ConfigurationItem) -> None:
    if not survivor.is_active:
        raise Superseded(f"{survivor} was deactivated in Autotask meanwhile.")


def _fill(
    work: Work,
    entry: SyncRunEntry,
    progress: dict[str, Any],
    survivor: ConfigurationItem,
    other: ConfigurationItem,
    *,
    is_doubtful: bool,
) -> None:
    """Give the survivor what it lacks, if both still are as they were when a person chose."""
    _require_active(survivor)
    if not (is_doubtful and _holds(survivor, entry.after)):
        require_unchanged(survivor, entry.before)
        if missing_values(survivor, other)[1] != entry.after:
            raise Superseded(f"{other} has changed since. Look at both again.")
        if entry.after:
            work.autotask.update_configuration_item(
                survivor.autotask_configuration_item_id, to_wire(entry.after)
            )
            store_values(survivor, entry.after)
    note_step(entry, progress, is_filled=True)


def _holds(item: ConfigurationItem, values: dict[str, Any]) -> bool:
    """Return whether an item holds these values, as an interrupted try leaves it."""
    udfs = values.get("udfs", {})
    return all(item.udfs.get(name) == value for name, value in udfs.items()) and all(
        _json(getattr(item, name)) == value for name, value in values.items() if name != "udfs"
    )


def _carry_over(
    work: Work,
    entry: SyncRunEntry,
    progress: dict[str, Any],
    survivor: ConfigurationItem,
    other: ConfigurationItem,
) -> None:
    """Take over what people wrote to the other item since it was looked at: what it got, and what they changed."""
    filled = _with(entry.after, progress.get("late", {}))
    _, late = missing_values(survivor, other)
    udfs: dict[str, Any] = dict(late.pop("udfs", {}))
    for name, value in filled.items():
        offered = None if name == "udfs" else _json(getattr(other, name))
        if offered not in (None, "", value) and _json(getattr(survivor, name)) == value:
            late[name] = offered
    if "autotask_contract_id" in late:
        # A service is part of its contract; the former one's would be refused.
        late |= {name: getattr(other, name) for name in _CONTRACT}
    for name, value in filled.get("udfs", {}).items():
        offered = other.udfs.get(name)
        if offered not in (None, "", value) and survivor.udfs.get(name) == value:
            udfs[name] = offered
    if udfs:
        late["udfs"] = udfs
    if late:
        work.autotask.update_configuration_item(survivor.autotask_configuration_item_id, to_wire(late))
        store_values(survivor, late)
        note_step(entry, progress, late=_with(progress.get("late", {}), late))


def _with(values: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """Return values with others put over them, UDFs one by one."""
    udfs = {**values.get("udfs", {}), **more.get("udfs", {})}
    return {**values, **more, **({"udfs": udfs} if udfs else {})}


def _survivor(entry: SyncRunEntry) -> ConfigurationItem:
    item_id = entry.payload["survivor_id"]
    survivor = ConfigurationItem.objects.filter(
        autotask_configuration_item_id=item_id, is_missing=False
    ).first()
    if survivor is None:
        raise Superseded(f"Autotask no longer returns configuration item {item_id}.")
    return survivor


def undo_merge(entry: SyncRunEntry) -> Draft | str:
    """Activate the other again and give the survivor its former values; what was copied stays with both."""
    filled = _with(entry.after, entry.result.get("late", {}))
    udfs = filled.get("udfs", {})
    after: dict[str, Any] = {name: entry.before.get(name) for name in filled if name != "udfs"}
    if udfs:
        former = entry.before.get("udfs", {})
        after["udfs"] = {name: former.get(name) for name in udfs}
    return Draft(
        action=SyncRunEntry.Action.UPDATE,
        operation="unmerge_items",
        object_type=entry.object_type,
        object_id=entry.object_id,
        label=entry.label,
        before=filled,
        after=after,
        payload={**entry.payload, "was_linked_to": entry.result.get("was_linked_to")},
        message="Undo of a merge: the other configuration item is active again, the survivor has its former values. "
        "Copied notes and attachments, and products billed for it, stay with the survivor.",
    )


def apply_unmerge(work: Work, entry: SyncRunEntry, is_doubtful: bool) -> Applied:  # noqa: FBT001 - as above
    """Take a merge back; each call is harmless to repeat.

    Raises:
        Superseded: an item is gone, or the survivor was changed since.
        VendorError: see `operations`.
    """
    device, other, survivor = get_device(entry), get_item(entry), _survivor(entry)
    if entry.after:
        if not is_doubtful:
            require_unchanged(survivor, entry.before)
        work.autotask.update_configuration_item(
            survivor.autotask_configuration_item_id, to_wire(_cleared(entry.after))
        )
        store_values(survivor, _cleared(entry.after))
    work.autotask.update_configuration_item(other.autotask_configuration_item_id, {"isActive": True})
    store_values(other, {"is_active": True})
    if entry.payload.get("was_linked_to") == other.autotask_configuration_item_id:
        link(device, other, basis=DeviceLink.Basis.PERSON, reason=entry.message)
    return Applied({}, entry.message)


def _cleared(values: dict[str, Any]) -> dict[str, Any]:
    """Return values with None for what was empty text: Autotask clears by null."""
    return {name: None if value == "" else value for name, value in values.items()}


def undo_unmerge(entry: SyncRunEntry) -> Draft | str:
    """Not offered: the next run finds the duplicate again, and it can be merged again."""
    del entry
    return "The next device run finds the duplicate again; merge it from there."
