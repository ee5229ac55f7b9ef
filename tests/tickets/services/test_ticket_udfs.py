"""Ticket UDFs over the sandbox: the standard set, what tickets are created with, and the counter."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integration.models import SyncRun
from integration.sync.changes import undo_entries
from integration.sync.runs import execute_run
from mappings.models import TicketUdf
from mappings.services.devices.udf_set import queue_udf_changes
from tests.tickets.services.conftest import Bridge
from tests.tickets.services.test_repeats import DISK, clear, fire, notes, settings
from tickets.domain.udf_values import STANDARD_SET
from tickets.models import Action, Ticket, TicketDefaults
from tickets.services.udf_set import plan_standard_set

pytestmark = pytest.mark.django_db(transaction=True)
DEFINITIONS = "UserDefinedFieldDefinitions"


@pytest.fixture
def person(bridge: Bridge) -> User:
    return User.objects.create_superuser("ada", password="analytical-engine")


@pytest.fixture
def standard(bridge: Bridge, person: User) -> SyncRun:
    """The standard set, made by one click; Autotask may have it from another test."""
    run, _ = queue_udf_changes(plan_standard_set().drafts, person, title="Ticket UDFs")
    done = execute_run(run.pk)
    assert done is not None
    return done


def database(bridge: Bridge) -> Any:
    return bridge.sandbox.sandbox.autotask._database


def definitions(bridge: Bridge) -> dict[str, dict[str, Any]]:
    return {row["name"]: dict(row) for row in database(bridge).table(DEFINITIONS) if row["udfType"] == 14}


def udfs(bridge: Bridge, ticket: Ticket) -> dict[str, str]:
    row = database(bridge).row("Tickets", ticket.autotask_ticket_id)
    return dict(row["userDefinedFields"])


def writes(bridge: Bridge, ticket: Ticket) -> int:
    return int(database(bridge).writes["Tickets", "update", ticket.autotask_ticket_id])


def test_one_click_creates_the_set_and_fills_it(bridge: Bridge, standard: SyncRun) -> None:
    assert (standard.status, standard.failures) == ("succeeded", 0)
    there = definitions(bridge)
    assert {one.name for one in STANDARD_SET} <= set(there)
    assert there["RMM Occurrences"]["dataType"] == 3
    assert there["RMM Monitor"]["dataType"] == 1
    filled = TicketDefaults.objects.get(pk=1).ticket_udfs
    assert filled == {one.name: one.template for one in STANDARD_SET}
    assert set(TicketUdf.objects.filter(is_active=True).values_list("name", flat=True)) >= set(filled)
    assert plan_standard_set().drafts == ()


def test_what_is_there_is_used_and_what_a_person_set_stays(bridge: Bridge, person: User) -> None:
    settings(ticket_udfs={"rmm monitor": "{{ alert.subject }}"})
    run, _ = queue_udf_changes(plan_standard_set().drafts, person, title="Ticket UDFs")
    execute_run(run.pk)
    filled = TicketDefaults.objects.get(pk=1).ticket_udfs
    assert filled["rmm monitor"] == "{{ alert.subject }}"
    assert "RMM Monitor" not in filled
    before = len(definitions(bridge))
    TicketUdf.objects.all().delete()
    settings(ticket_udfs={})
    again, _ = queue_udf_changes(plan_standard_set().drafts, person, title="Ticket UDFs")
    done = execute_run(again.pk)
    assert done is not None
    assert done.failures == 0
    assert len(definitions(bridge)) == before


def test_the_click_can_be_taken_back(bridge: Bridge, standard: SyncRun, person: User) -> None:
    undo = undo_entries(standard, person)
    done = execute_run(undo.pk)
    assert done is not None
    assert TicketDefaults.objects.get(pk=1).ticket_udfs == {}
    ours = [
        one.result["autotask_udf_id"]
        for one in standard.entries.filter(operation="create_ticket_udf")
        if one.result["is_ours"]
    ]
    for row in definitions(bridge).values():
        if row["id"] in ours:
            assert not row["isActive"]
            # The sandbox is shared: other tests find the field switched on.
            database(bridge).table(DEFINITIONS).put({**row, "isActive": True})


def test_a_ticket_carries_the_fields(bridge: Bridge, standard: SyncRun) -> None:
    uid = fire(bridge, **DISK)
    ticket, alert = bridge.ticket(uid), bridge.alert(uid)
    held = udfs(bridge, ticket)
    assert held["RMM Monitor Type"] == "Disk Usage"
    assert held["RMM Priority"] == "High"
    assert held["RMM Site"] == bridge.site.name
    assert held["RMM Occurrences"] == "1"
    assert held["RMM Alert Link"].endswith(f"/admin/tickets/alert/{alert.pk}/change/")
    told = {one["label"]: one["display"] for one in alert.decision["fields"]}
    assert told["UDF RMM Priority"] == "High"


def test_the_counter_follows_the_note_policy_and_is_exact_at_the_end(
    bridge: Bridge, standard: SyncRun
) -> None:
    uids = [fire(bridge, **DISK)]
    ticket = bridge.ticket(uids[0])
    seen = []
    for _ in range(6):
        uids.append(fire(bridge, **DISK))
        seen.append(udfs(bridge, ticket)["RMM Occurrences"])
    # Notes are written at the second and the fifth alert, and so is the counter.
    assert seen == ["2", "2", "2", "5", "5", "5"]
    assert len(notes(bridge, ticket)) == 2
    assert writes(bridge, ticket) == 2
    for uid in uids:
        clear(bridge, uid)
    bridge.perform_due()
    ticket.refresh_from_db()
    assert ticket.state == Ticket.State.COMPLETED
    assert udfs(bridge, ticket)["RMM Occurrences"] == "7"
    assert (ticket.occurrences, ticket.counted_occurrences) == (7, 7)
    # The last count cost no call of its own.
    assert writes(bridge, ticket) == 3


def test_without_a_counter_no_call_is_spent(bridge: Bridge, standard: SyncRun) -> None:
    filled = TicketDefaults.objects.get(pk=1).ticket_udfs
    del filled["RMM Occurrences"]
    settings(ticket_udfs=filled)
    uid = fire(bridge, **DISK)
    fire(bridge, **DISK)
    ticket = bridge.ticket(uid)
    assert len(notes(bridge, ticket)) == 1
    assert writes(bridge, ticket) == 0
    assert not Action.objects.filter(kind=Action.Kind.COUNT_ALERTS).exists()


def test_never_noted_is_counted_at_the_end(bridge: Bridge, standard: SyncRun) -> None:
    settings(note_policy="never")
    uids = [fire(bridge, **DISK), fire(bridge, **DISK)]
    ticket = bridge.ticket(uids[0])
    assert (udfs(bridge, ticket)["RMM Occurrences"], writes(bridge, ticket)) == ("1", 0)
    for uid in uids:
        clear(bridge, uid)
    bridge.perform_due()
    assert (udfs(bridge, ticket)["RMM Occurrences"], writes(bridge, ticket)) == ("2", 1)


def test_a_field_that_autotask_refuses_costs_itself_and_not_the_ticket(
    bridge: Bridge, standard: SyncRun
) -> None:
    row = definitions(bridge)["RMM Priority"]
    database(bridge).table(DEFINITIONS).put({**row, "name": "Renamed meanwhile"})
    try:
        uid = fire(bridge, **DISK)
        ticket = bridge.ticket(uid)
        assert ticket.state == Ticket.State.OPEN
        held = udfs(bridge, ticket)
        assert "RMM Priority" not in held
        assert held["RMM Monitor Type"] == "Disk Usage"
        skipped = bridge.alert(uid).decision["skipped"]
        assert any("RMM Priority" in one["reason"] for one in skipped)
    finally:
        database(bridge).table(DEFINITIONS).put(row)


def test_a_counter_that_autotask_refuses_does_not_keep_the_ticket_open(
    bridge: Bridge, standard: SyncRun
) -> None:
    settings(note_policy="never")
    uids = [fire(bridge, **DISK), fire(bridge, **DISK)]
    ticket = bridge.ticket(uids[0])
    row = definitions(bridge)["RMM Occurrences"]
    database(bridge).table(DEFINITIONS).put({**row, "name": "Renamed meanwhile"})
    try:
        for uid in uids:
            clear(bridge, uid)
        bridge.perform_due()
    finally:
        database(bridge).table(DEFINITIONS).put(row)
    ticket.refresh_from_db()
    assert ticket.state == Ticket.State.COMPLETED
    assert ticket.counted_occurrences == 1


@pytest.mark.parametrize(
    ("template", "sent"),
    [("hardware", "820"), ("Carrier", None), ("nothing of the kind", None), ("{{ device.last_user }}", None)],
)
def test_a_list_gets_the_id_of_its_value(bridge: Bridge, template: str, sent: str | None) -> None:
    TicketUdf.objects.create(
        autotask_udf_id=definitions(bridge)["Root Cause"]["id"], name="Root Cause", data_type="list",
        synced_at=timezone.now(),
        list_values=[
            {"value": "820", "label": "Hardware", "is_active": True},
            {"value": "822", "label": "Carrier", "is_active": False},
        ],
    )  # fmt: skip
    settings(ticket_udfs={"Root Cause": template})
    uid = fire(bridge, **DISK)
    row = database(bridge).row("Tickets", bridge.ticket(uid).autotask_ticket_id)
    assert row.get("userDefinedFields", {}).get("Root Cause") == sent
    is_told = "{{" not in template and sent is None
    assert any("no active value" in one["reason"] for one in bridge.alert(uid).decision["skipped"]) == is_told
