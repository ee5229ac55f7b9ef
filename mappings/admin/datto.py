"""Datto RMM's sites, to look at."""

from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString

from mappings.admin.common import display, inside_link, outside_link, show_name, show_time
from mappings.admin.organization_pages import SiteOrganization
from mappings.models import Site


@admin.register(Site)
class SiteAdmin(SiteOrganization):
    """Sites."""

    empty_text = (
        "No sites yet. They are read from Datto RMM by the sync 'Sites' once the connection is set up."
    )
    list_display = ("show_site", "organization", "device_count", "kind", "portal")
    list_filter = ("is_missing", "is_system", "is_on_demand")
    list_select_related = ("mapping__company",)
    search_fields = ("name", "=datto_site_uid")
    ordering = ("name", "datto_site_uid")
    fields = (
        "show_site",
        "organization",
        "datto_site_uid",
        "datto_site_id",
        "description",
        "device_count",
        "kind",
        "native_autotask_company_name",
        "native_autotask_company_id",
        "portal",
        "synced",
    )
    readonly_fields = fields

    @display(description="Site", ordering="name")
    def show_site(self, site: Site) -> SafeString | str:
        """Show the name, struck through when Datto RMM no longer returns it."""
        return show_name(site.name, is_active=not site.is_missing, why="No longer returned by Datto RMM")

    @display(description="Organization")
    def organization(self, site: Site) -> SafeString | str:
        """Link to the mapping."""
        mapping = getattr(site, "mapping", None)
        if mapping is None:
            return "-"
        text = f"{mapping.company or 'none'} ({mapping.get_state_display().lower()})"
        return inside_link("admin:mappings_sitemapping_change", mapping.pk, text)

    @display(description="Kind")
    def kind(self, site: Site) -> str:
        """Show what sort of site it is."""
        if site.is_system:
            return "system"
        return "on demand" if site.is_on_demand else "managed"

    @display(description="In Datto RMM")
    def portal(self, site: Site) -> SafeString | str:
        """Link to the site in Datto RMM."""
        return outside_link(site.portal_url, "Open" if site.portal_url else "-")

    @display(description="Changed here")
    def synced(self, site: Site) -> SafeString | str:
        """Show when our copy changed."""
        return show_time(site.synced_at)
