"""The rules of Datto RMM's API, over real HTTP against the sandbox."""

import time

import pytest
import requests

from tests.sandbox.served import Served, served


@pytest.fixture
def datto():
    with served() as running:
        yield running


def _token(datto: Served, **changes) -> requests.Response:
    login = datto.sandbox.options.credentials
    data = {"grant_type": "password", "username": login.datto_api_key, "password": login.datto_api_secret}
    auth = changes.pop("auth", ("public-client", "public"))
    return requests.post(f"{datto.url}/auth/oauth/token", auth=auth, data={**data, **changes}, timeout=10)


def _device(datto: Served, device_class: str = "device"):
    devices = datto.sandbox.datto.devices.values()
    return next(d for d in devices if d.device_class == device_class and not d.deleted and d.macs)


def test_login_gives_a_bearer_token_for_100_hours(datto):
    answer = _token(datto).json()
    assert answer["token_type"] == "bearer"
    assert answer["expires_in"] == 360_000


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"password": "wrong"}, 400, "invalid_grant"),
        ({"username": "wrong"}, 400, "invalid_grant"),
        ({"password": "line break\n"}, 401, "unauthorized"),
        ({"auth": ("public-client", "private")}, 401, "invalid_client"),
        ({"grant_type": "client_credentials"}, 400, "unsupported_grant_type"),
    ],
)
def test_login_is_refused(datto, changes, status, error):
    answer = _token(datto, **changes)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_call_without_token_is_401_in_the_vendors_shape(datto):
    answer = requests.get(f"{datto.url}/api/v2/account", timeout=10)
    assert answer.status_code == 401
    assert set(answer.json()) == {"timestamp", "status", "error", "path"}


def test_token_expires(datto):
    datto.sandbox.datto.settings.change("token_lifetime_seconds", 0)
    token = _token(datto).json()["access_token"]
    answer = requests.get(
        f"{datto.url}/api/v2/account", headers={"Authorization": f"Bearer {token}"}, timeout=10
    )
    assert answer.status_code == 401


def test_status_needs_no_token(datto):
    assert requests.get(f"{datto.url}/api/v2/system/status", timeout=10).status_code == 200


def test_pages_count_from_zero_cap_at_250_and_lose_filters(datto):
    first = datto.get("/api/v2/account/devices", max=9000, hostname="-")
    assert len(first["devices"]) == first["pageDetails"]["count"] == 250
    following = first["pageDetails"]["nextPageUrl"]
    assert following.startswith(datto.url)
    assert "page=1" in following
    assert "hostname" not in following
    second = datto.get("/api/v2/account/devices", page=1, hostname="-")
    assert {d["uid"] for d in first["devices"]}.isdisjoint(d["uid"] for d in second["devices"])


def test_last_page_has_no_next(datto):
    details = datto.get("/api/v2/account/sites")["pageDetails"]
    assert details["nextPageUrl"] is None
    assert details["totalCount"] == details["count"] == 28


@pytest.mark.parametrize(("switch", "expected"), [("int", 150), ("null", None), ("absent", "missing")])
def test_total_count_can_be_switched(datto, switch, expected):
    datto.sandbox.datto.settings.change("total_count", switch)
    details = datto.get("/api/v2/account/alerts/open", max=1)["pageDetails"]
    assert details.get("totalCount", "missing") == expected


def test_bad_page_is_400(datto):
    assert datto.call("GET", "/api/v2/account/sites?page=first").status_code == 400


def test_dates_are_milliseconds_or_iso(datto):
    device = _device(datto)
    assert isinstance(datto.get(f"/api/v2/device/{device.uid}")["lastSeen"], int)
    datto.sandbox.datto.settings.change("dates", "iso")
    assert datto.get(f"/api/v2/device/{device.uid}")["lastSeen"].endswith("Z")


def test_device_carries_udf_on_v2_and_udfs_on_v3(datto):
    device = _device(datto)
    path = f"/device/{device.uid}/udf"
    written = datto.call("POST", f"/api/v2{path}", json={"udf30": "Bürostuhl", "udf300": "x"})
    assert (written.status_code, written.content) == (200, b"")
    assert datto.call("POST", f"/api/v2{path}", json={"udf300": ""}).status_code == 200
    udf = datto.get(f"/api/v2/device/{device.uid}")["udf"]
    assert len(udf) == 300
    assert (udf["udf30"], udf["udf300"]) == ("Bürostuhl", None)
    items = {item["ordinal"]: item for item in datto.get(f"/api/v3/device/{device.uid}")["udfs"]}
    assert items[30]["valueString"] == "Bürostuhl"
    datto.sandbox.datto.settings.change("udf_on_v2", False)
    assert "udf" not in datto.get(f"/api/v2/device/{device.uid}")


