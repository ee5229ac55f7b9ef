from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from integration.models import Connection, SyncRun
from mappings.models import FieldMap, FieldMapLoss
from tests.conftest import SentTask
from tests.mappings.services.test_field_maps import make_category, make_linked, make_udf, show

pytestmark = pytest.mark.django_db
LIST = "/admin/mappings/fieldmap/"


@pytest.fixture
def admin(client: Client, person: User) -> Client:
    client.force_login(person)
    return client


def fields(target: Any, **values: object) -> dict[str, object]:
    return {
        "source": "udf:7",
        "udf": target.pk,
        "direction": "to_autotask",
        "is_active": "on",
        "empty_policy": "keep",
        "transforms": "[]",
        **values,
    }


def test_a_mapping_is_saved_with_its_steps(admin: Client) -> None:
    udf = make_udf(1, "Asset Tag")
    steps = [{"name": "trim"}, {"name": "cut", "length": 20}]
    answer = admin.post(
        f"{LIST}add/", fields(udf, transforms=json.dumps(steps), device_classes=["device", "printer"])
    )
    assert answer.status_code == 302
    one = FieldMap.objects.get()
    assert (one.datto_udf_index, one.datto_field, one.transforms) == (7, "", steps)
    assert one.device_classes == ["device", "printer"]
    admin.post(f"{LIST}{one.pk}/change/", fields(udf, source="field:hostname"))
    one.refresh_from_db()
    assert (one.datto_udf_index, one.datto_field) == (None, "hostname")
    form = admin.get(f"{LIST}{one.pk}/change/").context["adminform"].form
    assert form["source"].value() == "field:hostname"


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"source": ""}, "This field is required"),
        (
            {"source": "field:hostname", "direction": "two_way"},
            "A device field can only be read from Datto RMM",
        ),
        ({"transforms": "[{"}, "Steps: cannot be read"),
        ({"transforms": '[{"name": "cut"}]'}, "Step 1 (cut): length: is missing"),
        ({"udf": ""}, "This field is required"),
    ],
)
def test_form_names_what_is_wrong_and_the_cure(admin: Client, values: dict, text: str) -> None:
    page = admin.post(f"{LIST}add/", fields(make_udf(1, "Asset Tag"), **values))
    assert text in page.content.decode()
    assert not FieldMap.objects.exists()


def test_form_refuses_a_field_that_is_written_already_or_cannot_be(admin: Client) -> None:
    udf, off = make_udf(1, "Asset Tag"), make_udf(2, "Old", is_active=False)
    FieldMap.objects.create(udf=udf, datto_field="hostname")
    assert "writes Asset Tag already" in admin.post(f"{LIST}add/", fields(udf)).content.decode()
    assert "Old is inactive in Autotask" in admin.post(f"{LIST}add/", fields(off)).content.decode()
    assert admin.post(f"{LIST}add/", fields(udf, is_active="")).status_code == 302


def test_list_tells_state_and_cure_at_the_same_cost(admin: Client) -> None:
    servers = make_category(6, "Server")
    make_linked(1, servers)
    fine, lacking = make_udf(1, "Fine"), make_udf(2, "Lacking")
    show(fine, servers)
    FieldMap.objects.create(udf=fine, datto_field="hostname", transforms=[{"name": "upper"}])
    FieldMap.objects.create(udf=lacking, datto_udf_index=7, device_classes=["device"])
    words = admin.get(LIST).content.decode()
    for text in (
        "Host name",
        "Upper case.",
        "UDF 7",
        "computers",
        "in step",
        "partly",
        "not associated with the category Server",
    ):
        assert text in words, text
    with CaptureQueriesContext(connection) as few:
        admin.get(LIST)
    for number in range(3, 15):
        FieldMap.objects.create(udf=make_udf(number, f"U{number}"), datto_udf_index=number)
    with CaptureQueriesContext(connection) as many:
        admin.get(LIST)
    assert len(few) == len(many)


def test_trial_of_what_is_typed_saves_nothing(admin: Client) -> None:
    servers = make_category(6, "Server")
    udf = make_udf(1, "Asset Tag")
    show(udf, servers)
    device = make_linked(1, servers, udfs={"7": "laptop"}, item_udfs={"Asset Tag": "old"})
    values = fields(udf, transforms='[{"name": "upper"}]', trial_device=device.pk)
    piece = admin.post(f"{LIST}try-one/", values, headers={"X-Preview": "piece"}).content.decode()
    assert '<strong class="rb-strong">LAPTOP</strong>' in piece
    assert "Asset Tag</strong> = <code>LAPTOP</code>" in piece
    assert "<html" in admin.post(f"{LIST}try-one/", values).content.decode()
    assert not FieldMap.objects.exists()
    wrong = admin.post(f"{LIST}try-one/", {**values, "transforms": "[1]"}, headers={"X-Preview": "piece"})
    assert "must be an object" in wrong.content.decode()
    nobody = admin.post(f"{LIST}try-one/", fields(udf), headers={"X-Preview": "piece"})
    assert "Choose a device" in nobody.content.decode()


