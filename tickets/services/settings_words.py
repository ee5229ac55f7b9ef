"""What a row of settings sets, in words: the marks of lists and the warnings above forms."""

from __future__ import annotations

from typing import Any, Final

from mappings.models import PicklistValue
from tickets.domain.settings import (
    CHOICE_FIELDS,
    FLAG_FIELDS,
    NUMBER_FIELDS,
    PICK_FIELDS,
    REFERENCE_FIELDS,
    TEMPLATE_FIELDS,
    TEXT_FIELDS,
    Effective,
    EffectiveSettings,
)
from tickets.services.defaults_checks import inactive_warning

_VALUES: Final = {**PICK_FIELDS, **REFERENCE_FIELDS}
_PLAIN: Final = {
    **FLAG_FIELDS,
    **{name: title for name, (title, _) in NUMBER_FIELDS.items()},
    **{name: choice.title for name, choice in CHOICE_FIELDS.items()},
}
_TEXTS: Final = {**{name: f"{title} text" for name, title in TEMPLATE_FIELDS.items()}, **TEXT_FIELDS}

#: (CSS class, hover text, text)
Mark = tuple[str, str, str]


def list_marks(row: Any) -> list[Mark]:
    """Return a mark of each setting that a row of defaults, or a rule, sets; an inactive value is struck through.

    Args:
        row: with its pick list values, resource and role loaded.
    """
    found: list[Mark] = []
    for name, title in _VALUES.items():
        value = getattr(row, name)
        if value is not None:
            label = _label(value)
            hover = "" if value.is_active else inactive_warning(title, label)
            found.append(("" if value.is_active else "bridge-struck", hover, f"{title}: {label}"))
    found += [
        ("", "", f"{title}: {words}")
        for name, title in _PLAIN.items()
        if (words := _words(name, getattr(row, name)))
    ]
    for name, title in _TEXTS.items():
        if getattr(row, name):
            found.append(("", getattr(row, name), title))
    found += [("", template, f"UDF {name}") for name, template in row.ticket_udfs.items()]
    return found


def _words(name: str, value: Any) -> str:
    if value is None or value == "":
        return ""
    if name in FLAG_FIELDS:
        return "yes" if value else "no"
    if name in NUMBER_FIELDS:
        return f"{value:,}"
    return CHOICE_FIELDS[name].labels.get(value, str(value))


def list_inactive(row: Any) -> list[str]:
    """Return a warning for each value that Autotask no longer offers."""
    return [
        inactive_warning(title, _label(value))
        for name, title in _VALUES.items()
        if (value := getattr(row, name)) is not None and not value.is_active
    ]


def _label(value: Any) -> str:
    return str(value.label if isinstance(value, PicklistValue) else value.name)


def list_effective(settings: EffectiveSettings, *, is_security: bool) -> list[tuple[str, str, str, str]]:
    """Return (field, title, value in words, origin) of every setting but the texts.

    Args:
        settings: what a ticket gets.
        is_security: of a security monitor, whose tickets are never completed by themselves.
    """
    minutes, priority = settings.due_minutes, settings.priority
    rows = [
        (
            "create_ticket",
            "create a ticket",
            "yes" if settings.create_ticket.value else "no",
            settings.create_ticket.origin,
        ),
        ("priority", "priority", priority.value.label if priority.value else "", priority.origin),
        (
            "due_minutes",
            "due after",
            f"{minutes.value} min" if minutes.value is not None else "",
            minutes.origin if minutes.value is not None else "by priority",
        ),
    ]
    named: dict[str, Effective[Any]] = {**settings.picks, **settings.references}
    rows += [
        (name, title, named[name].value.label if named[name].value else "", named[name].origin)
        for name, title in _VALUES.items()
    ]
    plain: dict[str, Effective[Any]] = {**settings.flags, **settings.numbers, **settings.choices}
    for name, title in _PLAIN.items():
        if name == "complete_on_clear" and is_security:
            rows.append((name, title, "no", "security alerts are never closed by themselves"))
        else:
            rows.append((name, title, _words(name, plain[name].value), plain[name].origin))
    rows += [
        (name, title, settings.texts[name].value, settings.texts[name].origin)
        for name, title in TEXT_FIELDS.items()
    ]
    rows += [("ticket_udfs", f"UDF {name}", udf.value, udf.origin) for name, udf in settings.udfs.items()]
    return rows
