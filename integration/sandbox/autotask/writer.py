"""Create, update and delete: the same path for API calls, people and workflow rules."""

from __future__ import annotations

from typing import Any, Final

from integration.sandbox.autotask.catalogue import ENTITIES, children_of
from integration.sandbox.autotask.database import Actor, Database, Event
from integration.sandbox.autotask.errors import RefusedError
from integration.sandbox.autotask.rules import AFTER, BEFORE, BEFORE_DELETE
from integration.sandbox.autotask.schema import Entity, Nested, Row
from integration.sandbox.autotask.values import read_value
from integration.sandbox.autotask.workflow import run_workflow_rules
from integration.sandbox.autotask.write import Write, check_fields, read_body

Link = tuple[Nested, int]

_CREATED_AT: Final = ("createDate", "createDateTime", "createdTime", "attachDate")
_CREATED_BY: Final = (
    "creatorResourceID",
    "createdByResourceID",
    "creatorUserID",
    "createdByPersonID",
    "installedByID",
)
_TOUCHED_AT: Final = (
    "lastActivityDate",
    "lastModifiedDate",
    "lastModifiedTime",
    "lastModifiedDateTime",
    "lastTrackedModificationDateTime",
    "lastTrackedModifiedDateTime",
)
_TOUCHED_BY: Final = (
    "lastActivityResourceID",
    "lastActivityPersonID",
    "updateResourceID",
    "lastModifiedUserID",
)
_PERSON_TYPES: Final = {"creatorType": True, "lastActivityPersonType": False}
_DATTO_RMM_VENDOR: Final = 1
#: Changes of these alone are no change worth an event.
_STAMPS: Final = frozenset((*_TOUCHED_AT, *_TOUCHED_BY, *_PERSON_TYPES, "impersonatorUpdaterResourceID"))


def not_found(entity: Entity, row_id: Any) -> RefusedError:
    """Refuse a write to a row that is not there."""
    return RefusedError(f"No matching records found for the {entity.object_name} with id {row_id}.")


class Writer:
    """The only way rows change once the database is filled; every method takes the database's lock."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def create(self, entity: Entity, body: dict[str, Any], actor: Actor, link: Link | None = None) -> int:
        """Insert a row and return its id.

        Raises:
            RefusedError: when a rule of the entity is broken; nothing is stored then.
        """
        with self.database.lock:
            if link is not None and self.database.row(link[0].parent, link[1]) is None:
                raise not_found(ENTITIES[link[0].parent], link[1])
            write = Write(self.database, entity, actor, None)
            read_body(write, body, link, replace=False)
            return self._apply(write)

    def update(
        self,
        entity: Entity,
        body: dict[str, Any],
        actor: Actor,
        link: Link | None = None,
        *,
        replace: bool = False,
    ) -> int:
        """Change a row, whose id is in the body, and return the id; `replace` is PUT.

        Raises:
            RefusedError: when the row is absent or a rule is broken.
        """
        with self.database.lock:
            given_id = next((value for key, value in body.items() if str(key).lower() == "id"), None)
            row_id = read_value(entity.fields["id"], given_id)
            if row_id is None:
                raise RefusedError("Value does not exist for the required field id")
            old = self.database.row(entity.name, row_id)
            if old is None or (link is not None and old.get(link[0].field) != link[1]):
                raise not_found(entity, row_id)
            write = Write(self.database, entity, actor, old)
            read_body(write, body, link, replace=replace)
            sent = {str(key).lower() for key in body}
            missing = [name for name in entity.always_required if name.lower() not in sent]
            if missing:
                raise RefusedError(
                    *(f"Value does not exist for the required field {name}" for name in missing)
                )
            return self._apply(write)

    def delete(self, entity: Entity, row_id: int, actor: Actor, link: Link | None = None) -> int:
        """Remove a row and what hangs below it; return its id.

        Raises:
            RefusedError: when the row is absent or may not go.
        """
        with self.database.lock:
            old = self.database.row(entity.name, row_id)
            if old is None or (link is not None and old.get(link[0].field) != link[1]):
                raise not_found(entity, row_id)
            for rule in BEFORE_DELETE.get(entity.name, ()):
                rule(self.database, old, actor)
            self._remove(entity, row_id)
            gone = Write(self.database, entity, actor, old)
            for effect in AFTER.get(entity.name, ()):
                effect(self.database, gone, None)
            self._count(entity, "delete", row_id, actor)
            self.database.emit(Event(entity.name, "Delete", row_id, old, None, frozenset(), actor))
            return row_id

    def _remove(self, entity: Entity, row_id: int) -> None:
        for child, nested in children_of(entity.name):
            for row in self.database.tables[child.name].where(nested.field, row_id):
                self._remove(child, row["id"])
        self.database.tables[entity.name].remove(row_id)

    def _apply(self, write: Write) -> int:
        """Check, stamp, store, let rules follow, tell the listeners."""
        database, entity = write.database, write.entity
        check_fields(write)
        for rule in BEFORE.get(entity.name, ()):
            rule(write)
            if write.answer_id is not None:
                return write.answer_id
        self._stamp(write)
        table = database.tables[entity.name]
        row = write.result()
        if write.creating:
            row["id"] = table.new_id()
        table.put(row)
        self._finish(write, row["id"])
        if entity.name == "Tickets" and write.actor.kind != "rule":
            run_workflow_rules(database, row["id"], write, self.update)
        return int(row["id"])

    def _finish(self, write: Write, row_id: int) -> None:
        database, entity = write.database, write.entity
        after = database.tables[entity.name].rows[row_id]
        for effect in AFTER.get(entity.name, ()):
            effect(database, write, after)
        after = database.tables[entity.name].rows[row_id]
        before = write.old or {}
        changed = {name for name in write.changes if before.get(name) != after.get(name)} - _STAMPS
        changed |= {
            name
            for name in write.udfs
            if (before.get("userDefinedFields") or {}).get(name) != write.udfs[name]
        }
        action = "Create" if write.creating else "Update"
        self._count(entity, action.lower(), row_id, write.actor)
        if not changed:
            self._count(entity, "unchanged", row_id, write.actor)
        database.emit(Event(entity.name, action, row_id, write.old, after, frozenset(changed), write.actor))

    def _count(self, entity: Entity, verb: str, row_id: int, actor: Actor) -> None:
        if actor.kind == "api":
            self.database.writes[entity.name, verb, row_id] += 1

    def _stamp(self, write: Write) -> None:
        now, actor, fields = write.database.now(), write.actor, write.entity.fields
        stamps: Row = {}
        if write.creating:
            stamps |= dict.fromkeys(_CREATED_AT, now) | dict.fromkeys(_CREATED_BY, actor.resource_id)
            stamps["impersonatorCreatorResourceID"] = actor.impersonator_id
            stamps["apiVendorID"] = _DATTO_RMM_VENDOR if actor.owns_vendor_fields else None
            if "attachedbyresourceid" in fields and write.value("attachedByContactID") is None:
                write.default("attachedByResourceID", actor.resource_id)
            found = fields.get("isactive")
            if found is not None and found.data_type == "boolean":
                write.default("isActive", value=True)
        else:
            stamps["impersonatorUpdaterResourceID"] = actor.impersonator_id
        stamps |= dict.fromkeys(_TOUCHED_AT, now) | dict.fromkeys(_TOUCHED_BY, actor.resource_id)
        stamps |= {name: 1 for name, at_create in _PERSON_TYPES.items() if write.creating or not at_create}
        for name, value in stamps.items():
            found = fields.get(name.lower())
            if found is not None and found.read_only and value is not None:
                write.changes[name] = value
