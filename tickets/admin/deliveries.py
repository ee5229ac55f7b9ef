"""Inbound messages, as they came in."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.contrib.filters.admin import ChoicesCheckboxFilter, RangeDateTimeFilter

from integration.models import Connection
from tickets.admin.display import DELIVERY_STATE_COLORS, ReadOnlyAdmin, column, show_clipped, show_moment
from tickets.models import Alert, Delivery, Ticket

_HIDDEN = "(hidden)"
_SECRETS = (
    "datto_hook_secret", "callout_secret", "autotask_webhook_secret", "datto_api_secret", "datto_api_key",
    "autotask_secret", "autotask_integration_code",
)  # fmt: skip


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    """Messages from Datto RMM and Autotask. Hints: they say what to look at, never what is true."""

    empty_text = "No message has come in yet. Settings > Inbound addresses shows what to paste into Datto RMM and Autotask."
    list_display = ["received", "channel", "event", "subject_id", "stands", "why", "attempts"]
    list_filter = [
        ("channel", ChoicesCheckboxFilter),
        ("state", ChoicesCheckboxFilter),
        ("received_at", RangeDateTimeFilter),
    ]
    list_filter_submit = True
    search_fields = ["subject_id"]
    search_help_text = "Alert uid, ticket id or number."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        """Return messages without their bodies."""
        messages: QuerySet[Delivery] = super().get_queryset(request).defer("body")
        return messages

    @column(description="Received", ordering="id")
    def received(self, delivery: Delivery) -> str:
        """When it came in."""
        return show_moment(delivery.received_at)

    @column(description="State", ordering="state", label=DELIVERY_STATE_COLORS)
    def stands(self, delivery: Delivery) -> str:
        """What became of it."""
        return delivery.get_state_display()

    @column(description="Why")
    def why(self, delivery: Delivery) -> str:
        """The reason for the state."""
        return show_clipped(delivery.reason)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show one message, secrets hidden."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        delivery = Delivery.objects.filter(pk=int(object_id) if object_id.isdecimal() else 0).first()
        if delivery is None:
            raise Http404(f"There is no message {object_id}.")
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": delivery,
            "title": str(delivery),
            "media": self.media,
            "delivery": delivery,
            "body": hide_secrets(delivery.body),
            "alert": Alert.objects.filter(alert_uid=delivery.subject_id).first()
            if delivery.subject_id
            else None,
            "ticket": _find_ticket(delivery),
        }
        return TemplateResponse(request, "tickets/delivery.html", context)


def hide_secrets(text: str) -> str:
    """Return a text without any secret of the connection."""
    connection = Connection.objects.first()
    if connection is None:
        return text
    for name in _SECRETS:
        secret = getattr(connection, name)
        if secret:
            text = text.replace(secret, _HIDDEN)
    return text


def _find_ticket(delivery: Delivery) -> Ticket | None:
    if delivery.channel == Delivery.Channel.DATTO_RMM or not delivery.subject_id:
        return None
    if delivery.subject_id.isdecimal():
        return Ticket.objects.filter(autotask_ticket_id=int(delivery.subject_id)).first()
    return Ticket.objects.filter(ticket_number=delivery.subject_id).first()
