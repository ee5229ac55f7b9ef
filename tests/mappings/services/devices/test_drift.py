"""What a person does about a drift, and what becomes of it. Over HTTP, without workers."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integration.models import SyncRun, SyncRunEntry
from integration.sync.changes import apply_entries, queue_changes
from mappings.models import DeviceFinding
from mappings.services.devices import drift
from mappings.services.devices.drift import DriftRefused, Outcome
from mappings.services.devices.findings import dismiss
from mappings.services.devices.merging import draft_merge
from tests.mappings.services.devices.reading import Reading
from tests.mappings.services.devices.world import (
    BILLED,
    HERE,
    THERE,
    Killed,
    World,
    assert_settled,
    kill_after,
    moved,
    revive,
)

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


def ambiguous(world: World) -> tuple[str, list[int]]:
    uid = world.add(hostname="PC-1", serial=SERIAL)
    ids = [world.item(serialNumber=SERIAL, referenceTitle=f"OLD-{n}") for n in (1, 2)]
    world.sync()
    assert world.kinds() == ["ambiguous"]
    return uid, ids


def test_chosen_item_stays_chosen_and_is_brought_in_step(world: World, person: User) -> None:
    uid, (first, second) = ambiguous(world)
    finding = the(world, "ambiguous")
    outcome = drift.link_device(world.device(uid), world.mirrored(second), person, finding=finding)
    carry_out(world, outcome)
    assert (world.linked_id(uid), world.link(uid).basis) == (second, "person")
    assert world.row(second)["referenceTitle"] == "PC-1"
    assert world.row(first)["referenceTitle"] == "OLD-1"
    assert world.kinds() == ["duplicate"], "the other one has its serial number still"
    assert_settled(world)
    assert outcome.history is not None
    world.undo(outcome.history)
    assert world.linked_id(uid) is None
    world.sync()
    assert (world.linked_id(uid), world.link(uid).basis) == (second, "uid"), (
        "it holds the device's uid by now"
    )


def test_new_item_instead_of_several_that_fit(world: World, person: User) -> None:
    uid, ids = ambiguous(world)
    world.policy(creates_items=False)
    done = carry_out(world, drift.create_items([the(world, "ambiguous")], person))
    assert done.creates == 1
    new = world.linked_id(uid)
    assert new is not None
    assert new not in ids
    assert world.findings(kind="ambiguous") == []
    again = DeviceFinding.objects.get(kind="ambiguous")
    assert (again.state, again.closed_by) == ("resolved", person)


def test_item_of_another_device_cannot_be_chosen(world: World, person: User) -> None:
    one = world.add(hostname="PC-1", serial=SERIAL)
    world.sync()
    other = world.add(hostname="PC-2", serial="5CG70402XQ")
    world.sync()
    with pytest.raises(DriftRefused, match="is linked to PC-1"):
        drift.link_device(world.device(other), world.mirrored(world.linked_id(one) or 0), person)
    assert SyncRun.objects.filter(mode="apply").count() == 0, "a refused link leaves no history"


def test_device_that_a_person_left_out_stays_out(world: World, person: User) -> None:
    uid = world.add(hostname="PC-1", serial=SERIAL)
    world.sync()
    item_id = world.linked_id(uid) or 0
    with pytest.raises(DriftRefused, match="reason"):
        drift.leave_out([world.device(uid)], person, " ")
    outcome = drift.leave_out([world.device(uid)], person, "The boss's own")
    assert outcome.history is not None
    world.happens(uid, "rename", hostname="PC-9")
    world.forget_writes()
    world.sync()
    link = world.link(uid)
    assert (link.state, link.configuration_item) == ("excluded", None)
    assert link.reason == "Left out by ada: The boss's own"
    assert world.writes() == {"create": 0, "update": 0, "unchanged": 0}
    assert_settled(world)
    carry_out(world, drift.look_again([world.device(uid)], person))
    assert world.linked_id(uid) == item_id
    assert world.row(item_id)["referenceTitle"] == "PC-9"


def test_leaving_out_is_undone_in_the_history(world: World, person: User) -> None:
    uid = world.add(hostname="PC-1", serial=SERIAL)
    world.sync()
    item_id = world.linked_id(uid)
    outcome = drift.leave_out([world.device(uid)], person, "A mistake")
    assert outcome.history is not None
    assert world.linked_id(uid) is None
    world.undo(outcome.history)
    assert world.linked_id(uid) == item_id
    assert_settled(world)


def test_move_is_approved_from_the_drift(world: World, person: User) -> None:
    uid, old_id, entry = moved(world)
    finding = the(world, "moved")
    preview = drift.preview_move(finding)
    assert not isinstance(preview, str)
    assert preview.after["autotask_company_id"] == world.company_id(THERE)
    outcome = drift.approve_moves([finding], person)
    finding.refresh_from_db()
    assert list(drift.busy_runs([finding])) == [finding.pk]
    assert drift.approve_moves([finding], person).skipped == {"a run is at it": 1}
    carry_out(world, outcome)
    assert world.linked_id(uid) not in {None, old_id}
    entry.refresh_from_db()
    assert entry.status == "handed_on", "what the run had planned waits no more"
    assert world.kinds() == []
    assert_settled(world)


def test_move_that_is_no_longer_one_is_left_alone(world: World, person: User) -> None:
    uid, _, _ = moved(world)
    finding = the(world, "moved")
    world.happens(uid, "move", siteUid=world.site_uid(HERE))
    world.refresh(uid)
    finding.state = "open"
    outcome = drift.approve_moves([finding], person)
    assert (outcome.changed, outcome.runs, sum(outcome.skipped.values())) == (0, [], 1)


def test_move_that_failed_half_way_is_chosen_again_without_a_second_clone(world: World, person: User) -> None:
    uid, old_id, _ = moved(world)
    run = drift.approve_moves([the(world, "moved")], person).runs[0]
    with world.fault(vendor="autotask", kind="500", method="POST", path="*/ConfigurationItems/*/Attachments"):
        world.execute(run)
    entry = run.entries.get()
    if entry.status == "planned":
        SyncRun.objects.filter(pk=run.pk).update(status="failed", finished_at=timezone.now())
        SyncRunEntry.objects.filter(pk=entry.pk).update(status="failed")
    assert entry.result["notes"] == 3
    carry_out(world, drift.approve_moves([the(world, "moved")], person))
    new_id = world.linked_id(uid) or 0
    assert {row["id"] for row in world.rows()} == {old_id, new_id}
    assert world.notes(new_id) == ["First", "Second", "Second"]
    assert world.attachments(new_id) == ["Invoice"]


def merged(world: World) -> tuple[str, int, int]:
    """Return a device, the item it is linked to, and a second one that stands for it too."""
    uid = world.add(THERE, hostname="PC-1", serial=SERIAL)
    mine = world.item(THERE, serialNumber=SERIAL, referenceNumber=uid, configurationItemCategoryID=5)
    twin = world.item(
        THERE,
        serialNumber=SERIAL,
        configurationItemCategoryID=5,
        location="Room 7",
        userDefinedFields=[{"name": "Asset Tag", "value": "A-17"}],
    )
    for title in ("First", "Second", "Second"):
        world.note(twin, title)
    world.attach(twin, "Invoice")
    world.bill(twin, BILLED[0])
    world.sync()
    assert world.linked_id(uid) == mine
    assert world.kinds() == ["duplicate"]
    return uid, mine, twin


def test_duplicates_are_merged_and_the_merge_is_undone(world: World, person: User) -> None:
    _uid, mine, twin = merged(world)
    done = carry_out(world, drift.merge_items(the(world, "duplicate"), world.mirrored(mine), person))
    assert (world.row(mine)["isActive"], world.row(twin)["isActive"]) == (True, False)
    assert world.row(mine)["udfs"]["Asset Tag"] == "A-17"
    assert world.row(mine)["location"] == "Room 7"
    assert world.notes(mine) == ["First", "Second", "Second"]
    assert world.attachments(mine) == ["Invoice"]
    assert world.kinds() == []
    assert_settled(world)
    back = world.undo(done)
    assert back.status == "succeeded", back.entries.first()
    assert (world.row(mine)["isActive"], world.row(twin)["isActive"]) == (True, True)
    assert not world.row(mine)["udfs"].get("Asset Tag")
    assert not world.row(mine).get("location")
    world.sync()
    assert world.kinds() == ["duplicate"]


def test_the_other_duplicate_can_stay(world: World, person: User) -> None:
    uid, mine, twin = merged(world)
    done = carry_out(world, drift.merge_items(the(world, "duplicate"), world.mirrored(twin), person))
    assert (world.linked_id(uid), world.row(mine)["isActive"]) == (twin, False)
    world.sync()
    assert_settled(world)
    world.undo(done)
    assert (world.linked_id(uid), world.row(mine)["isActive"]) == (mine, True)


@pytest.mark.parametrize(
    ("method", "times"),
    [
        ("update_configuration_item", 1),
        ("create_configuration_item_note", 2),
        ("create_configuration_item_attachment", 1),
        ("create_billing_product_association", 1),
        ("end_billing_product_association", 1),
        ("update_configuration_item", 2),
    ],
)
def test_interrupted_merge_goes_on_and_copies_nothing_twice(
    world: World, person: User, monkeypatch: pytest.MonkeyPatch, method: str, times: int
) -> None:
    uid, mine, twin = merged(world)
    run = queue_changes(
        "devices", [draft_merge(world.device(uid), world.mirrored(mine), world.mirrored(twin))], person
    )
    with monkeypatch.context() as patch:
        kill_after(patch, method, times)
        with pytest.raises(Killed):
            world.execute(run)
    revive(run)
    assert world.execute(run).status == "succeeded"
    assert world.notes(mine) == ["First", "Second", "Second"]
    assert world.attachments(mine) == ["Invoice"]
    assert (world.billed(mine), world.billed(twin)) == ([BILLED[0]], [])
    assert not world.row(twin)["isActive"]
    assert_settled(world)


def test_merge_that_failed_is_tried_again_without_doubles(world: World, person: User) -> None:
    _uid, mine, _twin = merged(world)
    outcome = drift.merge_items(the(world, "duplicate"), world.mirrored(mine), person)
    with world.fault(vendor="autotask", kind="500", method="POST", path="*/Attachments"):
        world.execute(outcome.runs[0])
    SyncRun.objects.filter(pk=outcome.runs[0].pk).update(not_before=None)
    run = outcome.runs[0]
    run.refresh_from_db()
    if run.status != "queued":
        run = apply_entries(run, person, entry_ids=list(run.entries.values_list("pk", flat=True)))
    assert world.execute(run).status == "succeeded"
    assert world.notes(mine) == ["First", "Second", "Second"]
    assert world.attachments(mine) == ["Invoice"]


def test_items_without_device_are_linked_deactivated_or_left(world: World, person: User) -> None:
    uid = world.add(hostname="PC-1", serial=SERIAL)
    world.sync()
    ids = [
        world.item(referenceTitle=f"LONE-{n}", configurationItemType=1, serialNumber=f"LONELY-{n}X")
        for n in range(3)
    ]
    world.sync()
    assert world.kinds() == ["item_without_device"] * 3
    finding_of = {one.configuration_item_id: one for one in world.findings()}
    one, other, third = (finding_of[world.mirrored(item_id).pk] for item_id in ids)
    former = world.linked_id(uid)
    carry_out(world, drift.link_device(world.device(uid), world.mirrored(ids[0]), person, finding=one))
    assert world.linked_id(uid) == ids[0] != former
    done = carry_out(world, drift.deactivate_items([other], person))
    assert (done.deactivations, world.row(ids[1])["isActive"]) == (1, False)
    assert dismiss([third], person, "A printer we do not manage") == 1
    world.sync()
    assert world.kinds() == ["duplicate"], "the item it had before has its serial number"
    third.refresh_from_db()
    assert (third.state, third.resolution) == ("dismissed", "A printer we do not manage")
    world.undo(done)
    assert world.row(ids[1])["isActive"]


def test_deleted_devices_item_is_deactivated_by_a_person(world: World, person: User) -> None:
    world.policy(when_deleted="leave")
    uid = world.add(hostname="PC-1", serial=SERIAL)
    world.sync()
    item_id = world.linked_id(uid) or 0
    world.happens(uid, "delete")
    world.sync()
    carry_out(world, drift.deactivate_items([the(world, "device_deleted")], person, ends_billing=True))
    assert not world.row(item_id)["isActive"]
    assert world.kinds() == []
    assert_settled(world)


def test_item_that_vanished_is_created_anew(world: World, person: User) -> None:
    uid = world.add(hostname="PC-1", serial=SERIAL)
    world.sync()
    old = world.linked_id(uid) or 0
    world.reading.delete("ConfigurationItems", old)
    run = world.refresh(uid)
    assert (run.creates, world.kinds()) == (0, ["item_gone"])
    done = carry_out(world, drift.create_items([the(world, "item_gone")], person))
    assert done.creates == 1
    assert world.linked_id(uid) not in {None, old}
    assert world.kinds() == []
    assert_settled(world)


def test_deactivated_item_is_activated_again(world: World, person: User) -> None:
    uid = world.add(hostname="PC-1", serial=SERIAL)
    world.sync()
    item_id = world.linked_id(uid) or 0
    world.reading.change("ConfigurationItems", item_id, isActive=False)
    world.sync()
    done = carry_out(world, drift.reactivate_items([the(world, "item_inactive")], person))
    assert world.row(item_id)["isActive"]
    assert world.kinds() == []
    assert_settled(world)
    world.undo(done)
    assert not world.row(item_id)["isActive"]


def test_left_drift_comes_back_when_it_becomes_another(world: World, person: User) -> None:
    uid, (_first, _second) = ambiguous(world)
    dismiss(world.findings(), person, "Asked the customer")
    world.sync()
    assert world.kinds() == []
    world.item(serialNumber=SERIAL, referenceTitle="OLD-3")
    world.sync()
    assert world.kinds() == ["ambiguous"]
    assert world.linked_id(uid) is None
