"""From what went wrong on the wire to our own errors: was the request sent or not?"""

from __future__ import annotations

import ssl
from collections.abc import Iterator

import requests
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError, ProxyError

from integration.vendors.errors import Rejected, Unavailable, VendorError, WriteOutcomeUnknown

#: The request could not even be built: nothing was sent, and asking again changes nothing.
_UNBUILDABLE = (
    requests.exceptions.InvalidHeader,
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidJSONError,
    UnicodeError,
)
#: Raised before a connection stood, so not a byte of the request left this machine.
_NEVER_SENT = (
    requests.exceptions.ConnectTimeout,
    requests.exceptions.ProxyError,
    NewConnectionError,
    NameResolutionError,
    ConnectTimeoutError,
    ProxyError,
    ssl.SSLCertVerificationError,
)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and everything it wraps; requests and urllib3 hide the cause in three different places."""
    seen: set[int] = set()
    queue: list[object] = [error]
    while queue:
        current = queue.pop(0)
        if not isinstance(current, BaseException) or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        queue.extend(
            (getattr(current, "reason", None), current.__cause__, current.__context__, *current.args)
        )


def was_never_sent(error: BaseException) -> bool:
    """Return whether the request provably never left this machine."""
    return any(isinstance(link, _NEVER_SENT) for link in _chain(error))


def is_timeout(error: BaseException) -> bool:
    """Return whether we gave up waiting for the answer: the vendor may still be working on it."""
    return any(isinstance(link, requests.exceptions.ReadTimeout | TimeoutError) for link in _chain(error))


def explain(error: BaseException) -> str:
    """Return what happened in words. Never the exception's own text: it may quote a header or an address."""
    links = list(_chain(error))
    if any(isinstance(link, ssl.SSLCertVerificationError) for link in links):
        return "the server's TLS certificate is not trusted here"
    if any(isinstance(link, NameResolutionError) for link in links):
        return "the host name could not be resolved"
    if any(isinstance(link, requests.exceptions.ProxyError | ProxyError) for link in links):
        return "the proxy could not be reached"
    if any(isinstance(link, requests.exceptions.ConnectTimeout | ConnectTimeoutError) for link in links):
        return "no connection within the time limit"
    if any(isinstance(link, NewConnectionError) for link in links):
        return "the connection was refused"
    if is_timeout(error):
        return "no answer within the time limit"
    return f"the connection broke before the answer was complete ({type(error).__name__})"


def vendor_error(error: BaseException, *, vendor: str, method: str, path: str, is_read: bool) -> VendorError:
    """Return (not raise) our error for an exception from requests.

    A read, and a write that was never sent, is Unavailable; any other write is WriteOutcomeUnknown.
    """
    if isinstance(error, _UNBUILDABLE):
        text = f"the request could not be built ({type(error).__name__}): check the address and the keys for stray characters"
        return Rejected([text], vendor=vendor, method=method, path=path)
    detail = explain(error)
    if was_never_sent(error):
        return Unavailable(f"{detail}; nothing was sent", vendor=vendor, method=method, path=path)
    if is_read:
        return Unavailable(detail, vendor=vendor, method=method, path=path)
    return WriteOutcomeUnknown(
        f"{detail}; the change may have happened", vendor=vendor, method=method, path=path
    )
