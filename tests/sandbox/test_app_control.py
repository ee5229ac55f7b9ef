"""The control page, the machine control API and the kept state."""

import json
import time

import pytest
import requests

from integration.sandbox.control import Sandbox, SandboxOptions
from tests.sandbox.served import served


@pytest.fixture
def sandbox():
    with served() as running:
        yield running


def _some_ticket(sandbox):
    return sandbox.control("tickets?limit=1", method="GET").json()["tickets"][0]["id"]


def test_page_shows_both_sides_and_allows_own_sources_only(sandbox):
    answer = requests.get(f"{sandbox.url}/", timeout=10)
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'")
    for text in (
        "This is a sandbox.",
        "Datto RMM holds",
        "Autotask holds",
        'id="raise-alert-form"',
        "data-ticket-id=",
    ):
        assert text in answer.text
    assert "<script>" not in answer.text
    assert " style=" not in answer.text
    assert " onclick=" not in answer.text


def test_form_raises_and_resolves_like_the_api(sandbox):
    device = sandbox.control("devices?limit=1", method="GET").json()["devices"][0]
    form = {
        "device": f"{device['hostname']} ({device['siteName']})",
        "contextClass": "ping_ctx",
        "priority": "Low",
    }
    headers = {"Accept": "application/json"}
    said = requests.post(f"{sandbox.url}/do/raise", data=form, headers=headers, timeout=10).json()
    assert "raised" in said["message"]
    newest = sandbox.control("alerts?limit=1", method="GET").json()["alerts"][0]
    assert (newest["contextClass"], newest["priority"]) == ("ping_ctx", "Low")
    page = requests.get(f"{sandbox.url}/alerts/{newest['alertUid']}", timeout=10)
    assert newest["alertUid"] in page.text
    form = {"alertUid": newest["alertUid"]}
    back = requests.post(f"{sandbox.url}/do/resolve", data=form, timeout=10, allow_redirects=False)
    assert (back.status_code, back.headers["Location"]) == (303, "/?message=Alert+resolved.")


def test_form_error_names_the_field(sandbox):
    headers = {"Accept": "application/json"}
    answer = requests.post(f"{sandbox.url}/do/raise", data={"device": "nope"}, headers=headers, timeout=10)
    assert (answer.status_code, answer.json()["field"]) == (404, "device")


def test_form_does_not_redirect_to_another_host(sandbox):
    for target in ("//evil.example/", "https://evil.example/", "/\\evil.example"):
        answer = requests.post(
            f"{sandbox.url}/do/faults-off", data={"back": target}, timeout=10, allow_redirects=False
        )
        assert answer.headers["Location"].startswith("/?")


def test_change_from_another_web_page_is_refused(sandbox):
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert requests.post(f"{sandbox.url}/do/faults-off", headers=headers, timeout=10).status_code == 403
    assert requests.post(f"{sandbox.url}/control/reset", headers=headers, timeout=10).status_code == 403


def test_feed_filters_both_lists(sandbox):
    feed = requests.get(f"{sandbox.url}/feed?aq=no-such-device&tq=VPN", timeout=10).json()
    assert feed["counts"]["alerts"] == 0
    assert "No open alert fits" in feed["html"]["alerts"]
    assert 0 < feed["counts"]["tickets"] < 60


def test_page_text_is_escaped(sandbox):
    device = sandbox.control("devices?limit=1", method="GET").json()["devices"][0]
    sandbox.control("alerts", {"deviceUid": device["uid"], "message": "<script>alert(1)</script>"})
    assert "<script>alert" not in requests.get(f"{sandbox.url}/", timeout=10).text


def test_ticket_is_completed_reopened_noted_assigned_and_deleted(sandbox):
    number = _some_ticket(sandbox)
    sandbox.control(f"tickets/{number}/complete", {"resolution": "Done"})
    assert sandbox.control(f"tickets/{number}", method="GET").json()["statusLabel"] == "Complete"
    sandbox.control(f"tickets/{number}/reopen")
    assert sandbox.control(f"tickets/{number}", method="GET").json()["isComplete"] is False
    assert sandbox.control(f"tickets/{number}/note", {"text": " "}).json()["field"] == "text"
    assert sandbox.control(f"tickets/{number}/note", {"text": "Called the user"}).status_code == 200
    assert sandbox.control(f"tickets/{number}/assign", {"assignTo": 29682886}).status_code == 200
    ticket = sandbox.control(f"tickets/{number}", method="GET").json()
    assert ticket["notes"][-1]["description"] == "Called the user"
    assert ticket["assignedResourceID"] == 29682886
    assert requests.get(f"{sandbox.url}/tickets/{number}", timeout=10).status_code == 200
    assert sandbox.control(f"tickets/{number}/delete").status_code == 200
    assert sandbox.control(f"tickets/{number}", method="GET").status_code == 404
    assert requests.get(f"{sandbox.url}/tickets/{number}", timeout=10).status_code == 404


