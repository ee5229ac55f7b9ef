"""Every setting in the form of ticket defaults: saved, refused beside its field, and said what is inherited."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.tickets.admin import rows
from tests.tickets.admin.settings_pages import make_people, make_udfs
from tests.tickets.admin.test_defaults import change_url, disk, everything, form_data, preview
from tickets.domain.monitor_types import AGENT_TICKET
from tickets.domain.settings.agents import AGENT_FIELDS
from tickets.models import TicketDefaults
from tickets.models.settings import TicketSettings


def agent() -> TicketDefaults:
    return TicketDefaults.objects.get(monitor_type__slug=AGENT_TICKET)


def form_of(answer: Any) -> Any:
    return answer.context["adminform"].form


def test_every_setting_can_be_set(signed_in: Client) -> None:
    settings = {field.name for field in TicketSettings._meta.fields} - {"updated_at"}
    form = form_of(signed_in.get(change_url(disk())))
    assert settings == set(form.fields)


def test_all_kinds_of_settings_are_saved(signed_in: Client) -> None:
    rows.make_picklists()
    make_udfs()
    resource, role, _ = make_people()
    changes = {
        "resource": resource.pk,
        "role": role.pk,
        "contract_choice": "site",
        "contact_choice": "last_user",
        "location_choice": "none",
        "hold_off_minutes": "10",
        "due_in_business_hours": "true",
        "runbook_url": "https://wiki.example/disk",
        "ticket_udfs-name": ["Rack", "Shift", ""],
        "ticket_udfs-template": ["{{ device.hostname }}", "2", ""],
        "repeat_effect": "reopen",
        "repeat_window_minutes": "60",
        "note_policy": "hourly",
        "escalate_after": "5",
        "escalate_within_minutes": "120",
        "escalated_priority": rows.pick("priority", "Critical").pk,
        "escalated_queue": rows.pick("queueID", "Level II Support").pk,
        "related_group": "site",
        "related_window_minutes": "15",
        "related_effect": "problem",
        "group_by_site": "true",
        "clear_delay_minutes": "30",
        "complete_touched": "true",
        "cleared_status": rows.pick("status", "In Progress").pk,
        "touched_status": rows.pick("status", "In Progress").pk,
        "reopened_status": rows.pick("status", "New").pk,
        "resolve_delay_seconds": "0",
    }
    answer = signed_in.post(change_url(disk()), form_data(disk(), **changes))
    assert answer.status_code == 302, form_of(answer).errors
    row = disk()
    assert (row.resource, row.role, row.contact_choice) == (resource, role, "last_user")
    assert row.ticket_udfs == {"Rack": "{{ device.hostname }}", "Shift": "2"}
    assert (row.hold_off_minutes, row.escalate_after, row.resolve_delay_seconds) == (10, 5, 0)
    assert (row.repeat_effect, row.related_group, row.note_policy) == ("reopen", "site", "hourly")
    assert row.escalated_queue is not None
    assert row.escalated_queue.label == "Level II Support"
    assert (row.group_by_site, row.complete_touched, row.due_in_business_hours) == (True, True, True)
    listed = signed_in.get(reverse("admin:tickets_ticketdefaults_changelist")).content.decode()
    for mark in (
        "primary resource: Ada Byron",
        "hold off (minutes): 10",
        "when it comes back after its ticket was completed: reopen the ticket",
        "UDF Rack",
        "runbook",
        "escalate after so many occurrences: 5",
    ):
        assert mark in listed
    # What is stored comes back unchanged, and empty again it inherits.
    assert signed_in.post(change_url(row), form_data(row)).status_code == 302
    assert disk().ticket_udfs == row.ticket_udfs
    emptied = {name: "" for name in changes if not name.startswith("ticket_udfs")}
    emptied |= dict.fromkeys(("due_in_business_hours", "group_by_site", "complete_touched"), "unknown")
    data = form_data(row, **emptied, **{"ticket_udfs-name": [""], "ticket_udfs-template": [""]})
    assert signed_in.post(change_url(row), data).status_code == 302
    row = disk()
    assert (row.resource, row.ticket_udfs, row.escalate_after, row.group_by_site) == (None, {}, None, None)


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"related_window_minutes": "61"}, "related_window_minutes", "at most 60 minutes"),
        ({"escalate_after": "1"}, "escalate_after", "Must be at least 2"),
        ({"hold_off_minutes": "-1"}, "hold_off_minutes", "greater than or equal to 0"),
        ({"runbook_url": "wiki"}, "runbook_url", "begins with https://"),
        ({"contact_choice": "anybody"}, "contact_choice", "Select a valid choice"),
        (
            {"ticket_udfs-name": ["Nope"], "ticket_udfs-template": ["x"]},
            "ticket_udfs",
            "no active ticket UDF of this name",
        ),
        ({"ticket_udfs-name": ["Old"], "ticket_udfs-template": ["x"]}, "ticket_udfs", "no active ticket UDF"),
        (
            {"ticket_udfs-name": ["Rack"], "ticket_udfs-template": ["{{ alert.sumary }}"]},
            "ticket_udfs",
            "Did you mean alert.summary?",
        ),
        ({"ticket_udfs-name": ["Rack"], "ticket_udfs-template": [""]}, "ticket_udfs", "Rack: type the value"),
        ({"ticket_udfs-name": [""], "ticket_udfs-template": ["x"]}, "ticket_udfs", "Choose the UDF"),
        (
            {"ticket_udfs-name": ["Rack", "Rack"], "ticket_udfs-template": ["a", "b"]},
            "ticket_udfs",
            "Rack is there twice",
        ),
    ],
)
def test_what_cannot_work_is_refused_beside_its_field(
    signed_in: Client, changes: dict[str, Any], field: str, message: str
) -> None:
    make_udfs()
    answer = signed_in.post(change_url(disk()), form_data(disk(), **changes))
    assert message in str(form_of(answer).errors[field])
    # What was typed is still there.
    for value in changes.get("ticket_udfs-template", []):
        assert value.replace("{{", "{{") in answer.content.decode()


def test_a_resource_without_a_role_or_with_anothers_is_refused(signed_in: Client) -> None:
    resource, role, other = make_people()
    alone = signed_in.post(change_url(disk()), form_data(disk(), resource=resource.pk))
    assert "Choose one of Ada Byron's roles" in form_of(alone).errors["role"][0]
    wrong = signed_in.post(change_url(disk()), form_data(disk(), resource=resource.pk, role=other.pk))
    assert "does not have the role Project Manager" in form_of(wrong).errors["role"][0]
    assert f'data-roles="{role.pk}"' in wrong.content.decode()


def test_every_empty_field_says_what_it_inherits(signed_in: Client) -> None:
    resource, role, _ = make_people()
    make_udfs()
    TicketDefaults.objects.filter(pk=1).update(
        hold_off_minutes=7,
        resource=resource,
        role=role,
        contact_choice="primary",
        ticket_udfs={"Rack": "<b>{{ device.hostname }}</b>"},
        note_template="Hello",
        runbook_url="https://wiki.example/all",
    )
    html = signed_in.get(change_url(disk())).content.decode()
    for text in (
        'placeholder="7 (All monitor types)"',
        'placeholder="1,440 (built-in)"',
        'placeholder="Not used (built-in)"',
        "Ada Byron (All monitor types)",
        "The organization&#x27;s primary contact, else the site&#x27;s (All monitor types)",
        "Reopen if RMM Bridge completed it, else a new ticket that names the old one (built-in)",
        "Empty: the text of All monitor types",
        "Empty: the built-in text",
        "https://wiki.example/all (All monitor types)",
        "&lt;b&gt;{{ device.hostname }}&lt;/b&gt;",
    ):
        assert text in html, text
    assert "No (built-in)" in html
    online = TicketDefaults.objects.get(monitor_type__slug="online_status")
    assert "Yes (built-in for Online Status)" in signed_in.get(change_url(online)).content.decode()


def test_sections_that_set_nothing_are_closed_and_open_with_an_error(signed_in: Client) -> None:
    assert signed_in.get(change_url(disk())).content.decode().count("<details>") >= 7
    TicketDefaults.objects.filter(pk=disk().pk).update(clear_delay_minutes=5)
    html = signed_in.get(change_url(disk())).content.decode()
    assert "Closing · 1 set" in html
    sections = form_of_sections(signed_in.post(change_url(disk()), form_data(disk(), escalate_after="1")))
    assert sections["Repeating and related"] is False
    assert sections["Close-back"] is True


def form_of_sections(answer: Any) -> dict[str, bool]:
    """Return title -> whether it is closed."""
    return {str(one.name): one.is_collapsible for one in answer.context["adminform"]}


def test_agent_tickets_have_the_fields_that_make_sense(signed_in: Client) -> None:
    rows.make_picklists()
    answer = signed_in.get(change_url(agent()))
    assert set(form_of(answer).fields) == AGENT_FIELDS
    html = answer.content.decode()
    assert "Tickets that end clients ask for" in html
    assert "None (built-in for Agent ticket)" in html
    data = form_data(agent(), queue=rows.pick("queueID", "Level I Support").pk)
    assert signed_in.post(change_url(agent()), data).status_code == 302
    saved = agent().queue
    assert saved is not None
    assert saved.label == "Level I Support"
    assert "Level I Support" in preview(signed_in, agent())


def test_the_preview_follows_every_setting(signed_in: Client) -> None:
    make_udfs()
    html = preview(
        signed_in,
        everything(),
        hold_off_minutes="12",
        contact_choice="primary",
        **{"ticket_udfs-name": ["Rack"], "ticket_udfs-template": ["R7"]},
    )
    for text in ("Hold off (minutes)", ">12<", "the organization&#x27;s primary contact", "UDF Rack", "R7"):
        assert text in html


def test_a_udf_that_autotask_no_longer_has_may_stay(signed_in: Client) -> None:
    TicketDefaults.objects.filter(pk=disk().pk).update(ticket_udfs={"Gone": "x"})
    assert "Gone (not in Autotask, skipped)" in signed_in.get(change_url(disk())).content.decode()
    assert signed_in.post(change_url(disk()), form_data(disk())).status_code == 302
    assert disk().ticket_udfs == {"Gone": "x"}


def test_who_may_only_look_sees_the_settings(staff: Any) -> None:
    TicketDefaults.objects.filter(pk=disk().pk).update(hold_off_minutes=7, ticket_udfs={"Rack": "x"})
    reader = staff("view_ticketdefaults")
    assert "Rack" in reader.get(change_url(disk())).content.decode()
    assert reader.post(change_url(disk()), form_data(disk())).status_code == 403


def test_the_page_costs_at_most_fifteen_queries(signed_in: Client, count_queries: Any) -> None:
    rows.make_picklists()
    make_people()
    make_udfs()
    for row in (disk(), everything(), agent()):
        assert count_queries(signed_in, change_url(row)) <= 15
