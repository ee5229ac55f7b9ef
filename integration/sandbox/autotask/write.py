"""One write on its way: what was there, what is asked for, and the checks every entity shares."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from integration.sandbox.autotask.catalogue import ENTITIES
from integration.sandbox.autotask.database import UDF_DATE, UDF_LIST, UDF_NUMBER, Actor, Database, udf_values
from integration.sandbox.autotask.errors import RefusedError, reference_refused
from integration.sandbox.autotask.picklists import PARENT_FIELDS
from integration.sandbox.autotask.schema import Entity, Field, Nested, Row
from integration.sandbox.autotask.values import clean_text, length_of, read_number, read_timestamp, read_value

_UDF_LENGTH = 8000


@dataclass(slots=True)
class Write:
    """A create (`old` is None) or an update; `changes` holds kept forms, None meaning "clear it"."""

    database: Database
    entity: Entity
    actor: Actor
    old: Row | None
    changes: Row = field(default_factory=dict)
    udfs: dict[str, str | None] = field(default_factory=dict)
    answer_id: int | None = None
    """Set by a rule that answers with an existing row instead of writing."""

    @property
    def creating(self) -> bool:
        """Tell a create from an update."""
        return self.old is None

    def value(self, name: str) -> Any:
        """Return the value the field will have."""
        if name in self.changes:
            return self.changes[name]
        return self.old.get(name) if self.old is not None else None

    def changed(self, *names: str) -> bool:
        """Tell whether any of the fields gets another value than it has."""
        old = self.old or {}
        return any(name in self.changes and self.changes[name] != old.get(name) for name in names)

    def default(self, name: str, value: Any) -> None:
        """Fill a field that is empty."""
        if value is not None and self.value(name) is None:
            self.changes[name] = value

    def result(self) -> Row:
        """Return the row as it will be kept."""
        row = {**(self.old or {}), **self.changes}
        if self.entity.udf_label:
            kept = {**row.get("userDefinedFields", {}), **self.udfs}
            row["userDefinedFields"] = {name: value for name, value in kept.items() if value is not None}
        return row


def read_body(
    write: Write, body: dict[str, Any], nested: tuple[Nested, int] | None, *, replace: bool
) -> None:
    """Fill `write` from a request body.

    Unknown properties and server-owned fields are ignored without a word, as the real service does; with `replace`
    (PUT) every writable field that is absent becomes null.
    """
    for key, value in body.items():
        found = write.entity.find_field(str(key))
        if found is not None:
            if _writable(write, found):
                write.changes[found.name] = read_value(found, value)
        elif str(key).lower() == "userdefinedfields" and write.entity.udf_label:
            _read_udfs(write, value)
    if nested is not None:
        link, parent_id = nested
        if write.creating:
            write.changes[link.field] = parent_id
    if replace:
        for found in write.entity.fields.values():
            if _writable(write, found) and not found.vendor_owned:
                write.changes.setdefault(found.name, None)


def _writable(write: Write, found: Field) -> bool:
    if found.vendor_owned:
        return write.actor.owns_vendor_fields
    if found.read_only:
        return False
    parent_links = {link.field for link in write.entity.nested}
    return write.creating or not (found.create_only or found.name in parent_links)


def _read_udfs(write: Write, given: Any) -> None:
    try:
        texts = udf_values(given)
    except ValueError as error:
        raise RefusedError(str(error)) from None
    sent: dict[str, str | None] = dict(texts)
    if isinstance(given, list):
        for item in given:
            lowered = {str(key).lower(): value for key, value in item.items()}
            sent.setdefault(clean_text(str(lowered.get("name"))), None)
    definitions = {row["name"]: row for row in write.database.udf_definitions(write.entity)}
    for name, value in sent.items():
        if name not in definitions:
            raise RefusedError(f"Unable to find {name} in the {write.entity.object_name} Entity.")
        definition = definitions[name]
        if definition.get("isProtected") and not write.actor.protected_data:
            raise RefusedError(
                f"The logged in Resource does not have the adequate permissions to edit the protected field {name}."
            )
        write.udfs[name] = value if value in (None, "") else _check_udf(write, definition, value or "")


def _check_udf(write: Write, definition: Row, value: str) -> str:
    name, data_type = definition["name"], definition.get("dataType")
    if length_of(value) > _UDF_LENGTH:
        raise RefusedError(f"{name} must be less than or equal to {_UDF_LENGTH} characters")
    if data_type == UDF_LIST:
        items = write.database.tables["UserDefinedFieldListItems"].where("udfFieldId", definition["id"])
        if value not in {str(row["id"]) for row in items if row.get("isActive", True)}:
            raise RefusedError(f"Picklist value [{value}] does not exist for {name}")
        return value
    try:
        if data_type == UDF_NUMBER:
            read_number(value)
        return read_timestamp(value) if data_type == UDF_DATE else value
    except ValueError:
        raise RefusedError(f"The value {value!r} is not valid for the user-defined field {name}.") from None


def check_fields(write: Write) -> None:
    """Check required fields, lengths, picklists and references of what this write changes.

    Raises:
        RefusedError: with every finding about required fields at once, otherwise the first finding.
    """
    missing = [
        found.name
        for found in write.entity.fields.values()
        if found.required
        and (write.creating or found.name in write.changes)
        and write.value(found.name) in (None, "")
    ]
    if missing:
        raise RefusedError(*(f"Value does not exist for the required field {name}" for name in missing))
    for name in list(write.changes):
        found, value = write.entity.fields[name.lower()], write.changes[name]
        if value is None or not write.changed(name):
            continue
        if found.length and length_of(value) > found.length:
            raise RefusedError(f"{name} must be less than or equal to {found.length} characters")
        if found.picklist:
            _check_picklist(write, found, value)
        if found.reference:
            check_reference(write, found, value)
    _check_dependent_picklists(write)
    _check_one_company(write)


def _check_picklist(write: Write, found: Field, value: Any) -> None:
    values = write.database.picklist(write.entity, found.name)
    if not any(str(one["value"]) == str(value) and one["isActive"] for one in values):
        raise RefusedError(f"Picklist value [{value}] does not exist for {found.name}")


def _check_dependent_picklists(write: Write) -> None:
    for (entity_name, child), parent in PARENT_FIELDS.items():
        if entity_name != write.entity.name or not write.changed(child, parent):
            continue
        value = write.value(child)
        if value is None:
            continue
        for one in write.database.picklist(write.entity, child):
            if one["value"] == value and one["parentValue"] not in (None, write.value(parent)):
                raise RefusedError(f"Picklist value [{value}] does not exist for {child}")


def is_active(row: Row) -> bool:
    """Tell whether a row may be referred to by something new."""
    if row.get("isActive", True) in (False, 0):
        return False
    return not ("contractName" in row and row.get("status") == 0)


def check_reference(write: Write, found: Field, value: Any) -> Row | None:
    """Return the row a field refers to, or None where the double has no such entity.

    Raises:
        RefusedError: when the row is absent or inactive.
    """
    if found.reference not in ENTITIES:
        return None
    target = write.database.row(found.reference, value)
    if target is None or not is_active(target):
        raise reference_refused(found.name, ENTITIES[found.reference].object_name)
    return target


_OF_COMPANY = {"CompanyLocations", "Contacts", "Contracts", "ConfigurationItems"}


def _check_one_company(write: Write) -> None:
    """Refuse a contact, location, contract or device of another company than the row's own."""
    if "companyid" not in write.entity.fields:
        return
    company_id = write.value("companyID")
    for found in write.entity.fields.values():
        if found.reference not in _OF_COMPANY or found.name.startswith("billTo") or found.read_only:
            continue
        value = write.value(found.name)
        if value is None or not write.changed(found.name, "companyID"):
            continue
        target = write.database.row(found.reference, value)
        if target is not None and target.get("companyID") != company_id:
            raise reference_refused(found.name, ENTITIES[found.reference].object_name)
