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


OBJECT_PAGES = [
    "integration_syncrun", "mappings_company", "mappings_site", "mappings_device", "mappings_devicereview",
    "mappings_devicefinding", "mappings_fieldmap", "mappings_devicetyperule", "mappings_contractrule",
    "tickets_alert", "tickets_ticket", "tickets_ticketrule", "tickets_ticketdefaults", "tickets_alertpolicy",
]  # fmt: skip
FILTERS = [
    ("mappings_devicereview", "company"),
    ("mappings_devicefinding", "company"),
    ("mappings_device", "rule"),
    ("mappings_contractrule", "id"),
]


@pytest.mark.parametrize("page", OBJECT_PAGES)
@pytest.mark.parametrize("value", ["\u00b2", "\u0663", "9" * 30, "-1", "x"])
def test_addresses_that_name_no_row(admin_client: Client, page: str, value: str) -> None:
    # Django's own pages lead back to the index, ours say that there is none.
    assert admin_client.get(reverse(f"admin:{page}_change", args=[value])).status_code in {302, 404}


@pytest.mark.parametrize(("page", "name"), FILTERS)
@pytest.mark.parametrize("value", ["\u00b2", "\u0663", "9" * 30, "-1", "x"])
def test_filters_that_name_no_row(admin_client: Client, page: str, name: str, value: str) -> None:
    answer = admin_client.get(reverse(f"admin:{page}_changelist"), {name: value})
    assert answer.status_code in {200, 302}


@pytest.mark.parametrize("value", IDS)
def test_buttons_that_name_no_row(admin_client: Client, value: str) -> None:
    drift = reverse("admin:mappings_devicefinding_changelist")
    assert admin_client.post(drift, {"_leave": value}).status_code in {200, 302}
    leave = reverse("admin:mappings_devicefinding_leave")
    assert admin_client.post(leave, {"ids": value, "reason": "as it is"}).status_code in {200, 302}
    reviews = reverse("admin:mappings_devicereview_changelist")
    assert admin_client.post(reviews, {"_accept": value}).status_code in {200, 302}
    several = reverse("admin:mappings_devicereview_several")
    assert admin_client.post(several, {"ids": value, "_later": "1"}).status_code in {200, 302}
