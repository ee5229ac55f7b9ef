"""A person at work in Autotask's own screens: same checks, same webhooks and callouts as any other change."""

from __future__ import annotations

from typing import Any, Final

from integration.sandbox.autotask.catalogue import ENTITIES, nested_at
from integration.sandbox.autotask.database import Actor, Database, Event
from integration.sandbox.autotask.errors import RefusedError
from integration.sandbox.autotask.schema import Row
from integration.sandbox.autotask.writer import Link, Writer, not_found

_COMPLETE: Final = 5
_IN_PROGRESS: Final = 8
_TASK_NOTES: Final = 3
_MERGED_NOTE: Final = 94
_ABSORBED_NOTE: Final = 95
_EVERYBODY: Final = 1
_INTERNAL: Final = 2


class Person:
    """Acts as one resource. Every method raises RefusedError when Autotask's screens would refuse."""

    def __init__(self, database: Database, writer: Writer, resource_id: int) -> None:
        self._database = database
        self._writer = writer
        self._actor = Actor(resource_id, kind="person")

    def create(self, entity: str, fields: dict[str, Any]) -> int:
        """Create a row of any entity and return its id; a child names its parent in its own field."""
        described = ENTITIES[entity]
        return self._writer.create(described, fields, self._actor, self._link(entity, fields))

    def update(self, entity: str, row_id: int, fields: dict[str, Any]) -> int:
        """Change fields of a row and return its id."""
        described = ENTITIES[entity]
        row = self._database.row(entity, row_id) or {}
        kept = {name: row.get(name) for name in described.always_required}
        return self._writer.update(described, {**kept, **fields, "id": row_id}, self._actor)

    def delete(self, entity: str, row_id: int) -> int:
        """Delete a row of an entity whose rows may be deleted."""
        if not ENTITIES[entity].may("D"):
            raise RefusedError(f"{entity} cannot be deleted.")
        return self._writer.delete(ENTITIES[entity], row_id, self._actor)

    def complete_ticket(self, ticket_id: int, resolution: str = "") -> int:
        """Set status 5 (Complete), with a resolution when one is given."""
        extra = {"resolution": resolution} if resolution else {}
        return self.update("Tickets", ticket_id, {"status": _COMPLETE, **extra})

    def reopen(self, ticket_id: int) -> int:
        """Set status 8 (In Progress)."""
        return self.update("Tickets", ticket_id, {"status": _IN_PROGRESS})

    def assign(self, ticket_id: int, resource_id: int, role_id: int) -> int:
        """Make a resource in one of its roles responsible."""
        return self.update(
            "Tickets", ticket_id, {"assignedResourceID": resource_id, "assignedResourceRoleID": role_id}
        )

    def add_note(
        self,
        ticket_id: int,
        text: str,
        *,
        title: str = "Note",
        note_type: int = _TASK_NOTES,
        internal: bool = False,
    ) -> int:
        """Write a note on a ticket and return its id."""
        publish = _INTERNAL if internal else _EVERYBODY
        note = {
            "description": text,
            "title": title,
            "noteType": note_type,
            "publish": publish,
            "ticketID": ticket_id,
        }
        return self.create("TicketNotes", note)

    def add_time_entry(
        self, ticket_id: int, hours: float, summary: str = "", *, role_id: int | None = None
    ) -> int:
        """Record time of this person on a ticket; without a role the person's first one is taken."""
        if role_id is None:
            roles = self._database.tables["ResourceRoles"].where("resourceID", self._actor.resource_id)
            role_id = next((row["roleID"] for row in roles if row.get("isActive", True)), None)
        entry = {
            "ticketID": ticket_id,
            "resourceID": self._actor.resource_id,
            "roleID": role_id,
            "dateWorked": self._database.now(),
            "hoursWorked": hours,
            "summaryNotes": summary,
        }
        return self.create("TimeEntries", entry)

    def delete_ticket(self, ticket_id: int) -> int:
        """Delete a ticket, which only the screens can; DeletedTicketLogs keeps a line."""
        with self._database.lock:
            ticket = self._ticket(ticket_id)
            log = self._database.tables["DeletedTicketLogs"]
            log.put(
                {
                    "id": log.new_id(),
                    "ticketID": ticket_id,
                    "ticketNumber": ticket.get("ticketNumber"),
                    "ticketTitle": ticket.get("title"),
                    "deletedByResourceID": self._actor.resource_id,
                    "deletedDateTime": self._database.now(),
                }
            )
            return self._writer.delete(ENTITIES["Tickets"], ticket_id, self._actor)

    def merge(self, source_id: int, into_id: int) -> int:
        """Merge a ticket into another one: notes on both, the source is completed. Returns the id that stays."""
        with self._database.lock:
            source, target = self._ticket(source_id), self._ticket(into_id)
            if source_id == into_id or source.get("companyID") != target.get("companyID"):
                raise RefusedError("Only two different tickets of one company can be merged.")
            moved = f"Merged into {target['ticketNumber']}: {target['title']}"
            self.add_note(source_id, moved, title="Merged", note_type=_MERGED_NOTE)
            absorbed = (
                f"Absorbed {source['ticketNumber']}: {source['title']}\n\n{source.get('description', '')}"
            )
            self.add_note(into_id, absorbed, title="Absorbed", note_type=_ABSORBED_NOTE)
            if source.get("status") != _COMPLETE:
                self.complete_ticket(source_id, moved)
            return into_id

    def touch(self, ticket_id: int) -> None:
        """Save a ticket without changing anything, as people do; callouts fire, webhooks do not."""
        with self._database.lock:
            ticket = self._ticket(ticket_id)
            self._database.emit(
                Event("Tickets", "Update", ticket_id, ticket, ticket, frozenset(), self._actor)
            )

    def _ticket(self, ticket_id: int) -> Row:
        ticket = self._database.row("Tickets", ticket_id)
        if ticket is None:
            raise not_found(ENTITIES["Tickets"], ticket_id)
        return ticket

    def _link(self, entity: str, fields: dict[str, Any]) -> Link | None:
        for nested in ENTITIES[entity].nested:
            found = nested_at(nested.path, nested.child_path)
            if found is not None and fields.get(nested.field) is not None:
                return nested, int(fields[nested.field])
        return None
