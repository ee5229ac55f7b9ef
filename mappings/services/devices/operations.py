"""The changes a device plan consists of, as the sync engine applies and undoes them."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from integration.models import SyncRun, SyncRunEntry
from integration.sync.operations import (
    Applied,
    CannotApply,
    Draft,
    Operation,
    Superseded,
    Work,
    register_operation,
)
from integration.vendors.errors import NotFound
from mappings.models import ConfigurationItem, DeviceLink
from mappings.services.devices import deletion_tickets, links, merging, moves
from mappings.services.devices.item_writes import (
    get_device,
    get_item,
    link,
    new_item,
    record_applied,
    require_unchanged,
    store_values,
    to_wire,
)
from mappings.services.devices.sitefacts import site_facts

Action = SyncRunEntry.Action


def register_device_operations() -> None:
    """Tell the engine; called when Django starts."""
    for operation in (
        Operation("create_item", apply_create, undo_create),
        Operation("update_item", apply_update, undo_update),
        Operation("reactivate_item", apply_update, undo_update),
        Operation("deactivate_item", apply_deactivate, undo_update),
        Operation("move_item", moves.apply_move, moves.undo_move),
        Operation("move_item_back", moves.apply_move_back, moves.undo_move_back),
        Operation("set_datto_udfs", apply_datto_udfs, undo_datto_udfs),
        Operation(merging.OPERATION, merging.apply_merge, merging.undo_merge),
        Operation("unmerge_items", merging.apply_unmerge, merging.undo_unmerge),
        Operation(links.OPERATION, links.apply_link, links.undo_link),
        Operation("open_ticket", deletion_tickets.apply_ticket, deletion_tickets.undo_ticket),
    ):
        register_operation(operation)


def apply_create(work: Work, entry: SyncRunEntry, is_doubtful: bool) -> Applied:  # noqa: FBT001 - the engine's signature
    """Create the configuration item of a device, once, and link it.

    Raises:
        Superseded: the device has an item by now, is gone, or belongs to another organization.
        CannotApply: no product.
        VendorError: Autotask refused, or cannot be reached.
    """
    device = get_device(entry)
    company_id = entry.payload["company_id"]
    if device.is_deleted:
        raise Superseded("The device was deleted in Datto RMM.")
    existing = getattr(device, "link", None)
    held = existing.configuration_item if existing is not None else None
    if held is not None and not held.is_missing:
        raise Superseded("The device has a configuration item by now.")
    if site_facts(device).autotask_company_id != company_id:
        raise Superseded("The device's site belongs to another organization by now.")
    if not entry.after.get("autotask_product_id"):
        raise CannotApply(
            "Autotask needs a product for every configuration item.",
            "Choose a product for this device type under Mappings > Device types.",
        )
    item_id = _find_created(work, device.datto_device_uid, company_id) if is_doubtful else None
    if item_id is None:
        fields = {**to_wire(entry.after), "companyID": company_id, "isActive": True}
        item_id = work.autotask.create_configuration_item(fields)
    # One transaction: a commit for each of these rows slows a first run of thousands of items.
    with transaction.atomic():
        item = new_item(item_id, company_id, {"is_active": True, **entry.after})
        link(device, item, basis=DeviceLink.Basis.CREATED, reason=entry.message)
        record_applied(entry, item)
    return Applied({"configuration_item_id": item_id}, entry.message)


def _find_created(work: Work, device_uid: str, company_id: int) -> int | None:
    """Return the item an interrupted try has created; its reference number is the device uid."""
    found = work.autotask.find_configuration_items_by_reference_number(device_uid[:50])
    ids = [one.id for one in found if one.company_id == company_id and one.is_active]
    linked = set(
        DeviceLink.objects.filter(configuration_item__autotask_configuration_item_id__in=ids).values_list(
            "configuration_item__autotask_configuration_item_id", flat=True
        )
    )
    return next((item_id for item_id in ids if item_id not in linked), None)


def undo_create(entry: SyncRunEntry) -> Draft | str:
    """Deactivate what was created: Autotask's API deletes no configuration item."""
    item_id = entry.result.get("configuration_item_id")
    if item_id is None:
        return "It is not known which configuration item was created."
    return Draft(
        action=Action.DEACTIVATE,
        operation="deactivate_item",
        object_type=entry.object_type,
        object_id=entry.object_id,
        label=entry.label,
        before={"is_active": True},
        after={"is_active": False},
        payload={"device_uid": entry.payload.get("device_uid"), "configuration_item_id": item_id},
        message="Undo of its creation: Autotask deletes no configuration item, so it is deactivated.",
    )


