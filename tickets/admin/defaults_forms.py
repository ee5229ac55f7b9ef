"""Forms of ticket defaults: pick lists offer active values and the stored one; empty says what it inherits."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, Final

from django import forms
from django.db.models import Q, QuerySet
from django.forms.models import ModelChoiceIteratorValue
from unfold.widgets import (
    UnfoldAdminExpandableTextareaWidget,
    UnfoldAdminNullBooleanSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
)

from mappings.models import PicklistValue, WorkType
from tickets.domain.settings import FLAG_FIELDS, PICK_FIELDS, EffectiveSettings, PickRef
from tickets.models import PriorityDefaults, TicketDefaults
from tickets.services.defaults import PICKLISTS, Verdict, validate_defaults, validate_line

_TEXT_ROWS: Final = {"title_template": 2, "description_template": 14, "note_template": 8}


class PickSelect(UnfoldAdminSelectWidget):  # type: ignore[misc]  # the theme ships no types
    """A select whose options carry their pick list value and parent, so that sub-issues can follow the issue."""

    def create_option(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Add data attributes to an option."""
        option: dict[str, Any] = super().create_option(*args, **kwargs)
        chosen = getattr(option["value"], "instance", None)
        if isinstance(chosen, PicklistValue):
            option["attrs"]["data-value"] = str(chosen.value)
            if chosen.parent_value is not None:
                option["attrs"]["data-parent"] = str(chosen.parent_value)
            if not chosen.is_active:
                option["attrs"]["class"] = "bridge-inactive"
        return option


class _PickField(forms.ModelChoiceField[Any]):
    """A choice whose rows were read together with those of other fields.

    Args:
        values: what may be chosen; asked only when something was.
        rows: the same, as read already.
    """

    def __init__(
        self, values: QuerySet[Any], rows: Iterable[Any], *, title: str, help_text: str, empty: str
    ) -> None:
        super().__init__(
            values, required=False, label=title, help_text=help_text, empty_label=empty, widget=PickSelect()
        )
        self.choices = [
            ("", empty),
            *((ModelChoiceIteratorValue(one.pk, one), self.label_from_instance(one)) for one in rows),
        ]

    def label_from_instance(self, obj: Any) -> str:
        """Say of a value that Autotask no longer offers it."""
        label = obj.name if isinstance(obj, WorkType) else obj.label
        return str(label) if obj.is_active else f"{label} (inactive in Autotask, skipped)"


class TicketDefaultsForm(forms.ModelForm[TicketDefaults]):
    """Defaults of one monitor type, or of all.

    Attributes:
        inherited: what applies where this row is empty; set by the admin on a subclass.
        verdict: errors and warnings of the last check.
    """

    inherited: EffectiveSettings | None = None

    class Meta:
        model = TicketDefaults
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.verdict = Verdict()
        offered = self._read_rows()
        for name, title in PICK_FIELDS.items():
            if name in self.fields:
                self.fields[name] = self._pick_field(name, title, offered[name])
        for name in ("create_ticket", *FLAG_FIELDS):
            if name in self.fields:
                self._label_choices(name)
        for name, rows in _TEXT_ROWS.items():
            if name in self.fields:
                widget = (
                    UnfoldAdminExpandableTextareaWidget
                    if name == "title_template"
                    else UnfoldAdminTextareaWidget
                )
                self.fields[name].widget = widget(
                    attrs={
                        "rows": rows,
                        "spellcheck": "false",
                        "class": "bridge-code",
                        "placeholder": "Empty: as inherited",
                    }
                )
                self.fields[name].strip = False  # type: ignore[attr-defined]  # a CharField; blank lines are meant
        if "issue_type" in self.fields and self.inherited is not None:
            issue = self.inherited.pick("issue_type")
            self.fields["issue_type"].widget.attrs["data-inherited"] = str(issue.value) if issue else ""

    def clean(self) -> dict[str, Any] | None:
        """Check what only the whole row can tell, against what is stored."""
        cleaned = super().clean()
        candidate = TicketDefaults(pk=self.instance.pk, monitor_type_id=self.instance.monitor_type_id)
        for name, value in (cleaned or {}).items():
            if name in self.fields:
                setattr(candidate, name, value)
        stored = TicketDefaults.objects.filter(pk=self.instance.pk).first()
        self.verdict = validate_defaults(candidate, stored)
        for name, messages in self.verdict.errors.items():
            for message in messages:
                self.add_error(name if name in self.fields else None, message)
        return cleaned

    def _usable(self, name: str) -> QuerySet[Any]:
        usable = Q(is_active=True) | Q(pk=getattr(self.instance, f"{name}_id"))
        if name == "work_type":
            return WorkType.objects.filter(usable)
        entity, rest_field = PICKLISTS[name]
        return PicklistValue.objects.filter(usable, entity=entity, field=rest_field)

    def _read_rows(self) -> dict[str, list[Any]]:
        """Return what each field offers; two queries for all of them."""
        names = [name for name in PICK_FIELDS if name in self.fields]
        wanted = Q(pk__in=[])
        for name in names:
            if name != "work_type":
                entity, rest_field = PICKLISTS[name]
                wanted |= Q(entity=entity, field=rest_field)
        stored = {getattr(self.instance, f"{name}_id") for name in names if name != "work_type"} - {None}
        usable = Q(is_active=True) | Q(pk__in=stored)
        by_list: dict[tuple[str, str], list[PicklistValue]] = {}
        for value in PicklistValue.objects.filter(wanted, usable):
            by_list.setdefault((value.entity, value.field), []).append(value)
        rows: dict[str, list[Any]] = {}
        for name in names:
            if name == "work_type":
                rows[name] = list(self._usable(name))
                continue
            own = getattr(self.instance, f"{name}_id")
            # An inactive value that another field of the same list has stored is none of this one's.
            rows[name] = [one for one in by_list.get(PICKLISTS[name], []) if one.is_active or one.pk == own]
        return rows

    def _pick_field(self, name: str, title: str, rows: Iterable[Any]) -> _PickField:
        help_text = self.fields[name].help_text
        return _PickField(
            self._usable(name),
            rows,
            title=title[0].upper() + title[1:],
            help_text=str(help_text),
            empty=self._empty_label(name),
        )

    def _empty_label(self, name: str) -> str:
        if self.inherited is None:
            return "Not set"
        return describe_empty(self.inherited.picks[name].value, self.inherited.picks[name].origin)

    def _label_choices(self, name: str) -> None:
        widget = UnfoldAdminNullBooleanSelectWidget()
        empty = "As inherited"
        if self.inherited is not None:
            source = self.inherited.create_ticket if name == "create_ticket" else self.inherited.flags[name]
            empty = f"{'Yes' if source.value else 'No'} ({source.origin})"
            if name == "create_ticket" and self.instance.monitor_type_id is None:
                empty = "Yes, but not for Information (built-in)"
        widget.choices = [("unknown", empty), ("true", "Yes"), ("false", "No")]
        self.fields[name].widget = widget


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
            self.fields["ticket_priority"] = _PickField(
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


def describe_empty(value: PickRef | None, origin: str) -> str:
    """Return what an empty choice means."""
    if value is None:
        return "Not set"
    return f"{value.label} ({origin})"
