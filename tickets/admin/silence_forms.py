"""The form of a silence: what it hides, why, and until when."""

from __future__ import annotations

from typing import Any, Final
from zoneinfo import available_timezones

from django import forms
from django.utils import timezone
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldBooleanSwitchWidget,
)

from mappings.domain.devices.patterns import BadPattern
from tickets.domain.searching import compile_search
from tickets.models import Silence
from tickets.services.silences import PRESETS, find_security_alerts, preset_end

_DAYS: Final = [
    (0, "Monday"),
    (1, "Tuesday"),
    (2, "Wednesday"),
    (3, "Thursday"),
    (4, "Friday"),
    (5, "Saturday"),
    (6, "Sunday"),
]
_AT, _TICKET = "at", "ticket"
_NAME_LENGTH: Final = 120
_NAMED: Final = 3


class SilenceForm(forms.ModelForm[Silence]):
    """What cannot work is refused beside its field; security alerts are never hidden unawares."""

    ends = forms.ChoiceField(
        choices=[*PRESETS.items(), (_TICKET, "until a ticket is completed"), (_AT, "at a time of its own")],
        widget=UnfoldAdminSelectWidget,
        label="Ends",
        help_text="Every silence ends by itself. 8:00 is that of Autotask's default business location.",
    )
    weekdays = forms.TypedMultipleChoiceField(
        choices=_DAYS,
        coerce=int,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="Only for a window that repeats each week.",
    )
    also_security = forms.BooleanField(
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        label="It may hide security alerts",
        help_text="A silence hides alerts of antivirus, ransomware and endpoint security monitors as well, if they fit. "
        "Its page names each one.",
    )

    class Meta:
        model = Silence
        fields = (
            "name", "effect", "reason", "monitor", "device", "site", "company", "pattern", "ends", "ends_at", "ends_with",
            "also_security", "starts_at", "weekdays", "daily_from", "daily_to", "time_zone",
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Fill in what most people want."""
        super().__init__(*args, **kwargs)
        for name in ("name", "starts_at"):
            if name in self.fields:
                self.fields[name].required = False
        if "name" in self.fields:
            self.fields["name"].help_text = "Empty: made of what it names."
        if "starts_at" in self.fields:
            self.fields["starts_at"].help_text = "Empty: now."
        if self.instance.pk and "ends" in self.fields:
            self.initial["ends"] = (
                _TICKET if self.instance.ends_with_id and not self.instance.ends_at else _AT
            )
            self.initial["also_security"] = True

    def clean(self) -> dict[str, Any]:
        """Check the silence as a whole; errors stand beside the field that has to change."""
        values = super().clean() or self.cleaned_data
        values["starts_at"] = values.get("starts_at") or timezone.now()
        named = [values.get(name) for name in ("monitor", "device", "site", "company")]
        if not any(named) and not values.get("pattern"):
            self.add_error(
                None, "Name at least a monitor, device, site, organization or pattern: what is to be silent?"
            )
        if values.get("pattern"):
            try:
                compile_search(values["pattern"])
            except BadPattern as error:
                self.add_error("pattern", str(error))
        self._clean_end(values)
        self._clean_window(values)
        if not values.get("name"):
            values["name"] = " · ".join(str(one) for one in [*named, values.get("pattern")] if one)[
                :_NAME_LENGTH
            ]
        if not self.errors:
            self._clean_security(values)
        return values

    def _clean_end(self, values: dict[str, Any]) -> None:
        ends = values.get("ends")
        if ends in PRESETS:
            values["ends_at"], values["ends_with"] = (
                preset_end(ends, max(values["starts_at"], timezone.now())),
                None,
            )
        elif ends == _TICKET:
            values["ends_at"] = None
            if values.get("ends_with") is None:
                self.add_error("ends_with", "Choose the ticket whose completion ends it.")
            elif values["ends_with"].state not in {"open", "planned", "reopening"}:
                self.add_error("ends_with", "This ticket is over. Choose an open one.")
        elif ends == _AT:
            values["ends_with"] = None
            if values.get("ends_at") is None:
                if "ends_at" not in self.errors:
                    self.add_error("ends_at", "Give day and time, or choose another end.")
            elif values["ends_at"] <= max(values["starts_at"], timezone.now()):
                self.add_error("ends_at", "Choose a moment after its start that is still to come.")

    def _clean_window(self, values: dict[str, Any]) -> None:
        start, end = values.get("daily_from"), values.get("daily_to")
        if (start is None) != (end is None):
            self.add_error("daily_from" if start is None else "daily_to", "Give both times, or neither.")
        zone = values.get("time_zone")
        if zone and zone not in available_timezones():
            self.add_error("time_zone", "Type an IANA name such as Europe/Berlin, or leave it empty for UTC.")

    def _clean_security(self, values: dict[str, Any]) -> None:
        if values.get("also_security"):
            return
        fields = ("monitor", "device", "site", "company", "pattern", "starts_at")
        found = find_security_alerts(
            Silence(name="?", **{name: values.get(name) for name in fields}), timezone.now()
        )
        if not found:
            return
        examples = "; ".join(
            f"{one} ({one.datto_device_name or one.datto_site_name})" for one in found[:_NAMED]
        )
        self.add_error(
            "also_security",
            f"In the last 30 days it would have hidden {len(found)} security "
            f"alert{'' if len(found) == 1 else 's'}: {examples}. Name less, or switch this on.",
        )
