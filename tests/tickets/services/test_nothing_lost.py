"""An alert that cannot be ticketed waits with a cause and a cure, and is ticketed when the cause is gone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from integration.models import Connection, SyncRun, VendorHealth
from integration.sync.recorder import RunStoppedByGuard
from integration.vendors.budget import Lane
from mappings.models import PicklistValue, Site, SiteMapping
from tests.tickets.services.conftest import Bridge, start_run
from tickets.models import Action, Alert, Delivery, Ticket, TicketDefaults
from tickets.services import act, gate, intake, ledger, polling, retry, sweep
from tickets.services.explain import explain_alert
from tickets.tasks import StoredConnection


def test_unmapped_site_waits_and_goes_on_when_it_is_mapped(bridge: Bridge):
    SiteMapping.objects.update(state=SiteMapping.State.UNMAPPED, company=None)
    uid = bridge.raise_alert()
    bridge.deliver(uid)
    alert = bridge.alert(uid)
    assert (alert.state, alert.cause) == (Alert.State.BLOCKED, "site_unmapped")
    assert bridge.site.name in alert.reason
    assert alert.remedy
    assert sweep.reconsider_alerts() == []
    SiteMapping.objects.update(state=SiteMapping.State.CONFIRMED, company=bridge.company)
    bridge.perform(sweep.reconsider_alerts())
    assert bridge.alert(uid).state == Alert.State.TICKETED


def test_unknown_site_waits_until_sites_are_read(bridge: Bridge):
    uid = bridge.raise_alert()
    SiteMapping.objects.all().delete()
    Site.objects.all().delete()
    bridge.deliver(uid)
    assert bridge.alert(uid).cause == "site_unknown"
    site = Site.objects.create(datto_site_uid=bridge.site.datto_site_uid, name="X", synced_at=timezone.now())
    SiteMapping.objects.create(site=site, company=bridge.company, state=SiteMapping.State.CONFIRMED)
    bridge.perform(sweep.reconsider_alerts())
    assert bridge.alert(uid).state == Alert.State.TICKETED


def test_unknown_context_class_still_makes_a_ticket(bridge: Bridge):
    uid = bridge.raise_alert(context={"@class": "quantum_flux_ctx", "flux": 9000})
    bridge.deliver(uid)
    alert = bridge.alert(uid)
    assert alert.state == Alert.State.TICKETED
    assert alert.monitor_type is not None
    assert alert.monitor_type.slug == "other"
    assert "9000" in bridge.remote_tickets(uid)[0]["description"]


def test_unknown_device_still_makes_a_ticket(bridge: Bridge):
    uid = bridge.raise_alert()
    bridge.device.delete()
    bridge.deliver(uid)
    assert bridge.alert(uid).state == Alert.State.TICKETED


def test_value_inactivated_here_is_skipped_with_a_reason(bridge: Bridge):
    queue = PicklistValue.objects.get(entity="Tickets", field="queueID", value=5)
    TicketDefaults.objects.filter(pk=1).update(queue=queue)
    PicklistValue.objects.filter(pk=queue.pk).update(is_active=False)
    uid = bridge.raise_alert()
    bridge.deliver(uid)
    alert = bridge.alert(uid)
    assert alert.state == Alert.State.TICKETED
    assert any("queue" in one["field"] and "inactive" in one["reason"] for one in alert.decision["skipped"])


def test_value_refused_by_autotask_is_left_out_and_the_ticket_made(bridge: Bridge):
    """Our mirror still holds it for active; Autotask says otherwise."""
    stale = PicklistValue.objects.create(
        entity="Tickets", field="source", value=98765, label="Old", synced_at=timezone.now()
    )
    TicketDefaults.objects.filter(pk=1).update(source=stale)
    uid = bridge.raise_alert()
    bridge.deliver(uid)
    bridge.perform_due()
    alert = bridge.alert(uid)
    assert alert.state == Alert.State.TICKETED
    assert any(one["field"] == "source" for one in alert.decision["skipped"])
    assert len(bridge.remote_tickets(uid)) == 1


def test_refused_ticket_waits_with_the_cure_and_a_retry_makes_it(bridge: Bridge):
    bridge.sandbox.control("settings", {"autotask": {"denied": ["Tickets:create"]}})
    uid = bridge.raise_alert()
    try:
        bridge.deliver(uid)
    finally:
        bridge.sandbox.control("settings", {"autotask": {"denied": []}})
    alert = bridge.alert(uid)
    assert (alert.state, alert.cause) == (Alert.State.BLOCKED, "ticket_refused")
    assert "permission" in alert.remedy
    bridge.perform(retry.retry_alert(alert))
    assert bridge.alert(uid).state == Alert.State.TICKETED
    assert len(bridge.remote_tickets(uid)) == 1


def test_refused_ticket_is_tried_again_by_itself(bridge: Bridge):
    bridge.sandbox.control("settings", {"autotask": {"denied": ["Tickets:create"]}})
    uid = bridge.raise_alert()
    try:
        bridge.deliver(uid)
    finally:
        bridge.sandbox.control("settings", {"autotask": {"denied": []}})
    assert sweep.reconsider_alerts() == []
    bridge.perform(sweep.reconsider_alerts(timezone.now() + timedelta(minutes=16)))
    assert bridge.alert(uid).state == Alert.State.TICKETED


def test_outage_of_autotask_tickets_everything_afterwards_in_order(bridge: Bridge):
    bridge.fault("outage", vendor="autotask")
    uids = []
    for _ in range(6):
        uid = bridge.raise_alert()
        bridge.deliver(uid)
        uids.append(uid)
    assert gate.is_closed("autotask")
    assert Action.objects.filter(attempts__gt=0).count() == 1, (
        "an outage costs one attempt per pause, not one per alert"
    )
    assert act.drain("autotask", StoredConnection()) == [], "not due yet"
    bridge.clear_faults()
    VendorHealth.objects.update(retry_at=timezone.now())
    Action.objects.update(not_before=None)
    act.drain("autotask", StoredConnection())
    assert not gate.is_closed("autotask")
    numbers = []
    for uid in uids:
        alert = bridge.alert(uid)
        assert alert.state == Alert.State.TICKETED
        assert len(bridge.remote_tickets(uid)) == 1
        assert alert.ticket is not None
        numbers.append(alert.ticket.autotask_ticket_id or 0)
    assert numbers == sorted(numbers)


def test_drain_during_an_outage_stops_early_and_waits_longer(bridge: Bridge):
    bridge.fault("outage", vendor="autotask")
    for _ in range(4):
        bridge.deliver(bridge.raise_alert())
    VendorHealth.objects.update(retry_at=timezone.now())
    Action.objects.update(not_before=None)
    act.drain("autotask", StoredConnection())
    assert gate.is_closed("autotask")
    assert Action.objects.filter(attempts__gt=1).count() <= 2


def test_one_bad_row_does_not_hold_up_the_rest(bridge: Bridge):
    bridge.fault("outage", vendor="autotask")
    uids = [bridge.raise_alert() for _ in range(3)]
    for uid in uids:
        bridge.deliver(uid)
    bridge.clear_faults()
    bridge.fault("outage", vendor="autotask", method="POST", count=1)
    VendorHealth.objects.update(retry_at=timezone.now())
    Action.objects.update(not_before=None)
    act.drain("autotask", StoredConnection())
    assert [bridge.alert(uid).state for uid in uids[1:]] == [Alert.State.TICKETED] * 2


def test_datto_away_keeps_the_message_and_goes_on(bridge: Bridge):
    uid = bridge.raise_alert()
    bridge.fault("503", vendor="datto_rmm")
    delivery = bridge.hook(uid)
    assert delivery is not None
    assert intake.process_delivery(delivery, StoredConnection()) == []
    row = Delivery.objects.get()
    assert row.state == Delivery.State.NEW
    assert row.not_before is not None
    bridge.clear_faults()
    Delivery.objects.update(not_before=None)
    bridge.perform(intake.process_delivery(delivery, StoredConnection()))
    assert bridge.alert(uid).state == Alert.State.TICKETED


def test_pause_stores_alerts_and_writes_nothing(bridge: Bridge):
    Connection.objects.update(paused_at=timezone.now(), paused_reason="maintenance")
    uid = bridge.raise_alert()
    bridge.deliver(uid)
    assert bridge.alert(uid).state == Alert.State.TICKETING
    assert bridge.remote_tickets(uid) == []
    Connection.objects.update(paused_at=None)
    bridge.perform_due()
    assert bridge.alert(uid).state == Alert.State.TICKETED


def test_lost_messages_are_found_by_the_sweep(bridge: Bridge):
    uid = bridge.raise_alert()
    delivery = bridge.hook(uid)
    later = timezone.now() + timedelta(seconds=30)
    assert sweep.find_waiting_deliveries(later) == [delivery]
    assert sweep.find_waiting_deliveries(later) == [], "nudged once, not at every sweep"
    assert delivery is not None
    [action] = intake.process_delivery(delivery, StoredConnection())
    assert sweep.find_due_actions(later) == [action]
    assert sweep.find_due_actions(later) == []


def test_ledger_balances_only_when_every_open_alert_is_explained(bridge: Bridge):
    client = StoredConnection().datto(lane=Lane.INTERACTIVE, subject="ledger")
    uid = bridge.raise_alert()
    first = ledger.reconcile(client)
    assert not first.balances
    assert uid in first.missing
    recorder = start_run("alerts")
    polling.sync_alerts(recorder, lambda _due: None)
    second = ledger.reconcile(client)
    assert second.balances, second.to_json()
    assert sum(second.states.values()) == second.open_in_datto
    Alert.objects.filter(alert_uid=uid).update(is_resolved=True)
    assert uid in ledger.reconcile(client).closed_here


def test_explain_tells_decision_fields_and_calls(bridge: Bridge):
    uid = bridge.raise_alert()
    bridge.deliver(uid)
    story = explain_alert(uid)
    assert story["state"] == "ticketed"
    origins = {one["field"]: one["origin"] for one in story["decision"]["fields"]}
    assert {"companyID", "title", "priority", "status", "queueID", "dueDateTime"} <= set(origins)
    assert all(origins.values())
    assert [
        call["method"]
        for call in story["calls"]
        if "zoneInformation" not in call["path"] and "oauth" not in call["path"]
    ] == ["GET", "POST", "GET"]
    assert story["timeline"]
    with pytest.raises(LookupError, match="ALERT_UID"):
        explain_alert("nope")


def _poll(bridge: Bridge) -> SyncRun:
    recorder = start_run("alerts")
    due: list[int] = []
    polling.sync_alerts(recorder, due.extend)
    bridge.perform(due)
    return recorder.run


def test_api_user_that_lost_sight_of_its_sites_closes_nothing(bridge: Bridge):
    """The list comes back without error and short; each alert answers 404. That is not "everything cleared"."""
    now = timezone.now()
    for number in range(20):
        Alert.objects.create(
            alert_uid=f"unseen-{number}", state=Alert.State.FILTERED, reason="r", last_seen_open_at=now
        )
    Alert.objects.update(first_seen_at=now - timedelta(minutes=5), first_seen_via="poll")
    for _ in range(3):
        with pytest.raises(RunStoppedByGuard, match="20 of"):
            _poll(bridge)
    assert not Alert.objects.filter(alert_uid__startswith="unseen", is_resolved=True).exists()


def test_one_alert_gone_from_datto_ends_after_it_stays_away_and_says_so(bridge: Bridge):
    gone = Alert.objects.create(
        alert_uid="gone-1", state=Alert.State.FILTERED, reason="r", first_seen_via="poll"
    )
    Alert.objects.update(first_seen_at=timezone.now() - timedelta(minutes=5))
    _poll(bridge)
    gone.refresh_from_db()
    assert not gone.is_resolved, "once may be a hiccup"
    _poll(bridge)
    gone.refresh_from_db()
    assert (gone.is_resolved, gone.is_gone) == (True, True)
    assert gone.events.filter(text__contains="no longer has").exists()


def test_restored_backup_finds_the_tickets_it_forgot(bridge: Bridge):
    """The alert was raised and ticketed long before this database first sees it."""
    uid = bridge.raise_alert()
    bridge.deliver(uid)
    [remote] = bridge.remote_tickets(uid)
    Alert.objects.all().delete()
    Ticket.objects.all().delete()
    Delivery.objects.all().delete()
    with bridge.sandbox.sandbox.datto.lock:
        bridge.sandbox.sandbox.datto.alerts[uid].timestamp -= 3_600_000
    bridge.deliver(uid)
    ticket = bridge.alert(uid).ticket
    assert ticket is not None
    assert ticket.autotask_ticket_id == remote["id"]
    assert len(bridge.remote_tickets(uid)) == 1
