from __future__ import annotations

import csv
import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integration.models import Connection, SyncRun, SyncRunEntry
from mappings.models import (
    Company,
    ConfigurationItem,
    Device,
    DeviceFinding,
    DeviceLink,
    FieldMap,
    Site,
    UdfDefinition,
)
from mappings.services.devices import segments
from mappings.services.devices.dashboard import read_dashboard
from tests.conftest import SentTask
from tests.mappings.conftest import guid
from tests.mappings.services.device_rows import make_devices

pytestmark = pytest.mark.django_db
LIST = "/admin/mappings/device/"


@pytest.fixture
def admin(client: Client, person: User) -> Client:
    client.force_login(person)
    return client


def listed(admin: Client, query: str) -> int:
    """Return how many devices the list says it shows."""
    page = admin.get(f"{LIST}?{query}")
    assert page.status_code == 200, query
    return int(page.context["cl"].result_count)


def test_every_number_of_the_dashboard_is_what_its_list_shows(admin: Client) -> None:
    make_devices(400)
    dashboard = read_dashboard(timezone.now())
    numbers = [*dashboard.headline, *(number for card in dashboard.cards for number in card.numbers)]
    assert len(numbers) > 50
    for number in numbers:
        assert listed(admin, number.query) == number.count, number
    assert dashboard.total == listed(admin, "") == Device.objects.filter(is_deleted=False).count()
    alone = admin.get("/admin/mappings/configurationitem/?device=without").context["cl"].result_count
    assert dashboard.items_without_device == alone > 0
    page = admin.get(f"{LIST}dashboard/").content.decode()
    assert f"{LIST}?review=undecided" in page


def test_every_exclusive_card_adds_up_to_all_devices() -> None:
    make_devices(300)
    dashboard = read_dashboard(timezone.now())
    for card in dashboard.cards:
        if not card.is_cumulative:
            assert sum(number.count for number in card.numbers) == dashboard.total, card.title


def test_dashboard_costs_the_same_with_many_devices(admin: Client) -> None:
    make_devices(10)
    admin.get("/admin/password_change/")  # a worker keeps the menu's count fresh; here nobody does
    with CaptureQueriesContext(connection) as few:
        admin.get(f"{LIST}dashboard/")
    Site.objects.all().delete()
    ConfigurationItem.objects.all().delete()
    Company.objects.all().delete()
    make_devices(600, sites=5, seed=8)
    with CaptureQueriesContext(connection) as many:
        assert admin.get(f"{LIST}dashboard/").status_code == 200
    with CaptureQueriesContext(connection) as frame:
        admin.get("/admin/password_change/")
    # Session, person and the badges of the menu are not this page's.
    assert len(few) == len(many) <= len(frame) + 4


@pytest.mark.parametrize("query", ["", "link=linked&os=windows", "q=HOST", "review=undecided&offline=30"])
def test_list_costs_the_same_with_many_devices(admin: Client, query: str) -> None:
    devices = make_devices(60)
    admin.get("/admin/password_change/")  # a worker keeps the menu's count fresh; here nobody does
    with CaptureQueriesContext(connection) as many:
        assert admin.get(f"{LIST}?{query}").status_code == 200
    Device.objects.filter(pk__in=[one.pk for one in devices[3:]]).delete()
    with CaptureQueriesContext(connection) as few:
        assert admin.get(f"{LIST}?{query}").status_code == 200
    with CaptureQueriesContext(connection) as frame:
        admin.get("/admin/password_change/")
    assert len(few) == len(many) <= len(frame) + 5


def find(admin: Client, text: str) -> set[str]:
    page = admin.get(LIST, {"q": text, "presence": "all"})
    return {one.hostname for one in page.context["cl"].result_list}


def test_search_finds_a_machine_by_whatever_tells_it(admin: Client) -> None:
    for device in make_devices(3):
        Device.objects.filter(pk=device.pk).update(hostname=f"PC-{device.last_user}")
    for text in (
        "pc-user2",
        "SN0000001",
        "aa:bb:cc:00:00:01",
        "AA-BB-CC-00-00-01",
        "10.0.0.2",
        guid(2),
        guid(2).upper(),
        "user2 10.0",
    ):
        assert find(admin, text) == {"PC-user2"}, text
    assert find(admin, "user2 10.9") == set()


def test_deleted_devices_are_there_only_when_asked_for(admin: Client) -> None:
    devices = make_devices(2)
    Device.objects.update(is_deleted=False)
    Device.objects.filter(pk=devices[0].pk).update(is_deleted=True)
    assert [listed(admin, query) for query in ("", "presence=deleted", "presence=all")] == [1, 1, 2]


