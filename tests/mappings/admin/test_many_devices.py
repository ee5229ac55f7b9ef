"""The admin over many devices: as many queries as over a hundred, and few."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integration.models import Connection, SyncRun, SyncRunEntry
from mappings.models import Device, DeviceFinding
from mappings.services.devices.types import ensure_catch_all
from tests.mappings.services.device_rows import make_devices
from tickets.selectors.waiting import remember as cache_counts

#: Enough to show a query per row, or per hundred.
_FEW, _MANY = 100, 5_000
_MOST_QUERIES = 15
_FRAME_QUERIES = 5
_PAGES = (
    "mappings/device/",
    "mappings/device/?q=HOST-1",
    "mappings/device/?category=Server&link=linked",
    "mappings/device/?review=undecided&offline=30",
    "mappings/device/?os=windows_server",
    "mappings/device/dashboard/",
    "mappings/device/{device}/change/",
    "mappings/devicereview/",
    "mappings/devicereview/{review}/change/",
    "mappings/devicefinding/",
    "mappings/devicefinding/?kind=moved",
    "mappings/contractunits/",
    "mappings/sitemapping/",
    "mappings/devicetyperule/",
    "mappings/fieldmap/",
    "mappings/contractrule/",
    "mappings/company/",
    "mappings/site/",
    "mappings/contact/",
    "mappings/worktype/",
    "mappings/picklistvalue/",
    "mappings/mirrorstate/",
    "mappings/configurationitem/",
    "mappings/product/",
    "integration/syncrun/",
    "integration/syncrun/{run}/change/",
    "integration/syncrunentry/",
    "integration/syncrunentry/?run__id__exact={run}",
)


def _fill(count: int) -> dict[str, int]:
    now = timezone.now()
    Connection.objects.create(is_enabled=True)
    ensure_catch_all()
    devices = make_devices(count, sites=max(20, count // 100), now=now)
    DeviceFinding.objects.bulk_create(
        [
            DeviceFinding(
                key=f"moved:{one.pk}", kind="moved", device=one, summary="Moved.", found_at=now, seen_at=now
            )
            for one in devices[: count // 2]
        ],
        batch_size=500,
    )
    run = SyncRun.objects.create(kind="devices", trigger="schedule", status="succeeded", finished_at=now)
    SyncRunEntry.objects.bulk_create(
        [
            SyncRunEntry(
                run=run,
                action="update",
                status="done",
                operation="update_item",
                object_type="configuration item",
                object_id=str(number),
                label=f"Item {number}",
                before={"reference_title": "a"},
                after={"reference_title": "b"},
            )
            for number in range(count // 5)
        ],
        batch_size=500,
    )
    device = devices[0]
    return {
        "device": device.pk,
        "review": Device.objects.filter(review__isnull=False).values_list("review__pk", flat=True)[0],
        "run": run.pk,
    }


def _count_all(client: Client, ids: dict[str, int], *, is_cold: bool) -> dict[str, int]:
    counted = {}
    for page in _PAGES:
        url = "/admin/" + page.format(**ids)
        if is_cold:
            client.get(url)  # content types are looked up once per process
        # `tickets` counts for the menu once per 15 s; the time of this test must not decide which page pays.
        cache_counts({})
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url).status_code == 200, url
        counted[page] = len(queries)
    return counted


def _sign_in() -> Client:
    person, _ = User.objects.get_or_create(username="ada", is_superuser=True, is_staff=True)
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture(scope="module")
def counted(django_db_setup: Any, django_db_blocker: Any, valkey_socket: str) -> list[dict[str, int]]:
    """Queries of each page with few and with many rows; the rows are gone afterwards."""
    from django.db import transaction  # noqa: PLC0415 - the database is set up only now

    results = []
    with django_db_blocker.unblock():
        for count in (_FEW, _MANY):
            with transaction.atomic():
                ids = _fill(count)
                results.append(_count_all(_sign_in(), ids, is_cold=count == _FEW))
                transaction.set_rollback(True)
    return results


@pytest.mark.parametrize("page", _PAGES)
def test_a_page_needs_as_few_queries_with_many_rows(counted: Any, page: str) -> None:
    few, many = counted
    assert many[page] <= _MOST_QUERIES
    assert many[page] == few[page]


@pytest.mark.django_db
def test_the_bare_frame_is_cheap_for_everybody(client: Client) -> None:
    person = User.objects.create_user("viewer", password="only-looking-here", is_staff=True)
    person.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client.force_login(person)
    client.get("/admin/password_change/")
    with CaptureQueriesContext(connection) as queries:
        assert client.get("/admin/password_change/").status_code == 200
    assert len(queries) <= _FRAME_QUERIES
