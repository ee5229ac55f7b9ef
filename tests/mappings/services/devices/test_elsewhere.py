"""A serial number that stands under another organization: asked about, never guessed. Over HTTP, without workers."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integration.models import SyncRun, SyncRunEntry
from mappings.models import AnotherMachine, Company, DeviceFinding, DeviceTypeRule, SiteMapping
from mappings.services import decisions
from mappings.services.devices import drift
from mappings.services.devices.drift import Outcome
from mappings.services.devices.findings import dismiss, reopen
from tests.mappings.services.devices.reading import Reading
from tests.mappings.services.devices.world import HERE, THERE, World, assert_settled

pytestmark = pytest.mark.django_db
SERIAL = "5CG70401XQ"


@pytest.fixture
def world(reading: Reading) -> World:
    return World(reading)


def carry_out(world: World, outcome: Outcome) -> SyncRun:
    """Execute what a choice queued."""
    (run,) = outcome.runs
    done = world.execute(run)
    assert done.status == "succeeded", (done.error, list(done.entries.values("status", "message")))
    return done


def the(world: World, kind: str) -> DeviceFinding:
    (finding,) = world.findings(kind=kind)
    return finding


def abroad(world: World) -> tuple[str, int]:
    """Return a device without item, and the item of another organization that has its serial number."""
    uid = world.add(HERE, hostname="PC-1", serial=SERIAL)
    item_id = world.item(THERE, serialNumber=SERIAL, referenceTitle="OLD")
    world.sync()
    assert world.kinds() == ["elsewhere"]
    assert world.linked_id(uid) is None
    assert {row["id"] for row in world.rows()} == {item_id}, "nothing is created"
    return uid, item_id


def test_serial_number_at_another_organization_is_moved_here(world: World, person: User) -> None:
    uid, old_id = abroad(world)
    finding = the(world, "elsewhere")
    assert f"stands under {finding.detail['company_name']}" in finding.summary
    assert not isinstance(drift.preview_move(finding), str)
    carry_out(world, drift.approve_moves([finding], person))
    new_id = world.linked_id(uid) or 0
    assert world.row(new_id)["companyID"] == world.company_id(HERE)
    assert world.row(old_id)["isActive"] is False
    assert world.kinds() == []
    assert_settled(world)


def test_serial_number_at_another_organization_may_be_another_machine(world: World, person: User) -> None:
    uid, old_id = abroad(world)
    outcome = drift.tell_apart([the(world, "elsewhere")], person)
    assert outcome.changed == 1
    done = carry_out(world, outcome)
    assert "another machine than OLD" in done.entries.get().message
    own = world.linked_id(uid)
    assert own not in {None, old_id}
    assert world.row(old_id)["isActive"] is True
    world.sync()
    assert "elsewhere" not in world.kinds(), "it is not asked again"
    assert_settled(world)
    # Nor when the new one is lost: the word is about the machine, not about the item that was made.
    world.reading.delete("ConfigurationItems", own or 0)
    world.refresh(uid)
    assert [one for one in world.kinds() if one != "item_without_device"] == ["item_gone"]


def test_serial_number_at_another_organization_may_be_left(world: World, person: User) -> None:
    uid, old_id = abroad(world)
    dismiss([the(world, "elsewhere")], person, "Sold to them")
    world.sync()
    assert (world.linked_id(uid), world.findings(kind="elsewhere")) == (None, [])
    assert {row["id"] for row in world.rows()} == {old_id}


def test_two_devices_with_a_serial_number_of_another_organization_are_one_question(world: World) -> None:
    abroad(world)
    world.add(HERE, hostname="PC-2", serial=SERIAL)
    world.sync()
    assert "shared" in world.kinds()
    assert not any(row["companyID"] == world.company_id(HERE) for row in world.rows())


def test_move_waits_for_nobody_when_its_item_was_given_away(world: World, person: User) -> None:
    _uid, old_id = abroad(world)
    run = drift.approve_moves([the(world, "elsewhere")], person).runs[0]
    other = world.add(THERE, hostname="PC-9", serial="5CG70409XQ")
    world.refresh(other)
    drift.link_device(world.device(other), world.mirrored(old_id), person)
    world.execute(run)
    entry = run.entries.get()
    assert (entry.status, entry.message) == ("skipped", "The configuration item is that of PC-9 by now.")
    assert world.row(old_id)["isActive"] is True


def test_word_stands_when_no_item_can_be_made_yet(world: World, person: User) -> None:
    uid, old_id = abroad(world)
    DeviceTypeRule.objects.update(is_synced=False)
    finding = the(world, "elsewhere")
    outcome = drift.tell_apart([finding], person)
    assert (outcome.changed, outcome.runs) == (1, [])
    assert any("not synchronised" in reason for reason in outcome.skipped)
    finding.refresh_from_db()
    assert (finding.state, finding.resolution, finding.closed_by) == (
        "resolved",
        "Another machine.",
        person,
    )
    DeviceTypeRule.objects.update(is_synced=True)
    assert world.sync().creates == 1
    assert world.linked_id(uid) not in {None, old_id}


def test_word_stands_when_autotask_refuses_the_new_item(world: World, person: User) -> None:
    uid, old_id = abroad(world)
    run = drift.tell_apart([the(world, "elsewhere")], person).runs[0]
    with world.fault(vendor="autotask", kind="500", method="POST", path="*/ConfigurationItems"):
        world.execute(run)
    assert world.linked_id(uid) is None
    SyncRun.objects.filter(pk=run.pk).update(status="failed", finished_at=timezone.now())
    assert world.sync().creates == 1, "the next run makes it and asks nobody"
    assert world.linked_id(uid) not in {None, old_id}


def test_what_an_older_run_had_planned_moves_nothing_after_another_word(world: World, person: User) -> None:
    uid, old_id = abroad(world)
    preview = world.sync(dry_run=True)
    (planned,) = world.waiting(preview)
    (waiting,) = SyncRunEntry.objects.filter(operation="move_item", run__dry_run=False)
    carry_out(world, drift.tell_apart([the(world, "elsewhere")], person))
    for entry in (waiting, planned):
        entry.refresh_from_db()
        assert entry.status == "handed_on"
    # As one that was chosen in the moment of the other word.
    SyncRunEntry.objects.filter(pk=planned.pk).update(status="waiting")
    done = world.apply(preview, [planned.pk])
    assert [(one.status, one.message) for one in done.entries.all()] == [
        ("skipped", "A person said that it is another machine.")
    ]
    assert world.row(old_id)["isActive"] is True
    assert world.linked_id(uid) not in {None, old_id}


def test_move_planned_before_the_device_got_its_item_is_not_made(world: World, person: User) -> None:
    uid, old_id = abroad(world)
    preview = world.sync(dry_run=True)
    own = world.item(HERE, referenceNumber=uid)
    world.sync()
    assert world.linked_id(uid) == own
    done = world.apply(preview, [one.pk for one in world.waiting(preview)])
    assert done.entries.get().status == "skipped"
    assert (world.linked_id(uid), world.row(old_id)["isActive"]) == (own, True)


def test_word_is_taken_back_by_looking_again(world: World, person: User) -> None:
    uid, _ = abroad(world)
    DeviceTypeRule.objects.update(is_synced=False)
    drift.tell_apart([the(world, "elsewhere")], person)
    DeviceTypeRule.objects.update(is_synced=True)
    assert AnotherMachine.objects.count() == 1
    carry_out(world, drift.look_again([world.device(uid)], person))
    assert not AnotherMachine.objects.exists()
    assert world.kinds() == ["elsewhere"]


def test_word_is_taken_back_by_linking_it_after_all(world: World, person: User) -> None:
    uid, old_id = abroad(world)
    carry_out(world, drift.tell_apart([the(world, "elsewhere")], person))
    carry_out(world, drift.link_device(world.device(uid), world.mirrored(old_id), person))
    assert not AnotherMachine.objects.exists()
    assert world.linked_id(uid) == old_id
    assert "moved" in world.kinds(), "it stands at another organization still"


def test_left_question_stays_left_whatever_it_is_called(world: World, person: User) -> None:
    uid, old_id = abroad(world)
    finding = the(world, "elsewhere")
    dismiss([finding], person, "On loan")
    assert not SyncRunEntry.objects.filter(status="waiting").exists(), "nothing waits for approval besides"
    world.happens(uid, "rename", hostname="PC-9")
    world.reading.change("ConfigurationItems", old_id, referenceTitle="NEWER")
    world.sync()
    finding.refresh_from_db()
    assert (finding.state, finding.resolution) == ("dismissed", "On loan")
    assert "NEWER" in finding.summary
    assert (world.linked_id(uid), len(world.rows())) == (None, 1)
    reopen([finding])
    world.sync()
    carry_out(world, drift.approve_moves([the(world, "elsewhere")], person))
    assert world.linked_id(uid) not in {None, old_id}


def test_one_of_two_devices_gets_its_own_item_and_the_other_is_asked(world: World, person: User) -> None:
    uids = [world.add(HERE, hostname=f"PC-{n}", serial=SERIAL) for n in (1, 2)]
    old_id = world.item(THERE, serialNumber=SERIAL, referenceTitle="OLD")
    world.sync()
    assert world.kinds() == ["shared", "shared"]
    first = next(one for one in world.findings() if one.device == world.device(uids[0]))
    carry_out(world, drift.create_items([first], person))
    assert list(AnotherMachine.objects.values_list("device__datto_device_uid", flat=True)) == [uids[0]]
    world.sync()
    # The second one now shares its serial number with an item of its own organization, which is the first one's.
    assert (world.linked_id(uids[1]), world.row(old_id)["isActive"]) == (None, True)
    assert world.kinds() == ["shared"]


def test_item_of_another_device_elsewhere_is_never_asked_about(world: World) -> None:
    there = world.add(THERE, hostname="PC-1", serial=SERIAL)
    world.sync()
    here = world.add(HERE, hostname="PC-2", serial=SERIAL)
    assert world.sync().creates == 1
    assert None not in {world.linked_id(there), world.linked_id(here)}
    assert world.kinds() == []
    assert_settled(world)


def test_item_whose_device_was_deleted_is_asked_about_before_it_is_deactivated(
    world: World, person: User
) -> None:
    gone = world.add(THERE, hostname="PC-1", serial=SERIAL)
    world.sync()
    old_id = world.linked_id(gone) or 0
    world.happens(gone, "delete")
    here = world.add(HERE, hostname="PC-1", serial=SERIAL)
    run = world.sync()
    assert (run.creates, run.deactivations, world.kinds()) == (0, 0, ["elsewhere"])
    carry_out(world, drift.tell_apart([the(world, "elsewhere")], person))
    assert world.sync().deactivations == 1, "nobody takes it over, so the policy for deleted devices holds"
    assert not world.row(old_id)["isActive"]
    assert world.linked_id(here) not in {None, old_id}
    assert_settled(world)


@pytest.mark.parametrize("fields", [{"serialNumber": "To Be Filled By O.E.M."}, {"isActive": False}])
def test_junk_and_inactive_items_elsewhere_ask_nothing(world: World, fields: dict[str, object]) -> None:
    world.item(THERE, **{"serialNumber": SERIAL, **fields})
    world.add(HERE, hostname="PC-1", serial=str(fields.get("serialNumber", SERIAL)))
    assert world.sync().creates == 1
    assert world.kinds() == []


def test_item_of_an_organization_without_site_is_asked_about(world: World) -> None:
    mapped = set(SiteMapping.objects.exclude(company=None).values_list("company", flat=True))
    company = Company.objects.exclude(pk__in=mapped).filter(is_active=True).first()
    assert company is not None
    world.item(serialNumber=SERIAL, companyID=company.autotask_company_id)
    world.add(HERE, hostname="PC-1", serial=SERIAL)
    assert world.sync().creates == 0
    assert f"stands under {company.name}" in the(world, "elsewhere").summary


def test_device_of_an_unmapped_site_is_asked_nothing(world: World) -> None:
    world.item(THERE, serialNumber=SERIAL)
    decisions.ignore([SiteMapping.objects.get(site__name=HERE).pk], None)
    uid = world.add(HERE, hostname="PC-1", serial=SERIAL)
    assert world.sync().creates == 0
    assert (world.link(uid).state, world.kinds()) == ("unmapped", [])
