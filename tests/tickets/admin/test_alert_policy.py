"""The alert policy: chosen by name, saved, and refused beside the field."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mappings.models import Company, PicklistValue
from tests.tickets.admin import rows
from tests.tickets.admin.settings_pages import make_people
from tests.tickets.admin.test_settings_forms import form_of
from tickets.models import AlertPolicy
from tickets.services.policy import load_policy

LIST = "admin:tickets_alertpolicy_changelist"
_NUMBERS = (
    "storm_site_devices", "storm_site_percent", "storm_site_minutes", "storm_watch_seconds", "storm_fleet_sites",
    "storm_fleet_minutes", "breaker_per_minute", "breaker_percent", "flap_changes", "flap_minutes",
    "flap_delay_minutes", "most_additional_items",
)  # fmt: skip
_LISTS = ("done_statuses", "protected_statuses", "protected_queues", "protected_types", "rule_resources")


def url() -> str:
    return str(reverse("admin:tickets_alertpolicy_change", args=[1]))


def data(**changes: Any) -> dict[str, Any]:
    policy = AlertPolicy.objects.filter(pk=1).first() or AlertPolicy()
    stored: dict[str, Any] = {name: getattr(policy, name) for name in (*_NUMBERS, *_LISTS)}
    return {**stored, "own_company": policy.own_company_id or "", **changes}


def test_the_menu_leads_to_the_only_form(signed_in: Client) -> None:
    answer = signed_in.get(reverse(LIST), follow=True)
    html = answer.content.decode()
    assert answer.redirect_chain[-1][0] == url()
    for title in ("Storm at a site", "Circuit breaker", "Flapping", "Tickets left to people"):
        assert title in html


def test_everything_is_saved_by_its_id_and_chosen_by_its_name(signed_in: Client) -> None:
    rows.make_picklists()
    resource, _, _ = make_people()
    company = Company.objects.create(autotask_company_id=4, name="Ours", synced_at=timezone.now())
    html = signed_in.get(url()).content.decode()
    for label in ("In Progress", "Level I Support", "Incident", "Ada Byron"):
        assert label in html
    answer = signed_in.post(
        url(),
        data(
            storm_site_devices="5",
            flap_delay_minutes="20",
            own_company=company.pk,
            done_statuses=["8"],
            protected_statuses=["1"],
            protected_queues=["29682833"],
            protected_types=["2"],
            rule_resources=[str(resource.autotask_resource_id)],
        ),
        follow=True,
    )
    assert "Saved." in str(next(iter(answer.context["messages"])))
    policy = load_policy()
    assert (policy.storm_site_devices, policy.flap_delay_minutes, policy.own_company) == (5, 20, company)
    assert (policy.done_statuses, policy.protected_statuses) == ([8], [1])
    assert (policy.protected_queues, policy.protected_types) == ([29682833], [2])
    assert policy.rule_resources == [11]


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"storm_site_percent": "101"}, "storm_site_percent", "at most 100"),
        ({"breaker_percent": "101"}, "breaker_percent", "at most 100"),
        ({"storm_site_devices": "1"}, "storm_site_devices", "at least 2"),
        ({"storm_fleet_sites": "1"}, "storm_fleet_sites", "at least 2"),
        ({"flap_minutes": "0"}, "flap_minutes", "at least 1 minute"),
        ({"storm_watch_seconds": "601"}, "storm_watch_seconds", "at most 600"),
        ({"flap_changes": ""}, "flap_changes", "required"),
        ({"done_statuses": ["77"]}, "done_statuses", "Select a valid choice"),
        ({"done_statuses": ["x"]}, "done_statuses", "Select a valid choice"),
        (
            {"done_statuses": ["8"], "protected_statuses": ["8"]},
            "protected_statuses",
            "In Progress: counts as done as well",
        ),
    ],
)
def test_what_cannot_work_is_refused_beside_its_field(
    signed_in: Client, changes: dict[str, Any], field: str, message: str
) -> None:
    rows.make_picklists()
    answer = signed_in.post(url(), data(**changes))
    assert message in str(form_of(answer).errors[field])


def test_an_inactive_organization_is_refused(signed_in: Client) -> None:
    company = Company.objects.create(
        autotask_company_id=4, name="Gone", is_active=False, synced_at=timezone.now()
    )
    answer = signed_in.post(url(), data(own_company=company.pk))
    assert "Gone is inactive in Autotask" in form_of(answer).errors["own_company"][0]


def test_a_stored_value_that_is_gone_may_stay_and_is_marked(signed_in: Client) -> None:
    rows.make_picklists()
    AlertPolicy.objects.create(pk=1, done_statuses=[8, 99])
    PicklistValue.objects.filter(field="status", value=8).update(is_active=False)
    html = signed_in.get(url()).content.decode()
    assert "In Progress (inactive in Autotask)" in html
    assert "99 (not known here)" in html
    assert signed_in.post(url(), data()).status_code == 302
    assert load_policy().done_statuses == [8, 99]


def test_a_dispatcher_changes_it_and_a_viewer_looks(db: None) -> None:
    clients = {}
    for role in ("Dispatcher", "Technician", "Viewer"):
        user = User.objects.create_user(role, password="a long password", is_staff=True)
        user.groups.set(Group.objects.filter(name=role))
        clients[role] = Client()
        clients[role].force_login(user)
        assert clients[role].get(url()).status_code == 200
    assert clients["Dispatcher"].post(url(), data(flap_minutes="30")).status_code == 302
    assert clients["Viewer"].post(url(), data(flap_minutes="5")).status_code == 403
    assert clients["Technician"].post(url(), data(flap_minutes="5")).status_code == 403
    assert load_policy().flap_minutes == 30
    stranger = User.objects.create_user("stranger", password="a long password", is_staff=True)
    client = Client()
    client.force_login(stranger)
    assert client.get(url()).status_code == 403


def test_the_page_costs_at_most_fifteen_queries(signed_in: Client, count_queries: Any) -> None:
    rows.make_picklists()
    make_people()
    assert count_queries(signed_in, url()) <= 15
