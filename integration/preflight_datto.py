"""Preflight checks of Datto RMM: reads only, a handful of calls."""

from __future__ import annotations

from itertools import islice
from typing import Final

from integration.models import Vendor
from integration.preflight_checks import Checks, Outcome, Scene, Status, explain, not_checked
from integration.vendors.errors import AuthenticationFailed, NotFound, PermissionDenied, VendorError

#: One page of alerts is enough to see that they can be read, and whether the native integration makes tickets.
_ALERTS_READ: Final = 250
_TITLES: Final = {
    "datto_reachable": "Datto RMM answers",
    "datto_sign_in": "Sign-in to Datto RMM",
    "datto_budget": "Request budget of Datto RMM",
    "datto_sites": "All sites are visible",
    "datto_alerts": "Alerts can be read",
    "datto_resolve": "Alerts can be resolved",
    "native_integration": "No second integration makes tickets",
}


def _outcome(name: str, status: Status, detail: str, remedy: str = "") -> Outcome:
    return Outcome(name, _TITLES[name], status, detail, remedy)


def _failed(name: str, error: VendorError) -> Outcome:
    return _outcome(name, Status.FAIL, *explain(Vendor.DATTO_RMM, error))


def check_datto(scene: Scene) -> Checks:
    """Yield the outcomes; after a refused sign-in the rest is not asked."""
    client = scene.datto
    if client is None:
        return
    try:
        said = client.fetch_system_status().status or "up"
    except (NotFound, AuthenticationFailed):
        said = "it does not tell its status"  # it answers; whether it is the API, the sign-in shows
    except VendorError as error:
        yield _failed("datto_reachable", error)
        yield from _skipped("Datto RMM does not answer.", after="datto_reachable")
        return
    yield _outcome("datto_reachable", Status.PASS, f"{client.api_url} answers: {said}.")
    try:
        account = client.fetch_account()
    except VendorError as error:
        yield _failed("datto_sign_in", error)
        yield from _skipped("the sign-in to Datto RMM failed.", after="datto_sign_in")
        return
    scene.found["datto_account_name"] = account.name[:255]
    scene.found["datto_platform"] = client.platform[:60]
    yield _outcome("datto_sign_in", Status.PASS, f"Signed in to the account {account.name or account.uid}.")
    yield _budget(scene)
    yield _sites(scene, account.device_count)
    yield from _alerts(scene)
    yield _resolve(scene)


def _skipped(why: str, *, after: str) -> Checks:
    names = list(_TITLES)
    for name in names[names.index(after) + 1 :]:
        yield not_checked(name, _TITLES[name], why)


def _budget(scene: Scene) -> Outcome:
    if scene.datto is None:
        raise AssertionError("checked by the caller")
    try:
        rate = scene.datto.learn_budget()
    except VendorError as error:
        detail, remedy = explain(Vendor.DATTO_RMM, error)
        return _outcome("datto_budget", Status.WARN, f"{detail} Calls are counted by us alone.", remedy)
    text = f"{rate.read_count} of {rate.read_limit} reads and {rate.write_count} of {rate.write_limit} writes used in the last minute, by all integrations together."
    if rate.read_count > rate.read_limit * rate.cut_off_ratio:
        return _outcome(
            "datto_budget",
            Status.WARN,
            text,
            "Another integration uses the budget up; look at what else holds API keys of this account.",
        )
    return _outcome("datto_budget", Status.PASS, text)


def _sites(scene: Scene, expected_devices: int | None) -> Outcome:
    if scene.datto is None:
        raise AssertionError("checked by the caller")
    sites = devices = 0
    try:
        for site in scene.datto.iter_sites():
            if not site.is_system_site:
                sites += 1
                devices += site.device_count or 0
    except VendorError as error:
        return _failed("datto_sites", error)
    remedy = (
        "Give the keys' user the security level Administrator as its default level, or one that sees all sites; "
        "alerts of hidden sites never reach us."
    )
    if sites == 0:
        return _outcome("datto_sites", Status.WARN, "The API user sees no site at all.", remedy)
    if expected_devices is not None and devices < expected_devices * 0.98:
        return _outcome(
            "datto_sites",
            Status.WARN,
            f"The API user sees {sites:,} sites with {devices:,} devices, but the account has {expected_devices:,} devices.",
            remedy,
        )
    return _outcome("datto_sites", Status.PASS, f"{sites:,} sites with {devices:,} devices are visible.")


def _alerts(scene: Scene) -> Checks:
    if scene.datto is None:
        raise AssertionError("checked by the caller")
    try:
        alerts = list(islice(scene.datto.iter_open_alerts(), _ALERTS_READ))
    except VendorError as error:
        yield _failed("datto_alerts", error)
        yield not_checked("native_integration", _TITLES["native_integration"], "alerts cannot be read.")
        return
    more = " or more" if len(alerts) == _ALERTS_READ else ""
    yield _outcome("datto_alerts", Status.PASS, f"{len(alerts):,}{more} open alerts can be read.")
    native = sum(1 for alert in alerts if alert.ticket_number)
    if native:
        yield _outcome(
            "native_integration",
            Status.WARN,
            f"{native} of {len(alerts)} open alerts already carry a ticket number: Datto RMM's own Autotask "
            "integration makes tickets as well, so each such alert would get two.",
            "In Datto RMM, switch ticket creation off: in the monitors' responses, or per site under Autotask Ticket "
            "Integration. Alerts that already have a ticket are shown with its number.",
        )
    else:
        yield _outcome(
            "native_integration",
            Status.PASS,
            "No open alert carries a ticket number of Datto RMM's own integration.",
        )


def _resolve(scene: Scene) -> Outcome:
    """Tell from the user list, which only an administrator may read; resolving one to find out would be a write."""
    if scene.datto is None:
        raise AssertionError("checked by the caller")
    try:
        next(iter(scene.datto.iter_users()), None)
    except PermissionDenied:
        return _outcome(
            "datto_resolve",
            Status.WARN,
            "Whether the API user may resolve alerts cannot be tried without resolving one; it may not read the user "
            "list, so it is no administrator.",
            "Give the keys' user a security level that may manage alerts (Administrator is the simple choice). When "
            "it is missing, the first alert that cannot be resolved says so under Needs attention.",
        )
    except VendorError as error:
        detail, remedy = explain(Vendor.DATTO_RMM, error)
        return _outcome("datto_resolve", Status.WARN, detail, remedy)
    return _outcome(
        "datto_resolve", Status.PASS, "The API user has administrator rights, which include resolving alerts."
    )
