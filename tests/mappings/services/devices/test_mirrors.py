from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from integration.models import SyncRunEntry
from integration.vendors.errors import Unavailable
from mappings.models import (
    Company,
    ConfigurationItem,
    ConfigurationItemKey,
    DevicePolicy,
    FieldMap,
    MirrorState,
    UdfDefinition,
)
from mappings.services.devices.mirrors import (
    ITEMS,
    refresh_item,
    store_item,
    sync_configuration_items,
)
from tests.mappings.conftest import Run, make_company
from tests.mappings.services.devices.reading import Cost, Reading

pytestmark = pytest.mark.django_db(transaction=True)
UID = "7d0c3a52-1111-4222-8333-0123456789ab"


def read(reading: Reading, **options: Any) -> str:
    return sync_configuration_items(reading.recorder(), reading.autotask, **options)


def keys(item_id: int) -> set[tuple[str, str]]:
    found = ConfigurationItemKey.objects.filter(
        configuration_item__autotask_configuration_item_id=item_id
    ).values_list("kind", "value")
    assert len(found) == len(set(found))
    return set(found)


def item_calls(cost: Cost) -> int:
    """Count reads of items; the client may look up its zone or its limits at any time."""
    return len([path for path in cost.calls if path.endswith("/ConfigurationItems/query")])


def company_id(reading: Reading) -> int:
    return int(reading.rows("ConfigurationItems")[0]["companyID"])


def test_all_items_are_mirrored_and_found_by_their_keys(reading: Reading, sync: Run) -> None:
    sync("reference")
    assert read(reading) == ""
    rows = {row["id"]: row for row in reading.rows("ConfigurationItems")}
    assert ConfigurationItem.objects.count() == len(rows)
    assert not ConfigurationItem.objects.filter(company=None).exists()
    for item in ConfigurationItem.objects.select_related("company"):
        row = rows[item.autotask_configuration_item_id]
        assert item.company is not None
        assert item.company.autotask_company_id == item.autotask_company_id == row["companyID"]
        assert item.reference_title == (row["referenceTitle"] or "")
        assert item.is_active == row["isActive"]
    native = next(row for row in rows.values() if row.get("rmmDeviceUID") and row.get("serialNumber"))
    assert ("uid", native["rmmDeviceUID"]) in keys(native["id"])
    assert ("serial", native["serialNumber"].upper().replace("-", "")) in keys(native["id"])
    assert ("hostname", native["referenceTitle"].lower()) in keys(native["id"])


def test_a_run_without_changes_reads_one_page_and_writes_nothing(reading: Reading, sync: Run) -> None:
    sync("reference")
    read(reading)
    with reading.cost() as cost:
        assert read(reading) == ""
    assert item_calls(cost) == 1
    assert cost.writes == []


