"""The form of a rule: what it asks, and what it sets."""

from __future__ import annotations

from copy import copy
from typing import Any, Final
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib.admin.widgets import AutocompleteSelect
from django.db.models import Q
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelect2Widget,
    UnfoldAdminSelectWidget,
)

from mappings.domain.devices.patterns import BadPattern
from mappings.models import PicklistValue
from tickets.admin.settings_fields import PickField
from tickets.admin.settings_forms import SECTIONS, TicketSettingsForm, is_set
from tickets.domain.searching import compile_search
from tickets.models import AlertPriority, TicketRule
from tickets.services.rules import to_conditions

DAYS: Final = (
    (0, "Monday"),
    (1, "Tuesday"),
    (2, "Wednesday"),
    (3, "Thursday"),
    (4, "Friday"),
    (5, "Saturday"),
    (6, "Sunday"),
)
DEVICE_CLASSES: Final = (
    ("device", "Computers"),
    ("printer", "Printers"),
    ("esxihost", "ESXi hosts"),
    ("rmmnetworkdevice", "Network devices"),
    ("unknown", "Unknown"),
)
#: What a rule asks.
CONDITIONS: Final = (
    "monitor_type", "monitor", "company", "site", "device", "device_class", "item_category", "alert_priorities", "pattern",
    "weekdays", "start_time", "end_time", "time_zone", "is_outside_hours",
)  # fmt: skip
#: What it sets beyond the settings that ticket defaults have, too.
OWN_SETTINGS: Final = ("ticket_priority", "due_minutes")
_SETTINGS: Final = (*OWN_SETTINGS, *(str(name) for _, _, fields in SECTIONS for name in fields))


class KnownAutocomplete(AutocompleteSelect):
    """An autocomplete that shows what its row has from memory.

    Attributes:
        known: the thing already chosen, loaded with the row.
    """

    known: Any = None

    def optgroups(self, name: str, value: Any, attr: Any = None) -> Any:
        """Return the present choice; from memory when it is the one loaded with the row."""
        chosen = [one for one in value if one]
        if chosen and (self.known is None or chosen != [str(self.known.pk)]):
            return super().optgroups(name, value, attr)
        options = [self.create_option(name, "", "", False, 0)]  # noqa: FBT003 - Django's own signature
        if chosen:
            options.append(self.create_option(name, self.known.pk, str(self.known), True, 1))  # noqa: FBT003 - as above
        return [(None, options, 0)]


class RuleConditionsForm(forms.ModelForm[TicketRule]):
    """What a rule asks; what cannot work is refused beside its field."""

    alert_priorities = forms.MultipleChoiceField(
        choices=AlertPriority.choices,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="Datto RMM's own, before a site counts its alerts more or less urgent. None ticked: all.",
    )
    device_class = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget)
    weekdays = forms.TypedMultipleChoiceField(
        choices=DAYS,
        coerce=int,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        label="Days",
        help_text="None ticked: every day.",
    )
    time_zone = forms.ChoiceField(required=False, widget=UnfoldAdminSelect2Widget)

    class Meta:
        model = TicketRule
        fields = CONDITIONS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        device_class: Any = self.fields.get("device_class")
        if device_class is not None:
            stored = self.instance.device_class
            known = dict(DEVICE_CLASSES)
            device_class.choices = [
                ("", "Every class"),
                *known.items(),
                *([(stored, stored)] if stored and stored not in known else []),
            ]
        time_zone: Any = self.fields.get("time_zone")
        if time_zone is not None:
            time_zone.choices = [
                ("", f"That of the product ({settings.TIME_ZONE})"),
                *((zone, zone) for zone in sorted(available_timezones())),
            ]
        for name in ("company", "site", "device", "item_category", "monitor"):
            field = self.fields.get(name)
            # The theme wraps the widget into one with buttons.
            widget = getattr(field.widget, "widget", field.widget) if field is not None else None
            if isinstance(widget, KnownAutocomplete):
                widget.known = getattr(self.instance, name)

    def clean(self) -> dict[str, Any]:
        """Check the conditions; errors stand beside the field that has to change."""
        values = super().clean() or self.cleaned_data
        if values.get("pattern"):
            try:
                compile_search(values["pattern"])
            except BadPattern as error:
                self.add_error("pattern", str(error))
        start, end = values.get("start_time"), values.get("end_time")
        if (start is None) != (end is None) and not {"start_time", "end_time"} & set(self.errors):
            self.add_error("start_time" if start is None else "end_time", "Give both times, or neither.")
        if values.get("is_outside_hours") and start is None and end is None and not values.get("weekdays"):
            self.add_error("is_outside_hours", "Outside of which hours? Tick days or give both times.")
        monitor, monitor_type = values.get("monitor"), values.get("monitor_type")
        if monitor is not None and monitor_type is not None and monitor.monitor_type_id != monitor_type.pk:
            self.add_error(
                "monitor_type",
                f"{monitor} is a monitor of type {monitor.monitor_type}, so no alert could be both. "
                "Leave the type empty.",
            )
        return values


class TicketRuleForm(RuleConditionsForm, TicketSettingsForm):
    """A rule.

    Attributes:
        may_set_nothing: it is removed then; for forms that show a part of a rule.
    """

    may_set_nothing = False
    by_priority = "As the ticket defaults say for the alert's priority"

    class Meta:
        model = TicketRule
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
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
                empty="As the ticket defaults say for the alert's priority",
            )
        if "due_minutes" in self.fields:
            self.fields["due_minutes"].widget.attrs["placeholder"] = "As the ticket defaults say"

    def clean_name(self) -> str:
        """Refuse the name of another rule, however it is written.

        Raises:
            ValidationError: it is taken.
        """
        name: str = " ".join(self.cleaned_data["name"].split())
        twin = TicketRule.objects.filter(name__iexact=name).exclude(pk=self.instance.pk).first()
        if twin is not None:
            raise forms.ValidationError(
                f"There is a rule \u201c{twin.name}\u201d already. Type another name."
            )
        return name

    def clean(self) -> dict[str, Any]:
        """Refuse a rule that asks nothing or changes nothing, and warn of one that does the same as another."""
        values = super().clean()
        if self.errors:
            return values
        # A form may show a part of a rule only: what it does not show is as stored.
        candidate = copy(self.instance)
        for name, value in values.items():
            setattr(candidate, name, value)
        if not to_conditions(candidate).named:
            self.add_error(
                None,
                "The rule asks nothing. Name a monitor, organization, site, device or another condition. What holds for "
                "every alert is set under Ticket defaults, All monitor types.",
            )
        if not self.may_set_nothing and not any(is_set(candidate, name) for name in _SETTINGS):
            self.add_error(
                None,
                "The rule sets nothing, so it would change nothing. Set at least one thing, such as the queue.",
            )
        return values
