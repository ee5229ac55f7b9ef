"""Reading what tickets refer to: people, business hours, billing codes and ticket categories."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from integration.vendors.autotask.answers import VENDOR
from integration.vendors.autotask.picklists import normalise
from integration.vendors.autotask.query import EVERYTHING, where
from integration.vendors.autotask.records import (
    BillingCode,
    BusinessLocation,
    Holiday,
    Resource,
    ResourceRole,
    ResourceServiceDeskRole,
    Role,
    TicketCategory,
)
from integration.vendors.autotask.records.resources import LICENSE_TYPE_API_USER
from integration.vendors.autotask.rest import OnPage, RestClient
from integration.vendors.errors import ContractBroken

#: The MSP's own locations; the entity's name is no plural.
BUSINESS_LOCATIONS: Final = "InternalLocationWithBusinessHours"


class ReferenceReads(RestClient):
    """Typed reads of reference data. Every `iter_` raises what `RestClient.iter_query` raises."""

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

    def iter_resource_service_desk_roles(
        self, *, on_page: OnPage | None = None
    ) -> Iterator[ResourceServiceDeskRole]:
        """Yield which resource may take which role on the service desk."""
        return self._records(
            "ResourceServiceDeskRoles", ResourceServiceDeskRole.from_wire, EVERYTHING, on_page
        )

    def iter_business_locations(self) -> Iterator[BusinessLocation]:
        """Yield the MSP's own locations with their business hours."""
        return self._records(BUSINESS_LOCATIONS, BusinessLocation.from_wire, EVERYTHING)

    def iter_holidays(self) -> Iterator[Holiday]:
        """Yield the holidays of every set."""
        return self._records("Holidays", Holiday.from_wire, EVERYTHING)

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
