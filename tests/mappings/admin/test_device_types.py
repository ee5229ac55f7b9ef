from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from mappings.models import DevicePolicy, DeviceTypeRule, UdfDefinition
from mappings.services.devices.types import ensure_catch_all
from tests.mappings.services.test_device_types import make_fleet, make_product, make_rule

pytestmark = pytest.mark.django_db
LIST = "/admin/mappings/devicetyperule/"


@pytest.fixture
def admin(client: Client, person: User) -> Client:
    client.force_login(person)
    return client


def fields(**values: object) -> dict[str, object]:
    return {
        "datto_category": "",
        "datto_type": "",
        "device_class": "",
        "product": "",
        "configuration_item_type": "",
        "configuration_item_category": "",
        **values,
    }


def test_list_shows_devices_of_each_rule_and_what_has_none(admin: Client) -> None:
    make_fleet(("Server", "Blade", "device", 3), ("Camera", "", "unknown", 2))
    rule = make_rule("Server")
    words = admin.get(LIST).content.decode()
    assert f"?rule={rule.pk}" in words
    assert "add/?datto_category=Camera" in words
    assert "choose one, so that other devices are not left out" in words
    assert admin.get(f"/admin/mappings/device/?rule={rule.pk}").context["cl"].result_count == 3
    rest = admin.get(f"/admin/mappings/device/?rule={ensure_catch_all().pk}")
    assert rest.context["cl"].result_count == 2


def test_list_costs_the_same_with_many_rules(admin: Client) -> None:
    make_fleet(("Server", "", "device", 1))
    admin.get(LIST)
    with CaptureQueriesContext(connection) as few:
        admin.get(LIST)
    for number in range(12):
        make_rule(f"C{number}")
    with CaptureQueriesContext(connection) as many:
        assert admin.get(LIST).status_code == 200
    assert len(few) == len(many)


def test_catch_all_cannot_be_deleted_nor_made_to_name_something(admin: Client) -> None:
    catch_all = ensure_catch_all()
    assert admin.post(f"{LIST}{catch_all.pk}/delete/", {"post": "yes"}).status_code == 403
    product = make_product(1, "Other")
    values = fields(datto_category="Server", product=product.pk, is_synced="on")
    assert admin.post(f"{LIST}{catch_all.pk}/change/", values).status_code == 302
    catch_all.refresh_from_db()
    assert (catch_all.is_catch_all, catch_all.is_synced, catch_all.product) == (True, True, product)


