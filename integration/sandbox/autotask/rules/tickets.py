"""What the service desk demands of tickets and notes."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from integration.sandbox.autotask.catalogue import ENTITIES
from integration.sandbox.autotask.database import Database
from integration.sandbox.autotask.errors import RefusedError, reference_refused
from integration.sandbox.autotask.rules.people import check_pair
from integration.sandbox.autotask.schema import Row
from integration.sandbox.autotask.values import timestamp
from integration.sandbox.autotask.write import Write, is_active

COMPLETE: Final = 5
_NEW: Final = 1
_INCIDENT: Final = 2
_STANDARD_CATEGORY: Final = 3
_GENERAL_WORK_TYPE: Final = 1
_MAX_ADDITIONAL_ITEMS: Final = 100
_DUE_AFTER: Final = timedelta(days=1)
#: Field of TicketCategoryFieldDefaults -> ticket field it fills.
_CATEGORY_DEFAULTS: Final = {
    "description": "description",
    "estimatedHours": "estimatedHours",
    "issueTypeID": "issueType",
    "subIssueTypeID": "subIssueType",
    "purchaseOrderNumber": "purchaseOrderNumber",
    "queueID": "queueID",
    "resolution": "resolution",
    "serviceLevelAgreementID": "serviceLevelAgreementID",
    "sourceID": "source",
    "ticketTypeID": "ticketType",
    "workTypeID": "billingCodeID",
}


def answer_duplicate(write: Write) -> None:
    """Apply the duplicate-ticket setting to a create whose externalID the company has already."""
    external_id, handling = write.value("externalID"), write.database.switches.duplicate_tickets
    if not write.creating or not external_id or handling == "create":
        return
    for row in write.database.tables["Tickets"].where("externalID", external_id):
        if row.get("companyID") == write.value("companyID"):
            if handling == "existing":
                write.answer_id = row["id"]
                return
            raise RefusedError(
                f"A ticket with externalID {external_id} already exists: {row['ticketNumber']}."
            )


def fill_defaults(write: Write) -> None:
    """Fill what a create leaves out: category, the category's defaults, due date, default contract."""
    if not write.creating:
        return
    database = write.database
    categories = database.tables["TicketCategories"]
    usual = next((row["id"] for row in categories if row.get("isGlobalDefault")), _STANDARD_CATEGORY)
    write.default("ticketCategory", usual)
    defaults = database.tables["TicketCategoryFieldDefaults"].where(
        "ticketCategoryID", write.value("ticketCategory")
    )
    for row in defaults:
        for source, target in _CATEGORY_DEFAULTS.items():
            # A sub-issue default belongs to the default issue, not to one the caller chose.
            if target == "subIssueType" and write.value("issueType") != row.get("issueTypeID"):
                continue
            write.default(target, row.get(source))
    write.default("ticketType", 1)
    write.default("dueDateTime", timestamp(database.now_utc() + _DUE_AFTER))
    if write.value("contractID") is None:
        contracts = database.tables["Contracts"].where("companyID", write.value("companyID"))
        usable = (row["id"] for row in contracts if row.get("isDefaultContract") and is_active(row))
        write.default("contractID", next(usable, None))


def check_assignment(write: Write) -> None:
    """Demand resource and role together, a role the resource has, and never an API user."""
    sent = [name for name in ("assignedResourceID", "assignedResourceRoleID") if name in write.changes]
    resource_id, role_id = write.value("assignedResourceID"), write.value("assignedResourceRoleID")
    if not write.changed("assignedResourceID", "assignedResourceRoleID"):
        return
    if len(sent) == 1 or (resource_id is None) != (role_id is None):
        raise RefusedError("assignedResourceID and assignedResourceRoleID must be set together.")
    if resource_id is not None:
        check_pair(write, "assignedResourceID", "assignedResourceRoleID")


def check_billing(write: Write) -> None:
    """Demand a work type, not just any billing code."""
    if write.changed("billingCodeID") and write.value("billingCodeID") is not None:
        code = write.database.row("BillingCodes", write.value("billingCodeID")) or {}
        if code.get("useType") != _GENERAL_WORK_TYPE:
            raise reference_refused("billingCodeID", ENTITIES["BillingCodes"].object_name)


def check_category(write: Write) -> None:
    """Demand the fields the ticket's category or type makes required."""
    switches = write.database.switches
    required = list(switches.required_by_category.get(str(write.value("ticketCategory")), []))
    if switches.incident_requires_queue and write.value("ticketType") == _INCIDENT:
        required.append("queueID")
    watched = [
        name for name in required if write.creating or write.changed(name, "ticketCategory", "ticketType")
    ]
    missing = [name for name in dict.fromkeys(watched) if write.value(name) in (None, "")]
    if missing:
        raise RefusedError(*(f"{name} is required" for name in missing))


