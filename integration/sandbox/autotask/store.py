"""Rows in memory: sparse (no nulls), ordered by id, with hash indexes on the fields that queries use most."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterator
from typing import Any, Final

from integration.sandbox.autotask.schema import Entity, Row

_INDEXED: Final = frozenset(
    {
        "companyid",
        "externalid",
        "configurationitemid",
        "ticketid",
        "contractid",
        "resourceid",
        "webhookid",
        "parentid",
        "referencenumber",
        "serialnumber",
        "rmmdeviceuid",
        "ticketnumber",
        "udffieldid",
        "configurationitemcategoryid",
        "ticketcategoryid",
    }
)


def index_key(value: Any) -> Any:
    """Return what equal values share: texts are compared without letter case."""
    return value.lower() if isinstance(value, str) else value


class Table:
    """The rows of one entity. Not locked: the database's lock is held by whoever calls."""

    def __init__(self, entity: Entity) -> None:
        self.entity = entity
        self.rows: dict[int, Row] = {}
        self.ids: list[int] = []
        self.last_id = 0
        self._indexes: dict[str, dict[Any, set[int]]] = {
            field.name: {} for key, field in entity.fields.items() if key in _INDEXED
        }

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return (self.rows[row_id] for row_id in self.ids)

    def new_id(self) -> int:
        """Return the next free id."""
        return self.last_id + 1

    def put(self, row: Row) -> None:
        """Insert a row or replace the one of the same id; nulls are dropped."""
        row = {name: value for name, value in row.items() if value is not None}
        row_id: int = row["id"]
        old = self.rows.get(row_id)
        if old is None:
            if not self.ids or row_id > self.ids[-1]:
                self.ids.append(row_id)
            else:
                insort(self.ids, row_id)
            self.last_id = max(self.last_id, row_id)
        for name, index in self._indexes.items():
            before = index_key(old.get(name)) if old is not None else None
            after = index_key(row.get(name))
            if before == after:
                continue
            if before is not None:
                index[before].discard(row_id)
            if after is not None:
                index.setdefault(after, set()).add(row_id)
        self.rows[row_id] = row

    def remove(self, row_id: int) -> Row | None:
        """Take a row out; None when it is not there. Its id is never given again."""
        row = self.rows.pop(row_id, None)
        if row is None:
            return None
        del self.ids[bisect_right(self.ids, row_id) - 1]
        for name, index in self._indexes.items():
            key = index_key(row.get(name))
            if key is not None:
                index[key].discard(row_id)
        return row

    def has_index(self, field_name: str) -> bool:
        """Tell whether `matching` answers for this field."""
        return field_name in self._indexes

    def matching(self, field_name: str, value: Any) -> set[int]:
        """Return the ids whose indexed field equals the value."""
        return self._indexes[field_name].get(index_key(value), set())

    def where(self, field_name: str, value: Any) -> list[Row]:
        """Return the rows whose field equals the value, by index where there is one, ordered by id."""
        if self.has_index(field_name):
            return [self.rows[row_id] for row_id in sorted(self.matching(field_name, value))]
        key = index_key(value)
        return [row for row in self if index_key(row.get(field_name)) == key]

    def ids_after(self, row_id: int | None) -> list[int]:
        """Return the ids behind the given one, all of them for None."""
        return self.ids if row_id is None else self.ids[bisect_right(self.ids, row_id) :]
