"""The three answers to a serial number that stands at another organization, pressed on the pages. Over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from integration.models import Connection, SyncRun
from mappings.models import AnotherMachine, DeviceFinding
from tests.conftest import SentTask
from tests.mappings.services.devices.reading import Reading
from tests.mappings.services.devices.world import HERE, THERE, World
from tests.sandbox.served import Served

pytestmark = pytest.mark.django_db
LIST = "/admin/mappings/devicefinding/"
SERIAL = "5CG70401XQ"


@pytest.fixture
def world(connection: Connection, vendors: Served, redis_client: object) -> World:
    return World(Reading(vendors))


@pytest.fixture
def admin(client: Client, person: User) -> Client:
    client.force_login(person)
    return client


@pytest.fixture
def asked(world: World) -> DeviceFinding:
    """The open question about a device whose serial number stands at another organization."""
    world.add(HERE, hostname="PC-1", serial=SERIAL)
    world.item(THERE, serialNumber=SERIAL, referenceTitle="OLD")
    world.sync()
    (finding,) = world.findings(kind="elsewhere")
    return finding


def uid_of(finding: DeviceFinding) -> str:
    assert finding.device is not None
    return finding.device.datto_device_uid


def old_id_of(finding: DeviceFinding) -> int:
    assert finding.configuration_item is not None
    return finding.configuration_item.autotask_configuration_item_id


def sent(world: World, outbox: list[SentTask]) -> SyncRun:
    """Execute the one run that went to a worker."""
    (task,) = outbox
    return world.execute(SyncRun.objects.get(pk=task.args[0]))


def test_row_and_page_say_where_it_stands_and_what_can_be_done(admin: Client, asked: DeviceFinding) -> None:
    row = admin.get(LIST).content.decode()
    page = admin.get(f"{LIST}{asked.pk}/change/").content.decode()
    for text in (row, page):
        assert "Serial number stands at another organization" in text
        assert f"stands under {asked.detail['company_name']}" in text
        for label in ("Move it here", "It is another machine", "Leave it"):
            assert label in text, label
    for name in ("_move", "_another", "_leave"):
        assert f'name="{name}" value="{asked.pk}"' in row
    assert "What the move does" in page, "the move is previewed"
    assert "the device without one" in page


def test_page_costs_few_queries(admin: Client, asked: DeviceFinding) -> None:
    admin.get(LIST)
    with CaptureQueriesContext(database) as cost:
        assert admin.get(LIST).status_code == 200
    assert len(cost) < 15


@pytest.mark.parametrize("is_row", [True, False])
def test_move_it_here(
    admin: Client,
    world: World,
    asked: DeviceFinding,
    celery_outbox: list[SentTask],
    django_capture_on_commit_callbacks: Any,
    is_row: bool,
) -> None:
    celery_outbox.clear()
    with django_capture_on_commit_callbacks(execute=True):
        if is_row:
            admin.post(LIST, {"_move": asked.pk})
        else:
            admin.post(f"{LIST}{asked.pk}/change/", {"decision": "move"})
    assert "being done" in admin.get(LIST).content.decode()
    assert world.row(old_id_of(asked))["isActive"], "nothing is written while the page is open"
    assert sent(world, celery_outbox).status == "succeeded"
    new_id = world.linked_id(uid_of(asked)) or 0
    assert world.row(new_id)["companyID"] == world.company_id(HERE)
    assert not world.row(old_id_of(asked))["isActive"]
    asked.refresh_from_db()
    assert asked.state == "resolved"


@pytest.mark.parametrize("how", ["row", "page", "ticked"])
def test_it_is_another_machine(
    admin: Client,
    person: User,
    world: World,
    asked: DeviceFinding,
    celery_outbox: list[SentTask],
    django_capture_on_commit_callbacks: Any,
    how: str,
) -> None:
    celery_outbox.clear()
    with django_capture_on_commit_callbacks(execute=True):
        if how == "row":
            answer = admin.post(LIST, {"_another": asked.pk}, follow=True)
        elif how == "page":
            answer = admin.post(f"{LIST}{asked.pk}/change/", {"decision": "another"}, follow=True)
        else:
            ticked = {"action": "another_selected", "_selected_action": [asked.pk]}
            answer = admin.post(LIST, ticked, follow=True)
    assert "1 known as another machine." in answer.content.decode()
    said = AnotherMachine.objects.get()
    assert (said.device, said.configuration_item, said.said_by) == (
        asked.device,
        asked.configuration_item,
        person,
    )
    assert sent(world, celery_outbox).status == "succeeded"
    assert world.linked_id(uid_of(asked)) not in {None, old_id_of(asked)}
    world.sync()
    assert "elsewhere" not in world.kinds()


def test_another_machine_is_shown_on_the_devices_link_page_and_taken_back_there(
    admin: Client,
    world: World,
    asked: DeviceFinding,
    celery_outbox: list[SentTask],
    django_capture_on_commit_callbacks: Any,
) -> None:
    admin.post(LIST, {"_another": asked.pk})
    url = f"{LIST}device/{asked.device_id}/"
    page = admin.get(url).content.decode()
    assert "Another machine than" in page
    assert "said by ada" in page
    celery_outbox.clear()
    with django_capture_on_commit_callbacks(execute=True):
        admin.post(url, {"decision": "link_item", "item": asked.configuration_item_id})
    assert not AnotherMachine.objects.exists()
    assert world.linked_id(uid_of(asked)) == old_id_of(asked)
    assert "Another machine than" not in admin.get(url).content.decode()


def test_leave_it_needs_a_reason_stays_visible_and_can_be_taken_back(
    admin: Client, world: World, asked: DeviceFinding
) -> None:
    admin.post(LIST, {"_leave": asked.pk})
    asked.refresh_from_db()
    assert asked.state == "open"
    admin.post(f"{LIST}{asked.pk}/change/", {"decision": "leave", "reason": "On loan"})
    world.sync()
    assert (world.linked_id(uid_of(asked)), len(world.rows())) == (None, 1)
    assert "On loan" not in admin.get(LIST).content.decode()
    left = admin.get(f"{LIST}?state=dismissed").content.decode()
    assert "On loan" in left
    assert f'name="_reopen" value="{asked.pk}"' in left
    admin.post(LIST, {"_reopen": asked.pk})
    world.sync()
    assert world.kinds() == ["elsewhere"]


def test_who_may_only_look_sees_the_question_and_no_answer(client: Client, asked: DeviceFinding) -> None:
    viewer = User.objects.create_user("grace", password="nanosecond", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_devicefinding"))
    client.force_login(viewer)
    page = client.get(LIST).content.decode()
    assert asked.summary in page.replace("&#x27;", "'")
    assert 'name="_another"' not in page
    assert client.post(LIST, {"_another": asked.pk}).status_code == 403
    assert client.post(f"{LIST}{asked.pk}/change/", {"decision": "another"}).status_code == 403
    assert not AnotherMachine.objects.exists()


def test_another_kind_of_drift_is_not_told_apart(admin: Client, world: World) -> None:
    uid = world.add(HERE, hostname="PC-1", serial=SERIAL)
    for number in (1, 2):
        world.item(HERE, serialNumber=SERIAL, referenceTitle=f"OLD-{number}")
    world.sync()
    (finding,) = world.findings(kind="ambiguous")
    page = admin.post(LIST, {"_another": finding.pk}, follow=True).content.decode()
    assert "Nothing changed. 1 left alone: another kind of drift." in page
    assert world.linked_id(uid) is None
