"""POST to the Datto RMM hook: what an alert's message may look like, and that no alert is doubled or lost."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from integration.models import Connection
from tests.tickets.services.conftest import Bridge
from tickets.models import Alert, Delivery, Ticket
from tickets.services import intake
from tickets.tasks import StoredConnection

_SECRET = "a-secret-of-the-hook"


@pytest.fixture
def post(bridge: Bridge, client: Client, celery_outbox: list[Any]) -> Any:
    """Post a body to the hook and do what the worker does with it."""
    del celery_outbox
    Connection.objects.update(datto_hook_secret=_SECRET)

    def send(body: Any, content_type: str = "application/json") -> Delivery:
        text = body if isinstance(body, str) else json.dumps(body)
        answer = client.post(f"/hooks/datto-rmm/{_SECRET}/", text, content_type=content_type)
        assert answer.status_code == 202, answer.content
        delivery = Delivery.objects.latest("pk")
        bridge.perform(intake.process_delivery(delivery.pk, StoredConnection()))
        delivery.refresh_from_db()
        return delivery

    return send


def test_resolved_before_it_was_ever_seen_raised_leaves_one_row_and_no_ticket(bridge: Bridge, post) -> None:
    uid = bridge.raise_alert()
    bridge.resolve_in_datto(uid)
    assert post({"alert_uid": uid, "event": "resolved"}).state == Delivery.State.DONE
    alert = bridge.alert(uid)
    assert (alert.state, alert.is_resolved) == (Alert.State.CLEARED, True)
    assert alert.reason
    post({"alert_uid": uid, "event": "raised"})
    assert Alert.objects.filter(alert_uid__iexact=uid).count() == 1
    assert bridge.alert(uid).state == Alert.State.CLEARED
    assert bridge.remote_tickets(uid) == []


def test_message_that_claims_resolved_of_an_alert_that_is_open_makes_its_ticket(bridge: Bridge, post) -> None:
    uid = bridge.raise_alert()
    post({"alert_uid": uid, "event": "resolved"})
    assert bridge.alert(uid).state == Alert.State.TICKETED


@pytest.mark.parametrize(
    "flag",
    [
        {"event": "RESOLVED"},
        {"event": "alert.cleared"},
        {"Alert Status": "Resolved"},
        {"alert": {"status": "Closed"}},
        {"status": "OK"},
        {"resolved": True},
        {"resolved": 1},
        {"resolved": "Y"},
        {"Resolved": "TRUE"},
        {"isResolved": "yes"},
        {"is_resolved": True},
        {"alert_resolved": "true"},
        {"open": False},
        {"is_active": "no"},
        {"resolved_on": 1_764_000_000_000},
        {"resolvedBy": "System"},
    ],
)
def test_resolved_in_any_spelling_completes_the_ticket(bridge: Bridge, post, flag: dict[str, Any]) -> None:
    uid = bridge.raise_alert()
    post({"alert_uid": uid, "event_type": "x"})
    bridge.resolve_in_datto(uid)
    delivery = post({"alert_uid": uid, **flag})
    assert delivery.event == "resolved"
    ticket = bridge.alert(uid).ticket
    assert ticket is not None
    assert ticket.state == Ticket.State.COMPLETED


@pytest.mark.parametrize(
    "flag",
    [
        {"resolved": "false"},
        {"resolved": False},
        {"is_resolved": 0},
        {"resolved_on": None},
        {"resolved_on": ""},
        {"resolvedBy": "null"},
        {"open": True},
        {"active": 1},
    ],
)
def test_raised_in_any_spelling_is_not_taken_for_resolved(bridge: Bridge, post, flag: dict[str, Any]) -> None:
    assert post({"alert_uid": bridge.raise_alert(), **flag}).event == "raised"


@pytest.mark.parametrize("template", ['{{"alert_uid": "{0}"}}', "alert_uid={0}", "Alert {0} was raised"])
def test_uid_in_other_case_is_the_same_alert(bridge: Bridge, post, template: str) -> None:
    uid = bridge.raise_alert()
    assert uid.upper() != uid
    form = "application/x-www-form-urlencoded" if template.startswith("alert_uid=") else "application/json"
    post(template.format(uid.upper()), form)
    post(template.format(uid), form)
    assert Alert.objects.filter(alert_uid__iexact=uid).count() == 1
    assert bridge.alert(uid).state == Alert.State.TICKETED
    assert len(bridge.remote_tickets(uid)) == 1
    bridge.resolve_in_datto(uid)
    post({"alert_uid": uid.upper(), "event": "resolved"})
    assert bridge.alert(uid).is_resolved


def test_uid_in_other_case_from_the_api_is_the_same_alert(bridge: Bridge, post) -> None:
    uid = bridge.raise_alert()
    post({"alert_uid": uid})
    assert bridge.sandbox.control(f"alerts/{uid}/odd", {"alertUid": uid.upper()}).status_code == 200
    bridge.resolve_in_datto(uid)
    post({"alert_uid": uid, "event": "resolved"})
    assert Alert.objects.filter(alert_uid__iexact=uid).count() == 1
    assert bridge.alert(uid).is_resolved
