"""The forms of field mappings: a mapping, and a new user-defined field."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.utils.functional import lazy
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
)

from mappings.domain.devices.dattofields import DATTO_FIELDS
from mappings.domain.devices.transforms import TRANSFORMS, StepError, read_steps
from mappings.models import ConfigurationItemCategory, Device, FieldMap, FieldMapValue
from mappings.models.devicerules import DATTO_UDF_COUNT
from mappings.services.devices.fieldmaps import check_map
from mappings.services.devices.udf_set import CREATABLE, NAME_LENGTH
from mappings.services.udf_labels import name_udf, read_labels

CLASSES = (
    ("device", "Computers"),
    ("printer", "Printers"),
    ("esxihost", "ESXi hosts"),
    ("rmmnetworkdevice", "Network devices"),
    ("unknown", "Unknown"),
)


def source_choices() -> list[Any]:
    """Return the sources a mapping can have, in two groups."""
    labels = read_labels()
    return [
        ("", "Choose a source"),
        ("Device fields", [(f"field:{one.name}", one.label) for one in DATTO_FIELDS.values()]),
        ("Datto RMM UDFs", [(f"udf:{n}", name_udf(n, labels)) for n in range(1, DATTO_UDF_COUNT + 1)]),
    ]


def step_specification() -> list[dict[str, Any]]:
    """Return the steps there are, for the form's script."""
    return [
        {
            "name": one.name,
            "label": one.label,
            "arguments": [
                {
                    "name": argument.name,
                    "label": argument.label,
                    "kind": argument.kind.value,
                    "required": argument.is_required,
                    "default": list(argument.default)
                    if isinstance(argument.default, tuple)
                    else argument.default,
                    "least": argument.least,
                    "most": argument.most,
                    "choices": list(argument.choices),
                }
                for argument in one.arguments
            ],
        }
        for one in TRANSFORMS.values()
    ]


class StepsField(forms.JSONField):
    """The steps: stored as JSON, edited as rows by the page's script."""

    widget = UnfoldAdminTextareaWidget(attrs={"rows": 4, "data-steps": "", "spellcheck": "false"})

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.widget.attrs["data-specification"] = lazy(lambda: json.dumps(step_specification()), str)()

    def prepare_value(self, value: Any) -> Any:
        """Return the text to edit; a new mapping has no steps."""
        return super().prepare_value([] if value is None else value)

    def clean(self, value: Any) -> Any:
        """Return the steps as they are stored.

        Raises:
            ValidationError: names the step, the argument and the cure.
        """
        try:
            steps = super().clean(value) or []
        except forms.ValidationError:
            raise forms.ValidationError(
                'Steps: cannot be read. Write a list such as [{"name": "trim"}].'
            ) from None
        try:
            read_steps(steps)
        except StepError as error:
            raise forms.ValidationError(str(error)) from None
        return steps


class FieldMapForm(forms.ModelForm[FieldMap]):
    """A mapping. Source is one choice, so that it can be neither missing nor double."""

    source = forms.ChoiceField(
        widget=UnfoldAdminSelectWidget,
        help_text="A field of the device works without any preparation; a UDF is what you or a component fills.",
    )
    transforms = StepsField(
        required=False, label="Steps", help_text="Done in order. Without any, the value is taken as it is."
    )
    device_classes = forms.MultipleChoiceField(
        choices=CLASSES,
        required=False,
        label="only classes",
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="None ticked: all.",
    )
    trial_device = forms.ModelChoiceField(
        Device.objects.all(),
        required=False,
        label="Device",
        help_text="Shows below what this mapping would do to it. Nothing is written.",
        widget=AutocompleteSelect(FieldMapValue._meta.get_field("device"), admin.site),  # noqa: SLF001 - documented API
    )

    class Meta:
        model = FieldMap
        fields = (
            "name",
            "is_active",
            "udf",
            "direction",
            "transforms",
            "empty_policy",
            "is_volatile",
            "device_classes",
            "datto_category",
            "sites",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A list: a function would be asked anew each time the choices are gone through.
        source: Any = self.fields["source"]
        source.choices = source_choices()
        if self.instance.pk:
            number, name = self.instance.datto_udf_index, self.instance.datto_field
            self.fields["source"].initial = f"udf:{number}" if number else f"field:{name}"

    def clean(self) -> dict[str, Any]:
        """Check the mapping as a whole.

        Raises:
            ValidationError: on the field that has to change.
        """
        values = super().clean() or self.cleaned_data
        kind, _, what = str(values.get("source", "")).partition(":")
        if kind:
            self.instance.datto_udf_index = int(what) if kind == "udf" else None
            self.instance.datto_field = what if kind == "field" else ""
        direction = values.get("direction")
        if kind == "field" and direction and direction != FieldMap.Direction.TO_AUTOTASK:
            self.add_error(
                "direction",
                "A device field can only be read from Datto RMM. Choose 'To Autotask', or a Datto RMM UDF as source.",
            )
        if not {"source", "udf", "direction", "transforms"} <= values.keys() or self.errors:
            return values
        for name in ("udf", "direction", "transforms"):
            setattr(self.instance, name, values[name])
        for problem in check_map(self.instance):
            if problem.is_fatal:
                name = "source" if problem.field in {"datto_field", "datto_udf_index"} else problem.field
                self.add_error(name, problem.text)
        is_writer = values.get("is_active") and direction != FieldMap.Direction.FROM_AUTOTASK
        if is_writer and "udf" in values:
            twin = (
                FieldMap.objects.filter(udf=values["udf"], is_active=True)
                .exclude(direction=FieldMap.Direction.FROM_AUTOTASK)
                .exclude(pk=self.instance.pk)
                .first()
            )
            if twin is not None:
                self.add_error(
                    "udf",
                    f"The mapping '{twin}' writes {values['udf'].name} already. Switch it off or change it.",
                )
        return values


class NewUdfForm(forms.Form):
    """A user-defined field to be created in Autotask."""

    name = forms.CharField(
        max_length=NAME_LENGTH,
        help_text=f"As people read it in Autotask, at most {NAME_LENGTH} characters. It must not be taken.",
    )
    kind = forms.ChoiceField(
        label="Type", choices=list(CREATABLE.items()), help_text="Cannot be changed later."
    )
    list_values = forms.CharField(
        label="List values",
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Only for a list: one a line.",
    )
    categories = forms.ModelMultipleChoiceField(
        ConfigurationItemCategory.objects.filter(is_active=True),
        widget=forms.CheckboxSelectMultiple,
        help_text="Configuration items of these categories will have the field. Those of your devices are ticked.",
    )


class TrialForm(forms.Form):
    """Which device to try all mappings on."""

    device = forms.ModelChoiceField(
        Device.objects.all(),
        widget=AutocompleteSelect(FieldMapValue._meta.get_field("device"), admin.site),  # noqa: SLF001 - documented API
    )
