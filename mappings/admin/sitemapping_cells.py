"""The cells of the list of mappings, and what a mapping's page shows beside its form."""

from __future__ import annotations

from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from mappings.admin.common import display, inside_link, outside_link, show_time
from mappings.models import SiteMapping

State = SiteMapping.State
_CERTAIN = {
    SiteMapping.Source.NATIVE,
    SiteMapping.Source.MANUAL,
    SiteMapping.Source.CSV,
    SiteMapping.Source.CREATED,
}
_LIKELY, _VERY_LIKELY = 88, 95


def score_in_words(mapping: SiteMapping) -> str:
    """Return how sure a proposal is."""
    if mapping.company_id is None:
        return "-"
    if mapping.source in _CERTAIN:
        return "certain"
    if mapping.source == SiteMapping.Source.EXACT:
        return "nearly certain"
    if mapping.score >= _VERY_LIKELY:
        return "very likely"
    return "likely" if mapping.score >= _LIKELY else "perhaps"


class SiteMappingCells:
    """Columns and read-only fields of a mapping."""

    @display(description="Site", ordering="site__name")
    def show_site(self, mapping: SiteMapping) -> SafeString:
        """Link to the mapping, and to the site in Datto RMM."""
        site = mapping.site
        name = inside_link("admin:mappings_sitemapping_change", mapping.pk, site.name)
        portal = outside_link(site.portal_url, "Datto RMM") if site.portal_url else ""
        gone = " · no longer returned by Datto RMM" if site.is_missing else ""
        on_demand = " · on demand" if site.is_on_demand else ""
        return format_html('{}<br><span class="text-xs">{}{}{}</span>', name, portal, on_demand, gone)

    @display(description="Devices", ordering="site__device_count")
    def devices(self, mapping: SiteMapping) -> int:
        """Show the size of the site."""
        return mapping.site.device_count

    @display(description="Open alerts")
    def show_open_alerts(self, mapping: Any) -> int:
        """Show how many alerts wait or are worked on."""
        return int(getattr(mapping, "open_alerts", 0))

    @display(
        description="State",
        ordering="state",
        label={
            State.UNMAPPED.label: "warning",
            State.PROPOSED.label: "info",
            State.CONFIRMED.label: "success",
            State.CONFLICT.label: "danger",
            State.COMPANY_INACTIVE.label: "danger",
            State.COMPANY_MISSING.label: "danger",
            State.RENAMED.label: "warning",
        },
    )
    def show_state(self, mapping: SiteMapping) -> str:
        """Show the state as a coloured label."""
        return str(mapping.get_state_display())

    @display(description="Why", ordering="score")
    def why(self, mapping: SiteMapping) -> SafeString:
        """Show how sure the proposal is and what it rests on; sorting goes by the score."""
        if mapping.company_id is None:
            return format_html('<span class="mapping-why">{}</span>', mapping.reason)
        return format_html(
            '<span class="mapping-why"><strong>{}</strong>: {}</span>',
            score_in_words(mapping),
            mapping.reason,
        )

    @display(description="Decide")
    def decide(self, mapping: SiteMapping) -> SafeString | str:
        """Offer what one click can do."""
        if mapping.state in {State.PROPOSED, State.RENAMED}:
            return format_html(
                '<button type="submit" class="rb-button" name="_accept" value="{}">Accept</button>',
                mapping.pk,
            )
        if mapping.state in {State.CONFLICT, State.COMPANY_MISSING} and mapping.candidates:
            buttons = format_html_join(
                " ",
                '<button type="submit" class="rb-button" name="_choose" value="{}:{}" title="{}">{} · {}</button>',
                (
                    (mapping.pk, one["company_id"], one["reason"], one["name"], one["company_id"])
                    for one in mapping.candidates
                ),
            )
            return format_html('<span class="mapping-candidates">{}</span>', buttons)
        return ""

    @display(description="Decided")
    def decided(self, mapping: SiteMapping) -> SafeString | str:
        """Show who decided when."""
        if mapping.decided_at is None:
            return "Nobody has decided yet"
        return format_html(
            "{} by {}", show_time(mapping.decided_at), mapping.decided_by or "the command line"
        )
