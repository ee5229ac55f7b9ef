"""Values of a rules file: from what people write, names and words, to what a draft keeps."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from django.db import models

from mappings.models import Company, Device, PicklistValue, Resource, Role, Site, WorkType
from mappings.models import ConfigurationItemCategory as Category
from tickets.domain.yaml_lines import Value
from tickets.models import AlertPriority, Monitor, MonitorType
from tickets.services.draft_fields import title_of

#: Column -> what it is called in a file, where that differs.
FRIENDLY: Final = {
    "company": "organization",
    "own_company": "own_organization",
    "item_category": "configuration_item_category",
    "start_time": "from",
    "end_time": "to",
    "is_outside_hours": "outside_hours",
    "is_active": "active",
}
_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LONGEST_LISTING: Final = 6
#: What the columns hold in every database.
_MOST_SMALL: Final = 32_767
_MOST: Final = 2_147_483_647
_NUMBER: Final = re.compile(r"#[0-9]{1,18}")

#: Model -> (columns that may be written, the one that tells two of the same name apart).
_NAMES: Final[dict[type[models.Model], tuple[tuple[str, ...], str]]] = {
    Company: (("name",), "autotask_company_id"),
    Site: (("name", "datto_site_uid"), "datto_site_uid"),
    Device: (("hostname", "datto_device_uid"), "datto_device_uid"),
    Monitor: (("name", "label", "typed_key"), "pk"),
    MonitorType: (("slug", "name"), "slug"),
    Category: (("name",), "autotask_category_id"),
    WorkType: (("name",), "autotask_billing_code_id"),
    Resource: (("name",), "autotask_resource_id"),
    Role: (("name",), "autotask_role_id"),
    PicklistValue: (("label",), "value"),
}
#: Column of the alert policy -> pick list whose values it holds.
_VALUE_LISTS: Final = {
    "done_statuses": "status",
    "protected_statuses": "status",
    "protected_queues": "queueID",
    "protected_types": "ticketType",
}


class BadValue(ValueError):  # noqa: N818 - a person's text, not a fault
    """The value cannot be used; the text says why and what to write instead."""


def file_name(column: str) -> str:
    """Return what a column is called in a file."""
    return FRIENDLY.get(column, column)


def read_value(field: models.Field[Any, Any], value: Value, *, parent: int | None = None) -> Any:
    """Return a value as a draft keeps it; None for an empty one.

    Args:
        field: the column.
        value: as written.
        parent: of a sub-issue type, the value of the issue type beside it.

    Raises:
        BadValue: it does not fit.
    """
    if value.is_empty:
        return None
    if isinstance(field, models.ForeignKey):
        return _relation(field, value, parent)
    return _reader(field)(field, value)


def _reader(field: models.Field[Any, Any]) -> Callable[[models.Field[Any, Any], Value], Any]:
    if field.name == "ticket_udfs":
        return _texts
    if isinstance(field, models.JSONField):
        return _list
    if isinstance(field, models.BooleanField):
        return _flag
    if isinstance(field, models.IntegerField):
        return _number
    if isinstance(field, models.TimeField):
        return _time
    return _choice if field.choices else _text


def _flag(field: models.Field[Any, Any], value: Value) -> bool:
    del field
    if not isinstance(value.data, bool):
        raise BadValue("Write yes or no.")
    return value.data


def _number(field: models.Field[Any, Any], value: Value) -> int:
    if isinstance(value.data, bool) or not isinstance(value.data, int) or value.data < 0:
        raise BadValue("Write a whole number, 0 or more.")
    most = _MOST_SMALL if isinstance(field, models.PositiveSmallIntegerField) else _MOST
    if value.data > most:
        raise BadValue(f"Write at most {most}.")
    return value.data


def _time(field: models.Field[Any, Any], value: Value) -> str:
    del field
    hour, _, minute = value.text.partition(":")
    if not (hour.isdecimal() and minute.isdecimal() and int(hour) < 24 and int(minute) < 60):  # noqa: PLR2004 - a clock
        raise BadValue("Write a time such as 22:00.")
    return f"{int(hour):02}:{int(minute):02}"


def _text(field: models.Field[Any, Any], value: Value) -> str:
    if value.is_list or value.is_mapping:
        raise BadValue("Write a text.")
    longest = getattr(field, "max_length", None)
    if longest is not None and len(value.text) > longest:
        raise BadValue(f"It is longer than {longest} characters. Shorten it.")
    return value.text


def _choice(field: models.Field[Any, Any], value: Value) -> str:
    wanted = _text(field, value).casefold()
    for key, words in field.flatchoices:
        if wanted in (str(key).casefold(), str(words).casefold()):
            return str(key)
    keys = ", ".join(str(key) for key, _ in field.flatchoices if key)
    raise BadValue(f"{value.text!r} is none of its choices. Write one of: {keys}.")


def _texts(field: models.Field[Any, Any], value: Value) -> dict[str, str]:
    del field
    if not value.is_mapping or any(one.is_list or one.is_mapping for one in value.data.values()):
        raise BadValue("Write one line for each: the UDF's name, a colon and the template of its value.")
    return {name: one.text for name, one in value.data.items()}


def _list(field: models.Field[Any, Any], value: Value) -> list[Any]:
    if not value.is_list or any(one.is_list or one.is_mapping for one in value.data):
        raise BadValue("Write a list, such as [one, another].")
    return [_item(field.name, one.text) for one in value.data]


def _item(column: str, text: str) -> Any:
    if column == "alert_priorities":
        for priority in AlertPriority.values:
            if priority.casefold() == text.casefold():
                return priority
        raise BadValue(
            f"{text!r} is no priority of Datto RMM. Write one of: {', '.join(AlertPriority.values)}."
        )
    if column == "weekdays":
        if text.casefold()[:3] in _DAYS:
            return _DAYS.index(text.casefold()[:3])
        raise BadValue(f"{text!r} is no day. Write Mon, Tue, Wed, Thu, Fri, Sat or Sun.")
    if column in _VALUE_LISTS:
        rows = PicklistValue.objects.filter(entity="Tickets", field=_VALUE_LISTS[column])
        return find_row(rows, text, _VALUE_LISTS[column]).value
    if column == "rule_resources":
        return find_row(Resource.objects.all(), text, "resource").autotask_resource_id
    return text


def _relation(field: models.ForeignKey[Any, Any], value: Value, parent: int | None) -> Any:
    if value.is_list or value.is_mapping:
        raise BadValue("Write one name.")
    model: Any = field.related_model
    rows = model._default_manager.complex_filter(field.get_limit_choices_to() or {})  # noqa: SLF001 - Django's documented API
    if field.name == "sub_issue_type" and parent is not None:
        rows = rows.filter(parent_value=parent)
    return find_row(rows, value.text, title_of(field)).pk


def find_row(rows: models.QuerySet[Any], text: str, title: str) -> Any:
    """Return the row of a name; an active one before one that is not.

    Raises:
        BadValue: none, or several, have it.
    """
    columns, unique = _NAMES[rows.model]
    wanted = models.Q()
    for column in columns:
        wanted |= models.Q(**{f"{column}__iexact": text})
    found = list(rows.filter(wanted).order_by("pk")[: _LONGEST_LISTING + 1])
    active = [
        row for row in found if getattr(row, "is_active", True) and not getattr(row, "is_missing", False)
    ]
    found = active or found
    if not found and _NUMBER.fullmatch(text) and unique not in columns:
        found = list(rows.filter(**{unique: text[1:]})[:1])
    if not found:
        raise BadValue(
            f"No {title} is called {text!r}. Write its name as it is read on screen; it must have been synchronised."
        )
    if len(found) > 1:
        mark = "" if unique in columns else "#"
        several = ", ".join(f"'{mark}{getattr(row, unique)}' ({row})" for row in found[:_LONGEST_LISTING])
        raise BadValue(f"Several are called {text!r}. Write one of: {several}.")
    return found[0]
