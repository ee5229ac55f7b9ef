"""Definitions of user-defined fields and the items of list fields."""

from __future__ import annotations

from typing import Final

from integration.sandbox.autotask.database import UDF_LIST
from integration.sandbox.autotask.errors import RefusedError
from integration.sandbox.autotask.write import Write

_MOST: Final = {
    "Company": 200,
    "Contact": 100,
    "Contract": 50,
    "ConfigurationItem": 500,
    "Ticket": 300,
    "Product": 200,
    "Opportunity": 200,
    "Project": 200,
}


def check_definition(write: Write) -> None:
    """Keep names unique per kind of record, numbers below the limit, and kind and type as created."""
    kind = write.value("udfType")
    if not write.creating and write.changed("udfType", "dataType"):
        raise RefusedError("udfType and dataType cannot be changed.")
    same_kind = [
        row for row in write.database.tables["UserDefinedFieldDefinitions"] if row.get("udfType") == kind
    ]
    name = str(write.value("name")).lower()
    own_id = (write.old or {}).get("id")
    if any(row["name"].lower() == name and row["id"] != own_id for row in same_kind):
        raise RefusedError(f"A user-defined field named {write.value('name')} already exists.")
    kinds = write.database.picklists["UserDefinedFieldDefinitions"]["udfType"]
    label = next((one["label"] for one in kinds if one["value"] == kind), "")
    if write.creating and len(same_kind) >= _MOST.get(label, 200):
        raise RefusedError(f"The maximum number of user-defined fields for {label} has been reached.")


def check_list_item(write: Write) -> None:
    """Demand a list field as the parent."""
    definition = write.database.row("UserDefinedFieldDefinitions", write.value("udfFieldId")) or {}
    if definition.get("dataType") != UDF_LIST:
        raise RefusedError("List items can only be added to a user-defined field of type List.")