def follow_status(write: Write) -> None:
    """Keep completedDate and its kin in step with status 5."""
    if not write.changed("status"):
        return
    now = write.database.now()
    if write.value("status") == COMPLETE:
        category = write.value("ticketCategory")
        if category in write.database.switches.resolution_required_by_category and not write.value(
            "resolution"
        ):
            raise RefusedError("resolution is required")
        write.changes |= {
            "completedDate": now,
            "completedByResourceID": write.actor.resource_id,
            "resolvedDateTime": now,
        }
        write.default("firstResponseDateTime", now)
        return
    if write.old is not None and write.old.get("status") == COMPLETE:
        write.changes |= {"completedDate": None, "completedByResourceID": None, "resolvedDateTime": None}
    if write.value("status") != _NEW:
        write.default("firstResponseDateTime", now)


def give_number(write: Write) -> None:
    """Number a new ticket `TYYYYMMDD.NNNN`, counting from 1 every day."""
    if not write.creating:
        return
    database = write.database
    day = database.now_utc().strftime("%Y%m%d")
    number = database.ticket_numbers.get(day, 0) + 1
    tickets = database.tables["Tickets"]
    while tickets.matching("ticketNumber", f"T{day}.{number:04d}"):
        number += 1
    database.ticket_numbers = {day: number}
    write.changes["ticketNumber"] = f"T{day}.{number:04d}"


def check_note_contact(write: Write) -> None:
    """Demand a contact of the ticket's company, and a customer-visible note, when a contact is the author."""
    contact_id = write.value("createdByContactID")
    if contact_id is None or not write.changed("createdByContactID"):
        return
    ticket = write.database.row("Tickets", write.value("ticketID")) or {}
    contact = write.database.row("Contacts", contact_id) or {}
    if contact.get("companyID") != ticket.get("companyID"):
        raise reference_refused("createdByContactID", "Contact")
    if write.value("publish") != 1:
        raise RefusedError("publish must be All Autotask Users when createdByContactID is set.")


def check_additional_item(write: Write) -> None:
    """Allow at most 100 further devices, each once and of the ticket's company."""
    ticket = write.database.row("Tickets", write.value("ticketID")) or {}
    item_id = write.value("configurationItemID")
    item = write.database.row("ConfigurationItems", item_id) or {}
    if item.get("companyID") != ticket.get("companyID"):
        raise reference_refused("configurationItemID", "InstalledProduct")
    have = write.database.tables["TicketAdditionalConfigurationItems"].where("ticketID", ticket.get("id"))
    if item_id in {row.get("configurationItemID") for row in have} | {ticket.get("configurationItemID")}:
        raise RefusedError("The configuration item is already associated with the ticket.")
    if len(have) >= _MAX_ADDITIONAL_ITEMS:
        raise RefusedError(
            f"A ticket can have at most {_MAX_ADDITIONAL_ITEMS} additional configuration items."
        )


def check_additional_contact(write: Write) -> None:
    """Demand a contact of the ticket's company."""
    ticket = write.database.row("Tickets", write.value("ticketID")) or {}
    contact = write.database.row("Contacts", write.value("contactID")) or {}
    if contact.get("companyID") != ticket.get("companyID"):
        raise reference_refused("contactID", "Contact")


def touch_ticket(database: Database, write: Write, after: Row | None) -> None:
    """Note activity on the ticket a note or time entry belongs to."""
    ticket = database.row("Tickets", (after or write.old or {}).get("ticketID"))
    if ticket is not None:
        touched = {"lastActivityDate": database.now(), "lastActivityResourceID": write.actor.resource_id}
        database.tables["Tickets"].put({**ticket, **touched})


def record_history(database: Database, write: Write, after: Row | None) -> None:
    """Write what changed into TicketHistory."""
    if after is None:
        return
    before = write.old or {}
    changed = [
        name for name in write.changes if before.get(name) != after.get(name) and not name.startswith("last")
    ]
    if write.creating:
        detail = f"Ticket {after['ticketNumber']} created"
    elif changed:
        detail = "; ".join(f"{name}: {before.get(name)} -> {after.get(name)}" for name in changed)[:8000]
    else:
        return
    table = database.tables["TicketHistory"]
    table.put(
        {
            "id": table.new_id(),
            "ticketID": after["id"],
            "action": "Created" if write.creating else "Edited",
            "date": database.now(),
            "detail": detail,
            "resourceID": write.actor.resource_id,
        }
    )
