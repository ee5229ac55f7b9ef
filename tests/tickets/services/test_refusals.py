"""What a vendor refused is shown, and comes right by itself once the cause is gone; nothing is doubled by it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.utils import timezone

from integration.vendors.datto_rmm import DattoRmmClient
from integration.vendors.errors import PermissionDenied
from tests.tickets.services.conftest import Bridge, troubles
from tests.tickets.services.test_closing_races import look_again
from tests.tickets.services.test_repeats import DISK, clear, fire, notes, remote
from tests.tickets.services.test_storms import OFFLINE, Place, places
from tickets.models import Action, Ticket
from tickets.services import intake, outbox, sweep
from tickets.tasks import StoredConnection

__all__ = ["places"]


@contextmanager
def denied(bridge: Bridge, vendor: str, *rights: str) -> Iterator[None]:
    """Take rights from the API user for a while."""
    bridge.sandbox.control("settings", {vendor: {"denied": list(rights)}})
    try:
        yield
    finally:
        bridge.sandbox.control("settings", {vendor: {"denied": []}})


def test_two_alerts_of_one_condition_whose_ticket_was_refused_get_one(bridge: Bridge):
    with denied(bridge, "autotask", "Tickets:create"):
        uids = [bridge.raise_alert(**DISK) for _ in range(2)]
        due = [
            one for uid in uids for one in intake.process_delivery(bridge.hook(uid) or 0, StoredConnection())
        ]
        bridge.perform(due)
    assert [bridge.alert(uid).cause for uid in uids] == ["ticket_refused"] * 2
    bridge.perform(sweep.reconsider_alerts(timezone.now() + timedelta(minutes=16)))
    bridge.perform_due()
    assert bridge.ticket(uids[0]) == bridge.ticket(uids[1])
    assert sum(len(bridge.remote_tickets(uid)) for uid in uids) == 1


def test_a_storm_whose_ticket_was_refused_gets_one(bridge: Bridge, places: list[Place]):
    place = max(places, key=lambda one: len(one.devices))
    count = max(5, -(-len(place.devices) * 40 // 100))
    with denied(bridge, "autotask", "Tickets:create"):
        uids = [bridge.raise_alert(deviceUid=device, **OFFLINE) for device in place.devices[:count]]
        due = [
            one for uid in uids for one in intake.process_delivery(bridge.hook(uid) or 0, StoredConnection())
        ]
        bridge.perform(due + sweep.reconsider_alerts(timezone.now() + timedelta(minutes=3)))
    bridge.perform(sweep.reconsider_alerts(timezone.now() + timedelta(minutes=30)))
    bridge.perform_due()
    assert Ticket.objects.filter(state=Ticket.State.OPEN).count() == 1
    assert len({bridge.ticket(uid).pk for uid in uids}) == 1


def test_a_refused_completion_is_shown_and_tried_again(bridge: Bridge):
    uid = fire(bridge)
    ticket = bridge.ticket(uid)
    with denied(bridge, "autotask", "Tickets:update"):
        clear(bridge, uid)
        action = Action.objects.get(kind="complete_ticket")
        assert (action.state, action.cause) == (Action.State.REFUSED, "refused")
        assert "tried again" in action.remedy
        assert "Tickets that Autotask did not complete" in [group.title for group in troubles()]
    assert sweep.settle_open_ends(timezone.now() + timedelta(minutes=5)) == []
    bridge.perform(sweep.settle_open_ends(timezone.now() + timedelta(minutes=16)))
    bridge.perform_due()
    assert remote(bridge, ticket)["status"] == 5
    assert troubles() == []


def test_a_refusal_that_lasts_is_tried_less_and_less_often(bridge: Bridge):
    uid = fire(bridge)
    with denied(bridge, "autotask", "Tickets:update"):
        clear(bridge, uid)
        waits = []
        for _ in range(8):
            action = Action.objects.get(kind="complete_ticket")
            assert action.not_before is not None
            waits.append(round((action.not_before - timezone.now()).total_seconds() / 60))
            bridge.perform(outbox.revive_refused(action.not_before))
            bridge.perform_due()
    assert waits == [15, 30, 60, 120, 240, 360, 360, 360]
    # Told once, not at every try.
    assert bridge.ticket(uid).events.filter(kind="complete_ticket_refused").count() == 1


def test_a_close_back_that_datto_refuses_is_told_in_the_ticket(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch
):
    uid = fire(bridge)
    ticket = bridge.ticket(uid)

    def refuse(_client: DattoRmmClient, alert_uid: str) -> None:
        del alert_uid
        raise PermissionDenied("The API user may not do this.", vendor="datto_rmm")

    monkeypatch.setattr(DattoRmmClient, "resolve_alert", refuse)
    bridge.sandbox.control(f"tickets/{ticket.autotask_ticket_id}/complete", {"resolution": "Done."})
    Ticket.objects.filter(pk=ticket.pk).update(state=Ticket.State.COMPLETED, completed_at=timezone.now())
    look_again(bridge)
    action = Action.objects.get(kind="resolve_alert")
    assert action.state == Action.State.REFUSED
    assert "could not be resolved in Datto RMM" in notes(bridge, ticket)[-1]
    assert "Alerts that Datto RMM did not resolve" in [group.title for group in troubles()]
    monkeypatch.undo()
    bridge.perform(sweep.settle_open_ends(timezone.now() + timedelta(hours=2)))
    bridge.perform_due()
    assert bridge.remote_alert(uid)["resolved"]


def test_an_alert_whose_ticket_may_not_be_opened_again_gets_a_new_one(bridge: Bridge):
    first = fire(bridge, **DISK)
    clear(bridge, first)
    with denied(bridge, "autotask", "Tickets:update"):
        second = fire(bridge, **DISK)
    look_again(bridge)
    assert bridge.ticket(second) != bridge.ticket(first)
    assert bridge.ticket(second).state == Ticket.State.OPEN
    assert remote(bridge, bridge.ticket(second))["status"] == 1
