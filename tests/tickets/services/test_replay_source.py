"""What a replay runs on: the same settings and places that live decisions use, and no alert twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from mappings.models import Company, Device, Site, SiteMapping
from tests.tickets.admin.rows import connect, make_picklists, pick
from tickets.domain.replay import replay, summarise
from tickets.domain.replay.choosing import Chooser
from tickets.models import (
    Alert,
    HistoricAlert,
    Monitor,
    MonitorFingerprint,
    MonitorType,
    Silence,
    Ticket,
    TicketDefaults,
    TicketRule,
)
from tickets.selectors.places import place_of
from tickets.services.replay_source import (
    TODAY,
    asks_for_text,
    count_recorded,
    load_past_silences,
    load_recorded,
    load_stored_rules,
    to_rule_set,
)
from tickets.services.rules import rule_facts, settings_of

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def monitor() -> Monitor:
    """A site with an organization, a device and a monitor."""
    connect()
    make_picklists()
    company = Company.objects.create(autotask_company_id=77, name="Contoso", synced_at=NOW)
    for number in (1, 2):
        site = Site.objects.create(datto_site_uid=f"site-{number}", name=f"Site {number}", synced_at=NOW)
        SiteMapping.objects.create(
            site=site,
            company=company,
            state="confirmed",
            queue=pick("queueID", "Level I Support"),
            priority_offset=number - 1,
        )
        Device.objects.create(
            datto_device_uid=f"device-{number}",
            hostname=f"srv{number}",
            site=site,
            device_class="device",
            external_ip="203.0.113.7",
            synced_at=NOW,
        )
    kind = MonitorType.objects.get(slug="disk_usage")
    return Monitor.objects.create(
        label="Disk Usage, C:", monitor_type=kind, first_seen_at=NOW, last_seen_at=NOW
    )


def _alert(number: int, of: Monitor, *, hours: float = 1, **values: Any) -> Alert:
    at = NOW - timedelta(hours=hours)
    alert = Alert.objects.create(
        **{
            "alert_uid": f"alert-{number}",
            "priority": "High",
            "monitor_type": of.monitor_type,
            "monitor": of,
            "condition_key": f"condition-{number}",
            "summary": "Disk C: is full",
            "diagnostics": "91 % used",
            "datto_site_uid": "site-1",
            "datto_device_uid": "device-1",
            "raised_at": at,
            **values,
        }
    )
    Alert.objects.filter(pk=alert.pk).update(first_seen_at=at)
    return alert


def _historic(number: int, **values: Any) -> HistoricAlert:
    return HistoricAlert.objects.create(
        **{
            "alert_uid": f"alert-{number}",
            "priority": "High",
            "monitor_type_slug": "disk_usage",
            "fingerprint": "f" * 64,
            "condition_key": f"condition-{number}",
            "datto_site_uid": "site-1",
            "datto_device_uid": "device-1",
            "raised_at": NOW - timedelta(hours=2),
            "resolved_at": NOW - timedelta(hours=1),
            "imported_at": NOW,
            **values,
        }
    )


def test_alerts_of_the_last_days_come_once_each_in_order_of_time(monitor: Monitor) -> None:
    _alert(1, monitor, hours=3)
    _alert(2, monitor, hours=24 * 31)
    _historic(1)
    _historic(3)
    _historic(4, raised_at=NOW - timedelta(days=30, hours=1))
    found = load_recorded(30, NOW, with_text=False)
    assert [one.uid for one in found.alerts] == ["alert-1", "alert-3"]
    assert (found.historic, found.left_out, count_recorded(30, NOW)) == (1, 0, 2)
    assert found.alerts[0].resolved_at is None
    assert [one.uid for one in load_recorded(40, NOW, with_text=False).alerts] == [
        "alert-2",
        "alert-4",
        "alert-1",
        "alert-3",
    ]


def test_the_oldest_are_left_out_when_there_are_too_many(monitor: Monitor) -> None:
    for number in range(5):
        _alert(number, monitor, hours=number + 1)
    _historic(9, raised_at=NOW - timedelta(hours=2, minutes=30))
    found = load_recorded(30, NOW, with_text=False, most=3)
    assert [one.uid for one in found.alerts] == ["alert-9", "alert-1", "alert-0"]
    assert found.left_out == 3


def test_text_is_loaded_only_when_a_pattern_asks_for_it(monitor: Monitor) -> None:
    _alert(1, monitor, diagnostics="x" * 9000)
    assert load_recorded(30, NOW, with_text=False).alerts[0].text == ""
    assert len(load_recorded(30, NOW, with_text=True).alerts[0].text) == 4000
    assert not asks_for_text(to_rule_set(load_stored_rules(), TODAY, days=30, now=NOW))
    TicketRule.objects.create(name="Backup", pattern="backup")
    assert asks_for_text(to_rule_set(load_stored_rules(), TODAY, days=30, now=NOW))


def test_settings_and_facts_are_those_of_the_live_decision(monitor: Monitor) -> None:
    alerts = [
        _alert(1, monitor),
        _alert(2, monitor, datto_site_uid="site-2", datto_device_uid="device-2", priority="Low"),
        # Its device has moved to another site since.
        _alert(3, monitor, datto_site_uid="site-2"),
        _alert(4, monitor, datto_site_uid="gone", datto_device_uid=""),
        _alert(5, monitor, monitor_type=MonitorType.objects.get(slug="online_status"), monitor=None),
        _alert(6, monitor, priority="Information", diagnostics="nightly backup"),
    ]
    TicketDefaults.objects.filter(pk=1).update(hold_off_minutes=7)
    TicketDefaults.objects.filter(monitor_type__slug="disk_usage").update(related_group="site")
    TicketRule.objects.create(name="This monitor", monitor=monitor, hold_off_minutes=3)
    TicketRule.objects.create(name="Site 2", site=Site.objects.get(name="Site 2"), note_policy="never")
    TicketRule.objects.create(name="Backup", pattern="backup", create_ticket=True)
    TicketRule.objects.create(name="Off", is_active=False, hold_off_minutes=99)
    rules = to_rule_set(load_stored_rules(), TODAY, days=30, now=NOW)
    found = load_recorded(30, NOW, with_text=True)
    chooser = Chooser(rules, found.sites)
    recorded = {one.uid: one for one in found.alerts}
    for alert in alerts:
        alert.refresh_from_db()
        live, one = settings_of(alert), recorded[alert.alert_uid]
        assert chooser.settings(one) == live, alert.alert_uid
        assert one.rule_facts == rule_facts(alert, place_of(alert)), alert.alert_uid


def test_what_a_person_completed_is_told_apart_from_what_we_completed(monitor: Monitor) -> None:
    company = Company.objects.get()
    for number, by_us in ((1, True), (2, False)):
        ticket = Ticket.objects.create(
            correlation_key=f"key-{number}",
            company=company,
            state="completed",
            completed_by_us=by_us,
            completed_at=NOW,
        )
        _alert(number, monitor, ticket=ticket)
    assert [one.person_completed_at for one in load_recorded(1, NOW, with_text=False).alerts] == [None, NOW]


def test_an_imported_alert_is_known_by_its_fingerprint_or_by_a_monitors_pattern(monitor: Monitor) -> None:
    MonitorFingerprint.objects.create(fingerprint="a" * 64, monitor=monitor, label="C:", first_seen_at=NOW)
    by_text = Monitor.objects.create(
        label="Backup",
        monitor_type=monitor.monitor_type,
        pattern="backup failed",
        first_seen_at=NOW,
        last_seen_at=NOW,
    )
    _historic(1, fingerprint="a" * 64)
    _historic(2, diagnostics="Nightly Backup failed")
    _historic(3)
    found = {one.uid: one for one in load_recorded(1, NOW, with_text=False).alerts}
    assert [found[f"alert-{n}"].monitor for n in (1, 2, 3)] == [monitor.pk, by_text.pk, None]
    assert found["alert-3"].label == "Disk Usage (not met live yet)"
    assert found["alert-2"].text == ""


def test_silences_count_as_long_as_they_were_in_force(monitor: Monitor) -> None:
    def silence(name: str, start: int, end: int, ended: int | None = None) -> None:
        Silence.objects.create(
            name=name,
            monitor=monitor,
            starts_at=NOW - timedelta(hours=start),
            ends_at=NOW - timedelta(hours=end),
            ended_at=None if ended is None else NOW - timedelta(hours=ended),
        )

    silence("over", 50, 40)
    silence("ended early", 10, -5, ended=8)
    silence("in force", 2, -2)
    found = load_past_silences(NOW - timedelta(hours=24), NOW)
    assert {one.name: one.ends_at for one in found} == {
        "ended early": NOW - timedelta(hours=8),
        "in force": NOW + timedelta(hours=2),
    }
    _alert(1, monitor, hours=9)
    _alert(2, monitor, hours=7)
    _alert(3, monitor, hours=1)
    rules = to_rule_set(load_stored_rules(), TODAY, days=1, now=NOW)
    recorded = load_recorded(1, NOW, with_text=False)
    done = replay(recorded.alerts, recorded.sites, rules)
    assert [one.kind for one in done.outcomes][1:] == ["new", "silenced"]
    assert summarise(recorded.alerts, done).alerts == 3


def test_loading_costs_the_same_number_of_queries_for_many_alerts_of_one_place(monitor: Monitor) -> None:
    counts = []
    for first, last in ((0, 3), (3, 60)):
        for number in range(first, last):
            _alert(number, monitor)
        with CaptureQueriesContext(connection) as queries:
            load_recorded(30, NOW, with_text=True)
        counts.append(len(queries))
    assert counts[0] == counts[1] < 15
