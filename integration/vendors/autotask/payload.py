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
            wire["userDefinedFields"] = udfs_to_wire(entity, value)
        else:
            wire[name] = _value(f"{entity.name}.{name}", value)
    return wire


def udfs_to_wire(entity: Entity, value: object) -> list[Row]:
    """Return user-defined fields as Autotask takes them: `[{"name", "value"}]`, each value a text or null.

    Args:
        entity: it must have user-defined fields.
        value: exact field name -> text, number, boolean, aware datetime or None; or the wire's own list of pairs.

    Raises:
        EntityError: an entity without such fields, an empty name, or a value that cannot be sent, named.
    """
    if not entity.has_udfs:
        raise EntityError(f"{entity.name} has no user-defined fields; leave userDefinedFields out")
    if isinstance(value, Mapping):
        pairs = list(value.items())
    elif isinstance(value, list | tuple) and all(
        isinstance(pair, Mapping) and "name" in pair for pair in value
    ):
        pairs = [(pair["name"], pair.get("value")) for pair in value]
    else:
        raise EntityError(f"{entity.name}.userDefinedFields: pass a mapping of field names to values")
    wire = []
    for name, held in pairs:
        if not isinstance(name, str) or not name.strip():
            raise EntityError(
                f"{entity.name}.userDefinedFields: {name!r} is no field name; use its exact name"
            )
        wire.append({"name": name, "value": _udf_text(f"{entity.name}.{name}", held)})
    return wire


def _udf_text(name: str, value: object) -> str | None:
    sent = _value(name, value)
    if sent is None or isinstance(sent, str):
        return sent
    return str(sent).lower() if isinstance(sent, bool) else str(sent)


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
