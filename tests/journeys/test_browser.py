"""The main job as a person does it: in the browser, with real workers."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.live import LiveBridge
from tests.waiting import wait_for

pytestmark = [pytest.mark.journey, pytest.mark.browser]


def sign_in(page: Any, bridge: LiveBridge) -> None:
    page.goto(f"{bridge.url}/admin/")
    page.fill("#id_username", "admin")
    page.fill("#id_password", bridge.password)
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Needs attention")


def undecided_site(bridge: LiveBridge) -> dict[str, Any]:
    """Return a site with a proposal that waits for a person, and its proposed organization."""
    mappings = bridge.manage_json("map_sites")["mappings"]
    return dict(next(one for one in mappings if one["state"] == "proposed"))


def test_person_maps_a_site_and_sees_an_alert_become_a_ticket_and_close_itself(page):
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    with LiveBridge(ALERT_POLL_SECONDS="3600", TICKET_POLL_SECONDS="3600") as bridge:
        sign_in(page, bridge)
        site = undecided_site(bridge)

        # Map the site: filter, tick its row, accept.
        page.goto(f"{bridge.url}/admin/mappings/sitemapping/?state=proposed")
        row = page.locator("tr", has=page.get_by_role("link", name=site["site"], exact=True))
        row.locator("input.action-select").check()
        page.select_option("select[name=action]", "accept_selected")
        page.get_by_role("button", name="Run", exact=True).click()
        wait_for(
            lambda: (
                next(
                    one
                    for one in bridge.manage_json("map_sites")["mappings"]
                    if one["datto_site_uid"] == site["datto_site_uid"]
                )["state"]
                == "confirmed"
            ),
            "the site is confirmed",
        )

        # Raise an alert on the sandbox's own page.
        devices = requests.get(
            f"{bridge.sandbox_url}/control/devices", params={"siteUid": site["datto_site_uid"]}, timeout=10
        )
        host = next(
            one["hostname"] for one in devices.json()["devices"] if one["hostname"] and not one["deleted"]
        )
        page.goto(bridge.sandbox_url)
        page.select_option("#raise-site", site["datto_site_uid"])
        page.fill("#raise-device", host)
        page.get_by_role("button", name="Raise alert").click()
        page.wait_for_selector("#raise-result:not(:empty)")
        uid = wait_for(lambda: _newest_alert(bridge), "the sandbox holds the new alert")

        # See its ticket in the product.
        number = wait_for(
            lambda: _ticket_number(bridge, uid), "the alert has its ticket", seconds=60, interval=0.5
        )
        page.goto(f"{bridge.url}/admin/tickets/alert/?q={uid}")
        page.wait_for_selector(f"text={number}")
        page.locator('#result_list tbody a[href*="/admin/tickets/alert/"]').first.click()
        page.wait_for_selector("text=Why this ticket")
        assert page.locator(f"text={number}").count()

        # Complete it in the sandbox as a technician; the alert is resolved.
        page.goto(bridge.sandbox_url)
        ticket = page.locator(f"[data-external-id='rmm-alert:{uid}']")
        ticket.get_by_role("button", name="Complete").click()
        wait_for(
            lambda: requests.get(f"{bridge.sandbox_url}/control/alerts/{uid}", timeout=10).json()["resolved"],
            "completing the ticket resolves the alert",
            seconds=60,
        )
        wait_for(
            lambda: (bridge.alert_state(uid) or ("", False))[1],
            "the product knows",
            seconds=30,
            interval=0.5,
        )
        page.goto(f"{bridge.url}/admin/tickets/alert/?q={uid}")
        page.wait_for_selector(f"text={number}")
        assert problems == []


def _newest_alert(bridge: LiveBridge) -> str:
    alerts = requests.get(f"{bridge.sandbox_url}/control/alerts", params={"limit": 1}, timeout=10).json()[
        "alerts"
    ]
    return str(alerts[0].get("alertUid") or alerts[0].get("uid")) if alerts else ""


def _ticket_number(bridge: LiveBridge, uid: str) -> str:
    if (bridge.alert_state(uid) or ("", False))[0] != "ticketed":
        return ""
    return str(bridge.manage_json("explain", uid)["ticket"]["number"])
