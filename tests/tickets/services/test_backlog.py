"""The age of the backlog counts from when work became due, not from when it was first wished."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from integration.models import Connection, VendorHealth
from integration.readiness import check_readiness
from tests.tickets.services.conftest import Bridge
from tickets.models import Action, Alert, Delivery
from tickets.services import intake, outbox, retry
from tickets.services.sweep import count_backlog
from tickets.tasks import StoredConnection

HOUR = timedelta(hours=1)


def wished(bridge: Bridge) -> tuple[str, int]:
    uid = bridge.raise_alert()
    delivery = bridge.hook(uid)
    assert delivery is not None
    [action_id] = intake.process_delivery(delivery, StoredConnection())
    Action.objects.filter(pk=action_id).update(created_at=timezone.now() - HOUR)
    return uid, action_id


def test_paused_installation_is_ready(bridge: Bridge):
    _, action_id = wished(bridge)
    Connection.objects.update(paused_at=timezone.now() - HOUR)
    bridge.perform([action_id])
    due_at = Action.objects.get(pk=action_id).not_before
    assert due_at is not None
    count, age = count_backlog(due_at + timedelta(seconds=3))
    assert (count, round(age)) == (1, 3)
    Action.objects.filter(pk=action_id).update(not_before=timezone.now() - timedelta(seconds=1))
    assert check_readiness().checks["backlog"]["ok"]


def test_work_that_nobody_takes_up_makes_it_not_ready(bridge: Bridge):
    wished(bridge)
    assert not check_readiness().checks["backlog"]["ok"]


def test_retry_of_an_old_refused_ticket_leaves_it_ready(bridge: Bridge):
    bridge.sandbox.control("settings", {"autotask": {"denied": ["Tickets:create"]}})
    try:
        uid, action_id = wished(bridge)
        bridge.perform([action_id])
    finally:
        bridge.sandbox.control("settings", {"autotask": {"denied": []}})
    alert = bridge.alert(uid)
    assert alert.cause == "ticket_refused"
    retry.retry_alert(alert)
    assert Action.objects.get(pk=action_id).state == Action.State.WAITING
    assert check_readiness().checks["backlog"]["ok"]
    bridge.perform_due()
    assert bridge.alert(uid).state == Alert.State.TICKETED


def test_rows_that_an_outage_held_up_are_due_from_its_end(bridge: Bridge):
    _, action_id = wished(bridge)
    Action.objects.filter(pk=action_id).update(cause="unavailable", not_before=timezone.now() + HOUR)
    outbox.unpark("autotask", ["unavailable"])
    VendorHealth.objects.all().delete()
    count, age = count_backlog(timezone.now())
    assert count == 1
    assert age < 60


def test_postponed_message_counts_from_when_it_is_due(bridge: Bridge):
    bridge.hook(bridge.raise_alert())
    now = timezone.now()
    Delivery.objects.update(received_at=now - HOUR, not_before=now - timedelta(seconds=5))
    count, age = count_backlog(now)
    assert (count, round(age)) == (1, 5)
    assert count_backlog(now - timedelta(seconds=10)) == (0, 0.0)