def test_storm_raises_its_alerts_at_one_site(sandbox):
    site = max(sandbox.control("sites", method="GET").json()["sites"], key=lambda row: row["devices"])
    before = sandbox.control("state", method="GET").json()["datto_rmm"]["openAlerts"]
    sandbox.control("storm", {"count": 30, "seconds": 0.1, "siteUids": [site["uid"]]})
    deadline = time.monotonic() + 5
    while sandbox.control("state", method="GET").json()["storms"] and time.monotonic() < deadline:
        time.sleep(0.02)
    alerts = sandbox.control("alerts?limit=30", method="GET").json()
    assert alerts["total"] == before + 30
    assert {row["siteUid"] for row in alerts["alerts"]} == {site["uid"]}
    assert sandbox.control("storm", {"count": 0}).json()["field"] == "count"


def test_device_can_be_renamed_and_moved_behind_the_products_back(sandbox):
    device = sandbox.control("devices?limit=1", method="GET").json()["devices"][0]
    other = next(
        s for s in sandbox.control("sites", method="GET").json()["sites"] if s["uid"] != device["site_uid"]
    )
    answer = sandbox.control(f"devices/{device['uid']}", {"hostname": "NEWNAME", "siteUid": other["uid"]})
    assert answer.status_code == 200
    seen = sandbox.get(f"/api/v2/device/{device['uid']}")
    assert (seen["hostname"], seen["siteUid"]) == ("NEWNAME", other["uid"])
    assert sandbox.control(f"devices/{device['uid']}", {"colour": "red"}).json()["field"] == "colour"


def test_settings_reach_both_vendors_and_refuse_unknown_switches(sandbox):
    changed = sandbox.control(
        "settings", {"datto_rmm": {"dates": "iso"}, "autotask": {"hourly_limit": 50}}
    ).json()
    assert (changed["datto_rmm"]["dates"], changed["autotask"]["hourly_limit"]) == ("iso", 50)
    assert sandbox.control("settings", {"autotask": {"nope": 1}}).json()["field"] == "nope"
    assert sandbox.control("settings", {"datto_rmm": {"dates": "roman"}}).json()["field"] == "dates"


def test_callout_is_replaced_and_removed(sandbox):
    for _turn in range(2):
        sandbox.control("callout", {"url": "http://127.0.0.1:9/x", "password": "p"})
    rows = sandbox.control("callout", method="GET").json()["callouts"]
    assert len(rows) == 1
    assert "password" not in rows[0]
    sandbox.control("callout", {"url": ""})
    assert sandbox.control("callout", method="GET").json()["callouts"] == []


def test_reset_brings_the_fresh_world_back(sandbox):
    before = sandbox.control("state", method="GET").json()
    sandbox.control("storm", {"count": 5, "seconds": 0})
    sandbox.control(f"tickets/{_some_ticket(sandbox)}/delete")
    sandbox.control("faults", {"kind": "500"})
    sandbox.control("settings", {"datto_rmm": {"dates": "iso"}})
    after = sandbox.control("reset").json()
    assert {name: after[name] for name in ("datto_rmm", "autotask")} == {
        name: before[name] for name in ("datto_rmm", "autotask")
    }
    assert after["faults"] == []
    assert sandbox.sandbox.datto.settings.dates == "ms"
    assert sandbox.control("reset", {"profile": "XXL"}).json()["field"] == "profile"


def test_state_survives_a_restart(tmp_path):
    path = tmp_path / "sandbox.json"
    with served(state_file=path) as first:
        device = first.control("devices?limit=1", method="GET").json()["devices"][0]
        uid = first.control("alerts", {"deviceUid": device["uid"], "message": "keep me"}).json()["alertUid"]
        first.call("POST", f"/api/v2/device/{device['uid']}/udf", json={"udf9": "kept"})
        site = first.call("PUT", "/api/v2/site", json={"name": "Kept site"}).json()["uid"]
        number = _some_ticket(first)
        first.control(f"tickets/{number}/note", {"text": "kept note"})
        token = first.session.headers["Authorization"]
    assert path.stat().st_mode & 0o077 == 0
    with served(state_file=path) as second:
        second.session.headers["Authorization"] = token
        assert second.get(f"/api/v2/alert/{uid}")["resolved"] is False
        assert second.get(f"/api/v2/device/{device['uid']}")["udf"]["udf9"] == "kept"
        assert second.get(f"/api/v2/site/{site}")["name"] == "Kept site"
        notes = second.control(f"tickets/{number}", method="GET").json()["notes"]
        assert notes[-1]["description"] == "kept note"


def test_state_is_written_a_moment_after_a_change(tmp_path):
    path = tmp_path / "sandbox.json"
    sandbox = Sandbox(SandboxOptions(state_file=path))
    sandbox.state._quiet = 0.01
    sandbox.start()
    try:
        device = next(iter(sandbox.datto.devices))
        uid = sandbox.datto.raise_alert(device_uid=device).uid
        deadline = time.monotonic() + 5
        while not path.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert [row["uid"] for row in json.loads(path.read_text())["datto"]["alerts"]] == [uid]
    finally:
        sandbox.close()


@pytest.mark.parametrize("kept", ["not json", '{"format": 99}', '{"format": 1, "profile": "M", "seed": 1}'])
def test_foreign_state_is_left_aside(tmp_path, kept):
    path = tmp_path / "sandbox.json"
    path.write_text(kept)
    with served(state_file=path) as running:
        assert running.get("/api/v2/account/sites")["pageDetails"]["totalCount"] == 28