def test_an_unknown_filter_value_is_refused_not_ignored(admin: Client) -> None:
    make_devices(2)
    page = admin.get(f"{LIST}?offline=lately")
    assert page.status_code == 302
    assert page["Location"].endswith("?e=1")


def test_export_has_the_rows_of_the_list_and_no_formula(admin: Client) -> None:
    devices = make_devices(30)
    Device.objects.filter(pk=devices[0].pk).update(
        hostname="=HYPERLINK(1)", category="Server", is_deleted=False
    )
    answer = admin.get(f"{LIST}export/?category=Server")
    rows = list(csv.DictReader(answer.getvalue().decode("utf-8-sig").splitlines()))
    assert len(rows) == listed(admin, "category=Server") > 1
    assert "'=HYPERLINK(1)" in {row["host_name"] for row in rows}
    assert all(not value.startswith(("=", "+", "-", "@")) for row in rows for value in row.values())
    assert {row["category"] for row in rows} == {"Server"}


def test_device_page_tells_its_story(admin: Client) -> None:
    device = make_devices(1)[0]
    Device.objects.update(is_deleted=False, udfs={"7": "Gold"})
    item = ConfigurationItem.objects.create(
        autotask_configuration_item_id=77,
        autotask_company_id=1,
        reference_title="Candidate 77",
        synced_at=timezone.now(),
    )
    Connection.objects.create(autotask_web_url="https://ww.example.test/")
    udf = UdfDefinition.objects.create(autotask_udf_id=5, name="Care Level", synced_at=timezone.now())
    FieldMap.objects.create(datto_udf_index=7, udf=udf)
    DeviceLink.objects.update_or_create(
        device=device, defaults={"state": "ambiguous", "reason": "Two items have this serial number."}
    )
    DeviceFinding.objects.create(
        key="ambiguous:1",
        kind="ambiguous",
        device=device,
        summary="Two configuration items fit.",
        detail={"item_pks": [item.pk]},
        found_at=timezone.now(),
        seen_at=timezone.now(),
    )
    run = SyncRun.objects.create(kind="devices", trigger="person")
    SyncRunEntry.objects.create(
        run=run,
        action="update",
        status="done",
        object_type="device",
        object_id=device.datto_device_uid,
        label="x",
        after={"hostname": "NEWNAME"},
    )
    words = admin.get(f"{LIST}{device.pk}/change/").content.decode()
    for text in (
        "Two items have this serial number.",
        "Two configuration items fit.",
        "Candidate 77",
        "InstalledProductID=77",
        "Care Level",
        "Gold",
        "NEWNAME",
        "Refresh now",
    ):
        assert text in words, text
    assert admin.get(f"{LIST}999999/change/").status_code == 404


def test_refresh_queues_one_run_for_the_device(
    admin: Client, celery_outbox: list[SentTask], django_capture_on_commit_callbacks: Any
) -> None:
    device = make_devices(1)[0]
    Connection.objects.create(is_enabled=True)
    url = f"{LIST}{device.pk}/refresh/"
    with django_capture_on_commit_callbacks(execute=True):
        assert admin.post(url).status_code == 302
    with django_capture_on_commit_callbacks(execute=True):
        admin.post(url)
    run = SyncRun.objects.get()
    assert (run.kind, run.scope) == ("devices", {"device_uids": [device.datto_device_uid]})
    assert [one.args for one in celery_outbox] == [[run.pk]]


def test_pages_need_their_permissions(client: Client) -> None:
    device = make_devices(1)[0]
    nobody = User.objects.create_user("nobody", password="no-rights-at-all", is_staff=True)
    client.force_login(nobody)
    pages = [LIST, f"{LIST}dashboard/", f"{LIST}export/", f"{LIST}{device.pk}/change/"]
    assert [client.get(page).status_code for page in pages] == [403] * 4
    nobody.user_permissions.add(Permission.objects.get(codename="view_device"))
    assert [client.get(page).status_code for page in pages] == [200] * 4
    assert client.post(f"{LIST}{device.pk}/refresh/").status_code == 403


def test_empty_dashboard_says_what_will_appear(admin: Client) -> None:
    words = admin.get(f"{LIST}dashboard/").content.decode()
    assert "No devices yet" in words


@pytest.mark.parametrize("facet", segments.FACETS, ids=lambda facet: facet.name)
def test_every_option_of_every_filter_works(admin: Client, facet: segments.Facet) -> None:
    make_devices(40)
    page = admin.get(LIST).content.decode()
    assert re.search(rf'name="{facet.name}"', page)
    values = [value for value, _ in facet.options] or [segments.NOTHING, "x"]
    for value in values:
        listed(admin, f"{facet.name}={value}")
