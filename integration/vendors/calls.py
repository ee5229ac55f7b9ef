"""What goes with a vendor call: why it is made, how it is recorded, what came back."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from integration.vendors.budget.lanes import Lane
from integration.vendors.errors import ContractBroken


@dataclass(frozen=True, slots=True)
class CallContext:
    """Why a call is made.

    Attributes:
        lane: how urgent it is.
        subject: for which object, such as "alert:<uid>" or "ticket:123"; empty when for none in particular.
        run_id: the sync run it belongs to.
        before_write: called before each request that changes something; what it raises keeps the request from leaving.
    """

    lane: Lane = Lane.BACKGROUND
    subject: str = ""
    run_id: int | None = None
    before_write: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One attempt that was sent. Holds no header, body, query or secret.

    Attributes:
        path: without host and query.
        status: None when no answer arrived.
        error: class name of what was raised for this attempt, empty when it succeeded.
        started_at: aware UTC.
    """

    vendor: str
    method: str
    path: str
    status: int | None
    duration_ms: int
    lane: Lane
    subject: str
    run_id: int | None
    error: str
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete HTTP answer.

    Attributes:
        headers: names in lower case.
        body: decoded from gzip, otherwise as it came.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    vendor: str = ""
    method: str = ""
    path: str = ""

    @property
    def is_success(self) -> bool:
        """Return whether the status is 2xx."""
        return 200 <= self.status < 300  # noqa: PLR2004 - the HTTP status classes are their own names

    def text(self) -> str:
        """Return the body as text; undecodable bytes become replacement characters."""
        return self.body.decode("utf-8", errors="replace")

    def json(self) -> object:
        """Return the parsed body; NUL characters go, and halves of characters become question marks.

        Raises:
            ContractBroken: when it is empty or no JSON.
        """
        if not self.body.strip():
            raise self.broken("the answer is empty where JSON was expected")
        try:
            parsed: object = json.loads(self.body)
            if _UNSTORABLE.search(self.body):
                parsed = _storable(parsed)
        except (ValueError, RecursionError):
            kind = self.headers.get("content-type", "") or "no content type"
            raise self.broken(f"the answer is not JSON ({kind[:60]}, {len(self.body)} bytes)") from None
        return parsed

    def broken(self, detail: str) -> ContractBroken:
        """Return (not raise) the error for an answer that lacks what we cannot do without."""
        return ContractBroken(
            detail, vendor=self.vendor, method=self.method, path=self.path, status=self.status
        )


#: NUL, and halves of a surrogate pair as a vendor leaves them when it cuts a text in the middle of an emoji, escaped
#: or as bytes. Pairs match too; they come through unchanged.
_UNSTORABLE: Final = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])|\xed[\xa0-\xbf]")


def _storable(value: object) -> object:
    """Return JSON without what no database can hold: one such text must not fail the run that meets it."""
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, list):
        return [_storable(one) for one in value]
    if isinstance(value, dict):
        return {_storable(name): _storable(one) for name, one in value.items()}
    return value


def parse_retry_after(value: str | None, *, now: datetime | None = None) -> float | None:
    """Return the seconds a `Retry-After` header asks for, None when absent or unreadable.

    Args:
        value: seconds ("30") or an HTTP date ("Wed, 21 Oct 2026 07:28:00 GMT").
        now: for the date form; the present when None.

    Returns:
        Never negative; a date in the past gives 0.
    """
    if value is None or not value.strip():
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            until = parsedate_to_datetime(value.strip())
        except (ValueError, TypeError, OverflowError):
            return None
        if until.tzinfo is None:
            until = until.replace(tzinfo=UTC)
        seconds = (until - (now or datetime.now(UTC))).total_seconds()
    return max(0.0, seconds) if math.isfinite(seconds) else None
