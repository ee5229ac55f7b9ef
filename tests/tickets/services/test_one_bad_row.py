"""A row that RMM Bridge stumbles over is marked and shown, and holds up nobody else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integration.models import SyncRun, VendorHealth
from tests.tickets.services.conftest import Bridge, start_run, troubles
from tickets import tasks
from tickets.models import Action, Alert, Delivery, Ticket
from tickets.selectors.inbox import count_waiting
from tickets.services import act, alert_records, decide, intake, polling, retry, sweep
from tickets.tasks import StoredConnection, sweep_waiting_rows


class DefectError(RuntimeError):
    """Something nobody thought of."""


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Actions about which messages were sent."""
    found: list[int] = []
    monkeypatch.setattr(tasks, "enqueue_actions", found.extend)
    return found


@pytest.fixture
def stumble(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Callable[[], None]]:
    """Let a function raise when it is called with certain things; returns how to mend it again."""

    def arrange(owner: Any, name: str, when: Callable[..., bool]) -> Callable[[], None]:
        real, is_on = getattr(owner, name), [True]

        def maybe(*args: Any, **kwargs: Any) -> Any:
            if is_on and when(*args, **kwargs):
                raise DefectError("what nobody thought of")
            return real(*args, **kwargs)

        monkeypatch.setattr(owner, name, maybe)
        return is_on.clear

    return arrange


def wished(bridge: Bridge) -> tuple[str, int]:
    """Receive an alert up to the wish to create its ticket."""
    uid = bridge.raise_alert()
    delivery = bridge.hook(uid)
    assert delivery is not None
    [action_id] = intake.process_delivery(delivery, StoredConnection())
    return uid, action_id


def poll(kind: str = "alerts") -> tuple[SyncRun, list[int]]:
    recorder = start_run(kind)
    due: list[int] = []
    sync = polling.sync_alerts if kind == "alerts" else polling.sync_tickets
    sync(recorder, due.extend)
    recorder.flush()
    return recorder.run, due


def cannot_be_decided(alert: Any, *_args: Any) -> bool:
    return bool(alert.alert_uid == "bad")


def make_bad_alert(**values: Any) -> Alert:
    alert = Alert.objects.create(alert_uid="bad", state=Alert.State.RECEIVED, priority="High", **values)
    Alert.objects.filter(pk=alert.pk).update(first_seen_at=timezone.now() - timedelta(minutes=1))
    return alert


def test_sweep_goes_on_after_an_alert_that_cannot_be_decided(bridge: Bridge, sent, stumble):
    _, action_id = wished(bridge)
    Action.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    bad = make_bad_alert()
    stumble(decide, "_alert_facts", cannot_be_decided)
    sweep_waiting_rows()
    assert action_id in sent
    bad.refresh_from_db()
    assert (bad.state, bad.cause) == (Alert.State.BLOCKED, "defect")
    assert "what nobody thought of" in bad.reason
    assert bad.remedy
    assert bad.events.filter(kind="defect").count() == 1


def test_bad_alert_is_tried_again_after_growing_pauses_and_gets_its_ticket(bridge: Bridge, stumble):
    bad = make_bad_alert(datto_site_uid=bridge.site.datto_site_uid)
    mend = stumble(decide, "_alert_facts", cannot_be_decided)
    pauses = []
    now = timezone.now()
    for _ in range(4):
        sweep.reconsider_alerts(now)
        bad.refresh_from_db()
        assert bad.not_before is not None
        pauses.append(bad.not_before - now)
        assert sweep.reconsider_alerts(now) == []
        now = bad.not_before
    assert pauses == sorted(set(pauses)), "each pause is longer than the one before"
    assert pauses[0] >= timedelta(seconds=50)
    assert bad.events.filter(kind="defect").count() == 1, "the story says it once"
    mend()
    bridge.perform(sweep.reconsider_alerts(now))
    assert bridge.alert("bad").state == Alert.State.TICKETED


def test_poll_stores_the_alerts_after_one_that_cannot_be_decided(bridge: Bridge, stumble):
    first = bridge.raise_alert()
    second = bridge.raise_alert()
    stumble(decide, "_alert_facts", lambda alert, *_: alert.alert_uid in {first})
    _, due = poll()
    bridge.perform(due)
    assert bridge.alert(first).cause == "defect"
    assert bridge.alert(second).state == Alert.State.TICKETED


