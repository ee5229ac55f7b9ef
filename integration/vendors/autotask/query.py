"""Autotask's query language as immutable values.

The server is unforgiving in a quiet way: a number sent as a string finds nothing and says nothing, and a
mistyped operator may be ignored, so that too many rows come back. Everything is therefore checked before a
request leaves, and a mistake is a `QueryError` that names the field and the cure.

    where("companyID", "eq", 17) & (where("status", "noteq", 5) | where("completedDate", "gte", since))
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

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
_TEXT_OPERATORS: Final = frozenset({"beginsWith", "endsWith", "contains"})
_EXISTENCE: Final = frozenset({"exist", "notExist"})
_LISTS: Final = frozenset({"in", "notIn"})
OPERATORS: Final = _COMPARISONS | _TEXT_OPERATORS | _EXISTENCE | _LISTS

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


class _Missing:
    """Tells "no value given" from None, 0 and False."""


_MISSING: Final = _Missing()


class Filter:
    """A condition or a group of conditions; combine with `&` and `|`."""

    __slots__ = ()

    def __and__(self, other: Filter) -> Filter:
        return all_of(self, other)

    def __or__(self, other: Filter) -> Filter:
        return any_of(self, other)

    def to_wire(self) -> dict[str, Any]:
        """Return the JSON shape Autotask expects for this node."""
        raise NotImplementedError

    def conditions(self) -> Iterator[Condition]:
        """Yield every single condition below and including this node."""
        raise NotImplementedError

    def alternatives(self) -> int:
        """Return how many OR branches and list values this node costs."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Condition(Filter):
    """One comparison. Build it with `where`, which validates.

    Attributes:
        field: Autotask's field name, or a UDF's exact name when `is_udf`.
        operator: one of `OPERATORS`.
        value: None for exist/notExist, a tuple for in/notIn, else one value in wire form.
        is_udf: True for a condition on a user-defined field.
    """

    field: str
    operator: Operator
    value: WireScalar | tuple[WireScalar, ...] | None = None
    is_udf: bool = False

    def to_wire(self) -> dict[str, Any]:
        """Return `{"op","field","value"?,"udf"?}`."""
        wire: dict[str, Any] = {"op": self.operator, "field": self.field}
        if isinstance(self.value, tuple):
            wire["value"] = list(self.value)
        elif self.value is not None:
            wire["value"] = self.value
        if self.is_udf:
            wire["udf"] = True
        return wire

    def conditions(self) -> Iterator[Condition]:
        """Yield itself."""
        yield self

    def alternatives(self) -> int:
        """Return the number of list values."""
        return len(self.value) if isinstance(self.value, tuple) else 0


@dataclass(frozen=True, slots=True)
class Group(Filter):
    """Several filters joined by "and" or "or"; never empty."""

    operator: Literal["and", "or"]
    items: tuple[Filter, ...]

    def to_wire(self) -> dict[str, Any]:
        """Return `{"op","items"}`."""
        return {"op": self.operator, "items": [item.to_wire() for item in self.items]}

    def conditions(self) -> Iterator[Condition]:
        """Yield the conditions of all items, in order."""
        for item in self.items:
            yield from item.conditions()

    def alternatives(self) -> int:
        """Return the OR branches of this group plus what its items cost."""
        own = len(self.items) if self.operator == "or" else 0
        return own + sum(item.alternatives() for item in self.items)


def where(
    field: str, operator: str, value: Scalar | Iterable[Scalar] | _Missing = _MISSING, *, udf: bool = False
) -> Condition:
    """Return one checked condition.

    Args:
        field: Autotask's field name, or the exact UDF name with `udf=True`.
        operator: one of `OPERATORS`, spelled exactly.
        value: nothing for exist/notExist; an iterable of values of one type for in/notIn; else one value.
            Datetimes must be aware; fractions of a second are widened, so that no matching row is missed.
        udf: True for a user-defined field.

    Raises:
        QueryError: naming the field and the cure.
    """
    known = _check_operator(field, operator)
    _check_field(field, is_udf=udf)
    if known in _EXISTENCE:
        if not isinstance(value, _Missing):
            raise QueryError(f"{field}: operator {known} takes no value; leave it out")
        return Condition(field, known, None, udf)
    if isinstance(value, _Missing) or value is None:
        raise QueryError(f"{field}: operator {known} needs a value; use notExist to look for an empty field")
    if known in _LISTS:
        return Condition(field, known, _list_value(field, known, value, is_udf=udf), udf)
    if not isinstance(value, str | int | float | datetime):
        raise QueryError(
            f"{field}: operator {known} takes one text, number, boolean or datetime, not {_kind(value)}"
        )
    if known in _TEXT_OPERATORS and not isinstance(value, str):
        raise QueryError(f"{field}: operator {known} compares text, not {_kind(value)}; use eq for numbers")
    return Condition(field, known, _scalar(field, known, value, is_udf=udf), udf)


def all_of(*items: Filter) -> Filter:
    """Return a filter that needs all items; nested "and" groups are flattened.

    Raises:
        QueryError: when no item is given.
    """
    return _group("and", items)


def any_of(*items: Filter) -> Filter:
    """Return a filter that needs one of the items; nested "or" groups are flattened.

    Raises:
        QueryError: when no item is given.
    """
    return _group("or", items)


#: Autotask insists on a filter; this one lets every row through.
EVERYTHING: Final[Filter] = Condition("id", "exist")


