"""The control page's forms about devices."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.sandbox.served import served


@pytest.fixture(scope="module")
def sandbox():
    with served() as running:
        yield running


def send(sandbox, form, **values) -> Any:
    headers = {"Accept": "application/json"}
    return requests.post(f"{sandbox.url}/do/{form}", data=values, headers=headers, timeout=10)


def find(sandbox, name) -> Any:
    return sandbox.control(f"devices?q={name}", method="GET").json()["devices"]


def sites(sandbox) -> list[str]:
    rows = sandbox.control("sites", method="GET").json()["sites"]
    return [row["uid"] for row in rows if row["companyId"]]


def test_page_offers_the_forms(sandbox):
    page = requests.get(f"{sandbox.url}/", timeout=10).text
    for form in ("add-device-form", "change-device-form", "touch-form"):
        assert f'id="{form}"' in page


def test_a_machine_is_installed_changed_deleted_and_comes_back(sandbox):
    site, other = sites(sandbox)[:2]
    said = send(sandbox, "add-device", siteUid=site, kind="server", hostname="PAGE-1").json()
    assert said["message"] == "PAGE-1 has appeared."
    assert send(sandbox, "change-device", device="PAGE-1", action="user", value="A\\b").ok
    assert send(sandbox, "change-device", device="PAGE-1", action="hardware", value="96").ok
    assert send(sandbox, "change-device", device="PAGE-1", action="udf", value="7=Gold").ok
    assert send(sandbox, "change-device", device="PAGE-1", action="motherboard").ok
    assert send(sandbox, "change-device", device="PAGE-1", action="move", siteUid=other).ok
    (row,) = find(sandbox, "PAGE-1")
    assert (row["last_user"], row["memory_gb"], row["udf"], row["site_uid"]) == (
        "A\\b",
        96,
        {"7": "Gold"},
        other,
    )
    assert row["category"] == "Server"
    assert send(sandbox, "change-device", device="PAGE-1", action="rename", value="PAGE-2").ok
    assert send(sandbox, "change-device", device=row["uid"], action="delete").ok
    assert send(sandbox, "change-device", device=row["uid"], action="return").ok
    assert {one["deleted"] for one in find(sandbox, "PAGE-2")} == {True, False}


def test_what_is_missing_is_named(sandbox):
    send(sandbox, "add-device", siteUid=sites(sandbox)[0], hostname="PAGE-9")
    for form, values, field in (
        ("add-device", {}, "siteUid"),
        ("change-device", {"action": "rename", "value": "x"}, "device"),
        ("change-device", {"device": "PAGE-9", "action": "rename"}, "value"),
        ("change-device", {"device": "PAGE-9", "action": "move"}, "siteUid"),
        ("change-device", {"device": "PAGE-9", "action": "explode"}, "action"),
        ("change-device", {"device": "PAGE-9", "action": "hardware", "value": "lots"}, "value"),
        ("touch-devices", {"percent": "200"}, "percent"),
    ):
        answer = send(sandbox, form, **values)
        assert (answer.status_code, answer.json()["field"]) == (400, field), (form, values)


def test_touch_says_how_many(sandbox):
    assert "devices have another last user" in send(sandbox, "touch-devices", percent="10").json()["message"]
