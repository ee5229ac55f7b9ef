"""Autotask's rows as frozen dataclasses: snake_case, aware UTC datetimes, ids as integers, picklists as ids."""

from __future__ import annotations

from integration.vendors.autotask.records.companies import Company, CompanyLocation, Contact
from integration.vendors.autotask.records.configuration_items import (
    ConfigurationItem,
    ConfigurationItemCategory,
    ConfigurationItemType,
    Product,
)
from integration.vendors.autotask.records.contracts import (
    BillingCode,
    Contract,
    ContractService,
    ContractServiceBundle,
)
from integration.vendors.autotask.records.metadata import (
    EntityInformation,
    FieldInfo,
    PicklistValue,
    Threshold,
    Version,
)
from integration.vendors.autotask.records.resources import Resource, ResourceRole, Role
from integration.vendors.autotask.records.tickets import (
    DeletedTicketLog,
    Ticket,
    TicketCategory,
    TicketNote,
    TimeEntry,
)
from integration.vendors.autotask.records.webhooks import TicketWebhook, TicketWebhookField

__all__ = [
    "BillingCode",
    "Company",
    "CompanyLocation",
    "ConfigurationItem",
    "ConfigurationItemCategory",
    "ConfigurationItemType",
    "Contact",
    "Contract",
    "ContractService",
    "ContractServiceBundle",
    "DeletedTicketLog",
    "EntityInformation",
    "FieldInfo",
    "PicklistValue",
    "Product",
    "Resource",
    "ResourceRole",
    "Role",
    "Threshold",
    "Ticket",
    "TicketCategory",
    "TicketNote",
    "TicketWebhook",
    "TicketWebhookField",
    "TimeEntry",
    "Version",
]
