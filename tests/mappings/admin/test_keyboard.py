"""The list of mappings in a browser, under the real Content Security Policy."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from mappings.models import SiteMapping
from tests.mappings.conftest import make_company, make_mapping
from tests.waiting import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def sign_in(page: Any, url: str) -> None:
    page.goto(f"{url}/admin/login/")
    page.fill("[name=username]", "ada")
    page.fill("[name=password]", "analytical-engine")
    page.click("button[type=submit]")
    page.wait_for_url(f"{url}/admin/")


def confirmed() -> set[str]:
    return set(SiteMapping.objects.filter(state="confirmed").values_list("site__name", flat=True))


def test_dispatcher_accepts_with_keys_and_changes_by_typing(
    live_server: Any, page: Any, person: User
) -> None:
    for number, name in enumerate(("Alpha", "Beta", "Gamma"), start=1):
        make_mapping(number, name, make_company(number, name))
    make_company(9, "Zebra Holding")
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    sign_in(page, live_server.url)
    page.goto(f"{live_server.url}/admin/mappings/sitemapping/?state=proposed")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=1 site confirmed")
    assert confirmed() == {"Beta"}
    page.wait_for_selector("tr.rb-at >> text=Gamma")
    page.keyboard.press("x")
    assert page.locator("input.action-select:checked").count() == 1
    row = page.locator("tr.data-row", has_text="Alpha")
    row.locator(".select2-selection").click()
    page.keyboard.type("zebra")
    page.locator(".select2-results__option", has_text="Zebra Holding · 9").click()
    page.click("button[name=_save], input[name=_save]")
    wait_for(lambda: confirmed() == {"Beta", "Alpha"}, "Alpha is mapped", seconds=10)
    assert complaints == []