def test_deleting_says_first_where_the_devices_go(admin: Client) -> None:
    make_fleet(("Server", "", "device", 3))
    rule = make_rule("Server")
    assert (
        "3 of its devices would fall on another rule"
        in admin.get(f"{LIST}{rule.pk}/delete/").content.decode()
    )
    assert admin.post(f"{LIST}{rule.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not DeviceTypeRule.objects.filter(pk=rule.pk).exists()


def test_form_refuses_what_autotask_would(admin: Client) -> None:
    make_rule("Server")
    inactive = make_product(1, "Old", is_active=False)
    page = admin.post(f"{LIST}add/", fields(datto_category="Laptop", is_synced="on"))
    assert "Choose a product: Autotask needs one" in page.content.decode()
    page = admin.post(f"{LIST}add/", fields(datto_category="Laptop", is_synced="on", product=inactive.pk))
    assert "Old is inactive in Autotask" in page.content.decode()
    page = admin.post(f"{LIST}add/", fields(datto_category=" SERVER "))
    assert "There is a rule for server already" in page.content.decode()
    assert DeviceTypeRule.objects.filter(datto_category__iexact="laptop").count() == 0


def test_make_a_rule_fills_in_what_autotask_has_of_that_name(admin: Client) -> None:
    server = make_product(1, "Server")
    page = admin.get(f"{LIST}add/?datto_category=Server")
    form = page.context["adminform"].form
    assert form.initial["product"] == server
    assert form.initial["datto_category"] == "Server"


def test_preview_says_what_saving_would_do_and_saves_nothing(admin: Client) -> None:
    make_fleet(("Server", "", "device", 3))
    ensure_catch_all()
    product = make_product(1, "Server")
    values = fields(datto_category="Server", is_synced="on", product=product.pk, rule="")
    piece = admin.post(f"{LIST}preview/", values, headers={"X-Preview": "piece"}).content.decode()
    assert '<strong class="rb-strong">3</strong> of 3 devices would fall on another rule' in piece
    assert "<html" not in piece
    whole = admin.post(f"{LIST}preview/", values)
    assert "<html" in whole.content.decode()
    assert ("datto_category", "Server") in whole.context["values"]
    assert DeviceTypeRule.objects.count() == 1
    assert admin.post(f"{LIST}add/", dict(whole.context["values"])).status_code == 302
    assert DeviceTypeRule.objects.filter(datto_category="Server", product=product).exists()


def test_preview_of_a_stored_rule_leaves_it_alone(admin: Client) -> None:
    make_fleet(("Server", "", "device", 3), ("Laptop", "", "device", 2))
    rule = make_rule("Server")
    values = fields(datto_category="Laptop", rule=rule.pk)
    piece = admin.post(f"{LIST}preview/", values, headers={"X-Preview": "piece"}).content.decode()
    assert "5</strong> of 5 devices" in piece
    rule.refresh_from_db()
    assert rule.datto_category == "Server"


def test_suggestion_answers_json(admin: Client) -> None:
    server = make_product(1, "Server")
    found = admin.get(f"{LIST}suggest/", {"datto_category": "Server"}).json()
    assert found["product"] == {"id": server.pk, "text": "Server"}
    assert found["configuration_item_type"] is None


def test_choices_leave_out_inactive_products_and_lists_show_them(admin: Client) -> None:
    make_product(1, "Server")
    make_product(2, "Server 2003", is_active=False)
    answer = admin.get(
        "/admin/autocomplete/",
        {"app_label": "mappings", "model_name": "devicetyperule", "field_name": "product", "term": "Server"},
    )
    assert [one["text"] for one in answer.json()["results"]] == ["Server"]
    assert "Server 2003" in admin.get("/admin/mappings/product/").content.decode()


def test_pages_need_permissions(client: Client) -> None:
    nobody = User.objects.create_user("nobody", password="no-rights-at-all", is_staff=True)
    client.force_login(nobody)
    assert client.get(LIST).status_code == 403
    assert client.get(f"{LIST}suggest/").status_code == 403
    assert client.post(f"{LIST}preview/", fields()).status_code == 403
    assert client.get("/admin/mappings/devicepolicy/1/change/").status_code in {302, 403}
    nobody.user_permissions.add(Permission.objects.get(codename="view_devicetyperule"))
    assert client.get(LIST).status_code == 200
    assert client.post(f"{LIST}add/", fields(datto_category="X")).status_code == 403


def policy_fields(**values: object) -> dict[str, object]:
    return {
        "is_writing": "on",
        "creates_items": "on",
        "when_deleted": "leave",
        "deleted_grace_days": 3,
        "volatile_hours": 24,
        "guard_share_percent": 20,
        "guard_always": 25,
        "uid_udf": "",
        "review_udf": "",
        "contact_days": 14,
        "contact_share_percent": 60,
        **values,
    }


def test_policy_is_one_form(admin: Client) -> None:
    answer = admin.get("/admin/mappings/devicepolicy/", follow=True)
    assert answer.status_code == 200
    assert "Stops a run that would change unusually much" in answer.content.decode()
    assert admin.post("/admin/mappings/devicepolicy/1/change/", policy_fields()).status_code == 302
    policy = DevicePolicy.objects.get()
    assert (policy.when_deleted, policy.deleted_grace_days, policy.includes_on_demand) == ("leave", 3, False)
    assert admin.get("/admin/mappings/devicepolicy/add/").status_code == 403


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"guard_share_percent": 101}, "Must be at most 100"),
        ({"contact_share_percent": 50}, "Must be more than 50"),
        ({"volatile_hours": 0}, "Must be at least 1"),
    ],
)
def test_policy_refuses_nonsense_beside_the_field(admin: Client, values: dict, text: str) -> None:
    page = admin.post("/admin/mappings/devicepolicy/1/change/", policy_fields(**values))
    assert text in page.content.decode()
    assert not DevicePolicy.objects.filter(when_deleted="leave").exists()


def test_policy_takes_only_text_fields_and_each_once(admin: Client) -> None:
    now = timezone.now()
    rack = UdfDefinition.objects.create(autotask_udf_id=1, name="Rack", data_type="number", synced_at=now)
    uid = UdfDefinition.objects.create(autotask_udf_id=2, name="RMM Device UID", synced_at=now)
    url = "/admin/mappings/devicepolicy/1/change/"
    assert "Choose a text UDF" in admin.post(url, policy_fields(uid_udf=rack.pk)).content.decode()
    page = admin.post(url, policy_fields(uid_udf=uid.pk, review_udf=uid.pk))
    assert "Already holds the device uid" in page.content.decode()
    assert admin.post(url, policy_fields(uid_udf=uid.pk)).status_code == 302
