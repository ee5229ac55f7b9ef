"""Configuration items, their types and categories, and products."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from integration.vendors.autotask.wire import Wire


@dataclass(frozen=True, slots=True)
class ConfigurationItem:
    """A device as Autotask holds it.

    The `rmm_` fields are filled by the genuine Datto RMM integration only; others can read them, never write.
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
    vendor_id: int | None
    is_active: bool
    reference_title: str
    reference_number: str
    serial_number: str
    location: str
    notes: str
    rmm_device_uid: str
    rmm_device_id: int | None
    rmm_hostname: str
    rmm_mac_address: str
    rmm_open_alert_count: int | None
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
            vendor_id=wire.whole("vendorID"),
            is_active=wire.flag("isActive", default=True),
            reference_title=wire.text("referenceTitle"),
            reference_number=wire.text("referenceNumber"),
            serial_number=wire.text("serialNumber"),
            location=wire.text("location"),
            notes=wire.text("notes"),
            rmm_device_uid=wire.text("rmmDeviceUID"),
            rmm_device_id=wire.whole("rmmDeviceID"),
            rmm_hostname=wire.text("rmmDeviceAuditHostname"),
            rmm_mac_address=wire.text("rmmDeviceAuditMacAddress"),
            rmm_open_alert_count=wire.whole("rmmOpenAlertCount"),
            api_vendor_id=wire.whole("apiVendorID"),
            installed_at=wire.at("installDate"),
            warranty_expires_at=wire.at("warrantyExpirationDate"),
            created_at=wire.at("createDate"),
            last_modified_at=wire.at("lastModifiedTime"),
            udfs=wire.udfs(),
        )


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


@dataclass(frozen=True, slots=True)
class Product:
    """A product of the catalogue; a configuration item cannot exist without one."""

    id: int
    name: str
    description: str
    is_active: bool
    manufacturer_name: str
    manufacturer_product_name: str
    internal_product_id: str
    external_product_id: str
    sku: str
    product_category: int | None
    product_billing_code_id: int | None
    default_configuration_item_category_id: int | None
    udfs: Mapping[str, str | None] = field(default_factory=dict)

    @classmethod
    def from_wire(cls, row: object) -> Self:
        """Parse a `Products` row.

        Raises:
            WireError: no id, or a value of the wrong type.
        """
        wire = Wire("Products", row)
        return cls(
            id=wire.needed_whole("id"),
            name=wire.text("name"),
            description=wire.text("description"),
            is_active=wire.flag("isActive", default=True),
            manufacturer_name=wire.text("manufacturerName"),
            manufacturer_product_name=wire.text("manufacturerProductName"),
            internal_product_id=wire.text("internalProductID"),
            external_product_id=wire.text("externalProductID"),
            sku=wire.text("sku"),
            product_category=wire.whole("productCategory"),
            product_billing_code_id=wire.whole("productBillingCodeID"),
            default_configuration_item_category_id=wire.whole("defaultInstalledProductCategoryID"),
            udfs=wire.udfs(),
        )
