"""From the caller's fields to a request body, checked before anything is sent."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from integration.vendors.autotask.entities import Entity, EntityError
from integration.vendors.autotask.limits import strip_nul
from integration.vendors.autotask.query import QueryError, check_field_name, format_datetime

Row = dict[str, Any]


def to_wire_fields(entity: Entity, fields: Mapping[str, object]) -> Row:
    """Return fields as Autotask takes them.

    Texts lose NUL and control characters, aware datetimes become UTC texts, and `userDefinedFields` may be a
    mapping of names to values.

    Raises:
        EntityError: a field name, a naive datetime or a value that JSON cannot hold, named.
    """
    if not fields:
        raise EntityError(f"{entity.name}: no fields given")
    wire: Row = {}
    for name, value in fields.items():
        try:
            check_field_name(name)
        except QueryError as error:
            raise EntityError(f"{entity.name}: {error}") from error
        if name.lower() == "userdefinedfields":
            wire["userDefinedFields"] = _udfs(entity, value)
        else:
            wire[name] = _value(f"{entity.name}.{name}", value)
    return wire


def _udfs(entity: Entity, value: object) -> list[Row]:
    if not entity.has_udfs:
        raise EntityError(f"{entity.name} has no user-defined fields; leave userDefinedFields out")
    if isinstance(value, Mapping):
        return [
            {"name": str(name), "value": _value(f"{entity.name}.{name}", held)}
            for name, held in value.items()
        ]
    if isinstance(value, list | tuple):
        return [
            {"name": str(pair["name"]), "value": _value(f"{entity.name}.{pair['name']}", pair.get("value"))}
            for pair in value
            if isinstance(pair, Mapping)
        ]
    raise EntityError(f"{entity.name}.userDefinedFields: pass a mapping of field names to values")


def _value(name: str, value: object) -> object:
    if isinstance(value, str):
        return strip_nul(value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, datetime):
        try:
            return format_datetime(value)
        except QueryError as error:
            raise EntityError(f"{name}: {error}") from error
    raise EntityError(
        f"{name}: cannot send {type(value).__name__}; use text, number, boolean, aware datetime or None"
    )
