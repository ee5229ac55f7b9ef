"""The simulated database: tables, picklists, people and their rights, one lock for all of it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from integration.sandbox.autotask.catalogue import ENTITIES
from integration.sandbox.autotask.errors import RefusedError
from integration.sandbox.autotask.picklists import PicklistValue, default_picklists, picklist_values
from integration.sandbox.autotask.schema import Entity, Field, Row
from integration.sandbox.autotask.settings import Switches
from integration.sandbox.autotask.store import Table
from integration.sandbox.autotask.values import clean_text, read_timestamp, timestamp

#: Fields whose picklist is another entity's rows: (entity, field) -> entity.
_PICKLISTS_FROM_ROWS: Final = {
    ("ConfigurationItems", "configurationItemType"): "ConfigurationItemTypes",
    ("Tickets", "ticketCategory"): "TicketCategories",
    ("TicketCategoryFieldDefaults", "ticketCategoryID"): "TicketCategories",
}
#: A picklist that is kept once and used by another field as well.
_SHARED_PICKLISTS: Final = {
    ("ResourceRoles", "queueID"): "queueID",
    ("ResourceRoleQueues", "queueID"): "queueID",
}
UDF_DATE, UDF_NUMBER, UDF_LIST = 4, 3, 5
RULE_RESOURCE_ID: Final = 4


@dataclass(frozen=True, slots=True)
class Actor:
    """Who writes: an API user, a person in the UI, or a workflow rule."""

    resource_id: int
    kind: str = "api"
    vendor: str = ""
    impersonator_id: int | None = None
    protected_data: bool = True

    @property
    def owns_vendor_fields(self) -> bool:
        """Tell whether rmm* and datto* fields may be written."""
        return self.vendor.strip().lower() == "datto rmm"


@dataclass(frozen=True, slots=True)
class Event:
    """One committed change; `before` is None for a create, `after` is None for a delete."""

    entity: str
    action: str
    row_id: int
    before: Row | None
    after: Row | None
    changed: frozenset[str]
    actor: Actor


@dataclass(slots=True)
class ApiUser:
    """A login of the REST API."""

    username: str
    secret: str
    integration_code: str
    resource_id: int
    vendor: str = ""
    legacy_threads: bool = False
    protected_data: bool = True


@dataclass(slots=True)
class Database:
    """Everything that is kept; hold `lock` for anything longer than one read."""

    clock: Callable[[], datetime]
    switches: Switches = field(default_factory=Switches)
    tables: dict[str, Table] = field(default_factory=lambda: {name: Table(e) for name, e in ENTITIES.items()})
    picklists: dict[str, dict[str, list[PicklistValue]]] = field(default_factory=default_picklists)
    users: dict[str, ApiUser] = field(default_factory=dict)
    workflow_rules: list[dict[str, Any]] = field(default_factory=list)
    ticket_numbers: dict[str, int] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)
    listeners: list[Callable[[Event], None]] = field(default_factory=list)
    writes: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    """(entity, create, update, delete or unchanged, row id) -> accepted writes of the API."""

    def now(self) -> str:
        """Return the present as a kept timestamp."""
        return timestamp(self.clock())

    def now_utc(self) -> datetime:
        """Return the present as an aware datetime in UTC."""
        moment = self.clock()
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)

    def seconds(self, kept: str | None) -> float:
        """Return the POSIX seconds of a kept timestamp, 0 for none."""
        return datetime.fromisoformat(kept).timestamp() if kept else 0.0

    def table(self, name: str) -> Table:
        """Return the table of a REST entity.

        Raises:
            ValueError: when there is no such entity.
        """
        if name not in self.tables:
            raise ValueError(
                f"entity {name!r}: unknown; use a REST name such as Tickets or ConfigurationItems"
            )
        return self.tables[name]

    def row(self, name: str, row_id: Any) -> Row | None:
        """Return the kept row, or None."""
        return self.tables[name].rows.get(row_id)

    def store_row(self, entity: Entity, given: dict[str, Any]) -> None:
        """Insert a row as it is, without rules or events; used by seeds and saved states.

        Raises:
            ValueError: when a key is no field of the entity or a date does not parse.
        """
        row: Row = {}
        for key, value in given.items():
            if key == "userDefinedFields":
                row[key] = udf_values(value)
                continue
            found = entity.fields.get(key.lower())
            if found is None:
                raise ValueError(f"{entity.name}: {key!r} is no field of this entity")
            is_date = value is not None and found.data_type == "datetime"
            row[found.name] = read_timestamp(value) if is_date else value
        table = self.tables[entity.name]
        row.setdefault("id", table.new_id())
        table.put(row)

    def emit(self, event: Event) -> None:
        """Tell every listener of a committed change."""
        for listener in self.listeners:
            listener(event)

    def picklist(self, entity: Entity, name: str) -> list[PicklistValue]:
        """Return the values of a picklist field; some are made from other rows."""
        source = _PICKLISTS_FROM_ROWS.get((entity.name, name))
        if source and len(self.tables[source]):
            return picklist_values(
                {
                    "value": row["id"],
                    "label": row.get("name", ""),
                    "isActive": row.get("isActive", True),
                    "isDefaultValue": row.get("isGlobalDefault", False),
                }
                for row in self.tables[source]
            )
        if entity.webhook_of and name == "fieldID":
            return picklist_values(
                (number, found.name) for number, found in webhook_fields(entity.webhook_of)
            )
        if entity.webhook_of and name == "udfFieldID":
            return picklist_values(
                (row["id"], row["name"]) for row in self.udf_definitions(ENTITIES[entity.webhook_of])
            )
        shared = _SHARED_PICKLISTS.get((entity.name, name))
        return self.picklists.get("Tickets" if shared else entity.name, {}).get(name, [])

    def udf_definitions(self, entity: Entity) -> list[Row]:
        """Return the active UDF definitions of an entity, ordered by id."""
        if not entity.udf_label:
            return []
        kinds = {
            value["value"]
            for value in self.picklists.get("UserDefinedFieldDefinitions", {}).get("udfType", [])
            if value["label"] == entity.udf_label
        }
        table = self.tables["UserDefinedFieldDefinitions"]
        return [row for row in table if row.get("udfType") in kinds and row.get("isActive", True)]

    def require_right(self, entity: Entity, operation: str) -> None:
        """Refuse when the right was taken away by a switch; operation is create, update, delete or query."""
        if f"{entity.name}:{operation}" in self.switches.denied:
            raise RefusedError(
                f"The logged in Resource does not have the adequate permissions to {operation} this "
                f"{entity.object_name}.",
                status=self.switches.denied_status,
            )


def webhook_fields(target: str) -> Iterable[tuple[int, Field]]:
    """Return (webhook field id, field) of everything a webhook on the entity may carry."""
    fields = (found for found in ENTITIES[target].fields.values() if found.name != "id")
    return enumerate(fields, start=1)


def udf_values(given: Any) -> dict[str, str]:
    """Return name -> text of a list of name and value, or of a plain dict; nulls are left out.

    Raises:
        ValueError: when the shape is neither.
    """
    if given in (None, "", {}, []):
        return {}
    if isinstance(given, dict):
        return {clean_text(str(name)): udf_text(value) for name, value in given.items() if value is not None}
    if isinstance(given, list) and all(isinstance(item, dict) for item in given):
        pairs = ({str(key).lower(): value for key, value in item.items()} for item in given)
        return {
            clean_text(str(pair.get("name"))): udf_text(pair["value"])
            for pair in pairs
            if pair.get("value") is not None
        }
    raise ValueError("userDefinedFields must be a list of objects with name and value")


def udf_text(value: Any) -> str:
    """Return a UDF value as Autotask answers it: always a text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return timestamp(value) if isinstance(value, datetime) else clean_text(str(value))
