"""Devices > Devices: the list. Its pages around it are in `devicepages`."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from integration.vendors.autotask.links import configuration_item_link
from mappings.admin.common import display, inside_link, outside_link, show_name, show_time
from mappings.admin.devicefilters import PresenceFilter, RuleFilter, facet_filter, search_devices
from mappings.admin.devicepages import DevicePages
from mappings.models import Device, DeviceLink, DeviceReview
from mappings.services.devices.dashboard import tone_of, words_of
from mappings.services.devices.segments import FACETS

LINK_LABELS = {
    DeviceLink.State.LINKED.label: "success",
    DeviceLink.State.PENDING.label: "info",
    DeviceLink.State.AMBIGUOUS.label: "danger",
    DeviceLink.State.MOVED.label: "danger",
    DeviceLink.State.FAILED.label: "danger",
    DeviceLink.State.UNMAPPED.label: "warning",
}
REVIEW_LABELS = {
    DeviceReview.State.OPEN.label: "warning",
    DeviceReview.State.SNOOZED.label: "info",
    DeviceReview.State.MAPPED.label: "success",
    DeviceReview.State.NO_CONTRACT.label: "success",
}
_TONES = {"good": "rb-good", "warn": "rb-warn", "bad": "rb-bad"}


def two_lines(top: SafeString | str, below: str) -> SafeString:
    """Return a cell with a quiet second line; one element, so that a phone's layout keeps it together."""
    return format_html(
        '<span class="device-two">{}<br><span class="text-xs device-below">{}</span></span>', top, below
    )


@admin.register(Device)
class DeviceAdmin(DevicePages):
    """Devices."""

    empty_text = (
        "No devices yet. They are read from Datto RMM by the sync 'Devices' once the connection is set up; each one "
        "appears here with the configuration item it stands for."
    )
    list_display = (
        "show_device",
        "place",
        "kind",
        "system",
        "seen",
        "link_state",
        "item",
        "review_state",
        "protection",
    )
    list_filter: ClassVar[list[Any]] = [
        PresenceFilter,
        RuleFilter,
        *(facet_filter(facet) for facet in FACETS),
        ("site", AutocompleteSelectFilter),
        ("site__mapping__company", AutocompleteSelectFilter),
    ]
    list_select_related = ("site__mapping__company", "link__configuration_item", "review")
    links_to_autotask = True
    search_fields = ("hostname",)
    search_help_text = "Host name, uid, serial number, MAC or IP address, user"
    ordering = ("hostname", "datto_device_uid")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Device], search_term: str
    ) -> tuple[QuerySet[Device], bool]:
        """Search what tells a machine; no join multiplies rows here."""
        return search_devices(queryset, search_term), False

    @display(description="Device", ordering="hostname")
    def show_device(self, device: Device) -> SafeString | str:
        """Show the name, struck through when it is deleted."""
        name = show_name(str(device), is_active=not device.is_deleted, why="Deleted in Datto RMM")
        below = device.description if device.hostname else ""
        if not below:
            return name
        return two_lines(name, below[:60])

    @display(description="Site", ordering="site__name")
    def place(self, device: Device) -> SafeString:
        """Link to the site; below it the organization."""
        site = inside_link("admin:mappings_site_change", device.site_id, device.site.name)
        mapping = getattr(device.site, "mapping", None)
        company = mapping.company if mapping is not None else None
        below = company.name if company is not None else "no organization"
        if company is not None and company.name == device.site.name:
            return site
        return two_lines(site, below)

    @display(description="Type", ordering="category")
    def kind(self, device: Device) -> SafeString | str:
        """Show category and type."""
        top = device.category or device.device_class or "-"
        if not device.device_type or device.device_type == top:
            return top
        return two_lines(top, device.device_type)

    @display(description="Operating system", ordering="operating_system")
    def system(self, device: Device) -> str:
        """Show the operating system."""
        return device.operating_system or "-"

    @display(description="Last seen", ordering="last_seen_at")
    def seen(self, device: Device) -> SafeString | str:
        """Show whether the agent answers, else when it last did."""
        if device.is_online:
            return format_html('<span class="{}">online</span>', "rb-good")
        return show_time(device.last_seen_at)

    @display(description="Link", label=LINK_LABELS)
    def link_state(self, device: Device) -> str:
        """Show how it stands with its configuration item."""
        link: DeviceLink | None = getattr(device, "link", None)
        return str(link.get_state_display() if link is not None else DeviceLink.State.NEW.label)

    @display(description="Configuration item")
    def item(self, device: Any) -> SafeString | str:
        """Link to the configuration item in Autotask."""
        link: DeviceLink | None = getattr(device, "link", None)
        found = link.configuration_item if link is not None else None
        if found is None:
            return "-"
        url = device.autotask_web_url
        address = configuration_item_link(url, found.autotask_configuration_item_id) if url else ""
        text = str(found) if found.is_active else f"{found} (inactive)"
        return outside_link(address, text)

    @display(description="Review", ordering="review__state", label=REVIEW_LABELS)
    def review_state(self, device: Device) -> str:
        """Show whether a person has decided its contract."""
        review: DeviceReview | None = getattr(device, "review", None)
        return str(review.get_state_display()) if review is not None else "-"

    @display(description="Antivirus, patches", ordering="antivirus_status")
    def protection(self, device: Device) -> SafeString:
        """Show how it is protected."""
        return format_html(
            '<span class="device-two"><span class="{}" title="{}">{}</span><br><span class="{}">{}</span></span>',
            _TONES.get(tone_of(device.antivirus_status), ""),
            device.antivirus_product,
            words_of(device.antivirus_status),
            _TONES.get(tone_of(device.patch_status), ""),
            f"{words_of(device.patch_status)}, {device.patches_missing} missing"
            if device.patches_missing
            else words_of(device.patch_status),
        )
