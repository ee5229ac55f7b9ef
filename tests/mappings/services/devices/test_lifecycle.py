"""What happens to devices, and what becomes of their configuration items. Over HTTP, without workers."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mappings.models import Contract, Device, DeviceTypeRule, SiteMapping
from mappings.services import decisions
from tests.mappings.services.devices.reading import Reading
from tests.mappings.services.devices.world import HERE, HERE_TOO, THERE, World, assert_settled, moved

pytestmark = pytest.mark.django_db
#: Of a dock: every machine that stands in it has it.
DOCK = "00E04C680001"


@pytest.fixture
def world(reading: Reading) -> World:
    return World(reading)


def test_new_device_appears_after_one_run(world: World) -> None:
    uid = world.add(hostname="NEW-1", serial="5CG7041XQ")
    run = world.sync()
    assert (run.status, run.creates) == ("succeeded", 1), run.error
    row = world.row(world.linked_id(uid) or 0)
    assert (row["referenceTitle"], row["serialNumber"], row["referenceNumber"]) == ("NEW-1", "5CG7041XQ", uid)
    assert (row["companyID"], row["isActive"]) == (world.company_id(HERE), True)
    assert world.link(uid).basis == "created"
    assert_settled(world)


def test_renamed_device_and_changed_hardware_cost_one_write_each(world: World) -> None:
    uid = world.add(hostname="OLD-NAME", serial="5CG7041XQ")
    world.sync()
    item_id = world.linked_id(uid) or 0
    world.forget_writes()
    world.happens(uid, "rename", hostname="NEW-NAME")
    assert world.sync().updates == 1
    assert world.row(item_id)["referenceTitle"] == "NEW-NAME"
    world.happens(uid, "motherboard", serial="5CG7042XQ")
    assert world.sync().updates == 1
    assert world.row(item_id)["serialNumber"] == "5CG7042XQ"
    assert world.writes() == {"create": 0, "update": 2, "unchanged": 0}
    assert world.linked_id(uid) == item_id
    assert_settled(world)


def test_device_moved_within_its_organization_keeps_its_item(world: World) -> None:
    uid = world.add(hostname="PC-1", serial="5CG7041XQ")
    world.sync()
    item_id = world.linked_id(uid)
    world.happens(uid, "move", siteUid=world.site_uid(HERE_TOO))
    run = world.sync()
    assert (run.creates, run.deactivations, len(world.waiting(run))) == (0, 0, 0)
    assert world.linked_id(uid) == item_id
    assert world.kinds() == []
    assert_settled(world)


def test_device_moved_to_another_organization_waits_and_is_cloned_by_approval(world: World) -> None:
    uid, old_id, entry = moved(world)
    assert world.kinds() == ["moved"]
    assert_settled(world)
    done = world.apply(entry.run, [entry.pk])
    assert (done.status, done.updates) == ("succeeded", 1), (done.error, done.entries.first())
    new_id = world.linked_id(uid) or 0
    assert new_id != old_id
    old, new = world.row(old_id), world.row(new_id)
    assert (old["isActive"], new["isActive"]) == (False, True)
    assert new["companyID"] == world.company_id(THERE)
    assert (new["serialNumber"], new["notes"], new["udfs"]["Asset Tag"]) == (
        "5CG7041XQ",
        "Under the desk.",
        "A-17",
    )
    assert new["referenceNumber"] == uid
    assert world.notes(new_id) == ["First", "Second", "Second"]
    assert world.attachments(new_id) == ["Invoice"]
    assert_settled(world)
    assert world.kinds() == []
    back = world.undo(done)
    assert back.status == "succeeded", back.error
    assert (world.row(old_id)["isActive"], world.row(new_id)["isActive"]) == (True, False)
    assert world.linked_id(uid) == old_id
    assert done.entries.get().status == "undone"
    world.sync()
    assert world.kinds() == ["moved"]


def test_moved_device_whose_organization_owns_the_contract_takes_it_along(world: World) -> None:
    """Only a contract of the new organization goes along; the old one's stays behind."""
    uid, old_id, entry = moved(world)
    theirs = Contract.objects.filter(
        company__autotask_company_id=world.company_id(HERE), is_active=True
    ).first()
    if theirs is not None:
        world.reading.change("ConfigurationItems", old_id, contractID=theirs.autotask_contract_id)
    world.apply(entry.run, [entry.pk])
    assert world.row(world.linked_id(uid) or 0).get("contractID") is None


