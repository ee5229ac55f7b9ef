"""Monitors are told by key, pattern or fingerprint, end to end; a change of the catalogue loses no open ticket."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tests.tickets.services.conftest import Bridge
from tests.tickets.services.test_repeats import DISK, fire
from tickets.models import Alert, Monitor, MonitorFingerprint, TicketRule
from tickets.services import intake, monitor_catalogue, receive
from tickets.tasks import StoredConnection


def fire_with_key(bridge: Bridge, key: str, **values: Any) -> str:
    """Raise an alert whose webhook names its monitor."""
    uid = bridge.raise_alert(**values)
    body = f'{{"alert_uid": "{uid}", "event": "raised", "monitor_key": "{key}"}}'.encode()
    delivery = receive.receive_datto(body, "application/json", "").delivery_id
    assert delivery is not None
    bridge.perform(intake.process_delivery(delivery, StoredConnection()))
    return uid


def monitor_of(bridge: Bridge, uid: str) -> Monitor:
    monitor = bridge.alert(uid).monitor
    assert monitor is not None
    return monitor


def component(text: str) -> dict[str, Any]:
    return {
        "contextClass": "comp_script_ctx",
        "context": {"@class": "comp_script_ctx", "samples": {"Status": text}},
        "diagnostics": text,
    }


@pytest.fixture
def boss(client: Client, db: None) -> Client:
    client.force_login(User.objects.create_superuser("boss"))
    return client


def test_a_key_in_the_webhook_names_the_monitor_and_the_alert_says_so(bridge: Bridge):
    uid = fire_with_key(bridge, "DISK-C", **DISK)
    alert = bridge.alert(uid)
    assert (monitor_of(bridge, uid).typed_key, monitor_of(bridge, uid).name, alert.recognised_by) == (
        "DISK-C",
        "DISK-C",
        "typed",
    )
    # Taught by the first one, the fingerprint is enough for an alert that only the poll brings.
    again = bridge.alert(fire(bridge, **DISK))
    assert (again.monitor, again.recognised_by) == (alert.monitor, "typed")
    assert bridge.ticket(uid) == again.ticket


def test_two_keys_for_what_looks_alike_are_two_monitors(bridge: Bridge):
    first, second = fire_with_key(bridge, "DISK-C", **DISK), fire_with_key(bridge, "DISK-C-OLD", **DISK)
    assert monitor_of(bridge, first) != monitor_of(bridge, second)
    assert MonitorFingerprint.objects.get().is_ambiguous
    assert bridge.ticket(first) != bridge.ticket(second)


def test_a_key_that_comes_later_finds_the_open_ticket(bridge: Bridge):
    first = fire(bridge, **DISK)
    second = fire_with_key(bridge, "DISK-C", **DISK)
    assert bridge.ticket(first) == bridge.ticket(second)
    assert monitor_of(bridge, first).typed_key == "DISK-C"
    assert bridge.ticket(fire(bridge, **DISK)) == bridge.ticket(first)


@pytest.mark.parametrize(
    "change", [{"pattern": "low at once"}, {"typed_key": "DISK-C"}, {"pattern": "low", "typed_key": "X"}]
)
def test_what_is_changed_on_a_monitors_page_finds_the_open_ticket(
    bridge: Bridge, boss: Client, change: dict[str, str]
):
    disk = {**DISK, "diagnostics": "Disk C: low at once"}
    first = fire(bridge, **disk)
    monitor = monitor_of(bridge, first)
    url = reverse("admin:tickets_monitor_change", args=[monitor.pk])
    answer = boss.post(url, {"name": "Disks", "pattern": "", "typed_key": "", **change})
    assert answer.status_code == 302, answer.content
    second = fire(bridge, **disk)
    assert bridge.ticket(first) == bridge.ticket(second)
    assert monitor_of(bridge, second) == monitor


def test_merged_monitors_are_one_from_then_on_and_their_rules_go_over(bridge: Bridge, boss: Client):
    one, other = (
        fire(bridge, **component("Veeam: job failed")),
        fire(bridge, **component("Veeam job was not run")),
    )
    keep, gone = monitor_of(bridge, one), monitor_of(bridge, other)
    assert keep != gone
    rule = TicketRule.objects.create(name="Backups", monitor=gone, hold_off_minutes=5)
    page = boss.get(reverse("monitor-merge", args=[keep.pk]), {"other": gone.pk}).content.decode()
    assert "1" in page
    assert "rules" in page
    boss.post(reverse("monitor-merge", args=[keep.pk]), {"other": gone.pk})
    rule.refresh_from_db()
    assert rule.monitor == keep
    assert not Monitor.objects.filter(pk=gone.pk).exists()
    assert set(Alert.objects.values_list("monitor", flat=True)) == {keep.pk}


def test_new_monitors_are_an_inbox_until_somebody_looks(bridge: Bridge, boss: Client):
    uid = fire(bridge, **DISK)
    monitor = monitor_of(bridge, uid)
    assert monitor.is_new
    listed = boss.get(reverse("admin:tickets_monitor_changelist"), {"inbox": "new"}).content.decode()
    assert monitor.label in listed
    boss.post(reverse("monitor-seen", args=[monitor.pk]))
    monitor.refresh_from_db()
    assert monitor.seen_by is not None
    assert (monitor.is_new, monitor.seen_by.username) == (False, "boss")
    fire(bridge, **DISK)
    assert not Monitor.objects.filter(is_new=True).exists()
    assert monitor_catalogue.mark_seen([monitor.pk], monitor.seen_by) == 0


def test_two_components_that_call_their_result_alike_are_two_troubles(bridge: Bridge):
    disk = fire(bridge, priority="Low", **component("BitLocker is off on C:"))
    backup = fire(bridge, priority="Critical", **component("Veeam backup job failed with 3 errors"))
    assert bridge.ticket(disk) != bridge.ticket(backup)
    # Numbers and times are no other trouble.
    assert bridge.ticket(fire(bridge, **component("Veeam backup job failed with 7 errors"))) == bridge.ticket(
        backup
    )


def test_contexts_nobody_knows_are_told_by_their_text(bridge: Bridge):
    def odd(text: str) -> dict[str, Any]:
        return {
            "contextClass": "new_thing_ctx",
            "context": {"@class": "new_thing_ctx", "note": text},
            "diagnostics": text,
        }

    first, second = (
        fire(bridge, **odd("Certificate of the portal expires")),
        fire(bridge, **odd("UPS on battery")),
    )
    assert bridge.ticket(first) != bridge.ticket(second)
    assert bridge.ticket(fire(bridge, **odd("UPS on battery"))) == bridge.ticket(second)
