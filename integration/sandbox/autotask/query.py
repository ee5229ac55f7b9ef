"""The query grammar: parse, check, and find rows with the help of indexes.

Comparison follows SQL Server: texts without letter case, and a null never matches anything but `notExist`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from integration.sandbox.autotask.database import Database
from integration.sandbox.autotask.errors import RefusedError
from integration.sandbox.autotask.schema import Entity, Field, Row
from integration.sandbox.autotask.values import read_value

MAX_PAGE: Final = 500
_MAX_OR: Final = 500
_VALUELESS: Final = {"exist", "notexist"}
_LISTS: Final = {"in", "notin"}
_TEXT_OPERATORS: Final = {"beginswith", "endswith", "contains"}
_COMPARISONS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "eq": lambda have, want: bool(have == want),
    "noteq": lambda have, want: bool(have != want),
    "gt": lambda have, want: bool(have > want),
    "gte": lambda have, want: bool(have >= want),
    "lt": lambda have, want: bool(have < want),
    "lte": lambda have, want: bool(have <= want),
    "beginswith": lambda have, want: str(have).startswith(want),
    "endswith": lambda have, want: str(have).endswith(want),
    "contains": lambda have, want: want in str(have),
}
_OPERATORS: Final = _VALUELESS | _LISTS | set(_COMPARISONS)

Predicate = Callable[[Row], bool]


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled condition; `ids` is a superset of the rows that can match, or None when an index cannot tell."""

    matches: Predicate
    ids: frozenset[int] | set[int] | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """A checked query."""

    condition: Condition
    page_size: int
    include: tuple[str, ...] | None


@dataclass(slots=True)
class _Reading:
    database: Database
    entity: Entity
    udf_conditions: int = 0
    or_conditions: int = 0


def lower_keys(given: dict[str, Any]) -> dict[str, Any]:
    """Return the object with lower-case keys: property names count without letter case."""
    return {str(key).lower(): value for key, value in given.items()}


def read_query(database: Database, entity: Entity, body: dict[str, Any]) -> Query:
    """Check a query against the entity and compile it.

    Raises:
        RefusedError: naming what is wrong, as Autotask would.
    """
    given = lower_keys(body)
    filters = given.get("filter")
    if isinstance(filters, dict):
        filters = [filters]
    if not isinstance(filters, list) or not filters:
        raise RefusedError("The query filter is missing or empty: filter is required.")
    size = given.get("maxrecords")
    page_size = MAX_PAGE if size is None else _page_size(size)
    if entity.name == "TicketHistory":
        _check_ticket_history(filters)
    reading = _Reading(database, entity)
    condition = _all_of([_read_item(reading, item) for item in filters])
    return Query(condition, page_size, _included(entity, given.get("includefields")))


def find_ids(
    database: Database, entity: Entity, condition: Condition, after: int | None = None
) -> Iterator[int]:
    """Yield the ids of matching rows in ascending order, behind the id `after`."""
    table = database.tables[entity.name]
    if condition.ids is None:
        ids = table.ids_after(after)
    else:
        ids = sorted(i for i in condition.ids if i in table.rows and (after is None or i > after))
    rows, matches = table.rows, condition.matches
    return (row_id for row_id in ids if matches(rows[row_id]))


def _page_size(size: Any) -> int:
    if isinstance(size, str) and size.strip().isdigit():
        size = int(size)
    if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= MAX_PAGE:
        raise RefusedError(f"MaxRecords must be between 1 and {MAX_PAGE}.")
    return size


def _included(entity: Entity, names: Any) -> tuple[str, ...] | None:
    if names in (None, []):
        return None
    if not isinstance(names, list):
        raise RefusedError("IncludeFields must be a list of field names.")
    found = []
    for name in names:
        if str(name).lower() == "userdefinedfields" and entity.udf_label:
            found.append("userDefinedFields")
            continue
        found.append(_field(entity, name).name)
    return tuple(found)


def _field(entity: Entity, name: Any) -> Field:
    found = entity.find_field(str(name))
    if found is None:
        raise RefusedError(f"Unable to find {name} in the {entity.object_name} Entity.")
    return found


def _check_ticket_history(filters: list[Any]) -> None:
    only = lower_keys(filters[0]) if len(filters) == 1 and isinstance(filters[0], dict) else {}
    if str(only.get("field", "")).lower() != "ticketid" or str(only.get("op", "")).lower() != "eq":
        raise RefusedError("TicketHistory can only be queried by a single ticketID using the eq operator.")


