"""Walking lists page by page, without trusting what the pages say about themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeVar
from urllib.parse import parse_qs, urlsplit

from integration.vendors.calls import Answer
from integration.vendors.datto_rmm.wire import WireError

T = TypeVar("T")

#: Called after each page with (rows so far, total if the API says).
OnPage = Callable[[int, int | None], None]
#: Called with (row as it came, what is wrong with it) for each row no record can be made of.
OnUnreadable = Callable[[object, str], None]
PAGE_SIZE: Final = 250
_MOST_PAGES: Final = 50_000
#: Rows may shift between pages while we read, so one page without news is no fault; many in a row are a circle.
_MOST_STALE_PAGES: Final = 3


def read_page(answer: Answer, array: str) -> tuple[list[object], Mapping[str, object]]:
    """Return (rows, pageDetails) of one page.

    Raises:
        ContractBroken: when it is no page of this list.
    """
    envelope = answer.json()
    if not isinstance(envelope, Mapping):
        raise answer.broken("the answer is no page: expected an object")
    rows, details = envelope.get(array), envelope.get("pageDetails")
    if not isinstance(details, Mapping):
        raise answer.broken("the answer is no page: pageDetails is missing")
    if rows is None and not details.get("count") and array in envelope:
        rows = []
    if not isinstance(rows, list):
        raise answer.broken(f"the answer is no page: the list {array!r} is missing")
    return rows, details


def total_of(details: Mapping[str, object]) -> int | None:
    """Return the total a page claims, None when it does not; for progress only, it is not reliable."""
    total = details.get("totalCount")
    return total if isinstance(total, int) and not isinstance(total, bool) and total >= 0 else None


def read_one(answer: Answer, read: Callable[[object], T], value: object) -> T:
    """Return a record.

    Raises:
        ContractBroken: when it lacks what it cannot do without.
    """
    try:
        return read(value)
    except WireError as error:
        raise answer.broken(str(error)) from None


def iter_rows(
    fetch: Callable[[int], Answer],
    array: str,
    read: Callable[[object], T],
    *,
    identity: Callable[[T], str] | None,
    on_page: OnPage | None = None,
    on_unreadable: OnUnreadable | None = None,
    first_page: int = 0,
) -> Iterator[T]:
    """Yield every row of a list once, page by page.

    Only the page number is taken from `nextPageUrl`: it may name another host and may have lost our filters, so
    `fetch` sends our own address and filters with every page. A falsy `nextPageUrl` ends the list; counts do not.

    Args:
        fetch: returns the answer of a page by number, from 0.
        array: name of the list in the envelope.
        read: makes a record of a row.
        identity: what tells rows apart; rows seen before are left out, since rows shift between pages while we
            read. None yields everything.
        on_page: called after each page was received, before its rows are yielded.
        on_unreadable: told of each row that lacks what its record cannot do without; the list goes on, and the
            caller must not take it for whole. None: such a row ends the list.
        first_page: where a reading that was interrupted goes on.

    Raises:
        ContractBroken: no page, an unreadable next page, the same page again, or a list without end.
    """
    page, so_far, stale_pages = first_page, 0, 0
    seen: set[int] = set()
    previous: list[object] = []
    for _ in range(_MOST_PAGES):
        answer = fetch(page)
        rows, details = read_page(answer, array)
        if rows and rows == previous:
            raise answer.broken(f"page {page} is the page before once more")
        so_far += len(rows)
        if on_page is not None:
            on_page(so_far, total_of(details))
        stale_pages += 1
        for row in rows:
            try:
                record = read(row)
            except WireError as error:
                if on_unreadable is None:
                    raise answer.broken(str(error)) from None
                on_unreadable(row, str(error))
                continue
            if identity is not None:
                mark = hash(
                    identity(record)
                )  # the number instead of the text: a sweep may see 100,000s of rows
                if mark in seen:
                    continue
                seen.add(mark)
            stale_pages = 0
            yield record
        following = details.get("nextPageUrl")
        if not following:
            return
        if stale_pages > _MOST_STALE_PAGES:
            raise answer.broken("one page without anything new follows another without an end")
        page, last = _page_number(following), page
        if page <= last:
            raise answer.broken(f"the page after {last} has no higher number")
        previous = rows
    raise answer.broken(f"the list has more than {_MOST_PAGES} pages")


def _page_number(url: object) -> int:
    """Return the page number in an address, -1 when there is none."""
    try:
        found = parse_qs(urlsplit(str(url)).query).get("page", [""])[-1]
    except ValueError:
        return -1
    return int(found) if found.isascii() and found.isdigit() and len(found) < 10 else -1  # noqa: PLR2004 - beyond any list
