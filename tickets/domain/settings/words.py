"""Settings in a person's words: what each is called, what its value means, and all that apply as one table. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tickets.domain.settings.catalogue import (
    CHOICE_FIELDS,
    FLAG_FIELDS,
    NUMBER_FIELDS,
    PICK_FIELDS,
    REFERENCE_FIELDS,
    TEMPLATE_FIELDS,
    TEXT_FIELDS,
)
from tickets.domain.settings.rows import Effective, EffectiveSettings, PickRef, Reference

_OWN_TITLES: Final[Mapping[str, str]] = {
    "create_ticket": "create a ticket",
    "priority": "priority",
    "due_minutes": "due after (minutes)",
}
#: Group -> the settings in it, as people read them. What is named nowhere comes last, under "More".
GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "Ticket": (
        *("create_ticket", "queue", "priority", "status", "ticket_type", "ticket_category", "source"),
        *("due_minutes", "due_in_business_hours", "sla"),
    ),
    "Classification": ("issue_type", "sub_issue_type", "work_type"),
    "People and contract": ("resource", "role", "contact_choice", "contract_choice", "location_choice"),
    "Texts": ("title_template", "description_template", "runbook_url"),
    "Notes": ("write_first_note", "note_template", "note_type", "note_publish", "note_policy"),
    "Holding, repeating and related": (
        *("hold_off_minutes", "repeat_effect", "repeat_window_minutes", "reopened_status"),
        *("group_by_site", "related_group", "related_effect", "related_window_minutes"),
        *("escalate_after", "escalate_within_minutes", "escalated_priority", "escalated_queue"),
    ),
    "Closing": (
        *(
            "complete_on_clear",
            "clear_delay_minutes",
            "complete_touched",
            "completed_status",
            "cleared_status",
        ),
        *("touched_status", "note_on_clear", "resolve_on_complete", "resolve_delay_seconds"),
    ),
}
_REST: Final = "More"
_NOT_SET: Final = "not set"


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting that applies.

    Attributes:
        name: of the field of `tickets.models.settings`, for whoever edits it.
        origin: where it comes from; empty when nothing sets it.
        rule_id: of the rule that sets it.
        is_long: a text of several lines.
    """

    group: str
    name: str
    title: str
    value: str
    origin: str
    rule_id: int | None = None
    is_long: bool = False


def setting_title(name: str) -> str:
    """Return a setting's name as forms show it."""
    for titles in (_OWN_TITLES, PICK_FIELDS, FLAG_FIELDS, TEMPLATE_FIELDS, REFERENCE_FIELDS, TEXT_FIELDS):
        if name in titles:
            return titles[name]
    if name in NUMBER_FIELDS:
        return NUMBER_FIELDS[name][0]
    return CHOICE_FIELDS[name].title if name in CHOICE_FIELDS else name.replace("_", " ")


def setting_words(name: str, value: Any) -> str:
    """Return a setting's value in words."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, PickRef | Reference):
        return value.label
    if name in TEMPLATE_FIELDS:
        return str(value) if value else "the built-in text"
    if value is None or value == "":
        return "not used" if name in NUMBER_FIELDS else _NOT_SET
    if name in CHOICE_FIELDS:
        return CHOICE_FIELDS[name].labels.get(str(value), str(value))
    return str(value)


def list_settings(settings: EffectiveSettings) -> list[SettingRow]:
    """Return every setting that applies, with its origin, in groups."""
    found: dict[str, Effective[Any]] = {
        "create_ticket": settings.create_ticket,
        "priority": settings.priority,
        "due_minutes": settings.due_minutes,
        **settings.picks,
        **settings.references,
        **settings.choices,
        **settings.templates,
        **settings.texts,
        **settings.flags,
        **settings.numbers,
    }
    groups = {name: group for group, names in GROUPS.items() for name in names}
    order = [name for names in GROUPS.values() for name in names if name in found]
    order += [name for name in found if name not in groups]
    rows = [_row(groups.get(name, _REST), name, found[name]) for name in order]
    for name, template in settings.udfs.items():
        value, is_long = template.value, "\n" in template.value
        rows.append(
            SettingRow(
                "Ticket UDFs", f"udf:{name}", name, value, template.origin, template.rule_id, is_long=is_long
            )
        )
    return rows


def _row(group: str, name: str, found: Effective[Any]) -> SettingRow:
    value = setting_words(name, found.value)
    return SettingRow(
        group, name, setting_title(name), value, found.origin, found.rule_id, is_long="\n" in value
    )
