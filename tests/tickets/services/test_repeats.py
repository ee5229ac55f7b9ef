"""The same condition again, related alerts, and what tickets are told about them: over real HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from mappings.models import PicklistValue
from tests.tickets.services.conftest import Bridge
from tickets.models import Action, Alert, AlertPolicy, MonitorType, Ticket, TicketDefaults, TicketRule
from tickets.services import sweep

DISK = {"contextClass": "perf_disk_usage_ctx", "subject": "C:"}
SPOOLER = {"contextClass": "srvc_status_ctx", "subject": "Spooler"}


def settings(**values: Any) -> None:
    """Set fields of the defaults for all monitor types."""
    TicketDefaults.objects.filter(pk=1).update(**values)


def fire(bridge: Bridge, **values: Any) -> str:
    uid = bridge.raise_alert(**values)
    bridge.deliver(uid)
    return uid


def clear(bridge: Bridge, uid: str, by: str = "System") -> None:
    bridge.resolve_in_datto(uid, by)
    bridge.deliver(uid, "resolved")


def notes(bridge: Bridge, ticket: Ticket) -> list[str]:
    answer = bridge.sandbox.call("GET", f"/control/tickets/{ticket.autotask_ticket_id}")
    return [one["description"] for one in answer.json()["notes"]]


def remote(bridge: Bridge, ticket: Ticket) -> dict[str, Any]:
    answer = bridge.sandbox.call("GET", f"/control/tickets/{ticket.autotask_ticket_id}")
    return dict(answer.json())


def test_the_same_condition_joins_its_open_ticket_and_notes_keep_an_exact_counter(bridge: Bridge):
    first = fire(bridge, **DISK)
    ticket = bridge.ticket(first)
    for _ in range(6):
        uid = fire(bridge, **DISK)
        assert bridge.alert(uid).state == Alert.State.MERGED
        assert bridge.ticket(uid) == ticket
    assert Ticket.objects.count() == 1
    ticket.refresh_from_db()
    assert ticket.occurrences == 7
    written = notes(bridge, ticket)
    # At the second and the fifth; the others within the hour are counted and not told one by one.
    assert [text.splitlines()[0] for text in written] == [
        "This ticket has stood for 2 alerts; 2 of them are open in Datto RMM.",
        "This ticket has stood for 5 alerts; 5 of them are open in Datto RMM.",
    ]


def test_another_disk_of_the_device_is_another_condition(bridge: Bridge):
    first, second = fire(bridge, **DISK), fire(bridge, **{**DISK, "subject": "D:"})
    assert bridge.ticket(first) != bridge.ticket(second)


def test_a_condition_that_returns_reopens_the_ticket_we_completed(bridge: Bridge):
    first = fire(bridge, **DISK)
    ticket = bridge.ticket(first)
    clear(bridge, first)
    assert remote(bridge, ticket)["status"] == 5
    second = fire(bridge, **DISK)
    ticket.refresh_from_db()
    assert (bridge.ticket(second), ticket.state) == (ticket, Ticket.State.OPEN)
    assert remote(bridge, ticket)["status"] == 1
    assert not ticket.reopened_by_person
    clear(bridge, second)
    ticket.refresh_from_db()
    assert ticket.state == Ticket.State.COMPLETED
    assert remote(bridge, ticket)["status"] == 5


def test_a_condition_that_returns_after_a_technician_completed_its_ticket_gets_a_new_one(bridge: Bridge):
    first = fire(bridge, **DISK)
    old = bridge.ticket(first)
    bridge.sandbox.control(f"tickets/{old.autotask_ticket_id}/complete", {"resolution": "Done."})
    Ticket.objects.filter(pk=old.pk).update(state=Ticket.State.COMPLETED, completed_at=timezone.now())
    Alert.objects.filter(alert_uid=first).update(is_resolved=True, resolved_at=timezone.now())
    second = fire(bridge, **DISK)
    new = bridge.ticket(second)
    assert new != old
    assert new.previous == old
    assert str(old) in remote(bridge, new)["description"].splitlines()[0]


@pytest.mark.parametrize(("effect", "state"), [("note", Alert.State.FILTERED), ("new", Alert.State.TICKETED)])
def test_what_a_return_does_is_set_by_rule(bridge: Bridge, effect: str, state: str):
    settings(repeat_effect=effect)
    first = fire(bridge, **DISK)
    ticket = bridge.ticket(first)
    clear(bridge, first)
    second = fire(bridge, **DISK)
    assert bridge.alert(second).state == state
    ticket.refresh_from_db()
    assert ticket.state == Ticket.State.COMPLETED
    if effect == "note":
        assert bridge.alert(second).cause == "noted"
        assert "It came back" in notes(bridge, ticket)[-1]
        assert bridge.remote_alert(second)["resolved"] is False
    else:
        assert bridge.ticket(second) != ticket


def test_a_return_after_the_window_is_a_new_ticket(bridge: Bridge):
    first = fire(bridge, **DISK)
    clear(bridge, first)
    Ticket.objects.update(completed_at=timezone.now() - timedelta(hours=25))
    second = fire(bridge, **DISK)
    assert bridge.ticket(second) != bridge.ticket(first)


def test_a_ticket_that_cannot_be_reopened_is_replaced_by_a_new_one(bridge: Bridge):
    first = fire(bridge, **DISK)
    old = bridge.ticket(first)
    clear(bridge, first)
    bridge.sandbox.control(f"tickets/{old.autotask_ticket_id}/delete", {})
    second = fire(bridge, **DISK)
    Alert.objects.filter(alert_uid=second).update(first_seen_at=timezone.now() - timedelta(minutes=1))
    bridge.perform(sweep.reconsider_alerts())
    new = bridge.ticket(second)
    assert new != old
    assert bridge.alert(second).state == Alert.State.TICKETED


def test_related_alerts_of_a_device_share_a_ticket_unless_more_urgent(bridge: Bridge):
    settings(related_group="device")
    first = fire(bridge, **DISK)
    less, more = fire(bridge, **SPOOLER), fire(bridge, priority="Critical", contextClass="ping_ctx")
    ticket = bridge.ticket(first)
    assert (bridge.ticket(less), bridge.alert(less).cause) == (ticket, "related")
    assert bridge.ticket(more) != ticket
    clear(bridge, first)
    ticket.refresh_from_db()
    assert ticket.state == Ticket.State.OPEN
    clear(bridge, less)
    ticket.refresh_from_db()
    assert ticket.state == Ticket.State.COMPLETED


def test_security_alerts_are_never_put_into_a_related_ticket(bridge: Bridge):
    settings(related_group="device")
    first, threat = fire(bridge, **DISK), fire(bridge, contextClass="endpoint_security_threat_ctx")
    assert bridge.ticket(first) != bridge.ticket(threat)


def test_repetition_escalates_once(bridge: Bridge):
    critical = {"entity": "Tickets", "field": "priority", "value": 4}
    settings(escalate_after=3, escalated_priority=PicklistValue.objects.get(**critical))
    first = fire(bridge, **DISK)
    ticket = bridge.ticket(first)
    fire(bridge, **DISK)
    assert remote(bridge, ticket)["priority"] != 4
    fire(bridge, **DISK)
    assert remote(bridge, ticket)["priority"] == 4
    fire(bridge, **DISK)
    assert Action.objects.filter(kind=Action.Kind.UPDATE_TICKET).count() == 1


def test_an_alert_that_clears_while_held_off_makes_no_ticket(bridge: Bridge):
    settings(hold_off_minutes=5)
    uid = fire(bridge, **DISK)
    alert = bridge.alert(uid)
    assert (alert.state, alert.cause) == (Alert.State.HELD, "hold_off")
    assert "5 minutes" in alert.reason
    clear(bridge, uid)
    assert bridge.alert(uid).state == Alert.State.CLEARED
    assert Ticket.objects.count() == 0


def test_an_alert_that_lasts_is_ticketed_when_the_hold_off_is_over(bridge: Bridge):
    settings(hold_off_minutes=5)
    uid = fire(bridge, **DISK)
    later = timezone.now() + timedelta(minutes=6)
    bridge.perform(sweep.reconsider_alerts(later))
    assert bridge.alert(uid).state == Alert.State.TICKETED


def test_a_delay_before_completing_is_ended_by_the_next_alert(bridge: Bridge):
    settings(clear_delay_minutes=5)
    first = fire(bridge, **DISK)
    ticket = bridge.ticket(first)
    clear(bridge, first)
    assert remote(bridge, ticket)["status"] == 1
    second = fire(bridge, **DISK)
    bridge.perform_due()
    ticket.refresh_from_db()
    assert ticket.state == Ticket.State.OPEN
    clear(bridge, second)
    bridge.perform_due()
    assert remote(bridge, ticket)["status"] == 5


def test_a_mis_click_is_undone_before_the_alert_is_resolved(bridge: Bridge):
    settings(resolve_delay_seconds=60)
    uid = fire(bridge, **DISK)
    ticket = bridge.ticket(uid)
    bridge.sandbox.control(f"tickets/{ticket.autotask_ticket_id}/complete", {"resolution": "Done."})
    bridge.perform(intake_ticket(bridge, ticket))
    assert bridge.remote_alert(uid)["resolved"] is False
    bridge.sandbox.control(f"tickets/{ticket.autotask_ticket_id}/reopen", {})
    # Nobody has told us: the ticket is read again before the alert is resolved.
    Action.objects.filter(kind=Action.Kind.RESOLVE_ALERT).update(not_before=timezone.now())
    bridge.perform(list(Action.objects.filter(state=Action.State.WAITING).values_list("pk", flat=True)))
    assert bridge.remote_alert(uid)["resolved"] is False
    assert Action.objects.get(kind=Action.Kind.RESOLVE_ALERT).state == Action.State.DROPPED
    ticket.refresh_from_db()
    assert ticket.state == Ticket.State.OPEN


def intake_ticket(bridge: Bridge, ticket: Ticket) -> list[int]:
    """Receive a callout about the ticket, as a worker does."""
    from tickets.services import intake, receive  # noqa: PLC0415 - only here
    from tickets.tasks import StoredConnection  # noqa: PLC0415

    body = f"id={ticket.autotask_ticket_id}".encode()
    receipt = receive.receive_callout(body, "application/x-www-form-urlencoded", "")
    assert receipt.delivery_id is not None
    return intake.process_delivery(receipt.delivery_id, StoredConnection())


def test_flapping_waits_longer_before_it_completes(bridge: Bridge):
    AlertPolicy.objects.update(flap_changes=4, flap_minutes=60, flap_delay_minutes=15)
    for _ in range(2):
        uid = fire(bridge, **DISK)
        clear(bridge, uid)
    ticket = bridge.ticket(uid)
    ticket.refresh_from_db()
    # Raised and cleared twice: the second time it waits.
    assert ticket.state == Ticket.State.OPEN
    waiting = Action.objects.get(kind=Action.Kind.COMPLETE_TICKET, state=Action.State.WAITING)
    assert waiting.not_before is not None
    assert waiting.not_before > timezone.now() + timedelta(minutes=14)


@pytest.mark.parametrize("effect", ["reopen", "new_linked"])
def test_a_condition_that_returns_too_often_is_raised_whatever_ticket_it_gets(bridge: Bridge, effect: str):
    settings(
        repeat_effect=effect,
        escalate_after=3,
        escalated_priority=PicklistValue.objects.get(entity="Tickets", field="priority", value=4),
        escalated_queue=PicklistValue.objects.get(entity="Tickets", field="queueID", value=5),
    )
    seen = []
    for _ in range(3):
        uid = fire(bridge, **DISK)
        bridge.perform_due()
        now = remote(bridge, bridge.ticket(uid))
        seen.append((now["priority"], now["queueID"]))
        clear(bridge, uid)
    assert seen == [(1, 8), (1, 8), (4, 5)]
    last = bridge.ticket(uid)
    assert last.escalated_at is not None
    if effect == "new_linked":
        origins = {one["field"]: one["origin"] for one in bridge.alert(uid).decision["fields"]}
        assert origins["priority"] == "escalated. It happened 3 times within 1440 minutes."


def test_the_decision_keeps_the_facts_it_used_and_why_its_rules_are_there(bridge: Bridge):
    TicketRule.objects.create(
        name="Disks", reason="Asked for by Contoso.", monitor_type=MonitorType.objects.get(slug="disk_usage")
    )
    uid = fire(bridge, **DISK)
    decision = bridge.alert(uid).decision
    facts = dict(decision["facts"])
    assert facts["Priority in Datto RMM"] == "High"
    assert facts["Organization"] == bridge.company.name
    assert facts["Device"] == bridge.device.hostname
    assert facts["Monitor"].endswith("told by its fingerprint")
    assert "Applies: rule Disks. Asked for by Contoso." in decision["rule_chain"]


def test_a_ticket_of_a_type_that_people_end_is_left_to_them(bridge: Bridge):
    uid = fire(bridge, **DISK)
    ticket = bridge.ticket(uid)
    person = bridge.sandbox.sandbox.autotask.act_as_person(29682885)
    person.update("Tickets", ticket.autotask_ticket_id or 0, {"ticketType": 3})
    clear(bridge, uid)
    ticket.refresh_from_db()
    assert ticket.state == Ticket.State.OPEN
    assert "type" in ticket.events.get(kind="complete_skipped").text
