"""The columns a draft may change: how their values travel as JSON, and how people read them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Any, Final

from django.db import models

from tickets.models import AlertPolicy, PriorityDefaults, TicketDefaults, TicketRule

_NOT_SET_BY_PEOPLE: Final = {
    "id", "updated_at", "created_at", "created_by", "defaults", "alert_priority",
}  # fmt: skip
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def _columns(model: type[models.Model], *without: str) -> dict[str, models.Field[Any, Any]]:
    left_out = {*_NOT_SET_BY_PEOPLE, *without}
    return {field.name: field for field in model._meta.concrete_fields if field.name not in left_out}  # noqa: SLF001 - Django's documented API


RULE_FIELDS: Final = _columns(TicketRule)
DEFAULTS_FIELDS: Final = _columns(TicketDefaults, "monitor_type")
LINE_FIELDS: Final = _columns(PriorityDefaults)
POLICY_FIELDS: Final = _columns(AlertPolicy)


class RowGone(LookupError):  # noqa: N818 - a fact, not a fault
    """Something a draft names is not there any more; the text says what."""


class Related:
    """Finds the rows that drafts refer to by primary key; each is read once."""

    def __init__(self) -> None:
        self._found: dict[tuple[type[models.Model], Any], models.Model] = {}

    def get(self, field: models.ForeignKey[Any, Any], pk: Any) -> models.Model:
        """Return the row.

        Raises:
            RowGone: it is not there.
        """
        model = field.related_model
        assert not isinstance(model, str)  # noqa: S101 - models are loaded
        key = (model, pk)
        if key not in self._found:
            row = model._default_manager.filter(pk=pk).first()  # noqa: SLF001 - as above
            if row is None:
                raise RowGone(f"The {title_of(field)} it names is not known any more. Make the draft again.")
            self._found[key] = row
        return self._found[key]


def title_of(field: models.Field[Any, Any]) -> str:
    """Return a column as people read it."""
    return str(field.verbose_name)


def empty_of(field: models.Field[Any, Any]) -> Any:
    """Return what a column holds when nothing is set."""
    if isinstance(field, models.JSONField):
        return field.get_default()
    if isinstance(field, models.CharField | models.TextField):
        return ""
    return None if field.null else field.get_default()


def read_json(row: models.Model, field: models.Field[Any, Any]) -> Any:
    """Return a row's value as JSON holds it: a relation by its primary key, a time as text."""
    value = getattr(row, field.attname)
    return value.isoformat("minutes") if isinstance(value, time) else value


def set_value(row: models.Model, field: models.Field[Any, Any], value: Any, related: Related) -> None:
    """Put a JSON value into a row; None and "" empty it.

    Raises:
        RowGone: a relation's row is not there.
    """
    if value is None or value == "":
        setattr(row, field.name, empty_of(field))
    elif isinstance(field, models.ForeignKey):
        setattr(row, field.name, related.get(field, value))
    elif isinstance(field, models.TimeField) and isinstance(value, str):
        setattr(row, field.name, time.fromisoformat(value))
    else:
        setattr(row, field.name, value)


def differences(
    row: models.Model, stored: models.Model | None, fields: Mapping[str, models.Field[Any, Any]]
) -> dict[str, Any]:
    """Return the JSON values of a row that differ from the stored one, or from an empty one."""
    before = stored if stored is not None else type(row)()
    return {
        name: read_json(row, field)
        for name, field in fields.items()
        if read_json(row, field) != read_json(before, field)
    }


def show_value(row: models.Model, field: models.Field[Any, Any]) -> str:
    """Return a row's value in words; empty for what is not set."""
    value = getattr(row, field.name)
    if value is None or value in ("", [], {}):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if field.name == "weekdays":
        return ", ".join(_DAYS[day] for day in value)
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return ", ".join(f"{name}: {text}" for name, text in value.items())
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(value, time):
        return f"{value:%H:%M}"
    return str(value)
