"""What a site's mapping puts on a ticket: location, contact, contract, and the device's configuration item."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils import timezone

from mappings.models import Device, SiteMapping
from mappings.selectors import find_usable_configuration_item


@dataclass(slots=True)
class SiteFields:
    """Fields of a ticket that come from its site.

    Attributes:
        values: Autotask field -> value.
        origins: for each field its value in words and where it comes from.
        skipped: what is set and not sent, with the reason: [{field, label, reason}].
    """

    values: dict[str, Any] = field(default_factory=dict)
    origins: list[dict[str, Any]] = field(default_factory=list)
    skipped: list[dict[str, str]] = field(default_factory=list)

    def put(self, name: str, label: str, value: Any, display: str, origin: str) -> None:
        """Set a field."""
        self.values[name] = value
        self.origins.append(
            {"field": name, "label": label, "value": value, "display": display, "origin": origin}
        )

    def skip(self, name: str, display: str, reason: str) -> None:
        """Leave a field out."""
        self.skipped.append({"field": name, "label": display, "reason": reason})


def site_fields(mapping: SiteMapping, device: Device | None) -> SiteFields:
    """Return what the mapping and the device's configuration item put on a ticket of the mapping's company.

    Autotask refuses a reference to something inactive or of another company, and a ticket without one beats no
    ticket: such a value is left out and named.
    """
    found = SiteFields()
    origin = f"site {mapping.site.name}"
    location = mapping.company_location
    if location is not None:
        reason = _why_not(location, mapping, is_gone=not location.is_active)
        if reason:
            found.skip("location", location.name, f"{reason} (set by {origin})")
        else:
            found.put("companyLocationID", "Location", location.autotask_location_id, location.name, origin)
    contact = mapping.default_contact
    if contact is not None:
        reason = _why_not(contact, mapping, is_gone=not contact.is_active)
        if reason:
            found.skip("contact", str(contact), f"{reason} (set by {origin})")
        else:
            found.put("contactID", "Contact", contact.autotask_contact_id, str(contact), origin)
    contract = mapping.default_contract
    if contract is not None:
        reason = _why_not(contract, mapping, is_gone=contract.is_missing or not contract.is_active)
        reason = reason or _outside_term(contract.start_date, contract.end_date, timezone.localdate())
        if reason:
            found.skip("contract", contract.name, f"{reason} (set by {origin})")
        else:
            found.put("contractID", "Contract", contract.autotask_contract_id, contract.name, origin)
    item = find_usable_configuration_item(device, mapping) if device is not None else None
    if item is not None:
        found.put(
            "configurationItemID",
            "Configuration item",
            item.autotask_configuration_item_id,
            str(item),
            "device mapping",
        )
    return found


def _why_not(value: Any, mapping: SiteMapping, *, is_gone: bool) -> str:
    if value.company_id != mapping.company_id:
        return "It belongs to another organization."
    return "It is inactive in Autotask." if is_gone else ""


def _outside_term(start: date | None, end: date | None, today: date) -> str:
    if end is not None and end < today:
        return f"It ended on {end:%Y-%m-%d}."
    if start is not None and start > today:
        return f"It starts on {start:%Y-%m-%d}."
    return ""
