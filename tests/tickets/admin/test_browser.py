from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.tickets.admin import rows
from tickets.models import Alert, Monitor, MonitorType, TicketDefaults, TicketRule
from tickets.services.defaults import ensure_rows

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def signed_page(live_server: Any, page: Any, client: Any, admin_user: Any) -> Any:
    """A browser of the administrator, with what it complains about in `page.complaints`."""
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
    return page


@pytest.fixture
def defaults_page(live_server: Any, signed_page: Any) -> Any:
    """The form of Disk Usage, open in a browser."""
    page = signed_page
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


def test_a_setting_is_edited_in_the_table_of_its_monitor(live_server: Any, signed_page: Any) -> None:
    rows.make_alerts(6)
    disks = MonitorType.objects.get(slug="disk_usage")
    now = timezone.now()
    monitor = Monitor.objects.create(
        monitor_type=disks, label="Disk C full", first_seen_at=now, last_seen_at=now
    )
    Alert.objects.update(monitor=monitor, monitor_type=disks)
    page = signed_page
    page.goto(live_server.url + reverse("admin:tickets_monitor_change", args=[monitor.pk]))
    row = page.locator("tr[data-setting=issue_type]")
    row.get_by_text("Edit").click()
    form = page.locator("[data-override-form]")
    # What belongs together is edited together, and sub-issues follow the issue here, too.
    form.locator("#id_issue_type").select_option(label="Hardware")
    form.locator("#id_sub_issue_type").select_option(label="Disk")
    form.get_by_text("In the last 30 days").wait_for()
    page.keyboard.press("Escape")
    assert form.count() == 0
    assert not TicketRule.objects.exists()
    page.locator("tr[data-setting=hold_off_minutes]").get_by_text("Edit").click()
    form.locator("#id_hold_off_minutes").fill("20")
    form.get_by_text("Save for this monitor").click()
    page.locator("tr[data-setting=hold_off_minutes]", has_text="rule Monitor Disk C full").wait_for()
    assert TicketRule.objects.get().hold_off_minutes == 20
    page.locator("tr[data-setting=hold_off_minutes]").get_by_text("Edit").click()
    form.get_by_text("Reset: inherit again").click()
    page.locator("tr[data-setting=hold_off_minutes]", has_text="built-in").wait_for()
    assert not TicketRule.objects.exists()
    assert page.complaints == []
