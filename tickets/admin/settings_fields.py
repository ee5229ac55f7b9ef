"""Fields of settings: choices that know what belongs together, and an editor of ticket UDFs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.db.models import QuerySet
from django.forms.models import ModelChoiceIteratorValue
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from unfold.widgets import INPUT_CLASSES, SELECT_CLASSES, UnfoldAdminSelectWidget

from mappings.models import PicklistValue, Resource, TicketUdf

#: Empty rows offered below those that are set; the page's script adds more.
_SPARE_ROWS: Final = 2


class PickSelect(UnfoldAdminSelectWidget):  # type: ignore[misc]  # the theme ships no types
    """A select whose options say what belongs to them, so that sub-issues follow the issue, and roles the resource.

    Attributes:
        roles: primary key of a resource -> those of its roles.
    """

    roles: Mapping[int, Sequence[int]] = {}

    def create_option(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Add data attributes to an option."""
        option: dict[str, Any] = super().create_option(*args, **kwargs)
        chosen = getattr(option["value"], "instance", None)
        if isinstance(chosen, PicklistValue):
            option["attrs"]["data-value"] = str(chosen.value)
            if chosen.parent_value is not None:
                option["attrs"]["data-parent"] = str(chosen.parent_value)
        if isinstance(chosen, Resource):
            option["attrs"]["data-roles"] = " ".join(map(str, self.roles.get(chosen.pk, ())))
        if chosen is not None and not chosen.is_active:
            option["attrs"]["class"] = "bridge-inactive"
        return option


class PickField(forms.ModelChoiceField[Any]):
    """A choice whose rows were read together with those of other fields.

    Args:
        values: what may be chosen; asked only when something was.
        rows: the same, as read already.
        roles: of resources, see `PickSelect`.
    """

    def __init__(
        self,
        values: QuerySet[Any],
        rows: Iterable[Any],
        *,
        title: str,
        help_text: str,
        empty: str,
        roles: Mapping[int, Sequence[int]] | None = None,
    ) -> None:
        widget = PickSelect()
        widget.roles = roles or {}
        super().__init__(
            values, required=False, label=title, help_text=help_text, empty_label=empty, widget=widget
        )
        self.choices = [
            ("", empty),
            *((ModelChoiceIteratorValue(one.pk, one), self.label_from_instance(one)) for one in rows),
        ]

    def label_from_instance(self, obj: Any) -> str:
        """Say of a value that Autotask no longer offers it."""
        label = obj.label if isinstance(obj, PicklistValue) else obj.name
        return str(label) if obj.is_active else f"{label} (inactive in Autotask, skipped)"


@dataclass(frozen=True, slots=True)
class UdfRow:
    """A line of the editor: a UDF and the template of its value."""

    name: str = ""
    template: str = ""


class UdfRowsWidget(forms.Widget):
    """Rows of a UDF's name, chosen, and the template of its value, typed.

    Attributes:
        udfs: what can be chosen.
    """

    udfs: Sequence[TicketUdf] = ()

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        """Return the editor as HTML."""
        del renderer
        rows = list(value or [])
        context = {
            "name": name,
            "id": (attrs or {}).get("id", f"id_{name}"),
            "rows": [*rows, *([UdfRow()] * _SPARE_ROWS)],
            "udfs": self.udfs,
            "missing": {row.name for row in rows} - {udf.name for udf in self.udfs} - {""},
            "input_classes": " ".join(INPUT_CLASSES),
            "select_classes": " ".join(SELECT_CLASSES),
        }
        return render_to_string("tickets/udf_rows.html", context)

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[UdfRow]:
        """Return the rows as typed, without empty ones."""
        del files
        names, templates = _list(data, f"{name}-name"), _list(data, f"{name}-template")
        rows = [UdfRow(one.strip(), text.strip()) for one, text in zip(names, templates, strict=False)]
        return [row for row in rows if row.name or row.template]

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        """An editor without a row says that nothing is set."""
        del files
        return f"{name}-name" not in data

    def id_for_label(self, id_: str) -> str:
        """The label names the first row's choice."""
        return f"{id_}_0"


def _list(data: Any, name: str) -> list[str]:
    found = data.getlist(name) if hasattr(data, "getlist") else data.get(name, [])
    return [found] if isinstance(found, str) else list(found)


class UdfRowsField(forms.Field):
    """Name of a ticket UDF -> template of its value."""

    widget = UdfRowsWidget

    def prepare_value(self, value: Any) -> list[UdfRow]:
        """Return the rows to show."""
        if isinstance(value, Mapping):
            return [UdfRow(str(name), str(template)) for name, template in value.items()]
        return list(value or [])

    def clean(self, value: Any) -> dict[str, str]:
        """Return what is stored.

        Raises:
            ValidationError: names the row and the cure.
        """
        found: dict[str, str] = {}
        for row in value or []:
            if not row.name:
                raise forms.ValidationError(f"Choose the UDF that gets '{row.template}', or empty its value.")
            if not row.template:
                raise forms.ValidationError(
                    f"{row.name}: type the value, or choose nothing to leave the UDF as it is inherited."
                )
            if row.name in found:
                raise forms.ValidationError(f"{row.name} is there twice. Remove one of its rows.")
            found[row.name] = row.template
        return found

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare what is stored with what is typed."""
        typed = [(row.name, row.template) for row in data or []]
        return typed != list((initial or {}).items())
