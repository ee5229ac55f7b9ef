"""A site and its organization as the facts a device plan is made from."""

from __future__ import annotations

from mappings.domain.devices.facts import SiteFacts
from mappings.models import Device, Site, SiteMapping

#: States of a site's mapping in which its devices belong to its organization.
USABLE_STATES = (SiteMapping.State.CONFIRMED, SiteMapping.State.RENAMED)


def site_facts(device: Device) -> SiteFacts:
    """Return the device's site; `site__mapping__company` and its location should be joined."""
    return facts_of_site(device.site)


def load_sites(pks: set[int]) -> dict[int, Site]:
    """Return sites with mapping, company and location by row id; one query."""
    rows = Site.objects.filter(pk__in=pks).select_related("mapping__company", "mapping__company_location")
    return {site.pk: site for site in rows}


def facts_of_site(site: Site) -> SiteFacts:
    """Return a site as facts; its mapping, company and location should be joined."""
    mapping = getattr(site, "mapping", None)
    company = mapping.company if mapping else None
    is_mapped = bool(mapping and mapping.state in USABLE_STATES and company and company.is_active)
    location = mapping.company_location if mapping and is_mapped else None
    return SiteFacts(
        site_pk=site.pk,
        name=site.name,
        is_mapped=is_mapped,
        autotask_company_id=company.autotask_company_id if company and is_mapped else None,
        company_name=company.name if company and is_mapped else "",
        autotask_location_id=location.autotask_location_id if location and location.is_active else None,
        devices_enabled=bool(mapping is None or mapping.devices_enabled),
        is_on_demand=site.is_on_demand,
    )
