"""Configuration items, their types and categories."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from integration.vendors.autotask.wire import Wire


@dataclass(frozen=True, slots=True)
class ConfigurationItem:
    """A device as Autotask holds it.

    The `rmm_`, `datto_` and `device_networking_` fields are filled by Datto's own integrations only; others can
    read them, never write. `writable_fields` gives the rest back in Autotask's names.
    """

    id: int
    company_id: int | None
    company_location_id: int | None
    contact_id: int | None
    product_id: int | None
    configuration_item_type: int | None
    configuration_item_category_id: int | None
    parent_configuration_item_id: int | None
    contract_id: int | None
    contract_service_id: int | None
    contract_service_bundle_id: int | None
    service_id: int | None
    service_bundle_id: int | None
    service_level_agreement_id: int | None
    vendor_id: int | None
    is_active: bool
    reference_title: str
    reference_number: str
    serial_number: str
    location: str
    notes: str
    number_of_users: float | None
    setup_fee: float | None
    hourly_cost: float | None
    daily_cost: float | None
    monthly_cost: float | None
    per_use_cost: float | None
    rmm_device_uid: str
    rmm_device_id: int | None
    rmm_device_url: str
    rmm_hostname: str
    rmm_mac_address: str
    rmm_ip_address: str
    rmm_last_user: str
    rmm_open_alert_count: int | None
    datto_serial_number: str
    datto_hostname: str
    device_networking_id: str
    api_vendor_id: int | None
    installed_at: datetime | None
    warranty_expires_at: datetime | None
    created_at: datetime | None
    last_modified_at: datetime | None
    udfs: Mapping[str, str | None] = field(default_factory=dict)

    @classmethod
    def from_wire(cls, row: object) -> Self:
        """Parse a `ConfigurationItems` row.

        Raises:
            WireError: no id, or a value of the wrong type.
        """
        wire = Wire("ConfigurationItems", row)
        return cls(
            id=wire.needed_whole("id"),
            company_id=wire.whole("companyID"),
            company_location_id=wire.whole("companyLocationID"),
            contact_id=wire.whole("contactID"),
            product_id=wire.whole("productID"),
            configuration_item_type=wire.whole("configurationItemType"),
            configuration_item_category_id=wire.whole("configurationItemCategoryID"),
            parent_configuration_item_id=wire.whole("parentConfigurationItemID"),
            contract_id=wire.whole("contractID"),
            contract_service_id=wire.whole("contractServiceID"),
            contract_service_bundle_id=wire.whole("contractServiceBundleID"),
            service_id=wire.whole("serviceID"),
            service_bundle_id=wire.whole("serviceBundleID"),
            service_level_agreement_id=wire.whole("serviceLevelAgreementID"),
            vendor_id=wire.whole("vendorID"),
            is_active=wire.flag("isActive", default=True),
            reference_title=wire.text("referenceTitle"),
            reference_number=wire.text("referenceNumber"),
            serial_number=wire.text("serialNumber"),
            location=wire.text("location"),
            notes=wire.text("notes"),
            number_of_users=wire.number("numberOfUsers"),
            setup_fee=wire.number("setupFee"),
            hourly_cost=wire.number("hourlyCost"),
            daily_cost=wire.number("dailyCost"),
            monthly_cost=wire.number("monthlyCost"),
            per_use_cost=wire.number("perUseCost"),
            rmm_device_uid=wire.text("rmmDeviceUID"),
            rmm_device_id=wire.whole("rmmDeviceID"),
            rmm_device_url=wire.text("rmmDeviceUrl"),
            rmm_hostname=wire.text("rmmDeviceAuditHostname"),
            rmm_mac_address=wire.text("rmmDeviceAuditMacAddress"),
            rmm_ip_address=wire.text("rmmDeviceAuditIPAddress"),
            rmm_last_user=wire.text("rmmDeviceAuditLastUser"),
            rmm_open_alert_count=wire.whole("rmmOpenAlertCount"),
            datto_serial_number=wire.text("dattoSerialNumber"),
            datto_hostname=wire.text("dattoHostname"),
            device_networking_id=wire.text("deviceNetworkingID"),
            api_vendor_id=wire.whole("apiVendorID"),
            installed_at=wire.at("installDate"),
            warranty_expires_at=wire.at("warrantyExpirationDate"),
            created_at=wire.at("createDate"),
            last_modified_at=wire.at("lastModifiedTime"),
            udfs=wire.udfs(),
        )

    def writable_fields(self) -> dict[str, object]:
        """Return what an equal item is created with, in Autotask's names; empty fields are left out.

        `companyID` is among them: it counts at creation only, and `update_configuration_item` refuses it.
        """
        fields: dict[str, object] = {
            "companyID": self.company_id,
            "companyLocationID": self.company_location_id,
            "contactID": self.contact_id,
            "productID": self.product_id,
            "configurationItemType": self.configuration_item_type,
            "configurationItemCategoryID": self.configuration_item_category_id,
            "parentConfigurationItemID": self.parent_configuration_item_id,
            "contractID": self.contract_id,
            "contractServiceID": self.contract_service_id,
            "contractServiceBundleID": self.contract_service_bundle_id,
            "serviceID": self.service_id,
            "serviceBundleID": self.service_bundle_id,
            "serviceLevelAgreementID": self.service_level_agreement_id,
            "vendorID": self.vendor_id,
            "isActive": self.is_active,
            "referenceTitle": self.reference_title,
            "referenceNumber": self.reference_number,
            "serialNumber": self.serial_number,
            "location": self.location,
            "notes": self.notes,
            "numberOfUsers": self.number_of_users,
            "setupFee": self.setup_fee,
            "hourlyCost": self.hourly_cost,
            "dailyCost": self.daily_cost,
            "monthlyCost": self.monthly_cost,
            "perUseCost": self.per_use_cost,
            "installDate": self.installed_at,
            "warrantyExpirationDate": self.warranty_expires_at,
            "userDefinedFields": {name: value for name, value in self.udfs.items() if value},
        }
        return {name: value for name, value in fields.items() if value not in (None, "", {})}


@dataclass(frozen=True, slots=True)
class ConfigurationItemType:
    """A configuration item type, such as "Server"."""

    id: int
    name: str
    is_active: bool

    @classmethod
    def from_wire(cls, row: object) -> Self:
        """Parse a `ConfigurationItemTypes` row.

        Raises:
            WireError: no id, or a value of the wrong type.
        """
        wire = Wire("ConfigurationItemTypes", row)
        return cls(
            id=wire.needed_whole("id"), name=wire.text("name"), is_active=wire.flag("isActive", default=True)
        )


@dataclass(frozen=True, slots=True)
class ConfigurationItemCategory:
    """A configuration item category; it decides which UDFs an item shows."""

    id: int
    name: str
    nickname: str
    is_active: bool
    is_global_default: bool

    @classmethod
    def from_wire(cls, row: object) -> Self:
        """Parse a `ConfigurationItemCategories` row.

        Raises:
            WireError: no id, or a value of the wrong type.
        """
        wire = Wire("ConfigurationItemCategories", row)
        return cls(
            id=wire.needed_whole("id"),
            name=wire.text("name"),
            nickname=wire.text("nickname"),
            is_active=wire.flag("isActive", default=True),
            is_global_default=wire.flag("isGlobalDefault"),
        )
