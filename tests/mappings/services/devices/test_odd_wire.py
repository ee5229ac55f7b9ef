"""What vendors send in another form than they document: one row of it ends no run, doubles and loses nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from integration.models import SyncRun, SyncRunEntry
from integration.vendors.datto_rmm.records import read_alert, read_device, read_site
from mappings.models import ConfigurationItem, Device, MirrorState
from mappings.services.devices.mirrors import ITEMS
from tests.mappings.services.devices.reading import Reading
from tests.mappings.services.devices.world import HERE, THERE, World, assert_settled

pytestmark = pytest.mark.django_db
SERIAL = "5CG70401XQ"


@pytest.fixture
def world(reading: Reading) -> World:
    return World(reading)


def spoil(world: World, item_id: int, field: str, value: Any) -> None:
    """Let Autotask send a value of another type than its documentation tells."""
    table = world.sandbox.autotask._database.table("ConfigurationItems")
    table.rows[item_id][field] = value


def failures(run: SyncRun) -> list[SyncRunEntry]:
    return list(run.entries.filter(status=SyncRunEntry.Status.FAILED))


@pytest.mark.parametrize(
    ("field", "value"), [("serialNumber", ["x"]), ("numberOfUsers", "many"), ("installDate", 20240101)]
)
def test_one_odd_item_neither_ends_the_run_nor_is_doubled(world: World, field: str, value: Any) -> None:
    odd = world.item(serialNumber=SERIAL, referenceTitle="PC-1")
    spoil(world, odd, field, value)
    uid = world.add(hostname="PC-1", serial=SERIAL)
    other = world.add(THERE, hostname="PC-2", serial="5CG70402XQ")
    run = world.sync()
    assert run.status == "guarded", run.error
    assert f"Configuration item {odd}" in run.error
    assert field in run.error
    (failure,) = failures(run)
    assert (failure.object_id, failure.object_type) == (str(odd), "configuration_item")
    assert world.linked_id(other) is not None, "another organization's devices go on"
    assert [row["id"] for row in world.rows(companyID=world.company_id(HERE))] == [odd]
    (waiting,) = world.waiting(run)
    assert (waiting.operation, waiting.object_id) == ("create_item", uid)
    refreshed = world.refresh(uid)
    assert (refreshed.creates, len(world.waiting(refreshed))) == (0, 1), "nor does a run of that device alone"

    spoil(world, odd, field, SERIAL if field == "serialNumber" else None)
    run = world.sync()
    assert (run.status, run.creates) == ("succeeded", 0), run.error
    assert world.linked_id(uid) == odd
    assert_settled(world)


def test_known_item_that_turns_odd_stays_linked_and_is_asked_for_until_it_is_good(world: World) -> None:
    uid = world.add(hostname="PC-1", serial=SERIAL)
    gone = world.add(hostname="PC-2", serial="5CG70402XQ")
    world.sync()
    item_id = world.linked_id(uid) or 0
    world.reading.change("ConfigurationItems", item_id, serialNumber="CHANGED-1")
    spoil(world, item_id, "isActive", "perhaps")
    world.happens(gone, "delete")
    world.happens(gone, "purge")
    for _ in range(2):
        run = world.sync()
        assert (run.status, run.deactivations, run.creates) == ("guarded", 0, 0)
        assert world.linked_id(uid) == item_id
        assert not ConfigurationItem.objects.filter(is_missing=True).exists()
    spoil(world, item_id, "isActive", True)
    # As if more than the overlap of two reads had passed.
    MirrorState.objects.filter(name=ITEMS.name).update(full_read_at=timezone.now() - timedelta(hours=1))
    run = world.sync()
    assert (run.status, run.deactivations) == ("succeeded", 1)
    assert world.mirrored(item_id).serial_number in {"CHANGED-1", SERIAL}


def test_cursor_waits_for_the_odd_item(world: World) -> None:
    item_id = world.item(serialNumber=SERIAL)
    world.sync()
    before = timezone.now() - timedelta(hours=2)
    MirrorState.objects.filter(name=ITEMS.name).update(cursor_at=before)
    world.reading.change("ConfigurationItems", item_id, serialNumber="CHANGED-1")
    spoil(world, item_id, "contactID", "nobody")
    world.sync()
    assert MirrorState.objects.get(name=ITEMS.name).cursor_at == before


def test_answer_of_another_form_altogether_ends_the_run(world: World) -> None:
    for number in range(101):
        spoil(world, world.item(referenceTitle=f"PC-{number}"), "contactID", "nobody")
    run = world.sync()
    assert run.status == "failed"
    assert "More than 100" in run.error


def test_device_without_uid_ends_no_run_and_nothing_is_taken_for_gone(world: World) -> None:
    uids = [world.add(hostname=f"PC-{n}", serial=f"5CG7040{n}XQ") for n in (1, 2)]
    world.sync()
    world.sandbox.datto.devices[uids[0]].uid = ""
    world.happens(uids[1], "rename", hostname="NEW-2")
    run = world.sync()
    assert (run.status, run.updates, run.deactivations) == ("guarded", 1, 0), run.error
    assert "device.uid" in run.error
    assert [one.label for one in failures(run)] == ["PC-1"]
    assert not Device.objects.filter(is_deleted=True).exists()
    world.sandbox.datto.devices[uids[0]].uid = uids[0]
    assert world.sync().status == "succeeded"
    assert_settled(world)


@pytest.mark.parametrize("spell", [str.upper, lambda uid: f"{{{uid}}}", lambda uid: f" {{{uid.upper()}}} "])
def test_device_and_site_in_another_spelling_stay_one(world: World, spell: Any) -> None:
    uid = world.add(hostname="PC-1", serial=SERIAL)
    world.sync()
    sites = {one.name for one in world.sandbox.datto.sites.values()}
    before = Device.objects.count()
    site_uid = world.site_uid(HERE)
    world.sandbox.datto.devices[uid].uid = spell(uid)
    world.sandbox.datto.sites[site_uid].uid = spell(site_uid)
    run = world.sync()
    assert (run.status, run.creates, run.updates, run.deactivations) == ("succeeded", 0, 0, 0), run.error
    assert Device.objects.count() == before
    assert not Device.objects.filter(is_deleted=True).exists()
    assert world.device(uid).site.datto_site_uid == site_uid
    assert len(sites) > 1


def test_every_record_has_the_same_spelling() -> None:
    wanted = "7d0c3a52-1111-4222-8333-0123456789ab"
    sent = f"{{{wanted.upper()}}}"
    device = read_device({"uid": sent, "siteUid": sent})
    alert = read_alert({"alertUid": sent, "alertSourceInfo": {"deviceUid": sent, "siteUid": sent}})
    assert {
        device.uid,
        device.site_uid,
        alert.uid,
        alert.device_uid,
        alert.site_uid,
        read_site({"uid": sent}).uid,
    } == {wanted}
