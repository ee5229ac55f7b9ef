"""Forms of ticket defaults: the settings, and a line for each alert priority."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q
from unfold.widgets import UnfoldAdminNullBooleanSelectWidget

from mappings.models import PicklistValue
from tickets.admin.settings_fields import PickField
from tickets.admin.settings_forms import TicketSettingsForm
from tickets.admin.settings_offer import Offer
from tickets.models import PriorityDefaults, TicketDefaults
from tickets.services.defaults_checks import Verdict, validate_line


class TicketDefaultsForm(TicketSettingsForm):
    """Defaults of one monitor type, of all, or of what end clients ask for."""

    class Meta:
        model = TicketDefaults
        fields: list[str] = []


class PriorityForm(forms.ModelForm[PriorityDefaults]):
    """What one alert priority means.

    Attributes:
        offer: what can be chosen; the admin gives the same to all forms of a page.
    """

    offer: Offer

    class Meta:
        model = PriorityDefaults
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.verdict = Verdict()
        if "ticket_priority" in self.fields:
            stored = self.instance.ticket_priority_id
            usable = PicklistValue.objects.filter(
                Q(is_active=True) | Q(pk=stored), entity="Tickets", field="priority"
            )
            self.fields["ticket_priority"] = PickField(
                usable,
                self.offer.of_field("priority", stored),
                title="Ticket priority",
                help_text="",
                empty="As inherited",
            )
        if "create_ticket" in self.fields:
            widget = UnfoldAdminNullBooleanSelectWidget()
            widget.choices = [("unknown", "As above"), ("true", "Yes"), ("false", "No")]
            self.fields["create_ticket"].widget = widget

    def clean(self) -> dict[str, Any] | None:
        """Refuse an inactive priority that was not stored before."""
        cleaned = super().clean() or {}
        candidate = PriorityDefaults(
            alert_priority=self.instance.alert_priority, ticket_priority=cleaned.get("ticket_priority")
        )
        self.verdict = validate_line(candidate, self.initial.get("ticket_priority"))
        for name, messages in self.verdict.errors.items():
            for message in messages:
                self.add_error(name, message)
        return cleaned
