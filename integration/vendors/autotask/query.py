"""Autotask's query language as immutable values.

The server is unforgiving in a quiet way: a number sent as a string finds nothing and says nothing, and a
mistyped operator may be ignored, so that too many rows come back. Everything is therefore checked before a
request leaves, and a mistake is a `QueryError` that names the field and the cure.

    where("companyID", "eq", 17) & (where("status", "noteq", 5) | where("completedDate", "gte", since))
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from integration.vendors.autotask.limits import length_of
from integration.vendors.autotask.query_values import (
    EXISTENCE,
    LISTS,
    MAX_ALTERNATIVES,
    MAX_RECORDS,
    MAX_UDF_CONDITIONS,
    OPERATORS,
    TEXT_OPERATORS,
    Operator,
    QueryError,
    Scalar,
    WireScalar,
    check_field,
    check_field_name,
    check_operator,
    format_datetime,
    kind_of,
    list_value,
    scalar,
)

__all__ = [
    "EVERYTHING",
    "MAX_ALTERNATIVES",
    "MAX_RECORDS",
    "OPERATORS",
    "Condition",
    "Filter",
    "Group",
    "Operator",
    "QueryError",
    "Scalar",
    "all_of",
    "any_of",
    "build_count_query",
    "build_query",
    "changed_since",
    "check_field_name",
    "check_filter",
    "chunk_ids",
    "chunk_texts",
    "format_datetime",
    "narrowed",
    "where",
]


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
    known = check_operator(field, operator)
    check_field(field, is_udf=udf)
    if known in EXISTENCE:
        if not isinstance(value, _Missing):
            raise QueryError(f"{field}: operator {known} takes no value; leave it out")
        return Condition(field, known, None, udf)
    if isinstance(value, _Missing) or value is None:
        raise QueryError(f"{field}: operator {known} needs a value; use notExist to look for an empty field")
    if known in LISTS:
        return Condition(field, known, list_value(field, known, value, is_udf=udf), udf)
    if not isinstance(value, str | int | float | datetime):
        raise QueryError(
            f"{field}: operator {known} takes one text, number, boolean or datetime, not {kind_of(value)}"
        )
    if known in TEXT_OPERATORS and not isinstance(value, str):
        raise QueryError(f"{field}: operator {known} compares text, not {kind_of(value)}; use eq for numbers")
    return Condition(field, known, scalar(field, known, value, is_udf=udf), udf)


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
            raise QueryError(f"id: {id_!r} is {kind_of(id_)}; Autotask ids are whole numbers")
        distinct.add(id_)
    ordered = sorted(distinct)
    for start in range(0, len(ordered), size):
        yield ordered[start : start + size]


def chunk_texts(
    field: str, texts: Iterable[str], *, longest: int, size: int = MAX_ALTERNATIVES
) -> Iterator[list[str]]:
    """Yield the distinct texts in order, at most `size` at a time.

    Raises:
        QueryError: when a text is blank or longer than the field holds.
    """
    distinct: set[str] = set()
    for text in texts:
        if not text.strip() or length_of(text) > longest:
            raise QueryError(f"{field}: {length_of(text)} characters; give a text of 1 to {longest}")
        distinct.add(text)
    ordered = sorted(distinct)
    for start in range(0, len(ordered), size):
        yield ordered[start : start + size]


def changed_since(field: str, since: datetime | None) -> Filter:
    """Return the condition that a time field is at or after an aware time; everything for None."""
    return EVERYTHING if since is None else where(field, "gte", since)


def narrowed(filter_: Filter, *conditions: Filter | None) -> Filter:
    """Return a filter that needs these conditions too; None among them is left out."""
    wanted = [
        condition for condition in (filter_, *conditions) if condition is not None and condition != EVERYTHING
    ]
    return all_of(*wanted) if wanted else EVERYTHING


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