def test_v3_udf_write_refuses_wrong_types_and_clears_on_null(datto):
    device = _device(datto)
    path = f"/api/v3/device/{device.uid}/udf"
    assert datto.call("POST", path, json={"udfs": [{"ordinal": 5, "valueNumber": "x"}]}).status_code == 400
    assert datto.call("POST", path, json={"udfs": [{"ordinal": 5, "valueString": "x"}]}).status_code == 200
    assert datto.call("POST", path, json={"udfs": [{"ordinal": 5, "valueString": None}]}).status_code == 200
    assert 5 not in device.udf


@pytest.mark.parametrize(
    "bad", [{"udf301": "x"}, {"udf0": "x"}, {"other": "x"}, {"udf1": 5}, {}, {"udf1": "x" * 256}]
)
def test_v2_udf_write_refuses(datto, bad):
    assert datto.call("POST", f"/api/v2/device/{_device(datto).uid}/udf", json=bad).status_code == 400


@pytest.mark.parametrize("device_class", ["device", "printer", "esxihost", "rmmnetworkdevice"])
def test_audit_of_the_wrong_class_is_400(datto, device_class):
    device = _device(datto, device_class)
    for kind in ("device", "printer", "esxihost"):
        expected = 200 if kind == device_class else 400
        assert datto.call("GET", f"/api/v2/audit/{kind}/{device.uid}").status_code == expected


def test_serial_stands_in_the_audit_only(datto):
    device = next(d for d in datto.sandbox.datto.devices.values() if d.category == "Laptop" and d.serial)
    assert device.serial not in datto.call("GET", f"/api/v2/device/{device.uid}").text
    audit = datto.get(f"/api/v2/audit/device/{device.uid}")
    assert audit["bios"]["serialNumber"] == device.serial
    assert "freespace" in audit["logicalDisks"][0]


def test_mac_address_answers_an_array_with_every_device_that_has_it(datto):
    dock = next(
        row
        for row in datto.control("cases", method="GET").json()["dock_mac"]
        if row["mac"].startswith("00E04C")
    )
    found = datto.get(f"/api/v2/device/macAddress/{dock['mac']}")
    assert {d["uid"] for d in found} == set(dock["deviceUids"])
    assert len(found) > 1
    nics = datto.get(f"/api/v2/audit/device/{found[0]['uid']}")["nics"]
    assert "USB" in next(nic for nic in nics if nic["macAddress"].startswith("00:E0:4C"))["instance"]
    assert datto.call("GET", "/api/v2/device/macAddress/00:11:22:33:44:55").status_code == 404


def test_site_is_created_by_put_and_updated_by_post(datto):
    assert datto.call("PUT", "/api/v2/site", json={"description": "no name"}).status_code == 400
    assert datto.call("POST", "/api/v2/site", json={"name": "x"}).status_code == 405
    made = datto.call("PUT", "/api/v2/site", json={"name": "Ünï", "autotaskCompanyId": "5"}).json()
    assert made["autotaskCompanyId"] is None
    changed = datto.call(
        "POST", f"/api/v2/site/{made['uid']}", json={"name": "Two", "description": "d"}
    ).json()
    assert (changed["name"], changed["description"]) == ("Two", "d")
    assert datto.call("DELETE", f"/api/v2/site/{made['uid']}").status_code == 405


def test_system_site_is_listed_with_an_odd_uid_and_cannot_be_asked(datto):
    rows = {site["name"]: site for site in datto.get("/api/v2/account/sites")["sites"]}
    uid = rows["Deleted Devices"]["uid"]
    assert "-" not in uid
    assert datto.call("GET", f"/api/v2/site/{uid}/devices").status_code == 404


def test_device_moves_and_warranty(datto):
    device = _device(datto)
    made = datto.call("PUT", "/api/v2/site", json={"name": "New home"}).json()
    assert datto.call("PUT", f"/api/v2/device/{device.uid}/site/{made['uid']}").content == b""
    assert datto.get(f"/api/v2/device/{device.uid}")["siteName"] == "New home"
    path = f"/api/v2/device/{device.uid}/warranty"
    assert datto.call("POST", path, json={"warrantyDate": "2030-02-30"}).status_code == 400
    assert datto.call("POST", path, json={"warrantyDate": "2030-02-03"}).status_code == 200
    assert datto.get(f"/api/v2/device/{device.uid}")["warrantyDate"] == "2030-02-03"


