"""Both sides of a drift as a table, and what a choice would do, for the pages of drift."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Q

from integration.ids import read_id
from integration.sync.operations import Draft
from integration.vendors.autotask.links import configuration_item_link
from mappings.admin.devicefilters import search_devices
from mappings.models import (
    Company,
    CompanyLocation,
    ConfigurationItem,
    ConfigurationItemCategory,
    ConfigurationItemType,
    Contact,
    Contract,
    Device,
    DeviceAudit,
    Product,
)
from mappings.services.devices.merging import missing_values

_SHOWN: Final = 20
#: Field of an item -> the rows that name what its number means: model, its id field, its name field.
_NAMED: Final[dict[str, tuple[type[Any], str, str]]] = {
    "autotask_product_id": (Product, "autotask_product_id", "name"),
    "autotask_type_id": (ConfigurationItemType, "autotask_type_id", "name"),
    "autotask_category_id": (ConfigurationItemCategory, "autotask_category_id", "name"),
    "autotask_contract_id": (Contract, "autotask_contract_id", "name"),
    "autotask_contact_id": (Contact, "autotask_contact_id", "email"),
    "autotask_location_id": (CompanyLocation, "autotask_location_id", "name"),
    "autotask_company_id": (Company, "autotask_company_id", "name"),
}
_WORDS: Final = {
    "reference_title": "Name",
    "reference_number": "Reference number",
    "serial_number": "Serial number",
    "rmm_hostname": "Host name (Datto)",
    "rmm_mac_address": "MAC address (Datto)",
    "rmm_device_uid": "Device uid (Datto)",
    "is_active": "Active",
    "install_date": "Installed",
    "warranty_date": "Warranty ends",
    "location": "Place",
    "modified_at": "Last changed",
    "autotask_company_id": "Organization",
    "autotask_product_id": "Product",
    "autotask_type_id": "Type",
    "autotask_category_id": "Category",
    "autotask_contract_id": "Contract",
    "autotask_contract_service_id": "Contract service",
    "autotask_contract_service_bundle_id": "Contract service bundle",
    "autotask_contact_id": "Contact",
    "autotask_location_id": "Location",
}
_ROWS: Final = (
    "autotask_company_id",
    "is_active",
    "serial_number",
    "rmm_mac_address",
    "reference_title",
    "rmm_hostname",
    "reference_number",
    "rmm_device_uid",
    "autotask_product_id",
    "autotask_type_id",
    "autotask_category_id",
    "autotask_contract_id",
    "autotask_contact_id",
    "install_date",
    "warranty_date",
    "modified_at",
)


@dataclass(frozen=True, slots=True)
class Line:
    """One fact of all of them, an item's as (its Autotask id, text); `differs` when the items do not agree."""

    title: str
    device: str
    values: tuple[tuple[int, str], ...]
    differs: bool


@dataclass(frozen=True, slots=True)
class Column:
    """One configuration item."""

    item: ConfigurationItem
    url: str
    linked_to: str


@dataclass(frozen=True, slots=True)
class Table:
    """A device and items side by side."""

    device: Device | None
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]


def compare(device: Device | None, items: Sequence[ConfigurationItem], web_url: str) -> Table:
    """Return what tells a device and these items, side by side; what nobody has is left out."""
    names = _names([{name: getattr(item, name) for name in _NAMED} for item in items])
    held = _device_values(device)
    ids = [item.autotask_configuration_item_id for item in items]
    lines = []
    for name in _ROWS:
        values = tuple(_text(name, getattr(item, name), names) for item in items)
        if any(values) or held.get(name):
            differs = len(set(values)) > 1 and name != "modified_at"
            lines.append(
                Line(_WORDS[name], held.get(name, ""), tuple(zip(ids, values, strict=True)), differs)
            )
    for udf in sorted({name for item in items for name, value in item.udfs.items() if value}):
        values = tuple(item.udfs.get(udf) or "" for item in items)
        lines.append(Line(f"UDF {udf}", "", tuple(zip(ids, values, strict=True)), len(set(values)) > 1))
    columns = tuple(
        Column(
            item,
            configuration_item_link(web_url, item.autotask_configuration_item_id) if web_url else "",
            _linked_to(item),
        )
        for item in items
    )
    return Table(device, columns, tuple(lines))


def _linked_to(item: ConfigurationItem) -> str:
    link = getattr(item, "device_link", None)
    return str(link.device) if link is not None else ""


