"""What a configuration item should hold by itself, UDFs apart, and what differs from it. Pure.

Contact, contract and services are decided in the review queue and never touched here. An empty value of the device
never clears a filled field of the item.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from mappings.domain.devices.facts import DeviceFacts, ItemFacts, SiteFacts, TypeTarget
from mappings.domain.devices.identity import (
    REFERENCE_NUMBER_LENGTH,
    is_device_uid,
    normalise_serial,
    normalise_uid,
    serial_of_device,
)
from mappings.domain.devices.plans import FieldValue

TITLE_LENGTH = 200
SERIAL_LENGTH = 100
#: What a type rule decides, by our names.
TYPE_FIELDS = ("autotask_product_id", "autotask_type_id", "autotask_category_id")


@dataclass(slots=True)
class Difference:
    """Fields that differ, by our names, as they are and as they should be."""

    before: dict[str, FieldValue] = field(default_factory=dict)
    after: dict[str, FieldValue] = field(default_factory=dict)

    def add(self, name: str, before: FieldValue, after: FieldValue) -> None:
        """Note one field."""
        self.before[name], self.after[name] = before, after


def new_item(device: DeviceFacts, site: SiteFacts, target: TypeTarget) -> dict[str, FieldValue]:
    """Return the fields of an item that is to be created; empty ones are left out."""
    installed = device.created_in_datto_at
    fields: dict[str, FieldValue] = {
        "reference_title": _title(device),
        "reference_number": device.datto_device_uid[:REFERENCE_NUMBER_LENGTH],
        "serial_number": _serial(device),
        "autotask_product_id": target.autotask_product_id,
        "autotask_type_id": target.autotask_type_id,
        "autotask_category_id": target.autotask_category_id,
        "autotask_location_id": site.autotask_location_id,
        "install_date": None if installed is None else installed.date(),
        "warranty_date": device.warranty_date,
        "is_active": True,
    }
    return {name: value for name, value in fields.items() if value not in {None, ""}}


def diff_item(
    device: DeviceFacts,
    site: SiteFacts,
    item: ItemFacts,
    target: TypeTarget,
    applied_type: TypeTarget | None,
    *,
    is_returned: bool = False,
) -> Difference:
    """Return what differs between an item and what it should hold.

    Product, type and category follow the type rule only when what it gives changed since it was last applied, and
    then only where nobody changed the item by hand; what is empty is filled.

    Args:
        applied_type: what the rule gave when it was last applied; None when nobody knows.
        is_returned: the device is back, so the item shall be active again.
    """
    difference = Difference()
    title = _title(device)
    if title and title != item.reference_title.strip():
        difference.add("reference_title", item.reference_title, title)
    uid = device.datto_device_uid
    is_ours = not item.reference_number.strip() or is_device_uid(item.reference_number)
    if is_ours and normalise_uid(item.reference_number) != normalise_uid(uid):
        difference.add("reference_number", item.reference_number, uid[:REFERENCE_NUMBER_LENGTH])
    if serial_of_device(device) not in {None, normalise_serial(item.serial_number)}:
        difference.add("serial_number", item.serial_number, _serial(device))
    for name in TYPE_FIELDS:
        now, wanted = getattr(item, name), getattr(target, name)
        applied = None if applied_type is None else getattr(applied_type, name)
        is_retyped = applied_type is not None and wanted != applied and now == applied
        if wanted is not None and wanted != now and (now is None or is_retyped):
            difference.add(name, now, wanted)
    if site.autotask_location_id not in {None, item.autotask_location_id}:
        difference.add("autotask_location_id", item.autotask_location_id, site.autotask_location_id)
    warranty = device.warranty_date
    if warranty is not None and (item.warranty_date is None or warranty > item.warranty_date):
        difference.add("warranty_date", item.warranty_date, warranty)
    if is_returned and not item.is_active:
        difference.add("is_active", before=False, after=True)
    return difference


def _title(device: DeviceFacts) -> str:
    return (device.hostname.strip() or device.description.strip())[:TITLE_LENGTH].strip()


def _serial(device: DeviceFacts) -> str:
    if device.audit is None or serial_of_device(device) is None:
        return ""
    return device.audit.serial_number.strip()[:SERIAL_LENGTH]
