"""Preflight checks of Autotask: reads only, about ten calls."""

from __future__ import annotations

from itertools import islice
from typing import Final

from integration import hooks
from integration.clients import NotConnected
from integration.models import Vendor
from integration.preflight_checks import Checks, Outcome, Scene, Status, explain, not_checked
from integration.vendors.autotask.client import AutotaskClient
from integration.vendors.autotask.query import EVERYTHING
from integration.vendors.errors import ContractBroken, NotFound, VendorError

_BUSY_SHARE: Final = 0.6
_NO_ACCESS: Final = frozenset({"none", ""})
_TITLES: Final = {
    "autotask_zone": "Autotask zone of the API user",
    "autotask_sign_in": "Sign-in to Autotask",
    "autotask_budget": "Request budget of Autotask",
    "autotask_companies": "Organizations can be read",
    "autotask_tickets": "Tickets can be created and updated",
    "autotask_notes": "Ticket notes can be created",
    "autotask_picklists": "Queues, statuses and priorities",
    "autotask_own_user": "The API user's own resource",
    "autotask_webhook": "Autotask tells us about changed tickets",
    "autotask_duplicates": "Duplicate ticket handling",
}


def _outcome(name: str, status: Status, detail: str, remedy: str = "") -> Outcome:
    return Outcome(name, _TITLES[name], status, detail, remedy)


def _failed(name: str, error: VendorError, *, status: Status = Status.FAIL) -> Outcome:
    return _outcome(name, status, *explain(Vendor.AUTOTASK, error))


def check_autotask(scene: Scene) -> Checks:
    """Yield the outcomes; after a refused sign-in the rest is not asked."""
    client = scene.autotask
    if client is None:
        return
    try:
        zone = client.refresh_zone()
    except VendorError as error:
        yield _failed("autotask_zone", error)
        yield from _skipped("the API user's zone is not known.", after="autotask_zone")
        return
    was = scene.connection.autotask_zone_name
    scene.found["autotask_zone_name"] = zone.name[:100]
    scene.found["autotask_web_url"] = zone.web_url
    if was and was != zone.name:
        yield _outcome(
            "autotask_zone",
            Status.WARN,
            f"The database has moved from zone {was} to {zone.name}.",
            "Nothing to do: the new zone is used from now on, and ids stay the same. If you entered another API "
            "user, it may belong to another database: check the mappings before you go on.",
        )
    else:
        yield _outcome(
            "autotask_zone", Status.PASS, f"The API user's database is in zone {zone.name or zone.url}."
        )
    try:
        _sign_in(client)
    except VendorError as error:
        yield _failed("autotask_sign_in", error)
        yield from _skipped("the sign-in to Autotask failed.", after="autotask_sign_in")
        return
    yield _outcome("autotask_sign_in", Status.PASS, f"Signed in as {scene.connection.autotask_username}.")
    yield _budget(client)
    yield _companies(client)
    yield _entity(client, "autotask_tickets", "Tickets", needs_update=True)
    yield _entity(client, "autotask_notes", "TicketNotes", needs_update=False)
    yield _picklists(client)
    yield _own_user(scene, client)
    yield _webhook(scene)
    yield _outcome(
        "autotask_duplicates",
        Status.PASS,
        "Autotask can merge a new ticket into an open one (Admin > Service Desk > Ticket system settings > Duplicate "
        "Ticket Handling); the API does not tell how it is set. Each new ticket is read back, so a merged one is "
        "noticed and linked to its alert. The setting that leaves every alert its own ticket is: create a new ticket.",
    )


def _skipped(why: str, *, after: str) -> Checks:
    names = list(_TITLES)
    for name in names[names.index(after) + 1 :]:
        yield not_checked(name, _TITLES[name], why)


def _sign_in(client: AutotaskClient) -> None:
    """Prove the credentials by the cheapest read; where it is not offered, by the MSP's own company."""
    try:
        client.fetch_version()
    except (NotFound, ContractBroken):
        client.find_company(0)


def _budget(client: AutotaskClient) -> Outcome:
    try:
        threshold = client.fetch_threshold()
    except VendorError as error:
        return _failed("autotask_budget", error, status=Status.WARN)
    text = (
        f"{threshold.used:,} of {threshold.limit:,} requests used in the last {threshold.timeframe_minutes} minutes, "
        "by all integrations of this database together."
    )
    if threshold.used_share >= _BUSY_SHARE:
        return _outcome(
            "autotask_budget",
            Status.WARN,
            text,
            "Autotask slows every integration down from 50 %. New tickets go first, background work waits; find the "
            "integration that uses so much under Admin > Extensions & Integrations.",
        )
    return _outcome("autotask_budget", Status.PASS, text)


