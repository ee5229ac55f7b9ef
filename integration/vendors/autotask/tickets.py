"""Tickets and their notes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final

from integration.vendors.autotask import limits
from integration.vendors.autotask.checks import check_lengths
from integration.vendors.autotask.entities import EntityError
from integration.vendors.autotask.query import QueryError, all_of, where
from integration.vendors.autotask.records import (
    DeletedTicketLog,
    Ticket,
    TicketHistory,
    TicketNote,
    TimeEntry,
)
from integration.vendors.autotask.rest import OnPage, RestClient
from integration.vendors.autotask.wire import Wire

#: The system status Complete.
_STATUS_COMPLETE: Final = 5
#: Who sees a note.
PUBLISH_ALL: Final = 1
PUBLISH_INTERNAL: Final = 2
PUBLISH_INTERNAL_AND_COMANAGED: Final = 4


class TicketCalls(RestClient):
    """Typed calls for tickets. Reads raise what `RestClient.iter_query` and `find` raise, writes what `create` raises."""

    def find_ticket(self, ticket_id: int) -> Ticket | None:
        """Return one ticket, None when there is no such id."""
        row = self.find("Tickets", ticket_id)
        return None if row is None else self._parse("Tickets", Ticket.from_wire, row)

    def find_tickets_by_external_id(self, external_id: str) -> list[Ticket]:
        """Return every ticket with this external id, oldest first. More than one is possible: nothing is unique there.

        Raises:
            QueryError: the external id is empty or longer than a ticket can hold.
            VendorError: as `iter_query`.
        """
        if not external_id or limits.length_of(external_id) > limits.TICKET_EXTERNAL_ID:
            raise QueryError(
                f"externalID: {limits.length_of(external_id)} characters; give 1 to {limits.TICKET_EXTERNAL_ID}"
            )
        return list(self._records("Tickets", Ticket.from_wire, where("externalID", "eq", external_id)))

    def find_ticket_by_number(self, ticket_number: str) -> Ticket | None:
        """Return the ticket with this number, None when there is none."""
        found = self._records("Tickets", Ticket.from_wire, where("ticketNumber", "eq", ticket_number))
        return next(found, None)

    def create_ticket(self, fields: Mapping[str, object]) -> int:
        """Create a ticket and return its id. Sent once.

        Args:
            fields: Autotask's names. assignedResourceID and assignedResourceRoleID go together, and a
                subIssueType needs its issueType.

        Raises:
            EntityError: fields that Autotask is known to refuse; nothing was sent.
            VendorError: as `create`.
        """
        check_ticket_fields(fields)
        return self.create("Tickets", fields)

    def update_ticket(self, ticket_id: int, fields: Mapping[str, object]) -> None:
        """Change fields of a ticket. Workflow rules may revert them: read again when it matters.

        Raises:
            EntityError: fields that Autotask is known to refuse; nothing was sent.
            VendorError: as `update`.
        """
        check_ticket_fields(fields)
        self.update("Tickets", ticket_id, fields)

    def iter_tickets_by_ids(self, ids: Iterable[int]) -> Iterator[Ticket]:
        """Yield the tickets with these ids; deleted ones are just missing."""
        for row in self.iter_by_ids("Tickets", ids):
            yield self._parse("Tickets", Ticket.from_wire, row)

    def iter_tickets_active_since(self, at: datetime, *, on_page: OnPage | None = None) -> Iterator[Ticket]:
        """Yield the tickets with any activity at or after an aware time, by id."""
        return self._records("Tickets", Ticket.from_wire, where("lastActivityDate", "gte", at), on_page)

    def iter_undone_tickets_since(self, prefix: str, at: datetime) -> Iterator[Ticket]:
        """Yield tickets that are not Complete, with any activity at or after an aware time.

        Args:
            prefix: of their external ids.
            at: aware.
        """
        wanted = all_of(
            where("externalID", "beginsWith", prefix),
            where("lastActivityDate", "gte", at),
            where("status", "noteq", _STATUS_COMPLETE),
        )
        return self._records("Tickets", Ticket.from_wire, wanted, None)

    def iter_deleted_tickets_since(self, at: datetime) -> Iterator[DeletedTicketLog]:
        """Yield the tickets deleted at or after an aware time."""
        return self._records(
            "DeletedTicketLogs", DeletedTicketLog.from_wire, where("deletedDateTime", "gte", at)
        )

    def iter_ticket_notes(self, ticket_id: int) -> Iterator[TicketNote]:
        """Yield the notes of a ticket, oldest first."""
        return self._records("TicketNotes", TicketNote.from_wire, where("ticketID", "eq", ticket_id))

    def create_ticket_note(
        self, ticket_id: int, *, title: str, description: str, note_type: int, publish: int
    ) -> int:
        """Add a note to a ticket and return its id. Sent once.

        Args:
            ticket_id: the ticket.
            title: at most 250 characters.
            description: at most 32000 characters, not empty.
            note_type: picklist id; 1 to 3 are safe for third parties.
            publish: one of the `PUBLISH_` values.

        Raises:
            EntityError: a text that is empty or too long; nothing was sent.
            VendorError: as `create`.
        """
        fields = {"title": title, "description": description, "noteType": note_type, "publish": publish}
        check_lengths("TicketNotes", fields)
        if not description.strip():
            raise EntityError("TicketNotes.description: it is empty; Autotask needs a text")
        return self.create("TicketNotes", fields, parent=ticket_id)

    def iter_time_entries(self, ticket_id: int) -> Iterator[TimeEntry]:
        """Yield the time logged on a ticket."""
        return self._records("TimeEntries", TimeEntry.from_wire, where("ticketID", "eq", ticket_id))

    def iter_ticket_history(self, ticket_id: int) -> Iterator[TicketHistory]:
        """Yield who changed a ticket, and what. The entity takes no other filter than one ticket's id."""
        return self._records("TicketHistory", TicketHistory.from_wire, where("ticketID", "eq", ticket_id))

    def iter_additional_item_ids(self, ticket_id: int) -> Iterator[int]:
        """Yield the ids of a ticket's additional configuration items."""
        entity = "TicketAdditionalConfigurationItems"
        for row in self.iter_query(entity, where("ticketID", "eq", ticket_id)):
            yield Wire(entity, row).needed_whole("configurationItemID")

    def add_additional_item(self, ticket_id: int, configuration_item_id: int) -> int:
        """Add a configuration item to a ticket, at most 100 to one. Sent once.

        Raises:
            VendorError: as `create`; refused when the item is of another company, inactive, or there already.
        """
        return self.create(
            "TicketAdditionalConfigurationItems",
            {"configurationItemID": configuration_item_id},
            parent=ticket_id,
        )


def check_ticket_fields(fields: Mapping[str, object]) -> None:
    """Check what Autotask is known to refuse, before a call is spent.

    Raises:
        EntityError: naming the field and the cure.
    """
    given = {name.lower(): value for name, value in fields.items()}
    resource, role = given.get("assignedresourceid"), given.get("assignedresourceroleid")
    if ("assignedresourceid" in given) != ("assignedresourceroleid" in given) or (resource is None) != (
        role is None
    ):
        raise EntityError(
            "Tickets.assignedResourceID: set it together with assignedResourceRoleID, or neither"
        )
    if given.get("subissuetype") is not None and given.get("issuetype") is None:
        raise EntityError("Tickets.subIssueType: set it together with the issueType it belongs to")
    check_lengths("Tickets", fields)
