"""Moving a device's configuration item to another organization.

Autotask never changes the company of a configuration item, so a new one takes its place: a clone with its UDFs,
notes, attachments and billed products at the new organization; the old one is deactivated. Each step is recorded when
it is done, so that an interrupted move goes on and copies nothing twice. The old item is read before it is copied and
again before it is deactivated: what people changed meanwhile stops the move, or is carried over.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from integration.models import SyncRunEntry
from integration.sync.operations import Applied, Draft, Superseded, Work
from integration.vendors.autotask.query import all_of, where
from integration.vendors.autotask.records import ConfigurationItem as ItemRecord
from mappings.models import ConfigurationItem, Contract, Device, DeviceLink
from mappings.services.devices.another_machine import was_said
from mappings.services.devices.copying import (
    copy_attachments,
    copy_notes,
    hand_over_billing,
    note_step,
    progress_of,
)
from mappings.services.devices.item_writes import (
    get_device,
    get_item,
    link,
    record_applied,
    require_unchanged,
    store_values,
    to_wire,
)
from mappings.services.devices.itemsnapshots import changed_since, take_snapshot
from mappings.services.devices.mirrors import store_item
from mappings.services.devices.sitefacts import site_facts

Action = SyncRunEntry.Action
#: Belong to the old organization; a clone cannot carry them over.
_OF_COMPANY = ("companyLocationID", "contactID", "parentConfigurationItemID")
_OF_CONTRACT = (
    "contractID",
    "contractServiceID",
    "contractServiceBundleID",
    "serviceID",
    "serviceBundleID",
)
_REFERENCE_NUMBER_CHARACTERS = 50
#: Of the progress: needed until the move is done.
_FOR_RESUMING = frozenset({"copied", "names"})
#: This server's clock may be ahead of Autotask's by this much.
_CLOCK_SLACK = timedelta(minutes=10)


def apply_move(work: Work, entry: SyncRunEntry, is_doubtful: bool) -> Applied:  # noqa: FBT001 - the engine's signature
    """Clone the item at the new organization, copy notes and attachments, deactivate the old one, relink.

    Raises:
        Superseded: the device, the item or the site's organization is no longer what this was planned for.
        CannotApply, VendorError: see `operations`.
    """
    device, old, company_id = get_device(entry), get_item(entry), entry.payload["company_id"]
    if site_facts(device).autotask_company_id != company_id:
        raise Superseded("The device's site belongs to another organization by now.")
    if old.autotask_company_id == company_id:
        raise Superseded("The configuration item belongs to that organization already.")
    record = work.autotask.find_configuration_item(old.autotask_configuration_item_id)
    if record is None:
        raise Superseded("Autotask no longer returns the configuration item.")
    holder = DeviceLink.objects.filter(configuration_item=old, device__is_deleted=False).first()
    if holder is not None and holder.device_id != device.pk:
        raise Superseded(f"The configuration item is that of {holder.device} by now.")
    if was_said(device, old):
        raise Superseded("A person said that it is another machine.")
    progress = progress_of(entry)
    new_id = progress.get("new_configuration_item_id")
    _require_no_item_of_its_own(device, old, company_id, new_id)
    if new_id is not None and not entry.result and not _is_active(work, new_id):
        progress, new_id = {}, None
    if new_id is None:
        new_id = _clone(work, entry, progress, record, is_doubtful=is_doubtful)
    note_step(entry, progress, new_configuration_item_id=new_id)
    copy_notes(work, entry, progress, old.autotask_configuration_item_id, new_id)
    copy_attachments(work, entry, progress, old.autotask_configuration_item_id, new_id)
    hand_over_billing(work, entry, progress, old.autotask_configuration_item_id, new_id)
    _leave_behind(work, entry, progress, old, new_id)
    _relink(work, device, new_id, entry.message)
    record_applied(entry, None)
    late = progress.get("carried_over")
    done = {name: value for name, value in progress.items() if name not in _FOR_RESUMING}
    return Applied(
        {**done, "old_configuration_item_id": old.autotask_configuration_item_id},
        f"{entry.message} Changed meanwhile and carried over: {', '.join(late)}." if late else entry.message,
    )


def _clone(
    work: Work, entry: SyncRunEntry, progress: dict[str, Any], record: ItemRecord, *, is_doubtful: bool
) -> int:
    """Return the clone, made now or by an interrupted try; what it is made from is noted first."""
    company_id = entry.payload["company_id"]
    if is_doubtful:
        fields = _clone_fields(record, company_id, entry.after)
        found = _find_clone(work, entry, company_id, tuple(progress.get("names") or _names_of(fields)))
        if found is not None:
            return found
    if not record.is_active:
        raise Superseded("The configuration item was deactivated in Autotask meanwhile.")
    # The plan was made from what the mirror held; a person may have written since.
    require_unchanged(store_item(record), entry.before)
    fields = _clone_fields(record, company_id, entry.after)
    note_step(entry, progress, copied=take_snapshot(record), names=list(_names_of(fields)))
    return work.autotask.create_configuration_item(fields)


def _leave_behind(
    work: Work, entry: SyncRunEntry, progress: dict[str, Any], old: ConfigurationItem, new_id: int
) -> None:
    """Deactivate the old item, after what people changed of it since it was copied is carried over to the new one."""
    record = work.autotask.find_configuration_item(old.autotask_configuration_item_id)
    if record is None:
        return
    late = changed_since(progress["copied"], record) if "copied" in progress else {}
    stays_behind = {"companyID", "isActive", *_OF_COMPANY}
    if not _contract_stays(record, entry.payload["company_id"]):
        stays_behind |= set(_OF_CONTRACT)
    late = {name: value for name, value in late.items() if name not in stays_behind}
    if "referenceNumber" in late:
        late["referenceNumber"] = str(late["referenceNumber"] or "")[:_REFERENCE_NUMBER_CHARACTERS]
    if late:
        work.autotask.update_configuration_item(new_id, late)
        udfs = _mapping(late.pop("userDefinedFields", None))
        names = {*progress.get("carried_over", ()), *late, *udfs}
        note_step(entry, progress, copied=take_snapshot(record), carried_over=sorted(names))
    row = store_item(record)
    if record.is_active:
        work.autotask.update_configuration_item(record.id, {"isActive": False})
        store_values(row, {"is_active": False})


def _require_no_item_of_its_own(
    device: Device, old: ConfigurationItem, company_id: int, new_id: int | None
) -> None:
    link = getattr(device, "link", None)
    held = link.configuration_item if link is not None else None
    if held is None or held.is_missing or held.pk == old.pk or held.autotask_company_id != company_id:
        return
    if held.autotask_configuration_item_id != new_id:
        raise Superseded(f"The device has {held} at the new organization by now.")


def _is_active(work: Work, item_id: int) -> bool:
    record = work.autotask.find_configuration_item(item_id)
    return record is not None and record.is_active


def _find_clone(work: Work, entry: SyncRunEntry, company_id: int, names: tuple[str, ...]) -> int | None:
    """Return the clone an interrupted try has created: made since the change was chosen, of the same names."""
    young = all_of(
        where("companyID", "eq", company_id),
        where("isActive", "eq", value=True),
        where("createDate", "gte", entry.created_at - _CLOCK_SLACK),
    )
    for one in work.autotask.iter_configuration_items_where(young):
        has_names = (one.reference_number, one.reference_title, one.serial_number) == names
        is_linked = DeviceLink.objects.filter(configuration_item__autotask_configuration_item_id=one.id)
        if has_names and not is_linked.exists():
            return one.id
    return None


def _names_of(fields: dict[str, object]) -> tuple[str, ...]:
    return tuple(
        str(fields.get(name) or "") for name in ("referenceNumber", "referenceTitle", "serialNumber")
    )


def _clone_fields(record: ItemRecord, company_id: int, changes: dict[str, Any]) -> dict[str, object]:
    fields = dict(record.writable_fields())
    for name in (*_OF_COMPANY, *(() if _contract_stays(record, company_id) else _OF_CONTRACT)):
        fields.pop(name, None)
    changed = to_wire({name: value for name, value in changes.items() if name != "autotask_company_id"})
    udfs = {**_mapping(fields.get("userDefinedFields")), **_mapping(changed.pop("userDefinedFields", None))}
    fields |= changed
    fields["userDefinedFields"] = {name: value for name, value in udfs.items() if value not in (None, "")}
    if not fields["userDefinedFields"]:
        del fields["userDefinedFields"]
    reference = str(fields.get("referenceNumber") or "")
    fields["referenceNumber"] = reference[:_REFERENCE_NUMBER_CHARACTERS]
    return {**fields, "companyID": company_id, "isActive": True}


def _mapping(value: object) -> dict[str, Any]:
    return dict(value) if isinstance(value, dict) else {}


def _contract_stays(record: ItemRecord, company_id: int) -> bool:
    """Whether the contract may be carried over: only one of the new organization's own."""
    if record.contract_id is None:
        return False
    return Contract.objects.filter(
        autotask_contract_id=record.contract_id, company__autotask_company_id=company_id, is_active=True
    ).exists()


