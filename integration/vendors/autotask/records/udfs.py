"""Definitions of user-defined fields, the choices of list fields, and the categories that show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from integration.vendors.autotask.wire import Wire


@dataclass(frozen=True, slots=True)
class UdfDefinition:
    """A user-defined field as people set it up.

    Attributes:
        udf_type: picklist id of the entity it belongs to.
        data_type: picklist id of what it holds.
        is_protected: values are masked for people, and API users, without the permission.
    """

    id: int
    name: str
    description: str
    udf_type: int | None
    data_type: int | None
    is_active: bool
    is_required: bool
    is_protected: bool
    is_encrypted: bool
    is_private: bool
    sort_order: int | None
    decimal_places: int | None
    created_at: datetime | None

    @classmethod
    def from_wire(cls, row: object) -> Self:
        """Parse a `UserDefinedFieldDefinitions` row.

        Raises:
            WireError: no id or name, or a value of the wrong type.
        """
        wire = Wire("UserDefinedFieldDefinitions", row)
        # The name keeps its blanks: records are matched by the exact name.
        wire.needed_text("name")
        return cls(
            id=wire.needed_whole("id"),
            name=wire.text("name"),
            description=wire.text("description"),
            udf_type=wire.whole("udfType"),
            data_type=wire.whole("dataType"),
            is_active=wire.flag("isActive", default=True),
            is_required=wire.flag("isRequired"),
            is_protected=wire.flag("isProtected"),
            is_encrypted=wire.flag("isEncrypted"),
            is_private=wire.flag("isPrivate"),
            sort_order=wire.whole("sortOrder"),
            decimal_places=wire.whole("numberOfDecimalPlaces"),
            created_at=wire.at("createDate"),
        )


@dataclass(frozen=True, slots=True)
class UdfListItem:
    """A choice of a list field; records hold its id as text."""

    id: int
    definition_id: int
    display: str
    export: str
    is_active: bool

    @classmethod
    def from_wire(cls, row: object) -> Self:
        """Parse a `UserDefinedFieldListItems` row.

        Raises:
            WireError: no id or definition, or a value of the wrong type.
        """
        wire = Wire("UserDefinedFieldListItems", row)
        return cls(
            id=wire.needed_whole("id"),
            definition_id=wire.needed_whole("udfFieldId"),
            display=wire.text("valueForDisplay"),
            export=wire.text("valueForExport"),
            is_active=wire.flag("isActive", default=True),
        )


@dataclass(frozen=True, slots=True)
class CategoryUdfAssociation:
    """A user-defined field that the items of a category show; without one the field cannot be written there."""

    id: int
    category_id: int
    definition_id: int
    is_required: bool

    @classmethod
    def from_wire(cls, row: object) -> Self:
        """Parse a `ConfigurationItemCategoryUdfAssociations` row.

        Raises:
            WireError: no id, category or definition, or a value of the wrong type.
        """
        wire = Wire("ConfigurationItemCategoryUdfAssociations", row)
        return cls(
            id=wire.needed_whole("id"),
            category_id=wire.needed_whole("configurationItemCategoryID"),
            definition_id=wire.needed_whole("userDefinedFieldDefinitionID"),
            is_required=wire.flag("isRequired"),
        )