def test_trial_of_a_stored_mapping_does_not_change_it(admin: Client) -> None:
    servers = make_category(6, "Server")
    udf = make_udf(1, "Asset Tag")
    show(udf, servers)
    device = make_linked(1, servers)
    one = FieldMap.objects.create(udf=udf, datto_field="hostname")
    values = fields(udf, source="field:description", trial_device=device.pk, map=one.pk)
    assert admin.post(f"{LIST}try-one/", values).status_code == 200
    one.refresh_from_db()
    assert one.datto_field == "hostname"


def test_all_active_mappings_are_tried_on_one_device(admin: Client) -> None:
    servers = make_category(6, "Server")
    udf = make_udf(1, "Asset Tag")
    show(udf, servers)
    device = make_linked(1, servers)
    FieldMap.objects.create(udf=udf, datto_field="hostname")
    assert admin.get(f"{LIST}try/").status_code == 200
    words = admin.get(f"{LIST}try/", {"device": device.pk}).content.decode()
    assert "Asset Tag</strong> = <code>H1</code>" in words


@pytest.fixture
def enabled(db: None) -> None:
    Connection.objects.create(is_enabled=True)


def test_ordering_a_field_queues_one_run(
    admin: Client, enabled: None, celery_outbox: list[SentTask], django_capture_on_commit_callbacks: Any
) -> None:
    category = make_category(6, "Server")
    values = {"name": "Tier", "kind": "list", "list_values": "One\nTwo", "categories": [category.pk]}
    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            assert admin.post(f"{LIST}new-udf/", values).status_code == 302
    run = SyncRun.objects.get()
    assert [one.args for one in celery_outbox] == [[run.pk]]
    assert [one.operation for one in run.entries.all()] == ["create_udf", "associate_udf"]
    assert run.entries.get(operation="create_udf").payload["list_values"] == ["One", "Two"]
    bad = admin.post(f"{LIST}new-udf/", {**values, "name": "Other", "list_values": ""})
    assert "a list needs at least one" in bad.content.decode()


def test_standard_set_shows_what_it_creates_before_it_does(
    admin: Client, enabled: None, celery_outbox: list[SentTask]
) -> None:
    make_linked(1, make_category(6, "Server"))
    words = admin.get(f"{LIST}standard-set/").content.decode()
    assert "RMM Serial Number" in words
    assert "will be created" in words
    assert not SyncRun.objects.exists()
    assert admin.post(f"{LIST}standard-set/").status_code == 302
    assert SyncRun.objects.get().entries.filter(operation="create_field_map").count() > 20


def test_associate_orders_only_what_is_missing(
    admin: Client, enabled: None, celery_outbox: list[SentTask]
) -> None:
    servers, printers = make_category(6, "Server"), make_category(8, "Printer")
    udf = make_udf(1, "Asset Tag")
    show(udf, servers)
    make_linked(1, servers)
    make_linked(2, printers)
    one = FieldMap.objects.create(udf=udf, datto_field="hostname")
    assert (
        "Associate with the 1 category that needs it" in admin.get(f"{LIST}{one.pk}/change/").content.decode()
    )
    assert admin.post(f"{LIST}{one.pk}/associate/").status_code == 302
    assert [entry.label for entry in SyncRun.objects.get().entries.all()] == ["Asset Tag in Printer"]


def test_nothing_is_queued_while_the_integration_is_off(admin: Client, celery_outbox: list[SentTask]) -> None:
    make_linked(1, make_category(6, "Server"))
    assert admin.post(f"{LIST}standard-set/")["Location"].endswith("/admin/connection/")
    assert not SyncRun.objects.exists()


def test_overwritten_values_are_shown_with_their_device(admin: Client) -> None:
    assert "No value was overwritten" in admin.get("/admin/mappings/fieldmaploss/").content.decode()
    device = make_linked(1, make_category(6, "Server"))
    one = FieldMap.objects.create(udf=make_udf(1, "Asset Tag"), datto_udf_index=7, direction="two_way")
    FieldMapLoss.objects.create(field_map=one, device=device, winner="datto_rmm", kept="new", lost="precious")
    words = admin.get("/admin/mappings/fieldmaploss/").content.decode()
    assert "precious" in words
    assert f"/admin/mappings/device/{device.pk}/change/" in words


def test_pages_need_permissions(client: Client) -> None:
    nobody = User.objects.create_user("nobody", password="no-rights-at-all", is_staff=True)
    client.force_login(nobody)
    pages = [LIST, f"{LIST}try/", f"{LIST}new-udf/", f"{LIST}standard-set/"]
    assert [client.get(page).status_code for page in pages] == [403] * 4
    nobody.user_permissions.add(Permission.objects.get(codename="view_fieldmap"))
    assert [client.get(page).status_code for page in pages] == [200, 200, 403, 403]
    assert client.post(f"{LIST}1/associate/").status_code == 403
    assert client.post(f"{LIST}standard-set/").status_code == 403
