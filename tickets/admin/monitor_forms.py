"""Forms of the monitor catalogue: name, pattern and key of one, and which other one is the same."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError

from mappings.domain.devices.patterns import BadPattern
from tickets.domain.monitors import LONGEST_TYPED_KEY, read_typed_key
from tickets.domain.searching import compile_search
from tickets.models import Monitor, Silence


class MonitorForm(forms.ModelForm[Monitor]):
    """What cannot work is refused beside its field."""

    class Meta:
        model = Monitor
        fields = ("name", "pattern", "typed_key")
        labels = {"typed_key": "Key in the webhook's body"}
        help_texts = {
            "name": "As people call it. Empty: it is shown by what it was recognised by.",
            "pattern": "Regular expression. Alerts of its type whose diagnostics fit are this monitor, whatever their fingerprint.",
            "typed_key": 'The text after "monitor_key" in the body of the webhook that its alerts send. Empty: it is told '
            "by fingerprint or pattern. Settings > Inbound addresses has a body to paste.",
        }

    def clean_pattern(self) -> str:
        """Refuse what is no pattern, or could take for ever.

        Raises:
            ValidationError: with what is wrong and the cure.
        """
        pattern = self.cleaned_data["pattern"].strip()
        if pattern:
            try:
                compile_search(pattern)
            except BadPattern as error:
                raise ValidationError(str(error)) from None
        return str(pattern)

    def clean_typed_key(self) -> str:
        """Refuse a key that no webhook can carry, or that another monitor has.

        Raises:
            ValidationError: with the cure.
        """
        typed = self.cleaned_data["typed_key"].strip()
        if not typed:
            return ""
        key = read_typed_key(typed)
        if not key:
            raise ValidationError(
                f"At most {LONGEST_TYPED_KEY} characters, and no placeholder in square brackets: type the text that stands "
                "in the webhook's body."
            )
        other = Monitor.objects.filter(typed_key=key).exclude(pk=self.instance.pk).first()
        if other is not None:
            raise ValidationError(
                f"Monitor \u201c{other}\u201d has this key already. Merge the two below if they are the same."
            )
        return key


class _MonitorChoice(forms.ModelChoiceField):  # type: ignore[type-arg]  # not generic at run time
    """Another monitor, by name."""

    def __init__(self) -> None:
        field = Silence._meta.get_field("monitor")  # noqa: SLF001 - documented API
        widget = AutocompleteSelect(field, admin.site)
        super().__init__(Monitor.objects.all(), required=True, widget=widget, label="The other one")


class MergeForm(forms.Form):
    """Which other monitor is the same."""

    other = _MonitorChoice()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "merge_%s", **kwargs})
