"""Configuration items, their types and categories."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from integration.vendors.autotask.entities import EntityError
from integration.vendors.autotask.query import EVERYTHING, Filter, all_of, where
from integration.vendors.autotask.records import (
    ConfigurationItem,
    ConfigurationItemCategory,
    ConfigurationItemType,
)
from integration.vendors.autotask.rest import OnPage, RestClient
from integration.vendors.autotask.tickets import check_lengths


class ConfigurationItemCalls(RestClient):
    """Typed calls for configuration items. They raise what `RestClient`'s calls raise."""

    def iter_configuration_items(
        self,
        *,
        modified_since: datetime | None = None,
        company_id: int | None = None,
        active_only: bool = False,
        on_page: OnPage | None = None,
    ) -> Iterator[ConfigurationItem]:
        """Yield configuration items; conditions that are given are all needed."""
        conditions: list[Filter] = []
        if modified_since is not None:
            conditions.append(where("lastModifiedTime", "gte", modified_since))
        if company_id is not None:
            conditions.append(where("companyID", "eq", company_id))
        if active_only:
            conditions.append(where("isActive", "eq", value=True))
        filter_ = all_of(*conditions) if conditions else EVERYTHING
        return self.iter_configuration_items_where(filter_, on_page=on_page)

    def iter_configuration_items_where(
        self, filter_: Filter, *, on_page: OnPage | None = None
    ) -> Iterator[ConfigurationItem]:
        """Yield the configuration items a filter finds, such as one UDF condition on the device uid."""
        return self._records("ConfigurationItems", ConfigurationItem.from_wire, filter_, on_page)

    def iter_configuration_items_by_ids(self, ids: Iterable[int]) -> Iterator[ConfigurationItem]:
        """Yield the configuration items with these ids."""
        for row in self.iter_by_ids("ConfigurationItems", ids):
            yield self._parse("ConfigurationItems", ConfigurationItem.from_wire, row)

    def find_configuration_item(self, configuration_item_id: int) -> ConfigurationItem | None:
        """Return one configuration item, None when there is no such id."""
        row = self.find("ConfigurationItems", configuration_item_id)
        return None if row is None else self._parse("ConfigurationItems", ConfigurationItem.from_wire, row)

    def create_configuration_item(self, fields: Mapping[str, object]) -> int:
        """Create a configuration item and return its id. Sent once.

        Raises:
            EntityError: companyID, productID or isActive is missing, or a field only Datto RMM may write is given.
            VendorError: as `create`.
        """
        given = {name.lower() for name in fields}
        for needed in ("companyID", "productID", "isActive"):
            if needed.lower() not in given:
                raise EntityError(
                    f"ConfigurationItems.{needed}: Autotask needs it to create a configuration item"
                )
        _check_writable(fields)
        return self.create("ConfigurationItems", fields)

    def update_configuration_item(self, configuration_item_id: int, fields: Mapping[str, object]) -> None:
        """Change fields of a configuration item. Send changes only: every update writes a history version.

        Raises:
            EntityError: companyID is given, which Autotask ignores with success, or a field only Datto RMM may write.
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


def _check_writable(fields: Mapping[str, object]) -> None:
    for name in fields:
        if name.lower().startswith(("rmm", "datto", "devicenetworking")):
            raise EntityError(
                f"ConfigurationItems.{name}: only Datto's own integration may write it; use a user-defined field"
            )
    check_lengths("ConfigurationItems", fields)
