"""Runs of kind `devices` that are interrupted, refused, undone, limited or paused. Over HTTP, without workers."""

from __future__ import annotations

import pytest

from integration.clients import drop_clients
from integration.connections import get_connection, pause, resume
from integration.models import SyncRun
from integration.sync.changes import apply_entries
from integration.sync.runs import execute_run, queue_run
from integration.vendors.datto_rmm import DattoRmmClient
from mappings.services.devices.links import Wish, set_links
from tests.mappings.services.devices.reading import Reading
from tests.mappings.services.devices.world import (
    BILLED,
    Killed,
    World,
    assert_settled,
    kill_after,
    moved,
    revive,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(reading: Reading) -> World:
    return World(reading)


def test_incomplete_read_of_datto_rmm_deactivates_nothing(world: World) -> None:
    uids = [world.add(hostname=f"PC-{n}", serial=f"5CG7040{n}XQ") for n in (1, 2)]
    world.sync()
    world.happens(uids[0], "delete")
    world.happens(uids[0], "purge")
    with world.fault(vendor="datto_rmm", kind="500", path="*/account/devices"):
        run = world.sync()
    assert (run.status, run.deactivations) == ("failed", 0)
    assert all(row["isActive"] for row in world.rows())
    assert world.refresh(uids[0]).deactivations == 0, "one device says nothing of the whole list"
    assert world.sync().deactivations == 1


def test_incomplete_read_of_autotask_creates_nothing(world: World) -> None:
    world.add(hostname="PC-1", serial="5CG70401XQ")
    world.item(serialNumber="5CG70401XQ")
    with world.fault(vendor="autotask", kind="500", path="*/ConfigurationItems/query"):
        run = world.sync()
    assert (run.status, run.creates) == ("failed", 0)
    assert len(world.rows()) == 1
    assert world.sync().creates == 0
    assert len(world.rows()) == 1


def test_killed_between_create_and_save_makes_one_item(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    uid = world.add(hostname="PC-1", serial="5CG70401XQ")
    run, _ = queue_run(kind="devices", trigger=SyncRun.Trigger.SCHEDULE)
    with monkeypatch.context() as patch:
        kill_after(patch, "create_configuration_item")
        with pytest.raises(Killed):
            execute_run(run.pk)
    revive(run)
    done = world.execute(run)
    assert (done.status, done.creates) == ("succeeded", 1)
    (row,) = world.rows()
    assert world.linked_id(uid) == row["id"]
    assert_settled(world)


def test_create_whose_answer_is_cut_makes_one_item(world: World) -> None:
    uid = world.add(hostname="PC-1", serial="5CG70401XQ")
    with world.fault(
        vendor="autotask", kind="cut_after_store", method="POST", path="*/ConfigurationItems", count=1
    ):
        run = world.sync()
    assert (run.status, run.creates) == ("succeeded", 1)
    (row,) = world.rows()
    assert world.linked_id(uid) == row["id"]


@pytest.mark.parametrize(
    ("method", "times"),
    [
        ("create_configuration_item", 1),
        ("create_configuration_item_note", 1),
        ("create_configuration_item_note", 2),
        ("create_configuration_item_attachment", 1),
        ("create_billing_product_association", 1),
        ("end_billing_product_association", 1),
        ("create_billing_product_association", 2),
        ("update_configuration_item", 1),
    ],
)
@pytest.mark.parametrize("reference", ["", "Inventory 17"])
def test_interrupted_move_goes_on_and_copies_nothing_twice(
    world: World, monkeypatch: pytest.MonkeyPatch, method: str, times: int, reference: str
) -> None:
    uid, old_id, entry = moved(world, reference=reference)
    run = apply_entries(entry.run, None, entry_ids=[entry.pk])
    with monkeypatch.context() as patch:
        kill_after(patch, method, times)
        with pytest.raises(Killed):
            execute_run(run.pk)
    revive(run)
    done = world.execute(run)
    assert (done.status, done.updates) == ("succeeded", 1), list(done.entries.values("message", "status"))
    new_id = world.linked_id(uid) or 0
    assert {row["id"] for row in world.rows()} == {old_id, new_id}
    assert world.notes(new_id) == ["First", "Second", "Second"]
    assert world.attachments(new_id) == ["Invoice"]
    assert (world.billed(old_id), world.billed(new_id)) == ([], BILLED)
    assert (world.row(old_id)["isActive"], world.row(new_id)["isActive"]) == (False, True)
    assert_settled(world)


def test_move_is_undone_with_what_is_billed(world: World) -> None:
    uid, old_id, entry = moved(world)
    done = world.apply(entry.run, [entry.pk])
    new_id = world.linked_id(uid) or 0
    world.undo(done)
    assert world.linked_id(uid) == old_id
    assert (world.billed(old_id), world.billed(new_id)) == (BILLED, [])


def test_move_goes_on_where_billed_products_may_not_be_read(world: World) -> None:
    uid, old_id, entry = moved(world)
    denied = world.sandbox.autotask._database.switches.denied
    denied.append("ConfigurationItemBillingProductAssociations:query")
    done = world.apply(entry.run, [entry.pk])
    assert done.status == "succeeded"
    result = done.entries.get().result
    assert "may not read them" in result["billing_products"]
    assert world.linked_id(uid) not in {None, old_id}


def test_two_devices_never_claim_one_item(world: World) -> None:
    item_id = world.item(serialNumber="5CG70401XQ")
    uids = [world.add(hostname=f"PC-{n}", serial="5CG70401XQ") for n in (1, 2)]
    run = world.sync()
    assert (run.creates, [world.linked_id(uid) for uid in uids]) == (0, [None, None])
    assert world.kinds() == ["shared", "shared"]
    assert world.row(item_id)["isActive"]
    assert_settled(world)


def test_refresh_of_one_device_touches_only_that_device(world: World) -> None:
    one, other = (world.add(hostname=f"PC-{n}", serial=f"5CG7040{n}XQ") for n in (1, 2))
    world.sync()
    ids = {uid: world.linked_id(uid) or 0 for uid in (one, other)}
    for number, uid in enumerate((one, other), 8):
        world.happens(uid, "rename", hostname=f"PC-{number}")
    world.forget_writes()
    run = world.refresh(one)
    assert (run.status, run.updates) == ("succeeded", 1)
    assert world.row(ids[one])["referenceTitle"] == "PC-8"
    assert world.row(ids[other])["referenceTitle"] == "PC-2"
    assert world.writes()["update"] == 1
    new = world.add(hostname="PC-3", serial="5CG70403XQ")
    assert world.refresh(new).creates == 1


def test_run_is_undone_as_a_whole_and_entry_by_entry(world: World) -> None:
    uids = [world.add(hostname=f"PC-{n}", serial=f"5CG7040{n}XQ") for n in (1, 2)]
    created = world.sync()
    ids = [world.linked_id(uid) or 0 for uid in uids]
    for uid in uids:
        world.happens(uid, "rename", hostname=f"NEW-{uid[:4]}")
    renamed = world.sync()
    entry = renamed.entries.get(object_id=uids[0])
    assert world.undo(renamed, [entry.pk]).updates == 1
    assert world.row(ids[0])["referenceTitle"] == "PC-1"
    assert world.row(ids[1])["referenceTitle"] != "PC-2"
    undone = world.undo(created)
    assert undone.deactivations == 2
    assert not any(row["isActive"] for row in world.rows())
    world.sync()
    assert world.kinds() == ["item_inactive", "item_inactive"], "what was undone is not done again by itself"


def test_guard_stops_a_mass_change_which_a_person_can_apply(world: World) -> None:
    world.policy(guard_always=2, guard_share_percent=20)
    uids = [world.add(hostname=f"PC-{n}", serial=f"5CG7040{n}XQ") for n in range(1, 7)]
    world.sync()
    for uid in uids[:4]:
        world.happens(uid, "rename", hostname=f"NEW-{uid[:4]}")
    world.forget_writes()
    run = world.sync()
    assert (run.status, run.updates) == ("guarded", 0)
    assert "4 of 6" in run.error
    assert world.writes()["update"] == 0
    done = world.apply(run)
    assert (done.status, done.updates) == ("succeeded", 4)
    assert_settled(world)


def test_pause_stops_writes_and_the_run_goes_on_afterwards(world: World) -> None:
    uid = world.add(hostname="PC-1", serial="5CG70401XQ")
    run, _ = queue_run(kind="devices", trigger=SyncRun.Trigger.SCHEDULE)
    pause(get_connection(), "a test")
    drop_clients()
    waiting = world.execute(run)
    assert (waiting.status, world.rows()) == ("queued", [])
    resume(get_connection())
    drop_clients()
    SyncRun.objects.filter(pk=run.pk).update(not_before=None)
    done = world.execute(run)
    assert (done.status, done.creates) == ("succeeded", 1)
    assert world.linked_id(uid) is not None


def test_device_that_a_shifting_list_missed_keeps_its_item(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    uids = [world.add(hostname=f"PC-{n}", serial=f"5CG7040{n}XQ") for n in range(1, 7)]
    world.sync()
    world.happens(uids[1], "delete")
    whole = DattoRmmClient.iter_devices
    with monkeypatch.context() as patch:
        patch.setattr(
            DattoRmmClient,
            "iter_devices",
            lambda self, **more: (one for one in whole(self, **more) if one.uid != uids[0]),
        )
        run = world.sync()
    assert (run.status, run.deactivations) == ("succeeded", 1), "the one that is really deleted"
    assert world.row(world.linked_id(uids[0]) or 0)["isActive"], "its device was there all the time"
    assert world.sync().deactivations == 0, "the drift it seemed to be ends by itself"
    assert_settled(world)


def test_planned_change_of_an_item_that_a_person_gave_to_another_device_is_not_written(world: World) -> None:
    first, second = (world.add(hostname=f"PC-{n}", serial=f"5CG7040{n}XQ") for n in (1, 2))
    world.sync()
    item_id = world.linked_id(first)
    world.happens(first, "rename", hostname="NEW-1")
    preview = world.sync(dry_run=True)
    item = world.mirrored(item_id or 0)
    set_links([Wish(world.device(first), None)], None, title="A test")
    set_links([Wish(world.device(second), item)], None, title="A test")
    done = world.apply(preview)
    assert [entry.status for entry in done.entries.all()] == ["skipped"]
    assert world.row(item_id or 0)["referenceTitle"] == "PC-1"
