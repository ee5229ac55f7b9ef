"""Reading what tickets and devices refer to: companies, people, billing codes, contracts, products."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from integration.vendors.autotask.answers import VENDOR
from integration.vendors.autotask.picklists import normalise
from integration.vendors.autotask.query import EVERYTHING, Filter, all_of, where
from integration.vendors.autotask.records import (
    BillingCode,
    Company,
    CompanyLocation,
    Contact,
    Contract,
    ContractService,
    ContractServiceBundle,
    Product,
    Resource,
    ResourceRole,
    Role,
    TicketCategory,
)
from integration.vendors.autotask.records.resources import LICENSE_TYPE_API_USER
from integration.vendors.autotask.rest import OnPage, RestClient
from integration.vendors.errors import ContractBroken


class ReferenceReads(RestClient):
    """Typed reads of reference data. Every `iter_` raises what `RestClient.iter_query` raises."""

    def iter_companies(
        self,
        *,
        modified_since: datetime | None = None,
        active_only: bool = False,
        on_page: OnPage | None = None,
    ) -> Iterator[Company]:
        """Yield companies, the MSP's own (id 0) included.

        Args:
            modified_since: only those whose tracked fields changed since; aware.
            active_only: leave inactive ones out.
            on_page: called after each page.
        """
        filter_ = _changed("lastTrackedModifiedDateTime", modified_since)
        if active_only:
            filter_ = _narrowed(filter_, where("isActive", "eq", value=True))
        return self._records("Companies", Company.from_wire, filter_, on_page)

    def find_company(self, company_id: int) -> Company | None:
        """Return one company, None when there is no such id."""
        row = self.find("Companies", company_id)
        return None if row is None else self._parse("Companies", Company.from_wire, row)

    def iter_company_locations(
        self, *, company_id: int | None = None, on_page: OnPage | None = None
    ) -> Iterator[CompanyLocation]:
        """Yield locations, of one company or of all."""
        filter_ = EVERYTHING if company_id is None else where("companyID", "eq", company_id)
        return self._records("CompanyLocations", CompanyLocation.from_wire, filter_, on_page)

    def iter_contacts(
        self,
        *,
        modified_since: datetime | None = None,
        company_id: int | None = None,
        on_page: OnPage | None = None,
    ) -> Iterator[Contact]:
        """Yield contacts, active and inactive."""
        filter_ = _changed("lastModifiedDate", modified_since)
        if company_id is not None:
            filter_ = _narrowed(filter_, where("companyID", "eq", company_id))
        return self._records("Contacts", Contact.from_wire, filter_, on_page)

    def iter_billing_codes(self, *, on_page: OnPage | None = None) -> Iterator[BillingCode]:
        """Yield billing codes of every use; `iter_work_types` yields what a ticket takes."""
        return self._records("BillingCodes", BillingCode.from_wire, EVERYTHING, on_page)

    def fetch_work_type_use(self) -> int:
        """Return the `useType` of billing codes that are work types.

        Its number differs between sources, so it is told by its label in the field info.

        Raises:
            ContractBroken: no label, or more than one, looks like work types.
            VendorError: as the call ended.
        """
        field = self.fetch_field_info("BillingCodes").get("useType")
        choices = field.picklist if field is not None else ()
        exact = [c for c in choices if c.number is not None and "worktype" in normalise(c.label)]
        general = [c for c in choices if c.number is not None and normalise(c.label).startswith("general")]
        found = exact or general
        if len(found) != 1 or found[0].number is None:
            labels = ", ".join(f"{choice.value} {choice.label}" for choice in choices) or "none"
            raise ContractBroken(
                f"BillingCodes.useType: cannot tell which use is the work type among: {labels}",
                vendor=VENDOR,
                method="GET",
                path="BillingCodes/entityInformation/fields",
            )
        return found[0].number

    def iter_work_types(self, *, use_type: int | None = None) -> Iterator[BillingCode]:
        """Yield the billing codes a ticket's `billingCodeID` takes, active and inactive.

        Args:
            use_type: when already known; otherwise the field info is read first.

        Raises:
            VendorError: as `fetch_work_type_use` and `iter_query`.
        """
        use = self.fetch_work_type_use() if use_type is None else use_type
        return self._records("BillingCodes", BillingCode.from_wire, where("useType", "eq", use))

    def iter_resources(self, *, on_page: OnPage | None = None) -> Iterator[Resource]:
        """Yield resources, active and inactive, API users included."""
        return self._records("Resources", Resource.from_wire, EVERYTHING, on_page)

    def iter_resource_roles(self, *, on_page: OnPage | None = None) -> Iterator[ResourceRole]:
        """Yield which resource may take which role."""
        return self._records("ResourceRoles", ResourceRole.from_wire, EVERYTHING, on_page)

    def iter_roles(self) -> Iterator[Role]:
        """Yield roles."""
        return self._records("Roles", Role.from_wire, EVERYTHING)

    def fetch_own_resource_id(self) -> int | None:
        """Return the resource id of the API user this client logs in as.

        Returns:
            None when the API user may not see itself, or when several rows fit and none can be preferred.
        """
        login = self._session.username
        itself = where("userName", "eq", login) | where("email", "eq", login)
        filter_ = itself & where("licenseType", "eq", LICENSE_TYPE_API_USER)
        found = list(self._records("Resources", Resource.from_wire, filter_))
        for preferred in (
            [resource for resource in found if resource.user_name.lower() == login.lower()],
            [resource for resource in found if resource.is_active],
            found,
        ):
            if len(preferred) == 1:
                return preferred[0].id
        return None

    def iter_ticket_categories(self) -> Iterator[TicketCategory]:
        """Yield ticket categories."""
        return self._records("TicketCategories", TicketCategory.from_wire, EVERYTHING)

    def iter_contracts(
        self, *, company_id: int | None = None, on_page: OnPage | None = None
    ) -> Iterator[Contract]:
        """Yield contracts, of one company or of all."""
        filter_ = EVERYTHING if company_id is None else where("companyID", "eq", company_id)
        return self._records("Contracts", Contract.from_wire, filter_, on_page)

    def iter_contract_services(self, *, contract_id: int | None = None) -> Iterator[ContractService]:
        """Yield services on contracts, of one contract or of all."""
        filter_ = EVERYTHING if contract_id is None else where("contractID", "eq", contract_id)
        return self._records("ContractServices", ContractService.from_wire, filter_)

    def iter_contract_service_bundles(
        self, *, contract_id: int | None = None
    ) -> Iterator[ContractServiceBundle]:
        """Yield service bundles on contracts, of one contract or of all."""
        filter_ = EVERYTHING if contract_id is None else where("contractID", "eq", contract_id)
        return self._records("ContractServiceBundles", ContractServiceBundle.from_wire, filter_)

    def iter_products(self, *, active_only: bool = False, on_page: OnPage | None = None) -> Iterator[Product]:
        """Yield products of the catalogue."""
        filter_: Filter = where("isActive", "eq", value=True) if active_only else EVERYTHING
        return self._records("Products", Product.from_wire, filter_, on_page)


def _changed(field: str, since: datetime | None) -> Filter:
    return EVERYTHING if since is None else where(field, "gte", since)


def _narrowed(filter_: Filter, condition: Filter) -> Filter:
    return condition if filter_ is EVERYTHING else all_of(filter_, condition)
