"""Configuration items, their types and categories."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from integration.vendors.autotask import limits
from integration.vendors.autotask.checks import check_lengths, check_needed
from integration.vendors.autotask.entities import EntityError
from integration.vendors.autotask.query import EVERYTHING, Filter, QueryError, all_of, where
from integration.vendors.autotask.records import (
    ConfigurationItem,
    ConfigurationItemCategory,
    ConfigurationItemType,
)
from integration.vendors.autotask.rest import OnPage, OnUnreadable, RestClient


class ConfigurationItemCalls(RestClient):
    """Typed calls for configuration items. They raise what `RestClient`'s calls raise."""

    def iter_configuration_items(
        self,
        *,
        modified_since: datetime | None = None,
        company_id: int | None = None,
        active_only: bool = False,
        on_page: OnPage | None = None,
        on_unreadable: OnUnreadable | None = None,
    ) -> Iterator[ConfigurationItem]:
        """Yield configuration items; conditions that are given are all needed.

        Args:
            modified_since: changed at or after this aware time.
            company_id: only this organization's.
            active_only: leave inactive ones out.
            on_page: progress.
            on_unreadable: told of each item with a value of the wrong type; the others follow all the same, and the
                list must not be taken for whole. None: such an item ends the list.
        """
        conditions: list[Filter] = []
        if modified_since is not None:
            conditions.append(where("lastModifiedTime", "gte", modified_since))
        if company_id is not None:
            conditions.append(where("companyID", "eq", company_id))
        if active_only:
            conditions.append(where("isActive", "eq", value=True))
        filter_ = all_of(*conditions) if conditions else EVERYTHING
        return self._records(
            "ConfigurationItems", ConfigurationItem.from_wire, filter_, on_page, on_unreadable
        )

    def iter_configuration_items_where(
        self, filter_: Filter, *, on_page: OnPage | None = None
    ) -> Iterator[ConfigurationItem]:
        """Yield the configuration items a filter finds, such as one UDF condition on the device uid."""
        return self._records("ConfigurationItems", ConfigurationItem.from_wire, filter_, on_page)

    def iter_configuration_items_by_ids(self, ids: Iterable[int]) -> Iterator[ConfigurationItem]:
        """Yield the configuration items with these ids."""
        for row in self.iter_by_ids("ConfigurationItems", ids):
            yield self._parse("ConfigurationItems", ConfigurationItem.from_wire, row)

    def find_configuration_items_by_reference_number(self, reference_number: str) -> list[ConfigurationItem]:
        """Return every item with this reference number, active or not, by id. Nothing is unique there.

        Raises:
            QueryError: the number is empty or longer than an item can hold.
            VendorError: as `iter_query`.
        """
        return list(self.iter_configuration_items_by_reference_numbers([reference_number]))

    def iter_configuration_items_by_reference_numbers(
        self, reference_numbers: Iterable[str]
    ) -> Iterator[ConfigurationItem]:
        """Yield the items with one of these reference numbers, 500 numbers per query.

        Raises:
            QueryError: a number is empty or longer than an item can hold; nothing was sent.
            VendorError: as `iter_query`.
        """
        return self._by_texts(
            "referenceNumber", reference_numbers, limits.CONFIGURATION_ITEM_REFERENCE_NUMBER_HELD
        )

    def find_configuration_items_by_serial_number(
        self, serial_number: str, *, company_id: int | None = None
    ) -> list[ConfigurationItem]:
        """Return every item with this serial number, active or not, by id; of one company when it is given.

        Raises:
            QueryError: the number is empty or longer than an item can hold.
            VendorError: as `iter_query`.
        """
        also = None if company_id is None else where("companyID", "eq", company_id)
        return list(
            self._by_texts("serialNumber", [serial_number], limits.CONFIGURATION_ITEM_SERIAL_NUMBER, also)
        )

    def iter_configuration_items_by_serial_numbers(
        self, serial_numbers: Iterable[str]
    ) -> Iterator[ConfigurationItem]:
        """Yield the items with one of these serial numbers, 500 numbers per query.

        Raises:
            QueryError: a number is empty or longer than an item can hold; nothing was sent.
            VendorError: as `iter_query`.
        """
        return self._by_texts("serialNumber", serial_numbers, limits.CONFIGURATION_ITEM_SERIAL_NUMBER)

    def find_configuration_items_by_udf(self, name: str, value: str) -> list[ConfigurationItem]:
        """Return every item whose user-defined field holds exactly this text, active or not, by id.

        Raises:
            QueryError: the name or the value is empty.
            VendorError: as `iter_query`.
        """
        if not value.strip():
            raise QueryError(f"{name}: the value is empty; items without it are not looked for this way")
        return list(self.iter_configuration_items_where(where(name, "eq", value, udf=True)))

    def find_configuration_item(self, configuration_item_id: int) -> ConfigurationItem | None:
        """Return one configuration item, None when there is no such id."""
        row = self.find("ConfigurationItems", configuration_item_id)
        return None if row is None else self._parse("ConfigurationItems", ConfigurationItem.from_wire, row)

    def create_configuration_item(self, fields: Mapping[str, object]) -> int:
        """Create a configuration item and return its id. Sent once.

        Not to be repeated after a doubt without a look at `find_configuration_items_by_reference_number`.

        Args:
            fields: Autotask's names; companyID, productID and isActive are needed. `userDefinedFields` is a mapping
                of exact names to values; only fields of the item's category can be written.

        Raises:
            EntityError: companyID, productID or isActive is missing, a text is too long, or a field only Datto RMM
                may write is given.
            VendorError: as `create`.
        """
        check_needed("ConfigurationItems", fields, ("companyID", "productID", "isActive"))
        _check_writable(fields)
        return self.create("ConfigurationItems", fields)

    def update_configuration_item(self, configuration_item_id: int, fields: Mapping[str, object]) -> None:
        """Change fields of a configuration item. Send changes only: every update writes a history version.

        Harmless to repeat. `userDefinedFields` is a mapping of exact names to values; unnamed ones stay.

        Raises:
            EntityError: companyID is given, which Autotask ignores with success, a text is too long, or a field only
                Datto RMM may write is given.
            VendorError: as `update`.
        """
        if any(name.lower() == "companyid" for name in fields):
            raise EntityError(
                "ConfigurationItems.companyID: Autotask ignores it after creation; "
                "create a new item at the other company and deactivate this one"
            )
        _check_writable(fields)
        self.update("ConfigurationItems", configuration_item_id, fields)

    def iter_configuration_item_types(self) -> Iterator[ConfigurationItemType]:
        """Yield configuration item types."""
        return self._records("ConfigurationItemTypes", ConfigurationItemType.from_wire, EVERYTHING)

    def iter_configuration_item_categories(self) -> Iterator[ConfigurationItemCategory]:
        """Yield configuration item categories."""
        return self._records("ConfigurationItemCategories", ConfigurationItemCategory.from_wire, EVERYTHING)

    def _by_texts(
        self, field: str, values: Iterable[str], longest: int, also: Filter | None = None
    ) -> Iterator[ConfigurationItem]:
        rows = self.iter_by_texts("ConfigurationItems", field, values, longest=longest, also=also)
        return (self._parse("ConfigurationItems", ConfigurationItem.from_wire, row) for row in rows)


def _check_writable(fields: Mapping[str, object]) -> None:
    for name in fields:
        if name.lower().startswith(("rmm", "datto", "devicenetworking")):
            raise EntityError(
                f"ConfigurationItems.{name}: only Datto's own integration may write it; use a user-defined field"
            )
    check_lengths("ConfigurationItems", fields)
