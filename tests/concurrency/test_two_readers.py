"""Runs that mirror the same objects at the same moment, on a real PostgreSQL: each object is one row."""

from __future__ import annotations

import itertools

import pytest
from django.db import connection
from django.utils import timezone

from integration.models import SyncRun
from integration.sync.recorder import RunRecorder
from integration.vendors.autotask.records import ConfigurationItem as ItemRecord
from mappings.models import (
    Company,
    ConfigurationItem,
    ConfigurationItemKey,
    Device,
    DeviceKey,
    DeviceLink,
    Site,
)
from mappings.services import sites
from mappings.services.devices.mirrors import store_item
from mappings.services.mirror import mark_gone, store_rows
from mappings.services.reference import COMPANIES
from tests.concurrency.test_two_workers import at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
_numbers = itertools.count()


def recorder() -> RunRecorder:
    run = SyncRun.objects.create(
        kind=f"reader-{next(_numbers)}",
        trigger=SyncRun.Trigger.COMMAND,
        status=SyncRun.Status.RUNNING,
        token="t",
    )
    return RunRecorder(run)


def test_new_objects_become_one_row_each():
    assert connection.vendor == "postgresql"
    rows = [{"autotask_company_id": number, "name": f"Company {number}"} for number in range(300)]

    def read() -> tuple[int, int]:
        mine = recorder()
        store_rows(mine, COMPANIES, rows)
        return mine.run.creates, mine.run.unchanged

    done = at_once(read)
    assert Company.objects.count() == 300
    assert sorted(done)[-1] == (300, 0)
    assert done.count((0, 300)) == len(done) - 1


def test_rows_written_in_different_orders_lock_nobody_out():
    assert connection.vendor == "postgresql"
    now = timezone.now()
    Company.objects.bulk_create(
        Company(autotask_company_id=number, name="Old", synced_at=now) for number in range(400)
    )
    turns = itertools.count()

    def read() -> None:
        turn = next(turns)
        rows = [{"autotask_company_id": number, "name": f"Reader {turn}"} for number in range(400)]
        mine = recorder()
        store_rows(mine, COMPANIES, rows if turn % 2 else rows[::-1])
        mark_gone(mine, COMPANIES, set(range(400)), message="Gone.")

    at_once(read)
    assert Company.objects.values_list("name", flat=True).distinct().count() == 1


def test_devices_get_their_keys_and_history_once():
    assert connection.vendor == "postgresql"
    site = Site.objects.create(datto_site_uid="s", name="Site", synced_at=timezone.now())
    rows = [
        {
            "datto_device_uid": f"7d0c3a52-0000-4000-8000-{number:012d}",
            "site_id": site.pk,
            "hostname": f"NB-{number}",
            "last_user": "ada",
        }
        for number in range(100)
    ]
    at_once(lambda: sites._store_devices(recorder(), [dict(row) for row in rows]))
    assert Device.objects.count() == DeviceLink.objects.count() == 100
    assert DeviceKey.objects.count() == 200
    assert {len(history) for history in DeviceLink.objects.values_list("user_history", flat=True)} == {1}


def test_an_item_stored_by_many_is_one_row_with_its_keys_once():
    assert connection.vendor == "postgresql"
    record = ItemRecord.from_wire(
        {"id": 5, "companyID": 7, "referenceTitle": "NB-77", "serialNumber": "PF3XK9Z", "isActive": True}
    )
    at_once(lambda: store_item(record))
    assert ConfigurationItem.objects.count() == 1
    assert ConfigurationItemKey.objects.count() == 2
