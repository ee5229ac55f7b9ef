from __future__ import annotations

from typing import Any

import pytest
from django.db import connection as database
from django.db.models import Q
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from mappings.models import PicklistValue, WorkType
from tests.tickets.admin import rows
from tests.tickets.admin.settings_pages import settings_data
from tickets.domain.monitor_types import SEEDS
from tickets.domain.settings import EffectiveSettings, PickRef, resolve
from tickets.models import Alert, AlertPriority, MonitorType, PriorityDefaults, TicketDefaults, TicketRule
from tickets.services.defaults import (
    ensure_rows,
    load_catalogue,
    load_rows,
)
from tickets.services.defaults_checks import validate_defaults, validate_line


def effective_settings(monitor_type: MonitorType | None, priority: str) -> EffectiveSettings:
    """Return what the defaults alone say: no rule, no site."""
    return resolve(load_rows(monitor_type), priority, catalogue=load_catalogue())


def disk() -> TicketDefaults:
    return TicketDefaults.objects.get(monitor_type__slug="disk_usage")


def everything() -> TicketDefaults:
    return TicketDefaults.objects.get(pk=1)


def form_data(row: TicketDefaults, **changes: Any) -> dict[str, Any]:
    """Return what the browser sends for a row as it is stored, with some changes."""
    data = settings_data(row)
    lines = list(row.priorities.all())
    data |= {
        "priorities-TOTAL_FORMS": len(lines), "priorities-INITIAL_FORMS": len(lines),
        "priorities-MIN_NUM_FORMS": 0, "priorities-MAX_NUM_FORMS": 0,
    }  # fmt: skip
    for n, line in enumerate(lines):
        data |= {
            f"priorities-{n}-id": line.pk, f"priorities-{n}-defaults": row.pk,
            f"priorities-{n}-create_ticket": {None: "unknown", True: "true", False: "false"}[line.create_ticket],
            f"priorities-{n}-ticket_priority": line.ticket_priority_id or "",
            f"priorities-{n}-due_minutes": "" if line.due_minutes is None else line.due_minutes,
        }  # fmt: skip
    return data | changes


def chosen(value: PickRef | None) -> PickRef:
    assert value is not None
    return value


def change_url(row: TicketDefaults) -> str:
    return str(reverse("admin:tickets_ticketdefaults_change", args=[row.pk]))


def preview(client: Any, row: TicketDefaults, **changes: Any) -> str:
    answer = client.post(reverse("ticket-defaults-preview", args=[row.pk]), form_data(row, **changes))
    assert answer.status_code == 200
    return str(answer.content.decode())


# Seed and services


def test_the_migration_seeds_every_monitor_type_with_its_row_and_lines(db):
    stored = {one.slug: one for one in MonitorType.objects.all()}
    assert set(stored) == {seed.slug for seed in SEEDS}
    for seed in SEEDS:
        assert stored[seed.slug].name == seed.name
        assert tuple(stored[seed.slug].context_classes) == seed.context_classes
        assert (stored[seed.slug].is_security, stored[seed.slug].is_legacy) == (
            seed.is_security,
            seed.is_legacy,
        )
    assert everything().monitor_type is None
    assert TicketDefaults.objects.count() == len(SEEDS) + 1
    for row in TicketDefaults.objects.all():
        assert [line.alert_priority for line in row.priorities.all()] == list(AlertPriority.values)


def test_missing_rows_are_made_again_and_settings_stay(db):
    TicketDefaults.objects.filter(pk=1).update(title_template="kept")
    disk().delete()
    PriorityDefaults.objects.filter(defaults__monitor_type__slug="cpu").delete()
    for _ in range(2):
        ensure_rows()
    assert TicketDefaults.objects.count() == len(SEEDS) + 1
    assert disk().priorities.count() == 6
    assert everything().title_template == "kept"


