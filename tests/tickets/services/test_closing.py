"""Closing either side closes the other, honestly and without an echo."""

from __future__ import annotations

import json

import pytest

from integration.models import Connection, SyncRun, VendorCall
from integration.vendors.autotask.signatures import sign
from integration.vendors.errors import VendorError
from tests.tickets.services.conftest import Bridge, start_run
from tickets.models import Action, Alert, Delivery, Ticket, TicketDefaults
from tickets.services import intake, polling, receive
from tickets.services.retry import retry_alert
from tickets.services.sweep import settle_open_ends
from tickets.tasks import StoredConnection

pytestmark = pytest.mark.django_db


def ticketed(bridge: Bridge) -> str:
    uid = bridge.raise_alert()
    bridge.deliver(uid)
    assert bridge.alert(uid).state == Alert.State.TICKETED
    return uid


def poll(kind: str, bridge: Bridge) -> SyncRun:
    recorder = start_run(kind)
    due: list[int] = []
    if kind == "alerts":
        polling.sync_alerts(recorder, due.extend)
    else:
        polling.sync_tickets(recorder, due.extend)
    bridge.perform(due)
    return recorder.run


def remote(bridge: Bridge, uid: str) -> dict:
    [ticket] = bridge.remote_tickets(uid)
    return ticket


def complete_as_technician(bridge: Bridge, uid: str) -> int:
    ticket = bridge.alert(uid).ticket
    assert ticket is not None
    answer = bridge.sandbox.control(
        f"tickets/{ticket.autotask_ticket_id}/complete", {"resolution": "Replaced the disk."}
    )
    assert answer.status_code == 200, answer.text
    return int(ticket.autotask_ticket_id or 0)


def autotask_hook(bridge: Bridge, ticket_id: int, person: int, action: str = "Update") -> None:
    connection = Connection.objects.get()
    body = json.dumps(
        {
            "Action": action,
            "Guid": "g",
            "EntityType": "Ticket",
            "Id": ticket_id,
            "Fields": {"Status": 5},
            "EventTime": "2026-11-24T10:00:00Z",
            "SequenceNumber": 1,
            "PersonID": person,
        }
    ).encode()
    receipt = receive.receive_autotask(
        body,
        "application/json",
        sign(connection.autotask_webhook_secret, body),
        connection.autotask_webhook_secret,
    )
    assert receipt.status == 200
    if receipt.delivery_id:
        bridge.perform(intake.process_delivery(receipt.delivery_id, StoredConnection()))


def test_alert_that_clears_completes_its_ticket_with_an_honest_resolution(bridge: Bridge):
    uid = ticketed(bridge)
    bridge.resolve_in_datto(uid, by="System")
    bridge.deliver(uid, "resolved")
    ticket = remote(bridge, uid)
    assert ticket["status"] == 5
    assert "cleared by itself" in ticket["resolution"]
    ours = bridge.alert(uid).ticket
    assert ours is not None
    assert (ours.state, ours.completed_by_us) == (Ticket.State.COMPLETED, True)
    assert not Action.objects.filter(kind=Action.Kind.CLEAR_NOTE).exists(), "a note only where configured"


def test_person_who_resolved_the_alert_is_named(bridge: Bridge):
    uid = ticketed(bridge)
    bridge.resolve_in_datto(uid, by="Mira Lopez")
    bridge.deliver(uid, "resolved")
    assert "Mira Lopez" in remote(bridge, uid)["resolution"]


def test_whole_life_by_webhook_costs_four_autotask_and_two_datto_calls(bridge: Bridge):
    uid = ticketed(bridge)
    bridge.resolve_in_datto(uid)
    bridge.deliver(uid, "resolved")
    calls = VendorCall.objects.exclude(path__icontains="zoneInformation").exclude(path__contains="oauth")
    # Create, read back, look whether a person worked on it, complete.
    # How much of the budget is used is asked every few minutes, whatever goes on.
    own = calls.filter(vendor="autotask").exclude(path__endswith="/ThresholdInformation")
    assert own.count() == 4
    assert calls.filter(vendor="datto_rmm").count() == 2


def test_note_on_clear_is_written_where_configured(bridge: Bridge):
    TicketDefaults.objects.filter(pk=1).update(note_on_clear=True)
    uid = ticketed(bridge)
    bridge.resolve_in_datto(uid)
    bridge.deliver(uid, "resolved")
    ticket_id = remote(bridge, uid)["id"]
    notes = bridge.sandbox.call("GET", f"/control/tickets/{ticket_id}").json()["notes"]
    assert any("cleared" in note["description"] for note in notes)


def test_ticket_stays_open_where_configured(bridge: Bridge):
    TicketDefaults.objects.filter(pk=1).update(complete_on_clear=False)
    uid = ticketed(bridge)
    bridge.resolve_in_datto(uid)
    bridge.deliver(uid, "resolved")
    assert remote(bridge, uid)["status"] != 5
    assert bridge.alert(uid).events.filter(kind="alert_resolved").exists()
    assert settle_open_ends() == []


def test_first_note_is_written_once(bridge: Bridge):
    TicketDefaults.objects.filter(pk=1).update(write_first_note=True)
    bridge.fault("cut_after_store", vendor="autotask", method="POST", path="*/Notes", count=1)
    uid = ticketed(bridge)
    bridge.perform_due()
    notes = bridge.sandbox.call("GET", f"/control/tickets/{remote(bridge, uid)['id']}").json()["notes"]
    assert len(notes) == 1