def test_poll_stores_an_alert_that_cannot_even_be_described(bridge: Bridge, stumble):
    first, second = bridge.raise_alert(), bridge.raise_alert()
    mend = stumble(alert_records, "_describe", lambda remote, *_: remote.uid == first)
    run, due = poll()
    bridge.perform(due)
    alert = bridge.alert(first)
    assert (alert.state, alert.cause) == (Alert.State.BLOCKED, "defect")
    assert alert.datto_site_uid == bridge.site.datto_site_uid
    assert bridge.alert(second).state == Alert.State.TICKETED
    assert run.failures == 1
    mend()
    bridge.perform(retry.retry_alert(alert))
    assert bridge.alert(first).state == Alert.State.TICKETED


def test_poll_of_tickets_goes_on_after_one_bad_ticket(bridge: Bridge, stumble):
    uids = [bridge.raise_alert(), bridge.raise_alert()]
    for uid in uids:
        bridge.deliver(uid)
    bad, good = bridge.alert(uids[0]).ticket, bridge.alert(uids[1]).ticket
    assert bad is not None
    assert good is not None
    for ticket in (bad, good):
        bridge.sandbox.control(f"tickets/{ticket.autotask_ticket_id}/complete", {"resolution": "Done."})
    stumble(polling, "record_ticket_seen", lambda ticket, *_args, **_kwargs: ticket.pk == bad.pk)
    run, _ = poll("tickets")
    good.refresh_from_db()
    assert good.state == Ticket.State.COMPLETED
    assert run.failures == 1


def test_sweep_settles_the_tickets_after_one_that_cannot_be_settled(bridge: Bridge, stumble):
    uids = [bridge.raise_alert(), bridge.raise_alert()]
    for uid in uids:
        bridge.deliver(uid)
    bad = bridge.alert(uids[0]).ticket
    assert bad is not None
    Alert.objects.update(is_resolved=True)
    calls: list[int] = []

    def is_bad(ticket: Ticket) -> bool:
        calls.append(ticket.pk)
        return ticket.pk == bad.pk

    stumble(sweep, "settle", is_bad)
    bridge.perform(sweep.settle_open_ends())
    good = bridge.alert(uids[1]).ticket
    assert good is not None
    assert good.state == Ticket.State.COMPLETED
    sweep.settle_open_ends()
    assert calls.count(bad.pk) == 1, "not again at the next sweep"
    sweep.settle_open_ends(timezone.now() + timedelta(minutes=2))
    assert calls.count(bad.pk) == 2


def test_one_broken_step_of_the_sweep_does_not_stop_the_others(bridge: Bridge, sent, stumble):
    _, action_id = wished(bridge)
    Action.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    stumble(sweep, "reconsider_alerts", lambda *_: True)
    with pytest.raises(DefectError):
        sweep_waiting_rows()
    assert action_id in sent