def test_effective_settings_cost_three_queries(db, django_assert_num_queries):
    rows.make_picklists()
    monitor_type = MonitorType.objects.get(slug="disk_usage")
    TicketDefaults.objects.filter(monitor_type=monitor_type).update(
        queue=rows.pick("queueID", "Level I Support")
    )
    PriorityDefaults.objects.filter(defaults__monitor_type=monitor_type, alert_priority="High").update(
        ticket_priority=rows.pick("priority", "Critical"), due_minutes=30
    )
    with django_assert_num_queries(3):
        found = effective_settings(monitor_type, "High")
    assert (chosen(found.pick("queue")).value, found.picks["queue"].origin) == (29682833, "Disk Usage")
    assert (chosen(found.priority.value).label, found.priority.origin) == (
        "Critical",
        "Disk Usage, priority High",
    )
    assert found.due_minutes.value == 30
    assert found.picks["source"].origin == "built-in"


def test_without_any_row_the_built_in_settings_hold(db):
    TicketDefaults.objects.all().delete()
    found = effective_settings(MonitorType.objects.get(slug="cpu"), "High")
    assert found.create_ticket.value is True
    assert [row.values for row in load_rows(None)] == [{}]


def test_a_work_type_travels_by_its_autotask_id(db):
    rows.make_picklists()
    TicketDefaults.objects.filter(pk=1).update(work_type=WorkType.objects.get())
    assert chosen(effective_settings(None, "High").pick("work_type")).value == 7


def test_validation_names_field_and_cure(db):
    rows.make_picklists()
    PicklistValue.objects.filter(label="Level I Support").update(is_active=False)
    candidate = disk()
    candidate.queue = rows.pick("queueID", "Level I Support")
    candidate.issue_type = rows.pick("issueType", "Network")
    candidate.sub_issue_type = rows.pick("subIssueType", "Disk")
    candidate.title_template = "{{ alert.sumary }}"
    candidate.description_template = "{{ alert.uid + 1 }}"
    candidate.note_template = "{{ ticket.number }}"
    candidate.write_first_note = False
    verdict = validate_defaults(candidate, disk())
    assert "Choose an active queue" in verdict.errors["queue"][0]
    assert "does not belong to issue type Network" in verdict.errors["sub_issue_type"][0]
    assert "alert.summary" in verdict.errors["title_template"][0]
    assert "numbers only" in verdict.errors["description_template"][0]
    assert "note_template" not in verdict.errors
    assert "switched off" in verdict.warnings[0]


def test_a_value_inactivated_later_may_stay_with_a_warning(db):
    rows.make_picklists()
    row = disk()
    row.queue = rows.pick("queueID", "Level I Support")
    row.save()
    PicklistValue.objects.filter(label="Level I Support").update(is_active=False)
    row = disk()
    verdict = validate_defaults(row, disk())
    assert verdict.errors == {}
    assert "Level I Support is inactive" in verdict.warnings[0]
    line = PriorityDefaults(alert_priority="High", ticket_priority=rows.pick("priority", "High"))
    line.ticket_priority.is_active = False
    assert validate_line(line, line.ticket_priority.pk).errors == {}
    assert "ticket_priority" in validate_line(line, None).errors


def test_a_sub_issue_may_belong_to_the_inherited_issue(db):
    rows.make_picklists()
    candidate = disk()
    candidate.sub_issue_type = rows.pick("subIssueType", "Disk")
    assert "needs an issue type" in validate_defaults(candidate, disk()).errors["sub_issue_type"][0]
    TicketDefaults.objects.filter(pk=1).update(issue_type=rows.pick("issueType", "Hardware"))
    assert validate_defaults(candidate, disk()).errors == {}
    TicketDefaults.objects.filter(pk=1).update(issue_type=rows.pick("issueType", "Network"))
    assert "All monitor types" in validate_defaults(candidate, disk()).errors["sub_issue_type"][0]


# The list and the form


def test_the_list_shows_what_each_row_sets(signed_in):
    rows.make_picklists()
    rows.make_alerts(64)
    TicketDefaults.objects.filter(pk=disk().pk).update(
        queue=rows.pick("queueID", "Level I Support"), create_ticket=False
    )
    PicklistValue.objects.filter(label="Level I Support").update(is_active=False)
    PriorityDefaults.objects.filter(defaults=disk(), alert_priority="High").update(due_minutes=30)
    html = signed_in.get(reverse("admin:tickets_ticketdefaults_changelist")).content.decode()
    assert "All monitor types" in html
    assert "queue: Level I Support" in html
    assert "bridge-struck" in html
    assert "High: due 30 min" in html
    assert f"?monitor_type__id__exact={disk().monitor_type_id}" in html


