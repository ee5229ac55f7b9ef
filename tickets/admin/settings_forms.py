"""The form of settings, for ticket defaults and rules alike: pick lists offer active values; empty says what it inherits."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from copy import copy
from typing import Any, Final

from django import forms
from django.db.models import Q, QuerySet
from django.utils.html import format_html, format_html_join
from unfold.widgets import (
    UnfoldAdminExpandableTextareaWidget,
    UnfoldAdminNullBooleanSelectWidget,
    UnfoldAdminTextareaWidget,
)

from mappings.models import PicklistValue, Resource, Role, WorkType
from tickets.admin.settings_fields import PickField, UdfRowsField, UdfRowsWidget
from tickets.admin.settings_offer import Offer
from tickets.domain.settings import (
    CHOICE_FIELDS,
    FLAG_FIELDS,
    NUMBER_FIELDS,
    PICK_FIELDS,
    REFERENCE_FIELDS,
    EffectiveSettings,
    PickRef,
    Reference,
)
from tickets.models.settings import TicketSettings
from tickets.services.defaults import PICKLISTS
from tickets.services.defaults_checks import Verdict, validate_defaults

_TEXT_ROWS: Final = {"title_template": 2, "description_template": 14, "note_template": 8}

#: Title, what it is about, fields. A row of the page is a field, or two that belong together.
SECTIONS: Final[tuple[tuple[str, str, tuple[str | tuple[str, ...], ...]], ...]] = (
    (
        "Ticket",
        "",
        ("create_ticket", "queue", "ticket_type", "ticket_category", "source", "status"),
    ),
    ("Classification", "", ("issue_type", "sub_issue_type", "work_type", "sla")),
    (
        "People",
        "Who gets the ticket, and what of the organization goes with it.",
        ("resource", "role", "contact_choice", "location_choice", "contract_choice"),
    ),
    ("Time", "", ("hold_off_minutes", "due_in_business_hours")),
    ("Texts", "", ("title_template", "description_template", "runbook_url", "ticket_udfs")),
    ("First note", "", ("write_first_note", "note_template", "note_type", "note_publish")),
    (
        "Repeating and related",
        "What becomes of an alert whose trouble is on a ticket already, and of others near it.",
        (
            "note_policy", "repeat_effect", "repeat_window_minutes", "escalate_after", "escalate_within_minutes",
            "escalated_priority", "escalated_queue", "related_group", "related_effect", "related_window_minutes",
        ),
    ),
    ("Storm", "", ("group_by_site",)),
    (
        "Closing",
        "When the alert clears in Datto RMM.",
        (
            "complete_on_clear", "clear_delay_minutes", "complete_touched", "completed_status", "cleared_status",
            "touched_status", "reopened_status", "note_on_clear",
        ),
    ),
    (
        "Close-back",
        "When a technician completes the ticket in Autotask.",
        ("resolve_on_complete", "resolve_delay_seconds"),
    ),
)  # fmt: skip
#: These are open even when nothing in them is set.
_ALWAYS_OPEN: Final = frozenset({"Ticket", "Classification"})


def settings_fieldsets(
    row: TicketSettings | None,
    *,
    only: Collection[str] | None = None,
    extra: Mapping[str, Sequence[str]] | None = None,
) -> list[tuple[str, dict[str, Any]]]:
    """Return the sections of the page; those that set nothing are closed, and Django opens those with an error.

    Args:
        row: as stored; None for a new one.
        only: fields to show; all when left out.
        extra: title of a section -> fields of this page alone, put before its own.
    """
    found = []
    for title, description, fields in SECTIONS:
        shown = [*(extra or {}).get(title, ()), *(name for name in fields if only is None or name in only)]
        if not shown:
            continue
        count = sum(is_set(row, str(name)) for name in shown)
        options: dict[str, Any] = {"fields": shown}
        if description:
            options["description"] = description
        if not count and title not in _ALWAYS_OPEN:
            options["classes"] = ["collapse"]
        found.append((f"{title} · {count} set" if count else title, options))
    return found


def is_set(row: Any, name: str) -> bool:
    """Return whether a row sets a field itself."""
    if row is None:
        return False
    return getattr(row, row._meta.get_field(name).attname) not in (None, "", {}, [])  # noqa: SLF001 - documented API


class TicketSettingsForm(forms.ModelForm[Any]):
    """Settings of a row of defaults, or of a rule.

    Attributes:
        inherited: what applies where this row is empty; set by the admin on a subclass.
        offer: what can be chosen; likewise.
        by_priority: what is said of whether there is a ticket, where nothing but the priority decides.
        verdict: errors and warnings of the last check.
    """

    inherited: EffectiveSettings | None = None
    offer: Offer
    by_priority = "As All monitor types say for the alert's priority"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.verdict = Verdict()
        self._offer_values()
        for name in ("create_ticket", *FLAG_FIELDS):
            if name in self.fields:
                self._label_flag(name)
        for name in CHOICE_FIELDS:
            if name in self.fields:
                self._label_choice(name)
        for name in NUMBER_FIELDS:
            if name in self.fields:
                self.fields[name].widget.attrs["placeholder"] = self._describe_number(name)
        self._prepare_texts()
        self._prepare_udfs()
        if "issue_type" in self.fields and self.inherited is not None:
            issue = self.inherited.pick("issue_type")
            self.fields["issue_type"].widget.attrs["data-inherited"] = str(issue.value) if issue else ""

    def clean(self) -> dict[str, Any] | None:
        """Check what only the whole row can tell, against what is stored."""
        cleaned = super().clean()
        candidate = copy(self.instance)
        for name, value in (cleaned or {}).items():
            if name in self.fields:
                setattr(candidate, name, value)
        stored = self._meta.model._default_manager.filter(pk=self.instance.pk).first()  # noqa: SLF001 - documented API
        self.verdict = validate_defaults(candidate, stored)
        for name, messages in self.verdict.errors.items():
            for message in messages:
                self.add_error(name if name in self.fields else None, message)
        return cleaned

    def _offer_values(self) -> None:
        titles = {**PICK_FIELDS, **REFERENCE_FIELDS}
        for name, title in titles.items():
            if name not in self.fields:
                continue
            stored = getattr(self.instance, f"{name}_id")
            self.fields[name] = PickField(
                self._usable(name, stored),
                self.offer.of_field(name, stored),
                title=title[0].upper() + title[1:],
                help_text=str(self.fields[name].help_text),
                empty=self._describe_empty(name),
                roles=self.offer.people.roles_of if name == "resource" else None,
            )

    def _usable(self, name: str, stored: int | None) -> QuerySet[Any]:
        usable = Q(is_active=True) | Q(pk=stored)
        models: dict[str, Any] = {"work_type": WorkType, "resource": Resource, "role": Role}
        if name in models:
            return models[name]._default_manager.filter(usable)  # type: ignore[no-any-return]  # noqa: SLF001 - documented API
        entity, rest_field = PICKLISTS[name]
        return PicklistValue.objects.filter(usable, entity=entity, field=rest_field)

    def _describe_empty(self, name: str) -> str:
        if self.inherited is None:
            return "Not set"
        found: Any = self.inherited.picks.get(name) or self.inherited.references[name]
        return describe_empty(found.value, found.origin)

    def _label_flag(self, name: str) -> None:
        widget = UnfoldAdminNullBooleanSelectWidget()
        empty = "As inherited"
        if self.inherited is not None:
            source = self.inherited.create_ticket if name == "create_ticket" else self.inherited.flags[name]
            empty = f"{'Yes' if source.value else 'No'} ({source.origin})"
            if name == "create_ticket" and source.origin == "built-in":
                empty = self.by_priority
        widget.choices = [("unknown", empty), ("true", "Yes"), ("false", "No")]
        self.fields[name].widget = widget

    def _label_choice(self, name: str) -> None:
        empty = "As inherited"
        if self.inherited is not None:
            source = self.inherited.choices[name]
            words = CHOICE_FIELDS[name].labels.get(source.value, source.value)
            empty = f"{words[:1].upper()}{words[1:]} ({source.origin})"
        field: Any = self.fields[name]
        field.choices = [
            ("", empty),
            *(
                (str(key), f"{words[:1].upper()}{words[1:]}")
                for key, words in CHOICE_FIELDS[name].labels.items()
            ),
        ]

    def _describe_number(self, name: str) -> str:
        if self.inherited is None:
            return "As inherited"
        source = self.inherited.numbers[name]
        return f"{'Not used' if source.value is None else f'{source.value:,}'} ({source.origin})"

    def _prepare_texts(self) -> None:
        for name, rows in _TEXT_ROWS.items():
            if name not in self.fields:
                continue
            is_title = name == "title_template"
            widget = UnfoldAdminExpandableTextareaWidget if is_title else UnfoldAdminTextareaWidget
            self.fields[name].widget = widget(
                attrs={
                    "rows": rows,
                    "spellcheck": "false",
                    "class": "bridge-code",
                    "placeholder": self._describe_text(name),
                }
            )
            self.fields[name].strip = False  # type: ignore[attr-defined]  # a CharField; blank lines are meant
        if "runbook_url" in self.fields:
            placeholder = "https://"
            if self.inherited is not None and self.inherited.texts["runbook_url"].value:
                source = self.inherited.texts["runbook_url"]
                placeholder = f"{source.value} ({source.origin})"
            self.fields["runbook_url"].widget.attrs["placeholder"] = placeholder

    def _describe_text(self, name: str) -> str:
        if self.inherited is None:
            return "Empty: as inherited"
        origin = self.inherited.templates[name].origin
        return "Empty: the built-in text" if origin in {"", "built-in"} else f"Empty: the text of {origin}"

    def _prepare_udfs(self) -> None:
        if "ticket_udfs" not in self.fields:
            return
        old = self.fields["ticket_udfs"]
        widget = UdfRowsWidget()
        stored = self.instance.ticket_udfs
        widget.udfs = [one for one in self.offer.udfs if one.is_active or one.name in stored]
        inherited = self.inherited.udfs if self.inherited is not None else {}
        help_text = (
            "The value is text or a template with the variables of texts. Choose nothing to remove a row."
        )
        if inherited:
            help_text = format_html(
                "{} Inherited unless set here: {}.",
                help_text,
                format_html_join(
                    "; ",
                    "{}: <code>{}</code> ({})",
                    ((name, source.value, source.origin) for name, source in inherited.items()),
                ),
            )
        self.fields["ticket_udfs"] = UdfRowsField(
            required=False, label=old.label, help_text=help_text, widget=widget
        )


def describe_empty(value: PickRef | Reference | None, origin: str) -> str:
    """Return what an empty choice means."""
    if value is None:
        return "Not set"
    return f"{value.label} ({origin})"
