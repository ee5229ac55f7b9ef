"""Ids in forms that no row can have are left out, and lead to no error page."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from integration.models import SyncRun, SyncRunEntry

pytestmark = pytest.mark.django_db
IDS = ["\u00b2", "\u0663", "9" * 30, "-1", "x", "", "1,1", " 1"]


@pytest.mark.parametrize("name", ["run-apply", "run-undo"])
def test_ids_that_no_row_can_have(admin_client: Client, name: str) -> None:
    run = SyncRun.objects.create(kind="devices", trigger="person", status="succeeded")
    for value in IDS:
        assert admin_client.post(reverse(name, args=[run.pk]), {"entry": [value]}).status_code == 302
    assert admin_client.post(reverse(name, args=[run.pk]), {"entry": IDS}).status_code == 302
    assert SyncRun.objects.count() == 1


@pytest.mark.parametrize(("name", "status"), [("run-apply", "planned"), ("run-undo", "done")])
def test_entries_of_another_run_are_not_taken(admin_client: Client, name: str, status: str) -> None:
    run, other = (
        SyncRun.objects.create(kind="devices", trigger="person", status="succeeded", is_whole=False)
        for _ in range(2)
    )
    foreign = SyncRunEntry.objects.create(
        run=other, action="update", status=status, operation="update_item", object_type="device"
    )
    for _ in range(2):
        answer = admin_client.post(reverse(name, args=[run.pk]), {"entry": [foreign.pk, foreign.pk]})
        assert answer.status_code == 302
    foreign.refresh_from_db()
    assert foreign.status == status
    assert SyncRun.objects.count() == 2