def test_filter_id_decides_alone_and_an_unknown_one_is_404(datto):
    rows = datto.get("/api/v2/account/devices", filterId=2, hostname="nothing-like-it")["devices"]
    assert {row["deviceType"]["category"] for row in rows} == {"Server"}
    assert datto.call("GET", "/api/v2/account/devices?filterId=77").status_code == 404


def test_quick_job_runs_and_shows_its_output(datto, monkeypatch):
    monkeypatch.setattr("integration.sandbox.datto.routes_jobs._JOB_SECONDS", 0.0)
    device = next(d for d in datto.sandbox.datto.devices.values() if d.online and d.device_class == "device")
    component = datto.get("/api/v2/account/components")["components"][0]
    path = f"/api/v2/device/{device.uid}/quickjob"
    assert datto.call("PUT", path, json={"jobName": "x"}).status_code == 400
    body = {"jobName": "Fix", "jobComponent": {"componentUid": component["uid"], "variables": []}}
    job = datto.call("PUT", path, json=body).json()["job"]
    results = datto.get(f"/api/v2/job/{job['uid']}/results/{device.uid}")
    assert results["jobDeploymentStatus"] == "Success"
    assert datto.get(f"/api/v2/job/{job['uid']}/results/{device.uid}/stdout")[0]["stdData"]
    assert datto.get("/api/v2/activity-logs", size=1)["activities"][0]["action"] == "create"


def test_activity_logs_page_with_next_and_ignore_max(datto):
    device = _device(datto)
    sites = [site for site in datto.sandbox.datto.sites.values() if not site.is_system]
    for site in sites[:3]:
        datto.sandbox.datto.move_device(device, site)
    first = datto.get("/api/v2/activity-logs", size=2, max=1)
    assert len(first["activities"]) == 2
    following = first["pageDetails"]["nextPageUrl"]
    assert "page=next" in following
    rest = datto.get(following.removeprefix(datto.url))["activities"]
    assert [row["site"]["id"] for row in rest] == [sites[0].id]
    assert isinstance(rest[0]["date"], float)


def test_request_rate_counts_reads_writes_and_operations_apart(datto):
    datto.get("/api/v2/account")
    uid = datto.get("/api/v2/account/alerts/open", max=1)["alerts"][0]["alertUid"]
    datto.call("POST", f"/api/v2/alert/{uid}/resolve")
    rate = datto.get("/api/v2/system/request_rate")
    assert (rate["accountCount"], rate["accountWriteCount"]) == (3, 1)
    assert rate["operationWriteStatus"]["alert-resolve"] == {"limit": 100, "count": 1}
    assert rate["operationWriteStatus"]["device-udf-set"]["limit"] == 600
    datto.sandbox.datto.settings.change("report_write_limits", False)
    assert "accountWriteRateLimit" not in datto.get("/api/v2/system/request_rate")


def test_limit_answers_429_then_blocks_who_ignores_it(datto):
    settings = datto.sandbox.datto.settings
    settings.change("near_limit_delay_ms", 0)
    settings.change("read_limit", 3)
    settings.change("block_after_ignored", 2)
    for _turn in range(3):
        datto.get("/api/v2/account")
    refused = datto.call("GET", "/api/v2/account")
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert datto.call("GET", "/api/v2/account").status_code == 429
    assert datto.call("GET", "/api/v2/account").status_code == 403
    assert datto.call("GET", "/api/v2/account/sites").status_code == 403


def test_limit_lifts_when_the_window_has_passed(datto):
    settings = datto.sandbox.datto.settings
    settings.change("window_seconds", 0.15)
    settings.change("near_limit_delay_ms", 0)
    settings.change("read_limit", 1)
    settings.change("retry_after", "date")
    datto.get("/api/v2/account")
    assert datto.call("GET", "/api/v2/account").headers["Retry-After"].endswith("GMT")
    time.sleep(0.2)
    assert datto.call("GET", "/api/v2/account").status_code == 200


def test_one_write_operation_is_limited_by_itself(datto):
    settings = datto.sandbox.datto.settings
    settings.change("near_limit_delay_ms", 0)
    settings.change("operation_limit", 1)
    settings.change("udf_operation_limit", 5)
    assert datto.call("PUT", "/api/v2/site", json={"name": "a"}).status_code == 200
    assert datto.call("PUT", "/api/v2/site", json={"name": "b"}).status_code == 429
    assert (
        datto.call("POST", f"/api/v2/device/{_device(datto).uid}/udf", json={"udf1": "x"}).status_code == 200
    )


def test_near_the_limit_answers_come_late(datto):
    settings = datto.sandbox.datto.settings
    settings.change("near_limit_delay_ms", 120)
    settings.change("read_limit", 1)
    started = time.monotonic()
    datto.get("/api/v2/account")
    assert time.monotonic() - started >= 0.12
