"""What configuration items demand: category, its UDFs, and services of the right contract."""

from __future__ import annotations

from integration.sandbox.autotask.database import Actor, Database
from integration.sandbox.autotask.errors import RefusedError, reference_refused
from integration.sandbox.autotask.schema import Row
from integration.sandbox.autotask.write import Write


def fill_defaults(write: Write) -> None:
    """Give a new item the global default category and an install date."""
    if not write.creating:
        return
    categories = write.database.tables["ConfigurationItemCategories"]
    write.default(
        "configurationItemCategoryID", next((r["id"] for r in categories if r.get("isGlobalDefault")), None)
    )
    write.default("installDate", write.database.now())


def check_services(write: Write) -> None:
    """Demand that a contract service or bundle belongs to the row's contract."""
    for name, table, object_name in (
        ("contractServiceID", "ContractServices", "ContractService"),
        ("contractServiceBundleID", "ContractServiceBundles", "ContractServiceBundle"),
    ):
        value = write.value(name)
        if value is None or not write.changed(name, "contractID"):
            continue
        service = write.database.row(table, value) or {}
        if service.get("contractID") != write.value("contractID"):
            raise reference_refused(name, object_name)
    if write.value("contractServiceID") is not None and write.value("contractServiceBundleID") is not None:
        raise RefusedError("contractServiceID and contractServiceBundleID cannot both be set.")


def associated_udfs(database: Database, category_id: int | None) -> dict[str, bool] | None:
    """Return UDF name -> required for the items of a category; None when the item has no category."""
    if category_id is None:
        return None
    definitions = database.tables["UserDefinedFieldDefinitions"].rows
    links = database.tables["ConfigurationItemCategoryUdfAssociations"].where(
        "configurationItemCategoryID", category_id
    )
    return {
        definitions[link["userDefinedFieldDefinitionID"]]["name"]: bool(link.get("isRequired"))
        for link in links
        if definitions.get(link["userDefinedFieldDefinitionID"], {}).get("isActive", True)
        and link["userDefinedFieldDefinitionID"] in definitions
    }


def check_category_udfs(write: Write) -> None:
    """Refuse UDFs the category does not have and demand those it requires."""
    allowed = associated_udfs(write.database, write.value("configurationItemCategoryID"))
    if allowed is None:
        return
    for name in write.udfs:
        if name not in allowed:
            raise RefusedError(f"Unable to find {name} in the InstalledProduct Entity.")
    kept = write.result().get("userDefinedFields", {})
    missing = [name for name, required in allowed.items() if required and not kept.get(name)]
    emptied = any(name in write.udfs for name in missing)
    if missing and (write.creating or emptied or write.changed("configurationItemCategoryID")):
        raise RefusedError(*(f"Value does not exist for the required field {name}" for name in missing))


def check_association(write: Write) -> None:
    """Allow each device UDF once per category."""
    if not write.creating:
        return
    definition = (
        write.database.row("UserDefinedFieldDefinitions", write.value("userDefinedFieldDefinitionID")) or {}
    )
    label = {
        one["value"]: one["label"]
        for one in write.database.picklists.get("UserDefinedFieldDefinitions", {}).get("udfType", [])
    }.get(definition.get("udfType"))
    if label != "ConfigurationItem":
        raise reference_refused("userDefinedFieldDefinitionID", "UserDefinedFieldDefinition")
    have = write.database.tables["ConfigurationItemCategoryUdfAssociations"].where(
        "configurationItemCategoryID", write.value("configurationItemCategoryID")
    )
    if definition.get("id") in {row.get("userDefinedFieldDefinitionID") for row in have}:
        raise RefusedError("The user-defined field is already associated with this category.")


def keep_used_type(database: Database, row: Row, _actor: Actor) -> None:
    """Refuse to delete a type that items still have."""
    if any(item.get("configurationItemType") == row["id"] for item in database.tables["ConfigurationItems"]):
        raise RefusedError("The configuration item type is in use and cannot be deleted.")
