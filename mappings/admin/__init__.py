"""Screens of this app. No network in a request, no logic: services decide."""

from mappings.admin.autotask import (
    CompanyAdmin,
    CompanyLocationAdmin,
    ContactAdmin,
    PicklistValueAdmin,
    WorkTypeAdmin,
)
from mappings.admin.datto import DeviceAdmin, SiteAdmin
from mappings.admin.mirrors import MirrorStateAdmin
from mappings.admin.sitemapping import SiteMappingAdmin

__all__ = [
    "CompanyAdmin",
    "CompanyLocationAdmin",
    "ContactAdmin",
    "DeviceAdmin",
    "MirrorStateAdmin",
    "PicklistValueAdmin",
    "SiteAdmin",
    "SiteMappingAdmin",
    "WorkTypeAdmin",
]
