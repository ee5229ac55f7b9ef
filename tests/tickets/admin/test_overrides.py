"""A monitor's settings are edited on its own page, one at a time; the rule behind them is made, changed and removed."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integration.models import VendorCall
from mappings.models import Company
from tests.tickets.admin import rows
from tests.tickets.admin.settings_pages import make_people
from tests.tickets.admin.test_rules import make_rule
from tickets.domain.settings.words import list_settings
from tickets.models import Alert, Monitor, MonitorType, TicketRule
from tickets.services.rules import settings_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_tasks(celery_outbox: Any) -> None:
    del celery_outbox


@pytest.fixture
def monitor(db: None) -> Monitor:
    """Return a monitor with alerts, and another one beside it."""
    rows.make_picklists()
    rows.make_alerts(6)
    disks = MonitorType.objects.get(slug="disk_usage")
    seen = {"first_seen_at": timezone.now(), "last_seen_at": timezone.now()}
    found = Monitor.objects.create(monitor_type=disks, label="Disk C full", name="Disk C", **seen)
    Monitor.objects.create(monitor_type=disks, label="Disk D full", name="Disk D", **seen)
    Alert.objects.update(monitor=found, monitor_type=disks)
    return found


def url(monitor: Monitor, setting: str, name: str = "monitor-override") -> str:
    return str(reverse(name, args=[monitor.pk, setting]))


def said(answer: Any) -> str:
    return " ".join(str(one) for one in get_messages(answer.wsgi_request))


def own(monitor: Monitor) -> TicketRule:
    return TicketRule.objects.get(monitor=monitor)


def test_each_setting_of_the_table_can_be_edited_from_it(signed_in: Client, monitor: Monitor) -> None:
    table = signed_in.get(reverse("monitor-settings", args=[monitor.pk])).content.decode()
    links = [part.split('"')[0].replace("&amp;", "&") for part in table.split('href="')[1:]]
    forms = [link for link in links if link.startswith(f"/admin/monitors/{monitor.pk}/settings/")]
    assert len(forms) > 40
    for link in forms:
        for address in (link, f"{link}&piece=1"):
            answer = signed_in.get(address)
            assert answer.status_code == 200, address
            assert "Save for this monitor" in answer.content.decode()


def test_what_is_set_becomes_a_rule_of_the_monitor_alone_that_sets_that_alone(
    signed_in: Client, monitor: Monitor
) -> None:
    queue = rows.pick("queueID", "Monitoring Alert")
    answer = signed_in.post(url(monitor, "queue"), {"queue": queue.pk})
    rule = own(monitor)
    assert (
        answer["Location"] == f"{reverse('admin:tickets_monitor_change', args=[monitor.pk])}#settings-title"
    )
    assert rule.created_by is not None
    assert (rule.name, rule.is_active, rule.created_by.username) == ("Monitor Disk C", True, "boss")
    alert = Alert.objects.filter(monitor=monitor)[0]
    found = settings_of(alert)
    from_rules = {row.name: (row.value, row.rule_id) for row in list_settings(found) if row.rule_id}
    assert from_rules == {"queue": ("Monitoring Alert", rule.pk)}
    assert LogEntry.objects.filter(object_id=str(rule.pk)).count() == 1


def test_a_second_setting_goes_into_the_same_rule_and_leaves_the_first(
    signed_in: Client, monitor: Monitor
) -> None:
    signed_in.post(url(monitor, "hold_off_minutes"), {"hold_off_minutes": "20"})
    signed_in.post(url(monitor, "create_ticket"), {"create_ticket": "false"})
    rule = own(monitor)
    assert (rule.hold_off_minutes, rule.create_ticket) == (20, False)


@pytest.mark.parametrize(
    ("setting", "fields"),
    [
        ("queue", ["queue"]),
        ("priority", ["ticket_priority"]),
        ("role", ["resource", "role"]),
        ("ticket_udfs", ["ticket_udfs"]),
    ],
)
def test_a_form_asks_for_its_setting_and_what_goes_with_it_alone(
    signed_in: Client, monitor: Monitor, setting: str, fields: list[str]
) -> None:
    assert list(signed_in.get(url(monitor, setting)).context["form"].fields) == fields


def test_reset_lets_it_inherit_and_removes_a_rule_that_says_nothing_more(
    signed_in: Client, monitor: Monitor
) -> None:
    signed_in.post(url(monitor, "hold_off_minutes"), {"hold_off_minutes": "20"})
    signed_in.post(url(monitor, "create_ticket"), {"create_ticket": "false"})
    first = signed_in.post(url(monitor, "hold_off_minutes"), {"_reset": "1"})
    assert own(monitor).hold_off_minutes is None
    assert "sets other things still" in said(first)
    last = signed_in.post(url(monitor, "create_ticket"), {"_reset": "1"})
    assert not TicketRule.objects.exists()
    assert "deleted" in said(last)
    again = signed_in.post(url(monitor, "create_ticket"), {"_reset": "1"})
    assert "inherited already" in said(again)


def test_emptying_the_only_setting_lets_it_inherit(signed_in: Client, monitor: Monitor) -> None:
    signed_in.post(url(monitor, "hold_off_minutes"), {"hold_off_minutes": "20"})
    answer = signed_in.post(url(monitor, "hold_off_minutes"), {"hold_off_minutes": ""})
    assert "inherits again" in said(answer)
    assert not TicketRule.objects.exists()


def test_saving_without_a_change_makes_no_rule(signed_in: Client, monitor: Monitor) -> None:
    assert "Nothing was changed" in said(
        signed_in.post(url(monitor, "hold_off_minutes"), {"hold_off_minutes": ""})
    )
    assert not TicketRule.objects.exists()


def test_a_pair_that_does_not_fit_is_refused_beside_its_field(signed_in: Client, monitor: Monitor) -> None:
    resource, _role, stranger = make_people()
    answer = signed_in.post(url(monitor, "resource"), {"resource": resource.pk, "role": stranger.pk})
    assert answer.status_code == 200
    assert "role" in answer.context["form"].errors
    assert not TicketRule.objects.exists()


def test_a_number_that_is_none_is_refused(signed_in: Client, monitor: Monitor) -> None:
    answer = signed_in.post(url(monitor, "hold_off_minutes"), {"hold_off_minutes": "soon"})
    assert "hold_off_minutes" in answer.context["form"].errors


def test_a_more_specific_rule_that_wins_is_named(signed_in: Client, monitor: Monitor) -> None:
    company = Company.objects.order_by("pk").first()
    alert = Alert.objects.filter(monitor=monitor)[0]
    make_rule(name="Of the device", monitor_type=None, pattern="", hold_off_minutes=3, monitor=monitor,
              alert_priorities=[alert.priority])  # fmt: skip
    assert company is not None
    form = signed_in.get(url(monitor, "hold_off_minutes")).content.decode()
    assert "Of the device" in form
    answer = signed_in.post(url(monitor, "hold_off_minutes"), {"hold_off_minutes": "20"})
    assert "Of the device" in said(answer)
    assert TicketRule.objects.get(name="Monitor Disk C").hold_off_minutes == 20


def test_rules_that_ask_more_than_the_monitor_are_not_touched(signed_in: Client, monitor: Monitor) -> None:
    other = make_rule(name="Nights", monitor_type=None, monitor=monitor, weekdays=[5, 6])
    off = make_rule(name="Off", monitor_type=None, monitor=monitor, is_active=False)
    signed_in.post(url(monitor, "hold_off_minutes"), {"hold_off_minutes": "20"})
    for rule in (other, off):
        rule.refresh_from_db()
        assert rule.hold_off_minutes == 10
    assert TicketRule.objects.count() == 3


def test_its_effect_is_told_before_it_is_saved(signed_in: Client, monitor: Monitor) -> None:
    form = signed_in.get(url(monitor, "create_ticket")).content.decode()
    effect = url(monitor, "create_ticket", "monitor-override-effect")
    assert f'data-effect="{effect}"' in form
    told = signed_in.post(effect, {"create_ticket": "false"}).json()
    assert "tickets -&gt; 0" in told["html"]
    assert not TicketRule.objects.exists()
    assert not VendorCall.objects.exists()


def test_who_may_not_write_rules_sees_no_form(staff: Any, monitor: Monitor) -> None:
    viewer = staff("view_monitor")
    table = viewer.get(reverse("monitor-settings", args=[monitor.pk])).content.decode()
    assert "data-override" not in table
    for answer in (
        viewer.get(url(monitor, "queue")),
        viewer.post(url(monitor, "queue"), {"queue": "1"}),
        viewer.post(url(monitor, "queue", "monitor-override-effect"), {}),
    ):
        assert answer.status_code == 403
    assert not TicketRule.objects.exists()


@pytest.mark.parametrize("setting", ["name", "monitor", "pk", "nothing", "is_active"])
def test_what_is_no_setting_has_no_form(signed_in: Client, monitor: Monitor, setting: str) -> None:
    assert signed_in.get(url(monitor, setting)).status_code == 404


def test_a_monitor_without_alerts_can_be_given_settings_before_it_fires(
    signed_in: Client, monitor: Monitor
) -> None:
    quiet = Monitor.objects.get(name="Disk D")
    assert signed_in.get(url(quiet, "queue")).status_code == 200
    signed_in.post(url(quiet, "hold_off_minutes"), {"hold_off_minutes": "5"})
    assert own(quiet).hold_off_minutes == 5
    assert not TicketRule.objects.filter(monitor=monitor).exists()


def test_the_ticket_it_would_make_now_stands_beside_the_settings(signed_in: Client, monitor: Monitor) -> None:
    signed_in.post(url(monitor, "title_template"), {"title_template": "Look at {{ device.hostname }}"})
    html = signed_in.get(reverse("monitor-settings", args=[monitor.pk])).content.decode()
    newest = Alert.objects.filter(monitor=monitor)[0]
    assert f"Look at {newest.datto_device_name}" in html
    assert "rule Monitor Disk C" in html