@pytest.fixture
def stumbling_create(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let every create of a ticket raise; returns how to mend it."""
    real = act._PERFORM[Action.Kind.CREATE_TICKET]

    def boom(*_args: Any, **_kwargs: Any) -> list[int]:
        raise DefectError("what nobody thought of")

    monkeypatch.setitem(act._PERFORM, Action.Kind.CREATE_TICKET, boom)
    return lambda: monkeypatch.setitem(act._PERFORM, Action.Kind.CREATE_TICKET, real)


def test_ticket_that_cannot_be_made_for_a_defect_is_shown_and_retried(
    bridge: Bridge, stumbling_create, admin_client: Client, celery_outbox
):
    uid, action_id = wished(bridge)
    with pytest.raises(DefectError):
        act.perform(action_id, StoredConnection())
    alert = bridge.alert(uid)
    assert (alert.state, alert.cause) == (Alert.State.BLOCKED, "defect")
    assert alert.remedy
    [group] = troubles()
    assert group.title == "Alerts that RMM Bridge stumbled over"
    assert group.retry_cause == "defect"
    assert count_waiting(timezone.now()) == 1
    stumbling_create()
    admin_client.post(reverse("attention-retry"), {"cause": "defect"})
    bridge.perform_due()
    assert bridge.alert(uid).state == Alert.State.TICKETED
    assert len(bridge.remote_tickets(uid)) == 1
    assert troubles() == []


def test_ticket_that_cannot_be_made_for_a_defect_is_made_by_itself_later(bridge: Bridge, stumbling_create):
    uid, action_id = wished(bridge)
    pauses = []
    for _ in range(3):
        Action.objects.update(not_before=None)
        with pytest.raises(DefectError):
            act.perform(action_id, StoredConnection())
        not_before = Action.objects.get().not_before
        assert not_before is not None
        pauses.append(not_before - timezone.now())
    assert pauses == sorted(pauses)
    assert pauses[2] > 2 * pauses[0]
    assert bridge.alert(uid).events.filter(kind="create_ticket_delayed").count() == 1
    stumbling_create()
    bridge.perform_due()
    assert bridge.alert(uid).state == Alert.State.TICKETED


def test_alert_that_clears_while_its_ticket_waits_for_a_defect_is_not_ticketed(
    bridge: Bridge, stumbling_create
):
    uid, action_id = wished(bridge)
    with pytest.raises(DefectError):
        act.perform(action_id, StoredConnection())
    bridge.resolve_in_datto(uid)
    bridge.deliver(uid, "resolved")
    stumbling_create()
    bridge.perform_due()
    assert bridge.alert(uid).state == Alert.State.CLEARED
    assert bridge.remote_tickets(uid) == []


def test_other_writes_that_stumble_are_shown_too(bridge: Bridge, monkeypatch):
    uid = bridge.raise_alert()
    bridge.deliver(uid)
    bridge.resolve_in_datto(uid)

    def boom(*_args: Any, **_kwargs: Any) -> list[int]:
        raise DefectError("what nobody thought of")

    with monkeypatch.context() as patch:
        patch.setitem(act._PERFORM, Action.Kind.COMPLETE_TICKET, boom)
        with pytest.raises(DefectError):
            bridge.deliver(uid, "resolved")
    [group] = troubles()
    assert group.title == "RMM Bridge stumbled over: complete the ticket"
    assert group.cure
    assert count_waiting(timezone.now()) == 1
    bridge.perform(retry.retry_alert(bridge.alert(uid)))
    assert troubles() == []


def test_drain_goes_on_after_a_row_that_stumbles(bridge: Bridge, monkeypatch):
    bad, good = wished(bridge), wished(bridge)
    real = act._PERFORM[Action.Kind.CREATE_TICKET]

    def maybe(action: Action, *args: Any, **kwargs: Any) -> list[int]:
        if action.pk == bad[1]:
            raise DefectError("what nobody thought of")
        return real(action, *args, **kwargs)

    monkeypatch.setitem(act._PERFORM, Action.Kind.CREATE_TICKET, maybe)
    VendorHealth.objects.create(vendor="autotask", is_down=True, retry_at=timezone.now())
    act.drain("autotask", StoredConnection())
    assert bridge.alert(good[0]).state == Alert.State.TICKETED
    assert bridge.alert(bad[0]).cause == "defect"
    assert not VendorHealth.objects.filter(is_down=True).exists()


def test_message_that_stumbles_is_shown_and_tried_again_after_growing_pauses(bridge: Bridge, stumble):
    uid = bridge.raise_alert()
    delivery = bridge.hook(uid)
    assert delivery is not None
    mend = stumble(alert_records, "_describe", lambda *_: True)
    pauses = []
    for _ in range(3):
        Delivery.objects.update(not_before=None)
        with pytest.raises(DefectError):
            intake.process_delivery(delivery, StoredConnection())
        row = Delivery.objects.get()
        assert row.not_before is not None
        pauses.append(row.not_before - timezone.now())
    assert pauses == sorted(pauses)
    [group] = troubles()
    assert group.title == "Datto RMM webhook: messages that RMM Bridge stumbled over"
    assert count_waiting(timezone.now()) == 1
    mend()
    Delivery.objects.update(not_before=None)
    bridge.perform(intake.process_delivery(delivery, StoredConnection()))
    assert bridge.alert(uid).state == Alert.State.TICKETED
    assert troubles() == []


def test_foreground_command_works_off_the_rows_after_a_bad_one(bridge: Bridge, stumble):
    first, second = bridge.raise_alert(), bridge.raise_alert()
    bridge.hook(first)
    bridge.hook(second)
    Delivery.objects.update(received_at=timezone.now() - timedelta(minutes=1))
    stumble(alert_records, "_describe", lambda remote, *_: remote.uid == first)
    tasks.work_off_due_rows()
    assert bridge.alert(second).state == Alert.State.TICKETED
