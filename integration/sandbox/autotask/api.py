"""The REST surface: paths and verbs to reads and writes. Knows no Flask."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final

from integration.sandbox.autotask import answers
from integration.sandbox.autotask.catalogue import entity_at, nested_at
from integration.sandbox.autotask.database import Actor, ApiUser, Database
from integration.sandbox.autotask.errors import RefusedError
from integration.sandbox.autotask.lenient import parse_object
from integration.sandbox.autotask.limits import Limits
from integration.sandbox.autotask.paging import answer_query
from integration.sandbox.autotask.query import find_ids, read_query
from integration.sandbox.autotask.schema import Entity, Nested
from integration.sandbox.autotask.writer import Writer
from integration.sandbox.autotask.zone import Zone

Answer = dict[str, Any]
_READ: Final = frozenset({"GET", "POST"})
_OPERATIONS: Final = {"POST": "create", "PATCH": "update", "PUT": "update", "DELETE": "delete"}
_LETTERS: Final = {"POST": "C", "PATCH": "U", "PUT": "U", "DELETE": "D"}
_API_USER: Final = 7


@dataclass(frozen=True, slots=True)
class Call:
    """One request; `root` is the zone prefix as it came, `segments` what follows it."""

    method: str
    base_url: str
    root: str
    segments: tuple[str, ...]
    headers: Mapping[str, str]
    arguments: Mapping[str, str]
    body: bytes


def _wrong_verb(method: str) -> RefusedError:
    return RefusedError(
        f"The requested resource does not support http method '{method}'.",
        status=HTTPStatus.METHOD_NOT_ALLOWED,
    )


def _no_path() -> RefusedError:
    return RefusedError("No HTTP resource was found that matches the request.", status=HTTPStatus.NOT_FOUND)


class Api:
    """Answers calls; raises RefusedError for everything that is not a 200."""

    def __init__(self, database: Database, writer: Writer, limits: Limits, zone: Zone) -> None:
        self._database = database
        self._writer = writer
        self._limits = limits
        self._zone = zone

    def answer(self, call: Call) -> Answer:
        """Return the body of a 200.

        Raises:
            RefusedError: with the status and the texts of the error answer.
        """
        lowered = tuple(segment.lower() for segment in call.segments)
        if lowered == ("versioninformation",):
            self._authenticate(call)
            return {"apiVersions": ["1.0"]}
        if not lowered or lowered[0] != "v1.0":
            raise _no_path()
        segments = call.segments[1:]
        if lowered[1:] == ("zoneinformation",):
            self._only(call, "GET")
            return self._zone.information(self._database, call.arguments.get("user", ""))
        user = self._authenticate(call)
        fixed = self._fixed(lowered[1]) if len(lowered) == 2 else None  # noqa: PLR2004  version and name
        if fixed is not None:
            self._only(call, "GET")
            with self._limits.slot(user, lowered[1]):
                return fixed()
        return self._entity_call(call, segments, user)

    def _authenticate(self, call: Call) -> ApiUser:
        """Return the user whose three headers came in; header names count without letter case."""
        headers = {name.lower(): _as_utf8(value) for name, value in call.headers.items()}
        user = self._database.users.get(headers.get("username", "").strip().lower())
        if (
            user is None
            or user.secret != headers.get("secret")
            or user.integration_code != headers.get("apiintegrationcode")
            or not self._zone.serves(call.root)
        ):
            raise RefusedError("Unauthorized", status=HTTPStatus.UNAUTHORIZED)
        return user

    def _fixed(self, name: str) -> Callable[[], Answer] | None:
        known: dict[str, Callable[[], Answer]] = {
            "version": lambda: {
                "majorVersion": "2026",
                "minorVersion": "3",
                "build": "0.1",
                "customerType": "Sandbox",
            },
            "authenticate": lambda: {
                "authToken": "not-needed",
                "expiration": (self._database.now_utc() + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            },
            "modules": lambda: {"modules": ["CRM", "Contracts", "Service Desk", "Inventory"]},
            "thresholdinformation": lambda: {
                "externalRequestThreshold": self._database.switches.hourly_limit,
                "requestThresholdTimeframe": 60,
                "currentTimeframeRequestCount": self._limits.used_this_hour(),
            },
        }
        return known.get(name)

    def _entity_call(self, call: Call, segments: tuple[str, ...], user: ApiUser) -> Answer:
        nested = nested_at(segments[0], segments[2]) if len(segments) > 2 else None  # noqa: PLR2004  parent, id, child
        if nested is not None and _is_id(segments[1]):
            entity, link = nested
            with self._limits.slot(user, entity.name):
                return self._nested(call, entity, (link, int(segments[1])), segments[3:], user)
        found = entity_at(segments[0])
        if found is None:
            raise _no_path()
        with self._limits.slot(user, found.name):
            return self._top(call, found, segments[1:], user)

    def _top(self, call: Call, entity: Entity, rest: tuple[str, ...], user: ApiUser) -> Answer:
        lowered = tuple(segment.lower() for segment in rest)
        if not lowered:
            if entity.nested or not any(entity.may(letter) for letter in "CU"):
                raise _wrong_verb(call.method)
            return self._write(call, entity, None, user)
        if lowered[0] == "entityinformation":
            return self._metadata(call, entity, lowered[1:])
        if not entity.readable_at_top:
            raise _no_path()
        if lowered[0] == "query":
            return self._query(call, entity, lowered[1:], user)
        if len(rest) > 1 or not _is_id(rest[0]):
            raise _no_path()
        if call.method == "DELETE" and entity.may("D") and not entity.nested:
            return self._delete(entity, None, int(rest[0]), user)
        self._only(call, "GET")
        return self._item(call, entity, int(rest[0]), user)

    def _nested(
        self, call: Call, entity: Entity, within: tuple[Nested, int], rest: tuple[str, ...], user: ApiUser
    ) -> Answer:
        if rest and rest[0].lower() == "entityinformation":
            return self._metadata(call, entity, tuple(segment.lower() for segment in rest[1:]))
        if not rest:
            if call.method != "GET":
                return self._write(call, entity, within, user)
            self._check_read(call, entity)
            with self._database.lock:
                rows = self._database.tables[entity.name].where(within[0].field, within[1])
                items = [
                    answers.record(self._database, entity, r, protected_data=user.protected_data)
                    for r in rows
                ]
            details = {
                "count": len(items),
                "requestCount": len(items),
                "prevPageUrl": None,
                "nextPageUrl": None,
            }
            return {"items": items} if entity.attachment else {"items": items, "pageDetails": details}
        if len(rest) > 1 or not _is_id(rest[0]):
            raise _no_path()
        if call.method == "DELETE" and entity.may("D"):
            return self._delete(entity, within, int(rest[0]), user)
        self._only(call, "GET")
        return self._item(call, entity, int(rest[0]), user, within=within)

    def _item(
        self, call: Call, entity: Entity, row_id: int, user: ApiUser, within: tuple[Nested, int] | None = None
    ) -> Answer:
        self._check_read(call, entity)
        with self._database.lock:
            row = self._database.row(entity.name, row_id)
            if row is not None and within is not None and row.get(within[0].field) != within[1]:
                row = None
            shown = None
            if row is not None:
                shown = answers.record(
                    self._database,
                    entity,
                    row,
                    protected_data=user.protected_data,
                    with_data=within is not None,
                )
        if entity.attachment and within is not None:
            # The real service answers a single attachment as a list.
            return {"items": [] if shown is None else [shown]}
        return {"item": shown}

    def _query(self, call: Call, entity: Entity, rest: tuple[str, ...], user: ApiUser) -> Answer:
        if rest not in ((), ("count",), ("next",)):
            raise _no_path()
        if call.method not in _READ:
            raise _wrong_verb(call.method)
        self._check_read(call, entity)
        search = call.arguments.get("search", "") if call.method == "GET" else ""
        body = parse_object(search if call.method == "GET" else call.body)
        with self._database.lock:
            if rest == ("count",):
                query = read_query(self._database, entity, body)
                return {"queryCount": sum(1 for _ in find_ids(self._database, entity, query.condition))}
            paging = call.arguments.get("paging", "")
            if (rest == ("next",)) != bool(paging):
                raise RefusedError("The paging parameter is not one this service gave out.")
            link = f"{call.base_url}/{call.root}/V1.0/{entity.name}/query/next"
            return answer_query(self._database, entity, body, user, link=link, search=search, paging=paging)

    def _metadata(self, call: Call, entity: Entity, rest: tuple[str, ...]) -> Answer:
        self._only(call, "GET")
        with self._database.lock:
            if not rest:
                return answers.entity_information(entity)
            if rest == ("fields",):
                return answers.field_information(self._database, entity)
            if rest == ("userdefinedfields",) and entity.udf_label:
                return answers.udf_information(self._database, entity)
        raise _no_path()

    def _write(self, call: Call, entity: Entity, link: tuple[Nested, int] | None, user: ApiUser) -> Answer:
        if call.method not in {"POST", "PATCH", "PUT"} or not entity.may(_LETTERS[call.method]):
            raise _wrong_verb(call.method)
        self._database.require_right(entity, _OPERATIONS[call.method])
        body = parse_object(call.body)
        actor = self._actor(call, user)
        if call.method == "POST":
            return {"itemId": self._writer.create(entity, body, actor, link)}
        return {"itemId": self._writer.update(entity, body, actor, link, replace=call.method == "PUT")}

    def _delete(self, entity: Entity, link: tuple[Nested, int] | None, row_id: int, user: ApiUser) -> Answer:
        self._database.require_right(entity, "delete")
        actor = Actor(user.resource_id, vendor=user.vendor)
        return {"itemId": self._writer.delete(entity, row_id, actor, link)}

    def _actor(self, call: Call, user: ApiUser) -> Actor:
        wanted = {name.lower(): value for name, value in call.headers.items()}.get("impersonationresourceid")
        if not wanted:
            return Actor(user.resource_id, vendor=user.vendor, protected_data=user.protected_data)
        resource = self._database.row("Resources", int(wanted)) if wanted.isdigit() else None
        if resource is None or not resource.get("isActive", True) or resource.get("licenseType") == _API_USER:
            raise RefusedError(
                "The logged in Resource does not have the adequate permissions to impersonate this Resource."
            )
        return Actor(
            resource["id"],
            vendor=user.vendor,
            impersonator_id=user.resource_id,
            protected_data=user.protected_data,
        )

    def _check_read(self, call: Call, entity: Entity) -> None:
        self._database.require_right(entity, "query")
        if any(name.lower() == "impersonationresourceid" for name in call.headers):
            raise RefusedError(
                f"The logged in Resource does not have the adequate permissions to query this {entity.object_name} "
                "by impersonation."
            )

    def _only(self, call: Call, method: str) -> None:
        if call.method != method:
            raise _wrong_verb(call.method)


def _as_utf8(value: str) -> str:
    # Header bytes arrive read as Latin-1; clients send names and secrets beyond ASCII as UTF-8.
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return value


def _is_id(segment: str) -> bool:
    return segment.isascii() and segment.isdigit()