def apply_update(work: Work, entry: SyncRunEntry, is_doubtful: bool) -> Applied:  # noqa: FBT001 - as above
    """Write the differing fields of an item in one call; harmless to repeat.

    Raises:
        Superseded: the item is gone, another device's by now, or no longer as it was when this was planned.
        CannotApply, VendorError: as above.
    """
    item = get_item(entry)
    _require_no_other_device(item, entry)
    if not is_doubtful:
        require_unchanged(item, entry.before)
    work.autotask.update_configuration_item(item.autotask_configuration_item_id, to_wire(entry.after))
    with transaction.atomic():
        store_values(item, entry.after)
        record_applied(entry, item)
    return Applied({"at": timezone.now().isoformat()}, entry.message)


def _require_no_other_device(item: ConfigurationItem, entry: SyncRunEntry) -> None:
    other = (
        DeviceLink.objects.filter(configuration_item=item, device__is_deleted=False)
        .exclude(device__datto_device_uid=entry.payload.get("device_uid") or "")
        .select_related("device")
        .first()
    )
    # A change chosen from a list of items names no device, and is meant for whichever device is linked.
    if other is not None and (entry.payload.get("device_uid") or entry.operation == "deactivate_item"):
        raise Superseded(f"{item} is linked to {other.device} by now.")


def apply_deactivate(work: Work, entry: SyncRunEntry, is_doubtful: bool) -> Applied:  # noqa: FBT001 - as above
    """Deactivate the item of a device that is deleted, or an item without device; harmless to repeat.

    Datto RMM is asked for the device just before: it may be back since this was planned, and a list whose rows shift
    while its pages are read can miss one that was there all the time.

    Raises:
        Superseded: the device is in Datto RMM; else as `apply_update`.
        CannotApply, VendorError: as above.
    """
    uid = entry.payload.get("device_uid")
    if uid and work.run.mode != SyncRun.Mode.UNDO:
        try:
            is_there = not work.datto.fetch_device(uid).deleted
        except NotFound:
            is_there = False
        if is_there:
            raise Superseded("The device is in Datto RMM, so its configuration item stays active.")
    return apply_update(work, entry, is_doubtful)


def undo_update(entry: SyncRunEntry) -> Draft | str:
    """Write the former values back."""
    payload = {
        name: value
        for name, value in entry.payload.items()
        if name in {"device_uid", "configuration_item_id"}
    }
    was_deactivated = entry.after.get("is_active") is False
    return _reversed(
        entry,
        payload,
        Action.DEACTIVATE if entry.after.get("is_active") and not was_deactivated else Action.UPDATE,
    )


def _reversed(entry: SyncRunEntry, payload: dict[str, Any], action: SyncRunEntry.Action) -> Draft:
    before = _filled(entry.before, entry.after)
    return Draft(
        action=action,
        operation="update_item" if entry.operation != "set_datto_udfs" else entry.operation,
        object_type=entry.object_type,
        object_id=entry.object_id,
        label=entry.label,
        before=entry.after,
        after=before,
        payload=payload,
        message="Undo: back to the values before.",
    )


def _filled(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Return the former values with None for those that were empty, so that undo clears them again."""
    filled: dict[str, Any] = {name: before.get(name) for name in after if name != "udfs"}
    if "udfs" in after:
        former = before.get("udfs", {})
        filled["udfs"] = {name: former.get(name) for name in after["udfs"]}
    return filled


def apply_datto_udfs(work: Work, entry: SyncRunEntry, is_doubtful: bool) -> Applied:  # noqa: FBT001 - as above
    """Write UDFs of a device in Datto RMM; harmless to repeat.

    Raises:
        Superseded: the device is gone, or its UDFs changed since this was planned.
        VendorError: as above.
    """
    device = get_device(entry)
    wanted: dict[str, str] = entry.after["udfs"]
    if not is_doubtful:
        for number, planned in entry.before.get("udfs", {}).items():
            held = device.udfs.get(number) or ""
            if held != (planned or ""):
                raise Superseded(f"UDF {number} has changed since: it is {held or 'empty'} now.")
    work.datto.set_udfs(device.datto_device_uid, {int(number): text for number, text in wanted.items()})
    device.udfs = {**device.udfs, **wanted}
    device.save(update_fields=["udfs"])
    item = ConfigurationItem.objects.filter(device_link__device=device).first()
    record_applied(entry, item)
    return Applied({}, entry.message)


def undo_datto_udfs(entry: SyncRunEntry) -> Draft | str:
    """Write the former UDFs back."""
    draft = _reversed(entry, {"device_uid": entry.payload.get("device_uid")}, Action.UPDATE)
    draft.after["udfs"] = {number: text or "" for number, text in draft.after["udfs"].items()}
    return draft
