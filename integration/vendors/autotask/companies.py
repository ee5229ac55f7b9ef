"""Companies, their locations and their contacts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from integration.vendors.autotask.checks import check_lengths, check_needed
from integration.vendors.autotask.query import EVERYTHING, changed_since, narrowed, where
from integration.vendors.autotask.records import Company, CompanyLocation, Contact
from integration.vendors.autotask.rest import OnPage, RestClient


class CompanyCalls(RestClient):
    """Typed calls for companies. Every `iter_` raises what `RestClient.iter_query` raises."""

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
        filter_ = changed_since("lastTrackedModifiedDateTime", modified_since)
        if active_only:
            filter_ = narrowed(filter_, where("isActive", "eq", value=True))
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
        filter_ = changed_since("lastModifiedDate", modified_since)
        if company_id is not None:
            filter_ = narrowed(filter_, where("companyID", "eq", company_id))
        return self._records("Contacts", Contact.from_wire, filter_, on_page)

    def find_companies_named(self, name: str) -> list[Company]:
        """Return the companies with this name; names are not unique. Look here after a doubtful create."""
        return list(self._records("Companies", Company.from_wire, where("companyName", "eq", name)))

    def create_company(self, fields: Mapping[str, object]) -> int:
        """Create a company and return its id. Sent once.

        Not to be repeated after a doubt without a look at `find_companies_named`.

        Args:
            fields: Autotask's names; companyName, companyType (picklist id), ownerResourceID and phone are needed.

        Raises:
            EntityError: a needed field is missing, or a text is too long; nothing was sent.
            VendorError: as `create`.
        """
        check_needed("Companies", fields, ("companyName", "companyType", "ownerResourceID", "phone"))
        check_lengths("Companies", fields)
        return self.create("Companies", fields)
