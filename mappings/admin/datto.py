"""Datto RMM's sites and devices, to look at."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from mappings.admin.common import MirrorAdmin, display, inside_link, outside_link, show_name, show_time
from mappings.models import Device, Site


@admin.register(Site)
class SiteAdmin(MirrorAdmin):
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


@admin.register(Device)
class DeviceAdmin(MirrorAdmin):
    """Devices."""

    empty_text = (
        "No devices yet. They are read from Datto RMM by the sync 'Sites' once the connection is set up."
    )
    list_display = (
        "show_device",
        "site_name",
        "device_class",
        "category",
        "online",
        "last_user",
        "seen",
        "links",
    )
    list_filter: ClassVar[list[Any]] = [
        "is_deleted",
        "is_online",
        "device_class",
        "is_suspended",
        "reboot_required",
    ]
    list_select_related = ("site",)
    search_fields = ("hostname", "description", "=datto_device_uid", "internal_ip", "last_user", "site__name")
    search_help_text = "Host name, description, address, last user or site"
    ordering = ("hostname", "datto_device_uid")
    fields = (
        "show_device",
        "description",
        "site_name",
        "links",
        "device_class",
        "category",
        "device_type",
        "operating_system",
        "domain",
        "internal_ip",
        "external_ip",
        "last_user",
        "online",
        "is_suspended",
        "is_deleted",
        "reboot_required",
        "antivirus_product",
        "antivirus_status",
        "patch_status",
        "warranty_date",
        "seen",
        "rebooted",
        "audited",
        "created",
        "datto_device_uid",
    )
    readonly_fields = fields

    @display(description="Device", ordering="hostname")
    def show_device(self, device: Device) -> SafeString | str:
        """Show the name, struck through when it is deleted."""
        return show_name(str(device), is_active=not device.is_deleted, why="Deleted in Datto RMM")

    @display(description="Site", ordering="site__name")
    def site_name(self, device: Device) -> SafeString:
        """Link to the site."""
        return inside_link("admin:mappings_site_change", device.site_id, device.site.name)

    @display(description="Online", boolean=True, ordering="is_online")
    def online(self, device: Device) -> bool | None:
        """Show whether the agent answers."""
        return device.is_online

    @display(description="Last seen", ordering="last_seen_at")
    def seen(self, device: Device) -> SafeString | str:
        """Show when the agent was last seen."""
        return show_time(device.last_seen_at)

    @display(description="Last reboot")
    def rebooted(self, device: Device) -> SafeString | str:
        """Show when it was last started."""
        return show_time(device.last_reboot_at)

    @display(description="Last audit")
    def audited(self, device: Device) -> SafeString | str:
        """Show when Datto RMM last audited it."""
        return show_time(device.last_audit_at)

    @display(description="First seen")
    def created(self, device: Device) -> SafeString | str:
        """Show when it came to Datto RMM."""
        return show_time(device.created_in_datto_at)

    @display(description="In Datto RMM")
    def links(self, device: Device) -> SafeString | str:
        """Link to the device and to its web remote."""
        both = [
            outside_link(url, text)
            for url, text in ((device.portal_url, "Device"), (device.web_remote_url, "Web Remote"))
            if url
        ]
        return format_html_join(" ", "{}", ((one,) for one in both)) if both else "-"

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Search as Django does; no join multiplies rows here."""
        found, _ = super().get_search_results(request, queryset, search_term)
        return found, False
