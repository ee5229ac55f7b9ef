"""Two who work on one alert at the same moment: the slower one changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from integration.models import Connection
from integration.vendors.autotask.signatures import sign
from tests.tickets.services.conftest import Bridge
from tickets.models import Action, Alert, Delivery, Ticket
from tickets.services import close, create, decide, intake, receive, retry
from tickets.tasks import StoredConnection


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], None]:
    """Let something happen once, after a decision has read its alert and before it writes."""

    def arrange(what: Callable[[], Any]) -> None:
        real, todo = decide._alert_facts, [what]

        def facts(*args: Any) -> Any:
            if todo:
                todo.pop()()
            return real(*args)

        monkeypatch.setattr(decide, "_alert_facts", facts)

    return arrange


def waiting_alert(bridge: Bridge) -> Alert:
    uid = bridge.raise_alert()
    bridge.mapping.tickets_enabled = True
    bridge.mapping.state = "unmapped"
    bridge.mapping.save()
    bridge.deliver(uid)
    bridge.mapping.state = "confirmed"
    bridge.mapping.save()
    return bridge.alert(uid)


def test_alert_that_clears_during_its_decision_gets_no_ticket(bridge: Bridge, meanwhile):
    alert = waiting_alert(bridge)
    meanwhile(lambda: close.record_alert_resolved(alert.pk, resolved_at=None, resolved_by="System"))
    assert decide.decide_alert(alert.pk) == []
    alert.refresh_from_db()
    assert (alert.state, alert.ticket) == (Alert.State.CLEARED, None)
    assert not Ticket.objects.exists()
    assert not Action.objects.exists()


def test_alert_that_another_worker_filters_differently_is_told_once(bridge: Bridge, meanwhile):
    """The slower of two decisions without a ticket writes no second line into the story."""
    alert = waiting_alert(bridge)
    bridge.mapping.tickets_enabled = False
    bridge.mapping.save()
    meanwhile(lambda: decide.decide_alert(alert.pk))
    decide.decide_alert(alert.pk)
    assert alert.events.filter(kind="filtered").count() == 1


@pytest.mark.parametrize("cause", ["refused", "defect"])
def test_alert_whose_site_was_ignored_since_gets_no_ticket_from_an_old_wish(bridge: Bridge, cause):
    uid = bridge.raise_alert()
    delivery = bridge.hook(uid)
    assert delivery is not None
    intake.process_delivery(delivery, StoredConnection())
    Action.objects.update(state="refused" if cause == "refused" else "waiting", cause=cause)
    Alert.objects.update(
        state=Alert.State.BLOCKED, cause="ticket_refused" if cause == "refused" else "defect"
    )
    bridge.mapping.state, bridge.mapping.company = "ignored", None
    bridge.mapping.save()
    bridge.perform(retry.retry_alert(bridge.alert(uid)))
    bridge.perform_due()
    assert bridge.alert(uid).state == Alert.State.FILTERED
    assert bridge.remote_tickets(uid) == []
    bridge.mapping.state, bridge.mapping.company = "confirmed", bridge.company
    bridge.mapping.save()
    bridge.perform(retry.retry_alert(bridge.alert(uid)))
    assert bridge.alert(uid).state == Alert.State.TICKETED


def test_alert_that_another_worker_ticketed_during_its_decision_stays_ticketed(bridge: Bridge, meanwhile):
    alert = waiting_alert(bridge)
    meanwhile(lambda: bridge.perform(decide.decide_alert(alert.pk)))
    assert decide.decide_alert(alert.pk) == []
    alert.refresh_from_db()
    assert alert.state == Alert.State.TICKETED
    assert alert.ticket is not None
    assert alert.ticket.state == Ticket.State.OPEN


def test_ticket_completed_before_we_know_its_number_still_resolves_its_alert(bridge: Bridge, monkeypatch):
    """The technician is quicker than our own save; his webhook must not pass as somebody else's ticket."""
    real, uid = create._adopt, bridge.raise_alert()
    received: list[int] = []

    def adopt(action, ticket, alert, remote, *, how):
        answer = bridge.sandbox.control(f"tickets/{remote.id}/complete", {"resolution": "Done by hand."})
        assert answer.status_code == 200
        received.append(autotask_hook_body(remote.id))
        intake.process_delivery(received[0], StoredConnection())
        return real(action, ticket, alert, remote, how=how)

    monkeypatch.setattr(create, "_adopt", adopt)
    bridge.deliver(uid)
    assert Delivery.objects.get(pk=received[0]).state == Delivery.State.NEW
    Delivery.objects.filter(pk=received[0]).update(not_before=None)
    bridge.perform(intake.process_delivery(received[0], StoredConnection()))
    bridge.perform_due()
    assert bridge.remote_alert(uid)["resolved"] is True


def autotask_hook_body(ticket_id: int) -> int:
    """Receive Autotask's webhook for a ticket; returns the delivery."""
    body = json.dumps(
        {
            "Action": "Update",
            "Guid": "g",
            "EntityType": "Ticket",
            "Id": ticket_id,
            "Fields": {},
            "EventTime": "2026-01-01T00:00:00Z",
            "SequenceNumber": 1,
            "PersonID": 29682885,
        }
    ).encode()
    secret = Connection.objects.get().autotask_webhook_secret
    receipt = receive.receive_autotask(body, "application/json", sign(secret, body), secret)
    assert receipt.delivery_id is not None, "it is looked at, not ignored"
    return receipt.delivery_id