def _read_item(reading: _Reading, item: Any) -> Condition:
    if not isinstance(item, dict):
        raise RefusedError("Every entry of the filter must be an object with op.")
    given = lower_keys(item)
    operator = str(given.get("op", "")).lower()
    if operator in {"and", "or"}:
        items = given.get("items")
        if not isinstance(items, list) or not items:
            raise RefusedError(f"The group {operator} needs items.")
        parts = [_read_item(reading, part) for part in items]
        if operator == "and":
            return _all_of(parts)
        _count_or(reading, len(parts))
        return _any_of(parts)
    if operator not in _OPERATORS:
        raise RefusedError(f"The operator {given.get('op')!r} is not supported.")
    if "field" not in given:
        raise RefusedError(f"The condition {operator} names no field.")
    if operator not in _VALUELESS and given.get("value") is None:
        raise RefusedError(f"The condition on {given['field']} has no value.")
    if operator in _LISTS:
        values = given["value"]
        if not isinstance(values, list) or not values:
            raise RefusedError(f"The operator {operator} on {given['field']} needs a list of values.")
        _count_or(reading, len(values))
    if given.get("udf") in (True, "true", "True"):
        return _read_udf(reading, operator, str(given["field"]), given.get("value"))
    return _read_field(reading, operator, given)


def _count_or(reading: _Reading, conditions: int) -> None:
    reading.or_conditions += conditions
    if reading.or_conditions > _MAX_OR:
        raise RefusedError(f"The query has more than {_MAX_OR} OR conditions.")


def _read_udf(reading: _Reading, operator: str, name: str, value: Any) -> Condition:
    reading.udf_conditions += 1
    if reading.udf_conditions > 1:
        raise RefusedError("Only one UserDefinedField is allowed per query.")
    for definition in reading.database.udf_definitions(reading.entity):
        if definition["name"].lower() == name.lower():
            break
    else:
        raise RefusedError(f"Unable to find {name} in the {reading.entity.object_name} Entity.")
    key = definition["name"]

    def read(row: Row) -> str | None:
        found: str | None = (row.get("userDefinedFields") or {}).get(key)
        return found.lower() if found is not None else None

    if operator in _VALUELESS:
        return Condition(lambda row: (read(row) is not None) == (operator == "exist"))
    if operator in _LISTS:
        wanted = {str(one).lower() for one in value}
        return Condition(
            lambda row: (have := read(row)) is not None and (have in wanted) == (operator == "in")
        )
    want, compare = str(value).lower(), _COMPARISONS[operator]
    return Condition(lambda row: (have := read(row)) is not None and compare(have, want))


def _read_field(reading: _Reading, operator: str, given: dict[str, Any]) -> Condition:
    entity = reading.entity
    field = _field(entity, given["field"])
    if not field.queryable:
        raise RefusedError(f"{field.name} is not a queryable field in the {entity.object_name} Entity.")
    name = field.name
    if operator in _VALUELESS:
        return Condition(lambda row: (row.get(name) is not None) == (operator == "exist"))
    if operator in _LISTS:
        return _in_list(reading, field, given["value"], wanted=operator == "in")
    if _text_against_long(field, given["value"]):
        return Condition(lambda _row: False, set())
    if operator in _TEXT_OPERATORS and field.data_type != "string":
        raise RefusedError(f"The operator {given['op']} cannot be used on {name}, which is not a text.")
    want, compare = read_value(field, given["value"]), _COMPARISONS[operator]
    if field.data_type == "string":
        want = want.lower()
        return Condition(
            lambda row: (have := row.get(name)) is not None and compare(have.lower(), want),
            _equal_ids(reading, field, [want]) if operator == "eq" else None,
        )
    return Condition(
        lambda row: (have := row.get(name)) is not None and compare(have, want),
        _equal_ids(reading, field, [want]) if operator == "eq" else None,
    )


def _in_list(reading: _Reading, field: Field, values: list[Any], *, wanted: bool) -> Condition:
    name, text = field.name, field.data_type == "string"
    usable = [read_value(field, value) for value in values if not _text_against_long(field, value)]
    accepted = {value.lower() if text else value for value in usable if value is not None}

    def matches(row: Row) -> bool:
        have = row.get(name)
        if have is None:
            return False
        return ((have.lower() if text else have) in accepted) == wanted

    return Condition(matches, _equal_ids(reading, field, list(accepted)) if wanted else None)


def _text_against_long(field: Field, value: Any) -> bool:
    # A text compared with a Long finds nothing and says nothing: one of the traps of the real service.
    return field.data_type == "long" and isinstance(value, str)


def _equal_ids(reading: _Reading, field: Field, values: list[Any]) -> set[int] | None:
    table = reading.database.tables[reading.entity.name]
    if field.name == "id":
        return {value for value in values if value in table.rows}
    if not table.has_index(field.name):
        return None
    return set().union(*(table.matching(field.name, value) for value in values))


def _all_of(parts: list[Condition]) -> Condition:
    if len(parts) == 1:
        return parts[0]
    checks = [part.matches for part in parts]
    known = [part.ids for part in parts if part.ids is not None]
    smallest = min(known, key=len) if known else None
    return Condition(lambda row: all(check(row) for check in checks), smallest)


def _any_of(parts: list[Condition]) -> Condition:
    checks = [part.matches for part in parts]
    ids: set[int] | None = set()
    for part in parts:
        if part.ids is None or ids is None:
            ids = None
            break
        ids |= part.ids
    return Condition(lambda row: any(check(row) for check in checks), ids)
