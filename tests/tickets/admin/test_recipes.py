"""The recipes page and the one click that creates the ticket UDFs."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from integration.models import Connection, SyncRun
from mappings.models import PicklistValue, TicketUdf
from tests.conftest import SentTask
from tickets.domain.udf_values import STANDARD_SET
from tickets.models import TicketDefaults

pytestmark = pytest.mark.django_db
SET = "/admin/recipes/ticket-udfs/"


@pytest.fixture
def admin(client: Client) -> Client:
    Connection.objects.create(is_enabled=True, callout_secret="hush-hush")
    client.force_login(User.objects.create_superuser("ada", password="analytical-engine"))
    return client


def sign_in(role: str) -> Client:
    user = User.objects.create_user(role.lower(), password="a long password", is_staff=True)
    user.groups.set(Group.objects.filter(name=role))
    client = Client()
    client.force_login(user)
    return client


def words(client: Client, address: str = "/admin/recipes/") -> str:
    page: Any = client.get(address)
    assert page.status_code == 200
    return str(page.content.decode())


def test_recipes_with_names_and_address(admin: Client) -> None:
    now = timezone.now()
    queue = PicklistValue.objects.create(
        entity="Tickets", field="queueID", value=77, label="Night Watch", synced_at=now
    )
    TicketDefaults.objects.filter(pk=1).update(
        queue=queue, ticket_udfs={"RMM Occurrences": "{{ ticket.occurrences }}"}
    )
    TicketUdf.objects.create(autotask_udf_id=1, name="RMM Occurrences", data_type="number", synced_at=now)
    text = words(admin)
    assert "Condition: Queue equals: Night Watch." in text
    assert "RMM Occurrences is greater than 10" in text
    assert "/hooks/autotask/callout/hush-hush/" in text
    assert 'data-copy="recipe-callout-copy-2"' in text


@pytest.mark.parametrize("role", ["Viewer", "Technician", "Dispatcher"])
def test_the_secret_address_is_only_for_those_who_may_change_the_connection(admin: Client, role: str) -> None:
    text = words(sign_in(role))
    assert "hush-hush" not in text
    assert "Ask somebody who may change the connection" in text


def test_the_set_is_shown_then_queued_once(
    admin: Client, celery_outbox: list[SentTask], django_capture_on_commit_callbacks: Any
) -> None:
    TicketUdf.objects.create(
        autotask_udf_id=1, name="RMM site", data_type="text", is_active=False, synced_at=timezone.now()
    )
    text = words(admin, SET)
    assert "RMM site is switched off in Autotask" in text
    with django_capture_on_commit_callbacks(execute=True):
        answer = admin.post(SET)
    run = SyncRun.objects.get()
    assert answer.headers["Location"] == f"/admin/integration/syncrun/{run.pk}/change/"
    assert run.kind == "reference"
    assert run.entries.filter(operation="create_ticket_udf").count() == len(STANDARD_SET) - 1
    assert [task.args for task in celery_outbox] == [[run.pk]]
    admin.post(SET)
    assert SyncRun.objects.count() == 1


def test_nothing_is_written_while_the_integration_is_off(admin: Client) -> None:
    Connection.objects.update(is_enabled=False)
    assert admin.post(SET).headers["Location"] == SET
    assert not SyncRun.objects.exists()


def test_a_viewer_sees_the_set_and_creates_nothing(admin: Client) -> None:
    viewer = sign_in("Viewer")
    assert "Somebody who may change ticket defaults can create it." in words(viewer, SET)
    assert viewer.post(SET).status_code == 403
