"""A ticket that is not proven to be ours is never linked, and never written to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from integration.clients import autotask_client, drop_clients
from integration.models import Connection
from integration.vendors.budget import Lane
from tests.tickets.services.conftest import Bridge, troubles
from tests.tickets.services.duplicates import DuplicateHandling, duplicate_handling
from tickets.models import Action, Alert, Ticket
from tickets.services import act, create, intake, outbox, retry, sweep
from tickets.tasks import StoredConnection


@pytest.fixture
def duplicates(bridge: Bridge) -> Iterator[DuplicateHandling]:
    """Autotask behind a proxy that can answer creates with another ticket."""
    with duplicate_handling(bridge.sandbox.url) as handling:
        Connection.objects.update(autotask_zone_url=f"{handling.url}/ATServicesRest")
        drop_clients()
        yield handling
        drop_clients()


def make_by_hand(bridge: Bridge, **fields: Any) -> int:
    """Create a ticket as a person would; returns its id."""
    return autotask_client(lane=Lane.INTERACTIVE).create_ticket(
        {
            "companyID": bridge.company.autotask_company_id,
            "title": "A person's ticket",
            "status": 1,
            "priority": 2,
            "queueID": 8,
            **fields,
        }
    )


def remote(ticket_id: int) -> Any:
    found = autotask_client(lane=Lane.INTERACTIVE).find_ticket(ticket_id)
    assert found is not None
    return found


def wished(bridge: Bridge, uid: str) -> int:
    """Receive the alert up to the wish to create its ticket; returns the action."""
    delivery = bridge.hook(uid)
    assert delivery is not None
    [action_id] = intake.process_delivery(delivery, StoredConnection())
    return action_id


@pytest.mark.parametrize("external_id", ["somebody-else", None])
def test_strangers_ticket_is_refused_and_never_written_to(
    bridge: Bridge, duplicates: DuplicateHandling, external_id
):
    """With somebody else's external id, or made by hand and without any."""
    stranger = make_by_hand(bridge, **({"externalID": external_id} if external_id else {}))
    duplicates.ticket_id = stranger
    uid = bridge.raise_alert()
    bridge.deliver(uid)
    alert = bridge.alert(uid)
    ticket = Ticket.objects.get()
    assert (alert.state, alert.cause) == (Alert.State.BLOCKED, "ticket_taken")
    assert remote(stranger).number in alert.reason
    assert alert.remedy
    assert (ticket.state, ticket.autotask_ticket_id) == (Ticket.State.PLANNED, None)
    assert [group.retry_cause for group in troubles()] == ["ticket_taken"]

    duplicates.writes.clear()
    assert sweep.reconsider_alerts(timezone.now() + timedelta(days=1)) == [], "each create may write to it"
    bridge.resolve_in_datto(uid)
    bridge.deliver(uid, "resolved")
    bridge.perform(sweep.settle_open_ends())
    bridge.perform_due()
    assert duplicates.writes == []
    assert remote(stranger).status != 5
    assert bridge.alert(uid).state == Alert.State.CLEARED


def test_retry_makes_the_ticket_once_duplicate_handling_lets_it(
    bridge: Bridge, duplicates: DuplicateHandling
):
    duplicates.ticket_id = make_by_hand(bridge)
    uid = bridge.raise_alert()
    bridge.deliver(uid)
    duplicates.ticket_id = None
    bridge.perform(retry.retry_alert(bridge.alert(uid)))
    ticket = bridge.alert(uid).ticket
    assert ticket is not None
    assert [one["id"] for one in bridge.remote_tickets(uid)] == [ticket.autotask_ticket_id]
    assert bridge.alert(uid).state == Alert.State.TICKETED


def test_ticket_of_another_open_alert_of_ours_is_shared(bridge: Bridge, duplicates: DuplicateHandling):
    first = bridge.raise_alert()
    bridge.deliver(first)
    shared = bridge.alert(first).ticket
    assert shared is not None
    duplicates.ticket_id = shared.autotask_ticket_id
    second = bridge.raise_alert()
    bridge.deliver(second)
    assert (bridge.alert(second).state, bridge.alert(second).ticket) == (Alert.State.TICKETED, shared)


def test_ticket_of_ours_that_is_over_is_not_shared(bridge: Bridge, duplicates: DuplicateHandling):
    """Sharing it would resolve the new alert in Datto RMM unseen."""
    first = bridge.raise_alert()
    bridge.deliver(first)
    bridge.resolve_in_datto(first)
    bridge.deliver(first, "resolved")
    over = bridge.alert(first).ticket
    assert over is not None
    assert over.state == Ticket.State.COMPLETED
    duplicates.ticket_id = over.autotask_ticket_id
    second = bridge.raise_alert()
    bridge.deliver(second)
    bridge.perform(sweep.settle_open_ends())
    assert bridge.alert(second).cause == "ticket_taken"
    assert bridge.remote_alert(second)["resolved"] is False


def test_id_that_was_answered_but_not_read_back_counts_for_nothing_yet(
    bridge: Bridge, duplicates: DuplicateHandling, monkeypatch
):
    """The worker dies between the answer and the proof; the next one proves, and finds a stranger."""
    stranger = make_by_hand(bridge)
    duplicates.ticket_id = stranger
    uid = bridge.raise_alert()
    action_id = wished(bridge, uid)

    class Killed(BaseException):
        pass

    def die(*_args: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(create, "_read_back", die)
        with pytest.raises(Killed):
            act.perform(action_id, StoredConnection())
    assert Ticket.objects.get().autotask_ticket_id is None
    bridge.resolve_in_datto(uid)
    bridge.deliver(uid, "resolved")
    Action.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    bridge.perform(outbox.list_due(timezone.now()))
    assert remote(stranger).status != 5
    assert bridge.alert(uid).state == Alert.State.CLEARED


def test_alert_that_cleared_while_in_doubt_makes_no_needless_ticket(bridge: Bridge):
    uid = bridge.raise_alert()
    action_id = wished(bridge, uid)
    Action.objects.filter(pk=action_id).update(
        in_doubt=True, doubt_since=timezone.now() - timedelta(minutes=1)
    )
    bridge.resolve_in_datto(uid)
    bridge.deliver(uid, "resolved")
    bridge.perform([action_id])
    assert bridge.remote_tickets(uid) == []
    assert bridge.alert(uid).state == Alert.State.CLEARED
    assert Ticket.objects.get().state == Ticket.State.ABANDONED
