"""What may be saved in ticket defaults and rules, and a trial of settings that are not saved."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from mappings.models import Resource, Role, TicketUdf
from tests.tickets.admin import rows
from tickets.models import Alert, Monitor, MonitorType, TicketDefaults, TicketRule
from tickets.services.defaults import load_rows, load_settings_row
from tickets.services.defaults_checks import validate_defaults
from tickets.services.rules import load_rules, settings_of, to_rule


def people() -> tuple[Resource, Role, Role]:
    """Return a resource, a role it has and one that it has not."""
    now = timezone.now()
    has = Role.objects.create(autotask_role_id=1, name="Service Desk Engineer", synced_at=now)
    other = Role.objects.create(autotask_role_id=2, name="Project Manager", synced_at=now)
    resource = Resource.objects.create(autotask_resource_id=11, name="Ada Byron", synced_at=now)
    resource.roles.add(has)
    return resource, has, other


def errors(stored: TicketRule | None = None, **values: Any) -> dict[str, list[str]]:
    return validate_defaults(TicketRule(name="r", **values), stored).errors


def test_a_resource_needs_one_of_its_roles(db):
    resource, has, other = people()
    assert errors(resource=resource, role=has) == {}
    assert "Choose one of Ada Byron's roles" in errors(resource=resource)["role"][0]
    wrong = errors(resource=resource, role=other)["role"][0]
    assert "Ada Byron does not have the role Project Manager" in wrong
    assert "Choose Service Desk Engineer" in wrong
    assert errors(role=other) == {}


def test_of_a_resource_whose_roles_are_not_known_any_role_may_be_chosen(db):
    resource, _, other = people()
    resource.roles.clear()
    assert errors(resource=resource, role=other) == {}


def test_an_inactive_resource_may_stay_but_not_be_chosen_anew(db):
    resource, has, _ = people()
    Resource.objects.update(is_active=False)
    resource.refresh_from_db()
    assert "Choose an active primary resource" in errors(resource=resource, role=has)["resource"][0]
    assert errors(TicketRule(name="r", resource=resource, role=has), resource=resource, role=has) == {}


@pytest.mark.parametrize(
    ("field", "good", "bad", "cure"),
    [
        ("related_window_minutes", 60, 61, "at most 60"),
        ("escalate_after", 2, 1, "at least 2"),
        ("runbook_url", "https://wiki.example/disk", "wiki.example/disk", "https://"),
        ("runbook_url", "http://wiki.example/disk", "javascript:alert(1)", "https://"),
        ("runbook_url", "https://wiki.example", "https://", "https://"),
    ],
)
def test_a_bad_value_names_its_field_and_the_cure(db, field, good, bad, cure):
    assert errors(**{field: good}) == {}
    assert cure in errors(**{field: bad})[field][0]


def test_a_ticket_udf_must_be_active_and_its_text_right(db):
    now = timezone.now()
    TicketUdf.objects.create(name="RMM Monitor", synced_at=now)
    TicketUdf.objects.create(name="Old", is_active=False, synced_at=now)
    assert errors(ticket_udfs={"RMM Monitor": "{{ monitor.name }}"}) == {}
    assert "RMM Monitor: " in errors(ticket_udfs={"RMM Monitor": "{{ monitor.nam }}"})["ticket_udfs"][0]
    assert "Old: Autotask has no active ticket UDF" in errors(ticket_udfs={"Old": "x"})["ticket_udfs"][0]
    assert errors(TicketRule(ticket_udfs={"Old": "x"}), ticket_udfs={"Old": "y"}) == {}


def test_a_rule_about_a_monitor_takes_the_issue_type_of_its_type(db):
    rows.make_picklists()
    disk = MonitorType.objects.get(slug="disk_usage")
    now = timezone.now()
    monitor = Monitor.objects.create(label="C:", monitor_type=disk, first_seen_at=now, last_seen_at=now)
    sub_issue = rows.pick("subIssueType", "Disk")
    TicketDefaults.objects.filter(pk=1).update(issue_type=rows.pick("issueType", "Network"))
    told = errors(monitor=monitor, sub_issue_type=sub_issue)["sub_issue_type"][0]
    assert "issue type Network (from All monitor types)" in told
    TicketDefaults.objects.filter(monitor_type=disk).update(issue_type=rows.pick("issueType", "Hardware"))
    assert errors(monitor=monitor, sub_issue_type=sub_issue) == {}
    assert "sub_issue_type" in errors(sub_issue_type=sub_issue)


def test_settings_of_an_alert_can_be_tried_before_they_are_saved(db):
    rows.make_picklists()
    rows.make_alerts(10)
    alert = Alert.objects.select_related("monitor_type").filter(priority="High").earliest("pk")
    draft = TicketRule(name="Draft", alert_priorities=["High"], hold_off_minutes=7)
    tried = settings_of(alert, rules=[*load_rules(), to_rule(draft)])
    assert (tried.number("hold_off_minutes"), tried.numbers["hold_off_minutes"].origin) == (7, "rule Draft")
    row = TicketDefaults.objects.get(monitor_type=alert.monitor_type)
    row.hold_off_minutes = 3
    tried = settings_of(alert, defaults=[load_settings_row(row), *load_rows(None)])
    assert (tried.number("hold_off_minutes"), tried.numbers["hold_off_minutes"].origin) == (3, str(row))
    assert settings_of(alert).number("hold_off_minutes") == 0
    assert not TicketRule.objects.exists()
