"""Companies, their locations and their contacts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from integration.vendors.autotask.wire import Wire


@dataclass(frozen=True, slots=True)
class Company:
    """An Autotask company; id 0 is the MSP itself."""

    id: int
    name: str
    number: str
    is_active: bool
    company_type: int | None
    phone: str
    parent_company_id: int | None
    owner_resource_id: int | None
    classification: int | None
    territory_id: int | None
    address1: str
    city: str
    state: str
    postal_code: str
    country_id: int | None
    web_address: str
    created_at: datetime | None
    last_activity_at: datetime | None
    last_modified_at: datetime | None
    udfs: Mapping[str, str | None] = field(default_factory=dict)

    @classmethod
    def from_wire(cls, row: object) -> Self:
        """Parse a `Companies` row.

        Raises:
            WireError: no id, or a value of the wrong type.
        """
        wire = Wire("Companies", row)
        return cls(
            id=wire.needed_whole("id"),
            name=wire.text("companyName"),
            number=wire.text("companyNumber"),
            is_active=wire.flag("isActive", default=True),
            company_type=wire.whole("companyType"),
            phone=wire.text("phone"),
            parent_company_id=wire.whole("parentCompanyID"),
            owner_resource_id=wire.whole("ownerResourceID"),
            classification=wire.whole("classification"),
            territory_id=wire.whole("territoryID"),
            address1=wire.text("address1"),
            city=wire.text("city"),
            state=wire.text("state"),
            postal_code=wire.text("postalCode"),
            country_id=wire.whole("countryID"),
            web_address=wire.text("webAddress"),
            created_at=wire.at("createDate"),
            last_activity_at=wire.at("lastActivityDate"),
            last_modified_at=wire.at("lastTrackedModifiedDateTime"),
            udfs=wire.udfs(),
        )


@dataclass(frozen=True, slots=True)
class CompanyLocation:
    """A physical location of a company."""

    id: int
    company_id: int
    name: str
    is_active: bool
    is_primary: bool
    address1: str
    city: str
    state: str
    postal_code: str
    country_id: int | None

    @classmethod
    def from_wire(cls, row: object) -> Self:
        """Parse a `CompanyLocations` row.

        Raises:
            WireError: no id or company, or a value of the wrong type.
        """
        wire = Wire("CompanyLocations", row)
        return cls(
            id=wire.needed_whole("id"),
            company_id=wire.needed_whole("companyID"),
            name=wire.text("name"),
            is_active=wire.flag("isActive", default=True),
            is_primary=wire.flag("isPrimary"),
            address1=wire.text("address1"),
            city=wire.text("city"),
            state=wire.text("state"),
            postal_code=wire.text("postalCode"),
            country_id=wire.whole("countryID"),
        )


@dataclass(frozen=True, slots=True)
class Contact:
    """A person at a company. On the wire `isActive` is 0 or 1, not a boolean."""

    id: int
    company_id: int | None
    company_location_id: int | None
    first_name: str
    last_name: str
    is_active: bool
    is_primary: bool
    email_addresses: tuple[str, ...]
    phone: str
    mobile_phone: str
    external_id: str
    last_activity_at: datetime | None
    last_modified_at: datetime | None
    udfs: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}".strip()

    @classmethod
    def from_wire(cls, row: object) -> Self:
        """Parse a `Contacts` row.

        Raises:
            WireError: no id, or a value of the wrong type.
        """
        wire = Wire("Contacts", row)
        emails = (wire.text(name).strip() for name in ("emailAddress", "emailAddress2", "emailAddress3"))
        return cls(
            id=wire.needed_whole("id"),
            company_id=wire.whole("companyID"),
            company_location_id=wire.whole("companyLocationID"),
            first_name=wire.text("firstName"),
            last_name=wire.text("lastName"),
            is_active=wire.flag("isActive", default=True),
            is_primary=wire.flag("primaryContact"),
            email_addresses=tuple(email for email in emails if email),
            phone=wire.text("phone"),
            mobile_phone=wire.text("mobilePhone"),
            external_id=wire.text("externalID"),
            last_activity_at=wire.at("lastActivityDate"),
            last_modified_at=wire.at("lastModifiedDate"),
            udfs=wire.udfs(),
        )
