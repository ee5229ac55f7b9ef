"""What a preflight check is, and how a vendor's error becomes a text that names the field and the cure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from integration.models import Connection, PreflightCheck, Vendor
from integration.vendors.autotask.client import AutotaskClient
from integration.vendors.datto_rmm import DattoRmmClient
from integration.vendors.errors import (
    AuthenticationFailed,
    ContractBroken,
    NotFound,
    PermissionDenied,
    RateLimited,
    Rejected,
    Unavailable,
    VendorError,
)

Status = PreflightCheck.Status


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one check ended; never holds a secret.

    Attributes:
        name: stable, for machines.
        title: what is checked, in words.
        status: pass, warn (works, but look) or fail (does not work).
        detail: what was found.
        remedy: what to do, empty when there is nothing to do.
    """

    name: str
    title: str
    status: PreflightCheck.Status
    detail: str
    remedy: str = ""


@dataclass(slots=True)
class Scene:
    """What the checks look at, and what earlier ones found for later ones.

    Attributes:
        datto: None when a client could not be built; `broken` then says why.
        autotask: as `datto`.
        found: values learned on the way, stored on the connection afterwards.
        install_webhook: register or repair the Autotask webhook instead of only looking at it.
        failed: a required check has failed, so nothing may be written.
    """

    connection: Connection
    datto: DattoRmmClient | None = None
    autotask: AutotaskClient | None = None
    found: dict[str, object] = field(default_factory=dict)
    install_webhook: bool = False
    failed: bool = False


Checks = Iterator[Outcome]

_HOST: Final = {
    Vendor.DATTO_RMM: ("API URL (DATTO_RMM_API_URL)", "Datto RMM"),
    Vendor.AUTOTASK: ("zone lookup URL (AUTOTASK_ZONE_URL)", "Autotask"),
}
_KEYS: Final = {
    Vendor.DATTO_RMM: (
        "API key or API secret (DATTO_RMM_API_KEY, DATTO_RMM_API_SECRET)",
        "Generate a new pair in Datto RMM (Setup > Users > the API user > Generate API Keys), enter both under "
        "Settings > Connection, and check that Setup > Global Settings > Access Control allows API access.",
    ),
    Vendor.AUTOTASK: (
        "API user name, secret or tracking identifier (AUTOTASK_USERNAME, AUTOTASK_SECRET, AUTOTASK_INTEGRATION_CODE)",
        "In Autotask open Admin > Resources (Users) > the API user: it must be active and not locked. Generate a new "
        "key there, compare user name and API tracking identifier, and enter them under Settings > Connection.",
    ),
}


def explain(vendor: Vendor, error: VendorError) -> tuple[str, str]:
    """Return (what happened, what to do) for a person, naming the field that is likely wrong."""
    host_field, name = _HOST[vendor]
    detail = error.detail
    if isinstance(error, AuthenticationFailed):
        if "no API user of this name" in detail:
            return (
                f"{name} knows no API user of this name.",
                "Check the API user name (AUTOTASK_USERNAME): it is the whole login, which looks like an e-mail "
                "address, not the display name.",
            )
        field_name, cure = _KEYS[vendor]
        return f"{name} refused the sign-in: {field_name} is wrong or no longer valid.", cure
    if isinstance(error, PermissionDenied):
        return (
            f"{name} signed the API user in but does not let it do this: {detail}",
            f"Give the API user's security level the missing permission in {name}, then run this again.",
        )
    if isinstance(error, RateLimited):
        return (
            f"{name} refuses for now, too many requests: {detail}",
            f"Wait {error.retry_after_seconds:.0f} s and run this again. Others may be using up the shared budget.",
        )
    if isinstance(error, Unavailable):
        return _unreachable(host_field, name, detail)
    if isinstance(error, ContractBroken | NotFound):
        return (
            f"What answered is not the API of {name}: {detail}",
            f"Check the {host_field}: copy it again from {name}, without anything behind the host "
            "unless the field's help says so.",
        )
    if isinstance(error, Rejected):
        return (
            f"{name} refused the request: {detail}",
            f"Check the credentials of {name} for stray characters.",
        )
    return f"{name}: {detail}", "Run this again; when it stays, the vendor call log has the details."


def _unreachable(host_field: str, name: str, detail: str) -> tuple[str, str]:
    if "could not be resolved" in detail:
        return (
            f"The host name in the {host_field} does not exist, or this server cannot resolve names: {detail}.",
            f"Check the {host_field} for a typing mistake; otherwise check this server's DNS.",
        )
    if "certificate" in detail:
        return (
            f"The TLS certificate of {name}'s host is not trusted here: {detail}.",
            f"Check the {host_field}. If a proxy of yours inspects TLS, add its certificate authority to this "
            "server and set REQUESTS_CA_BUNDLE to its bundle.",
        )
    if "refused" in detail or "proxy" in detail:
        return (
            f"Nothing answers at the {host_field}: {detail}.",
            f"Check host and port in the {host_field}, and that this server may reach it (firewall, proxy).",
        )
    if "time limit" in detail:
        return (
            f"{name} did not answer in time: {detail}.",
            f"Check the {host_field} and that this server may reach it; otherwise look at the vendor's status page.",
        )
    if "Redis" in detail:
        return "The shared call budget could not be read from Redis; nothing was sent.", _REDIS_CURE
    return (
        f"{name} cannot be used at the moment: {detail}.",
        f"Look at the vendor's status page, then check the {host_field}.",
    )


_REDIS_CURE: Final = "Start the Redis server, or correct REDIS_URL."


#: How the detail of a check begins that another one stands before.
NOT_CHECKED: Final = "Not checked: "


def not_checked(name: str, title: str, why: str) -> Outcome:
    """Return the outcome of a check that another one stands before."""
    return Outcome(name, title, Status.WARN, f"{NOT_CHECKED}{why}", "Solve the failed check above first.")
