"""The review queue in a browser, under the real Content Security Policy."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from mappings.models import DeviceReview
from mappings.services.devices.reviews import keep_reviews
from tests.conftest import SentTask
from tests.mappings.admin.test_keyboard import sign_in
from tests.mappings.services.devices.review_rows import make_contract, make_home, make_linked, make_rule
from tests.waiting import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def states() -> dict[str, str]:
    return dict(DeviceReview.objects.values_list("device__hostname", "state"))


def test_a_dispatcher_works_through_the_queue_with_keys(
    live_server: Any, page: Any, person: User, celery_outbox: list[SentTask]
) -> None:
    home = make_home(1)
    make_contract(100, home.company, "Managed Workstation")
    make_rule()
    for number in range(1, 6):
        make_linked(number, home.site, home.company)
    keep_reviews(None)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    sign_in(page, live_server.url)
    page.goto(f"{live_server.url}/admin/mappings/devicereview/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("a")
    page.wait_for_selector("text=1 device accepted")
    assert states()["PC-002"] == "mapped"
    assert len(celery_outbox) == 1
    page.wait_for_selector("tr.rb-at >> text=PC-003")
    page.keyboard.press("n")
    page.wait_for_selector("#review-reason[open] >> text=PC-003")
    page.keyboard.type("Spare and kept as it is")
    page.keyboard.press("Enter")
    wait_for(lambda: states()["PC-003"] == "no_contract", "PC-003 has no contract", seconds=10)
    page.wait_for_selector("tr.rb-at >> text=PC-004")
    page.keyboard.press("s")
    page.wait_for_selector("text=1 device put off")
    assert states() == {
        "PC-001": "open",
        "PC-002": "mapped",
        "PC-003": "no_contract",
        "PC-004": "snoozed",
        "PC-005": "open",
    }
    page.click("text=Undo my last decision")
    page.wait_for_selector("text=1 device as before")
    assert states()["PC-004"] == "open"
    assert complaints == []
