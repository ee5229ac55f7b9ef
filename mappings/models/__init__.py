"""Mirrors of both vendors' data, the mappings between them, and what waits for a person about them."""

from mappings.models.autotask import Company, CompanyLocation, Contact, PicklistValue, WorkType
from mappings.models.configurationitem import (
    ConfigurationItem,
    ConfigurationItemCategory,
    ConfigurationItemKey,
    ConfigurationItemType,
    DeviceKey,
    IdentityKind,
    Product,
    UdfAssociation,
    UdfDefinition,
)
from mappings.models.contract import CatalogueService, Contract, ContractService, ContractUnits, ServiceKind
from mappings.models.datto import DattoUdfLabel, Device, Site
from mappings.models.devicelink import AnotherMachine, DeviceAudit, DeviceLink, DevicePolicy
from mappings.models.devicereview import ContractRule, DeviceFinding, DeviceReview
from mappings.models.devicerules import DeviceTypeRule, FieldMap, FieldMapLoss, FieldMapValue
from mappings.models.mirrorstate import MirrorState
from mappings.models.people import BusinessHours, Resource, Role, TicketUdf
from mappings.models.sitemapping import MappingPolicy, SiteMapping, SiteMappingChange

__all__ = [
    "AnotherMachine",
    "BusinessHours",
    "CatalogueService",
    "Company",
    "CompanyLocation",
    "ConfigurationItem",
    "ConfigurationItemCategory",
    "ConfigurationItemKey",
    "ConfigurationItemType",
    "Contact",
    "Contract",
    "ContractRule",
    "ContractService",
    "ContractUnits",
    "DattoUdfLabel",
    "Device",
    "DeviceAudit",
    "DeviceFinding",
    "DeviceKey",
    "DeviceLink",
    "DevicePolicy",
    "DeviceReview",
    "DeviceTypeRule",
    "FieldMap",
    "FieldMapLoss",
    "FieldMapValue",
    "IdentityKind",
    "MappingPolicy",
    "MirrorState",
    "PicklistValue",
    "Product",
    "Resource",
    "Role",
    "ServiceKind",
    "Site",
    "SiteMapping",
    "SiteMappingChange",
    "TicketUdf",
    "UdfAssociation",
    "UdfDefinition",
    "WorkType",
]
