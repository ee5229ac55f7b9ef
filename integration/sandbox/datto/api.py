"""What every Datto route stands on: the bearer check, the limits, errors, list pages and request bodies."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, jsonify, make_response, request

from .double import DattoDouble
from .limits import OPERATIONS
from .seed import NotFoundError, now_ms

PAGE_CAP = 250
API_PREFIX = "/api/"
_OPEN_PATHS = ("/api/v2/system/status", "/api/v3/system/status")

#: A slice of a list: called with (start, count), returns (total, items).
Slice = Callable[[int, int], tuple[int, list[Any]]]


class ApiError(Exception):
    """An error answer of the API.

    Attributes:
        status: HTTP status.
        headers: extra headers.
    """

    def __init__(self, status: int, headers: dict[str, str] | None = None) -> None:
        self.status = status
        self.headers = headers or {}
        super().__init__(str(status))


def error_response(status: int, headers: dict[str, str] | None = None) -> Response:
    """Return the vendor's error body: time stamp, status, reason phrase and path, without any message."""
    body = {
        "timestamp": now_ms(),
        "status": status,
        "error": HTTPStatus(status).phrase,
        "path": request.path,
    }
    answer = make_response(jsonify(body), status)
    answer.headers.update(headers or {})
    return answer


def guard(app: Flask, double: DattoDouble) -> None:
    """Put the bearer check and the limits in front of everything under `/api/`."""

    @app.before_request
    def check() -> Response | None:
        if not request.path.startswith(API_PREFIX) or request.path in _OPEN_PATHS:
            return None
        if not _has_token(double):
            return error_response(401)
        if request.path.startswith("/api/v3/") and not double.settings.has_api_v3:
            return error_response(404)
        return _limit(double)

    @app.after_request
    def count(response: Response) -> Response:
        """Count accepted writes, so that tests can prove that there were none."""
        wrote = request.path.startswith(API_PREFIX) and request.method not in {"GET", "HEAD"}
        if wrote and response.status_code < HTTPStatus.BAD_REQUEST:
            about = next(iter((request.view_args or {}).values()), "")
            with double.lock:
                double.writes[_operation(), str(about)] += 1
        return response

    @app.errorhandler(ApiError)
    def refuse(error: ApiError) -> Response:
        return error_response(error.status, error.headers)

    @app.errorhandler(NotFoundError)
    def missing(_error: NotFoundError) -> Response:
        return error_response(404)


def _has_token(double: DattoDouble) -> bool:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    with double.lock:
        return kind.lower() == "bearer" and double.tokens.get(token, 0.0) > time.time()


def _operation() -> str:
    endpoint = (request.endpoint or "").rpartition(".")[2].removeprefix("v3-")
    return endpoint if endpoint in OPERATIONS else "other"


def _limit(double: DattoDouble) -> Response | None:
    """Apply the limits; sleeps near the limit as the vendor does."""
    operation = None if request.method in {"GET", "HEAD"} else _operation()
    with double.lock:
        verdict = double.limiter.check(operation=operation)
    if verdict.status == HTTPStatus.TOO_MANY_REQUESTS:
        return error_response(429, retry_after(verdict.retry_after_seconds, double.settings.retry_after))
    if verdict.status != HTTPStatus.OK:
        return error_response(verdict.status)
    if verdict.delay_seconds:
        time.sleep(verdict.delay_seconds)
    return None


def retry_after(seconds: int, form: str) -> dict[str, str]:
    """Return the Retry-After header in the wanted form: "seconds", "date" or "absent"."""
    if form == "absent":
        return {}
    if form == "date":
        return {"Retry-After": email.utils.formatdate(time.time() + seconds, usegmt=True)}
    return {"Retry-After": str(seconds)}


def empty() -> Response:
    """Return the vendor's answer to a successful write: 200 and nothing."""
    return Response(b"", 200, content_type="application/json")


def whole_number(name: str, default: int) -> int:
    """Return a query parameter as a number from 0 up; 400 when it is none."""
    text = request.args.get(name)
    if text is None:
        return default
    if not text.isdigit():
        raise ApiError(400)
    return int(text)


def flag(name: str) -> bool | None:
    """Return a boolean query parameter, None when it is not given; 400 on other texts."""
    text = request.args.get(name)
    if text is None:
        return None
    if text.lower() not in {"true", "false"}:
        raise ApiError(400)
    return text.lower() == "true"


def body(*, required: tuple[str, ...] = (), known: tuple[str, ...] | None = None) -> dict[str, Any]:
    """Return the JSON object sent; 400 when it is none, lacks a required key or is not UTF-8."""
    value = request.get_json(force=True, silent=True)
    if not isinstance(value, dict) or any(value.get(key) in (None, "") for key in required):
        raise ApiError(400)
    return {key: value[key] for key in value if known is None or key in known}


def page_of(
    double: DattoDouble,
    name: str,
    source: Sequence[Any] | Slice,
    wire: Callable[[Any], Any] = lambda item: item,
) -> Response:
    """Return one page of a list in the vendor's envelope.

    Pages count from 0 and hold at most 250 items. The URLs of the neighbours lose every parameter but `max` (with
    the switch on), and `totalCount` is a number, null or absent as the switch says.
    """
    number = whole_number("page", 0)
    size = min(whole_number("max", PAGE_CAP) or PAGE_CAP, PAGE_CAP)
    start = number * size
    if callable(source):
        total, items = source(start, size)
    else:
        total, items = len(source), list(source[start : start + size])
    details: dict[str, Any] = {
        "count": len(items),
        "totalCount": total,
        "prevPageUrl": _page_url(double, number - 1, size) if number else None,
        "nextPageUrl": _page_url(double, number + 1, size) if start + size < total else None,
    }
    if double.settings.total_count == "null":
        details["totalCount"] = None
    elif double.settings.total_count == "absent":
        del details["totalCount"]
    return jsonify({"pageDetails": details, name: [wire(item) for item in items]})


def _page_url(double: DattoDouble, number: int, size: int) -> str:
    args: dict[str, str | int] = {"max": size, "page": number}
    if not double.settings.next_page_loses_filters:
        args = {**request.args.to_dict(), **args}
    return f"{host()}{request.path}?{urlencode(args)}"


def host() -> str:
    """Return scheme and host as the caller sees them."""
    return request.host_url.rstrip("/")


def contains(value: str | None, wanted: str | None) -> bool:
    """Return whether `wanted` stands inside `value`, whatever the case; an absent filter fits everything."""
    return wanted is None or wanted.strip("%").lower() in (value or "").lower()
