"""Tickets and what hangs on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Self

from integration.vendors.autotask.wire import Wire

#: System rows whose ids are the same in every database, whatever their labels say.
STATUS_NEW: Final = 1
STATUS_COMPLETE: Final = 5
STATUS_WAITING_CUSTOMER: Final = 7


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket as Autotask holds it. All datetimes are aware UTC; picklist fields hold ids."""

    id: int
    number: str
    title: str
    description: str
    resolution: str
    external_id: str
    rmm_alert_id: str
    company_id: int | None
    company_location_id: int | None
    contact_id: int | None
    configuration_item_id: int | None
    contract_id: int | None
    contract_service_id: int | None
    contract_service_bundle_id: int | None
    billing_code_id: int | None
    assigned_resource_id: int | None
    assigned_resource_role_id: int | None
    creator_resource_id: int | None
    completed_by_resource_id: int | None
    last_activity_resource_id: int | None
    problem_ticket_id: int | None
    status: int | None
    priority: int | None
    queue_id: int | None
    issue_type: int | None
    sub_issue_type: int | None
    source: int | None
    ticket_type: int | None
    ticket_category: int | None
    service_level_agreement_id: int | None
    monitor_type_id: int | None
    monitor_id: int | None
    api_vendor_id: int | None
    estimated_hours: float | None
    created_at: datetime | None
    due_at: datetime | None
    completed_at: datetime | None
    resolved_at: datetime | None
    last_activity_at: datetime | None
    last_modified_at: datetime | None
    udfs: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """True for the system status Complete; instance-made finished statuses are the caller's mapping."""
        return self.status == STATUS_COMPLETE

    @classmethod
    def from_wire(cls, row: object) -> Self:
        """Parse a `Tickets` row.

        Raises:
            WireError: no id, or a value of the wrong type.
        """
        wire = Wire("Tickets", row)
        return cls(
            id=wire.needed_whole("id"),
            number=wire.text("ticketNumber"),
            title=wire.text("title"),
            description=wire.text("description"),
            resolution=wire.text("resolution"),
            external_id=wire.text("externalID"),
            rmm_alert_id=wire.text("rmmAlertID"),
            company_id=wire.whole("companyID"),
            company_location_id=wire.whole("companyLocationID"),
            contact_id=wire.whole("contactID"),
            configuration_item_id=wire.whole("configurationItemID"),
            contract_id=wire.whole("contractID"),
            contract_service_id=wire.whole("contractServiceID"),
            contract_service_bundle_id=wire.whole("contractServiceBundleID"),
            billing_code_id=wire.whole("billingCodeID"),
            assigned_resource_id=wire.whole("assignedResourceID"),
            assigned_resource_role_id=wire.whole("assignedResourceRoleID"),
            creator_resource_id=wire.whole("creatorResourceID"),
            completed_by_resource_id=wire.whole("completedByResourceID"),
            last_activity_resource_id=wire.whole("lastActivityResourceID"),
            problem_ticket_id=wire.whole("problemTicketId"),
            status=wire.whole("status"),
            priority=wire.whole("priority"),
            queue_id=wire.whole("queueID"),
            issue_type=wire.whole("issueType"),
            sub_issue_type=wire.whole("subIssueType"),
            source=wire.whole("source"),
            ticket_type=wire.whole("ticketType"),
            ticket_category=wire.whole("ticketCategory"),
            service_level_agreement_id=wire.whole("serviceLevelAgreementID"),
            monitor_type_id=wire.whole("monitorTypeID"),
            monitor_id=wire.whole("monitorID"),
            api_vendor_id=wire.whole("apiVendorID"),
            estimated_hours=wire.number("estimatedHours"),
            created_at=wire.at("createDate"),
            due_at=wire.at("dueDateTime"),
            completed_at=wire.at("completedDate"),
            resolved_at=wire.at("resolvedDateTime"),
            last_activity_at=wire.at("lastActivityDate"),
            last_modified_at=wire.at("lastTrackedModificationDateTime"),
            udfs=wire.udfs(),
        )


