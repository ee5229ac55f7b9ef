"""The catalogue: products, services and service bundles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from integration.vendors.autotask.wire import Wire


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
    vendor_product_number: str
    is_serialized: bool
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
            vendor_product_number=wire.text("vendorProductNumber"),
            is_serialized=wire.flag("isSerialized"),
            product_category=wire.whole("productCategory"),
            product_billing_code_id=wire.whole("productBillingCodeID"),
            default_configuration_item_category_id=wire.whole("defaultInstalledProductCategoryID"),
            udfs=wire.udfs(),
        )


@dataclass(frozen=True, slots=True)
class Service:
    """A service of the catalogue, sold by the period on a recurring-service contract."""

    id: int
    name: str
    description: str
    invoice_description: str
    is_active: bool
    period_type: int | None
    billing_code_id: int | None
    service_level_agreement_id: int | None
    unit_price: float | None
    unit_cost: float | None
    vendor_company_id: int | None
    last_modified_at: datetime | None
    udfs: Mapping[str, str | None] = field(default_factory=dict)

    @classmethod
    def from_wire(cls, row: object) -> Self:
        """Parse a `Services` row.

        Raises:
            WireError: no id, or a value of the wrong type.
        """
        wire = Wire("Services", row)
        return cls(
            id=wire.needed_whole("id"),
            name=wire.text("name"),
            description=wire.text("description"),
            invoice_description=wire.text("invoiceDescription"),
            is_active=wire.flag("isActive", default=True),
            period_type=wire.whole("periodType"),
            billing_code_id=wire.whole("billingCodeID"),
            service_level_agreement_id=wire.whole("serviceLevelAgreementID"),
            unit_price=wire.number("unitPrice"),
            unit_cost=wire.number("unitCost"),
            vendor_company_id=wire.whole("vendorCompanyID"),
            last_modified_at=wire.at("lastModifiedDate"),
            udfs=wire.udfs(),
        )


@dataclass(frozen=True, slots=True)
class ServiceBundle:
    """Services of the catalogue sold together."""

    id: int
    name: str
    description: str
    invoice_description: str
    is_active: bool
    period_type: int | None
    billing_code_id: int | None
    service_level_agreement_id: int | None
    unit_price: float | None
    unit_cost: float | None
    last_modified_at: datetime | None
    udfs: Mapping[str, str | None] = field(default_factory=dict)

    @classmethod
    def from_wire(cls, row: object) -> Self:
        """Parse a `ServiceBundles` row.

        Raises:
            WireError: no id, or a value of the wrong type.
        """
        wire = Wire("ServiceBundles", row)
        return cls(
            id=wire.needed_whole("id"),
            name=wire.text("name"),
            description=wire.text("description"),
            invoice_description=wire.text("invoiceDescription"),
            is_active=wire.flag("isActive", default=True),
            period_type=wire.whole("periodType"),
            billing_code_id=wire.whole("billingCodeID"),
            service_level_agreement_id=wire.whole("serviceLevelAgreementID"),
            unit_price=wire.number("unitPrice"),
            unit_cost=wire.number("unitCost"),
            last_modified_at=wire.at("lastModifiedDate"),
            udfs=wire.udfs(),
        )
