"""Reading one page of a query and the address of the next."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from integration.vendors.autotask.entities import Entity
from integration.vendors.calls import Answer

Row = dict[str, Any]


def read_page(answer: Answer, entity: Entity, page_size: int) -> tuple[list[Row], str]:
    """Return the rows of a page and the address of the next one, "" after the last."""
    body = answer.json()
    rows = body.get("items") if isinstance(body, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise answer.broken(f"{entity.name}: the answer has no list of rows")
    details = body.get("pageDetails") if isinstance(body, dict) else None
    if not isinstance(details, dict):
        if len(rows) >= page_size:
            raise answer.broken(f"{entity.name}: a full page without pageDetails; there may be more rows")
        return rows, ""
    following = details.get("nextPageUrl")
    if following is None or following == "":
        return rows, ""
    return rows, _checked_next(answer, entity, following)


def _checked_next(answer: Answer, entity: Entity, following: object) -> str:
    """Return the next page's address when it is a query of the same entity; the door checks its host."""
    if isinstance(following, str) and following.startswith(("https://", "http://")):
        # The same body is POSTed there, so it must not be a place where a POST creates something.
        segments = [segment.lower() for segment in urlsplit(following).path.split("/")]
        wanted = [entity.name.lower(), "query"]
        if any(segments[index : index + 2] == wanted for index in range(len(segments))):
            return following
    raise answer.broken(f"{entity.name}: the next page's address is not a query of the same rows")
