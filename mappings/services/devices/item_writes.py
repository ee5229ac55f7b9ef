"""Writing configuration items: our field names to Autotask's, and the local rows that follow from a write."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any, Final

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from integration.models import SyncRunEntry
from integration.sync.operations import CannotApply, Superseded
from mappings.models import (
    Company,
    ConfigurationItem,
    Device,
    DeviceLink,
    FieldMapLoss,
    FieldMapValue,
)
from mappings.services.devices.agreements import store_agreed_rows
from mappings.services.devices.findings import end_by
from mappings.services.devices.keys import keep_item_keys, load_item_key_sources

#: Our names of what we write; everything else of an item is Autotask's or Datto's own.
WIRE_NAMES: Final = {
    "reference_title": "referenceTitle",
    "reference_number": "referenceNumber",
    "serial_number": "serialNumber",
    "is_active": "isActive",
    "autotask_product_id": "productID",
    "autotask_type_id": "configurationItemType",
    "autotask_category_id": "configurationItemCategoryID",
    "autotask_location_id": "companyLocationID",
    "autotask_contact_id": "contactID",
    "autotask_contract_id": "contractID",
    "autotask_contract_service_id": "contractServiceID",
    "autotask_contract_service_bundle_id": "contractServiceBundleID",
    "install_date": "installDate",
    "warranty_date": "warrantyExpirationDate",
    "location": "location",
}
_DATES: Final = frozenset({"install_date", "warranty_date"})


def to_wire(values: Mapping[str, Any]) -> dict[str, object]:
    """Return planned values, as an entry holds them, by Autotask's names.

    Raises:
        CannotApply: a field we do not know.
    """
    wire: dict[str, object] = {}
    for name, value in values.items():
        if name == "udfs":
            wire["userDefinedFields"] = dict(value)
        elif name in _DATES:
            wire[WIRE_NAMES[name]] = _midnight(value)
        elif name in WIRE_NAMES:
            wire[WIRE_NAMES[name]] = value
        else:
            raise CannotApply(f"{name}: this field is not known to this version.", "Plan again.")
    return wire


def _midnight(value: str | None) -> datetime | None:
    return None if value is None else datetime.combine(date.fromisoformat(value), time(), UTC)


def require_unchanged(item: ConfigurationItem, before: Mapping[str, Any]) -> None:
    """Make sure that the item still is as it was when the change was planned.

    Raises:
        Superseded: a field differs by now; names it.
    """
    for name, planned in before.items():
        if name == "udfs":
            for udf, value in planned.items():
                if (item.udfs.get(udf) or "") != (value or ""):
                    raise Superseded(f"{udf} has changed since: it is {item.udfs.get(udf) or 'empty'} now.")
            continue
        held = getattr(item, name)
        held = held.isoformat() if isinstance(held, date) else held
        if (held if held is not None else "") != (planned if planned is not None else ""):
            words = name.removeprefix("autotask_").removesuffix("_id").replace("_", " ")
            raise Superseded(
                f"The {words} has changed since: it is {held if held not in (None, '') else 'empty'} now."
            )


def get_item(entry: SyncRunEntry) -> ConfigurationItem:
    """Return the item an entry is about.

    Raises:
        Superseded: Autotask no longer returns it.
    """
    item_id = entry.payload.get("configuration_item_id")
    item = ConfigurationItem.objects.filter(autotask_configuration_item_id=item_id, is_missing=False).first()
    if item is None:
        raise Superseded(f"Autotask no longer returns configuration item {item_id}.")
    return item


def get_device(entry: SyncRunEntry) -> Device:
    """Return the device an entry is about, with site and link.

    Raises:
        Superseded: it is gone from Datto RMM.
    """
    device = (
        Device.objects.select_related("site__mapping__company", "link")
        .filter(datto_device_uid=entry.payload.get("device_uid", ""))
        .first()
    )
    if device is None:
        raise Superseded("The device is gone from Datto RMM.")
    return device


def store_values(item: ConfigurationItem, values: Mapping[str, Any]) -> None:
    """Bring the mirror's row in step with what was written, so that the next plan need not read it again."""
    for name, value in values.items():
        if name == "udfs":
            item.udfs = {**item.udfs, **value}
        elif name in _DATES:
            setattr(item, name, None if value is None else date.fromisoformat(value))
        elif value is None and item._meta.get_field(name).get_internal_type() == "CharField":  # noqa: SLF001 - documented API
            setattr(item, name, "")
        else:
            setattr(item, name, value)
    item.synced_at = timezone.now()
    item.save()
    keep_item_keys([item], load_item_key_sources())


def new_item(item_id: int, company_id: int, values: Mapping[str, Any]) -> ConfigurationItem:
    """Mirror an item that was just created, from what was sent; the next read fills in Autotask's own values."""
    now = timezone.now()
    item, _ = ConfigurationItem.objects.get_or_create(
        autotask_configuration_item_id=item_id,
        defaults={
            "autotask_company_id": company_id,
            "company": Company.objects.filter(autotask_company_id=company_id).first(),
            "created_at": now,
            "synced_at": now,
        },
    )
    store_values(item, values)
    return item


def link(device: Device, item: ConfigurationItem, *, basis: str, reason: str) -> None:
    """Point the device's link at an item, taking it from any other device."""
    with transaction.atomic():
        release(DeviceLink.objects.filter(configuration_item=item).exclude(device=device))
        DeviceLink.objects.update_or_create(
            device=device,
            defaults={
                "configuration_item": item,
                "state": DeviceLink.State.LINKED,
                "basis": basis,
                "reason": reason[:500],
                "linked_at": timezone.now(),
            },
        )


def release(links: QuerySet[DeviceLink]) -> None:
    """Take the items from these links; a person's word on a link does not outlive its item."""
    links.filter(basis=DeviceLink.Basis.PERSON).update(basis=DeviceLink.Basis.NONE)
    links.update(configuration_item=None)


def record_applied(entry: SyncRunEntry, item: ConfigurationItem | None) -> None:
    """Record what follows from an applied change: agreed values, losses, the day of volatile values, the type."""
    payload = entry.payload
    device = Device.objects.filter(datto_device_uid=payload.get("device_uid") or "").first()
    end_by(
        entry.operation,
        entry.run.user,
        device_pk=device.pk if device is not None else None,
        item_pk=item.pk if item is not None else None,
    )
    if device is None:
        return
    now = timezone.now()
    store_agreed_rows(
        [
            FieldMapValue(
                field_map_id=int(pk),
                device=device,
                agreed_datto=pair[0],
                agreed_autotask=pair[1],
                agreed_at=now,
            )
            for pk, pair in payload.get("agreed", {}).items()
        ]
    )
    FieldMapLoss.objects.bulk_create(
        FieldMapLoss(
            field_map_id=pk, device=device, configuration_item=item, winner=winner, kept=kept, lost=lost
        )
        for pk, winner, kept, lost in payload.get("losses", [])
    )
    changes: dict[str, Any] = {}
    if payload.get("writes_volatile"):
        changes["volatile_written_on"] = now.date()
    if payload.get("applied_type"):
        changes["applied_type"] = payload["applied_type"]
    if changes:
        DeviceLink.objects.filter(device=device).update(**changes)
