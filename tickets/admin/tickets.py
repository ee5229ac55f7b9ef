"""Tickets: our links to Autotask tickets, and the story of one."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.contrib.filters.admin import ChoicesCheckboxFilter, FieldTextFilter

from tickets.admin.display import (
    TICKET_STATE_COLORS,
    ReadOnlyAdmin,
    column,
    show_clipped,
    show_link,
    show_moment,
)
from tickets.admin.story import ticket_story
from tickets.models import Alert, Ticket
from tickets.selectors.pages import find_connection
from tickets.services.links import ticket_link


@admin.register(Ticket)
class TicketAdmin(ReadOnlyAdmin):
    """Tickets that stand for alerts."""

    empty_text = "No ticket yet. Each Autotask ticket that RMM Bridge makes from an alert appears here."
    list_display = ["number", "what", "organization", "stands", "open_alerts", "made", "done"]
    list_display_links = ["what"]
    list_filter = [
        ("state", ChoicesCheckboxFilter),
        ("kind", ChoicesCheckboxFilter),
        ("company__name", FieldTextFilter),
    ]
    list_filter_submit = True
    list_select_related = ["company"]
    search_fields = ["ticket_number", "title", "correlation_key", "company__name"]
    search_help_text = "Ticket number, title or organization."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Ticket]:
        """Return tickets with their alerts counted."""
        tickets: QuerySet[Ticket] = super().get_queryset(request).defer("fields")
        alerts = (
            Alert.objects.filter(ticket=OuterRef("pk"))
            .order_by()
            .values("ticket")
            .annotate(n=Count("pk"))
            .values("n")
        )
        return tickets.annotate(
            alert_count=Coalesce(Subquery(alerts), 0),
            open_count=Coalesce(Subquery(alerts.filter(is_resolved=False)), 0),
        )

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Return the list with what its links need."""
        changelist = super().get_changelist_instance(request)
        connection = find_connection()
        changelist.result_list = list(changelist.result_list)
        for ticket in changelist.result_list:
            ticket.connection = connection
        return changelist

    @column(description="Number", ordering="ticket_number")
    def number(self, ticket: Any) -> str:
        """The number, linking into Autotask."""
        if ticket.autotask_ticket_id is None:
            return "-"
        return show_link(
            ticket.ticket_number or f"#{ticket.autotask_ticket_id}", ticket_link(ticket.connection, ticket)
        )

    @column(description="Title", ordering="title")
    def what(self, ticket: Ticket) -> str:
        """The title."""
        return show_clipped(ticket.title or str(ticket))

    @column(description="Organization", ordering="company__name")
    def organization(self, ticket: Ticket) -> str:
        """The organization it belongs to."""
        return show_clipped(ticket.company.name)

    @column(description="State", ordering="state", label=TICKET_STATE_COLORS)
    def stands(self, ticket: Ticket) -> str:
        """Where it stands."""
        return ticket.get_state_display()

    @column(description="Open alerts", ordering="open_count")
    def open_alerts(self, ticket: Any) -> str:
        """Open alerts of all its alerts."""
        return f"{ticket.open_count} of {ticket.alert_count}"

    @column(description="Created", ordering="created_in_autotask_at")
    def made(self, ticket: Ticket) -> str:
        """When Autotask created it."""
        return show_moment(ticket.created_in_autotask_at)

    @column(description="Completed", ordering="completed_at")
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
        ticket = Ticket.objects.select_related("company", "previous", "problem").filter(pk=pk).first()
        if ticket is None:
            raise Http404(f"There is no ticket {object_id}.")
        context = {
            **self.admin_site.each_context(request),
            **ticket_story(ticket),
            "opts": self.opts,
            "original": ticket,
            "title": str(ticket),
            "media": self.media,
            "can_change": request.user.has_perm("tickets.change_alert"),
        }
        return TemplateResponse(request, "tickets/ticket.html", context)
