"""What all calls of the client share."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import TypeVar
from urllib.parse import quote

from integration.vendors.calls import Answer, CallContext
from integration.vendors.datto_rmm.paging import PAGE_SIZE, OnPage, OnUnreadable, iter_rows, read_one
from integration.vendors.datto_rmm.records import RequestRate, read_request_rate
from integration.vendors.datto_rmm.session import VENDOR, Session
from integration.vendors.errors import VendorError
from integration.vendors.http import Params

T = TypeVar("T")

logger = logging.getLogger(__name__)


def segment(name: str, value: str | int) -> str:
    """Return an id as one path segment.

    Raises:
        ValueError: when it is empty or would change the path.
    """
    text = str(value).strip()
    if not text or text in {".", ".."} or not text.isprintable() or len(text) > 200:  # noqa: PLR2004 - no id is longer
        raise ValueError(f"{name}: {text[:40]!r} is no id; give the id as Datto RMM reports it")
    return quote(text, safe="")


class ApiBase:
    """Transport for the call groups; the client sets both attributes."""

    _session: Session
    _context: CallContext

    def _call(
        self,
        method: str,
        path: str,
        *,
        endpoint: str,
        operation: str = "",
        params: Params | None = None,
        json_body: object = None,
        with_token: bool = True,
    ) -> Answer:
        answer = self._session.call(
            method,
            path,
            context=self._context,
            endpoint=endpoint,
            operation=operation,
            params=params,
            json_body=json_body,
            with_token=with_token,
        )
        if method == "GET" and endpoint != "request-rate" and self._session.should_learn(self._context.lane):
            self._learn_quietly()
        return answer

    def _fetch(
        self, path: str, read: Callable[[object], T], *, endpoint: str, params: Params | None = None
    ) -> T:
        answer = self._call("GET", path, endpoint=endpoint, params=params)
        return read_one(answer, read, answer.json())

    def _fetch_list(self, path: str, read: Callable[[object], T], *, endpoint: str) -> tuple[T, ...]:
        """Return a bare JSON array, which has no envelope and no pages."""
        answer = self._call("GET", path, endpoint=endpoint)
        rows = answer.json()
        if not isinstance(rows, list):
            raise answer.broken("expected a list")
        return tuple(read_one(answer, read, row) for row in rows)

    def _iter(
        self,
        path: str,
        array: str,
        read: Callable[[object], T],
        *,
        endpoint: str,
        identity: Callable[[T], str] | None,
        params: Params | None = None,
        on_page: OnPage | None = None,
        on_unreadable: OnUnreadable | None = None,
        first_page: int = 0,
    ) -> Iterator[T]:
        def fetch(page: int) -> Answer:
            query: Params = {**(params or {}), "page": page, "max": PAGE_SIZE}
            return self._call("GET", path, endpoint=endpoint, params=query)

        return iter_rows(
            fetch,
            array,
            read,
            identity=identity,
            on_page=on_page,
            on_unreadable=on_unreadable,
            first_page=first_page,
        )

    def fetch_request_rate(self) -> RequestRate:
        """Return the account's use of the API by everybody."""
        return self._fetch("/v2/system/request_rate", read_request_rate, endpoint="request-rate")

    def learn_budget(self) -> RequestRate:
        """Read the account's use of the API and teach the governor how much of it is strangers'."""
        rate = self.fetch_request_rate()
        governor = self._session.governor
        governor.learn_use(VENDOR, rate.read_count, limit=rate.read_limit, meter="reads")
        governor.learn_use(VENDOR, rate.write_count, limit=rate.write_limit, meter="writes")
        for name, operation in rate.operations.items():
            governor.learn_use(VENDOR, operation.count, limit=operation.limit, meter=f"op:{name}")
        return rate

    def _learn_quietly(self) -> None:
        """Learn beside a call that already has its answer: trouble here must not lose that answer."""
        try:
            self.learn_budget()
        except VendorError as error:
            logger.warning("the use of the Datto RMM API could not be read: %s", error)
