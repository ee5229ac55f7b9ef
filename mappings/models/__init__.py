"""Mirrors of both vendors' master data, and the mappings between them."""

from mappings.models.autotask import Company, CompanyLocation, Contact, PicklistValue, WorkType
from mappings.models.datto import Device, Site
from mappings.models.mirrorstate import MirrorState
from mappings.models.sitemapping import SiteMapping, SiteMappingChange

__all__ = [
    "Company",
    "CompanyLocation",
    "Contact",
    "Device",
    "MirrorState",
    "PicklistValue",
    "Site",
    "SiteMapping",
    "SiteMappingChange",
    "WorkType",
]
