"""Device synchronisation with Datto RMM: the sandbox where it can answer, odd answers by script."""

from datetime import date

import pytest

from integration.vendors.datto_rmm.errors import AuditNotFound, WrongDeviceClass
from integration.vendors.datto_rmm.records import DeviceUdf
from integration.vendors.errors import ContractBroken, NotFound, PermissionDenied, Rejected
from tests.vendors.datto_account import DEVICE_UID, device_row
from tests.vendors.loopback import Reply

AUDITS = {
    "device": lambda client, uid: client.fetch_device_audit(uid),
    "esxihost": lambda client, uid: client.fetch_esxi_audit(uid),
    "printer": lambda client, uid: client.fetch_printer_audit(uid),
}
DEVICE_V3 = f"/api/v3/device/{DEVICE_UID}"
DEVICES_V3 = "/api/v3/account/devices"


def first_of_class(client, name):
    return next(
        device for device in client.iter_devices() if device.device_class == name and not device.deleted
    )


def test_udfs_are_set_one_by_one_and_read_from_either_version(datto_sandbox_client):
    client = datto_sandbox_client
    device = first_of_class(client, "device")
    client.set_udfs(device.uid, {290: "Zoë", 291: "x"})
    client.set_udfs(device.uid, {291: None, 292: "1"})
    for version in ("v2", "v3"):
        udfs = client.fetch_device(device.uid, version=version).udfs
        assert {number: udfs.get(number) for number in (290, 291, 292)} == {290: "Zoë", 291: None, 292: "1"}
    assert client.fetch_udfs(device.uid)[290] == "Zoë"
    described = {udf.number: udf for udf in client.fetch_described_udfs(device.uid)}
    assert described[290].text == "Zoë"
    streamed = {row.uid: row.udfs for row in client.iter_devices(site_uid=device.site_uid, version="v3")}
    assert streamed[device.uid][290] == "Zoë"


def test_a_device_is_moved_and_its_warranty_set(datto_sandbox_client):
    client = datto_sandbox_client
    device = first_of_class(client, "device")
    created = client.create_site("Moved here", description="new", notes="n", on_demand=False)
    assert client.find_sites_named("Moved here")[0].uid == created.uid
    client.move_device(device.uid, created.uid)
    client.move_device(device.uid, created.uid)
    client.set_warranty(device.uid, date(2028, 2, 29))
    moved = client.fetch_device(device.uid)
    assert (moved.site_uid, moved.site_name, moved.warranty_on) == (
        created.uid,
        "Moved here",
        date(2028, 2, 29),
    )
    assert [row.uid for row in client.iter_devices(site_uid=created.uid)] == [device.uid]
    assert [row.device_uid for row in client.iter_network_interfaces(created.uid)] == [device.uid]
    renamed = client.update_site(created.uid, name="Renamed")
    assert (renamed.name, renamed.description) == ("Renamed", "new")
    with pytest.raises(NotFound):
        client.move_device(device.uid, "0a1b2c3d-0000-4222-8333-444455556666")


@pytest.mark.parametrize("name", AUDITS)
def test_an_audit_is_asked_for_at_the_address_of_its_class(datto_sandbox_client, name):
    client = datto_sandbox_client
    device = first_of_class(client, name)
    assert AUDITS[name](client, device.uid) == client.find_audit(device)
    for other in AUDITS.keys() - {name}:
        with pytest.raises(WrongDeviceClass, match=f"device {device.uid} is not of class '{other}'") as wrong:
            AUDITS[other](client, device.uid)
        assert isinstance(wrong.value, Rejected)
        assert wrong.value.status == 400


@pytest.mark.parametrize("name", AUDITS)
def test_an_audit_of_an_unknown_device_is_not_found(datto_sandbox_client, name):
    with pytest.raises(AuditNotFound, match=f"no audit of device {DEVICE_UID}") as missing:
        AUDITS[name](datto_sandbox_client, DEVICE_UID)
    assert isinstance(missing.value, NotFound)
    assert missing.value.status == 404


@pytest.mark.parametrize(
    ("reply", "kind"), [(Reply(403), PermissionDenied), (Reply(422, {"message": "odd"}), Rejected)]
)
def test_other_refusals_of_an_audit_stay_what_they_are(account, client, reply, kind):
    account.routes["GET", f"/api/v2/audit/device/{DEVICE_UID}"] = reply
    with pytest.raises(kind) as caught:
        client.fetch_device_audit(DEVICE_UID)
    assert type(caught.value) is kind


def test_described_udfs(account, client):
    account.routes["GET", DEVICE_V3] = Reply(
        200,
        device_row(
            udfs=[
                {"ordinal": 1, "type": "STRING", "valueString": "a", "label": " Owner "},
                {"ordinal": 2, "type": "NUMBER", "valueNumber": 5.0},
                {"ordinal": 3, "type": "NUMBER", "valueNumber": 5.25, "label": None},
                {"ordinal": 4, "type": "BOOLEAN", "valueBoolean": False},
                {"ordinal": 5, "type": "DATE", "valueString": "soon", "typeMisMatch": True},
                {"ordinal": 6, "type": "NUMBER", "valueNumber": 0},
                {"ordinal": 7, "type": "STRING", "valueString": None, "label": "Empty"},
                {"ordinal": 301, "type": "STRING", "valueString": "x"},
            ]
        ),
    )
    assert client.fetch_described_udfs(DEVICE_UID) == (
        DeviceUdf(1, "Owner", "STRING", "a", False),
        DeviceUdf(2, "", "NUMBER", "5", False),
        DeviceUdf(3, "", "NUMBER", "5.25", False),
        DeviceUdf(4, "", "BOOLEAN", "false", False),
        DeviceUdf(5, "", "DATE", "soon", True),
        DeviceUdf(6, "", "NUMBER", "0", False),
        DeviceUdf(7, "Empty", "STRING", "", False),
    )
    assert client.fetch_device(DEVICE_UID, version="v3").udfs == {
        1: "a",
        2: "5",
        3: "5.25",
        4: "false",
        5: "soon",
        6: "0",
    }
    account.routes["GET", DEVICE_V3] = Reply(200, device_row())
    with pytest.raises(ContractBroken, match=r"device\.udfs"):
        client.fetch_described_udfs(DEVICE_UID)


def test_labels_are_gathered_from_devices(account, client):
    account.lists[DEVICES_V3] = (
        "devices",
        [
            device_row("a", udfs=[{"ordinal": 1, "label": "Owner"}, {"ordinal": 2, "label": None}]),
            device_row("b", udfs=None),
            device_row("c", udfs=[{"ordinal": 3, "label": "Room"}, {"ordinal": 1, "label": "Owner"}]),
        ],
    )
    assert client.fetch_udf_labels() == {1: "Owner", 3: "Room"}
    assert len(account.calls(DEVICES_V3)) == 1
    assert account.calls(DEVICES_V3)[0].query["max"] == "50"
    account.lists[DEVICES_V3] = ("devices", [])
    assert client.fetch_udf_labels() == {}
    account.lists[DEVICES_V3] = ("devices", [device_row("a"), device_row("b")])
    with pytest.raises(ContractBroken, match="no device carries"):
        client.fetch_udf_labels()


def test_a_label_of_the_sandbox_is_seen_on_its_device(datto_sandbox_client):
    client = datto_sandbox_client
    device = next(client.iter_devices(version="v3"))
    described = {udf.number: udf.label for udf in client.fetch_described_udfs(device.uid) if udf.label}
    assert described.items() <= client.fetch_udf_labels().items()
