"""Screens of this app. No network in a request, no logic: services decide."""

from mappings.admin.autotask import (
    CompanyAdmin,
    CompanyLocationAdmin,
    ContactAdmin,
    PicklistValueAdmin,
    WorkTypeAdmin,
)
from mappings.admin.catalogue import (
    ConfigurationItemAdmin,
    ConfigurationItemCategoryAdmin,
    ConfigurationItemTypeAdmin,
    ProductAdmin,
    UdfDefinitionAdmin,
)
from mappings.admin.contractrule import ContractRuleAdmin
from mappings.admin.datto import SiteAdmin
from mappings.admin.devicepolicy import DevicePolicyAdmin
from mappings.admin.devicereview import DeviceReviewAdmin
from mappings.admin.devices import DeviceAdmin
from mappings.admin.devicetypes import DeviceTypeRuleAdmin
from mappings.admin.drift import DeviceFindingAdmin
from mappings.admin.fieldmaps import FieldMapAdmin, FieldMapLossAdmin
from mappings.admin.mirrors import MirrorStateAdmin
from mappings.admin.people import BusinessHoursAdmin, ResourceAdmin, RoleAdmin, TicketUdfAdmin
from mappings.admin.policy import MappingPolicyAdmin
from mappings.admin.reconciliation import ReconciliationAdmin
from mappings.admin.sitemapping import SiteMappingAdmin

__all__ = [
    "BusinessHoursAdmin",
    "CompanyAdmin",
    "CompanyLocationAdmin",
    "ConfigurationItemAdmin",
    "ConfigurationItemCategoryAdmin",
    "ConfigurationItemTypeAdmin",
    "ContactAdmin",
    "ContractRuleAdmin",
    "DeviceAdmin",
    "DeviceFindingAdmin",
    "DevicePolicyAdmin",
    "DeviceReviewAdmin",
    "DeviceTypeRuleAdmin",
    "FieldMapAdmin",
    "FieldMapLossAdmin",
    "MappingPolicyAdmin",
    "MirrorStateAdmin",
    "PicklistValueAdmin",
    "ProductAdmin",
    "ReconciliationAdmin",
    "ResourceAdmin",
    "RoleAdmin",
    "SiteAdmin",
    "SiteMappingAdmin",
    "TicketUdfAdmin",
    "UdfDefinitionAdmin",
    "WorkTypeAdmin",
]