def build_query(
    filter_: Filter, *, include_fields: Sequence[str] | None = None, max_records: int = MAX_RECORDS
) -> dict[str, Any]:
    """Return the JSON body of a query.

    Args:
        filter_: what to look for.
        include_fields: names to return; `id` is always added, because paging needs it. None returns every field.
        max_records: rows per page, 1 to 500.

    Raises:
        QueryError: more than one UDF condition, more than 500 alternatives, a bad page size or field name.
    """
    check_filter(filter_)
    if isinstance(max_records, bool) or not 1 <= max_records <= MAX_RECORDS:
        raise QueryError(f"MaxRecords: {max_records!r} is outside 1 to {MAX_RECORDS}")
    body: dict[str, Any] = {"MaxRecords": max_records, "filter": _top_level(filter_)}
    if include_fields is not None:
        body["IncludeFields"] = _with_id(include_fields)
    return body


def build_count_query(filter_: Filter) -> dict[str, Any]:
    """Return the JSON body of a count.

    Raises:
        QueryError: as `build_query`.
    """
    check_filter(filter_)
    return {"filter": _top_level(filter_)}


def check_filter(filter_: Filter) -> None:
    """Check what only the whole filter shows.

    Raises:
        QueryError: more than one UDF condition, or more than 500 OR branches and list values together.
    """
    udf_names = [condition.field for condition in filter_.conditions() if condition.is_udf]
    if len(udf_names) > MAX_UDF_CONDITIONS:
        raise QueryError(
            f"{', '.join(udf_names)}: Autotask takes one user-defined field condition per query; "
            "ask for one and compare the others in the answer"
        )
    alternatives = filter_.alternatives()
    if alternatives > MAX_ALTERNATIVES:
        fields = ", ".join(sorted({condition.field for condition in filter_.conditions()}))
        raise QueryError(
            f"{fields}: {alternatives} alternatives in one query, at most {MAX_ALTERNATIVES}; split the list"
        )


def chunk_ids(ids: Iterable[int], size: int = MAX_ALTERNATIVES) -> Iterator[list[int]]:
    """Yield the distinct ids in ascending order, at most `size` at a time.

    Raises:
        QueryError: when an id is not an integer.
    """
    distinct: set[int] = set()
    for id_ in ids:
        if isinstance(id_, bool) or not isinstance(id_, int):
            raise QueryError(f"id: {id_!r} is {_kind(id_)}; Autotask ids are whole numbers")
        distinct.add(id_)
    ordered = sorted(distinct)
    for start in range(0, len(ordered), size):
        yield ordered[start : start + size]


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


def _check_operator(field: str, operator: str) -> Operator:
    for known in OPERATORS:
        if operator == known:
            # Literal cannot be narrowed through a set; equality just proved it.
            return known  # type: ignore[return-value]  # see comment above
    raise QueryError(f"{field}: unknown operator {operator!r}; use one of {', '.join(sorted(OPERATORS))}")


def _check_field(field: str, *, is_udf: bool) -> None:
    if not is_udf:
        check_field_name(field)
    elif not field or not field.strip() or not field.isprintable():
        raise QueryError(f"{field!r} is not a user-defined field name; use its exact name from Autotask")


def _list_value(
    field: str, operator: Operator, value: Scalar | Iterable[Scalar], *, is_udf: bool
) -> tuple[WireScalar, ...]:
    if isinstance(value, str | bytes | int | float | datetime):
        raise QueryError(f"{field}: operator {operator} takes a list of values, not {_kind(value)}")
    values = list(value)
    if not values:
        raise QueryError(f"{field}: operator {operator} got an empty list; skip the query instead")
    kinds = {_kind(item) for item in values}
    if len(kinds) > 1:
        raise QueryError(
            f"{field}: operator {operator} got mixed types ({', '.join(sorted(kinds))}); use one type"
        )
    if len(values) > MAX_ALTERNATIVES:
        raise QueryError(
            f"{field}: {len(values)} values in one list, at most {MAX_ALTERNATIVES}; split the list"
        )
    return tuple(_scalar(field, operator, item, is_udf=is_udf) for item in values)


def _scalar(field: str, operator: Operator, value: Scalar, *, is_udf: bool) -> WireScalar:
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
        f"{field}: {_kind(value)} cannot be sent; use text, number, boolean or an aware datetime"
    )


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, datetime):
        return "a datetime"
    if isinstance(value, str):
        return "a text"
    return f"a {type(value).__name__}"


def _group(operator: Literal["and", "or"], items: Sequence[Filter]) -> Filter:
    if not items:
        raise QueryError(f"an empty {operator!r} group; use EVERYTHING to ask for all rows")
    flat: list[Filter] = []
    for item in items:
        if isinstance(item, Group) and item.operator == operator:
            flat.extend(item.items)
        else:
            flat.append(item)
    return flat[0] if len(flat) == 1 else Group(operator, tuple(flat))


def _top_level(filter_: Filter) -> list[dict[str, Any]]:
    # The top array is already an AND; one level less keeps the query log readable.
    if isinstance(filter_, Group) and filter_.operator == "and":
        return [item.to_wire() for item in filter_.items]
    return [filter_.to_wire()]


def _with_id(include_fields: Sequence[str]) -> list[str]:
    if isinstance(include_fields, str):
        raise QueryError("IncludeFields: pass a list of field names, not one text")
    names = ["id"]
    seen = {"id"}
    for field in include_fields:
        check_field_name(field)
        if field.lower() not in seen:
            seen.add(field.lower())
            names.append(field)
    return names
