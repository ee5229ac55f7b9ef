"""Alerts: the list, and the story of one."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    BooleanRadioFilter,
    ChoicesCheckboxFilter,
    FieldTextFilter,
    RelatedDropdownFilter,
)

from tickets.admin.alert_deeds import AlertDeeds
from tickets.admin.alert_filters import CauseFilter, OrganizationFilter
from tickets.admin.display import (
    ALERT_STATE_COLORS,
    ALERT_STATE_WORDS,
    PRIORITY_COLORS,
    column,
    show_link,
    show_moment,
    show_two_lines,
)
from tickets.admin.story import alert_story, for_story
from tickets.domain.monitor_types import AGENT_TICKET
from tickets.models import Alert
from tickets.selectors.pages import attach_places
from tickets.services.links import device_link, ticket_link


class MonitorTypeFilter(RelatedDropdownFilter):  # type: ignore[misc]  # the theme ships no types
    """The monitor types that raise alerts."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        """Leave out what end clients ask for: no alert is of it."""
        ordering = self.field_admin_ordering(field, request, model_admin)
        return field.get_choices(
            include_blank=False, ordering=ordering, limit_choices_to=~Q(slug=AGENT_TICKET)
        )


@admin.register(Alert)
class AlertAdmin(AlertDeeds):
    """Every alert in exactly one state, and why."""

    empty_text = "No alert has come in yet. Alerts appear here the moment Datto RMM raises them: by webhook at once, else with the next poll."
    list_display = ["seen", "level", "what", "stands", "ticket_number", "monitor_name", "device", "place"]
    list_display_links = ["what"]
    list_filter = [
        ("state", ChoicesCheckboxFilter),
        ("cause", CauseFilter),
        ("priority", ChoicesCheckboxFilter),
        ("is_resolved", BooleanRadioFilter),
        ("monitor_type", MonitorTypeFilter),
        ("monitor", AutocompleteSelectFilter),
        OrganizationFilter,
        ("datto_site_name", FieldTextFilter),
    ]
    list_filter_submit = True
    list_fullwidth = True
    search_fields = [
        "alert_uid",
        "summary",
        "datto_device_name",
        "datto_site_name",
        "ticket__ticket_number",
    ]
    search_help_text = "Alert uid, summary, device, site or ticket number."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Alert]:
        """Return alerts without their big columns."""
        alerts: QuerySet[Alert] = super().get_queryset(request)
        return alerts.select_related("ticket__company", "monitor", "monitor_type").defer(
            "context", "decision", "diagnostics", "ticket__fields"
        )

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Return the list with devices, organizations and links of its page."""
        changelist = super().get_changelist_instance(request)
        changelist.result_list = attach_places(changelist.result_list)
        return changelist

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Let the ledger link to alerts that are no longer listed, and a ticket to all its alerts."""
        return lookup in {"missed_polls__gt", "ticket__id__exact"} or bool(
            super().lookup_allowed(lookup, value, request)
        )

    @column(description="When", ordering="id")
    def seen(self, alert: Alert) -> str:
        """When it was raised."""
        return show_moment(alert.raised_at or alert.first_seen_at)

    @column(description="Priority", ordering="priority", label=PRIORITY_COLORS)
    def level(self, alert: Alert) -> str:
        """Datto RMM's priority."""
        return alert.priority

    @column(description="Alert and why", ordering="summary")
    def what(self, alert: Alert) -> str:
        """The trouble in one line, and the reason for its state."""
        return show_two_lines(str(alert), alert.reason)

    @column(description="Monitor", ordering="monitor__name")
    def monitor_name(self, alert: Alert) -> str:
        """The monitor as people call it; below, its type."""
        return show_two_lines(
            str(alert.monitor or "not recognised"), str(alert.monitor_type or "Other"), is_narrow=True
        )

    @column(description="Device", ordering="datto_device_name")
    def device(self, alert: Any) -> str:
        """The device, linking into Datto RMM."""
        return show_link(alert.datto_device_name or "-", device_link(alert.connection, alert.device))

    @column(description="Site, organization", ordering="datto_site_name")
    def place(self, alert: Any) -> str:
        """The site as the alert names it; below, the ticket's organization or the site's."""
        return show_two_lines(
            alert.datto_site_name or "-", alert.organization or "no organization", is_narrow=True
        )

    @column(description="State", ordering="state", label=ALERT_STATE_COLORS)
    def stands(self, alert: Alert) -> str:
        """Where it stands."""
        return ALERT_STATE_WORDS[alert.state]

    @column(description="Ticket", ordering="ticket__ticket_number")
    def ticket_number(self, alert: Any) -> str:
        """The ticket, linking into Autotask."""
        ticket = alert.ticket
        if ticket is None or ticket.autotask_ticket_id is None:
            return "-"
        return show_link(
            ticket.ticket_number or f"#{ticket.autotask_ticket_id}", ticket_link(alert.connection, ticket)
        )

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the story of one alert."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        alert = for_story(Alert.objects.filter(pk=_as_id(object_id))).first()
        if alert is None:
            raise Http404(f"There is no alert {object_id}.")
        context = {
            **self.admin_site.each_context(request),
            **alert_story(alert),
            "opts": self.opts,
            "original": alert,
            "title": str(alert),
            "media": self.media,
            "can_change": self.has_change_permission(request),
            "can_silence": request.user.has_perm("tickets.add_silence"),
            "can_end_silence": request.user.has_perm("tickets.change_silence"),
        }
        return TemplateResponse(request, "tickets/alert.html", context)


def _as_id(text: str) -> int:
    return int(text) if text.isdecimal() else 0
