"""An alert that is open is never resolved because its ticket was closing when it came, and a person's work stands."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from integration.vendors.autotask.client import AutotaskClient
from integration.vendors.errors import WriteOutcomeUnknown
from mappings.models import PicklistValue
from tests.tickets.services.conftest import Bridge
from tests.tickets.services.test_closing import poll
from tests.tickets.services.test_repeats import (
    DISK,
    SPOOLER,
    clear,
    fire,
    intake_ticket,
    notes,
    remote,
    settings,
)
from tickets.models import Action, Alert, MonitorType, Ticket, TicketRule
from tickets.services import act, intake, outbox, placing, sweep
from tickets.tasks import StoredConnection


def look_again(bridge: Bridge) -> None:
    """Do what the workers do by themselves in the next minutes."""
    for _ in range(3):
        later = timezone.now() + timedelta(minutes=2)
        bridge.perform(sweep.reconsider_alerts(later))
        bridge.perform(sweep.settle_open_ends(later))
        bridge.perform_due()


def is_open(bridge: Bridge, uid: str) -> bool:
    """Return whether an alert is open in Datto RMM and on a ticket that is open in Autotask."""
    ticket = bridge.ticket(uid)
    return not bridge.remote_alert(uid)["resolved"] and remote(bridge, ticket)["status"] != 5


@pytest.fixture
def during(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Callable[[], Any]], dict[str, Any]]:
    """Do something while a method of the Autotask client runs, once; returns where its result will be."""

    def arrange(method: str, deed: Callable[[], Any], *, after: bool = False) -> dict[str, Any]:
        done: dict[str, Any] = {}
        real = getattr(AutotaskClient, method)

        def slow(self: AutotaskClient, *args: Any, **kwargs: Any) -> Any:
            answer = real(self, *args, **kwargs) if after else None
            if not done:
                done["begun"] = True
                done["result"] = deed()
            return answer if after else real(self, *args, **kwargs)

        monkeypatch.setattr(AutotaskClient, method, slow)
        return done

    return arrange


def test_an_alert_that_comes_while_its_ticket_is_completed_waits_and_opens_it_again(
    bridge: Bridge, during: Any
):
    settings(resolve_delay_seconds=0)
    first = fire(bridge, **DISK)
    seen = during("update_ticket", lambda: fire(bridge, **DISK))
    clear(bridge, first)
    second = seen["result"]
    assert (bridge.alert(second).state, bridge.alert(second).cause) == (Alert.State.HELD, placing.CLOSING)
    look_again(bridge)
    assert bridge.ticket(second) == bridge.ticket(first)
    assert is_open(bridge, second)


def test_so_does_one_that_comes_while_the_answer_to_the_completion_is_lost(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch
):
    first = fire(bridge, **DISK)
    real = AutotaskClient.update_ticket

    def cut(self: AutotaskClient, ticket_id: int, fields: Any) -> None:
        real(self, ticket_id, fields)
        raise WriteOutcomeUnknown("timeout", vendor="autotask")

    with monkeypatch.context() as patch:
        patch.setattr(AutotaskClient, "update_ticket", cut)
        clear(bridge, first)
    second = fire(bridge, **DISK)
    assert bridge.alert(second).cause == placing.CLOSING
    bridge.perform_due()
    poll("tickets", bridge)
    look_again(bridge)
    assert is_open(bridge, second)
    assert Ticket.objects.count() == 1


def test_a_lost_answer_is_not_written_twice(bridge: Bridge, monkeypatch: pytest.MonkeyPatch):
    uid = fire(bridge, **DISK)
    written = []
    real = AutotaskClient.update_ticket

    def cut(self: AutotaskClient, ticket_id: int, fields: Any) -> None:
        written.append(fields)
        real(self, ticket_id, fields)
        raise WriteOutcomeUnknown("timeout", vendor="autotask")

    monkeypatch.setattr(AutotaskClient, "update_ticket", cut)
    clear(bridge, uid)
    bridge.perform_due()
    assert len(written) == 1
    assert (bridge.ticket(uid).state, bridge.ticket(uid).completed_by_us) == (Ticket.State.COMPLETED, True)


def test_an_alert_raised_after_a_person_completed_its_ticket_is_not_resolved_with_it(bridge: Bridge):
    settings(resolve_delay_seconds=0)
    first = fire(bridge, **DISK)
    ticket = bridge.ticket(first)
    bridge.sandbox.control(f"tickets/{ticket.autotask_ticket_id}/complete", {"resolution": "Done."})
    time.sleep(1.1)  # Autotask's moments are whole seconds
    second = fire(bridge, **DISK)
    assert bridge.ticket(second) == ticket
    poll("tickets", bridge)
    look_again(bridge)
    assert bridge.remote_alert(first)["resolved"]
    assert bridge.ticket(second) != ticket
    assert bridge.ticket(second).previous == ticket
    assert is_open(bridge, second)


def test_what_was_read_before_we_opened_a_ticket_again_does_not_close_it(bridge: Bridge, during: Any):
    settings(resolve_delay_seconds=0)
    first = fire(bridge, **DISK)
    ticket = bridge.ticket(first)
    clear(bridge, first)
    seen = during("find_ticket", lambda: fire(bridge, **DISK), after=True)
    bridge.perform(intake_ticket(bridge, ticket))
    look_again(bridge)
    assert is_open(bridge, seen["result"])


def test_an_open_alert_on_a_ticket_we_completed_opens_it_again(bridge: Bridge):
    first, second = fire(bridge, **DISK), fire(bridge, **DISK)
    clear(bridge, first)
    clear(bridge, second)
    Alert.objects.filter(alert_uid=second).update(is_resolved=False, resolved_at=None)
    look_again(bridge)
    ticket = bridge.ticket(second)
    assert ticket.state == Ticket.State.OPEN
    assert remote(bridge, ticket)["status"] == 1


@pytest.mark.parametrize("setting", ["touched_status", "complete_touched", ""])
def test_what_a_person_completed_is_left_as_it_is_when_the_alert_clears(bridge: Bridge, setting: str):
    if setting == "touched_status":
        settings(touched_status=PicklistValue.objects.get(entity="Tickets", field="status", value=8))
    elif setting:
        settings(complete_touched=True)
    uid = fire(bridge, **DISK)
    ticket = bridge.ticket(uid)
    bridge.sandbox.control(
        f"tickets/{ticket.autotask_ticket_id}/complete", {"resolution": "Replaced the disk."}
    )
    before = notes(bridge, ticket)
    clear(bridge, uid)
    bridge.perform_due()
    now = remote(bridge, ticket)
    assert (now["status"], now["resolution"]) == (5, "Replaced the disk.")
    assert notes(bridge, ticket) == before
    ticket.refresh_from_db()
    assert (ticket.state, ticket.completed_by_us) == (Ticket.State.COMPLETED, False)


def test_the_status_for_alerts_that_a_person_cleared_counts_as_done(bridge: Bridge):
    settings(cleared_status=PicklistValue.objects.get(entity="Tickets", field="status", value=8))
    uid = fire(bridge)
    ticket = bridge.ticket(uid)
    clear(bridge, uid, by="Jane Doe")
    assert remote(bridge, ticket)["status"] == 8
    time.sleep(1)
    bridge.perform(intake_ticket(bridge, ticket))
    ticket.refresh_from_db()
    assert (ticket.state, ticket.reopened_by_person) == (Ticket.State.COMPLETED, False)


def test_a_repeat_joins_its_open_ticket_at_once_whatever_the_hold_off(bridge: Bridge):
    first = fire(bridge, **DISK)
    settings(hold_off_minutes=15, clear_delay_minutes=5)
    clear(bridge, first)
    second = fire(bridge, **DISK)
    assert bridge.ticket(second) == bridge.ticket(first)
    bridge.perform_due()
    assert is_open(bridge, second)


def test_the_wait_before_completing_begins_with_the_last_clearing(bridge: Bridge):
    settings(clear_delay_minutes=5)
    clear(bridge, fire(bridge, **DISK))
    Action.objects.filter(kind="complete_ticket").update(not_before=timezone.now() + timedelta(seconds=20))
    clear(bridge, fire(bridge, **DISK))
    action = Action.objects.get(kind="complete_ticket")
    assert action.not_before is not None
    assert action.not_before > timezone.now() + timedelta(minutes=4)


def test_a_rule_against_completing_holds_for_the_whole_ticket(bridge: Bridge):
    settings(related_group="device")
    TicketRule.objects.create(
        name="Disks stay",
        monitor_type=MonitorType.objects.get(slug="disk_usage"),
        complete_on_clear=False,
    )
    disk, service = fire(bridge, **DISK), fire(bridge, **SPOOLER)
    clear(bridge, disk)
    clear(bridge, service)
    bridge.perform_due()
    ticket = bridge.ticket(disk)
    assert bridge.ticket(service) == ticket
    assert ticket.state == Ticket.State.OPEN
    assert "Disks stay" in ticket.events.get(kind="complete_skipped").text


def test_an_alert_that_joins_while_the_create_is_dropped_gets_its_ticket(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch
):
    first = bridge.raise_alert(**DISK)
    intake.process_delivery(bridge.hook(first) or 0, StoredConnection())
    second = bridge.raise_alert(**DISK)
    bridge.resolve_in_datto(first)
    real = outbox.drop_if_not_started

    def racing(key: str) -> bool:
        monkeypatch.setattr(outbox, "drop_if_not_started", real)
        intake.process_delivery(bridge.hook(second) or 0, StoredConnection())
        return real(key)

    monkeypatch.setattr(outbox, "drop_if_not_started", racing)
    bridge.deliver(first, "resolved")
    look_again(bridge)
    assert bridge.ticket(second).state == Ticket.State.OPEN


@pytest.mark.parametrize("state", [Alert.State.TICKETING, Alert.State.CLEARED])
def test_an_open_alert_that_nobody_makes_a_ticket_for_is_decided_again(bridge: Bridge, state: str):
    uid = bridge.raise_alert(**DISK)
    intake.process_delivery(bridge.hook(uid) or 0, StoredConnection())
    Action.objects.update(state=Action.State.DROPPED)
    Ticket.objects.update(state=Ticket.State.ABANDONED)
    Alert.objects.filter(alert_uid=uid).update(
        state=state, first_seen_at=timezone.now() - timedelta(minutes=5)
    )
    look_again(bridge)
    assert bridge.ticket(uid).state == Ticket.State.OPEN


def test_a_person_who_reopens_a_ticket_we_completed_is_heard_by_the_poll(bridge: Bridge):
    uid = fire(bridge, **DISK)
    ticket = bridge.ticket(uid)
    clear(bridge, uid)
    Ticket.objects.update(completed_at=timezone.now() - timedelta(hours=20))
    bridge.sandbox.control(f"tickets/{ticket.autotask_ticket_id}/reopen", {})
    poll("tickets", bridge)
    ticket.refresh_from_db()
    assert (ticket.state, ticket.reopened_by_person) == (Ticket.State.OPEN, True)
    settings(repeat_window_minutes=0)
    assert bridge.ticket(fire(bridge, **DISK)) == ticket


def test_completing_is_done_by_one_worker(bridge: Bridge):
    uid = fire(bridge, **DISK)
    bridge.resolve_in_datto(uid)
    intake.process_delivery(bridge.hook(uid, "resolved") or 0, StoredConnection())
    action = Action.objects.get(kind="complete_ticket")
    bridge.perform([action.pk])
    assert act.perform(action.pk, StoredConnection()) == []