def test_full_read_of_what_is_known_writes_nothing(reading: Reading) -> None:
    read(reading)
    pages = -(-ConfigurationItem.objects.count() // 500)
    with reading.cost() as cost:
        read(reading, full=True)
    assert item_calls(cost) == pages
    assert cost.writes == []


def test_only_changes_are_read_and_their_keys_follow(reading: Reading) -> None:
    read(reading)
    item = ConfigurationItem.objects.filter(is_active=True)[0]
    number = item.autotask_configuration_item_id
    reading.change("ConfigurationItems", number, referenceTitle="RENAMED-01", serialNumber="ZX81-4711")
    recorder = reading.recorder()
    with reading.cost() as cost:
        sync_configuration_items(recorder, reading.autotask)
    assert item_calls(cost) == 1
    assert (recorder.run.creates, recorder.run.updates) == (0, 1)
    item.refresh_from_db()
    assert (item.reference_title, item.serial_number) == ("RENAMED-01", "ZX81-4711")
    assert {("hostname", "renamed-01"), ("serial", "ZX814711")} <= keys(number)
    assert len([value for kind, value in keys(number) if kind == "serial"]) == 1
    recorder.flush()
    entry = SyncRunEntry.objects.get(run=recorder.run)
    assert entry.after == {"reference_title": "RENAMED-01", "serial_number": "ZX81-4711"}


def test_new_items_come_in_an_incremental_read(reading: Reading) -> None:
    read(reading)
    number = reading.create(
        "ConfigurationItems", companyID=company_id(reading), productID=101, isActive=True, referenceNumber=UID
    )
    read(reading)
    assert keys(number) == {("uid", UID)}


def test_deleted_items_are_marked_by_a_complete_read_only(reading: Reading) -> None:
    read(reading)
    number = ConfigurationItem.objects.all()[0].autotask_configuration_item_id
    reading.delete("ConfigurationItems", number)
    read(reading)
    assert not ConfigurationItem.objects.filter(is_missing=True).exists()
    MirrorState.objects.filter(name=ITEMS.name).update(full_read_at=timezone.now() - timedelta(days=8))
    read(reading)
    missing = ConfigurationItem.objects.get(is_missing=True)
    assert missing.autotask_configuration_item_id == number


def test_guard_refuses_to_lose_many_items(reading: Reading) -> None:
    read(reading)
    for item in ConfigurationItem.objects.all()[: ConfigurationItem.objects.count() // 2]:
        reading.delete("ConfigurationItems", item.autotask_configuration_item_id)
    assert "Allow one large change" in read(reading, full=True)
    assert not ConfigurationItem.objects.filter(is_missing=True).exists()


def test_interrupted_read_marks_nothing_and_is_complete_next_time(reading: Reading) -> None:
    read(reading)
    ghost = ConfigurationItem.objects.create(
        autotask_configuration_item_id=1, autotask_company_id=1, synced_at=timezone.now()
    )
    before = MirrorState.objects.get(name=ITEMS.name)
    fault = {"vendor": "autotask", "kind": "503", "path": "*/ConfigurationItems/query"}
    answer = reading.vendors.control("faults", fault)
    assert answer.ok, answer.text
    with pytest.raises(Unavailable):
        read(reading, full=True)
    ghost.refresh_from_db()
    assert not ghost.is_missing
    assert MirrorState.objects.get(name=ITEMS.name).full_read_at == before.full_read_at


def test_dry_run_stores_nothing(reading: Reading) -> None:
    recorder = reading.recorder(dry_run=True)
    sync_configuration_items(recorder, reading.autotask)
    assert recorder.run.creates == len(reading.rows("ConfigurationItems"))
    assert not ConfigurationItem.objects.exists()
    assert not MirrorState.objects.exists()


def test_fields_chosen_to_identify_items_give_keys_to_all(reading: Reading, sync: Run) -> None:
    sync("reference")
    number = company_id(reading)
    item = reading.create(
        "ConfigurationItems",
        companyID=number,
        productID=101,
        isActive=True,
        configurationItemCategoryID=2,
        userDefinedFields={"Asset Tag": UID, "BitLocker": "B8-85-84-01-02-03; b8:85:84:01:02:04"},
    )
    read(reading)
    assert keys(item) == set()
    DevicePolicy.objects.create(uid_udf=UdfDefinition.objects.get(name="Asset Tag"))
    FieldMap.objects.create(datto_field="mac_addresses", udf=UdfDefinition.objects.get(name="BitLocker"))
    with reading.cost() as cost:
        read(reading)
    assert item_calls(cost) == 1
    assert keys(item) == {("uid", UID), ("mac", "B88584010203"), ("mac", "B88584010204")}
    with reading.cost() as cost:
        read(reading)
    assert cost.writes == []


def test_an_item_finds_its_organization_when_that_is_mirrored_later(reading: Reading) -> None:
    read(reading)
    assert ConfigurationItem.objects.filter(company=None).count() == ConfigurationItem.objects.count()
    number = company_id(reading)
    make_company(number, "Late Works")
    read(reading)
    linked = ConfigurationItem.objects.exclude(company=None)
    assert {item.autotask_company_id for item in linked} == {number}
    assert linked.count() == ConfigurationItem.objects.filter(autotask_company_id=number).count()


def test_what_we_wrote_is_stored_at_once_and_no_older_read_undoes_it(reading: Reading) -> None:
    read(reading)
    client = reading.autotask
    item = ConfigurationItem.objects.filter(is_active=True)[0]
    number = item.autotask_configuration_item_id
    older = client.find_configuration_item(number)
    assert older is not None
    client.update_configuration_item(number, {"serialNumber": "NEWER-1234"})
    refreshed = refresh_item(client, number)
    assert refreshed is not None
    assert (refreshed.pk, refreshed.serial_number) == (item.pk, "NEWER-1234")
    assert ("serial", "NEWER1234") in keys(number)
    assert store_item(older).serial_number == "NEWER-1234"
    item.refresh_from_db()
    assert item.serial_number == "NEWER-1234"


def test_created_item_is_stored_with_its_organization(reading: Reading, sync: Run) -> None:
    sync("reference")
    client, company = reading.autotask, company_id(reading)
    number = client.create_configuration_item(
        {"companyID": company, "productID": 101, "isActive": True, "referenceTitle": "NB-77"}
    )
    item = refresh_item(client, number)
    assert item is not None
    assert item.company == Company.objects.get(autotask_company_id=company)
    assert keys(number) == {("hostname", "nb-77")}


def test_an_item_that_is_gone_is_marked(reading: Reading) -> None:
    read(reading)
    number = ConfigurationItem.objects.all()[0].autotask_configuration_item_id
    reading.delete("ConfigurationItems", number)
    assert refresh_item(reading.autotask, number) is None
    assert ConfigurationItem.objects.get(is_missing=True).autotask_configuration_item_id == number
    assert refresh_item(reading.autotask, 1) is None


def test_queries_of_a_chunk_do_not_grow_with_its_items(reading: Reading) -> None:
    read(reading)
    items = list(ConfigurationItem.objects.all())
    costs = []
    for count in (2, 40):
        for item in items[:count]:
            reading.change(
                "ConfigurationItems",
                item.autotask_configuration_item_id,
                serialNumber=f"S{count}-{item.pk:06}",
            )
        with reading.cost() as cost:
            read(reading)
        costs.append(cost.queries)
    assert costs[0] == costs[1]
