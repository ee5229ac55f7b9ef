"""Configuration items against the sandbox: finding, creating, changing, cloning."""

from datetime import UTC, datetime

import pytest

from integration.vendors.autotask.entities import EntityError, entity_named
from integration.vendors.autotask.payload import udfs_to_wire
from integration.vendors.autotask.query import QueryError
from integration.vendors.autotask.records import ConfigurationItem
from integration.vendors.autotask.rejections import RejectionKind, classify_rejection
from integration.vendors.errors import Rejected
from tests.sandbox.autotask_rig import ACME, ACME_CONTRACT, ACME_SERVICE, GLOBEX, SERVER

UID = "5a2c1f10-0000-4000-8000-000000000001"


@pytest.fixture
def client(sandbox_client):
    return sandbox_client


def device(**more):
    return {"companyID": ACME, "productID": 90, "isActive": True, **more}


def test_create_with_udfs_and_read_back(client):
    item_id = client.create_configuration_item(
        device(
            referenceNumber=UID,
            serialNumber="S-1",
            installDate=datetime(2026, 1, 2, tzinfo=UTC),
            contractID=ACME_CONTRACT,
            contractServiceID=ACME_SERVICE,
            userDefinedFields={"RMM Device UID": UID, "Missing Patches": 12, "Care Level": None},
        )
    )
    item = client.find_configuration_item(item_id)
    assert isinstance(item, ConfigurationItem)
    assert dict(item.udfs) == {"RMM Device UID": UID, "Missing Patches": "12", "Care Level": None}
    assert (item.contract_service_id, item.serial_number) == (ACME_SERVICE, "S-1")
    assert item.installed_at == datetime(2026, 1, 2, tzinfo=UTC)
    assert item.created_at is not None
    assert item.last_modified_at is not None


def test_update_changes_only_the_named_udfs(client):
    item_id = client.create_configuration_item(
        device(userDefinedFields={"RMM Device UID": UID, "Missing Patches": 1})
    )
    client.update_configuration_item(item_id, {"userDefinedFields": {"Missing Patches": 2}})
    assert client.find_configuration_item(item_id).udfs["RMM Device UID"] == UID
    assert client.find_configuration_item(item_id).udfs["Missing Patches"] == "2"
    client.update_configuration_item(item_id, {"userDefinedFields": {"Missing Patches": None}})
    assert not client.find_configuration_item(item_id).udfs["Missing Patches"]


def test_find_by_reference_number_sees_every_item_with_it(client):
    first = client.create_configuration_item(device(referenceNumber=UID))
    second = client.create_configuration_item(device(companyID=GLOBEX, referenceNumber=UID, isActive=False))
    client.create_configuration_item(device(referenceNumber=UID[:-1]))
    assert [item.id for item in client.find_configuration_items_by_reference_number(UID)] == [first, second]
    assert client.find_configuration_items_by_reference_number("nobody's") == []


def test_reference_numbers_are_asked_for_500_at_a_time(client, records):
    kept = [client.create_configuration_item(device(referenceNumber=f"dev-{n}")) for n in (1, 700)]
    records.clear()
    numbers = [f"dev-{n}" for n in range(1, 1002)] + ["dev-1"]
    found = client.iter_configuration_items_by_reference_numbers(numbers)
    assert sorted(item.id for item in found) == kept
    assert [record.path.rsplit("/", 2)[-2:] for record in records] == [["ConfigurationItems", "query"]] * 3
    records.clear()
    assert list(client.iter_configuration_items_by_serial_numbers([])) == []
    assert records == []


def test_find_by_serial_number_of_one_company(client):
    ours = client.create_configuration_item(device(serialNumber="S-9"))
    theirs = client.create_configuration_item(device(companyID=GLOBEX, serialNumber="S-9"))
    assert [item.id for item in client.find_configuration_items_by_serial_number("S-9")] == [ours, theirs]
    (found,) = client.find_configuration_items_by_serial_number("S-9", company_id=GLOBEX)
    assert found.id == theirs
    assert [item.id for item in client.iter_configuration_items_by_serial_numbers(["S-9", "S-8"])] == [
        ours,
        theirs,
    ]


def test_a_refused_udf_is_named_in_full(client, rig):
    rig.ok(
        "PATCH",
        "ConfigurationItemCategories/1/UdfAssociations",
        {"id": 1, "isRequired": True},
    )
    with pytest.raises(Rejected) as refused:
        client.create_configuration_item(device())
    reason = classify_rejection(refused.value.messages)
    assert (reason.kind, reason.field) == (RejectionKind.REQUIRED_MISSING, "RMM Device UID")
    with pytest.raises(Rejected) as refused:
        client.update_configuration_item(SERVER, {"userDefinedFields": {"Care Level": "77"}})
    reason = classify_rejection(refused.value.messages)
    assert (reason.kind, reason.field) == (RejectionKind.PICKLIST_VALUE, "Care Level")