def test_the_form_shows_what_empty_fields_inherit(signed_in):
    rows.make_picklists()
    TicketDefaults.objects.filter(pk=1).update(queue=rows.pick("queueID", "Level II Support"))
    html = signed_in.get(change_url(disk())).content.decode()
    assert "Level II Support (All monitor types)" in html
    assert "Monitoring Alert (built-in)" in html
    assert 'data-parent="10"' in html
    assert "alert.monitor_type" in html


def test_only_active_values_and_the_stored_one_can_be_chosen(signed_in):
    rows.make_picklists()
    row = disk()
    row.queue = rows.pick("queueID", "Level I Support")
    row.save()
    PicklistValue.objects.filter(field="queueID").exclude(label="Monitoring Alert").update(is_active=False)
    html = signed_in.get(change_url(disk())).content.decode()
    assert "Level I Support (inactive in Autotask, skipped)" in html
    assert "Level II Support" not in html
    saved = signed_in.post(
        change_url(disk()), form_data(disk(), title_template="{{ alert.summary }}"), follow=True
    )
    assert disk().title_template == "{{ alert.summary }}"
    assert any("is inactive in Autotask" in str(message) for message in saved.context["messages"])
    refused = signed_in.post(
        change_url(disk()), form_data(disk(), queue=rows.pick("queueID", "Level II Support").pk)
    )
    assert refused.context["adminform"].form.errors["queue"]


def test_a_form_without_pick_lists_says_how_to_get_them(signed_in):
    html = signed_in.get(change_url(everything())).content.decode()
    assert "No pick lists yet." in html
    assert "Reference data" in html


def test_saving_stores_fields_and_lines(signed_in, celery_outbox):
    rows.make_picklists()
    row = disk()
    changes = {
        "create_ticket": "false",
        "queue": rows.pick("queueID", "Level I Support").pk,
        "issue_type": rows.pick("issueType", "Hardware").pk,
        "sub_issue_type": rows.pick("subIssueType", "Disk").pk,
        "title_template": "{{ device.hostname }}: {{ alert.subject }}",
        "priorities-0-create_ticket": "true",
        "priorities-0-ticket_priority": rows.pick("priority", "Critical").pk,
        "priorities-0-due_minutes": "45",
    }
    assert signed_in.post(change_url(row), form_data(row, **changes)).status_code == 302
    row = disk()
    assert (row.create_ticket, row.queue.label, row.sub_issue_type.label) == (
        False,
        "Level I Support",
        "Disk",
    )
    assert row.title_template == "{{ device.hostname }}: {{ alert.subject }}"
    line = row.priorities.get(alert_priority="Critical")
    assert (line.create_ticket, line.ticket_priority.label, line.due_minutes) == (True, "Critical", 45)
    assert row.priorities.get(alert_priority="High").due_minutes is None


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("title_template", "{{ alert.sumary }}", "Did you mean alert.summary?"),
        ("description_template", "{% if x", "Line 1"),
        ("note_template", "{{ tiket.number }}", "There is no variable tiket.number"),
        ("priorities-0-due_minutes", "-5", "greater than or equal to 0"),
    ],
)
def test_bad_input_is_refused_beside_its_field(signed_in, field, value, message):
    row = disk()
    answer = signed_in.post(change_url(row), form_data(row, **{field: value}))
    assert answer.status_code == 200
    assert message in answer.content.decode()
    assert disk().title_template == ""


def test_a_sub_issue_of_another_issue_is_refused_on_save(signed_in):
    rows.make_picklists()
    row = disk()
    answer = signed_in.post(
        change_url(row),
        form_data(
            row,
            issue_type=rows.pick("issueType", "Network").pk,
            sub_issue_type=rows.pick("subIssueType", "Disk").pk,
        ),
    )
    assert "Disk does not belong to issue type Network" in answer.content.decode()
    assert disk().sub_issue_type is None


def test_readers_see_the_form_and_cannot_save(staff):
    reader = staff("view_ticketdefaults")
    assert reader.get(change_url(disk())).status_code == 200
    assert reader.post(change_url(disk()), form_data(disk(), title_template="x")).status_code == 403


