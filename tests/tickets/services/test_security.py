"""Security alerts are never closed by themselves: their tickets stay open until a person has looked."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from tests.tickets.services.conftest import Bridge
from tickets.models import Action, Alert, MonitorType, Ticket, TicketDefaults
from tickets.services import intake, receive, sweep
from tickets.services.defaults_checks import validate_defaults
from tickets.tasks import StoredConnection

RANSOMWARE = {"@class": "ransomware_ctx", "state": 1, "confidenceFactor": 90}


def cleared(bridge: Bridge) -> tuple[str, Ticket]:
    """Ticket a ransomware alert and let it clear."""
    uid = bridge.raise_alert(context=RANSOMWARE)
    bridge.deliver(uid)
    alert = bridge.alert(uid)
    assert alert.monitor_type is not None
    assert alert.monitor_type.is_security
    bridge.resolve_in_datto(uid)
    bridge.deliver(uid, "resolved")
    ticket = bridge.alert(uid).ticket
    assert ticket is not None
    return uid, ticket


def test_ticket_of_a_cleared_security_alert_stays_open_with_a_note_that_says_why(bridge: Bridge):
    uid, ticket = cleared(bridge)
    [remote] = bridge.remote_tickets(uid)
    assert remote["status"] != 5
    assert ticket.state == Ticket.State.OPEN
    notes = bridge.sandbox.call("GET", f"/control/tickets/{remote['id']}").json()["notes"]
    assert len(notes) == 1
    assert "cleared by itself" in notes[0]["description"]
    assert "never closed by themselves" in notes[0]["description"]
    [event] = ticket.events.filter(kind="complete_skipped")
    assert "Ransomware" in event.text


def test_sweep_leaves_it_open_and_says_so_once(bridge: Bridge):
    uid, ticket = cleared(bridge)
    for _ in range(2):
        bridge.perform(sweep.settle_open_ends())
    bridge.deliver(uid, "resolved")
    assert bridge.remote_tickets(uid)[0]["status"] != 5
    assert not Action.objects.filter(kind=Action.Kind.COMPLETE_TICKET).exists()
    assert Action.objects.filter(kind=Action.Kind.CLEAR_NOTE).count() == 1
    assert ticket.events.filter(kind="complete_skipped").count() == 1


def test_one_security_alert_among_others_keeps_the_ticket_open(bridge: Bridge):
    first = bridge.raise_alert()
    bridge.deliver(first)
    ticket = bridge.alert(first).ticket
    assert ticket is not None
    Alert.objects.create(
        alert_uid="ransom",
        state=Alert.State.TICKETED,
        ticket=ticket,
        is_resolved=True,
        monitor_type=MonitorType.objects.get(slug="ransomware"),
    )
    bridge.resolve_in_datto(first)
    bridge.deliver(first, "resolved")
    assert bridge.remote_tickets(first)[0]["status"] != 5


def test_technician_who_completes_it_still_resolves_the_alert(bridge: Bridge):
    """That is a person's act."""
    uid = bridge.raise_alert(context=RANSOMWARE)
    bridge.deliver(uid)
    ticket = bridge.alert(uid).ticket
    assert ticket is not None
    bridge.sandbox.control(f"tickets/{ticket.autotask_ticket_id}/complete", {"resolution": "Reinstalled."})
    body = f"id={ticket.autotask_ticket_id}".encode()
    receipt = receive.receive_callout(body, "application/x-www-form-urlencoded", "")
    assert receipt.delivery_id is not None
    bridge.perform(intake.process_delivery(receipt.delivery_id, StoredConnection()))
    assert bridge.remote_alert(uid)["resolved"] is True


@pytest.mark.django_db
def test_defaults_of_a_security_monitor_say_that_completing_is_not_used(admin_client: Client):
    row = TicketDefaults.objects.get(monitor_type__slug="ransomware")
    row.complete_on_clear = True
    assert any("never closed by themselves" in one for one in validate_defaults(row, None).warnings)
    row.complete_on_clear = None
    assert validate_defaults(row, None).warnings == []
    page = admin_client.get(reverse("admin:tickets_ticketdefaults_change", args=[row.pk])).content.decode()
    assert "never completed by themselves" in page
    preview = admin_client.post(
        reverse("ticket-defaults-preview", args=[row.pk]), {"complete_on_clear": "true"}
    ).content.decode()
    assert "security alerts are never closed by themselves" in preview


def test_page_of_a_security_alert_says_so(bridge: Bridge, admin_client: Client):
    uid, _ = cleared(bridge)
    page = admin_client.get(
        reverse("admin:tickets_alert_change", args=[bridge.alert(uid).pk])
    ).content.decode()
    assert "never completed by itself" in page
