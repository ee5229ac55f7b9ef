"""Tickets: our links to Autotask tickets, and the story of one."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet, Value
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.contrib.filters.admin import ChoicesCheckboxFilter, FieldTextFilter
from unfold.decorators import display

from integration.vendors.autotask import links as autotask_links
from tickets.admin.display import TICKET_STATE_COLORS, ReadOnlyAdmin, show_clipped, show_link, show_moment
from tickets.admin.story import ticket_story
from tickets.models import Ticket
from tickets.selectors.pages import find_connection


@admin.register(Ticket)
class TicketAdmin(ReadOnlyAdmin):
    """Tickets that stand for alerts."""

    list_display = ["number", "what", "organization", "stands", "open_alerts", "made", "done"]
    list_display_links = ["what"]
    list_filter = [("state", ChoicesCheckboxFilter), ("company__name", FieldTextFilter)]
    list_filter_submit = True
    list_select_related = ["company"]
    search_fields = ["ticket_number", "title", "correlation_key", "company__name"]
    search_help_text = "Ticket number, title or organization."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Ticket]:
        """Return tickets with everything the list shows."""
        connection = find_connection()
        tickets: QuerySet[Ticket] = super().get_queryset(request).defer("fields")
        return tickets.annotate(
            web_url=Value(connection.autotask_web_url if connection else ""),
            alert_count=Count("alerts"),
            open_count=Count("alerts", filter=Q(alerts__is_resolved=False)),
        )

    @display(description="Number", ordering="ticket_number")
    def number(self, ticket: Any) -> str:
        """The number, linking into Autotask."""
        if ticket.autotask_ticket_id is None:
            return "-"
        url = autotask_links.ticket_link(ticket.web_url, ticket.autotask_ticket_id) if ticket.web_url else ""
        return show_link(ticket.ticket_number or f"#{ticket.autotask_ticket_id}", url)

    @display(description="Title", ordering="title")
    def what(self, ticket: Ticket) -> str:
        """The title."""
        return show_clipped(ticket.title or str(ticket))

    @display(description="Organization", ordering="company__name")
    def organization(self, ticket: Ticket) -> str:
        """The organization it belongs to."""
        return show_clipped(ticket.company.name)

    @display(description="State", ordering="state", label=TICKET_STATE_COLORS)
    def stands(self, ticket: Ticket) -> str:
        """Where it stands."""
        return ticket.get_state_display()

    @display(description="Open alerts", ordering="open_count")
    def open_alerts(self, ticket: Any) -> str:
        """Open alerts of all its alerts."""
        return f"{ticket.open_count} of {ticket.alert_count}"

    @display(description="Created", ordering="created_in_autotask_at")
    def made(self, ticket: Ticket) -> str:
        """When Autotask created it."""
        return show_moment(ticket.created_in_autotask_at)

    @display(description="Completed", ordering="completed_at")
    def done(self, ticket: Ticket) -> str:
        """When it was completed."""
        return show_moment(ticket.completed_at)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the story of one ticket."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        pk = int(object_id) if object_id.isdecimal() else 0
        ticket = Ticket.objects.select_related("company").filter(pk=pk).first()
        if ticket is None:
            raise Http404(f"There is no ticket {object_id}.")
        context = {
            **self.admin_site.each_context(request),
            **ticket_story(ticket),
            "opts": self.opts,
            "original": ticket,
            "title": str(ticket),
            "media": self.media,
        }
        return TemplateResponse(request, "tickets/ticket.html", context)
