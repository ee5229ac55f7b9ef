"""Every page of the admin: as many queries with sixty rows of everything as with three, and few.

The walk is over the URL resolver, so that tomorrow's pages are counted too. Everything waits that can wait, nobody counted
for the menu, and the person has a role, whose permissions cost two queries that a superuser's do not.
"""

from __future__ import annotations

from typing import Any, Final

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integration.models import Connection, PreflightCheck, SyncRun, SyncRunEntry, VendorHealth
from mappings.models import DeviceTypeRule, PicklistValue, Product, UdfDefinition
from mappings.services.devices.types import ensure_catch_all
from tests.admin_pages import find_pages
from tests.any_rows import make_row, make_rows, registered
from tickets.models import Action, Alert, Delivery, TicketDefaults
from tickets.selectors.inbox import list_groups

#: One worker fills and counts for all three tests.
pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("query goals")]
_FEW, _MANY = 3, 60
_MOST_QUERIES: Final = 15
#: Pages of Django and of the scheduler, in our frame.
_NOT_OURS: Final = (
    "auth_",
    "admin_",
    "django_celery_beat_",
    "autocomplete",
    "search",
    "jsi18n",
    "login",
    "logout",
)
#: Groups of the inbox that are there with three rows of everything and with sixty.
_GROUPS: Final = 15


def _fill(count: int) -> None:
    now = timezone.now()
    Connection.objects.create(is_enabled=True, autotask_webhook_problem="Switched off.")
    for model in registered("integration", "mappings", "tickets", "admin", "auth", "django_celery_beat"):
        make_rows(model, count)
    ensure_catch_all()
    VendorHealth.objects.create(vendor="autotask", is_down=True, last_error="503")
    VendorHealth.objects.create(vendor="datto_rmm", is_down=True, last_error="503")
    PreflightCheck.objects.create(name="threads", title="Threads", status="fail", checked_at=now)
    for number in range(1, count + 1):
        make_row(Action, number)
    Action.objects.update(kind="resolve_alert", state="refused")
    Alert.objects.update(is_resolved=False, state="ticketed", first_seen_at=now, ticketed_at=now)
    blocked = list(Alert.objects.order_by("pk").values_list("pk", flat=True)[: count // 2 + 1])
    Alert.objects.filter(pk__in=blocked).update(
        state="blocked", cause="site_unmapped", reason="No organization."
    )
    Delivery.objects.update(state="unreadable", reason="alert_uid: missing")
    for kind in ("devices", "sites", "reference"):
        SyncRun.objects.create(kind=kind, trigger="person", status="failed", finished_at=now)
    newest = SyncRun.objects.filter(kind="devices")[0]
    entries = list(SyncRunEntry.objects.order_by("pk").values_list("pk", flat=True))
    SyncRunEntry.objects.filter(pk__in=entries).update(run=newest, operation="update_item")
    SyncRunEntry.objects.filter(pk__in=entries[: count // 3]).update(status="failed", message="Refused.")
    SyncRunEntry.objects.filter(pk__in=entries[count // 3 : 2 * (count // 3)]).update(status="waiting")
    DeviceTypeRule.objects.filter(product__isnull=False).update(is_synced=True)
    Product.objects.update(is_active=False)
    TicketDefaults.objects.update(queue=PicklistValue.objects.all()[0])
    PicklistValue.objects.update(is_active=False)
    UdfDefinition.objects.update(is_active=False)


def _count(client: Client) -> dict[str, int]:
    counted = {}
    for page in find_pages():
        is_list = page.name.endswith("_changelist")
        if not is_list and (page.name.startswith(_NOT_OURS) or page.name.endswith(("_delete", "_history"))):
            continue
        client.get(page.url)  # content types are looked up once per process
        with CaptureQueriesContext(connection) as queries:
            answer: Any = client.get(page.url)
            if answer.streaming:
                b"".join(answer.streaming_content)
        if answer.status_code == 200:
            counted[page.name] = len(queries)
    return counted


@pytest.fixture(scope="module")
def counted(django_db_setup: Any, django_db_blocker: Any, valkey_socket: str) -> list[dict[str, int]]:
    """Queries of each page by name, with few and with many rows; the rows are gone afterwards."""
    results = []
    with django_db_blocker.unblock():
        for count in (_FEW, _MANY):
            with transaction.atomic():
                _fill(count)
                person = User.objects.create_user("ada", password="a long password", is_staff=True)
                person.groups.set(Group.objects.filter(name="Administrator"))
                client = Client()
                client.force_login(person)
                results.append(_count(client))
                assert len(list_groups(timezone.now())) >= _GROUPS
                transaction.set_rollback(True)
    return results


def test_all_our_pages_are_counted(counted: list[dict[str, int]]) -> None:
    few, many = counted
    assert set(few) == set(many)
    assert len(few) > 60
    wanted = {
        "index", "needs-attention", "ledger", "integration-health", "run-now", "connection", "preflight",
        "mappings_device_dashboard", "mappings_devicereview_changelist", "mappings_devicefinding_changelist",
        "mappings_contractunits_changelist", "mappings_device_change", "integration_syncrun_change",
        "tickets_alert_change", "tickets_ticket_change", "tickets_ticketdefaults_change",
        "tickets_ticketrule_changelist", "tickets_ticketrule_change", "tickets_alertpolicy_change",
    }  # fmt: skip
    assert wanted <= set(few)


def test_pages_cost_few_queries(counted: list[dict[str, int]]) -> None:
    _, many = counted
    assert {name: n for name, n in many.items() if n > _MOST_QUERIES} == {}


def test_pages_cost_the_same_with_many_rows(counted: list[dict[str, int]]) -> None:
    few, many = counted
    assert {name: (few[name], many[name]) for name in few if few[name] != many[name]} == {}
