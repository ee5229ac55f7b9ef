"""Contracts, the services on them, how many units they bill, and the catalogue they come from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from integration.vendors.autotask.checks import check_lengths, check_needed
from integration.vendors.autotask.entities import EntityError
from integration.vendors.autotask.query import EVERYTHING, Filter, QueryError, changed_since, narrowed, where
from integration.vendors.autotask.records import (
    Contract,
    ContractService,
    ContractServiceBundle,
    ContractServiceBundleUnit,
    ContractServiceUnit,
    Product,
    Service,
    ServiceBundle,
)
from integration.vendors.autotask.records.contracts import CONTRACT_STATUS_ACTIVE
from integration.vendors.autotask.rest import OnPage, Record, RestClient

_ADJUSTMENTS: Final = "ContractServiceAdjustments"
_BUNDLE_ADJUSTMENTS: Final = "ContractServiceBundleAdjustments"


class ContractCalls(RestClient):
    """Typed calls for contracts and the catalogue. Every `iter_` raises what `RestClient.iter_query` raises.

    Lists of what is on contracts take `contract_id` for one contract, `contract_ids` for many (500 in a query, not a
    query for each), or neither for all.
    """

    def iter_contracts(
        self,
        *,
        company_id: int | None = None,
        active_only: bool = False,
        modified_since: datetime | None = None,
        on_page: OnPage | None = None,
    ) -> Iterator[Contract]:
        """Yield contracts; conditions that are given are all needed.

        Args:
            company_id: only this company's.
            active_only: only those of status Active; their dates are not looked at.
            modified_since: only those changed since; aware.
            on_page: called after each page.
        """
        filter_ = changed_since("lastModifiedDateTime", modified_since)
        if company_id is not None:
            filter_ = narrowed(filter_, where("companyID", "eq", company_id))
        if active_only:
            filter_ = narrowed(filter_, where("status", "eq", CONTRACT_STATUS_ACTIVE))
        return self._records("Contracts", Contract.from_wire, filter_, on_page)

    def find_contract(self, contract_id: int) -> Contract | None:
        """Return one contract, None when there is no such id."""
        row = self.find("Contracts", contract_id)
        return None if row is None else self._parse("Contracts", Contract.from_wire, row)

    def iter_contract_services(
        self, *, contract_id: int | None = None, contract_ids: Iterable[int] | None = None
    ) -> Iterator[ContractService]:
        """Yield services on contracts."""
        return self._on_contracts("ContractServices", ContractService.from_wire, contract_id, contract_ids)

    def iter_contract_service_bundles(
        self, *, contract_id: int | None = None, contract_ids: Iterable[int] | None = None
    ) -> Iterator[ContractServiceBundle]:
        """Yield service bundles on contracts."""
        return self._on_contracts(
            "ContractServiceBundles", ContractServiceBundle.from_wire, contract_id, contract_ids
        )

    def iter_contract_service_units(
        self,
        *,
        contract_id: int | None = None,
        contract_ids: Iterable[int] | None = None,
        on_day: date | None = None,
    ) -> Iterator[ContractServiceUnit]:
        """Yield the units of services by billing period; every period ever billed is a row.

        Args:
            contract_id: one contract.
            contract_ids: many contracts.
            on_day: only the periods that hold this day, in UTC; None for all periods.
        """
        return self._on_contracts(
            "ContractServiceUnits", ContractServiceUnit.from_wire, contract_id, contract_ids, _on(on_day)
        )

    def iter_contract_service_bundle_units(
        self,
        *,
        contract_id: int | None = None,
        contract_ids: Iterable[int] | None = None,
        on_day: date | None = None,
    ) -> Iterator[ContractServiceBundleUnit]:
        """Yield the units of service bundles by billing period, as `iter_contract_service_units` does."""
        return self._on_contracts(
            "ContractServiceBundleUnits",
            ContractServiceBundleUnit.from_wire,
            contract_id,
            contract_ids,
            _on(on_day),
        )

    def create_contract_service_adjustment(
        self,
        contract_service_id: int,
        *,
        unit_change: int,
        effective_at: datetime,
        unit_price: float | None = None,
        unit_cost: float | None = None,
    ) -> int:
        """Change how many units of a service a contract bills, and return the adjustment's id. Sent once.

        NOT safe to repeat: every adjustment adds to the ones before, and none can be read or deleted. After a doubt
        compare `iter_contract_service_units` with the number known before.

        Args:
            contract_service_id: row of `iter_contract_services`.
            unit_change: units to add, negative to remove; not 0.
            effective_at: first day it counts; aware.
            unit_price: price of a unit from then on, None to keep it.
            unit_cost: cost of a unit from then on, None to keep it.

        Raises:
            EntityError: no change, or a naive time; nothing was sent.
            VendorError: as `create`.
        """
        fields = _adjustment(_ADJUSTMENTS, unit_change, effective_at, unit_price)
        fields["contractServiceID"] = contract_service_id
        if unit_cost is not None:
            fields["adjustedUnitCost"] = unit_cost
        return self.create(_ADJUSTMENTS, fields)

    def create_contract_service_bundle_adjustment(
        self,
        contract_service_bundle_id: int,
        *,
        unit_change: int,
        effective_at: datetime,
        unit_price: float | None = None,
    ) -> int:
        """Change how many units of a service bundle a contract bills, and return the adjustment's id. Sent once.

        NOT safe to repeat; arguments and errors as `create_contract_service_adjustment`, units in
        `iter_contract_service_bundle_units`.
        """
        fields = _adjustment(_BUNDLE_ADJUSTMENTS, unit_change, effective_at, unit_price)
        fields["contractServiceBundleID"] = contract_service_bundle_id
        return self.create(_BUNDLE_ADJUSTMENTS, fields)

    def iter_services(self, *, active_only: bool = False, on_page: OnPage | None = None) -> Iterator[Service]:
        """Yield services of the catalogue."""
        return self._records("Services", Service.from_wire, _active(active_only=active_only), on_page)

    def iter_service_bundles(
        self, *, active_only: bool = False, on_page: OnPage | None = None
    ) -> Iterator[ServiceBundle]:
        """Yield service bundles of the catalogue."""
        return self._records(
            "ServiceBundles", ServiceBundle.from_wire, _active(active_only=active_only), on_page
        )

    def iter_products(self, *, active_only: bool = False, on_page: OnPage | None = None) -> Iterator[Product]:
        """Yield products of the catalogue."""
        return self._records("Products", Product.from_wire, _active(active_only=active_only), on_page)

    def find_product(self, product_id: int) -> Product | None:
        """Return one product, None when there is no such id."""
        row = self.find("Products", product_id)
        return None if row is None else self._parse("Products", Product.from_wire, row)

    def find_products_named(self, name: str) -> list[Product]:
        """Return the products with this name; names are not unique. Look here after a doubtful create."""
        return list(self._records("Products", Product.from_wire, where("name", "eq", name)))

    def create_product(self, fields: Mapping[str, object]) -> int:
        """Create a product and return its id. Sent once.

        Not to be repeated after a doubt without a look at `find_products_named`.

        Args:
            fields: Autotask's names; name, productBillingCodeID, isActive and isSerialized are needed.

        Raises:
            EntityError: a needed field is missing, or a text is too long; nothing was sent.
            VendorError: as `create`.
        """
        check_needed("Products", fields, ("name", "productBillingCodeID", "isActive", "isSerialized"))
        check_lengths("Products", fields)
        return self.create("Products", fields)

    def _on_contracts(
        self,
        entity: str,
        parse: Callable[[object], Record],
        contract_id: int | None,
        contract_ids: Iterable[int] | None,
        also: Filter | None = None,
    ) -> Iterator[Record]:
        if contract_id is not None and contract_ids is not None:
            raise QueryError(f"{entity}: give contract_id or contract_ids, not both")
        if contract_ids is None:
            one = None if contract_id is None else where("contractID", "eq", contract_id)
            conditions = [condition for condition in (one, also) if condition is not None]
            return self._records(entity, parse, narrowed(EVERYTHING, *conditions))
        rows = self.iter_by_ids(entity, contract_ids, field="contractID", also=also)
        return (self._parse(entity, parse, row) for row in rows)


def _adjustment(
    entity: str, unit_change: int, effective_at: datetime, unit_price: float | None
) -> dict[str, object]:
    if not unit_change:
        raise EntityError(f"{entity}.unitChange: 0 changes nothing; give the units to add or remove")
    fields: dict[str, object] = {"unitChange": unit_change, "effectiveDate": effective_at}
    if unit_price is not None:
        fields["adjustedUnitPrice"] = unit_price
    return fields


def _on(day: date | None) -> Filter | None:
    if day is None:
        return None
    # Periods are whole days: the last one ends at midnight *before* its day is over.
    midnight = datetime.combine(day, time(), UTC)
    return where("startDate", "lt", midnight + timedelta(days=1)) & where("endDate", "gte", midnight)


def _active(*, active_only: bool) -> Filter:
    return where("isActive", "eq", value=True) if active_only else EVERYTHING