def test_the_form_costs_a_constant_number_of_queries(signed_in, count_queries):
    rows.make_picklists()
    rows.make_alerts(64)
    few = count_queries(signed_in, change_url(disk()))
    PicklistValue.objects.bulk_create(
        PicklistValue(
            entity="Tickets",
            field="queueID",
            value=n,
            label=f"Q{n}",
            synced_at=timezone.now(),
        )
        for n in range(10_000, 10_300)
    )
    assert count_queries(signed_in, change_url(disk())) == few
    assert few < 60


# The preview


def test_the_preview_shows_what_is_typed_and_saves_nothing(signed_in):
    rows.make_picklists()
    html = preview(
        signed_in,
        disk(),
        title_template="{{ device.hostname | lower }}!",
        queue=rows.pick("queueID", "Level I Support").pk,
        write_first_note="true",
        note_template="Ticket {{ ticket.number }}",
        **{"priorities-0-due_minutes": "45"},
    )
    assert "north-srv01!" in html
    assert "Level I Support" in html
    assert "Ticket T20261124.0042" in html
    assert "45 min" in html
    assert "Disk Usage, priority Critical" in html
    assert disk().title_template == ""
    assert disk().queue is None


def test_the_preview_uses_a_real_alert(signed_in):
    rows.connect()
    rows.make_alerts(30)
    alert = Alert.objects.filter(priority="High").earliest("pk")
    html = preview(
        signed_in,
        everything(),
        preview_alert=alert.pk,
        title_template="{{ alert.summary }} / {{ organization.name }}",
    )
    assert alert.summary[:40] in html
    assert "Westminster" in html
    assert "Service: Spooler" in html


def test_the_preview_names_the_variable_that_is_wrong_and_shows_the_built_in_text(signed_in):
    html = preview(signed_in, disk(), title_template="{{ alert.sumary }}")
    assert "There is no variable alert.sumary. Did you mean alert.summary?" in html
    assert "[Critical] Disk Usage: disk C: on NORTH-SRV01" in html


def test_the_preview_says_that_there_would_be_no_ticket(signed_in):
    html = preview(signed_in, disk(), create_ticket="false")
    assert "No ticket" in html
    assert "Disk Usage" in html


def test_the_preview_escapes_what_it_shows(signed_in):
    html = preview(signed_in, disk(), title_template="<img src=x>{{ alert.subject }}")
    assert "<img" not in html
    assert "&lt;img src=x&gt;" in html


@pytest.mark.parametrize("alert", ["", "nonsense", "999999"])
def test_the_preview_falls_back_to_a_made_up_alert(signed_in, alert):
    assert "NORTH-SRV01" in preview(signed_in, disk(), preview_alert=alert)


def test_the_preview_survives_a_broken_form(signed_in):
    answer = signed_in.post(
        reverse("ticket-defaults-preview", args=[disk().pk]), {"queue": "x", "issue_type": "-1"}
    )
    assert answer.status_code == 200


def test_the_preview_needs_permission_and_a_post(staff, signed_in):
    url = reverse("ticket-defaults-preview", args=[1])
    assert staff().post(url).status_code == 403
    assert signed_in.get(url).status_code == 405
    assert signed_in.post(reverse("ticket-defaults-preview", args=[99_999])).status_code == 404


def test_the_preview_writes_nothing(signed_in):
    rows.make_picklists()
    rows.make_alerts(30)
    url, data = reverse("ticket-defaults-preview", args=[disk().pk]), form_data(disk(), title_template="x")
    with CaptureQueriesContext(database) as captured:
        signed_in.post(url, data)
    writes = [q["sql"] for q in captured if q["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
    assert writes == []


def test_the_preview_follows_the_rules_that_apply_to_the_alert(signed_in: Client) -> None:
    rows.make_picklists()
    rows.make_alerts(4)
    alert = Alert.objects.order_by("-id")[0]
    TicketRule.objects.create(
        name="Ours", alert_priorities=[alert.priority], title_template="By rule {{ alert.uid }}"
    )
    for defaults in TicketDefaults.objects.filter(Q(pk=1) | Q(monitor_type=alert.monitor_type)):
        html = signed_in.post(
            reverse("ticket-defaults-preview", args=[defaults.pk]),
            {"preview_alert": alert.pk, "title_template": "By defaults"},
        ).content.decode()
        assert f"By rule {alert.alert_uid}" in html
        assert "rule Ours" in html
