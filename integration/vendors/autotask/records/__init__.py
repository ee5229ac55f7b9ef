"""Autotask's rows as frozen dataclasses: snake_case, aware UTC datetimes, ids as integers, picklists as ids."""

from __future__ import annotations

from integration.vendors.autotask.records.catalogue import Product, Service, ServiceBundle
from integration.vendors.autotask.records.companies import Company, CompanyLocation, Contact
from integration.vendors.autotask.records.configuration_item_details import (
    BillingProductAssociation,
    ConfigurationItemAttachment,
    ConfigurationItemNote,
)
from integration.vendors.autotask.records.configuration_items import (
    ConfigurationItem,
    ConfigurationItemCategory,
    ConfigurationItemType,
)
from integration.vendors.autotask.records.contracts import (
    BillingCode,
    Contract,
    ContractService,
    ContractServiceBundle,
    ContractServiceBundleUnit,
    ContractServiceUnit,
)
from integration.vendors.autotask.records.hours import BusinessLocation, Holiday
from integration.vendors.autotask.records.metadata import (
    EntityInformation,
    FieldInfo,
    PicklistValue,
    Threshold,
    Version,
)
from integration.vendors.autotask.records.resources import (
    Resource,
    ResourceRole,
    ResourceServiceDeskRole,
    Role,
)
from integration.vendors.autotask.records.tickets import (
    DeletedTicketLog,
    Ticket,
    TicketCategory,
    TicketHistory,
    TicketNote,
    TimeEntry,
)
from integration.vendors.autotask.records.udfs import CategoryUdfAssociation, UdfDefinition, UdfListItem
from integration.vendors.autotask.records.webhooks import TicketWebhook, TicketWebhookField

__all__ = [
    "BillingCode",
    "BillingProductAssociation",
    "BusinessLocation",
    "CategoryUdfAssociation",
    "Company",
    "CompanyLocation",
    "ConfigurationItem",
    "ConfigurationItemAttachment",
    "ConfigurationItemCategory",
    "ConfigurationItemNote",
    "ConfigurationItemType",
    "Contact",
    "Contract",
    "ContractService",
    "ContractServiceBundle",
    "ContractServiceBundleUnit",
    "ContractServiceUnit",
    "DeletedTicketLog",
    "EntityInformation",
    "FieldInfo",
    "Holiday",
    "PicklistValue",
    "Product",
    "Resource",
    "ResourceRole",
    "ResourceServiceDeskRole",
    "Role",
    "Service",
    "ServiceBundle",
    "Threshold",
    "Ticket",
    "TicketCategory",
    "TicketHistory",
    "TicketNote",
    "TicketWebhook",
    "TicketWebhookField",
    "TimeEntry",
    "UdfDefinition",
    "UdfListItem",
    "Version",
]
