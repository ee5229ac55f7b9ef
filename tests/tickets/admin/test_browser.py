from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from tests.tickets.admin import rows
from tickets.models import TicketDefaults
from tickets.services.defaults import ensure_rows

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def defaults_page(live_server: Any, page: Any, client: Any, admin_user: Any) -> Any:
    """The form of Disk Usage, open in a browser, with what the browser complains about in `page.complaints`."""
    ensure_rows()
    rows.make_picklists()
    client.force_login(admin_user)
    page.context.add_cookies(
        [
            {
                "name": "rmm_bridge_session",
                "value": client.cookies["rmm_bridge_session"].value,
                "url": live_server.url,
            }
        ]
    )
    page.complaints = []
    page.on(
        "console", lambda message: page.complaints.append(message.text) if message.type == "error" else None
    )
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    row = TicketDefaults.objects.get(monitor_type__slug="disk_usage")
    page.goto(live_server.url + reverse("admin:tickets_ticketdefaults_change", args=[row.pk]))
    page.wait_for_selector('#defaults-preview[aria-busy="false"]')
    return page


def test_the_preview_follows_what_is_typed(defaults_page):
    page = defaults_page
    result = page.locator("#defaults-preview [data-result]")
    assert "[Critical] Disk Usage: disk C: on NORTH-SRV01" in result.inner_text()
    # Sections that set nothing are closed.
    page.locator("details:has(#id_title_template) > summary").click()
    page.fill("#id_title_template", "{{ device.hostname | lower }} needs you")
    result.get_by_text("north-srv01 needs you").wait_for()
    page.fill("#id_title_template", "{{ device.hostnam }}")
    result.get_by_text("Did you mean device.hostname?").wait_for()
    page.select_option("#id_queue", label="Level I Support")
    result.get_by_text("Level I Support").wait_for()
    assert page.complaints == []


def test_sub_issue_types_follow_the_issue_type(defaults_page):
    page = defaults_page

    def offered() -> list[str]:
        names: list[str] = page.eval_on_selector_all(
            "#id_sub_issue_type option",
            "all => all.filter(o => !o.hidden && o.value).map(o => o.textContent.trim())",
        )
        return names

    assert offered() == []
    page.select_option("#id_issue_type", label="Hardware")
    assert offered() == ["Disk", "Memory"]
    page.select_option("#id_sub_issue_type", label="Disk")
    page.select_option("#id_issue_type", label="Network")
    assert offered() == ["Router"]
    assert page.input_value("#id_sub_issue_type") == ""
    assert page.complaints == []
