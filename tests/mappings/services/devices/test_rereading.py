"""What people change in Autotask while an item is moved or merged is not lost. Over HTTP, without workers."""

from __future__ import annotations

import pytest

from integration.models import SyncRun
from integration.sync.changes import apply_entries
from integration.vendors.autotask.client import AutotaskClient
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


def before_deactivation(world: World, monkeypatch: pytest.MonkeyPatch, item_id: int, **fields: object) -> None:
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