def test_completed_ticket_resolves_its_alert_by_webhook(bridge: Bridge):
    uid = ticketed(bridge)
    ticket_id = complete_as_technician(bridge, uid)
    autotask_hook(bridge, ticket_id, person=29682885)
    assert bridge.remote_alert(uid)["resolved"] is True
    alert = bridge.alert(uid)
    assert (alert.is_resolved, alert.resolved_by_us) == (True, True)
    assert remote(bridge, uid)["resolution"] == "Replaced the disk.", "the technician's own words stay"


def test_completed_ticket_resolves_its_alert_by_callout(bridge: Bridge):
    uid = ticketed(bridge)
    ticket_id = complete_as_technician(bridge, uid)
    body = f"id={ticket_id}&status=Complete&created_datetime=2024-01-31T08:05:09.12300000-05:00:00".encode()
    receipt = receive.receive_callout(body, "application/x-www-form-urlencoded", "")
    assert receipt.delivery_id is not None
    bridge.perform(intake.process_delivery(receipt.delivery_id, StoredConnection()))
    assert bridge.remote_alert(uid)["resolved"] is True


def test_completed_ticket_resolves_its_alert_by_poll(bridge: Bridge):
    uid = ticketed(bridge)
    complete_as_technician(bridge, uid)
    run = poll("tickets", bridge)
    assert bridge.remote_alert(uid)["resolved"] is True
    assert run.updates == 1


def test_close_back_can_be_switched_off(bridge: Bridge):
    TicketDefaults.objects.filter(pk=1).update(resolve_on_complete=False)
    uid = ticketed(bridge)
    complete_as_technician(bridge, uid)
    poll("tickets", bridge)
    assert bridge.remote_alert(uid)["resolved"] is False
    poll("tickets", bridge)
    assert bridge.alert(uid).events.filter(kind="resolve_skipped").count() == 1


def test_own_writes_coming_back_change_nothing_and_cost_nothing(bridge: Bridge):
    Connection.objects.update(autotask_resource_id=4711)
    uid = ticketed(bridge)
    bridge.resolve_in_datto(uid)
    bridge.deliver(uid, "resolved")
    ticket = bridge.alert(uid).ticket
    assert ticket is not None
    calls = VendorCall.objects.count()
    autotask_hook(bridge, ticket.autotask_ticket_id or 0, person=4711)
    bridge.deliver(uid, "resolved")
    poll_free = VendorCall.objects.count()
    assert poll_free == calls
    assert Action.objects.filter(kind=Action.Kind.RESOLVE_ALERT).count() == 0
    assert Delivery.objects.filter(reason__contains="Our own change").exists()


def test_alert_poll_notices_what_webhooks_lost(bridge: Bridge):
    uid = bridge.raise_alert()
    poll("alerts", bridge)
    assert bridge.alert(uid).state == Alert.State.TICKETED
    bridge.resolve_in_datto(uid)
    poll("alerts", bridge)
    assert bridge.alert(uid).is_resolved
    assert remote(bridge, uid)["status"] == 5


def test_alert_poll_that_fails_midway_resolves_nothing(bridge: Bridge):
    uid = ticketed(bridge)
    bridge.fault("500", vendor="datto_rmm", path="*alerts/open*")
    with pytest.raises(VendorError):
        poll("alerts", bridge)
    assert not bridge.alert(uid).is_resolved


def test_reopened_ticket_is_left_to_people(bridge: Bridge):
    uid = ticketed(bridge)
    bridge.resolve_in_datto(uid)
    bridge.deliver(uid, "resolved")
    ticket = bridge.alert(uid).ticket
    assert ticket is not None
    bridge.sandbox.control(f"tickets/{ticket.autotask_ticket_id}/reopen", {})
    autotask_hook(bridge, ticket.autotask_ticket_id or 0, person=29682885)
    ticket.refresh_from_db()
    assert (ticket.state, ticket.rounds) == (Ticket.State.OPEN, 1)
    bridge.perform(settle_open_ends())
    assert remote(bridge, uid)["status"] != 5, "nobody closes behind the person who reopened it"


def test_deleted_ticket_of_an_open_alert_waits_for_a_person(bridge: Bridge):
    uid = ticketed(bridge)
    ticket = bridge.alert(uid).ticket
    assert ticket is not None
    bridge.sandbox.control(f"tickets/{ticket.autotask_ticket_id}/delete", {})
    poll("tickets", bridge)
    alert = bridge.alert(uid)
    assert (alert.state, alert.cause) == (Alert.State.BLOCKED, "ticket_deleted")
    assert alert.remedy
    bridge.perform(retry_alert(alert))
    alert = bridge.alert(uid)
    assert alert.state == Alert.State.TICKETED
    assert alert.ticket is not None
    assert alert.ticket.pk != ticket.pk


def test_half_closed_pair_is_repaired_by_the_sweep(bridge: Bridge):
    uid = ticketed(bridge)
    Alert.objects.update(is_resolved=True)
    Action.objects.filter(kind=Action.Kind.COMPLETE_TICKET).delete()
    bridge.perform(settle_open_ends())
    assert remote(bridge, uid)["status"] == 5
