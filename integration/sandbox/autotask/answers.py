"""How records and metadata look in answers."""

from __future__ import annotations

from typing import Any, Final

from integration.sandbox.autotask.catalogue import ENTITIES
from integration.sandbox.autotask.catalogue.webhooks import FAMILIES
from integration.sandbox.autotask.database import Database
from integration.sandbox.autotask.picklists import PARENT_FIELDS, PicklistValue
from integration.sandbox.autotask.rules.devices import associated_udfs
from integration.sandbox.autotask.schema import Entity, Field, Row

_TEMPLATES: Final = {
    name: {field.name: None for field in entity.fields.values()} for name, entity in ENTITIES.items()
}
_DATES: Final = {
    name: [field.name for field in entity.fields.values() if field.data_type == "datetime"]
    for name, entity in ENTITIES.items()
}
_HIDDEN: Final = {f"{prefix}Webhooks": "secretKey" for prefix, _object, _udfs in FAMILIES.values()}
_MASK: Final = "*****"
_UDF_TYPES: Final = {1: "string", 2: "string", 3: "double", 4: "datetime", 5: "integer"}
_ALL_ACCESS: Final = "All"


def record(
    database: Database,
    entity: Entity,
    row: Row,
    *,
    include: tuple[str, ...] | None = None,
    protected_data: bool = True,
    with_data: bool = False,
) -> dict[str, Any]:
    """Return a row as the API shows it: every field, nulls too, or only those in `include`."""
    shown: dict[str, Any] = {**_TEMPLATES[entity.name], **row}
    if entity.naive_dates:
        for name in _DATES[entity.name]:
            if shown[name] is not None:
                shown[name] = shown[name].removesuffix("Z")
    if entity.name in _HIDDEN:
        shown[_HIDDEN[entity.name]] = None
    if entity.attachment and not with_data:
        shown["data"] = None
    if include is not None:
        shown = {name: shown[name] for name in include if name != "userDefinedFields"}
    if entity.udf_label and (include is None or "userDefinedFields" in include):
        shown["userDefinedFields"] = _udfs(database, entity, row, protected_data=protected_data)
    return shown


def _udfs(database: Database, entity: Entity, row: Row, *, protected_data: bool) -> list[dict[str, Any]]:
    values = row.get("userDefinedFields") or {}
    allowed = None
    if entity.name == "ConfigurationItems":
        allowed = associated_udfs(database, row.get("configurationItemCategoryID"))
    shown = []
    for definition in database.udf_definitions(entity):
        name = definition["name"]
        if allowed is not None and name not in allowed:
            continue
        value = values.get(name)
        if value is not None and definition.get("isProtected") and not protected_data:
            value = _MASK
        shown.append({"name": name, "value": value})
    return shown


def entity_information(entity: Entity) -> dict[str, Any]:
    """Return the answer of `entityInformation`."""
    rights = {"Create": "C", "Delete": "D", "Query": "Q", "Update": "U"}
    return {
        "info": {
            "name": entity.object_name,
            **{f"can{verb}": entity.may(letter) for verb, letter in rights.items()},
            **{
                f"userAccessFor{verb}": _ALL_ACCESS if entity.may(letter) else "None"
                for verb, letter in rights.items()
            },
            "hasUserDefinedFields": bool(entity.udf_label),
            "supportsWebhookCallouts": entity.name in FAMILIES,
        }
    }


def field_information(database: Database, entity: Entity) -> dict[str, Any]:
    """Return the answer of `entityInformation/fields`."""
    return {"fields": [_field(database, entity, field) for field in entity.fields.values()]}


def _field(database: Database, entity: Entity, field: Field) -> dict[str, Any]:
    parent = PARENT_FIELDS.get((entity.name, field.name), "")
    return {
        "name": field.name,
        "dataType": field.data_type,
        "length": field.length,
        "isRequired": field.required,
        "isReadOnly": field.read_only,
        "isQueryable": field.queryable,
        "isReference": bool(field.reference),
        "referenceEntityType": _object_name(field.reference),
        "isPickList": field.picklist,
        "picklistValues": _values(database.picklist(entity, field.name)) if field.picklist else None,
        "picklistParentValueField": parent,
        "isSupportedWebhookField": entity.name in FAMILIES and field.name != "id",
    }


def _object_name(reference: str) -> str:
    return ENTITIES[reference].object_name if reference in ENTITIES else reference


def _values(values: list[PicklistValue]) -> list[dict[str, Any]]:
    return [
        {
            **one,
            "value": str(one["value"]),
            "parentValue": "" if one["parentValue"] is None else str(one["parentValue"]),
        }
        for one in values
    ]


def udf_information(database: Database, entity: Entity) -> dict[str, Any]:
    """Return the answer of `entityInformation/userDefinedFields`."""
    return {"fields": [_udf_field(database, row, entity) for row in database.udf_definitions(entity)]}


def _udf_field(database: Database, definition: Row, entity: Entity) -> dict[str, Any]:
    items = database.tables["UserDefinedFieldListItems"].where("udfFieldId", definition["id"])
    is_list = _UDF_TYPES.get(definition.get("dataType", 1)) == "integer"
    return {
        "name": definition["name"],
        "label": definition["name"],
        "type": _UDF_TYPES.get(definition.get("dataType", 1), "string"),
        "length": 8000,
        "description": definition.get("description"),
        "isRequired": bool(definition.get("isRequired")),
        "isReadOnly": False,
        "isQueryable": not definition.get("isEncrypted", False),
        "isReference": False,
        "referenceEntityType": "",
        "isPickList": is_list,
        "picklistValues": [
            {
                "value": str(item["id"]),
                "label": item.get("valueForDisplay"),
                "isDefaultValue": False,
                "sortOrder": order,
                "parentValue": "",
                "isActive": item.get("isActive", True),
                "isSystem": False,
            }
            for order, item in enumerate(items, start=1)
        ]
        if is_list
        else None,
        "picklistParentValueField": "",
        "defaultValue": definition.get("defaultValue"),
        "isSupportedWebhookField": entity.name in FAMILIES,
    }
