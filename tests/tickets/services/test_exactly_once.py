"""One alert, one ticket: whatever is delivered twice, cut off, or dies on the way."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from integration.models import VendorCall
from tests.tickets.services.conftest import Bridge
from tickets.models import Action, Alert, Delivery, Ticket
from tickets.services import act, create, gate, intake, outbox
from tickets.tasks import StoredConnection


def test_webhook_makes_one_ticket_with_the_calls_it_costs(bridge: Bridge):
    uid = bridge.raise_alert()
    bridge.deliver(uid)
    alert = bridge.alert(uid)
    assert alert.state == Alert.State.TICKETED
    assert alert.ticket is not None
    [remote] = bridge.remote_tickets(uid)
    assert remote["id"] == alert.ticket.autotask_ticket_id
    assert remote["ticketNumber"] == alert.ticket.ticket_number
    assert remote["companyID"] == bridge.company.autotask_company_id
    calls = list(
        VendorCall.objects.exclude(path__icontains="zoneInformation")
        .exclude(path__contains="oauth")
        .order_by("id")
        .values_list("method", "path")
    )
    assert [method for method, _ in calls] == ["GET", "POST", "GET"]
    assert calls[0][1].endswith(f"/alert/{uid}")


def test_five_deliveries_make_one_ticket(bridge: Bridge):
    uid = bridge.raise_alert()
    deliveries = [bridge.hook(uid) for _ in range(5)]
    for delivery in deliveries:
        assert delivery is not None
        bridge.perform(intake.process_delivery(delivery, StoredConnection()))
    assert len(bridge.remote_tickets(uid)) == 1
    assert Action.objects.filter(kind=Action.Kind.CREATE_TICKET).count() == 1


def test_delivery_processed_twice_does_nothing_the_second_time(bridge: Bridge):
    uid = bridge.raise_alert()
    delivery = bridge.hook(uid)
    assert delivery is not None
    assert len(intake.process_delivery(delivery, StoredConnection())) == 1
    assert intake.process_delivery(delivery, StoredConnection()) == []


def test_answer_cut_after_the_write_is_found_again(bridge: Bridge):
    uid = bridge.raise_alert()
    bridge.fault("cut_after_store", vendor="autotask", method="POST", path="*/Tickets", count=1)
    bridge.deliver(uid)
    action = Action.objects.get(kind=Action.Kind.CREATE_TICKET)
    assert (action.state, action.in_doubt) == (Action.State.WAITING, True)
    assert bridge.alert(uid).state == Alert.State.TICKETING
    assert "could not be made yet" in bridge.alert(uid).reason
    bridge.perform_due()
    assert bridge.alert(uid).state == Alert.State.TICKETED
    assert len(bridge.remote_tickets(uid)) == 1


def test_answer_cut_before_the_write_creates_after_two_looks(bridge: Bridge):
    uid = bridge.raise_alert()
    bridge.fault("outage", vendor="autotask", method="POST", path="*/Tickets", count=1)
    bridge.deliver(uid)
    action = Action.objects.get(kind=Action.Kind.CREATE_TICKET)
    assert action.state == Action.State.WAITING
    if action.in_doubt:
        bridge.perform_due()
        assert bridge.remote_tickets(uid) == []
        Action.objects.update(doubt_since=timezone.now() - timedelta(seconds=60))
    bridge.clear_faults()
    gate.open_gate("autotask")
    bridge.perform_due()
    bridge.perform_due()
    assert bridge.alert(uid).state == Alert.State.TICKETED
    assert len(bridge.remote_tickets(uid)) == 1


class Killed(BaseException):
    """Stands for SIGKILL: nothing of ours may catch it and tidy up."""


@pytest.mark.parametrize("where", ["_save_id", "_read_back", "_adopt"])
def test_worker_killed_between_remote_write_and_local_save_makes_one_ticket(
    bridge: Bridge, monkeypatch, where
):
    uid = bridge.raise_alert()
    delivery = bridge.hook(uid)
    assert delivery is not None
    [action_id] = intake.process_delivery(delivery, StoredConnection())

    def die(*_args: object, **_kwargs: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(create, where, die)
        with pytest.raises(Killed):
            act.perform(action_id, StoredConnection())
    assert len(bridge.remote_tickets(uid)) == 1
    assert act.perform(action_id, StoredConnection()) == [], "the dead worker's lease still holds"
    Action.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    bridge.perform(outbox.list_due(timezone.now()))
    assert bridge.alert(uid).state == Alert.State.TICKETED
    assert len(bridge.remote_tickets(uid)) == 1


def test_worker_that_lost_its_lease_writes_nothing(bridge: Bridge, monkeypatch):
    uid = bridge.raise_alert()
    delivery = bridge.hook(uid)
    assert delivery is not None
    [action_id] = intake.process_delivery(delivery, StoredConnection())
    held = outbox.claim(action_id, timezone.now())
    assert held is not None
    Action.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    bridge.perform(outbox.list_due(timezone.now()))
    assert Ticket.objects.get().state == Ticket.State.OPEN
    with pytest.raises(outbox.LeaseLost):
        outbox.finish(held)
    assert len(bridge.remote_tickets(uid)) == 1


def test_resolved_before_raised_makes_no_ticket(bridge: Bridge):
    uid = bridge.raise_alert()
    bridge.resolve_in_datto(uid)
    bridge.deliver(uid, "resolved")
    bridge.deliver(uid, "raised")
    assert bridge.alert(uid).state == Alert.State.CLEARED
    assert bridge.remote_tickets(uid) == []


def test_alert_that_clears_while_its_ticket_waits_is_not_ticketed(bridge: Bridge):
    uid = bridge.raise_alert()
    delivery = bridge.hook(uid)
    assert delivery is not None
    [action_id] = intake.process_delivery(delivery, StoredConnection())
    bridge.resolve_in_datto(uid)
    bridge.deliver(uid, "resolved")
    bridge.perform([action_id])
    assert bridge.alert(uid).state == Alert.State.CLEARED
    assert bridge.remote_tickets(uid) == []
    assert Ticket.objects.get().state == Ticket.State.ABANDONED


@pytest.mark.parametrize("handling", ["existing", "error"])
def test_duplicate_handling_of_autotask_leads_back_to_the_one_ticket(bridge: Bridge, handling):
    """Our database was restored from before the ticket was made; Autotask answers as its duplicate setting says."""
    uid = bridge.raise_alert()
    bridge.deliver(uid)
    [remote] = bridge.remote_tickets(uid)
    Alert.objects.all().delete()
    Ticket.objects.all().delete()
    Delivery.objects.all().delete()
    bridge.sandbox.control("settings", {"autotask": {"duplicate_tickets": handling}})
    try:
        bridge.deliver(uid)
    finally:
        bridge.sandbox.control("settings", {"autotask": {"duplicate_tickets": "create"}})
    alert = bridge.alert(uid)
    assert alert.state == Alert.State.TICKETED
    assert alert.ticket is not None
    assert alert.ticket.autotask_ticket_id == remote["id"]
    assert len(bridge.remote_tickets(uid)) == 1
