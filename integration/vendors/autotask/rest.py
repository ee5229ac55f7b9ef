"""Reading and writing any Autotask entity: query pages, one row, create, sparse update, delete, metadata."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import Any, Self, TypeVar

from integration.vendors.autotask.answers import VENDOR
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
    build_count_query,
    build_query,
    chunk_ids,
    where,
)
from integration.vendors.autotask.records.metadata import EntityInformation, FieldInfo, Threshold, Version
from integration.vendors.autotask.session import AutotaskSession
from integration.vendors.autotask.wire import Wire, WireError
from integration.vendors.autotask.zone import ZoneCache, ZoneInfo
from integration.vendors.budget import Governor, Lane
from integration.vendors.calls import Answer, CallContext
from integration.vendors.errors import ContractBroken, NotFound, WriteOutcomeUnknown
from integration.vendors.http import Recorder

Row = dict[str, Any]
#: Called after each page with (page number from 1, rows so far).
OnPage = Callable[[int, int], None]
Record = TypeVar("Record")


class RestClient:
    """Autotask's REST API without knowledge of single entities.

    Copies made with `with_context` share session, zone and connections; a client may be used by several threads.

    Args:
        zone_lookup_url: where `zoneInformation` is asked, up to but without `/v1.0`.
        username: the API user's login.
        secret: its password.
        integration_code: tracking identifier.
        governor: shared budget.
        zone_cache: shared memory of zones.
        recorder: gets every attempt that was sent.
        context: why calls are made, until `with_context` says otherwise.
        timeout_seconds: (connect, longest silence while reading). Autotask works up to 300 seconds on a query.

    Raises:
        ValueError: naming the setting that is empty or wrong, and the cure.
    """

    def __init__(
        self,
        zone_lookup_url: str,
        username: str,
        secret: str,
        integration_code: str,
        *,
        governor: Governor,
        zone_cache: ZoneCache,
        recorder: Recorder,
        context: CallContext | None = None,
        timeout_seconds: tuple[float, float] = (5, 40),
    ) -> None:
        self._session = AutotaskSession(
            zone_lookup_url,
            username,
            secret,
            integration_code,
            governor=governor,
            zone_cache=zone_cache,
            recorder=recorder,
            timeout_seconds=timeout_seconds,
        )
        self._context = context or CallContext()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._session!r}, lane={self._context.lane.value})"

    @property
    def context(self) -> CallContext:
        """Why this copy's calls are made."""
        return self._context

    @property
    def warning(self) -> str | None:
        """What a person should know about the lookup address, None when it is Autotask's own."""
        return self._session.warning

    @property
    def web_url(self) -> str:
        """Address of Autotask's screens for `links`, with a trailing slash; "" when the zone names none.

        Raises:
            VendorError: the zone is not known yet and cannot be looked up.
        """
        return self.fetch_zone().web_url

    def with_context(
        self, *, lane: Lane | None = None, subject: str | None = None, run_id: int | None = None
    ) -> Self:
        """Return a cheap copy whose calls carry this context; what is not given stays."""
        clone = copy(self)
        clone._context = replace(  # noqa: SLF001  the clone is ours, nobody has seen it yet
            self._context,
            lane=self._context.lane if lane is None else lane,
            subject=self._context.subject if subject is None else subject,
            run_id=self._context.run_id if run_id is None else run_id,
        )
        return clone

    def close(self) -> None:
        """Close pooled connections, for all copies."""
        self._session.close()

    def fetch_zone(self) -> ZoneInfo:
        """Return the zone, looked up when not known.

        Raises:
            AuthenticationFailed: Autotask does not know the user name.
            Unavailable: the lookup does not answer.
            ContractBroken: not a zone lookup, or an answer that cannot be trusted.
        """
        return self._session.fetch_zone(self._context)

    def refresh_zone(self) -> ZoneInfo:
        """Look the zone up now, whatever is cached.

        Raises:
            VendorError: as `fetch_zone`.
        """
        return self._session.refresh_zone(self._context)

    def fetch_threshold(self) -> Threshold:
        """Return the request budget of the database; the governor learns it too. Counts as a call itself."""
        return self._session.fetch_threshold(self._context)

    def fetch_version(self) -> Version:
        """Return the version of the installation; the cheapest proof that the credentials work."""
        answer = self._call("GET", "Version")
        return _parsed(answer, Version.from_wire, answer.json())

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
        body = build_query(filter_, include_fields=include_fields, max_records=page_size)
        return self._pages(known, body, page_size, on_page)

    def iter_by_ids(
        self,
        entity: str,
        ids: Iterable[int],
        *,
        include_fields: Sequence[str] | None = None,
        field: str = "id",
    ) -> Iterator[Row]:
        """Yield the rows whose `field` is one of the ids, 500 ids per query; ids without a row are just missing.

        Raises:
            QueryError: an id is not a whole number.
            VendorError: as `iter_query`.
        """
        for some in chunk_ids(ids):
            yield from self.iter_query(entity, where(field, "in", some), include_fields=include_fields)

    def count(self, entity: str, filter_: Filter) -> int:
        """Return how many rows fit.

        Raises:
            QueryError: the filter is wrong.
            ContractBroken: the answer has no count.
            VendorError: as the call ended.
        """
        known = entity_named(entity)
        answer = self._call("POST", f"{known.name}/query/count", build_count_query(filter_))
        return _parsed(answer, lambda row: Wire(known.name, row).needed_whole("queryCount"), answer.json())

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
            path = read_path(entity_named(entity), id_)
            raise NotFound(
                f"{entity} {id_} does not exist in Autotask", vendor=VENDOR, method="GET", path=path
            )
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
        return _parsed(
            answer,
            lambda body: EntityInformation.from_wire(Wire("entityInformation", body).raw("info")),
            answer.json(),
        )

    def _records(
        self, entity: str, parse: Callable[[object], Record], filter_: Filter, on_page: OnPage | None = None
    ) -> Iterator[Record]:
        for row in self.iter_query(entity, filter_, on_page=on_page):
            yield self._parse(entity, parse, row)

    def _parse(self, entity: str, parse: Callable[[object], Record], row: object) -> Record:
        answer = Answer(200, {}, b"", VENDOR, "", entity)
        return _parsed(answer, parse, row)

    def _call(self, method: str, path_or_url: str, body: object = None) -> Answer:
        return self._session.call(method, path_or_url, context=self._context, json_body=body)

    def _fields(self, path: str) -> FieldSet:
        answer = self._call("GET", path)
        body = answer.json()
        fields = body.get("fields") if isinstance(body, dict) else None
        if not isinstance(fields, list):
            raise answer.broken("the answer has no list of fields")
        return FieldSet([_parsed(answer, FieldInfo.from_wire, row) for row in fields])

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


def _parsed(answer: Answer, parse: Callable[[object], Record], row: object) -> Record:
    try:
        return parse(row)
    except WireError as error:
        raise answer.broken(str(error)) from error


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
