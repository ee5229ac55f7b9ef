"""Rules: listed in words, saved, refused beside the field, switched, copied, and tried on the alerts of the last days."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mappings.models import Company, ConfigurationItem, Device, DeviceLink, PicklistValue, Site
from tests.tickets.admin import rows
from tests.tickets.admin.settings_pages import make_people, make_udfs, settings_data
from tests.tickets.admin.test_settings_forms import form_of
from tickets.domain.rules.conditions import Conditions
from tickets.models import Alert, Monitor, MonitorType, TicketDefaults, TicketRule
from tickets.services.rule_matches import examine
from tickets.services.rule_words import rule_in_words
from tickets.services.rules import settings_of

LIST = "admin:tickets_ticketrule_changelist"
ADD = "admin:tickets_ticketrule_add"
_CONDITIONS = ("monitor_type", "monitor", "company", "site", "device", "item_category", "ticket_priority")


def monitor_type(slug: str = "disk_usage") -> MonitorType:
    return MonitorType.objects.get(slug=slug)


def change_url(rule: TicketRule) -> str:
    return str(reverse("admin:tickets_ticketrule_change", args=[rule.pk]))


def rule_data(rule: TicketRule | None = None, **changes: Any) -> dict[str, Any]:
    """Return what the browser sends for a rule as it is stored, with some changes."""
    row = rule or TicketRule(name="Disks", reason="Because")
    data: dict[str, Any] = {
        "name": row.name, "reason": row.reason, "position": row.position, "device_class": row.device_class,
        "alert_priorities": row.alert_priorities, "pattern": row.pattern, "weekdays": row.weekdays,
        "start_time": row.start_time or "", "end_time": row.end_time or "", "time_zone": row.time_zone,
        "due_minutes": "" if row.due_minutes is None else row.due_minutes,
    }  # fmt: skip
    if row.is_active:
        data["is_active"] = "on"
    if row.is_outside_hours:
        data["is_outside_hours"] = "on"
    for name in _CONDITIONS:
        data[name] = getattr(row, f"{name}_id") or ""
    return {**data, **settings_data(row), **changes}


def simple(**changes: Any) -> dict[str, Any]:
    """Return a rule that asks and sets something."""
    return rule_data(**{"monitor_type": monitor_type().pk, "hold_off_minutes": "10", **changes})


def make_rule(**values: Any) -> TicketRule:
    given = {"name": "Disks", "monitor_type": monitor_type(), "hold_off_minutes": 10, **values}
    return TicketRule.objects.create(**given)


def matches(client: Client, **data: Any) -> str:
    answer = client.post(reverse("admin:tickets_ticketrule_matches"), data)
    assert answer.status_code == 200
    return str(answer.content.decode())


# The form


def test_a_rule_with_everything_is_saved(signed_in: Client, celery_outbox: Any) -> None:
    del celery_outbox
    rows.make_picklists()
    rows.make_alerts(8)
    make_udfs()
    resource, role, _ = make_people()
    site = Site.objects.get(datto_site_uid="site-0")
    device = Device.objects.get(datto_device_uid="device-0")
    company = Company.objects.get()
    monitor = Monitor.objects.create(
        label="C:", monitor_type=monitor_type(), first_seen_at=timezone.now(), last_seen_at=timezone.now()
    )
    data = simple(
        monitor=monitor.pk,
        company=company.pk,
        site=site.pk,
        device=device.pk,
        device_class="printer",
        alert_priorities=["Critical", "High"],
        pattern="Spooler|Disk",
        weekdays=["0", "4"],
        start_time="18:00",
        end_time="07:30",
        time_zone="Europe/Berlin",
        is_outside_hours="on",
        ticket_priority=rows.pick("priority", "Low").pk,
        due_minutes="90",
        create_ticket="true",
        queue=rows.pick("queueID", "Level I Support").pk,
        resource=resource.pk,
        role=role.pk,
        **{"ticket_udfs-name": ["Rack"], "ticket_udfs-template": ["R7"]},
    )
    answer = signed_in.post(reverse(ADD), data)
    assert answer.status_code == 302, form_of(answer).errors
    rule = TicketRule.objects.get()
    assert (rule.site, rule.device, rule.company, rule.monitor) == (site, device, company, monitor)
    assert (rule.alert_priorities, rule.weekdays) == (["Critical", "High"], [0, 4])
    assert (rule.start_time, rule.end_time, rule.time_zone) == (time(18), time(7, 30), "Europe/Berlin")
    assert (rule.is_outside_hours, rule.is_active, rule.device_class) == (True, True, "printer")
    assert rule.ticket_priority is not None
    assert (rule.ticket_priority.label, rule.due_minutes, rule.resource) == ("Low", 90, resource)
    assert rule.ticket_udfs == {"Rack": "R7"}
    assert rule.created_by is not None
    assert rule.created_by.get_username() == "boss"
    # What is stored comes back unchanged.
    answer = signed_in.post(change_url(rule), rule_data(rule))
    assert answer.status_code == 302, form_of(answer).errors
    again = TicketRule.objects.get()
    for field in TicketRule._meta.concrete_fields:
        if field.name != "updated_at":
            assert getattr(again, field.attname) == getattr(rule, field.attname), field.name


def test_a_saved_rule_decides(signed_in: Client) -> None:
    rows.make_picklists()
    rows.make_alerts(64)
    alert = Alert.objects.select_related("monitor_type").filter(monitor_type=monitor_type())[0]
    signed_in.post(reverse(ADD), simple(queue=rows.pick("queueID", "Level I Support").pk))
    assert settings_of(alert).picks["queue"].origin == "rule Disks"


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"monitor_type": ""}, "__all__", "The rule asks nothing. Name a monitor"),
        ({"hold_off_minutes": ""}, "__all__", "The rule sets nothing"),
        ({"name": ""}, "name", "This field is required"),
        ({"pattern": "(a+)+"}, "pattern", "can take for ever"),
        ({"pattern": "(a"}, "pattern", "not valid"),
        ({"start_time": "08:00"}, "end_time", "Give both times, or neither"),
        ({"end_time": "08:00"}, "start_time", "Give both times, or neither"),
        ({"is_outside_hours": "on"}, "is_outside_hours", "Outside of which hours?"),
        ({"weekdays": ["7"]}, "weekdays", "Select a valid choice"),
        ({"alert_priorities": ["Urgent"]}, "alert_priorities", "Select a valid choice"),
        ({"time_zone": "Mars/Base"}, "time_zone", "Select a valid choice"),
        ({"related_window_minutes": "90"}, "related_window_minutes", "at most 60"),
        ({"due_minutes": "-1"}, "due_minutes", "greater than or equal to 0"),
        ({"position": ""}, "position", "This field is required"),
        ({"title_template": "{{ alert.sumary }}"}, "title_template", "Did you mean alert.summary?"),
    ],
)
def test_what_cannot_work_is_refused_beside_its_field(
    signed_in: Client, changes: dict[str, Any], field: str, message: str
) -> None:
    answer = signed_in.post(reverse(ADD), simple(**changes))
    assert answer.status_code == 200
    assert message in str(form_of(answer).errors[field])
    assert not TicketRule.objects.exists()


def test_the_name_of_another_rule_is_refused(signed_in: Client) -> None:
    make_rule(name="Disks of servers")
    answer = signed_in.post(reverse(ADD), simple(name=" disks  of Servers "))
    assert "There is a rule \u201cDisks of servers\u201d already" in form_of(answer).errors["name"][0]
    rule = TicketRule.objects.get()
    assert signed_in.post(change_url(rule), rule_data(rule, name="Disks of SERVERS")).status_code == 302


def test_a_monitor_of_another_type_is_refused(signed_in: Client) -> None:
    now = timezone.now()
    monitor = Monitor.objects.create(
        label="Ping", monitor_type=monitor_type("ping"), first_seen_at=now, last_seen_at=now
    )
    answer = signed_in.post(reverse(ADD), simple(monitor=monitor.pk))
    assert "is a monitor of type Ping" in form_of(answer).errors["monitor_type"][0]


def test_empty_settings_say_what_the_defaults_of_the_type_say(signed_in: Client) -> None:
    rows.make_picklists()
    TicketDefaults.objects.filter(monitor_type=monitor_type()).update(
        queue=rows.pick("queueID", "Level II Support")
    )
    TicketDefaults.objects.filter(pk=1).update(hold_off_minutes=7)
    html = signed_in.get(change_url(make_rule(hold_off_minutes=None, escalate_after=3))).content.decode()
    assert "Level II Support (Disk Usage)" in html
    assert 'placeholder="7 (All monitor types)"' in html
    assert "It names a monitor type." in html
    assert "Repeating and related · 1 set" in html
    assert 'placeholder="7 (All monitor types)"' in signed_in.get(reverse(ADD)).content.decode()


def test_a_value_inactivated_later_may_stay_with_a_warning(signed_in: Client) -> None:
    rows.make_picklists()
    rule = make_rule(queue=rows.pick("queueID", "Level I Support"))
    PicklistValue.objects.filter(label="Level I Support").update(is_active=False)
    assert "Level I Support is inactive in Autotask" in signed_in.get(change_url(rule)).content.decode()
    answer = signed_in.post(change_url(rule), rule_data(rule), follow=True)
    assert any("is inactive in Autotask" in str(one) for one in answer.context["messages"])
    html = signed_in.get(reverse(LIST)).content.decode()
    assert 'class="bridge-mark bridge-struck"' in html


# The list


def test_the_list_tells_each_rule_in_words(signed_in: Client) -> None:
    rows.make_picklists()
    rows.make_alerts(66)
    rule = make_rule(
        reason="Disks fill at night",
        queue=rows.pick("queueID", "Level I Support"),
        create_ticket=False,
        alert_priorities=["Critical", "High"],
        weekdays=[0],
        start_time=time(8),
        end_time=time(18),
        time_zone="Europe/Berlin",
    )
    html = signed_in.get(reverse(LIST)).content.decode()
    for text in (
        "Disks fill at night",
        "Monitor type Disk Usage, priority Critical or High, on Monday, 08:00 to 18:00 (Europe/Berlin)",
        "no ticket",
        "queue: Level I Support",
        "hold off (minutes): 10",
        f"{rule.pk}/change/#rule-matches",
    ):
        assert text in html, text


def test_the_list_counts_what_rules_match(signed_in: Client) -> None:
    rows.make_alerts(66)
    rule = make_rule()
    expected = Alert.objects.filter(monitor_type=monitor_type()).count()
    assert expected
    html = signed_in.get(reverse(LIST)).content.decode()
    assert f'title="Of all 66 alerts of the last 30 days">{expected}</a>' in html
    assert str(rule.pk) in html


def test_an_empty_list_says_what_rules_are_for(signed_in: Client) -> None:
    assert "No rules yet." in signed_in.get(reverse(LIST)).content.decode()


def test_a_rule_is_switched_by_its_button(signed_in: Client) -> None:
    rule = make_rule()
    answer = signed_in.post(reverse(LIST), {"_switch": str(rule.pk)}, follow=True)
    rule.refresh_from_db()
    assert not rule.is_active
    assert "no longer applies to alerts" in str(next(iter(answer.context["messages"])))
    signed_in.post(reverse(LIST), {"_switch": str(rule.pk)})
    rule.refresh_from_db()
    assert rule.is_active


@pytest.mark.parametrize("value", ["", "x", "\u00b2", "9" * 30, "999999"])
def test_a_button_that_names_no_rule_switches_nothing(signed_in: Client, value: str) -> None:
    make_rule()
    answer = signed_in.post(reverse(LIST), {"_switch": value}, follow=True)
    assert "nothing was switched" in str(next(iter(answer.context["messages"])))
    assert TicketRule.objects.get().is_active


def test_several_rules_are_switched_and_copied(signed_in: Client) -> None:
    rules = [make_rule(name="One", pattern="x"), make_rule(name="Two", ticket_udfs={"Rack": "7"})]
    ticked = [str(rule.pk) for rule in rules]
    asked = signed_in.post(
        reverse(LIST), {"action": "switch_off", "_selected_action": ticked}
    ).content.decode()
    assert f'data-effect="{reverse("effect-switches")}" data-effect-now' in asked
    assert TicketRule.objects.filter(is_active=True).count() == 2, "it asks first"
    signed_in.post(reverse(LIST), {"action": "switch_off", "_selected_action": ticked, "apply": "1"})
    assert not TicketRule.objects.filter(is_active=True).exists()
    signed_in.post(reverse(LIST), {"action": "switch_on", "_selected_action": ticked, "apply": "1"})
    assert TicketRule.objects.filter(is_active=True).count() == 2
    for _ in range(2):
        signed_in.post(reverse(LIST), {"action": "copy", "_selected_action": ticked})
    names = set(TicketRule.objects.values_list("name", flat=True))
    assert names == {"One", "Two", "One (copy)", "Two (copy)", "One (copy 2)", "Two (copy 2)"}
    copy = TicketRule.objects.get(name="Two (copy)")
    assert (copy.is_active, copy.ticket_udfs, copy.hold_off_minutes) == (False, {"Rack": "7"}, 10)


def test_deleting_says_what_it_does(signed_in: Client) -> None:
    rule = make_rule()
    url = reverse("admin:tickets_ticketrule_delete", args=[rule.pk])
    assert "Tickets that exist stay as they are" in signed_in.get(url).content.decode()
    several = signed_in.post(
        reverse(LIST), {"action": "delete_selected", "_selected_action": [rule.pk]}
    ).content.decode()
    assert "switch the rules off instead" in several
    assert f'data-effect="{reverse("effect-switches")}" data-effect-now' in several
    signed_in.post(url, {"post": "yes"})
    assert not TicketRule.objects.exists()


# What it matches


def test_the_matches_follow_what_is_typed(signed_in: Client) -> None:
    rows.make_alerts(66)
    expected = list(Alert.objects.filter(monitor_type=monitor_type(), priority="High").order_by("-id"))
    html = matches(signed_in, monitor_type=monitor_type().pk, alert_priorities=["High"], pattern="")
    assert f"<strong>{len(expected)}</strong> of all 66 alerts of the last 30 days" in html
    for alert in expected[:10]:
        assert reverse("admin:tickets_alert_change", args=[alert.pk]) in html
    assert not TicketRule.objects.exists()


def test_the_newest_ten_are_shown(signed_in: Client) -> None:
    rows.make_alerts(66)
    html = matches(signed_in, pattern="spooler")
    assert html.count('href="/admin/tickets/alert/') == 10
    newest = Alert.objects.order_by("-id")[0]
    assert reverse("admin:tickets_alert_change", args=[newest.pk]) in html
    assert "The newest 10 are shown" in html


def test_matches_without_a_condition_or_with_a_bad_one(signed_in: Client) -> None:
    rows.make_alerts(8)
    assert "Name at least one condition" in matches(signed_in, pattern="")
    html = matches(signed_in, pattern="(a+)+", alert_priorities=["High"])
    assert "Pattern is not valid and left out here" in html


def test_hidden_security_alerts_are_named(signed_in: Client) -> None:
    rows.make_alerts(66)
    security = Alert.objects.filter(monitor_type__slug="ransomware").count()
    data = {"monitor_type": monitor_type("ransomware").pk, "pattern": "", "create_ticket": "false"}
    assert f"{security} security alert" in matches(signed_in, **data)


def test_who_may_only_look_sees_what_the_stored_rule_matches(staff: Any) -> None:
    rows.make_alerts(66)
    rule = make_rule()
    reader = staff("view_ticketrule")
    page = reader.get(change_url(rule)).content.decode()
    url = f"{reverse('admin:tickets_ticketrule_matches')}?rule={rule.pk}"
    assert url in page
    assert "Monitor type Disk Usage" in reader.post(url).content.decode()


def test_only_so_many_alerts_are_examined(db: None) -> None:
    rows.make_alerts(66)
    Alert.objects.filter(pk=Alert.objects.order_by("id")[0].pk).update(
        first_seen_at=timezone.now() - timedelta(days=40)
    )
    found = examine({1: Conditions(priorities=frozenset({"High"}))}, timezone.now(), most=50)
    assert (found.count, found.is_all) == (50, False)
    assert examine({1: Conditions(pattern="x")}, timezone.now()).count == 65


def test_the_category_of_the_configuration_item_is_asked(
    db: None, django_assert_max_num_queries: Any
) -> None:
    rows.make_alerts(8)
    device = Device.objects.get(datto_device_uid="device-0")
    item = ConfigurationItem.objects.create(
        autotask_configuration_item_id=1,
        company=Company.objects.get(),
        autotask_company_id=Company.objects.get().autotask_company_id,
        autotask_category_id=5,
        synced_at=timezone.now(),
    )
    DeviceLink.objects.create(device=device, configuration_item=item)
    with django_assert_max_num_queries(4):
        found = examine({1: Conditions(item_category=5)}, timezone.now())
    assert {alert.datto_device_uid for alert in found.matches[1]} == {"device-0"}


def test_words_of_a_rule(db: None) -> None:
    assert rule_in_words(TicketRule(name="x")).startswith("Nothing")
    rule = TicketRule(name="x", device_class="printer", pattern="a.b", weekdays=[5, 6], is_outside_hours=True)
    assert rule_in_words(rule) == (
        "Device class printer, text fits \u201ca.b\u201d, outside of: on Saturday and Sunday (UTC)"
    )


# Who may


def test_who_may_only_look_changes_nothing(staff: Any) -> None:
    rule = make_rule()
    reader = staff("view_ticketrule")
    assert reader.get(reverse(LIST)).status_code == 200
    assert reader.post(reverse(LIST), {"_switch": str(rule.pk)}).status_code == 403
    assert reader.post(change_url(rule), rule_data(rule, name="Changed")).status_code == 403
    assert reader.get(reverse(ADD)).status_code == 403
    assert staff().post(reverse("admin:tickets_ticketrule_matches")).status_code == 403
    rule.refresh_from_db()
    assert (rule.name, rule.is_active) == ("Disks", True)


def test_the_pages_cost_at_most_fifteen_queries(signed_in: Client, count_queries: Any) -> None:
    rows.make_picklists()
    rows.make_alerts(64)
    make_udfs()
    resource, role, _ = make_people()
    now = timezone.now()
    monitor = Monitor.objects.create(
        label="C:", monitor_type=monitor_type(), first_seen_at=now, last_seen_at=now
    )
    rule = make_rule(
        resource=resource,
        role=role,
        monitor=monitor,
        company=Company.objects.get(),
        site=Site.objects.all()[0],
        device=Device.objects.all()[0],
    )
    for n in range(20):
        make_rule(name=f"Rule {n}", resource=resource, role=role, pattern="x")
    for url in (change_url(rule), reverse(ADD), reverse(LIST)):
        assert count_queries(signed_in, url) <= 15


def test_the_ticket_the_newest_alert_would_get_is_shown_with_what_is_typed(signed_in: Client) -> None:
    rows.make_picklists()
    rows.make_alerts(8)
    Alert.objects.update(monitor_type=monitor_type())
    other = make_rule(
        name="Title by another", title_template="Other {{ alert.summary }}", hold_off_minutes=None
    )
    html = matches(
        signed_in, **simple(description_template="See {{ device.hostname }} of {{ organization.name }}")
    )
    newest = Alert.objects.order_by("-id")[0]
    assert f"See {newest.datto_device_name} of" in html
    # The other rule says nothing about the description, and this one nothing about the title.
    assert f"Other {newest.summary}" in html
    assert "rule Title by another" in html
    other.refresh_from_db()
    assert TicketRule.objects.count() == 1


def test_a_template_that_cannot_be_used_says_so_beside_the_built_in_text(signed_in: Client) -> None:
    rows.make_alerts(8)
    Alert.objects.update(monitor_type=monitor_type())
    html = matches(signed_in, **simple(title_template="{{ alert.nothing }}"))
    assert "until it is mended" in html
