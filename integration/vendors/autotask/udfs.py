"""User-defined fields: their definitions, the choices of list fields, and the categories that show them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Literal

from integration.vendors.autotask.answers import VENDOR
from integration.vendors.autotask.checks import check_lengths, check_needed
from integration.vendors.autotask.entities import entity_named
from integration.vendors.autotask.picklists import FieldSet, active_values, normalise
from integration.vendors.autotask.query import EVERYTHING, Filter, all_of, where
from integration.vendors.autotask.records import CategoryUdfAssociation, UdfDefinition, UdfListItem
from integration.vendors.autotask.rest import OnPage, RestClient
from integration.vendors.errors import ContractBroken

DEFINITIONS: Final = "UserDefinedFieldDefinitions"
_ASSOCIATIONS: Final = "ConfigurationItemCategoryUdfAssociations"

#: What a user-defined field holds; Autotask's own ids for these come from `udf_data_type_of`.
UdfKind = Literal["text", "long_text", "number", "date", "list"]


class UdfCalls(RestClient):
    """Typed calls for user-defined fields; they raise what `RestClient`'s calls raise.

    The fields as records show them, with labels, lengths and the choices of lists, come from
    `fetch_udf_info(entity)`. A definition cannot be deleted, only switched off.
    """

    def iter_udf_definitions(
        self, *, udf_type: int | None = None, active_only: bool = False, on_page: OnPage | None = None
    ) -> Iterator[UdfDefinition]:
        """Yield definitions, of all entities or of one.

        Args:
            udf_type: Autotask's id of the entity, see `udf_type_of`.
            active_only: leave switched-off ones out.
            on_page: called after each page.
        """
        conditions: list[Filter] = []
        if udf_type is not None:
            conditions.append(where("udfType", "eq", udf_type))
        if active_only:
            conditions.append(where("isActive", "eq", value=True))
        filter_ = all_of(*conditions) if conditions else EVERYTHING
        return self._records(DEFINITIONS, UdfDefinition.from_wire, filter_, on_page)

    def iter_udf_definitions_of(self, entity: str) -> Iterator[UdfDefinition]:
        """Yield the definitions of an entity, such as "ConfigurationItems", active and inactive.

        Raises:
            ContractBroken: Autotask's field info does not tell this entity's type.
            VendorError: as `fetch_field_info` and `iter_query`.
        """
        udf_type = udf_type_of(self.fetch_field_info(DEFINITIONS), entity)
        return self.iter_udf_definitions(udf_type=udf_type)

    def create_udf_definition(
        self,
        *,
        name: str,
        udf_type: int,
        data_type: int,
        description: str = "",
        is_required: bool = False,
        is_protected: bool = False,
        sort_order: int | None = None,
        decimal_places: int | None = None,
    ) -> int:
        """Create a definition, active, and return its id. Sent once.

        Not to be repeated after a doubt without a look at `iter_udf_definitions`.

        Args:
            name: at most 45 characters, unique for its entity.
            udf_type: see `udf_type_of`.
            data_type: see `udf_data_type_of`; cannot be changed later.
            description: at most 128 characters.
            is_required: people must fill it.
            is_protected: people need a permission to see it. The API user needs it too.
            sort_order: place on the screen.
            decimal_places: of a number.

        Raises:
            EntityError: a name that is empty, or a text that is too long; nothing was sent.
            VendorError: as `create`.
        """
        fields: dict[str, object] = {
            "name": name.strip(),
            "udfType": udf_type,
            "dataType": data_type,
            "isActive": True,
            "isRequired": is_required,
            "isProtected": is_protected,
        }
        if description:
            fields["description"] = description
        if sort_order is not None:
            fields["sortOrder"] = sort_order
        if decimal_places is not None:
            fields["numberOfDecimalPlaces"] = decimal_places
        check_needed(DEFINITIONS, fields, ("name",))
        check_lengths(DEFINITIONS, fields)
        return self.create(DEFINITIONS, fields)

    def set_udf_definition_active(self, definition_id: int, *, is_active: bool) -> None:
        """Switch a definition on or off. Harmless to repeat; errors as `update`."""
        self.update(DEFINITIONS, definition_id, {"isActive": is_active})

    def iter_udf_list_items(self, *, definition_id: int | None = None) -> Iterator[UdfListItem]:
        """Yield the choices of list fields, of one definition or of all, active and inactive."""
        filter_ = EVERYTHING if definition_id is None else where("udfFieldId", "eq", definition_id)
        return self._records("UserDefinedFieldListItems", UdfListItem.from_wire, filter_)

    def create_udf_list_item(self, definition_id: int, *, display: str, export: str = "") -> int:
        """Add an active choice to a list field and return its id. Sent once.

        Not to be repeated after a doubt without a look at `iter_udf_list_items`.

        Args:
            definition_id: a definition of the list kind.
            display: what people see, at most 128 characters.
            export: what exports hold, at most 128 characters; empty for the same as `display`.

        Raises:
            EntityError: a text that is empty or too long; nothing was sent.
            VendorError: as `create`.
        """
        fields: dict[str, object] = {
            "udfFieldId": definition_id,
            "valueForDisplay": display.strip(),
            "valueForExport": export.strip() or display.strip(),
            "isActive": True,
        }
        check_needed("UserDefinedFieldListItems", fields, ("valueForDisplay",))
        check_lengths("UserDefinedFieldListItems", fields)
        return self.create("UserDefinedFieldListItems", fields, parent=definition_id)

    def iter_category_udf_associations(
        self, *, category_id: int | None = None, on_page: OnPage | None = None
    ) -> Iterator[CategoryUdfAssociation]:
        """Yield which configuration item category shows which field, of one category or of all."""
        filter_ = (
            EVERYTHING if category_id is None else where("configurationItemCategoryID", "eq", category_id)
        )
        return self._records(_ASSOCIATIONS, CategoryUdfAssociation.from_wire, filter_, on_page)

    def create_category_udf_association(
        self, category_id: int, definition_id: int, *, is_required: bool = False
    ) -> int:
        """Show a field on the items of a category and return the association's id. Sent once.

        Repeating it is refused by Autotask as a duplicate (`Rejected`), so it does no harm.
        """
        fields = {
            "configurationItemCategoryID": category_id,
            "userDefinedFieldDefinitionID": definition_id,
            "isRequired": is_required,
        }
        return self.create(_ASSOCIATIONS, fields, parent=category_id)

    def delete_category_udf_association(self, category_id: int, association_id: int) -> None:
        """Hide a field from the items of a category. Repeated, it ends in `NotFound`; errors as `delete`."""
        self.delete(_ASSOCIATIONS, association_id, parent=category_id)


def udf_type_of(fields: FieldSet, entity: str) -> int:
    """Return Autotask's id for an entity in `udfType`; it is told by its label.

    Args:
        fields: field info of "UserDefinedFieldDefinitions".
        entity: REST name, such as "ConfigurationItems".

    Raises:
        EntityError: no such entity.
        ContractBroken: no label, or more than one, is this entity's.
    """
    known = entity_named(entity)
    names = {normalise(known.name), normalise(_singular(known.name)), normalise(known.object_name)}
    return _only_choice(fields, "udfType", lambda label: label in names, known.name)


def udf_data_type_of(fields: FieldSet, kind: UdfKind) -> int:
    """Return Autotask's id for a kind of field in `dataType`; it is told by its label.

    Raises:
        ContractBroken: no label, or more than one, is this kind's.
    """
    return _only_choice(fields, "dataType", _IS_KIND[kind], kind)


_IS_KIND: Final[dict[UdfKind, Callable[[str], bool]]] = {
    "text": lambda label: "text" in label and "multi" not in label,
    "long_text": lambda label: "text" in label and "multi" in label,
    "number": lambda label: label.startswith(("number", "numeric")),
    "date": lambda label: label.startswith("date"),
    # Lists of several choices cannot be made or read through the API.
    "list": lambda label: "list" in label and "multi" not in label,
}


def _only_choice(fields: FieldSet, name: str, fits: Callable[[str], bool], wanted: str) -> int:
    field = fields.get(name)
    choices = active_values(field) if field is not None else []
    found = [
        choice.number for choice in choices if fits(normalise(choice.label)) and choice.number is not None
    ]
    if len(found) == 1:
        return found[0]
    labels = ", ".join(f"{choice.value} {choice.label}" for choice in choices) or "none"
    raise ContractBroken(
        f"{DEFINITIONS}.{name}: cannot tell which is {wanted} among: {labels}",
        vendor=VENDOR,
        method="GET",
        path=f"{DEFINITIONS}/entityInformation/fields",
    )


def _singular(name: str) -> str:
    return f"{name.removesuffix('ies')}y" if name.endswith("ies") else name.removesuffix("s")