def _companies(client: AutotaskClient) -> Outcome:
    try:
        count = client.count("Companies", EVERYTHING)
    except (NotFound, ContractBroken):
        # Not every server counts; whether they can be read is what matters.
        try:
            count = sum(1 for _ in islice(client.iter_companies(), 2))
        except VendorError as error:
            return _failed("autotask_companies", error)
        if count > 1:
            return _outcome("autotask_companies", Status.PASS, "Organizations can be read.")
    except VendorError as error:
        return _failed("autotask_companies", error)
    if count < 2:  # noqa: PLR2004 - every database holds the owner's own company
        return _outcome(
            "autotask_companies",
            Status.WARN,
            f"The API user sees {count} organization(s).",
            "Let its security level view all companies, or sites cannot be mapped.",
        )
    return _outcome("autotask_companies", Status.PASS, f"{count:,} organizations are visible.")


def _entity(client: AutotaskClient, name: str, entity: str, *, needs_update: bool) -> Outcome:
    try:
        info = client.fetch_entity_information(entity)
    except (NotFound, ContractBroken) as error:
        return _outcome(
            name,
            Status.WARN,
            f"Autotask does not tell what the API user may do with {entity}: {error.detail}",
            "Nothing to do at first: if the right is missing, the first ticket says so under Needs attention.",
        )
    except VendorError as error:
        return _failed(name, error)
    missing = []
    if not info.can_create or info.user_access_for_create.lower() in _NO_ACCESS:
        missing.append("create")
    if needs_update and (not info.can_update or info.user_access_for_update.lower() in _NO_ACCESS):
        missing.append("update")
    if missing:
        return _outcome(
            name,
            Status.FAIL,
            f"The API user may not {' or '.join(missing)} {entity}.",
            "In Autotask open Admin > Resources > Security Levels > the API user's level > Tickets, and allow it to "
            "add and edit all tickets and notes.",
        )
    return _outcome(name, Status.PASS, "The API user's security level allows it.")


def _picklists(client: AutotaskClient) -> Outcome:
    try:
        fields = client.fetch_field_info("Tickets")
    except VendorError as error:
        return _failed("autotask_picklists", error)
    active = {}
    for name in ("queueID", "status", "priority"):
        field = fields.get(name)
        active[name] = [value for value in (field.picklist if field is not None else ()) if value.is_active]
    if not active["queueID"]:
        return _outcome(
            "autotask_picklists",
            Status.FAIL,
            "There is no active queue.",
            "Add a queue in Autotask under Admin > Service Desk > Queues.",
        )
    if not active["status"] or not active["priority"]:
        return _outcome(
            "autotask_picklists",
            Status.FAIL,
            "Ticket statuses or priorities cannot be read.",
            "Let the API user's security level view tickets.",
        )
    text = f"{len(active['queueID'])} queues, {len(active['status'])} statuses and {len(active['priority'])} priorities are active."
    if not any("complete" in value.label.lower() for value in active["status"]):
        return _outcome(
            "autotask_picklists",
            Status.WARN,
            f"{text} None of the statuses is called Complete.",
            "Choose the status that means done under Alerts & tickets > Ticket defaults.",
        )
    return _outcome("autotask_picklists", Status.PASS, text)


def _own_user(scene: Scene, client: AutotaskClient) -> Outcome:
    try:
        resource_id = client.fetch_own_resource_id()
    except VendorError as error:
        return _failed("autotask_own_user", error, status=Status.WARN)
    if resource_id is None:
        return _outcome(
            "autotask_own_user",
            Status.WARN,
            "The API user's own resource is not visible to it, so its changes cannot be excluded from the webhook.",
            "Let its security level view resources. Until then our own changes come back as events; they are "
            "recognized by the ticket's state and change nothing, but cost a call each.",
        )
    scene.found["autotask_resource_id"] = resource_id
    return _outcome(
        "autotask_own_user", Status.PASS, "Found; changes made by RMM Bridge do not come back as events."
    )


def _webhook(scene: Scene) -> Outcome:
    try:
        if scene.install_webhook and not scene.failed:
            state = hooks.install_autotask_webhook(check_state=False)
        else:
            state = hooks.check_autotask_webhook(repair=False)
    except (hooks.WebhookImpossible, NotConnected, VendorError) as error:
        return _outcome("autotask_webhook", Status.WARN, *hooks.explain_webhook_failure(error))
    impossible = hooks.why_no_webhook(scene.connection)
    if impossible is not None:
        return _outcome("autotask_webhook", Status.WARN, str(impossible), impossible.remedy)
    return _outcome(
        "autotask_webhook", Status.PASS if state.is_active else Status.WARN, state.detail, state.remedy
    )
