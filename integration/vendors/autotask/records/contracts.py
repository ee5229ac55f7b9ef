"""Contracts, the services and bundles on them with their units, and billing codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Self

from integration.vendors.autotask.wire import Wire

CONTRACT_STATUS_INACTIVE: Final = 0
CONTRACT_STATUS_ACTIVE: Final = 1


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract of a company."""

    id: int
    company_id: int | None
    name: str
    number: str
    status: int | None
    contract_type: int | None
    contract_category: int | None
    is_default: bool
    starts_at: datetime | None
    ends_at: datetime | None
    last_modified_at: datetime | None
    udfs: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def is_active(self) -> bool:
        """True for status Active; the dates are not looked at."""
        return self.status == CONTRACT_STATUS_ACTIVE

    @classmethod
    def from_wire(cls, row: object) -> Self:
        """Parse a `Contracts` row.

        Raises:
            WireError: no id, or a value of the wrong type.
        """
        wire = Wire("Contracts", row)
        return cls(
            id=wire.needed_whole("id"),
            company_id=wire.whole("companyID"),
            name=wire.text("contractName"),
            number=wire.text("contractNumber"),
            status=wire.whole("status"),
            contract_type=wire.whole("contractType"),
            contract_category=wire.whole("contractCategory"),
            is_default=wire.flag("isDefaultContract"),
            starts_at=wire.at("startDate"),
            ends_at=wire.at("endDate"),
            last_modified_at=wire.at("lastModifiedDateTime"),
            udfs=wire.udfs(),
        )


@dataclass(frozen=True, slots=True)
class ContractService:
    """A service of the catalogue put on a contract; configuration items link to this id."""

    id: int
    contract_id: int
    service_id: int
    invoice_description: str
    internal_description: str
    unit_price: float | None

    @classmethod
    def from_wire(cls, row: object) -> Self:
        """Parse a `ContractServices` row.

        Raises:
            WireError: no id, contract or service, or a value of the wrong type.
        """
        wire = Wire("ContractServices", row)
        return cls(
            id=wire.needed_whole("id"),
            contract_id=wire.needed_whole("contractID"),
            service_id=wire.needed_whole("serviceID"),
            invoice_description=wire.text("invoiceDescription"),
            internal_description=wire.text("internalDescription"),
            unit_price=wire.number("unitPrice"),
        )


@dataclass(frozen=True, slots=True)
class ContractServiceBundle:
    """A service bundle put on a contract."""

    id: int
    contract_id: int
    service_bundle_id: int
    invoice_description: str
    internal_description: str
    unit_price: float | None

    @classmethod
    def from_wire(cls, row: object) -> Self:
        """Parse a `ContractServiceBundles` row.

        Raises:
            WireError: no id, contract or bundle, or a value of the wrong type.
        """
        wire = Wire("ContractServiceBundles", row)
        return cls(
            id=wire.needed_whole("id"),
            contract_id=wire.needed_whole("contractID"),
            service_bundle_id=wire.needed_whole("serviceBundleID"),
            invoice_description=wire.text("invoiceDescription"),
            internal_description=wire.text("internalDescription"),
            unit_price=wire.number("unitPrice"),
        )


@dataclass(frozen=True, slots=True)
class ContractServiceUnit:
    """How many units of a service a contract bills from one day to another, both included."""

    id: int
    contract_id: int
    contract_service_id: int
    service_id: int | None
    units: int
    price: float | None
    cost: float | None
    starts_at: datetime | None
    ends_at: datetime | None
    approved_and_posted_at: datetime | None

    @classmethod
    def from_wire(cls, row: object) -> Self:
        """Parse a `ContractServiceUnits` row.

        Raises:
            WireError: no id, contract, contract service or number of units, or a value of the wrong type.
        """
        wire = Wire("ContractServiceUnits", row)
        return cls(
            id=wire.needed_whole("id"),
            contract_id=wire.needed_whole("contractID"),
            contract_service_id=wire.needed_whole("contractServiceID"),
            service_id=wire.whole("serviceID"),
            units=wire.needed_whole("units"),
            price=wire.number("price"),
            cost=wire.number("cost"),
            starts_at=wire.at("startDate"),
            ends_at=wire.at("endDate"),
            approved_and_posted_at=wire.at("approveAndPostDate"),
        )


@dataclass(frozen=True, slots=True)
class ContractServiceBundleUnit:
    """How many units of a service bundle a contract bills from one day to another, both included."""

    id: int
    contract_id: int
    contract_service_bundle_id: int
    service_bundle_id: int | None
    units: int
    price: float | None
    cost: float | None
    starts_at: datetime | None
    ends_at: datetime | None
    approved_and_posted_at: datetime | None

    @classmethod
    def from_wire(cls, row: object) -> Self:
        """Parse a `ContractServiceBundleUnits` row.

        Raises:
            WireError: no id, contract, contract bundle or number of units, or a value of the wrong type.
        """
        wire = Wire("ContractServiceBundleUnits", row)
        return cls(
            id=wire.needed_whole("id"),
            contract_id=wire.needed_whole("contractID"),
            contract_service_bundle_id=wire.needed_whole("contractServiceBundleID"),
            service_bundle_id=wire.whole("serviceBundleID"),
            units=wire.needed_whole("units"),
            price=wire.number("price"),
            cost=wire.number("cost"),
            starts_at=wire.at("startDate"),
            ends_at=wire.at("endDate"),
            approved_and_posted_at=wire.at("approveAndPostDate"),
        )


@dataclass(frozen=True, slots=True)
class BillingCode:
    """A billing code; those of the work-type use are a ticket's "work type"."""

    id: int
    name: str
    description: str
    is_active: bool
    use_type: int | None
    billing_code_type: int | None
    department: int | None

    @classmethod
    def from_wire(cls, row: object) -> Self:
        """Parse a `BillingCodes` row.

        Raises:
            WireError: no id, or a value of the wrong type.
        """
        wire = Wire("BillingCodes", row)
        return cls(
            id=wire.needed_whole("id"),
            name=wire.text("name"),
            description=wire.text("description"),
            is_active=wire.flag("isActive", default=True),
            use_type=wire.whole("useType"),
            billing_code_type=wire.whole("billingCodeType"),
            department=wire.whole("department"),
        )
