"""What a person can do about a vendor's error."""

from __future__ import annotations

from integration.vendors.errors import (
    AuthenticationFailed,
    ContractBroken,
    PermissionDenied,
    RateLimited,
    Unavailable,
    VendorError,
)


def remedy_for(error: VendorError) -> str:
    """Return what a person can do about a vendor's error."""
    if isinstance(error, AuthenticationFailed):
        return "Enter the credentials again under Settings > Connection, then run Preflight."
    if isinstance(error, PermissionDenied):
        return "Give the API user the missing permission in the vendor's own settings, then run Preflight."
    if isinstance(error, RateLimited):
        return f"Nothing to do: the request budget is used up; work goes on in about {error.retry_after_seconds:.0f} s."
    if isinstance(error, Unavailable):
        return "Nothing to do if it was short: work goes on by itself. Otherwise check the vendor's status page and this server's network."
    if isinstance(error, ContractBroken):
        return "The vendor answered in a form it does not document; it is read again by itself. If that goes on, tell the vendor's support with the call from Sync > Vendor calls."
    return "See the vendor call for details; Preflight tells what is wrong with the connection."
