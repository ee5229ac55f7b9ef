"""What site, device and settings put on a ticket: location, contact, contract, configuration item."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils import timezone

from mappings.models import CompanyLocation, ConfigurationItem, Contact, Contract, Device, SiteMapping
from mappings.selectors import find_contact_of_user, find_usable_configuration_item
from tickets.domain.settings import EffectiveSettings
from tickets.domain.settings.catalogue import ContactChoice, ContractChoice, LocationChoice


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

    def replace(self, name: str, value: Any, display: str, origin: str) -> None:
        """Give a field that is set another value."""
        label = next((one["label"] for one in self.origins if one["field"] == name), name)
        self.origins[:] = [one for one in self.origins if one["field"] != name]
        self.put(name, label, value, display, origin)

    def skip(self, name: str, display: str, reason: str) -> None:
        """Leave a field out."""
        self.skipped.append({"field": name, "label": display, "reason": reason})


def site_fields(mapping: SiteMapping, device: Device | None, settings: EffectiveSettings) -> SiteFields:
    """Return what the mapping, the device's configuration item and the settings' choices put on a ticket.

    Autotask refuses a reference to something inactive or of another company, and a ticket without one beats no
    ticket: such a value is left out and named, and the next source is asked.
    """
    found = SiteFields()
    item = find_usable_configuration_item(device, mapping) if device is not None else None
    site = f"site {mapping.site.name}"
    if settings.choice("location_choice") == LocationChoice.SITE:
        _put_first(
            found,
            ("companyLocationID", "Location", "autotask_location_id"),
            [(mapping.company_location, site)],
            mapping,
        )
    _put_first(
        found,
        ("contactID", "Contact", "autotask_contact_id"),
        _contacts(mapping, device, item, settings.choice("contact_choice"), site),
        mapping,
    )
    contract, origin = _put_first(
        found,
        ("contractID", "Contract", "autotask_contract_id"),
        _contracts(mapping, item, settings.choice("contract_choice"), site),
        mapping,
    )
    if item is not None and contract is not None and origin == _DEVICE:
        _put_service(found, item)
    if item is not None:
        found.put(
            "configurationItemID",
            "Configuration item",
            item.autotask_configuration_item_id,
            str(item),
            "device mapping",
        )
    return found


_DEVICE = "device"
_Source = tuple[CompanyLocation | Contact | Contract | None, str]


def _put_first(
    found: SiteFields, field: tuple[str, str, str], sources: list[_Source], mapping: SiteMapping
) -> tuple[CompanyLocation | Contact | Contract | None, str]:
    """Put the first usable thing; those before it are named as left out. Returns it and its origin."""
    name, label, id_column = field
    for value, origin in sources:
        if value is None:
            continue
        reason = _why_not(value, mapping)
        if reason:
            found.skip(label.lower(), str(value), f"{reason} (set by {origin})")
            continue
        found.put(name, label, getattr(value, id_column), str(value), origin)
        return value, origin
    return None, ""


def _contacts(
    mapping: SiteMapping, device: Device | None, item: ConfigurationItem | None, choice: str, site: str
) -> list[_Source]:
    if choice == ContactChoice.NONE:
        return []
    of_site: _Source = (mapping.default_contact, site)
    of_device: _Source = (_contact_of(item), _DEVICE)
    if choice == ContactChoice.DEVICE:
        return [of_device, of_site]
    if choice == ContactChoice.LAST_USER:
        person = find_contact_of_user(mapping.company, device.last_user) if device is not None else None
        return [(person, "last user of the device"), of_device, of_site]
    if choice == ContactChoice.PRIMARY:
        primary = Contact.objects.filter(company=mapping.company_id, is_primary=True, is_active=True).first()
        return [(primary, "primary contact of the organization"), of_site]
    return [of_site]


def _contact_of(item: ConfigurationItem | None) -> Contact | None:
    if item is None or item.autotask_contact_id is None:
        return None
    return Contact.objects.filter(autotask_contact_id=item.autotask_contact_id).first()


def _contracts(mapping: SiteMapping, item: ConfigurationItem | None, choice: str, site: str) -> list[_Source]:
    if choice == ContractChoice.NONE:
        return []
    sources: list[_Source] = [(mapping.default_contract, site)]
    if choice == ContractChoice.DEVICE and item is not None and item.autotask_contract_id is not None:
        own = Contract.objects.filter(autotask_contract_id=item.autotask_contract_id).first()
        sources.insert(0, (own, _DEVICE))
    return sources


def _put_service(found: SiteFields, item: ConfigurationItem) -> None:
    """The device's service or bundle goes with its contract; Autotask takes one of them."""
    if item.autotask_contract_service_id is not None:
        found.put(
            "contractServiceID",
            "Service",
            item.autotask_contract_service_id,
            str(item.autotask_contract_service_id),
            _DEVICE,
        )
    elif item.autotask_contract_service_bundle_id is not None:
        found.put(
            "contractServiceBundleID",
            "Service bundle",
            item.autotask_contract_service_bundle_id,
            str(item.autotask_contract_service_bundle_id),
            _DEVICE,
        )


def _why_not(value: CompanyLocation | Contact | Contract, mapping: SiteMapping) -> str:
    if value.company_id != mapping.company_id:
        return "It belongs to another organization."
    if not value.is_active or getattr(value, "is_missing", False):
        return "It is inactive in Autotask."
    if isinstance(value, Contract):
        return _outside_term(value.start_date, value.end_date, timezone.localdate())
    return ""


def _outside_term(start: date | None, end: date | None, today: date) -> str:
    if end is not None and end < today:
        return f"It ended on {end:%Y-%m-%d}."
    if start is not None and start > today:
        return f"It starts on {start:%Y-%m-%d}."
    return ""
