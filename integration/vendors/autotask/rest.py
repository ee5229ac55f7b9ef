"""Reading and writing any Autotask entity: query pages, one row, create, sparse update, delete, metadata."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from integration.vendors.autotask.answers import VENDOR
from integration.vendors.autotask.base import BaseClient, Record, parsed
from integration.vendors.autotask.entities import (
    Entity,
    EntityError,
    entity_named,
    read_path,
    write_path,
)
from integration.vendors.autotask.paging import read_page
from integration.vendors.autotask.payload import to_wire_fields
from integration.vendors.autotask.picklists import FieldSet
from integration.vendors.autotask.query import (
    MAX_RECORDS,
    Filter,
    QueryError,
    build_count_query,
    build_query,
    chunk_ids,
    chunk_texts,
    narrowed,
    where,
)
from integration.vendors.autotask.records.metadata import EntityInformation, FieldInfo
from integration.vendors.autotask.wire import Wire, WireError
from integration.vendors.calls import Answer
from integration.vendors.errors import ContractBroken, NotFound, WriteOutcomeUnknown

__all__ = ["OnPage", "OnUnreadable", "Record", "RestClient", "Row"]

Row = dict[str, Any]
#: Called after each page with (page number from 1, rows so far).
OnPage = Callable[[int, int], None]
#: Called with (row as it came, what is wrong with it) for each row no record can be made of.
OnUnreadable = Callable[[Row, str], None]


class RestClient(BaseClient):
    """Autotask's REST API without knowledge of single entities; see `BaseClient` for how it is made."""

    def iter_query(
        self,
        entity: str,
        filter_: Filter,
        *,
        include_fields: Sequence[str] | None = None,
        page_size: int = MAX_RECORDS,
        on_page: OnPage | None = None,
    ) -> Iterator[Row]:
        """Yield all rows that fit, page by page, in ascending id order.

        Args:
            entity: REST name; children are read at top level too.
            filter_: built with `query.where`.
            include_fields: fields to return, None for all; `id` is always there.
            page_size: 1 to 500.
            on_page: called after each page.

        Raises:
            QueryError: the filter, a field name or the page size is wrong; nothing was sent.
            ContractBroken: an answer without rows, a next page on another host, pages that repeat.
            VendorError: as the call ended. Rows already yielded are then not the whole answer.
        """
        known = entity_named(entity)
        if not known.can_query:
            raise QueryError(f"{known.name} cannot be read through the API")
        body = build_query(filter_, include_fields=include_fields, max_records=page_size)
        return self._pages(known, body, page_size, on_page)

    def iter_by_ids(
        self,
        entity: str,
        ids: Iterable[int],
        *,
        include_fields: Sequence[str] | None = None,
        field: str = "id",
        also: Filter | None = None,
    ) -> Iterator[Row]:
        """Yield the rows whose `field` is one of the ids, 500 ids per query; ids without a row are just missing.

        Args:
            entity: REST name.
            ids: no ids cost no query.
            include_fields: fields to return, None for all.
            field: a field that holds ids.
            also: a condition they must fit as well.

        Raises:
            QueryError: an id is not a whole number.
            VendorError: as `iter_query`.
        """
        for some in chunk_ids(ids):
            filter_ = narrowed(where(field, "in", some), also)
            yield from self.iter_query(entity, filter_, include_fields=include_fields)

    def iter_by_texts(
        self, entity: str, field: str, values: Iterable[str], *, longest: int, also: Filter | None = None
    ) -> Iterator[Row]:
        """Yield the rows whose `field` is one of the texts, 500 texts per query; no texts cost no query.

        Args:
            entity: REST name.
            field: a text field.
            values: exact texts, not empty.
            longest: most characters the field holds; a longer text can be nobody's.
            also: a condition they must fit as well.

        Raises:
            QueryError: a text is empty or too long; nothing was sent.
            VendorError: as `iter_query`.
        """
        chunks = list(chunk_texts(field, values, longest=longest))
        return chain.from_iterable(
            self.iter_query(entity, narrowed(where(field, "in", some), also)) for some in chunks
        )

    def count(self, entity: str, filter_: Filter) -> int:
        """Return how many rows fit.

        Raises:
            QueryError: the filter is wrong.
            ContractBroken: the answer has no count.
            VendorError: as the call ended.
        """
        known = entity_named(entity)
        answer = self._call("POST", f"{known.name}/query/count", build_count_query(filter_))
        return parsed(answer, lambda row: Wire(known.name, row).needed_whole("queryCount"), answer.json())

    def find(self, entity: str, id_: int) -> Row | None:
        """Return one row with all its fields, None when there is no such id.

        Raises:
            ContractBroken: the answer has no `item`, or the address leads to no Autotask API.
            VendorError: as the call ended.
        """
        known = entity_named(entity)
        try:
            answer = self._call("GET", read_path(known, id_))
        except NotFound:
            return None
        body = answer.json()
        if not isinstance(body, dict) or "item" not in body:
            raise answer.broken(f"{known.name}: the answer has no item")
        item = body["item"]
        if item is not None and not isinstance(item, dict):
            raise answer.broken(f"{known.name}: the item is {type(item).__name__}, not an object")
        return item

    def get(self, entity: str, id_: int) -> Row:
        """Return one row with all its fields.

        Raises:
            NotFound: there is no such id.
            VendorError: as `find`.
        """
        row = self.find(entity, id_)
        if row is None:
            raise self._missing(entity_named(entity), id_)
        return row

    def create(self, entity: str, fields: Mapping[str, object], *, parent: int | None = None) -> int:
        """Create a row and return its id. Sent once; never repeated here.

        Args:
            entity: REST name.
            fields: Autotask's field names; see `to_wire_fields` for the values taken.
            parent: id of the parent row, for children.

        Raises:
            EntityError: the entity cannot be created, or not without (or with) a parent; nothing was sent.
            Rejected: Autotask's reasons; see `classify_rejection`.
            WriteOutcomeUnknown: no answer, or one that does not name the new row. Look before repeating it.
            VendorError: as the call ended.
        """
        known = entity_named(entity)
        if not known.can_create:
            raise EntityError(f"{known.name} cannot be created through the API")
        path = write_path(known, parent)
        body = to_wire_fields(known, fields)
        body.pop("id", None)
        return _item_id(self._call("POST", path, body), smallest=1)

    def update(
        self, entity: str, id_: int, fields: Mapping[str, object], *, parent: int | None = None
    ) -> None:
        """Change the given fields of a row, leaving the others alone. Read-only fields are silently ignored by Autotask.

        Raises:
            EntityError: the entity cannot be updated, or not without (or with) a parent; nothing was sent.
            Rejected: Autotask's reasons.
            NotFound: there is no such row.
            WriteOutcomeUnknown: no usable answer.
            VendorError: as the call ended.
        """
        known = entity_named(entity)
        if not known.can_update:
            raise EntityError(f"{known.name} cannot be updated through the API")
        body = to_wire_fields(known, fields)
        if not {key.lower() for key in body} - {"id"}:
            raise EntityError(f"{known.name} {id_}: nothing to update; every update writes a history entry")
        path = write_path(known, parent)
        read_path(known, id_)  # checks the id
        _item_id(self._call("PATCH", path, {**body, "id": id_}))

    def delete(self, entity: str, id_: int, *, parent: int | None = None) -> None:
        """Delete a row of an entity that allows it.

        Raises:
            EntityError: the entity cannot be deleted; most are deactivated instead.
            NotFound: it is gone already.
            WriteOutcomeUnknown: no usable answer.
            VendorError: as the call ended.
        """
        known = entity_named(entity)
        if not known.can_delete:
            raise EntityError(f"{known.name} cannot be deleted through the API; deactivate the row instead")
        read_path(known, id_)  # checks the id
        self._call("DELETE", f"{write_path(known, parent)}/{id_}")

    def fetch_field_info(self, entity: str) -> FieldSet:
        """Return the fields of an entity with their picklists. Large: cache it, fetch serially.

        Raises:
            ContractBroken: the answer has no field list.
            VendorError: as the call ended.
        """
        return self._fields(f"{entity_named(entity).name}/entityInformation/fields")

    def fetch_udf_info(self, entity: str) -> FieldSet:
        """Return the user-defined fields of an entity; none, without a call, for entities that cannot have any.

        Raises:
            ContractBroken: the answer has no field list.
            VendorError: as the call ended.
        """
        known = entity_named(entity)
        if not known.has_udfs:
            return FieldSet(())
        return self._fields(f"{known.name}/entityInformation/userDefinedFields")

    def fetch_entity_information(self, entity: str) -> EntityInformation:
        """Return what the API user may do with an entity.

        Raises:
            ContractBroken: the answer has no `info`.
            VendorError: as the call ended.
        """
        answer = self._call("GET", f"{entity_named(entity).name}/entityInformation")
        return parsed(
            answer,
            lambda body: EntityInformation.from_wire(Wire("entityInformation", body).raw("info")),
            answer.json(),
        )

    def _records(
        self,
        entity: str,
        parse: Callable[[object], Record],
        filter_: Filter,
        on_page: OnPage | None = None,
        on_unreadable: OnUnreadable | None = None,
    ) -> Iterator[Record]:
        for row in self.iter_query(entity, filter_, on_page=on_page):
            try:
                record = self._parse(entity, parse, row)
            except ContractBroken as error:
                if on_unreadable is None:
                    raise
                on_unreadable(row, error.detail)
                continue
            yield record

    def _missing(self, entity: Entity, id_: int) -> NotFound:
        return NotFound(
            f"{entity.name} {id_} does not exist in Autotask",
            vendor=VENDOR,
            method="GET",
            path=read_path(entity, id_),
        )

    def _fields(self, path: str) -> FieldSet:
        answer = self._call("GET", path)
        body = answer.json()
        fields = body.get("fields") if isinstance(body, dict) else None
        if not isinstance(fields, list):
            raise answer.broken("the answer has no list of fields")
        return FieldSet([parsed(answer, FieldInfo.from_wire, row) for row in fields])

    def _pages(
        self, entity: Entity, body: Mapping[str, object], page_size: int, on_page: OnPage | None
    ) -> Iterator[Row]:
        target = f"{entity.name}/query"
        asked: set[str] = set()
        last_first_id: object = None
        page, total = 0, 0
        while target:
            asked.add(target)
            answer = self._call("POST", target, body)
            rows, following = read_page(answer, entity, page_size)
            if rows and rows[0].get("id") is not None and rows[0].get("id") == last_first_id:
                raise answer.broken(f"{entity.name}: page {page + 1} repeats the page before it")
            last_first_id = rows[0].get("id") if rows else None
            if following in asked:
                raise answer.broken(f"{entity.name}: the pages form a circle after page {page + 1}")
            if following and not rows:
                raise answer.broken(f"{entity.name}: page {page + 1} is empty but names a next page")
            page, total = page + 1, total + len(rows)
            yield from rows
            if on_page is not None:
                on_page(page, total)
            target = following


def _item_id(answer: Answer, *, smallest: int = 0) -> int:
    """Return the id a write names.

    An answer that names none follows a write that most likely happened: unknown, not failed.
    """
    try:
        return Wire("write", answer.json()).needed_whole("itemId", smallest=smallest)
    except (ContractBroken, WireError) as error:
        raise WriteOutcomeUnknown(
            "the answer does not name the written row; the change may have happened",
            vendor=VENDOR,
            method=answer.method,
            path=answer.path,
            status=answer.status,
        ) from error
