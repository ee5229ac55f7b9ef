"""What can go wrong when we talk to a vendor.

One family for both vendors, so a caller decides by class and not by status code. Each error carries the
vendor, method, path and status; never headers, secrets or whole bodies.
"""

# ruff: noqa: N818 - the family is named after what happened, and every raise reads better for it

from __future__ import annotations


class VendorError(Exception):
    """Base of everything a vendor call can raise.

    Attributes:
        vendor: "datto_rmm" or "autotask".
        method: HTTP method, upper case.
        path: path without host and query.
        status: HTTP status, None when no answer arrived.
        detail: short text that is safe to show to a person.
    """

    #: True when the same call may succeed later without anybody changing anything.
    is_transient = False

    def __init__(
        self, detail: str, *, vendor: str, method: str = "", path: str = "", status: int | None = None
    ) -> None:
        self.detail = detail
        self.vendor = vendor
        self.method = method
        self.path = path
        self.status = status
        super().__init__(detail)

    def __str__(self) -> str:
        where = f"{self.method} {self.path}".strip()
        code = f" [{self.status}]" if self.status is not None else ""
        return f"{self.vendor}: {where}{code}: {self.detail}" if where else f"{self.vendor}: {self.detail}"


class Unavailable(VendorError):
    """No usable answer to a call that changes nothing: connection refused, timeout, 5xx from a gateway.

    Also raised for a write that provably never left this machine (connection refused, name not resolved).
    """

    is_transient = True


class RateLimited(VendorError):
    """The vendor, or our own governor, refuses for now.

    Attributes:
        retry_after_seconds: how long to wait before asking again.
        is_local: True when our governor refused and no request was sent.
        endpoint: the only endpoint this concerns (Autotask's thread limit), empty for the whole vendor.
    """

    is_transient = True

    def __init__(
        self,
        detail: str,
        *,
        retry_after_seconds: float,
        is_local: bool = False,
        endpoint: str = "",
        vendor: str,
        method: str = "",
        path: str = "",
        status: int | None = None,
    ) -> None:
        super().__init__(detail, vendor=vendor, method=method, path=path, status=status)
        self.retry_after_seconds = retry_after_seconds
        self.is_local = is_local
        self.endpoint = endpoint


class AuthenticationFailed(VendorError):
    """The credentials were refused."""


class PermissionDenied(VendorError):
    """The credentials are good but may not do this."""


class NotFound(VendorError):
    """The object does not exist, or not for these credentials."""


class Rejected(VendorError):
    """The vendor understood the request and refused it for a business reason.

    Attributes:
        messages: the vendor's own texts, in order, secrets removed.
    """

    def __init__(
        self, messages: list[str], *, vendor: str, method: str = "", path: str = "", status: int | None = None
    ) -> None:
        super().__init__(
            "; ".join(messages) or "refused without a reason",
            vendor=vendor,
            method=method,
            path=path,
            status=status,
        )
        self.messages = messages


class ContractBroken(VendorError):
    """A 2xx answer that does not parse or lacks a field we cannot do without."""


class WriteOutcomeUnknown(VendorError):
    """A write was sent and no answer arrived: it may or may not have happened. Look before repeating it."""

    is_transient = True