def _relink(work: Work, device: Device, item_id: int, reason: str) -> None:
    record = work.autotask.find_configuration_item(item_id)
    if record is None:
        raise Superseded(f"Autotask does not return configuration item {item_id} that was just written.")
    link(device, store_item(record), basis=DeviceLink.Basis.CREATED, reason=reason)


def undo_move(entry: SyncRunEntry) -> Draft | str:
    """Reactivate the old item, deactivate the clone, and link the old one again."""
    old_id = entry.result.get("old_configuration_item_id")
    new_id = entry.result.get("new_configuration_item_id")
    if old_id is None or new_id is None:
        return "It is not known which configuration items this move concerned."
    return Draft(
        action=Action.UPDATE,
        operation="move_item_back",
        object_type=entry.object_type,
        object_id=entry.object_id,
        label=entry.label,
        before={"configuration_item": new_id},
        after={"configuration_item": old_id},
        payload={
            "device_uid": entry.payload.get("device_uid"),
            "configuration_item_id": old_id,
            "clone_id": new_id,
        },
        message="Undo of a move: the old configuration item is active again, its clone is not. "
        "Notes written to the clone since stay there.",
    )


def apply_move_back(work: Work, entry: SyncRunEntry, is_doubtful: bool) -> Applied:  # noqa: FBT001 - as above
    """Take a move back; each call is harmless to repeat.

    Raises:
        Superseded: one of the items is gone.
        VendorError: see `operations`.
    """
    del is_doubtful
    device, old, progress = get_device(entry), get_item(entry), progress_of(entry)
    clone = ConfigurationItem.objects.filter(
        autotask_configuration_item_id=entry.payload["clone_id"], is_missing=False
    ).first()
    if clone is None:
        raise Superseded(f"Autotask no longer returns configuration item {entry.payload['clone_id']}.")
    work.autotask.update_configuration_item(old.autotask_configuration_item_id, {"isActive": True})
    hand_over_billing(
        work, entry, progress, clone.autotask_configuration_item_id, old.autotask_configuration_item_id
    )
    work.autotask.update_configuration_item(clone.autotask_configuration_item_id, {"isActive": False})
    store_values(old, {"is_active": True})
    store_values(clone, {"is_active": False})
    link(device, old, basis=DeviceLink.Basis.PERSON, reason=entry.message)
    return Applied(progress, entry.message)


def undo_move_back(entry: SyncRunEntry) -> Draft | str:
    """Not offered: the next run plans the move again as long as the device stands where it does."""
    del entry
    return "The next device run proposes the move again, as long as the device's site says so."
