"""Devices that come, go and change, by the control API, as the vendor's API then shows them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.sandbox.served import served


@pytest.fixture(scope="module")
def sandbox():
    with served(limits=False) as running:
        yield running


def done(sandbox, path, values=None, *, status=200) -> Any:
    answer = sandbox.control(path, values or {})
    assert answer.status_code == status, answer.text
    return answer.json()


def some(sandbox, *, kind="device") -> Any:
    """Return a living device that no other test has."""
    sites = sandbox.control("sites", method="GET").json()["sites"]
    site = next(row["uid"] for row in sites if row["companyId"])
    names = {"device": "workstation", "rmmnetworkdevice": "switch", "printer": "printer", "esxihost": "esxi"}
    return done(sandbox, "devices", {"siteUid": site, "kind": names[kind]}, status=201)


def shown(sandbox, uid) -> Any:
    return sandbox.get(f"/api/v2/device/{uid}")


def every(sandbox) -> dict[str, Any]:
    found: dict[str, Any] = {}
    page = 0
    while True:
        answer = sandbox.get("/api/v2/account/devices", page=page, max=250)
        found |= {row["uid"]: row for row in answer["devices"]}
        if answer["pageDetails"]["nextPageUrl"] is None:
            return found
        page += 1


def other_site(sandbox, device) -> Any:
    sites = sandbox.control("sites", method="GET").json()["sites"]
    return next(row["uid"] for row in sites if row["companyId"] and row["uid"] != device["site_uid"])


def test_a_new_agent_is_in_every_list_with_its_audit(sandbox):
    before = datetime.now(tz=UTC).timestamp() * 1000 - 1
    device = some(sandbox)
    assert device["uid"] in every(sandbox)
    row = shown(sandbox, device["uid"])
    assert row["creationDate"] > before
    assert row["lastAuditDate"] > before
    assert row["siteUid"] == device["site_uid"]
    audit = sandbox.get(f"/api/v2/audit/device/{device['uid']}")
    assert audit["bios"]["serialNumber"] == device["serial"]
    mac = device["macs"][0]
    assert [one["uid"] for one in sandbox.get(f"/api/v2/device/macAddress/{mac}")] == [device["uid"]]
    interfaces = sandbox.get(f"/api/v2/site/{device['site_uid']}/devices/network-interface", max=250)
    assert device["uid"] in {one["uid"] for one in interfaces["devices"]}


@pytest.mark.parametrize(
    ("kind", "path", "serial"),
    [
        ("esxihost", "esxihost", ("systemInfo", "serviceTag")),
        ("printer", "printer", ("snmpInfo", "snmpSerial")),
    ],
)
def test_each_class_has_its_own_audit_and_400_elsewhere(sandbox, kind, path, serial):
    device = some(sandbox, kind=kind)
    audit = sandbox.get(f"/api/v2/audit/{path}/{device['uid']}")
    assert audit[serial[0]][serial[1]] == device["serial"]
    for wrong in {"device", "esxihost", "printer"} - {path}:
        assert sandbox.call("GET", f"/api/v2/audit/{wrong}/{device['uid']}").status_code == 400
    network = some(sandbox, kind="rmmnetworkdevice")
    for wrong in ("device", "esxihost", "printer"):
        assert sandbox.call("GET", f"/api/v2/audit/{wrong}/{network['uid']}").status_code == 400


def test_deleted_device_moves_to_the_system_site_and_comes_back_as_a_new_one(sandbox):
    device = some(sandbox)
    uid = device["uid"]
    done(sandbox, f"devices/{uid}/delete")
    row = shown(sandbox, uid)
    assert (row["deleted"], row["siteName"], row["online"]) == (True, "Deleted Devices", False)
    fresh = done(sandbox, f"devices/{uid}/return")
    assert fresh["uid"] != uid
    assert fresh["id"] != device["id"]
    same = ("serial", "macs", "hostname", "site_uid", "model")
    assert {name: fresh[name] for name in same} == {name: device[name] for name in same}
    assert shown(sandbox, fresh["uid"])["deleted"] is False
    assert shown(sandbox, uid)["deleted"] is True


def test_purged_device_is_gone_everywhere_and_its_past_is_kept(sandbox):
    row = next(
        row
        for row in sandbox.get("/api/v2/account/alerts/resolved", max=250)["alerts"]
        if row["alertSourceInfo"]["deviceUid"]
    )
    uid, alert = row["alertSourceInfo"]["deviceUid"], row["alertUid"]
    device = sandbox.control(f"devices/{uid}", method="GET").json()
    raised = done(sandbox, "alerts", {"deviceUid": uid}, status=201)["alertUid"]
    done(sandbox, f"devices/{uid}/purge")
    assert sandbox.call("GET", f"/api/v2/device/{uid}").status_code == 404
    assert sandbox.call("GET", f"/api/v2/device/id/{device['id']}").status_code == 404
    assert uid not in every(sandbox)
    assert sandbox.control(f"devices/{uid}/purge", {}).status_code == 404
    assert sandbox.get(f"/api/v2/alert/{raised}")["resolved"] is True
    assert sandbox.get(f"/api/v2/alert/{alert}")["alertSourceInfo"]["deviceUid"] == uid
    fresh = done(sandbox, f"devices/{uid}/return", {"siteUid": other_site(sandbox, device)})
    assert (fresh["serial"], fresh["hostname"]) == (device["serial"], device["hostname"])
    assert sandbox.control(f"devices/{uid}x/return", {}).status_code == 404


@pytest.mark.parametrize("old", ["offline", "delete", "purge"])
def test_rebuilt_machine_has_another_uid(sandbox, old):
    device = some(sandbox)
    fresh = done(sandbox, f"devices/{device['uid']}/rebuild", {"old": old, "operatingSystem": "New OS"})
    assert (fresh["serial"], fresh["hostname"]) == (device["serial"], device["hostname"])
    assert fresh["operating_system"] == "New OS"
    answer = sandbox.call("GET", f"/api/v2/device/{device['uid']}")
    if old == "purge":
        assert answer.status_code == 404
    else:
        assert (answer.json()["online"], answer.json()["deleted"]) == (False, old == "delete")
    assert sandbox.control(f"devices/{fresh['uid']}/rebuild", {"old": "burn"}).json()["field"] == "old"


@pytest.mark.parametrize(
    ("action", "values", "moves"),
    [
        ("rename", {"hostname": "OTHER-1"}, True),
        ("hardware", {}, True),
        ("hardware", {"diskGb": 2000, "model": "X9"}, True),
        ("motherboard", {"serial": "NEW-1"}, True),
        ("audit", {}, True),
        ("user", {"lastUser": "ACME\\ann"}, False),
        ("retype", {"category": "Server", "type": "Server"}, False),
        ("udf", {"udf": {"2": "A-1"}}, False),
        ("offline", {}, False),
        ("online", {}, False),
    ],
)
def test_last_audit_moves_with_an_audit_only(sandbox, action, values, moves):
    device = some(sandbox)
    before = shown(sandbox, device["uid"])["lastAuditDate"]
    done(sandbox, f"devices/{device['uid']}/{action}", values)
    assert (shown(sandbox, device["uid"])["lastAuditDate"] > before) is moves


def test_changes_are_seen_on_the_device_and_in_the_audit(sandbox):
    device = some(sandbox)
    uid = device["uid"]
    done(sandbox, f"devices/{uid}/hardware", {"memoryGb": 64, "diskGb": 2000, "manufacturer": "Maker"})
    audit = sandbox.get(f"/api/v2/audit/device/{uid}")
    assert audit["systemInfo"]["totalPhysicalMemory"] == 64 * 1024**3
    assert audit["logicalDisks"][0]["size"] == 2000 * 1024**3
    assert audit["systemInfo"]["manufacturer"] == "Maker"
    done(sandbox, f"devices/{uid}/motherboard", {"serial": "MB-7"})
    fresh = sandbox.get(f"/api/v2/audit/device/{uid}")
    assert fresh["bios"]["serialNumber"] == "MB-7"
    assert fresh["nics"][0]["macAddress"] != audit["nics"][0]["macAddress"]
    assert sandbox.call("GET", f"/api/v2/device/macAddress/{device['macs'][0]}").status_code == 404
    site = other_site(sandbox, device)
    done(sandbox, f"devices/{uid}/move", {"siteUid": site})
    done(sandbox, f"devices/{uid}/retype", {"category": "Server"})
    row = shown(sandbox, uid)
    assert (row["siteUid"], row["deviceType"]["category"], row["uid"]) == (site, "Server", uid)


def test_wrong_values_name_their_field(sandbox):
    device = some(sandbox)
    uid = device["uid"]
    for path, values, field in (
        (f"devices/{uid}", {"colour": "red"}, "colour"),
        (f"devices/{uid}", {"memoryGb": "much"}, "memoryGb"),
        (f"devices/{uid}", {"macs": ["xyz"]}, "macs"),
        (f"devices/{uid}", {"udf": {"301": "x"}}, "udf"),
        (f"devices/{uid}/rename", {}, "hostname"),
        ("devices", {"kind": "server"}, "siteUid"),
        ("devices", {"kind": "toaster", "siteUid": device["site_uid"]}, "kind"),
        ("devices/touch", {"percent": 101}, "percent"),
        ("udfs", {"number": 301, "label": "x"}, "number"),
        ("udfs", {"number": 3, "label": "x", "type": "COLOUR"}, "type"),
    ):
        answer = sandbox.control(path, values)
        assert (answer.status_code, answer.json()["field"]) == (400, field), path
    assert sandbox.control(f"devices/{uid}/explode", {}).status_code == 404
    assert sandbox.control("devices", {"siteUid": "deleteddevices"}).status_code == 404


def test_touch_changes_a_share_and_says_which(sandbox):
    before = every(sandbox)
    touched = done(sandbox, "devices/touch", {"percent": 5, "seed": 3})
    audited = sum(row["deviceClass"] == "device" and not row["deleted"] for row in before.values())
    assert touched["touched"] == len(touched["deviceUids"]) == round(audited * 0.05)
    after = every(sandbox)
    moved = {uid for uid in after if after[uid]["lastAuditDate"] != before[uid]["lastAuditDate"]}
    assert moved == set(touched["deviceUids"])
    assert all(after[uid]["lastLoggedInUser"] != before[uid]["lastLoggedInUser"] for uid in moved)
    quiet = done(sandbox, "devices/touch", {"percent": 5, "audit": False})["deviceUids"]
    again = every(sandbox)
    assert all(again[uid]["lastAuditDate"] == after[uid]["lastAuditDate"] for uid in quiet)


def test_typed_fields_of_v3(sandbox):
    uid = some(sandbox)["uid"]
    sandbox.control("udfs", {"number": 20, "label": "Floor", "type": "NUMBER"})
    sandbox.control("udfs", {"number": 21, "label": "Lease ends", "type": "DATE"})
    sandbox.control("udfs", {"number": 22, "label": "On loan", "type": "BOOLEAN"})
    path = f"/api/v3/device/{uid}/udf"

    def write(*items) -> Any:
        return sandbox.call("POST", path, json={"udfs": list(items)}).status_code

    assert (
        write(
            {"ordinal": 20, "valueNumber": 4},
            {"ordinal": 21, "valueDate": "2027-01-31"},
            {"ordinal": 22, "valueBoolean": True},
        )
        == 200
    )
    assert write({"ordinal": 20, "valueString": "four"}) == 400
    assert write({"ordinal": 21, "valueDate": "31.01.2027"}) == 400
    assert write({"ordinal": 20, "valueNumber": 1, "valueString": "1"}) == 400
    assert shown(sandbox, uid)["udf"]["udf20"] == "4"
    assert sandbox.call("POST", f"/api/v2/device/{uid}/udf", json={"udf22": "perhaps"}).status_code == 200
    items = {row["ordinal"]: row for row in sandbox.get(f"/api/v3/device/{uid}")["udfs"]}
    assert items[20] == {"ordinal": 20, "type": "NUMBER", "valueNumber": 4, "label": "Floor"}
    assert items[21]["valueDate"] == "2027-01-31"
    assert (items[22]["valueString"], items[22]["typeMisMatch"]) == ("perhaps", True)
    assert write({"ordinal": 20}) == 200
    assert 20 not in {row["ordinal"] for row in sandbox.get(f"/api/v3/device/{uid}")["udfs"]}


def test_writes_of_the_api_are_counted_and_those_of_people_are_not(sandbox):
    device = some(sandbox)
    sandbox.control("writes", method="DELETE")
    done(sandbox, f"devices/{device['uid']}/rename", {"hostname": "N"})
    sandbox.get("/api/v2/account/devices")
    assert sandbox.control("writes", method="GET").json() == {"autotask": {}, "datto_rmm": {}}
    sandbox.call("POST", f"/api/v2/device/{device['uid']}/udf", json={"udf1": "x"})
    sandbox.call("POST", f"/api/v2/device/{device['uid']}/udf", json={"udf999": "x"})
    assert sandbox.control("writes", method="GET").json()["datto_rmm"] == {
        "device-udf-set": {device["uid"]: 1}
    }


def test_lifecycle_survives_a_restart(tmp_path):
    kept = tmp_path / "state.json"
    with served(state_file=kept) as first:
        stays, goes = some(first), some(first)
        done(first, f"devices/{stays['uid']}/delete")
        done(first, f"devices/{goes['uid']}/purge")
        seeded = next(uid for uid, row in every(first).items() if uid not in {stays["uid"], goes["uid"]})
        done(first, f"devices/{seeded}/purge")
        first.control("udfs", {"number": 30, "label": "Kept"})
    with served(state_file=kept) as second:
        assert shown(second, stays["uid"])["deleted"] is True
        assert second.call("GET", f"/api/v2/device/{goes['uid']}").status_code == 404
        assert second.call("GET", f"/api/v2/device/{seeded}").status_code == 404
        assert done(second, f"devices/{seeded}/return", {"siteUid": stays["site_uid"]})["uid"] != seeded
        labels = second.control("udfs", method="GET").json()["udfs"]
        assert {"number": 30, "label": "Kept", "type": "STRING"} in labels


def test_limits_can_be_lifted():
    with served(limits=False) as running:
        running.sandbox.datto.settings.change("read_limit", 1)
        assert [running.call("GET", "/api/v2/account").status_code for _ in range(4)] == [200] * 4
        running.control("reset", {})
        settings = running.control("settings", {}).json()
        assert settings["datto_rmm"]["enforce_limits"] is False
        assert settings["autotask"]["hourly_limit"] > 1_000_000
