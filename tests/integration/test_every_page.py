"""Every address below admin/, also one added tomorrow: who gets in, and who can change something by it.

The walk is over the URL resolver. A new page fails here until it asks for a permission; a new kind of argument fails
until `tests/admin_pages.py` knows what to put there.
"""

from __future__ import annotations

import re
from typing import Any, Final

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from integration.models import Connection
from mappings.services.devices.types import ensure_catch_all
from tests.admin_pages import APPS, Button, Page, find_buttons, find_pages
from tests.any_rows import make_row, registered
from tests.conftest import SentTask

#: What everybody has who may sign in: nothing of the product is in it.
PERSONAL: Final = {
    "index",
    "login",
    "logout",
    "password_change",
    "password_change_done",
    "jsi18n",
    "search",
}
#: Names of addresses that show the same, or what a form as typed would do, when something is posted to them.
SHOWS_WHEN_POSTED: Final = {
    "ticket-defaults-preview",
    "tickets_ticketrule_matches",
    "tickets_replayrun_change",
    "mappings_fieldmap_try",
    "mappings_fieldmap_try_all",
    "mappings_devicetyperule_preview",
    "mappings_devicetyperule_suggest",
    "mappings_sitemapping_choices",
    "mappings_sitemapping_export",
    "mappings_contractunits_export",
    "mappings_device_export",
    "mappings_device_dashboard",
    "mappings_device_change",
    "integration_syncrun_change",
    "tickets_alert_change",
    "tickets_delivery_change",
    "tickets_ticket_change",
}
#: Who may only look does not get these by GET: forms to make something, and what holds secrets or people.
NOT_FOR_VIEWERS: Final = re.compile(
    r"(_add|_delete|_password_change)$|^(connection|inbound-addresses)$|^(auth|admin)_|^replay-(new|promote)$|^monitor-override|"
    r"_(import|new_udf|standard_set|create_company|create_site|several|leave|move_tickets|ticketrule_switch)$"
)
_READS: Final = re.compile(r"^\s*(SELECT|SAVEPOINT|RELEASE|ROLLBACK|PRAGMA|BEGIN|EXPLAIN)\b", re.IGNORECASE)


@pytest.fixture
def pages(db: None, celery_outbox: list[SentTask]) -> list[Page]:
    """Every address, with a row of every model behind it."""
    Connection.objects.create(is_enabled=True)
    for model in registered(*APPS):
        make_row(model, 1)
        make_row(model, 2)
    # The rule for every other device is made when it is first looked at, by whomever.
    ensure_catch_all()
    return find_pages()


def _sign_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def _sign_in_as_viewer() -> Client:
    viewer = User.objects.create_user("viewer", password="a long password", is_staff=True)
    viewer.groups.set(Group.objects.filter(name="Viewer"))
    return _sign_in(viewer)


def _ask(client: Client, method: str, url: str, data: dict[str, Any] | None = None) -> tuple[Any, list[str]]:
    """Return the answer, and what was written to the database meanwhile."""
    with CaptureQueriesContext(connection) as queries:
        answer = getattr(client, method)(url, data or {})
    return answer, [one["sql"] for one in queries if not _READS.match(one["sql"])]


def _is_old_address(page: Page, answer: Any) -> bool:
    """Django sends the address of a row on to its page, which asks for the permission."""
    return not page.name and answer.status_code == 302 and answer.headers["Location"].endswith("/change/")


def test_the_walk_finds_our_pages(pages: list[Page]) -> None:
    names = {page.name for page in pages}
    assert {
        "needs-attention",
        "alert-retry",
        "run-apply",
        "mappings_fieldmap_associate",
        "connection",
    } <= names
    assert len(pages) > 200


def test_a_superuser_gets_every_page(pages: list[Page]) -> None:
    """So that a refusal below is the permission's, not that of an address which leads nowhere."""
    root = _sign_in(User.objects.create_superuser("root", password="a long password"))
    wrong = {}
    for page in pages:
        if page.name in {"logout", "autocomplete"}:
            continue
        answer, _ = _ask(root, "get", page.url)
        if answer.status_code not in {200, 302, 403, 405}:
            wrong[page.url] = answer.status_code
    assert wrong == {}


@pytest.mark.parametrize("method", ["get", "post"])
def test_who_is_not_signed_in_is_sent_to_sign_in(pages: list[Page], method: str) -> None:
    wrong = {}
    for page in pages:
        if page.name in {"login", "logout", "jsi18n"}:
            continue
        answer, written = _ask(Client(), method, page.url)
        to_sign_in = answer.status_code == 302 and answer.headers["Location"].startswith("/admin/login/")
        if not to_sign_in or written:
            wrong[page.url] = (answer.status_code, written)
    assert wrong == {}


