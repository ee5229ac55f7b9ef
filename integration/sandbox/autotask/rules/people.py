"""Resources and their roles, wherever work is given or recorded."""

from __future__ import annotations

from typing import Final

from integration.sandbox.autotask.errors import RefusedError, reference_refused
from integration.sandbox.autotask.write import Write

_API_USER: Final = 7


def check_pair(write: Write, resource_field: str, role_field: str) -> None:
    """Demand a person (no API user) and an active role that this person has.

    Raises:
        RefusedError: with the "Reference value" text for the field that is wrong.
    """
    database = write.database
    resource_id, role_id = write.value(resource_field), write.value(role_field)
    resource = database.row("Resources", resource_id) or {}
    if resource.get("licenseType") == _API_USER:
        raise reference_refused(resource_field, "Resource")
    roles = {
        row.get("roleID")
        for table in ("ResourceRoles", "ResourceServiceDeskRoles")
        for row in database.tables[table].where("resourceID", resource_id)
        if row.get("isActive", True)
    }
    if role_id not in roles and role_id != resource.get("defaultServiceDeskRoleID"):
        raise reference_refused(role_field, "Role")


def check_resource_and_role(write: Write) -> None:
    """Check a secondary resource of a ticket."""
    check_pair(write, "resourceID", "roleID")
    ticket = write.database.row("Tickets", write.value("ticketID")) or {}
    if ticket.get("assignedResourceID") == write.value("resourceID"):
        raise RefusedError("The secondary resource is already the primary resource of the ticket.")


def check_time_entry(write: Write) -> None:
    """Demand something the time was spent on, how long, and by whom in which role."""
    if not any(write.value(name) is not None for name in ("ticketID", "taskID", "internalBillingCodeID")):
        raise RefusedError("Value does not exist for the required field ticketID")
    if write.value("internalBillingCodeID") is None and write.value("roleID") is None:
        raise RefusedError("Value does not exist for the required field roleID")
    has_span = write.value("startDateTime") is not None and write.value("endDateTime") is not None
    if not has_span and (write.value("dateWorked") is None or write.value("hoursWorked") is None):
        raise RefusedError("dateWorked with hoursWorked, or startDateTime with endDateTime, is required")
    if write.value("roleID") is not None and write.changed("resourceID", "roleID"):
        check_pair(write, "resourceID", "roleID")
    if write.creating:
        write.changes["timeEntryType"] = 2 if write.value("ticketID") is not None else 10
