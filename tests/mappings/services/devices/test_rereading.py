"""What people change in Autotask while an item is moved or merged is not lost. Over HTTP, without workers."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from integration.models import SyncRun
from integration.sync.changes import apply_entries, queue_changes
from integration.vendors.autotask.client import AutotaskClient
from mappings.services.devices import drift
from mappings.services.devices.merging import draft_merge
from tests.mappings.services.devices.reading import Reading
from tests.mappings.services.devices.world import (
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


def killed(world: World, monkeypatch: pytest.MonkeyPatch, run: SyncRun, method: str, times: int = 1) -> None:
    """Let a run die right after a call."""
    with monkeypatch.context() as patch:
        kill_after(patch, method, times)
        with pytest.raises(Killed):
            world.execute(run)
    revive(run)


def before_deactivation(
    world: World, monkeypatch: pytest.MonkeyPatch, item_id: int, **fields: object
) -> None:
    """Let a person change an item in the moment before it is read for the last time: after its attachments."""
    real = AutotaskClient.iter_configuration_item_attachments

    def read(self: AutotaskClient, configuration_item_id: int) -> object:
        if configuration_item_id == item_id:
            world.reading.change("ConfigurationItems", item_id, **fields)
        return real(self, configuration_item_id)

    monkeypatch.setattr(AutotaskClient, "iter_configuration_item_attachments", read)


def tagged(value: str) -> list[dict[str, str]]:
    return [{"name": "Asset Tag", "value": value}]


def test_change_while_a_move_copies_is_carried_over(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    uid, old_id, entry = moved(world)
    before_deactivation(
        world, monkeypatch, old_id, notes="On the desk.", location="Room 7", userDefinedFields=tagged("B-18")
    )
    done = world.apply(entry.run, [entry.pk])
    new = world.row(world.linked_id(uid) or 0)
    assert (new["notes"], new["location"], new["udfs"]["Asset Tag"]) == ("On the desk.", "Room 7", "B-18")
    assert world.row(old_id)["isActive"] is False
    assert "carried over: Asset Tag, location, notes." in done.entries.get().message
    assert "copied" not in done.entries.get().result
    assert_settled(world)


def test_value_that_was_cleared_while_a_move_copies_is_cleared_there_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    uid, old_id, entry = moved(world)
    before_deactivation(world, monkeypatch, old_id, notes=None)
    world.apply(entry.run, [entry.pk])
    assert not world.row(world.linked_id(uid) or 0).get("notes")


@pytest.mark.parametrize(
    ("method", "times"),
    [
        ("create_configuration_item", 1),
        ("create_configuration_item_note", 1),
        ("create_configuration_item_attachment", 1),
    ],
)
def test_change_while_a_move_lay_interrupted_is_carried_over(
    world: World, monkeypatch: pytest.MonkeyPatch, method: str, times: int
) -> None:
    uid, old_id, entry = moved(world)
    run = apply_entries(entry.run, None, entry_ids=[entry.pk])
    killed(world, monkeypatch, run, method, times)
    # Its name too: by that the clone is found again.
    world.reading.change("ConfigurationItems", old_id, notes="On the desk.", referenceTitle="BY HAND")
    world.note(old_id, "Third")
    assert world.execute(run).status == "succeeded"
    new_id = world.linked_id(uid) or 0
    assert {row["id"] for row in world.rows()} == {old_id, new_id}
    assert world.row(new_id)["notes"] == "On the desk."
    assert world.notes(new_id) == ["First", "Second", "Second", "Third"]
    world.sync()
    assert_settled(world)


def test_move_interrupted_after_it_carried_changes_over_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    uid, old_id, entry = moved(world)
    run = apply_entries(entry.run, None, entry_ids=[entry.pk])
    with monkeypatch.context() as patch:
        before_deactivation(world, patch, old_id, notes="On the desk.")
        killed(world, patch, run, "update_configuration_item")
    assert world.execute(run).status == "succeeded"
    new_id = world.linked_id(uid) or 0
    assert {row["id"] for row in world.rows()} == {old_id, new_id}
    assert (world.row(new_id)["notes"], world.row(old_id)["isActive"]) == ("On the desk.", False)


def test_move_stops_when_what_it_would_overwrite_was_changed_since(world: World) -> None:
    uid = world.add(HERE, hostname="PC-1", serial=SERIAL)
    world.sync()
    old_id = world.linked_id(uid) or 0
    world.happens(uid, "rename", hostname="PC-9")
    world.happens(uid, "move", siteUid=world.site_uid(THERE))
    run = world.sync()
    world.reading.change("ConfigurationItems", old_id, referenceTitle="BY HAND")
    done = world.apply(run, [one.pk for one in world.waiting(run)])
    entry = done.entries.get()
    assert (entry.status, entry.message) == (
        "skipped",
        "The reference title has changed since: it is BY HAND now.",
    )
    assert (world.row(old_id)["isActive"], len(world.rows())) == (True, 1)
    assert world.kinds() == ["moved"], "it can be chosen again"


def test_move_stops_when_a_person_deactivated_the_item_meanwhile(world: World) -> None:
    uid, old_id, entry = moved(world)
    world.reading.change("ConfigurationItems", old_id, isActive=False)
    done = world.apply(entry.run, [entry.pk])
    assert done.entries.get().message == "The configuration item was deactivated in Autotask meanwhile."
    assert (world.linked_id(uid), len(world.rows())) == (old_id, 1)


def merged(world: World, person: User) -> tuple[str, int, int, SyncRun]:
    """Return a device, its item, a second one that stands for it too, and the merge of both that a person chose."""
    uid = world.add(THERE, hostname="PC-1", serial=SERIAL)
    mine = world.item(THERE, serialNumber=SERIAL, referenceNumber=uid, configurationItemCategoryID=5)
    twin = world.item(
        THERE,
        serialNumber=SERIAL,
        configurationItemCategoryID=5,
        location="Room 7",
        userDefinedFields=tagged("A-17"),
    )
    world.note(twin, "First")
    world.sync()
    assert world.linked_id(uid) == mine
    draft = draft_merge(world.device(uid), world.mirrored(mine), world.mirrored(twin))
    return uid, mine, twin, queue_changes("devices", [draft], person)


@pytest.mark.parametrize(
    ("of_survivor", "fields", "told"),
    [
        (True, {"location": "Cellar"}, "The location has changed since: it is Cellar now."),
        (True, {"userDefinedFields": tagged("B-18")}, "Asset Tag has changed since: it is B-18 now."),
        (True, {"isActive": False}, "was deactivated in Autotask meanwhile."),
        (False, {"location": "Room 8"}, "has changed since. Look at both again."),
    ],
)
def test_merge_stops_when_one_of_both_was_changed_since_it_was_chosen(
    world: World, person: User, of_survivor: bool, fields: dict[str, object], told: str
) -> None:
    _, mine, twin, run = merged(world, person)
    world.reading.change("ConfigurationItems", mine if of_survivor else twin, **fields)
    world.forget_writes()
    world.execute(run)
    entry = run.entries.get()
    assert (entry.status, told in entry.message) == ("skipped", True), entry.message
    assert world.writes() == {"create": 0, "update": 0, "unchanged": 0}
    assert (world.notes(mine), world.row(twin)["isActive"]) == ([], True)


def test_change_while_a_merge_copies_is_taken_over_and_undone_with_it(
    world: World, person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    uid, mine, twin, run = merged(world, person)
    with monkeypatch.context() as patch:
        before_deactivation(
            world,
            patch,
            twin,
            location="Room 8",
            userDefinedFields=tagged("B-18"),
            warrantyExpirationDate="2029-01-31T00:00:00Z",
        )
        assert world.execute(run).status == "succeeded"
    row = world.row(mine)
    assert (row["location"], row["udfs"]["Asset Tag"], row["warrantyExpirationDate"][:10]) == (
        "Room 8",
        "B-18",
        "2029-01-31",
    )
    assert (world.linked_id(uid), world.row(twin)["isActive"]) == (mine, False)
    assert_settled(world)
    assert world.undo(run).status == "succeeded"
    row = world.row(mine)
    assert not row.get("location")
    assert not row["udfs"].get("Asset Tag")
    assert not row.get("warrantyExpirationDate")


def test_what_a_person_gave_the_survivor_meanwhile_stays(
    world: World, person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, mine, twin, run = merged(world, person)
    killed(world, monkeypatch, run, "create_configuration_item_note")
    world.reading.change("ConfigurationItems", mine, location="Cellar")
    world.reading.change("ConfigurationItems", twin, location="Room 8")
    assert world.execute(run).status == "succeeded"
    assert (world.row(mine)["location"], world.row(twin)["isActive"]) == ("Cellar", False)


def test_merge_killed_at_its_first_write_goes_on(
    world: World, person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, mine, twin, run = merged(world, person)
    killed(world, monkeypatch, run, "update_configuration_item")
    assert world.execute(run).status == "succeeded"
    assert (world.row(mine)["location"], world.row(twin)["isActive"]) == ("Room 7", False)


def test_merge_leaves_an_item_that_was_given_to_another_device(world: World, person: User) -> None:
    _, _, twin, run = merged(world, person)
    other = world.add(THERE, hostname="PC-9", serial="5CG70409XQ")
    world.refresh(other)
    drift.link_device(world.device(other), world.mirrored(twin), person)
    world.execute(run)
    entry = run.entries.get()
    assert entry.status == "skipped"
    assert "is linked to PC-9 by now" in entry.message
    assert world.row(twin)["isActive"]
