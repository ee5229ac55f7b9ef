"""Single reads and writes."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from integration.vendors.datto_rmm import ResolveOutcome
from integration.vendors.datto_rmm.records import AlertPriority, DeviceAudit, EsxiAudit, PrinterAudit
from integration.vendors.errors import (
    ContractBroken,
    NotFound,
    PermissionDenied,
    RateLimited,
    Rejected,
    Unavailable,
    WriteOutcomeUnknown,
)
from tests.vendors.datto_account import ALERT_UID, DEVICE_UID, SITE_UID, alert_row, device_row, site_row
from tests.vendors.loopback import Reply

ALERT = f"/api/v2/alert/{ALERT_UID}"
RESOLVE = f"{ALERT}/resolve"
SITE = f"/api/v2/site/{SITE_UID}"
DEVICE = f"/api/v2/device/{DEVICE_UID}"


def test_fetch_alert_keeps_the_context_whole(account, client):
    row = alert_row(
        ticketNumber="T20260717.0042", responseActions=[{"actionType": "TICKET_CREATED", "actionTime": None}]
    )
    account.routes["GET", ALERT] = Reply(200, row)
    alert = client.fetch_alert(ALERT_UID)
    assert alert.context == row["alertContext"]
    assert (alert.priority, alert.resolved, alert.creates_ticket, alert.sends_emails) == (
        AlertPriority.HIGH,
        False,
        True,
        False,
    )
    assert alert.raised_at == datetime.fromtimestamp(1790000000, UTC)
    assert (alert.device_uid, alert.device_name, alert.site_uid, alert.site_name) == (
        DEVICE_UID,
        "SRV-1",
        SITE_UID,
        "Acme",
    )
    assert (alert.diagnostics, alert.autoresolve_minutes, alert.problems) == ("", 1, ())
    assert alert.has_native_ticket
    assert "perf_disk" not in repr(alert)


def test_an_alert_of_nulls_and_odd_values_is_read(account, client):
    odd = alert_row(
        priority="Apocalyptic", timestamp="soon", resolvedOn=1790000000000, resolved=None, alertContext=["x"],
        alertSourceInfo=None, alertMonitorInfo=None, responseActions=[None], muted="perhaps", autoresolveMins=1.5,
    )  # fmt: skip
    account.routes["GET", ALERT] = Reply(200, odd)
    alert = client.fetch_alert(ALERT_UID)
    assert (alert.priority, alert.priority_text) == (AlertPriority.UNKNOWN, "Apocalyptic")
    assert (alert.resolved, alert.raised_at, alert.context) == (True, None, {"value": ["x"]})
    assert (alert.device_uid, alert.creates_ticket, alert.muted, alert.has_native_ticket) == (
        "",
        None,
        None,
        False,
    )
    assert len(alert.problems) == 5


def test_resolve_with_an_empty_answer(account, client):
    account.routes["POST", RESOLVE] = Reply(200)
    assert client.resolve_alert(ALERT_UID) is ResolveOutcome.RESOLVED
    (seen,) = account.calls()
    assert (seen.method, seen.path, seen.body) == ("POST", RESOLVE, b"")


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (Reply(hang_up="reset"), ResolveOutcome.CONFIRMED),
        (Reply(200, b"x" * 100, hang_up="short"), ResolveOutcome.CONFIRMED),
        (Reply(504, "<html>"), ResolveOutcome.CONFIRMED),
        (Reply(500), ResolveOutcome.CONFIRMED),
        (Reply(409), ResolveOutcome.ALREADY_RESOLVED),
        (Reply(404), ResolveOutcome.ALREADY_RESOLVED),
        (Reply(403), ResolveOutcome.ALREADY_RESOLVED),
        (Reply(400), ResolveOutcome.ALREADY_RESOLVED),
    ],
)
def test_after_a_failed_resolve_the_alert_tells(account, client, reply, outcome):
    account.routes["POST", RESOLVE] = reply
    account.routes["GET", ALERT] = Reply(200, alert_row(resolved=True))
    assert client.resolve_alert(ALERT_UID) is outcome
    assert len(account.calls("/resolve")) == 1


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(504), WriteOutcomeUnknown),
        (Reply(409), Unavailable),
        (Reply(403), PermissionDenied),
        (Reply(400), Rejected),
    ],
)
def test_a_failed_resolve_of_an_alert_that_is_still_open_fails(account, client, reply, error):
    account.routes["POST", RESOLVE] = reply
    account.routes["GET", ALERT] = Reply(200, alert_row())
    with pytest.raises(error):
        client.resolve_alert(ALERT_UID)


def test_a_resolve_whose_alert_cannot_be_read_stays_in_doubt(account, client):
    account.routes["POST", RESOLVE] = Reply(504)
    account.routes["GET", ALERT] = Reply(502)
    with pytest.raises(WriteOutcomeUnknown):
        client.resolve_alert(ALERT_UID)


def test_resolving_an_alert_that_is_gone_says_so(account, client):
    account.routes["POST", RESOLVE] = Reply(500)
    with pytest.raises(NotFound):
        client.resolve_alert(ALERT_UID)


def test_a_rate_limited_resolve_is_not_followed_by_a_read(account, client):
    account.routes["POST", RESOLVE] = Reply(429, b"", {"Retry-After": "99"})
    with pytest.raises(RateLimited):
        client.resolve_alert(ALERT_UID)
    assert len(account.calls()) == 1


def test_proxy_passwords_stay_at_the_door(account, client):
    account.routes["GET", SITE] = Reply(
        200, site_row(proxySettings={"host": "p", "password": "hunter2"}, autotaskCompanyId=1234)
    )
    site = client.fetch_site(SITE_UID)
    assert "hunter2" not in repr(site)
    assert (site.autotask_company_id, site.on_demand, site.is_system_site) == ("1234", None, False)


def test_create_site(account, client):
    account.routes["PUT", "/api/v2/site"] = Reply(200, site_row())
    assert client.create_site(" Acme ", description="d").uid == SITE_UID
    assert account.calls()[0].json() == {
        "name": "Acme", "description": "d", "notes": "", "onDemand": False, "splashtopAutoInstall": True,
    }  # fmt: skip
    with pytest.raises(ValueError, match="site name"):
        client.create_site(" ")


def test_create_site_on_a_server_that_answers_nothing(account, client):
    account.routes["PUT", "/api/v2/site"] = Reply(200)
    account.lists["/api/v2/account/sites"] = ("sites", [site_row(), site_row("other", name="Acme South")])
    assert client.create_site("Acme").uid == SITE_UID
    assert account.calls("/sites")[0].query["siteName"] == "Acme"
    account.lists["/api/v2/account/sites"] = ("sites", [site_row(), site_row("other")])
    with pytest.raises(ContractBroken, match="2 sites have its name"):
        client.create_site("Acme")


@pytest.mark.parametrize("answers", [True, False])
def test_update_site_sends_the_full_set(account, client, answers):
    account.routes["GET", SITE] = Reply(
        200, site_row(description="old", notes=None, onDemand=True, splashtopAutoInstall=None)
    )
    account.routes["POST", SITE] = Reply(200, site_row(description="new") if answers else b"")
    assert client.update_site(SITE_UID, description="new").uid == SITE_UID
    (post,) = [seen for seen in account.calls() if seen.method == "POST"]
    assert post.json() == {"name": "Acme", "description": "new", "notes": "", "onDemand": True}


def test_device_with_both_kinds_of_udfs(account, client):
    account.routes["GET", DEVICE] = Reply(
        200,
        device_row(
            udf={"udf1": "a", "udf2": None, "udf300": 5, "udf301": "x", "label": "y"},
            lastSeen="2026-08-25T10:00:00.123Z", lastReboot=1790000000000, creationDate=-62135596800000,
            warrantyDate="2027-01-31", deviceType={"category": "Server", "type": None}, antivirus=None, online=None, id="17",
        ),
    )  # fmt: skip
    device = client.fetch_device(DEVICE_UID)
    assert device.udfs == {1: "a", 300: "5"}
    assert (device.id, device.online, device.category, device.type) == (17, None, "Server", "")
    assert device.last_seen_at == datetime(2026, 8, 25, 10, 0, 0, 123000, tzinfo=UTC)
    assert (device.created_at, device.warranty_on) == (None, date(2027, 1, 31))
    values = [
        {"ordinal": 1, "valueString": "a"}, {"ordinal": "2", "valueBoolean": False}, {"ordinal": 3, "valueDate": "2026-01-01"},
        {"ordinal": 4, "valueString": None}, {"ordinal": 999, "valueString": "x"}, {"valueString": "x"},
    ]  # fmt: skip
    account.routes["GET", DEVICE] = Reply(200, device_row())
    account.routes["GET", DEVICE.replace("v2", "v3")] = Reply(200, device_row(udfs=values))
    assert client.fetch_device(DEVICE_UID).udfs is None
    assert client.fetch_udfs(DEVICE_UID) == {1: "a", 2: "false", 3: "2026-01-01"}
    account.routes["GET", DEVICE.replace("v2", "v3")] = Reply(200, device_row())
    with pytest.raises(ContractBroken, match="no user-defined fields"):
        client.fetch_udfs(DEVICE_UID)


def test_set_udfs_sends_only_what_is_named(account, client):
    account.routes["POST", f"{DEVICE}/udf"] = Reply(200)
    client.set_udfs(DEVICE_UID, {1: "Zoë", 2: None, 3: "x" * 300})
    assert account.calls()[0].json() == {"udf1": "Zoë", "udf2": "", "udf3": "x" * 255}
    for wrong in ({}, {0: "x"}, {301: "x"}):
        with pytest.raises(ValueError, match="user-defined fields"):
            client.set_udfs(DEVICE_UID, wrong)


def test_warranty_and_move(account, client):
    account.routes["POST", f"{DEVICE}/warranty"] = Reply(200)
    account.routes["PUT", f"{DEVICE}/site/{SITE_UID}"] = Reply(200)
    client.set_warranty(DEVICE_UID, date(2027, 1, 31))
    client.set_warranty(DEVICE_UID, None)
    client.move_device(DEVICE_UID, SITE_UID)
    assert [seen.json() for seen in account.calls("/warranty")] == [
        {"warrantyDate": "2027-01-31"},
        {"warrantyDate": None},
    ]
    assert account.calls()[-1].body == b""


def test_devices_by_mac_and_id(account, client):
    account.routes["GET", "/api/v2/device/macAddress/0011223344AA"] = Reply(200, [device_row()])
    account.routes["GET", "/api/v2/device/id/17"] = Reply(200, device_row())
    assert client.fetch_devices_by_mac("00:11-22.3344aa")[0].uid == DEVICE_UID
    assert client.fetch_device_by_id(17).uid == DEVICE_UID
    with pytest.raises(ValueError, match="MAC address"):
        client.fetch_devices_by_mac("0011")
    account.routes["GET", "/api/v2/device/macAddress/0011223344AA"] = Reply(200, {})
    with pytest.raises(ContractBroken):
        client.fetch_devices_by_mac("0011223344AA")


def test_audits_by_device_class(account, client):
    account.routes["GET", f"/api/v2/audit/device/{DEVICE_UID}"] = Reply(
        200,
        {
            "bios": {"serialNumber": None}, "snmpInfo": {"snmpSerial": " S1 "}, "systemInfo": {"manufacturer": None, "totalPhysicalMemory": 8e9},
            "baseBoard": {"manufacturer": "Dell", "product": "X1"}, "logicalDisks": [{"diskIdentifier": "C:", "size": 10, "freespace": "3"}],
            "nics": [{"instance": "n", "macAddress": "m"}], "processors": [{"name": "cpu"}],
        },
    )  # fmt: skip
    account.routes["GET", f"/api/v2/audit/esxihost/{DEVICE_UID}"] = Reply(
        200,
        {
            "systemInfo": {"serviceTag": "TAG", "model": "R7"},
            "guests": [{"guestName": "vm", "memorySizeTotal": 1}],
        },
    )
    account.routes["GET", f"/api/v2/audit/printer/{DEVICE_UID}"] = Reply(
        200,
        {
            "printer": {"printedPageCount": "12"},
            "printerMarkerSupplies": [{"description": "Toner", "suppliesLevel": "5"}],
        },
    )
    audits = {}
    for name in ("device", "esxihost", "printer", "rmmnetworkdevice"):
        account.routes["GET", DEVICE] = Reply(200, device_row(deviceClass=name))
        audits[name] = client.find_audit(client.fetch_device(DEVICE_UID))
    device, esxi, printer = audits["device"], audits["esxihost"], audits["printer"]
    assert isinstance(device, DeviceAudit)
    assert (device.serial_number, device.manufacturer, device.model, device.memory_bytes) == (
        "S1",
        "Dell",
        "X1",
        8_000_000_000,
    )
    assert (device.disks[0].free_bytes, device.processors) == (3, ("cpu",))
    assert isinstance(esxi, EsxiAudit)
    assert (esxi.serial_number, esxi.guests[0].name) == ("TAG", "vm")
    assert isinstance(printer, PrinterAudit)
    assert (printer.printed_page_count, printer.supplies[0].level) == (12, "5")
    assert audits["rmmnetworkdevice"] is None


def test_an_audit_of_the_wrong_class_is_rejected(account, client):
    account.routes["GET", f"/api/v2/audit/printer/{DEVICE_UID}"] = Reply(
        400, {"status": 400, "error": "Bad Request"}
    )
    with pytest.raises(Rejected, match="Bad Request"):
        client.fetch_printer_audit(DEVICE_UID)


def test_quick_job_and_its_results(account, client):
    account.routes["PUT", f"{DEVICE}/quickjob"] = Reply(
        200, {"job": {"uid": "j", "name": "Fix", "status": "active", "dateCreated": 1}}
    )
    account.routes["GET", "/api/v2/job/j"] = Reply(200, {"uid": "j", "status": "completed"})
    result = {
        "jobUid": "j",
        "jobDeploymentStatus": "Success",
        "componentResults": [{"componentUid": "c", "hasStdOut": True}],
    }
    account.routes["GET", f"/api/v2/job/j/results/{DEVICE_UID}"] = Reply(200, result)
    account.routes["GET", f"/api/v2/job/j/results/{DEVICE_UID}/stdout"] = Reply(
        200, [{"componentUid": "c", "stdData": "done"}]
    )
    assert client.create_quick_job(DEVICE_UID, name="Fix", component_uid="c", variables={"v": "1"}).uid == "j"
    assert account.calls("/quickjob")[0].json() == {
        "jobName": "Fix", "jobComponent": {"componentUid": "c", "variables": [{"name": "v", "value": "1"}]},
    }  # fmt: skip
    assert client.fetch_job("j").status == "completed"
    found = client.fetch_job_result("j", DEVICE_UID)
    assert (found.status, found.components[0].has_stdout, found.components[0].has_stderr) == (
        "Success",
        True,
        False,
    )
    assert client.fetch_job_output("j", DEVICE_UID)[0].text == "done"
    account.routes["PUT", f"{DEVICE}/quickjob"] = Reply(200, {"jobComponents": []})
    with pytest.raises(ContractBroken):
        client.create_quick_job(DEVICE_UID, name="Fix", component_uid="c")
    with pytest.raises(ValueError, match="job name"):
        client.create_quick_job(DEVICE_UID, name=" ", component_uid="c")
