"""What a ticket of an end client gets: its own row, what is built in for it, and rules that name it."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from mappings.models import Company, PicklistValue
from tests.tickets.admin import rows
from tickets.domain.monitor_types import AGENT_TICKET
from tickets.domain.settings import EffectiveSettings
from tickets.models import Alert, MonitorType, TicketDefaults, TicketRule
from tickets.services.defaults import agent_settings
from tickets.services.rules import settings_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def company() -> Company:
    rows.make_picklists()
    for field, value, label in (("ticketType", 1, "Service Request"), ("source", 1, "Client Portal")):
        PicklistValue.objects.create(
            entity="Tickets", field=field, value=value, label=label, synced_at=timezone.now()
        )
    return Company.objects.create(autotask_company_id=7, name="Northwind", synced_at=timezone.now())


def label(settings: EffectiveSettings, name: str) -> str:
    value = settings.pick(name)
    return value.label if value is not None else ""


def own_row(**values: Any) -> None:
    assert TicketDefaults.objects.filter(monitor_type__slug=AGENT_TICKET).update(**values) == 1


def test_built_in_choices_fit_a_person_and_come_before_those_for_monitors(company: Company) -> None:
    TicketDefaults.objects.filter(pk=1).update(
        source=rows.pick("source", "Monitoring Alert"),
        issue_type=rows.pick("issueType", "Hardware"),
        title_template="{{ alert.summary }}",
        ticket_udfs={"Rack": "{{ alert.uid }}"},
        create_ticket=False,
    )
    found = agent_settings(company, "Information")
    assert (label(found, "source"), found.picks["source"].origin) == (
        "Client Portal",
        "built-in for Agent ticket",
    )
    assert label(found, "ticket_type") == "Service Request"
    assert found.picks["issue_type"].origin == "All monitor types"
    assert found.create_ticket.value is True
    assert found.templates["title_template"].value == ""
    assert found.udfs == {}
    assert not found.flag("complete_on_clear")
    assert not found.flag("resolve_on_complete")
    assert found.choice("contact_choice") == "none"


def test_its_own_row_wins(company: Company) -> None:
    own_row(queue=rows.pick("queueID", "Level I Support"), source=rows.pick("source", "Phone"))
    found = agent_settings(company)
    assert (label(found, "queue"), found.picks["queue"].origin) == (
        "Level I Support",
        "Agent ticket",
    )
    assert label(found, "source") == "Phone"


def test_only_rules_that_name_agent_tickets_apply(company: Company) -> None:
    agent = MonitorType.objects.get(slug=AGENT_TICKET)
    TicketRule.objects.create(name="Alerts", company=company, queue=rows.pick("queueID", "Level II Support"))
    assert agent_settings(company).picks["queue"].origin != "rule Alerts"
    TicketRule.objects.create(
        name="VIP", monitor_type=agent, company=company, queue=rows.pick("queueID", "Level I Support")
    )
    assert agent_settings(company).picks["queue"].origin == "rule VIP"
    assert agent_settings(None).picks["queue"].origin != "rule VIP"


def test_alerts_never_get_its_settings(company: Company) -> None:
    del company
    rows.make_alerts(8)
    own_row(queue=rows.pick("queueID", "Level I Support"))
    alerts = Alert.objects.select_related("monitor_type").exclude(monitor_type__slug=AGENT_TICKET)
    assert settings_of(alerts[0]).picks["queue"].origin == "built-in"


def test_it_costs_few_queries(company: Company, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(7):
        agent_settings(company)