@pytest.mark.parametrize(
    ("when_deleted", "is_active", "has_contract"),
    [
        ("deactivate", False, True),
        ("end_billing", False, False),
        ("leave", True, True),
        ("ticket", True, True),
    ],
)
def test_deleted_device_by_policy(
    world: World, when_deleted: str, is_active: bool, has_contract: bool
) -> None:
    world.policy(when_deleted=when_deleted)
    uid = world.add(THERE, hostname="PC-1", serial="5CG70401XQ")
    world.sync()
    world.sync("contracts")
    item_id = world.linked_id(uid) or 0
    contract = Contract.objects.filter(
        company__autotask_company_id=world.company_id(THERE), is_active=True
    ).first()
    assert contract is not None
    world.reading.change("ConfigurationItems", item_id, contractID=contract.autotask_contract_id)
    world.happens(uid, "delete")
    run = world.sync()
    assert run.status == "succeeded", run.error
    row = world.row(item_id)
    assert (row["isActive"], row.get("contractID") is not None) == (is_active, has_contract)
    assert run.deactivations == (0 if is_active else 1)
    tickets = world.reading.rows("Tickets")
    told = [one for one in tickets if "Device deleted in Datto RMM" in one["title"]]
    assert len(told) == (1 if when_deleted == "ticket" else 0)
    assert_settled(world)
    assert world.kinds() == (["device_deleted"] if is_active else [])


def test_deleted_device_is_waited_for_during_the_grace_days(world: World) -> None:
    world.policy(deleted_grace_days=3)
    uid = world.add(hostname="PC-1", serial="5CG70401XQ")
    world.sync()
    item_id = world.linked_id(uid) or 0
    world.happens(uid, "delete")
    assert world.sync().deactivations == 0
    (finding,) = world.findings()
    assert (finding.kind, world.row(item_id)["isActive"]) == ("device_deleted", True)
    finding.found_at -= timedelta(days=3, minutes=1)
    finding.save()
    assert world.sync().deactivations == 1
    assert not world.row(item_id)["isActive"]


@pytest.mark.parametrize("purged", [False, True])
def test_returned_device_gets_its_old_item_back(world: World, purged: bool) -> None:
    uid = world.add(hostname="PC-1", serial="5CG70401XQ")
    world.sync()
    item_id = world.linked_id(uid) or 0
    world.happens(uid, "delete")
    if purged:
        world.happens(uid, "purge")
    assert world.sync().deactivations == 1
    back = world.happens(uid, "return")
    assert back != uid
    run = world.sync()
    assert (run.creates, run.updates) == (0, 1)
    assert world.linked_id(back) == item_id
    row = world.row(item_id)
    assert (row["isActive"], row["referenceNumber"]) == (True, back)
    assert len(world.rows()) == 1
    world.sync()
    assert_settled(world)
    assert world.kinds() == []


@pytest.mark.parametrize("old", ["offline", "delete", "purge"])
def test_rebuilt_device_never_gets_a_second_item_by_itself(world: World, old: str) -> None:
    uid = world.add(hostname="PC-1", serial="5CG70401XQ")
    world.sync()
    item_id = world.linked_id(uid) or 0
    new = world.happens(uid, "rebuild", old=old)
    run = world.sync()
    assert run.creates == 0
    assert len(world.rows()) == 1
    assert world.row(item_id)["isActive"], "the machine is in use"
    if old == "offline":
        # Both are there for Datto RMM: a person decides.
        assert (world.linked_id(new), world.kinds()) == (None, ["shared"])
    else:
        assert world.linked_id(new) == item_id
    world.sync()
    assert_settled(world)


def test_duplicate_items_are_found_and_one_is_linked(world: World) -> None:
    uid = world.add(hostname="PC-1", serial="5CG70401XQ")
    native = world.item(serialNumber="5CG70401XQ", referenceNumber=uid, referenceTitle="PC-1")
    twin = world.item(serialNumber="5CG70401XQ", referenceTitle="PC-1 (old)")
    run = world.sync()
    assert run.creates == 0
    assert world.linked_id(uid) == native
    (finding,) = world.findings()
    assert finding.kind == "duplicate"
    assert world.row(twin)["isActive"]
    assert_settled(world)


def test_two_items_of_one_serial_number_are_a_question(world: World) -> None:
    uid = world.add(hostname="PC-1", serial="5CG70401XQ")
    for _ in range(2):
        world.item(serialNumber="5CG70401XQ")
    run = world.sync()
    assert (run.creates, run.updates, world.linked_id(uid)) == (0, 0, None)
    assert world.kinds() == ["ambiguous"], "its candidates are not told as items without device besides"
    assert_settled(world)