@dataclass(frozen=True, slots=True)
class TicketNote:
    """A note on a ticket."""

    id: int
    ticket_id: int
    title: str
    description: str
    note_type: int | None
    publish: int | None
    creator_resource_id: int | None
    created_by_contact_id: int | None
    created_at: datetime | None
    last_activity_at: datetime | None

    @classmethod
    def from_wire(cls, row: object) -> Self:
        """Parse a `TicketNotes` row.

        Raises:
            WireError: no id or ticket, or a value of the wrong type.
        """
        wire = Wire("TicketNotes", row)
        return cls(
            id=wire.needed_whole("id"),
            ticket_id=wire.needed_whole("ticketID"),
            title=wire.text("title"),
            description=wire.text("description"),
            note_type=wire.whole("noteType"),
            publish=wire.whole("publish"),
            creator_resource_id=wire.whole("creatorResourceID"),
            created_by_contact_id=wire.whole("createdByContactID"),
            created_at=wire.at("createDateTime"),
            last_activity_at=wire.at("lastActivityDate"),
        )


@dataclass(frozen=True, slots=True)
class TicketCategory:
    """A ticket category; `is_api_only` ones cannot be picked by people."""

    id: int
    name: str
    nickname: str
    is_active: bool
    is_api_only: bool
    is_global_default: bool

    @classmethod
    def from_wire(cls, row: object) -> Self:
        """Parse a `TicketCategories` row.

        Raises:
            WireError: no id, or a value of the wrong type.
        """
        wire = Wire("TicketCategories", row)
        return cls(
            id=wire.needed_whole("id"),
            name=wire.text("name"),
            nickname=wire.text("nickname"),
            is_active=wire.flag("isActive", default=True),
            is_api_only=wire.flag("isApiOnly"),
            is_global_default=wire.flag("isGlobalDefault"),
        )


@dataclass(frozen=True, slots=True)
class DeletedTicketLog:
    """Proof that a ticket is gone."""

    id: int
    ticket_id: int
    ticket_number: str
    ticket_title: str
    deleted_by_resource_id: int | None
    deleted_at: datetime | None

    @classmethod
    def from_wire(cls, row: object) -> Self:
        """Parse a `DeletedTicketLogs` row.

        Raises:
            WireError: no id or ticket, or a value of the wrong type.
        """
        wire = Wire("DeletedTicketLogs", row)
        return cls(
            id=wire.needed_whole("id"),
            ticket_id=wire.needed_whole("ticketID"),
            ticket_number=wire.text("ticketNumber"),
            ticket_title=wire.text("ticketTitle"),
            deleted_by_resource_id=wire.whole("deletedByResourceID"),
            deleted_at=wire.at("deletedDateTime"),
        )


@dataclass(frozen=True, slots=True)
class TimeEntry:
    """Time logged on a ticket; only what reports need."""

    id: int
    ticket_id: int | None
    resource_id: int | None
    hours_worked: float | None
    is_non_billable: bool
    summary_notes: str
    worked_on: datetime | None
    created_at: datetime | None

    @classmethod
    def from_wire(cls, row: object) -> Self:
        """Parse a `TimeEntries` row.

        Raises:
            WireError: no id, or a value of the wrong type.
        """
        wire = Wire("TimeEntries", row)
        return cls(
            id=wire.needed_whole("id"),
            ticket_id=wire.whole("ticketID"),
            resource_id=wire.whole("resourceID"),
            hours_worked=wire.number("hoursWorked"),
            is_non_billable=wire.flag("isNonBillable"),
            summary_notes=wire.text("summaryNotes"),
            worked_on=wire.at("dateWorked"),
            created_at=wire.at("createDateTime"),
        )


@dataclass(frozen=True, slots=True)
class TicketHistory:
    """One line of a ticket's history. Workflow rules appear without a resource."""

    id: int
    action: str
    detail: str
    resource_id: int | None
    at: datetime | None

    @classmethod
    def from_wire(cls, row: object) -> Self:
        """Parse a `TicketHistory` row.

        Raises:
            WireError: no id, or a value of the wrong type.
        """
        wire = Wire("TicketHistory", row)
        return cls(
            id=wire.needed_whole("id"),
            action=wire.text("action"),
            detail=wire.text("detail"),
            resource_id=wire.whole("resourceID"),
            at=wire.at("date"),
        )
