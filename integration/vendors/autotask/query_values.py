"""Values and field names of a query, checked before they leave: Autotask misreads quietly what it does not like."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

Operator = Literal[
    "eq",
    "noteq",
    "gt",
    "gte",
    "lt",
    "lte",
    "beginsWith",
    "endsWith",
    "contains",
    "exist",
    "notExist",
    "in",
    "notIn",
]
Scalar = str | int | float | bool | datetime
WireScalar = str | int | float | bool

#: A page has at most this many rows, and one query at most this many OR branches and list values.
MAX_RECORDS: Final = 500
MAX_ALTERNATIVES: Final = 500
#: Autotask accepts one condition on a user-defined field per query.
MAX_UDF_CONDITIONS: Final = 1

_COMPARISONS: Final = frozenset({"eq", "noteq", "gt", "gte", "lt", "lte"})
TEXT_OPERATORS: Final = frozenset({"beginsWith", "endsWith", "contains"})
EXISTENCE: Final = frozenset({"exist", "notExist"})
LISTS: Final = frozenset({"in", "notIn"})
OPERATORS: Final = _COMPARISONS | TEXT_OPERATORS | EXISTENCE | LISTS

_FIELD_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")
_NUMERIC_ID_NAME: Final = re.compile(r"id|.*[a-z](?:ID|Id)")
#: Fields that look like references but hold text.
_TEXTUAL_IDS: Final = frozenset(
    {
        "externalid",
        "rmmalertid",
        "taxid",
        "internalid",
        "internalproductid",
        "externalproductid",
        "devicenetworkingid",
        "rmmvsaxdeviceid",
        "accountingreferenceid",
    }
)


class QueryError(ValueError):
    """A filter that Autotask would refuse or, worse, misread."""


def format_datetime(at: datetime, *, round_up: bool = False) -> str:
    """Return `YYYY-MM-DDTHH:MM:SSZ` in UTC.

    Args:
        at: aware datetime.
        round_up: move a fraction to the next full second instead of cutting it.

    Raises:
        QueryError: for a naive datetime.
    """
    if at.tzinfo is None or at.utcoffset() is None:
        raise QueryError(f"{at.isoformat()}: a time without a zone; pass an aware datetime")
    try:
        utc = at.astimezone(UTC)
        if round_up and utc.microsecond:
            utc += timedelta(seconds=1)
    except OverflowError as error:
        raise QueryError(f"{at.isoformat()}: outside the years 1 to 9999 in UTC") from error
    return f"{utc.year:04d}-{utc:%m-%dT%H:%M:%S}Z"


def check_field_name(field: str) -> None:
    """Check that a name can be an Autotask field.

    Raises:
        QueryError: when it cannot.
    """
    if not _FIELD_NAME.fullmatch(field):
        raise QueryError(
            f"{field!r} is not a field name: letters, digits and underscores, starting with a letter"
        )


def check_operator(field: str, operator: str) -> Operator:
    """Return the operator.

    Raises:
        QueryError: when there is no such operator.
    """
    for known in OPERATORS:
        if operator == known:
            # Literal cannot be narrowed through a set; equality just proved it.
            return known  # type: ignore[return-value]  # see comment above
    raise QueryError(f"{field}: unknown operator {operator!r}; use one of {', '.join(sorted(OPERATORS))}")


def check_field(field: str, *, is_udf: bool) -> None:
    """Check the name of a field or of a user-defined field.

    Raises:
        QueryError: when it cannot be one.
    """
    if not is_udf:
        check_field_name(field)
    elif not field or not field.strip() or not field.isprintable():
        raise QueryError(f"{field!r} is not a user-defined field name; use its exact name from Autotask")


def list_value(
    field: str, operator: Operator, value: Scalar | Iterable[Scalar], *, is_udf: bool
) -> tuple[WireScalar, ...]:
    """Return a list operator's values in wire form.

    Raises:
        QueryError: no list, an empty one, mixed types, or more than 500 values.
    """
    if isinstance(value, str | bytes | int | float | datetime):
        raise QueryError(f"{field}: operator {operator} takes a list of values, not {kind_of(value)}")
    values = list(value)
    if not values:
        raise QueryError(f"{field}: operator {operator} got an empty list; skip the query instead")
    kinds = {kind_of(item) for item in values}
    if len(kinds) > 1:
        raise QueryError(
            f"{field}: operator {operator} got mixed types ({', '.join(sorted(kinds))}); use one type"
        )
    if len(values) > MAX_ALTERNATIVES:
        raise QueryError(
            f"{field}: {len(values)} values in one list, at most {MAX_ALTERNATIVES}; split the list"
        )
    return tuple(scalar(field, operator, item, is_udf=is_udf) for item in values)


def scalar(field: str, operator: Operator, value: Scalar, *, is_udf: bool) -> WireScalar:
    """Return one value in wire form; a fraction of a second is widened so that no matching row is missed.

    Raises:
        QueryError: a text where Autotask wants a number, a naive datetime, or a value JSON cannot hold.
    """
    if isinstance(value, datetime):
        try:
            return format_datetime(value, round_up=operator in {"lt", "lte"})
        except QueryError as error:
            raise QueryError(f"{field}: {error}") from error
    if isinstance(value, str):
        if not is_udf and _NUMERIC_ID_NAME.fullmatch(field) and field.lower() not in _TEXTUAL_IDS:
            raise QueryError(
                f"{field}: {value!r} is a text; Autotask finds nothing for a text here, pass a number"
            )
        if "\x00" in value:
            raise QueryError(f"{field}: the value contains a NUL character; remove it")
        return value
    if isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise QueryError(f"{field}: {value!r} is not a number Autotask can read")
        return value
    raise QueryError(
        f"{field}: {kind_of(value)} cannot be sent; use text, number, boolean or an aware datetime"
    )


def kind_of(value: object) -> str:
    """Return what a value is, in words."""
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, datetime):
        return "a datetime"
    if isinstance(value, str):
        return "a text"
    return f"a {type(value).__name__}"
