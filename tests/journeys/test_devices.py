"""A device's life as people see it: with a real worker, a real schedule, and the browser."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.journeys.test_browser import sign_in
from tests.live import LiveBridge
from tests.waiting import wait_for

pytestmark = [pytest.mark.journey, pytest.mark.browser]

#: A device run starts every minute here; reading and writing take some seconds more on a slow machine.
INTERVAL_SECONDS = 60
SLACK_SECONDS = 60


def control(bridge: LiveBridge, path: str, values: dict[str, Any] | None = None) -> dict[str, Any]:
    """Let something happen to a device, or look when no values are given."""
    url = f"{bridge.sandbox_url}/control/{path}"
    answer = requests.get(url, timeout=20) if values is None else requests.post(url, json=values, timeout=20)
    assert answer.ok, f"{path}: {answer.status_code} {answer.text}"
    return dict(answer.json())


def items_of(bridge: LiveBridge, uid: str) -> list[dict[str, Any]]:
    return list(control(bridge, f"rows/ConfigurationItems?referenceNumber={uid}")["rows"])


def mapped_sites(bridge: LiveBridge) -> list[dict[str, Any]]:
    """Return two sites of different organizations that the demo has mapped."""
    found: dict[int, dict[str, Any]] = {}
    for one in bridge.manage_json("map_sites")["mappings"]:
        if one["state"] == "confirmed":
            found.setdefault(one["autotask_company_id"], one)
    return list(found.values())[:2]


def test_new_device_gets_its_item_within_one_interval_and_is_moved_in_the_browser(page):
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    with LiveBridge(ALERT_POLL_SECONDS="3600", TICKET_POLL_SECONDS="3600") as bridge:
        # The demo's first run reads hundreds of audits; the interval counts from when it is over.
        bridge.manage("sync", "devices")
        sign_in(page, bridge)
        here, there = mapped_sites(bridge)

        # An agent installs itself, and nobody does anything.
        uid = str(
            control(
                bridge,
                "devices",
                {"siteUid": here["datto_site_uid"], "hostname": "JOURNEY-1", "serial": "5CG70401XQ"},
            )["uid"]
        )
        (item,) = wait_for(
            lambda: items_of(bridge, uid),
            "the new device has its configuration item",
            seconds=INTERVAL_SECONDS + SLACK_SECONDS,
            interval=0.5,
        )
        assert item["referenceTitle"] == "JOURNEY-1"

        # The machine goes to another customer; a technician looks at it now.
        control(bridge, f"devices/{uid}/move", {"siteUid": there["datto_site_uid"]})
        page.goto(f"{bridge.url}/admin/mappings/device/?q=JOURNEY-1")
        page.get_by_role("link", name="JOURNEY-1").first.click()
        page.get_by_role("button", name="Refresh now").click()
        page.wait_for_selector("text=Succeeded", timeout=SLACK_SECONDS * 1000)
        assert [row["isActive"] for row in items_of(bridge, uid)] == [True], "nothing moves by itself"

        page.goto(f"{bridge.url}/admin/mappings/devicefinding/?kind=moved&q=JOURNEY-1")
        page.get_by_role("button", name="Move", exact=True).click()
        page.wait_for_selector("text=1 being moved")

        def moved() -> bool:
            rows = {row["isActive"]: row["companyID"] for row in items_of(bridge, uid)}
            return len(rows) == 2 and rows[True] != rows[False] == item["companyID"]

        wait_for(moved, "the item stands at the other organization", seconds=SLACK_SECONDS, interval=0.5)
        page.goto(f"{bridge.url}/admin/mappings/devicefinding/?kind=moved&q=JOURNEY-1")
        wait_for(
            lambda: page.reload() is not None and page.locator("button[name=_move]").count() == 0,
            "the drift is settled",
            seconds=SLACK_SECONDS,
            interval=0.5,
        )
        assert problems == []
