"""Requests of end clients, and the links they are sent from."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from unfold.contrib.filters.admin import (
    AllValuesCheckboxFilter,
    AutocompleteSelectFilter,
    ChoicesCheckboxFilter,
)

from integration.ids import read_id
from tickets.admin.display import ReadOnlyAdmin, column, show_clipped, show_link, show_moment, show_two_lines
from tickets.admin.story import request_story
from tickets.models import AgentRequest, RequestLink
from tickets.selectors.pages import find_connection
from tickets.selectors.requests import reference_of
from tickets.services.links import ticket_link
from tickets.services.requests.links import is_live, revoke
from tickets.services.requests.retry import retry_request
from tickets.tasks import enqueue_actions

_STATES: Final = {
    "Received": "info",
    "Ticket being made": "info",
    "Ticketed": "success",
    "Waiting for a cure": "danger",
}


@admin.register(AgentRequest)
class AgentRequestAdmin(ReadOnlyAdmin):
    """What end clients sent from their request pages."""

    empty_text = "No request yet. Give devices a request page, and what people send from there appears here with its ticket."
    list_display = ["received", "what", "stands", "ticket_number", "device_name", "person"]
    list_display_links = ["what"]
    list_filter = [
        ("state", ChoicesCheckboxFilter),
        ("cause", AllValuesCheckboxFilter),
        ("device__site", AutocompleteSelectFilter),
    ]
    list_filter_submit = True
    list_select_related = ["device__site__mapping__company", "ticket"]
    list_before_template = "tickets/request_bar.html"
    search_fields = ["subject", "person_name", "person_email", "device__hostname", "ticket__ticket_number"]
    search_help_text = "Subject, person, device or ticket number."
    actions = ["retry_now"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[AgentRequest]:
        """Return requests without their big columns."""
        rows: QuerySet[AgentRequest] = super().get_queryset(request)
        return rows.defer("text", "decision", "attached_alerts", "ticket__fields")

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Return the list with what its links need."""
        changelist = super().get_changelist_instance(request)
        connection = find_connection()
        changelist.result_list = list(changelist.result_list)
        for row in changelist.result_list:
            row.connection = connection
        return changelist

    @column(description="Sent", ordering="received_at")
    def received(self, row: AgentRequest) -> str:
        """When it was sent."""
        return show_moment(row.received_at)

    @column(description="Request, and how it stands", ordering="subject")
    def what(self, row: AgentRequest) -> str:
        """The subject; below, the reason for its state."""
        return show_two_lines(row.subject, row.reason)

    @column(description="State", ordering="state", label=_STATES)
    def stands(self, row: AgentRequest) -> str:
        """Where it stands."""
        return row.get_state_display()

    @column(description="Ticket", ordering="ticket__ticket_number")
    def ticket_number(self, row: Any) -> str:
        """The number, linking into Autotask."""
        if row.ticket is None or row.ticket.autotask_ticket_id is None:
            return "-"
        return show_link(str(row.ticket), ticket_link(row.connection, row.ticket))

    @column(description="Device, organization", ordering="device__hostname")
    def device_name(self, row: AgentRequest) -> str:
        """The device it was sent from; below, the organization or the site."""
        mapping = getattr(row.device.site, "mapping", None)
        company = mapping.company if mapping is not None else None
        return show_two_lines(
            str(row.device), company.name if company is not None else row.device.site.name, is_narrow=True
        )

    @column(description="Person", ordering="person_name")
    def person(self, row: AgentRequest) -> str:
        """Who sent it."""
        return show_clipped(row.person_name or row.person_email or row.person_phone)

    @admin.action(description="Retry now", permissions=["change"])
    def retry_now(self, request: HttpRequest, chosen: QuerySet[AgentRequest]) -> None:
        """Try the chosen requests again."""
        user = request.user if isinstance(request.user, User) else None
        rows = list(AgentRequest.objects.filter(pk__in=chosen.values_list("pk", flat=True)).order_by("id"))
        due: list[int] = []
        for row in rows:
            due += retry_request(row, user)
        enqueue_actions(due)
        count = sum(row.state == AgentRequest.State.BLOCKED for row in rows)
        text = f"Tried {len(rows)} {'request' if len(rows) == 1 else 'requests'} again."
        if count:
            self.message_user(request, f"{text} {count} still wait; each says why.", messages.WARNING)
        else:
            self.message_user(request, text, messages.SUCCESS)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the story of one request."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET", "HEAD"])
        pk = read_id(object_id) or 0
        row = (
            AgentRequest.objects.select_related(
                "device__site__mapping__company", "ticket__company", "contact", "link"
            )
            .filter(pk=pk)
            .first()
        )
        if row is None:
            raise Http404(f"There is no request {object_id}.")
        context = {
            **self.admin_site.each_context(request),
            **request_story(row),
            "reference": reference_of(row),
            "can_change": request.user.has_perm("tickets.change_agentrequest"),
            "opts": self.opts,
            "original": row,
            "title": row.subject,
            "media": self.media,
        }
        return TemplateResponse(request, "tickets/request.html", context)


