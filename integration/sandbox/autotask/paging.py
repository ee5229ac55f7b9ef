"""Query answers in pages, with absolute links that only serve the query they came from."""

from __future__ import annotations

import hashlib
import json
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from integration.sandbox.autotask.answers import record
from integration.sandbox.autotask.database import ApiUser, Database
from integration.sandbox.autotask.errors import RefusedError
from integration.sandbox.autotask.query import find_ids, read_query
from integration.sandbox.autotask.schema import Entity


def answer_query(
    database: Database,
    entity: Entity,
    body: dict[str, Any],
    user: ApiUser,
    *,
    link: str,
    search: str,
    paging: str,
) -> dict[str, Any]:
    """Return one page: `{"items": [...], "pageDetails": {...}}`.

    `link` is the absolute address of `<Entity>/query/next`, `search` the query text of a GET (empty for a POST) and
    `paging` the parameter of a followed link (empty for the first page).
    """
    query = read_query(database, entity, body)
    starts: list[int | None] = _read_paging(paging, body, query.page_size) if paging else [None]
    found = list(islice(find_ids(database, entity, query.condition, starts[-1]), query.page_size + 1))
    page, more = found[: query.page_size], len(found) > query.page_size
    if query.include is not None and (more or paging) and "id" not in query.include:
        raise RefusedError("IncludeFields must contain id when the answer has more than one page.")
    rows = database.tables[entity.name].rows
    items = [
        record(database, entity, rows[row_id], include=query.include, protected_data=user.protected_data)
        for row_id in page
    ]
    token = {"pageSize": query.page_size, "query": fingerprint(body)}

    def link_to(where: list[int | None]) -> str:
        parameters = {"paging": json.dumps({**token, "starts": where})} | (
            {"search": search} if search else {}
        )
        return f"{link}?{urlencode(parameters)}"

    return {
        "items": items,
        "pageDetails": {
            "count": len(items),
            "requestCount": query.page_size,
            "prevPageUrl": link_to(starts[:-1]) if len(starts) > 1 else None,
            "nextPageUrl": link_to([*starts, page[-1]]) if more else None,
        },
    }


def fingerprint(body: dict[str, Any]) -> str:
    """Return a short mark of a query, equal for equal bodies."""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _read_paging(text: str, body: dict[str, Any], page_size: int) -> list[int | None]:
    """Return the last ids of all pages before this one; None stands for the beginning."""
    place: dict[str, Any] = {}
    starts: list[int | None] = []
    try:
        place = json.loads(text)
        starts = place["starts"]
        usable = bool(starts) and all(start is None or isinstance(start, int) for start in starts)
    except (ValueError, TypeError, KeyError):
        usable = False
    if not usable:
        raise RefusedError("The paging parameter is not one this service gave out.")
    if place.get("query") != fingerprint(body) or place.get("pageSize") != page_size:
        raise RefusedError("The paging link must be requested with the query it was given for.")
    return starts
