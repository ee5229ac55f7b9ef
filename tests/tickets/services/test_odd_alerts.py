"""Alerts that Datto RMM sends in an odd form: none stops the others, none is lost, none is taken for gone."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from integration.models import Connection, SyncRun
from integration.sync import runs
from integration.vendors.autotask.signatures import sign
from integration.vendors.datto_rmm import DattoRmmClient
from integration.vendors.datto_rmm.records import Alert as RemoteAlert
from integration.vendors.datto_rmm.records import ResponseAction
from tests.tickets.services.conftest import Bridge, start_run, troubles
from tickets.models import Alert, Delivery, TicketDefaults
from tickets.services import intake, polling, receive, sweep
from tickets.tasks import StoredConnection

_ABSENT = {"absent": True}


def make_odd(bridge: Bridge, uid: str, **fields: Any) -> None:
    assert bridge.sandbox.control(f"alerts/{uid}/odd", fields).status_code == 200


def poll(bridge: Bridge) -> SyncRun:
    """Poll as a worker does, follow-ups included."""
    SyncRun.objects.filter(kind="alerts").update(status=SyncRun.Status.SUCCEEDED)
    run, _ = runs.queue_run(kind="alerts", trigger=SyncRun.Trigger.COMMAND)
    done = runs.execute_run(run.pk)
    assert done is not None
    bridge.perform_due()
    return done


def test_alert_without_uid_stops_no_other_and_is_shown_with_its_cause(bridge: Bridge, celery_outbox) -> None:
    del celery_outbox
    uids = [bridge.raise_alert() for _ in range(3)]
    make_odd(bridge, uids[1], alertUid=_ABSENT)
    run = poll(bridge)
    assert [bridge.alert(uid).state for uid in (uids[0], uids[2])] == [Alert.State.TICKETED] * 2
    assert not Alert.objects.filter(alert_uid=uids[1]).exists()
    assert run.status == SyncRun.Status.FAILED
    [entry] = run.entries.filter(status="failed")
    assert "alert.alertUid: missing" in entry.message
    assert bridge.device.hostname in entry.label
    assert bridge.site.name in entry.label
    assert entry.remedy
    groups = {group.title: group for group in troubles()}
    group = groups["The last alerts run failed"]
    assert "1 alert could not be read; all others were" in group.happened
    assert bridge.device.hostname in group.happened
    make_odd(bridge, uids[1])
    assert poll(bridge).status == SyncRun.Status.SUCCEEDED
    assert bridge.alert(uids[1]).state == Alert.State.TICKETED
    assert "The last alerts run failed" not in {group.title for group in troubles()}
    bridge.resolve_in_datto(uids[1])


def test_list_with_an_unreadable_alert_marks_none_as_gone(bridge: Bridge, celery_outbox) -> None:
    del celery_outbox
    gone = Alert.objects.create(
        alert_uid="gone-2", state=Alert.State.FILTERED, reason="r", first_seen_via="poll"
    )
    over = bridge.raise_alert()
    bridge.deliver(over)
    Alert.objects.update(
        first_seen_at=timezone.now() - timedelta(minutes=5), last_seen_open_at=None, first_seen_via="poll"
    )
    bridge.resolve_in_datto(over)
    odd = bridge.raise_alert()
    make_odd(bridge, odd, alertUid=None)
    for _ in range(3):
        run = poll(bridge)
        assert "No alert was taken for gone" in run.error
    gone.refresh_from_db()
    assert (gone.is_resolved, gone.missed_polls) == (False, 0)
    assert bridge.alert(over).is_resolved, "what Datto RMM says of a single alert is believed all the same"
    make_odd(bridge, odd)
    poll(bridge)
    poll(bridge)
    gone.refresh_from_db()
    assert gone.is_gone
    bridge.resolve_in_datto(odd)


@pytest.mark.parametrize(
    ("odd", "state"),
    [
        ({"alertContext": None}, Alert.State.TICKETED),
        ({"alertContext": {"@class": "brand_new_ctx", "a": 1}}, Alert.State.TICKETED),
        ({"alertContext": ["a", "list"]}, Alert.State.TICKETED),
        ({"timestamp": "2026-11-24T10:00:00Z"}, Alert.State.TICKETED),
        ({"timestamp": "not a date"}, Alert.State.TICKETED),
        ({"timestamp": {"epoch": 1}}, Alert.State.TICKETED),
        ({"autoresolveMins": "soon", "responseActions": "none", "muted": "perhaps"}, Alert.State.TICKETED),
        ({"alertMonitorInfo": None, "resolvedOn": "", "resolved": None}, Alert.State.TICKETED),
        ({"alertSourceInfo": _ABSENT}, Alert.State.BLOCKED),
        ({"alertSourceInfo": "a text"}, Alert.State.BLOCKED),
    ],
)
@pytest.mark.parametrize("way", ["poll", "webhook"])
def test_odd_field_keeps_no_alert_from_being_told(
    bridge: Bridge, celery_outbox, way: str, odd: dict[str, Any], state: str
) -> None:
    del celery_outbox
    uid = bridge.raise_alert()
    make_odd(bridge, uid, **odd)
    if way == "poll":
        assert poll(bridge).status == SyncRun.Status.SUCCEEDED
    else:
        bridge.deliver(uid)
    alert = bridge.alert(uid)
    assert alert.state == state
    assert alert.cause != "defect"
    assert alert.reason
    bridge.resolve_in_datto(uid)


def test_unknown_priority_is_shown_as_unknown(bridge: Bridge) -> None:
    uid = bridge.raise_alert()
    make_odd(bridge, uid, priority="Apocalyptic")
    bridge.deliver(uid)
    alert = bridge.alert(uid)
    assert (alert.priority, alert.state) == ("Unknown", Alert.State.TICKETED)


def test_alert_of_a_site_monitor_without_device_makes_a_ticket_for_the_site(bridge: Bridge) -> None:
    uid = bridge.raise_alert()
    source = {
        "deviceUid": None,
        "deviceName": None,
        "siteUid": bridge.site.datto_site_uid,
        "siteName": bridge.site.name,
    }
    make_odd(bridge, uid, alertSourceInfo=source)
    bridge.deliver(uid)
    alert = bridge.alert(uid)
    assert (alert.state, alert.datto_device_uid) == (Alert.State.TICKETED, "")
    assert "names no device" in " ".join(alert.decision["rule_chain"])
    [remote] = bridge.remote_tickets(uid)
    assert remote["companyID"] == bridge.company.autotask_company_id


def test_alert_that_named_no_site_says_so_and_goes_on_when_it_does(bridge: Bridge, celery_outbox) -> None:
    del celery_outbox
    uid = bridge.raise_alert()
    make_odd(bridge, uid, alertSourceInfo=_ABSENT)
    bridge.deliver(uid)
    alert = bridge.alert(uid)
    assert (alert.state, alert.cause) == (Alert.State.BLOCKED, "site_unknown")
    assert "names neither a site nor a device" in alert.reason
    make_odd(bridge, uid)
    poll(bridge)
    from tickets.services import sweep  # noqa: PLC0415 - only here

    bridge.perform(sweep.reconsider_alerts())
    assert bridge.alert(uid).state == Alert.State.TICKETED
    assert bridge.alert(uid).datto_device_uid == bridge.device.datto_device_uid


def test_webhook_whose_alert_cannot_be_read_waits_visibly_and_is_tried_again(bridge: Bridge) -> None:
    uid = bridge.raise_alert()
    make_odd(bridge, uid, alertUid=_ABSENT)
    delivery = bridge.hook(uid)
    assert delivery is not None
    assert intake.process_delivery(delivery, StoredConnection()) == []
    row = Delivery.objects.get()
    assert (row.state, row.attempts) == (Delivery.State.NEW, 1)
    assert "alert.alertUid: missing" in row.reason
    [group] = troubles()
    assert "alert.alertUid: missing" in group.happened
    assert group.count == 1
    assert "does not document" in group.cure
    make_odd(bridge, uid)
    assert row.not_before is not None
    Delivery.objects.update(not_before=None)
    bridge.perform(intake.process_delivery(delivery, StoredConnection()))
    assert bridge.alert(uid).state == Alert.State.TICKETED
    assert troubles() == []


def test_unreadable_answer_about_a_missing_alert_is_shown_and_ends_nothing(
    bridge: Bridge, celery_outbox, monkeypatch
) -> None:
    del celery_outbox
    uid = bridge.raise_alert()
    bridge.deliver(uid)
    Alert.objects.update(first_seen_at=timezone.now() - timedelta(minutes=5), first_seen_via="poll")
    bridge.resolve_in_datto(uid)
    make_odd(bridge, uid, alertUid=_ABSENT)
    recorder = start_run("alerts")
    with pytest.raises(Exception, match="1 alert could not be read") as caught:
        polling.sync_alerts(recorder, lambda _due: None)
    assert "taken for gone" not in str(caught.value)
    assert not bridge.alert(uid).is_resolved
    make_odd(bridge, uid)
    poll(bridge)
    assert bridge.alert(uid).is_resolved


@pytest.mark.parametrize("broken", ["x \\ud83d", "x \\u0000", "\\ud83d"])
def test_half_an_emoji_in_the_monitors_key_loses_no_message(bridge: Bridge, broken: str) -> None:
    uid = bridge.raise_alert()
    body = f'{{"alert_uid": "{uid}", "monitor_key": "{broken}"}}'.encode()
    receipt = receive.receive_datto(body, "application/json", "")
    assert receipt.status == 202
    bridge.perform(intake.process_delivery(receipt.delivery_id or 0, StoredConnection()))
    assert bridge.alert(uid).state == Alert.State.TICKETED


def test_a_long_message_of_autotask_is_read_whole(bridge: Bridge) -> None:
    uid = bridge.raise_alert()
    bridge.deliver(uid)
    ticket = bridge.ticket(uid)
    secret = Connection.objects.get().autotask_webhook_secret or "secret"
    event = {"Action": "Update", "Guid": "g", "EntityType": "Ticket", "Id": ticket.autotask_ticket_id,
             "Fields": {"Status": 5, "Description": "ü" * 12_000}, "EventTime": "2026-11-24T10:00:00Z",
             "SequenceNumber": 1, "PersonID": 1}  # fmt: skip
    body = json.dumps(event).encode()
    assert len(body) > 64_000
    receipt = receive.receive_autotask(body, "application/json", sign(secret, body), secret)
    intake.process_delivery(receipt.delivery_id or 0, StoredConnection())
    assert Delivery.objects.get(pk=receipt.delivery_id or 0).state == Delivery.State.DONE


def test_a_ticket_that_datto_is_just_making_is_waited_for_and_not_doubled(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch, celery_outbox: Any
) -> None:
    del celery_outbox
    uid = bridge.raise_alert()
    real = DattoRmmClient.fetch_alert

    def pending(self: DattoRmmClient, alert_uid: str) -> RemoteAlert:
        action = ResponseAction("TICKET_PENDING", None, "", "", "")
        return replace(real(self, alert_uid), response_actions=(action,))

    monkeypatch.setattr(DattoRmmClient, "fetch_alert", pending)
    bridge.deliver(uid)
    alert = bridge.alert(uid)
    assert (alert.state, alert.cause) == (Alert.State.HELD, "native_pending")
    assert alert.not_before is not None
    # It has its number by now.
    monkeypatch.undo()
    make_odd(bridge, uid, ticketNumber="T20261124.0042")
    poll(bridge)
    bridge.perform(sweep.reconsider_alerts(alert.not_before + timedelta(seconds=1)))
    assert (bridge.alert(uid).state, bridge.remote_tickets(uid)) == (Alert.State.FILTERED, [])


def test_a_ticket_that_datto_never_made_is_made_after_a_while(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    uid = bridge.raise_alert()
    real = DattoRmmClient.fetch_alert
    pending = ResponseAction("TICKET_PENDING", None, "", "", "")
    monkeypatch.setattr(
        DattoRmmClient, "fetch_alert", lambda self, one: replace(real(self, one), response_actions=(pending,))
    )
    bridge.deliver(uid)
    bridge.perform(sweep.reconsider_alerts(timezone.now() + timedelta(minutes=4)))
    assert bridge.alert(uid).state == Alert.State.TICKETED


def test_a_clock_ten_years_ahead_holds_nothing_off_for_ten_years(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    TicketDefaults.objects.update(hold_off_minutes=15)
    uid = bridge.raise_alert()
    real = DattoRmmClient.fetch_alert
    ahead = timezone.now() + timedelta(days=3650)
    monkeypatch.setattr(
        DattoRmmClient, "fetch_alert", lambda self, one: replace(real(self, one), raised_at=ahead)
    )
    bridge.deliver(uid)
    alert = bridge.alert(uid)
    assert alert.state == Alert.State.HELD
    assert alert.not_before is not None
    assert alert.not_before < timezone.now() + timedelta(hours=1)