def _device_values(device: Device | None) -> dict[str, str]:
    if device is None:
        return {}
    mapping = getattr(device.site, "mapping", None)
    audit: DeviceAudit | None = getattr(device, "audit", None)
    macs = [str(one.get("mac", "")) for one in audit.mac_addresses] if audit is not None else []
    return {
        "autotask_company_id": mapping.company.name if mapping is not None and mapping.company else "none",
        "is_active": "deleted" if device.is_deleted else "yes",
        "serial_number": audit.serial_number if audit is not None else "",
        "rmm_mac_address": ", ".join(one for one in macs if one),
        "reference_title": device.hostname,
        "rmm_hostname": device.hostname,
        "reference_number": device.datto_device_uid,
        "rmm_device_uid": device.datto_device_uid,
        "autotask_product_id": audit.model if audit is not None else "",
        "autotask_type_id": device.category,
        "warranty_date": device.warranty_date.isoformat() if device.warranty_date else "",
    }


def _names(values: Iterable[dict[str, Any]]) -> dict[tuple[str, int], str]:
    """Return what numbers mean; one query per field that has any."""
    wanted: dict[str, set[int]] = {}
    for one in values:
        for name, value in one.items():
            if name in _NAMED and isinstance(value, int) and not isinstance(value, bool):
                wanted.setdefault(name, set()).add(value)
    found: dict[tuple[str, int], str] = {}
    for name, ids in wanted.items():
        model, id_field, name_field = _NAMED[name]
        rows = model.objects.filter(**{f"{id_field}__in": ids}).values_list(id_field, name_field)
        found |= {(name, number): text for number, text in rows if text}
    return found


def _text(name: str, value: Any, names: dict[tuple[str, int], str]) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name in _NAMED:
        return names.get((name, int(value)), f"number {value}")
    return f"{value:%Y-%m-%d}" if hasattr(value, "strftime") else str(value)


def _changes(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return (title, before, after) of each field that changes, in words."""
    names = _names([before, after])
    rows = [
        (_WORDS.get(name, name), _text(name, before.get(name), names), _text(name, value, names))
        for name, value in after.items()
        if name != "udfs"
    ]
    former = before.get("udfs") or {}
    udfs = (after.get("udfs") or {}).items()
    return rows + [(f"UDF {name}", former.get(name) or "", value or "") for name, value in udfs]


def describe_move(draft: Draft | str) -> dict[str, Any]:
    """Return what a move will do, for the page: fields that differ, and whether the contract goes along."""
    if isinstance(draft, str):
        return {"refusal": draft}
    item = ConfigurationItem.objects.filter(
        autotask_configuration_item_id=draft.payload["configuration_item_id"]
    ).first()
    contract_id = item.autotask_contract_id if item is not None else None
    contract = Contract.objects.filter(autotask_contract_id=contract_id).first() if contract_id else None
    stays = (
        contract is not None
        and contract.is_active
        and contract.company.autotask_company_id == draft.payload["company_id"]
    )
    return {
        "changes": _changes(draft.before, draft.after),
        "contract": (contract.name if contract is not None else f"number {contract_id}")
        if contract_id
        else "",
        "contract_goes_along": stays,
        "kept_udfs": sum(1 for value in (item.udfs if item is not None else {}).values() if value),
    }


def merge_previews(items: Sequence[ConfigurationItem]) -> list[dict[str, Any]]:
    """Return for each active item what it would take over if it were the one that stays."""
    active = [one for one in items if one.is_active and not one.is_missing]
    previews = []
    for item in active:
        others = [one for one in active if one.pk != item.pk]
        if others:
            before, after = missing_values(item, others[0])
            previews.append({"item": item, "other": others[0], "changes": _changes(before, after)})
    return previews


def find_items(company: Company | None, query: str, *, without: Sequence[int]) -> list[ConfigurationItem]:
    """Return items of an organization that fit a person's words and are no living device's; at most 20."""
    items = ConfigurationItem.objects.filter(is_missing=False).exclude(pk__in=without)
    if company is not None:
        items = items.filter(company=company)
    for word in query.split():
        fits = (
            Q(reference_title__icontains=word)
            | Q(serial_number__icontains=word)
            | Q(reference_number__icontains=word)
            | Q(rmm_hostname__icontains=word)
        )
        number = read_id(word)
        if number is not None:
            fits |= Q(autotask_configuration_item_id=number)
        items = items.filter(fits)
    return list(
        items.exclude(device_link__device__is_deleted=False)
        .select_related("company")
        .order_by("-is_active", "reference_title", "pk")[:_SHOWN]
    )


def find_devices(item: ConfigurationItem, query: str) -> list[Device]:
    """Return devices at the item's organization that fit a person's words, those without an item first; at most 20."""
    devices = Device.objects.filter(
        is_deleted=False,
        site__mapping__company__autotask_company_id=item.autotask_company_id,
    ).select_related("site", "audit", "link__configuration_item")
    words = query or ""
    rows = search_devices(devices, words).order_by("hostname", "pk")
    free = list(rows.filter(link__configuration_item=None)[:_SHOWN])
    if not query:
        return free
    taken = rows.exclude(link__configuration_item=None)[: _SHOWN - len(free)] if len(free) < _SHOWN else []
    return [*free, *taken]
