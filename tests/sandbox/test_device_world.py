"""The demo world as device synchronisation meets it: what has an item already, what confuses, what is paid for."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from integration.sandbox.autotask import AutotaskDouble
from integration.sandbox.world import build_world
from integration.sandbox.world_contracts import count_devices, kind_of
from integration.sandbox.world_datto import JUNK_SERIALS, VIRTUAL_MAC

NOW = 1_795_540_000_000
DEVICE_CASES = (
    "native",
    "serial_only",
    "host_only",
    "mac_only",
    "plain",
    "inactive_returned",
    "wrong_company",
    "junk_serial",
    "duplicate",
    "deleted_in_rmm",
)


@pytest.fixture(scope="module")
def world():
    return build_world("S", seed=1, now_ms=NOW)


def items_of(world) -> dict[int, Any]:
    return {row["id"]: row for row in world.autotask["ConfigurationItems"]}


def devices_of(world) -> dict[str, Any]:
    return {device.uid: device for device in world.datto.devices}


@pytest.mark.parametrize("seed", range(4))
def test_every_case_is_there_in_the_smallest_world(seed):
    small = build_world("S", seed=seed, now_ms=NOW)
    assert [name for name, found in small.cases.items() if not found] == []
    items, devices = items_of(small), devices_of(small)
    for name in DEVICE_CASES:
        for case in small.cases[name]:
            assert case["deviceUid"] in devices, name
            assert set(case["configurationItemIds"]) <= set(items), name


def test_most_devices_have_no_item(world):
    living = [device for device in world.datto.devices if not device.deleted]
    share = len(world.autotask["ConfigurationItems"]) / len(living)
    assert 0.25 < share < 0.45
    known = {
        value
        for row in world.autotask["ConfigurationItems"]
        for value in (
            row.get("rmmDeviceUID"),
            row.get("serialNumber"),
            str(row.get("referenceTitle")).lower(),
        )
        if value
    }
    for case in world.cases["no_item"]:
        device = devices_of(world)[case["deviceUid"]]
        assert device.uid not in known
        assert device.serial in JUNK_SERIALS or device.serial not in known


def test_each_kind_of_item_is_known_by_what_its_name_says(world):
    items, devices = items_of(world), devices_of(world)

    def pairs(name) -> Any:
        for case in world.cases[name]:
            yield devices[case["deviceUid"]], [items[i] for i in case["configurationItemIds"]], case

    for device, (row,), case in pairs("native"):
        assert (row["rmmDeviceUID"], row["companyID"]) == (device.uid, case["companyId"])
    for device, (row,), _case in pairs("serial_only"):
        assert row["serialNumber"] == device.serial
        assert (row.get("rmmDeviceUID"), row["referenceTitle"] == device.hostname) == (None, False)
    for device, (row,), _case in pairs("host_only"):
        assert row["referenceTitle"].lower().removesuffix(".local") == (device.hostname or "").lower()
        assert row.get("serialNumber") is None
    for device, (row,), _case in pairs("mac_only"):
        if device.macs:
            plain = row["rmmDeviceAuditMacAddress"].replace(":", "").replace("-", "")
            assert plain == device.macs[0]
    for device, rows, _case in pairs("duplicate"):
        assert len(rows) == 2
        assert all(
            device.serial == row["serialNumber"] or device.uid == row.get("rmmDeviceUID") for row in rows
        )
    for device, (row,), case in pairs("wrong_company"):
        assert row["rmmDeviceUID"] == device.uid
        assert row["companyID"] != case["companyId"]
    for device, (row,), _case in pairs("inactive_returned"):
        assert row["isActive"] is False
        assert row["rmmDeviceUID"] not in devices
        assert row["serialNumber"] == device.serial
    for device, (row,), _case in pairs("deleted_in_rmm"):
        assert (device.deleted, row["isActive"], row["rmmDeviceUID"]) == (True, True, device.uid)


def test_items_at_the_wrong_company_have_something_to_carry_over(world):
    wrong = {number for case in world.cases["wrong_company"] for number in case["configurationItemIds"]}
    for entity in ("ConfigurationItemNotes", "ConfigurationItemBillingProductAssociations"):
        assert {row["configurationItemID"] for row in world.autotask[entity]} == wrong


def test_junk_serials_are_shared_within_a_company(world):
    owner = {spot.site.uid: spot.true_company[0] for spot in world.placed if spot.company is not None}
    shared = Counter(
        (owner.get(device.site_uid), device.serial)
        for device in world.datto.devices
        if device.serial in JUNK_SERIALS and not device.deleted
    )
    assert max(shared.values()) >= 3
    items = Counter(
        (row["companyID"], row["serialNumber"])
        for row in world.autotask["ConfigurationItems"]
        if row.get("serialNumber") in JUNK_SERIALS
    )
    assert max(items.values()) >= 2


def test_addresses_of_docks_and_virtual_adapters_are_shared(world):
    found = {row["mac"]: row["deviceUids"] for row in world.cases["dock_mac"]}
    assert len(found[VIRTUAL_MAC]) > 2
    assert any(mac.startswith("00E04C") and len(uids) == 3 for mac, uids in found.items())


def test_host_names_repeat_across_customers(world):
    for case in world.cases["same_host"]:
        sites = {devices_of(world)[uid].site_uid for uid in case["deviceUids"]}
        assert len(sites) > 1
    counts = Counter(device.hostname for device in world.datto.devices)
    repeated = sum(number for number in counts.values() if number > 1)
    assert repeated > 0.04 * len(world.datto.devices)


def test_contracts_bill_a_few_units_beside_the_devices(world):
    counts = count_devices(world.datto.devices, world.placed)
    now = datetime.fromtimestamp(NOW / 1000, tz=UTC)
    company = {row["id"]: row["companyID"] for row in world.autotask["Contracts"]}
    kinds = {201: "workstation", 202: "server", 203: "network"}
    gaps = [
        row["units"] - counts[company[row["contractID"]]][kinds[row["serviceID"]]]
        for row in world.autotask["ContractServiceUnits"]
        if row["serviceID"] in kinds and row["startDate"] <= now <= row["endDate"]
        if company[row["contractID"]] in counts
    ]
    assert all(abs(gap) <= 4 for gap in gaps)
    assert 0.2 < sum(gap != 0 for gap in gaps) / len(gaps) < 0.8
    assert sum(counts[company].total() for company in counts) > 500
    assert {kind_of(device) for device in world.datto.devices} == {"workstation", "server", "network"}


def test_a_company_with_an_ended_contract_one_with_two_and_one_without(world):
    counts = count_devices(world.datto.devices, world.placed)
    rows = {row["id"]: row for row in world.autotask["Contracts"]}
    (ended,), (two,) = world.cases["contract_ended"], world.cases["contract_two"]
    assert [rows[number]["status"] for number in ended["contractIds"]] == [0]
    assert [rows[number]["status"] for number in two["contractIds"]] == [1, 1]
    none = world.cases["contract_none"][0]["companyId"]
    assert none not in {row["companyID"] for row in rows.values()}
    assert all(counts[case["companyId"]] for case in (ended, two, world.cases["contract_none"][0]))
    assert all(
        rows[number]["endDate"] > datetime.fromtimestamp(NOW / 1000, tz=UTC)
        for case in world.cases["contract_running"]
        for number in case["contractIds"]
    )


@pytest.mark.parametrize("name", ["S", "M"])
def test_the_world_keeps_autotasks_own_rules(name):
    """Every reference points at a row, and every UDF value at a field of the item's category."""
    world = build_world(name, seed=2, now_ms=NOW)
    double = AutotaskDouble(public_url="http://127.0.0.1", clock=lambda: datetime.now(tz=UTC))
    try:
        for entity, rows in world.autotask.items():
            double.seed(entity, rows)
        ids = {entity: {row["id"] for row in rows} for entity, rows in world.autotask.items()}
        for entity, field, target in (
            ("ConfigurationItems", "configurationItemCategoryID", "ConfigurationItemCategories"),
            ("ConfigurationItems", "configurationItemType", "ConfigurationItemTypes"),
            ("ConfigurationItems", "productID", "Products"),
            (
                "ConfigurationItemCategoryUdfAssociations",
                "configurationItemCategoryID",
                "ConfigurationItemCategories",
            ),
            (
                "ConfigurationItemCategoryUdfAssociations",
                "userDefinedFieldDefinitionID",
                "UserDefinedFieldDefinitions",
            ),
            ("ContractServiceUnits", "contractServiceID", "ContractServices"),
            ("ContractServiceUnits", "contractID", "Contracts"),
            ("ContractServiceBundles", "serviceBundleID", "ServiceBundles"),
            ("UserDefinedFieldListItems", "udfFieldId", "UserDefinedFieldDefinitions"),
        ):
            assert {row[field] for row in world.autotask[entity]} <= ids[target], (entity, field)
        names = {row["id"]: row["name"] for row in double.all("UserDefinedFieldDefinitions")}
        allowed: dict[int, set[str]] = {}
        for row in double.all("ConfigurationItemCategoryUdfAssociations"):
            category = allowed.setdefault(row["configurationItemCategoryID"], set())
            category.add(names[row["userDefinedFieldDefinitionID"]])
        assert set(allowed) == ids["ConfigurationItemCategories"]
        for row in double.all("ConfigurationItems"):
            given = set(row.get("userDefinedFields", {}))
            assert given <= allowed[row["configurationItemCategoryID"]], row["id"]
            if row["configurationItemCategoryID"] == 10:
                assert given, row["id"]
    finally:
        double.close()
