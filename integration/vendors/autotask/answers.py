"""From an Autotask answer to the error it means, by its text before its status."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Final

from integration.vendors.autotask.entities import bucket_of_path
from integration.vendors.autotask.rejections import Meaning, meaning_of
from integration.vendors.calls import Answer, parse_retry_after
from integration.vendors.errors import (
    AuthenticationFailed,
    NotFound,
    PermissionDenied,
    RateLimited,
    Rejected,
    Unavailable,
    VendorError,
    WriteOutcomeUnknown,
)

VENDOR: Final = "autotask"
#: A thread is free again when one of our calls ends.
THREAD_RETRY_SECONDS: Final = 1.0
#: The hourly window rolls, but Autotask does not say when it lets us in again.
REQUEST_RETRY_SECONDS: Final = 60.0
_MOST_MESSAGES: Final = 20
_LONGEST_MESSAGE: Final = 500
_QUERY_PATH: Final = re.compile(r"/query(?:/|\Z)", re.IGNORECASE)
_NO_SUCH_ROUTE: Final = re.compile(
    r"no http resource was found|no type was found that matches", re.IGNORECASE
)
_SERVER_ERRORS: Final = 500

LOGIN_CURE: Final = (
    "Autotask refused the API user: check user name, secret and integration code, "
    "and that the API user is active and not locked"
)


def is_read(method: str, path: str) -> bool:
    """Tell whether a call changes nothing; queries are POSTed but are reads."""
    return method == "GET" or (method == "POST" and _QUERY_PATH.search(path) is not None)


def error_of(answer: Answer, redact: Callable[[str], str]) -> VendorError | None:
    """Return (not raise) the error an answer means, None for a good one.

    Args:
        answer: any status but a redirect.
        redact: masks secrets in Autotask's texts, which may quote what was sent.
    """
    messages = [redact(text)[:_LONGEST_MESSAGE] for text in _messages(answer)]
    if answer.is_success and not messages:
        return None
    meaning = meaning_of(messages) if messages else Meaning.REJECTED
    if meaning is Meaning.THREAD_LIMIT:
        return _limited(answer, messages[0], THREAD_RETRY_SECONDS, endpoint=bucket_of_path(answer.path))
    if meaning is Meaning.REQUEST_LIMIT or answer.status == 429:  # noqa: PLR2004  HTTP status
        return _limited(answer, messages[0] if messages else "too many requests", REQUEST_RETRY_SECONDS)
    by_status = _by_status(answer, messages)
    if by_status is not None:
        return by_status
    if meaning is Meaning.PERMISSION:
        return _error(PermissionDenied, answer, "; ".join(messages))
    if meaning is Meaning.NO_RECORD:
        return _error(NotFound, answer, "; ".join(messages))
    if meaning is Meaning.BROKE_MIDWAY or (not messages and answer.status >= _SERVER_ERRORS):
        return _broke_midway(answer, messages)
    return Rejected(
        messages or [f"refused with HTTP {answer.status} and no reason"],
        vendor=VENDOR,
        method=answer.method,
        path=answer.path,
        status=answer.status,
    )


def _by_status(answer: Answer, messages: list[str]) -> VendorError | None:
    """Return the error for the statuses that speak for themselves."""
    said = "; ".join(messages)
    if answer.status == 401:  # noqa: PLR2004  HTTP status
        return _error(AuthenticationFailed, answer, LOGIN_CURE)
    if answer.status == 403:  # noqa: PLR2004  HTTP status
        return _error(PermissionDenied, answer, said or "the API user may not do this")
    if answer.status == 404:  # noqa: PLR2004  HTTP status
        if _is_foreign_page(answer):
            return answer.broken("there is no Autotask API at this path: check the zone address")
        return _error(NotFound, answer, said or "Autotask knows no such record")
    if answer.status == 405:  # noqa: PLR2004  HTTP status
        return answer.broken(said or "Autotask does not offer this operation here")
    return None


def _broke_midway(answer: Answer, messages: list[str]) -> VendorError:
    said = "; ".join(messages) or "Autotask failed without giving a reason"
    if is_read(answer.method, answer.path):
        return _error(Unavailable, answer, said)
    return _error(WriteOutcomeUnknown, answer, f"{said}; the change may have happened")


def _limited(answer: Answer, said: str, default_seconds: float, *, endpoint: str = "") -> RateLimited:
    asked = parse_retry_after(answer.headers.get("retry-after"))
    return RateLimited(
        said,
        retry_after_seconds=default_seconds if asked is None else asked,
        endpoint=endpoint,
        vendor=VENDOR,
        method=answer.method,
        path=answer.path,
        status=answer.status,
    )


def _error(kind: type[VendorError], answer: Answer, detail: str) -> VendorError:
    return kind(detail, vendor=VENDOR, method=answer.method, path=answer.path, status=answer.status)


def _is_foreign_page(answer: Answer) -> bool:
    """Tell whether a 404 comes from a web server that has no such route, rather than from a missing row."""
    text = answer.text().lstrip("\ufeff \t\r\n")
    return text.startswith("<") or _NO_SUCH_ROUTE.search(text) is not None


def _messages(answer: Answer) -> list[str]:
    """Return the texts of an `errors` list, also inside a 200; empty when there are none.

    Text in another shape comes from a server in between or one that broke: with a 5xx it counts only when it
    speaks of a limit, because such an answer is no business refusal.
    """
    # Parsing every good page twice would double the cost of a large sync; a page of rows has no errors key.
    if answer.is_success and b'"errors"' not in answer.body.lower():
        return []
    try:
        body = json.loads(answer.body)
    except (ValueError, RecursionError):
        return _loose(answer, answer.text())
    if not isinstance(body, dict):
        return _loose(answer, body)
    by_key = {str(key).lower(): value for key, value in body.items()}
    errors = by_key.get("errors")
    found = errors if isinstance(errors, list) else [errors] if errors else []
    texts = [text for text in map(_text_of, found[:_MOST_MESSAGES]) if text]
    return texts or _loose(answer, by_key.get("message"))


def _loose(answer: Answer, said: object) -> list[str]:
    text = said.strip() if isinstance(said, str) else ""
    if not text or answer.is_success or text.startswith("<"):
        return []
    is_limit = meaning_of([text]) in {Meaning.THREAD_LIMIT, Meaning.REQUEST_LIMIT}
    return [text] if is_limit or answer.status < _SERVER_ERRORS else []


def _text_of(error: object) -> str:
    if isinstance(error, str):
        return error
    if isinstance(error, dict):
        return next(
            (str(value) for key, value in error.items() if str(key).lower() in {"message", "text"}), ""
        )
    return "" if error is None else str(error)