def test_find_by_udf(client):
    item_id = client.create_configuration_item(device(userDefinedFields={"RMM Device UID": UID}))
    assert [item.id for item in client.find_configuration_items_by_udf("RMM Device UID", UID)] == [item_id]
    assert client.find_configuration_items_by_udf("RMM Device UID", "other") == []
    with pytest.raises(Rejected) as refused:
        client.find_configuration_items_by_udf("No Such Field", "x")
    reason = classify_rejection(refused.value.messages)
    assert (reason.kind, reason.field) == (RejectionKind.UNKNOWN_FIELD, "No Such Field")


@pytest.mark.parametrize(
    ("find", "says"),
    [
        (lambda c: c.find_configuration_items_by_reference_number(" "), r"referenceNumber: 1 characters"),
        (lambda c: c.iter_configuration_items_by_reference_numbers(["a", "x" * 101]), "1 to 100"),
        (lambda c: c.find_configuration_items_by_serial_number(""), "serialNumber: 0 characters"),
        (
            lambda c: c.find_configuration_items_by_udf("RMM Device UID", ""),
            "RMM Device UID: the value is empty",
        ),
    ],
)
def test_an_empty_or_endless_search_costs_no_call(client, records, find, says):
    with pytest.raises(QueryError, match=says):
        find(client)
    assert records == []


def test_a_clone_has_everything_writable(client, rig):
    client.update_configuration_item(
        SERVER,
        {
            "contractID": ACME_CONTRACT,
            "contractServiceID": ACME_SERVICE,
            "location": "Rack 3",
            "installDate": datetime(2025, 5, 6, tzinfo=UTC),
            "monthlyCost": 12.5,
            "numberOfUsers": 3.0,
            "warrantyExpirationDate": datetime(2028, 5, 6, tzinfo=UTC),
            "userDefinedFields": {"RMM Device UID": UID},
        },
    )
    before = client.find_configuration_item(SERVER)
    fields = before.writable_fields()
    assert "rmmDeviceUID" not in fields
    assert "notes" not in fields
    clone = client.find_configuration_item(client.create_configuration_item(fields))
    assert clone.id != before.id
    assert clone.writable_fields() == fields
    assert (clone.monthly_cost, clone.number_of_users, clone.warranty_expires_at) == (
        12.5,
        3.0,
        datetime(2028, 5, 6, tzinfo=UTC),
    )
    written = {name for name in rig.item("ConfigurationItems", SERVER) if name in fields}
    assert written == set(fields)


def test_what_the_genuine_integration_left_behind_is_read():
    item = ConfigurationItem.from_wire(
        {
            "id": 1,
            "rmmDeviceUID": UID,
            "rmmDeviceID": 77,
            "rmmDeviceUrl": "https://rmm.example/77",
            "rmmDeviceAuditHostname": "SRV",
            "rmmDeviceAuditMacAddress": "00:11",
            "rmmDeviceAuditIPAddress": "10.0.0.1",
            "rmmDeviceAuditLastUser": "ACME\\ann",
            "dattoSerialNumber": "D1",
            "dattoHostname": "siris",
            "deviceNetworkingID": "N1",
            "userDefinedFields": "",
        }
    )
    assert (item.rmm_device_uid, item.rmm_device_id, item.rmm_device_url) == (
        UID,
        77,
        "https://rmm.example/77",
    )
    assert (item.rmm_hostname, item.rmm_mac_address, item.rmm_ip_address) == ("SRV", "00:11", "10.0.0.1")
    assert item.rmm_last_user == "ACME\\ann"
    assert (item.datto_serial_number, item.datto_hostname, item.device_networking_id) == ("D1", "siris", "N1")
    assert item.writable_fields() == {"isActive": True}


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        (device(referenceNumber="x" * 51), r"referenceNumber: 51 characters, at most 50"),
        (device(serialNumber="x" * 101), r"serialNumber: 101 characters, at most 100"),
        (device(notes="x" * 5001), r"notes: 5001 characters, at most 5000"),
        (device(referenceTitle="x" * 201), r"referenceTitle: 201 characters, at most 200"),
        (device(userDefinedFields={"Care Level": "x" * 8001}), r"Care Level: 8001 characters, at most 8000"),
        (device(isActive=None), r"isActive: Autotask needs it"),
        (device(dattoHostname="x"), r"dattoHostname: only Datto's own"),
        (device(userDefinedFields=["Care Level"]), "mapping of field names"),
        (device(userDefinedFields={"": "x"}), "no field name"),
        (device(userDefinedFields={"Care Level": object()}), r"Care Level: cannot send object"),
    ],
)
def test_refused_before_it_costs_a_call(client, records, fields, says):
    with pytest.raises(EntityError, match=says):
        client.create_configuration_item(fields)
    assert records == []


def test_udfs_travel_as_text():
    at = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    given = {"a": 5, "b": 1.5, "c": True, "d": at, "e": None, "f": "x\x00y"}
    wire = udfs_to_wire(entity_named("ConfigurationItems"), given)
    assert {pair["name"]: pair["value"] for pair in wire} == {
        "a": "5",
        "b": "1.5",
        "c": "true",
        "d": "2026-03-04T05:06:07Z",
        "e": None,
        "f": "xy",
    }
    assert udfs_to_wire(entity_named("ConfigurationItems"), wire) == wire