@admin.register(RequestLink)
class RequestLinkAdmin(ReadOnlyAdmin):
    """Which devices have a request page."""

    empty_text = (
        "No device has a request page yet. Let devices fetch their own by a component, or make links by hand."
    )
    list_display = ["device_name", "stands", "made", "by", "used", "until"]
    list_display_links = ["device_name"]
    list_filter = [("source", ChoicesCheckboxFilter), ("device__site", AutocompleteSelectFilter)]
    list_filter_submit = True
    list_select_related = ["device__site", "created_by"]
    list_before_template = "tickets/request_bar.html"
    search_fields = ["device__hostname", "device__site__name"]
    search_help_text = "Device or site."
    actions = ["revoke_chosen"]
    list_disable_select_all = False

    @column(description="Device, site", ordering="device__hostname")
    def device_name(self, link: RequestLink) -> str:
        """The device; below, its site."""
        return show_two_lines(str(link.device), link.device.site.name)

    @column(description="State", label={"Valid": "success", "Revoked": "danger", "Over": "warning"})
    def stands(self, link: RequestLink) -> str:
        """Whether it works."""
        if link.revoked_at is not None:
            return "Revoked"
        return "Valid" if is_live(link, timezone.now()) else "Over"

    @column(description="Made", ordering="created_at")
    def made(self, link: RequestLink) -> str:
        """When it was made."""
        return show_moment(link.created_at)

    @column(description="By", ordering="source")
    def by(self, link: RequestLink) -> str:
        """Who asked for it."""
        return link.created_by.get_username() if link.created_by else link.get_source_display()

    @column(description="Last opened", ordering="last_used_at")
    def used(self, link: RequestLink) -> str:
        """When the page was last opened."""
        return show_moment(link.last_used_at) or "never"

    @column(description="Until", ordering="expires_at")
    def until(self, link: RequestLink) -> str:
        """When it ends, or why it ended."""
        if link.revoked_at is not None:
            return show_two_lines(f"revoked {link.revoked_at:%Y-%m-%d}", link.revoked_why)
        return show_moment(link.expires_at) or "until it is revoked"

    @admin.action(description="Revoke", permissions=["change"])
    def revoke_chosen(self, request: HttpRequest, chosen: QuerySet[RequestLink]) -> None:
        """End the chosen links now."""
        rows = RequestLink.objects.filter(pk__in=chosen.values_list("pk", flat=True))
        count = revoke(rows, f"Revoked by {request.user.get_username()}.", timezone.now())
        text = f"Revoked {count} {'link' if count == 1 else 'links'}. It cannot be undone; make new ones instead."
        self.message_user(request, text, messages.SUCCESS)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Go on to the page of the device's links."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET", "HEAD"])
        pk = read_id(object_id) or 0
        link = RequestLink.objects.filter(pk=pk).first()
        if link is None:
            raise Http404(f"There is no link {object_id}.")
        return redirect("device-request-link", link.device_id)
