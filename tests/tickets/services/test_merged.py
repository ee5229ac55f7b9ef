"""A person merges tickets in Autotask: the alerts go on in the ticket that stays, and nothing is resolved unseen."""

from __future__ import annotations

from typing import Any

import pytest

from integration.vendors.errors import ContractBroken, NotFound, PermissionDenied, Unavailable, VendorError
from tests.tickets.services.conftest import Bridge
from tests.tickets.services.test_closing import poll
from tests.tickets.services.test_closing_races import look_again
from tests.tickets.services.test_repeats import DISK, SPOOLER, clear, fire, intake_ticket, remote
from tickets.models import Action, Alert, Ticket
from tickets.services import gate

_PERSON = 29682885


def person(bridge: Bridge) -> Any:
    return bridge.sandbox.sandbox.autotask.act_as_person(_PERSON)


def project(bridge: Bridge) -> int:
    """Let a technician make a ticket of his own; returns its id."""
    return int(
        person(bridge).create(
            "Tickets",
            {
                "companyID": bridge.company.autotask_company_id,
                "title": "My project",
                "status": 1,
                "priority": 2,
                "queueID": 8,
            },
        )
    )


def hear(bridge: Bridge) -> None:
    poll("tickets", bridge)
    look_again(bridge)


def test_alerts_of_a_merged_ticket_go_to_the_other_one_of_ours(bridge: Bridge):
    disk, service = fire(bridge, **DISK), fire(bridge, **SPOOLER)
    gone, stays = bridge.ticket(disk), bridge.ticket(service)
    person(bridge).merge(gone.autotask_ticket_id, stays.autotask_ticket_id)
    hear(bridge)
    alert = bridge.alert(disk)
    assert (alert.ticket, alert.state, alert.is_resolved) == (stays, Alert.State.MERGED, False)
    assert not bridge.remote_alert(disk)["resolved"]
    assert stays.ticket_number in alert.reason
    # The next one of the condition finds the ticket that stays.
    assert bridge.ticket(fire(bridge, **DISK)) == stays


def test_a_ticket_merged_into_a_persons_own_is_followed_and_left_to_him(bridge: Bridge):
    disk = fire(bridge, **DISK)
    ticket = bridge.ticket(disk)
    own = project(bridge)
    person(bridge).merge(ticket.autotask_ticket_id, own)
    hear(bridge)
    ticket.refresh_from_db()
    assert (ticket.autotask_ticket_id, ticket.state) == (own, Ticket.State.OPEN)
    assert bridge.ticket(disk) == ticket
    assert not bridge.remote_alert(disk)["resolved"]
    clear(bridge, disk)
    look_again(bridge)
    assert remote(bridge, ticket)["status"] == 1


def test_when_the_ticket_that_stays_is_completed_the_alerts_are_resolved_after_all(bridge: Bridge):
    disk = fire(bridge, **DISK)
    own = project(bridge)
    person(bridge).merge(bridge.ticket(disk).autotask_ticket_id, own)
    hear(bridge)
    assert not bridge.remote_alert(disk)["resolved"]
    person(bridge).complete_ticket(own, "Done.")
    hear(bridge)
    assert bridge.remote_alert(disk)["resolved"]


def test_a_ticket_that_was_merged_into_one_that_is_over_ends_its_alerts(bridge: Bridge):
    disk, service = fire(bridge, **DISK), fire(bridge, **SPOOLER)
    gone, stays = bridge.ticket(disk), bridge.ticket(service)
    person(bridge).merge(gone.autotask_ticket_id, stays.autotask_ticket_id)
    person(bridge).complete_ticket(stays.autotask_ticket_id, "Done.")
    hear(bridge)
    assert bridge.remote_alert(disk)["resolved"]
    assert bridge.remote_alert(service)["resolved"]


def complete_and_hear(bridge: Bridge, uid: str) -> None:
    """Let a technician complete an alert's ticket, and hear of it."""
    ticket = bridge.ticket(uid)
    bridge.sandbox.control(f"tickets/{ticket.autotask_ticket_id}/complete", {"resolution": "Done."})
    bridge.perform(intake_ticket(bridge, ticket))


def test_while_autotask_is_away_nothing_is_resolved_on_a_guess(bridge: Bridge):
    disk = fire(bridge, **DISK)
    with pytest.MonkeyPatch.context() as patch:
        # It goes away right after it has told that the ticket is completed.
        patch.setattr("tickets.services.finish.follow_merge", _away)
        patch.setattr("tickets.services.act._answers", lambda *_: False)
        complete_and_hear(bridge, disk)
        for _ in range(6):
            bridge.perform_due()
        assert gate.is_closed("autotask")
        assert not gate.is_closed("datto_rmm"), "Datto RMM is not the one that is away"
        assert Action.objects.get(kind="resolve_alert").cause == "other_vendor"
        assert not bridge.remote_alert(disk)["resolved"]
    gate.open_gate("autotask")
    bridge.perform_due()
    assert bridge.remote_alert(disk)["resolved"]


def _away(*_: Any) -> None:
    raise Unavailable("No answer.", vendor="autotask")


def test_a_database_that_answers_but_not_about_notes_does_not_keep_alerts_open(bridge: Bridge):
    disk = fire(bridge, **DISK)
    bridge.fault("500", vendor="autotask", path="*/TicketNotes/query*", count=500)
    complete_and_hear(bridge, disk)
    for _ in range(5):
        bridge.perform_due()
    assert bridge.remote_alert(disk)["resolved"]
    assert not gate.is_closed("autotask")


@pytest.mark.parametrize("error", [PermissionDenied, NotFound, ContractBroken])
def test_an_api_user_that_may_not_read_notes_resolves_all_the_same(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch, error: type[VendorError]
):
    def refuse(*_: Any) -> None:
        raise error("Not for you.", vendor="autotask")

    monkeypatch.setattr("tickets.services.finish.follow_merge", refuse)
    disk = fire(bridge, **DISK)
    complete_and_hear(bridge, disk)
    assert bridge.remote_alert(disk)["resolved"]