@pytest.mark.parametrize("method", ["get", "post"])
def test_without_a_permission_nothing_is_shown_or_done(
    pages: list[Page], celery_outbox: list[SentTask], method: str
) -> None:
    stranger = _sign_in(User.objects.create_user("stranger", password="a long password", is_staff=True))
    wrong = {}
    for page in pages:
        if page.name in PERSONAL:
            continue
        answer, written = _ask(stranger, method, page.url)
        refused = answer.status_code in {403, 405} or _is_old_address(page, answer)
        if page.name == "app_list":
            refused = answer.status_code == 404
        if not refused or written:
            wrong[f"{page.name} {page.url}"] = (answer.status_code, written)
    assert wrong == {}
    assert celery_outbox == []


def test_a_viewer_sees_every_page_that_only_shows(pages: list[Page]) -> None:
    client = _sign_in_as_viewer()
    root = _sign_in(User.objects.create_superuser("root", password="a long password"))
    wrong = {}
    for page in pages:
        if page.name in PERSONAL | {"autocomplete", "app_list"}:
            continue
        answer, _ = _ask(client, "get", page.url)
        only_posted = root.get(page.url).status_code in {403, 405}
        allowed = {403, 405} if only_posted or NOT_FOR_VIEWERS.search(page.name) else {200, 302}
        if answer.status_code not in allowed:
            wrong[f"{page.name} {page.url}"] = answer.status_code
    assert wrong == {}


def test_a_viewer_changes_nothing_by_any_address(pages: list[Page], celery_outbox: list[SentTask]) -> None:
    client = _sign_in_as_viewer()
    wrong = {}
    for page in pages:
        if page.name in PERSONAL | {"autocomplete", "app_list"}:
            continue
        answer, written = _ask(client, "post", page.url)
        # Django's lists and histories answer a POST that they do not know with the page.
        shows = page.name in SHOWS_WHEN_POSTED or page.name.endswith(("_changelist", "_history"))
        allowed = {200, 302, 403, 405} if shows else {403, 405}
        refused = answer.status_code in allowed or _is_old_address(page, answer)
        if not refused or written:
            wrong[f"{page.name} {page.url}"] = (answer.status_code, written)
    assert wrong == {}
    assert celery_outbox == []


def test_a_viewer_changes_nothing_by_the_action_of_any_list(
    pages: list[Page], celery_outbox: list[SentTask]
) -> None:
    from django.contrib import admin  # noqa: PLC0415 - the apps must be ready

    client = _sign_in_as_viewer()
    wrong = {}
    tried = 0
    for model in registered(*APPS):
        model_admin = admin.site._registry[model]
        rows = [str(pk) for pk in model._default_manager.values_list("pk", flat=True)[:3]]
        url = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        for _, name, _ in model_admin._get_base_actions():  # type: ignore[attr-defined]  # before permissions
            tried += 1
            data = {"action": name, "_selected_action": rows, "post": "yes", "index": "0"}
            answer, written = _ask(client, "post", url, data)
            if written or answer.status_code not in {200, 302, 403}:
                wrong[f"{url} {name}"] = (answer.status_code, written)
    assert tried > 20
    assert wrong == {}
    assert celery_outbox == []


def test_a_viewer_changes_nothing_by_the_buttons_of_others(
    pages: list[Page], celery_outbox: list[SentTask]
) -> None:
    """What the pages of a superuser would post, with the values they hold, sent by who may only look."""
    client = _sign_in_as_viewer()
    root = _sign_in(User.objects.create_superuser("root", password="a long password"))
    buttons: dict[tuple[str, tuple[str, ...]], Button] = {}
    for page in pages:
        if page.name in PERSONAL:
            continue
        answer = root.get(page.url)
        if answer.status_code == 200 and "html" in answer.headers["Content-Type"]:
            for button in find_buttons(page, answer.content.decode()):
                buttons[button.url, tuple(name for name, _ in button.data)] = button
    own = ("/admin/logout/", "/admin/password_change/")
    wrong = {}
    for button in buttons.values():
        if button.url.startswith(own):
            continue
        answer, written = _ask(client, "post", button.url, dict(button.data))
        if written or answer.status_code not in {200, 302, 403, 405}:
            wrong[button] = (answer.status_code, written)
    assert {"_accept", "_save"} <= {name for button in buttons.values() for name, _ in button.data}
    assert len(buttons) > 100
    assert wrong == {}
    assert celery_outbox == []
