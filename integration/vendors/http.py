"""The only door to the network.

Every request to a vendor goes through `HttpDoor.request`: it pins the host, asks the governor, sends, records
the attempt, and turns whatever goes wrong into the `VendorError` family. Reads are retried a little; a write is
sent exactly once, and when its answer is lost the caller is told so (`WriteOutcomeUnknown`).
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import requests
from urllib3.exceptions import HTTPError as Urllib3Error

from integration.vendors.budget import Governor, Lane, Permit
from integration.vendors.calls import Answer, CallContext, CallRecord, parse_retry_after
from integration.vendors.errors import (
    ContractBroken,
    RateLimited,
    Unavailable,
    VendorError,
    WriteOutcomeUnknown,
)
from integration.vendors.origin import Origin
from integration.vendors.outgoing import Params, encode_body, new_session, no_auth, query_pairs
from integration.vendors.redaction import Redactor
from integration.vendors.transport import is_timeout, vendor_error

__all__ = [
    "Answer",
    "CallContext",
    "CallRecord",
    "HttpDoor",
    "Lane",
    "Params",
    "Recorder",
    "parse_retry_after",
]

logger = logging.getLogger(__name__)

Recorder = Callable[[CallRecord], None]
#: Looks at an answer and returns the error it means, None when it is fine (or not for this hook to judge).
AnswerHook = Callable[[Answer], VendorError | None]

READ_ATTEMPTS: Final = 3
_GATEWAY_STATUSES: Final = frozenset({502, 503, 504})
_CHUNK_BYTES: Final = 64 * 1024
#: A server that trickles its answer may take this many read timeouts in all.
_TIMEOUTS_PER_ANSWER: Final = 4
_BACKOFF_SECONDS: Final = (0.2, 0.8)
#: A slot outlives the longest silence we wait through by this; a killed worker's slot is free soon after.
_LEASE_MARGIN_SECONDS: Final = 10.0


class _TooLargeError(Exception):
    """The answer passed the size guard."""


class _TooSlowError(TimeoutError):
    """The answer trickles in longer than we wait."""


@dataclass(slots=True)
class _Call:
    """One request as it will be sent, on every attempt alike."""

    method: str
    url: str
    path: str
    context: CallContext
    endpoint: str
    operation: str
    is_read: bool
    governed: bool
    params: list[tuple[str, str]]
    body: bytes | None
    headers: dict[str, str]
    auth: tuple[str, str] | None


class HttpDoor:
    """A pooled connection to one vendor host.

    Args:
        vendor: "datto_rmm" or "autotask", or a name of the caller's for hosts that are neither.
        base_url: scheme, host and an optional path in front of every relative path.
        governor: asked before each attempt, told about 429.
        recorder: gets every attempt that was sent. When it raises, the answer is kept and the trouble logged.
        timeout_seconds: (connect, longest silence while reading).
        verify: check TLS certificates; a path names a CA bundle.
        allow_insecure: permit plain http to hosts other than loopback.
        max_body_bytes: larger answers are refused.
        secrets: values masked in everything this door says.
        on_answer: the vendor's own reading of an answer, see `AnswerHook`.

    Raises:
        ValueError: when base_url is not an http(s) address, carries credentials, or is plain http to a remote host.
    """

    def __init__(
        self,
        vendor: str,
        base_url: str,
        governor: Governor,
        recorder: Recorder,
        *,
        timeout_seconds: tuple[float, float] = (5, 30),
        verify: bool | str = True,
        allow_insecure: bool = False,
        max_body_bytes: int = 32 * 1024 * 1024,
        secrets: Sequence[str] = (),
        on_answer: AnswerHook | None = None,
    ) -> None:
        self.vendor = vendor
        self.redact = Redactor(secrets)
        self._origin = Origin(base_url, allow_insecure=allow_insecure)
        self._governor = governor
        self._recorder = recorder
        self._timeout_seconds = timeout_seconds
        self._max_body_bytes = max_body_bytes
        self._on_answer = on_answer
        self._session = new_session(self._origin, verify=verify)

    def __repr__(self) -> str:
        return f"HttpDoor(vendor={self.vendor!r}, host={self._origin.host!r})"

    @property
    def base_url(self) -> str:
        """Return the address every relative path is under, without a trailing slash."""
        return self._origin.base_url

    def close(self) -> None:
        """Close pooled connections."""
        self._session.close()

    def request(
        self,
        method: str,
        path_or_url: str,
        *,
        context: CallContext,
        endpoint: str,
        is_read: bool,
        operation: str = "",
        params: Params | None = None,
        json_body: object = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        governed: bool = True,
        max_attempts: int | None = None,
    ) -> Answer:
        """Send one request and return its complete answer.

        Args:
            method: HTTP method.
            path_or_url: "/v1.0/Tickets" under base_url, or an absolute address on the very same host.
            context: why the call is made.
            endpoint: thread bucket for the governor, such as "Tickets".
            is_read: True when the call changes nothing (a POST query is a read).
            operation: write operation for per-operation limits, such as "alert-resolve".
            params: query; None values are left out.
            json_body: sent as UTF-8 JSON when not None.
            form: sent form-encoded when not None.
            headers: added to our own.
            auth: Basic user and password.
            governed: False only for calls that cost no budget.
            max_attempts: for reads, default 3. Writes are always sent once.

        Returns:
            Any status below 400, and those from 400 that the vendor hook lets pass (not 429, 502, 503, 504).

        Raises:
            ContractBroken: a foreign host (before anything is sent), a redirect, an answer that is too large.
            RateLimited: the vendor or our governor refuses for longer than the lane waits.
            Unavailable: no usable answer, nothing changed.
            WriteOutcomeUnknown: a write was sent and its answer was lost.
            VendorError: whatever the vendor hook returns.
        """
        if not is_read and context.before_write is not None:
            context.before_write()
        method = method.upper()
        try:
            url, path = self._origin.resolve(path_or_url)
        except ValueError as error:
            raise ContractBroken(f"{error}; nothing was sent", vendor=self.vendor, method=method) from None
        sent_headers = {"Accept": "application/json", "User-Agent": "rmm-bridge", **(headers or {})}
        call = _Call(
            method=method,
            url=url,
            path=self.redact(path),
            context=context,
            endpoint=endpoint,
            operation=operation,
            is_read=is_read,
            governed=governed,
            params=query_pairs(params),
            body=encode_body(json_body, form, sent_headers),
            headers=sent_headers,
            auth=auth,
        )
        return self._attempts(call, (max_attempts or READ_ATTEMPTS) if is_read else 1)

    def _attempts(self, call: _Call, attempts: int) -> Answer:
        patience = self._governor.patience_seconds(self.vendor, call.context.lane)
        give_up_at = time.monotonic() + patience
        for attempt in range(1, attempts + 1):
            outcome = self._attempt(
                call, max(0.0, give_up_at - time.monotonic()) if attempt > 1 else patience
            )
            if isinstance(outcome, Answer):
                return outcome
            left = give_up_at - time.monotonic()
            if attempt == attempts:
                raise outcome
            if isinstance(outcome, RateLimited) and outcome.retry_after_seconds <= left:
                if not call.governed:
                    time.sleep(outcome.retry_after_seconds)
                continue  # a governed call waits at the governor, which knows the vendor's "not before"
            if not isinstance(outcome, Unavailable) or left <= 0:
                raise outcome
            low = _BACKOFF_SECONDS[0] * 2 ** (attempt - 1)
            time.sleep(min(left, random.uniform(low, max(low, _BACKOFF_SECONDS[1]))))  # noqa: S311 - jitter, no secret
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _attempt(self, call: _Call, patience_seconds: float) -> Answer | VendorError:
        """Return the answer, or the error this attempt ended in.

        Raises:
            RateLimited: from the governor, before anything was sent.
            Unavailable: the governor's store cannot be asked.
        """
        permit: AbstractContextManager[Permit | None] = nullcontext()
        if call.governed:
            permit = self._governor.permit(
                self.vendor,
                endpoint=call.endpoint,
                lane=call.context.lane,
                is_write=not call.is_read,
                operation=call.operation,
                patience_seconds=patience_seconds,
                lease_seconds=sum(self._timeout_seconds) + _LEASE_MARGIN_SECONDS,
            )
        with permit as held:
            started_at, clock = datetime.now(UTC), time.perf_counter()
            outcome = self._send(call, held)
            duration_ms = round((time.perf_counter() - clock) * 1000)
            status = outcome.status
            error = outcome if isinstance(outcome, VendorError) else self._judge(call, outcome)
            if held is not None:
                held.succeeded = error is None
            self._tell_governor(call, error)
        self._record(call, status, duration_ms, error, started_at)
        if isinstance(outcome, Answer) and error is None:
            return outcome
        return error or outcome

    def _send(self, call: _Call, held: Permit | None) -> Answer | VendorError:
        try:
            with self._session.request(
                call.method,
                call.url,
                params=call.params,
                data=call.body,
                headers=call.headers,
                auth=call.auth or no_auth,
                timeout=self._timeout_seconds,
                allow_redirects=False,
                stream=True,
            ) as response:
                body = b"".join(self._chunks(response, call, held))
                headers = {name.lower(): value for name, value in response.headers.items()}
                return Answer(response.status_code, headers, body, self.vendor, call.method, call.path)
        except _TooLargeError:
            detail = f"the answer is larger than {self._max_body_bytes // 1024} KiB"
            return ContractBroken(detail, vendor=self.vendor, method=call.method, path=call.path)
        except (requests.RequestException, Urllib3Error, OSError, UnicodeError) as error:
            if held is not None and is_timeout(error):
                held.leave_slot_taken()  # the vendor still works on it and counts the thread
            problem = error
        return vendor_error(
            problem, vendor=self.vendor, method=call.method, path=call.path, is_read=call.is_read
        )

    def _chunks(self, response: requests.Response, call: _Call, held: Permit | None) -> Iterator[bytes]:
        give_up_at = time.monotonic() + self._timeout_seconds[1] * _TIMEOUTS_PER_ANSWER
        renew_at = time.monotonic() + _LEASE_MARGIN_SECONDS / 2
        size = 0
        for chunk in response.iter_content(_CHUNK_BYTES):
            size += len(chunk)
            if size > self._max_body_bytes:
                raise _TooLargeError
            if time.monotonic() > give_up_at:
                raise _TooSlowError
            if held is not None and time.monotonic() > renew_at:
                renew_at = time.monotonic() + _LEASE_MARGIN_SECONDS / 2
                self._governor.renew(self.vendor, call.endpoint, held)
            yield chunk

    def _judge(self, call: _Call, answer: Answer) -> VendorError | None:
        """Return the error an answer means, None when it is the caller's to read."""
        status = answer.status
        if 300 <= status < 400:  # noqa: PLR2004 - HTTP status class
            return answer.broken("the vendor redirects, which we never follow: check the address")
        if self._on_answer is not None and (error := self._on_answer(answer)) is not None:
            return error
        if status == 429:  # noqa: PLR2004 - HTTP status
            return self.rate_limited(answer)
        if status not in _GATEWAY_STATUSES:
            return None
        kind = Unavailable if call.is_read else WriteOutcomeUnknown
        detail = "the vendor's gateway gave no answer"
        if not call.is_read:
            detail += "; the change may have happened"
        return kind(detail, vendor=self.vendor, method=call.method, path=call.path, status=status)

    def rate_limited(self, answer: Answer, *, endpoint: str = "") -> RateLimited:
        """Return (not raise) the error for a refusal by rate, for vendor hooks that know one by other signs.

        Args:
            answer: its `Retry-After` counts, else the policy's default.
            endpoint: when the refusal concerns only this endpoint.
        """
        wait_seconds = parse_retry_after(answer.headers.get("retry-after"))
        if wait_seconds is None:
            wait_seconds = self._governor.default_retry_after_seconds(self.vendor)
        return RateLimited(
            "the vendor refuses for now: too many requests",
            retry_after_seconds=wait_seconds,
            endpoint=endpoint,
            vendor=answer.vendor,
            method=answer.method,
            path=answer.path,
            status=answer.status,
        )

    def _tell_governor(self, call: _Call, error: VendorError | None) -> None:
        if not isinstance(error, RateLimited) or error.is_local or not call.governed:
            return
        try:
            self._governor.report_429(self.vendor, error.retry_after_seconds, endpoint=error.endpoint)
        except Unavailable:
            logger.warning("%s: could not note that the vendor limits us", self.vendor)

    def _record(
        self,
        call: _Call,
        status: int | None,
        duration_ms: int,
        error: VendorError | None,
        started_at: datetime,
    ) -> None:
        record = CallRecord(
            vendor=self.vendor,
            method=call.method,
            path=call.path,
            status=status,
            duration_ms=duration_ms,
            lane=call.context.lane,
            subject=call.context.subject,
            run_id=call.context.run_id,
            error=type(error).__name__ if error is not None else "",
            started_at=started_at,
        )
        try:
            self._recorder(record)
        except Exception:
            # Whatever the recorder's trouble is, a write that happened must not look like one that failed.
            logger.exception("%s %s %s: the call could not be recorded", self.vendor, call.method, call.path)