def test_junk_serial_numbers_and_dock_addresses_link_nothing(world: World) -> None:
    world.item(serialNumber="To Be Filled By O.E.M.", referenceTitle="OTHER-1", rmmDeviceAuditMacAddress=DOCK)
    for number in (1, 2):
        world.add(hostname=f"PC-{number}", serial="To Be Filled By O.E.M.", macs=[DOCK])
    run = world.sync()
    assert run.creates == 2
    assert len({world.linked_id(one.datto_device_uid) for one in Device.objects.all()}) == 2
    assert_settled(world)


def test_same_host_name_at_two_organizations_stays_apart(world: World) -> None:
    here, there = world.add(hostname="APP01"), world.add(THERE, hostname="APP01")
    item_here = world.item(referenceTitle="APP01", configurationItemType=1)
    item_there = world.item(THERE, referenceTitle="APP01", configurationItemType=1)
    assert world.sync().creates == 0
    assert (world.linked_id(here), world.linked_id(there)) == (item_here, item_there)
    assert_settled(world)


def test_unmapped_site_gives_nothing_and_loses_nothing(world: World) -> None:
    company_id = world.company_id(THERE)
    decisions.ignore([SiteMapping.objects.get(site__name=THERE).pk], None)
    uid = world.add(THERE, hostname="PC-1", serial="5CG70401XQ")
    run = world.sync()
    assert (run.creates, world.link(uid).state) == (0, "unmapped")
    world.map_site(THERE, company_id)
    assert world.sync().creates == 1
    assert world.linked_id(uid) is not None


def test_site_mapped_to_another_organization_moves_its_items_by_approval(world: World) -> None:
    uids = [world.add(THERE, hostname=f"PC-{n}", serial=f"5CG7040{n}XQ") for n in (1, 2)]
    world.sync()
    old = {world.linked_id(uid) for uid in uids}
    world.map_site(THERE, world.company_id(HERE))
    run = world.sync()
    assert (run.creates, run.deactivations, len(world.waiting(run))) == (0, 0, 2)
    assert world.kinds() == ["moved", "moved"]
    world.apply(run, [one.pk for one in world.waiting(run)])
    new = {world.linked_id(uid) for uid in uids}
    assert not new & old
    assert {world.row(item_id or 0)["companyID"] for item_id in new} == {world.company_id(HERE)}
    assert_settled(world)


def test_site_switched_off_keeps_everything_as_it_is(world: World) -> None:
    uid = world.add(THERE, hostname="PC-1", serial="5CG70401XQ")
    world.sync()
    item_id = world.linked_id(uid) or 0
    SiteMapping.objects.filter(site__name=THERE).update(devices_enabled=False)
    world.add(THERE, hostname="PC-2", serial="5CG70402XQ")
    world.happens(uid, "rename", hostname="PC-9")
    world.forget_writes()
    run = world.sync()
    assert (run.creates, run.updates, run.deactivations) == (0, 0, 0)
    assert (world.row(item_id)["isActive"], world.row(item_id)["referenceTitle"]) == (True, "PC-1")
    assert world.linked_id(uid) == item_id
    assert world.kinds() == []
    assert_settled(world)


def test_type_that_is_not_synchronised_gives_nothing(world: World) -> None:
    world.sync()
    DeviceTypeRule.objects.create(
        datto_category="Printer", datto_type="", device_class="printer", is_synced=False
    )
    DeviceTypeRule.objects.filter(datto_category="Printer").update(is_synced=False)
    uid = world.add(hostname="PRN-1", kind="printer", serial="5CG70401XQ")
    assert world.sync().creates == 0
    assert world.link(uid).state == "excluded"
    assert_settled(world)


def test_item_deactivated_by_a_person_stays_so_and_is_told(world: World) -> None:
    uid = world.add(hostname="PC-1", serial="5CG70401XQ")
    world.sync()
    item_id = world.linked_id(uid) or 0
    world.reading.change("ConfigurationItems", item_id, isActive=False)
    world.happens(uid, "rename", hostname="PC-9")
    world.forget_writes()
    run = world.sync()
    assert (run.creates, run.updates) == (0, 0)
    assert not world.row(item_id)["isActive"]
    assert world.kinds() == ["item_inactive"]
    assert_settled(world)
