"""The form of a field mapping in a browser, under the real Content Security Policy, by keyboard."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User

from mappings.models import DeviceTypeRule, FieldMap
from mappings.services.devices.types import ensure_catch_all
from tests.mappings.admin.test_keyboard import sign_in
from tests.mappings.services.test_device_types import make_fleet, make_product
from tests.mappings.services.test_field_maps import make_category, make_linked, make_udf, show
from tests.waiting import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def complaints(page: Any) -> list[str]:
    found: list[str] = []
    page.on("console", lambda message: found.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


def steps(page: Any) -> list[dict[str, Any]]:
    held: list[dict[str, Any]] = json.loads(page.locator("#id_transforms").evaluate("area => area.value"))
    return held


def test_steps_are_rows_that_the_keyboard_adds_moves_and_removes(
    live_server: Any, page: Any, person: User, complaints: list[str]
) -> None:
    servers = make_category(6, "Server")
    udf = make_udf(1, "Asset Tag")
    show(udf, servers)
    device = make_linked(1, servers, udfs={"7": "no 42"})
    one = FieldMap.objects.create(udf=udf, datto_udf_index=7)
    sign_in(page, live_server.url)
    page.goto(f"{live_server.url}/admin/mappings/fieldmap/{one.pk}/change/")
    page.select_option("#step-add", "capture")
    page.keyboard.type("[0-9]+")
    page.select_option("#step-add", "prefix")
    page.keyboard.type("PC-")
    page.select_option("#step-add", "upper")
    assert [step["name"] for step in steps(page)] == ["capture", "prefix", "upper"]
    page.locator("[data-act=up]").nth(2).press("Enter")
    assert [step["name"] for step in steps(page)] == ["capture", "upper", "prefix"]
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Move up: step 2, Upper case"
    page.locator("[data-act=remove]").nth(1).press("Enter")
    assert steps(page) == [{"name": "capture", "pattern": "[0-9]+"}, {"name": "prefix", "text": "PC-"}]
    page.evaluate(
        "pk => { const s = document.getElementById('id_trial_device'); s.add(new Option('H1', pk)); s.value = pk; }",
        device.pk,
    )
    page.click("[data-trial-button]")
    page.wait_for_selector("#map-trial >> text=PC-42")
    page.click("button[name=_save], input[name=_save]")
    wait_for(lambda: len(FieldMap.objects.get().transforms) == 2, "the steps are saved", seconds=10)
    assert complaints == []


def test_type_form_previews_while_typing_and_suggests_by_name(
    live_server: Any, page: Any, person: User, complaints: list[str]
) -> None:
    make_fleet(("Server", "", "device", 3), ("Laptop", "", "device", 2))
    ensure_catch_all()
    make_product(1, "Server")
    sign_in(page, live_server.url)
    page.goto(f"{live_server.url}/admin/mappings/devicetyperule/add/")
    page.fill("#id_datto_category", "Server")
    page.wait_for_selector("#type-preview >> text=3 of 5 devices would fall on another rule")
    page.click("[data-suggest-button]")
    page.wait_for_selector(".select2-selection__rendered >> text=Server")
    page.click("button[name=_save], input[name=_save]")
    page.wait_for_selector("text=3 devices fall on it")
    assert DeviceTypeRule.objects.get(datto_category="Server").product.name == "Server"  # type: ignore[union-attr]
    assert complaints == []
