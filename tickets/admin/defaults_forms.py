"""Forms of ticket defaults: the settings, and a line for each alert priority."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from django import forms
from django.db.models import Q
from unfold.widgets import UnfoldAdminNullBooleanSelectWidget

from mappings.models import PicklistValue
from tickets.admin.settings_fields import PickField
from tickets.admin.settings_forms import TicketSettingsForm
from tickets.models import PriorityDefaults, TicketDefaults
from tickets.services.defaults import Verdict, validate_line


class TicketDefaultsForm(TicketSettingsForm):
    """Defaults of one monitor type, of all, or of what end clients ask for."""

    class Meta:
        model = TicketDefaults
        fields: list[str] = []


class PriorityForm(forms.ModelForm[PriorityDefaults]):
    """What one alert priority means.

    Attributes:
        priorities: reads Autotask's priorities; the admin gives one reader to all lines of a page.
    """

    priorities: Callable[[], list[PicklistValue]] | None = None

    class Meta:
        model = PriorityDefaults
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.verdict = Verdict()
        if "ticket_priority" in self.fields:
            usable = Q(is_active=True) | Q(pk=self.instance.ticket_priority_id)
            every = PicklistValue.objects.filter(entity="Tickets", field="priority")
            read = type(self).priorities
            rows = [
                one
                for one in (every if read is None else read())
                if one.is_active or one.pk == self.instance.ticket_priority_id
            ]
            self.fields["ticket_priority"] = PickField(
                every.filter(usable), rows, title="Ticket priority", help_text="", empty="As inherited"
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


def read_priorities_once() -> Callable[[], list[PicklistValue]]:
    """Return a reader of Autotask's priorities that asks for them at its first call only."""
    return cache(lambda: list(PicklistValue.objects.filter(entity="Tickets", field="priority")))
