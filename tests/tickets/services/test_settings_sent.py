"""Each setting changes exactly its own field of the ticket that Autotask gets."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from mappings.models import (
    CompanyLocation,
    ConfigurationItem,
    Contact,
    Contract,
    DeviceLink,
    PicklistValue,
    Resource,
    Role,
    TicketUdf,
    WorkType,
)
from tests.tickets.services.conftest import Bridge
from tests.tickets.services.test_repeats import DISK, settings
from tickets.models import PriorityDefaults, Ticket
from tickets.services import intake
from tickets.tasks import StoredConnection

pytestmark = pytest.mark.django_db


def make(bridge: Bridge) -> Ticket:
    """Decide an alert; the ticket as it is to be sent, before Autotask has seen it."""
    uid = bridge.raise_alert(**DISK)
    delivery = bridge.hook(uid)
    assert delivery is not None
    intake.process_delivery(delivery, StoredConnection())
    return bridge.ticket(uid)


def sent(bridge: Bridge) -> dict[str, Any]:
    """Return what is sent, without what differs from one alert to the next."""
    ticket = make(bridge)
    Ticket.objects.filter(pk=ticket.pk).update(condition_key="", state=Ticket.State.ABANDONED)
    return {
        name: value
        for name, value in ticket.fields.items()
        if name not in {"externalID", "dueDateTime", "description"}
    }


def pick(field: str, value: int, parent: int | None = None) -> PicklistValue:
    found, _ = PicklistValue.objects.get_or_create(
        entity="Tickets",
        field=field,
        value=value,
        defaults={"label": f"{field} {value}", "parent_value": parent, "synced_at": timezone.now()},
    )
    return found


@pytest.fixture
def item(bridge: Bridge) -> ConfigurationItem:
    found = ConfigurationItem.objects.create(
        autotask_configuration_item_id=4711,
        company=bridge.company,
        autotask_company_id=bridge.company.autotask_company_id,
        is_active=True,
        synced_at=timezone.now(),
    )
    DeviceLink.objects.create(device=bridge.device, configuration_item=found)
    return found


@pytest.mark.parametrize(
    ("setting", "rest_field", "value"),
    [
        ("queue", "queueID", 5),
        ("ticket_category", "ticketCategory", 3),
        ("ticket_type", "ticketType", 2),
        ("source", "source", 8),
        ("status", "status", 8),
        ("issue_type", "issueType", 10),
        ("sla", "serviceLevelAgreementID", 2),
    ],
)
def test_a_pick_list_setting_changes_its_field_alone(
    bridge: Bridge, setting: str, rest_field: str, value: int
):
    before = sent(bridge)
    settings(**{setting: pick(rest_field, value)})
    assert sent(bridge) == {**before, rest_field: value}


def test_a_sub_issue_goes_with_its_issue(bridge: Bridge):
    before = sent(bridge)
    settings(issue_type=pick("issueType", 10), sub_issue_type=pick("subIssueType", 136, parent=10))
    assert sent(bridge) == {**before, "issueType": 10, "subIssueType": 136}


def test_a_work_type_is_the_billing_code(bridge: Bridge):
    before = sent(bridge)
    settings(
        work_type=WorkType.objects.create(
            autotask_billing_code_id=29_683_399, name="Remote", synced_at=timezone.now()
        )
    )
    assert sent(bridge) == {**before, "billingCodeID": 29_683_399}


def test_a_resource_goes_with_its_role(bridge: Bridge):
    before = sent(bridge)
    resource = Resource.objects.create(autotask_resource_id=4, name="Ada", synced_at=timezone.now())
    role = Role.objects.create(autotask_role_id=9, name="Engineer", synced_at=timezone.now())
    resource.roles.add(role)
    settings(resource=resource)
    assert sent(bridge) == before, "Autotask refuses a resource without a role"
    settings(role=role)
    assert sent(bridge) == {**before, "assignedResourceID": 4, "assignedResourceRoleID": 9}


def test_priority_and_due_date_are_those_of_the_alerts_priority(bridge: Bridge):
    before = sent(bridge)
    PriorityDefaults.objects.filter(defaults=1, alert_priority="High").update(
        ticket_priority=pick("priority", 3), due_minutes=30
    )
    now = timezone.now()
    ticket = make(bridge)
    assert ticket.fields["priority"] == 3 != before["priority"]
    due = ticket.fields["dueDateTime"]
    assert due in {
        (now + timedelta(minutes=30, seconds=n)).strftime("%Y-%m-%dT%H:%M:%SZ") for n in range(-1, 5)
    }


def test_title_description_and_runbook_are_rendered(bridge: Bridge):
    settings(
        title_template="{{ alert.priority }} on {{ device.hostname }}",
        description_template="Read {{ monitor.runbook }}",
        runbook_url="https://wiki.example/disks",
    )
    fields = make(bridge).fields
    assert fields["title"] == f"High on {bridge.device.hostname}"
    assert fields["description"] == "Read https://wiki.example/disks"


def test_udfs_are_rendered_with_the_runbook_too(bridge: Bridge):
    TicketUdf.objects.create(name="Guide", data_type="text", synced_at=timezone.now())
    before = sent(bridge)
    settings(runbook_url="https://wiki.example/disks", ticket_udfs={"Guide": "{{ monitor.runbook }}"})
    found = sent(bridge)
    assert found == {
        **before,
        "userDefinedFields": [{"name": "Guide", "value": "https://wiki.example/disks"}],
    }


def test_the_first_note_has_its_text_type_and_visibility(bridge: Bridge):
    for field, value in (("noteType", 1), ("publish", 1)):
        PicklistValue.objects.create(
            entity="TicketNotes", field=field, value=value, label=f"{field} {value}", synced_at=timezone.now()
        )
    chosen = {one.field: one for one in PicklistValue.objects.filter(entity="TicketNotes")}
    settings(
        write_first_note=True,
        note_template="{{ ticket.number }}: {{ monitor.runbook }}",
        runbook_url="https://wiki.example",
        note_type=chosen["noteType"],
        note_publish=chosen["publish"],
    )
    uid = bridge.raise_alert(**DISK)
    bridge.deliver(uid)
    ticket = bridge.ticket(uid)
    state = bridge.sandbox.call("GET", f"/control/tickets/{ticket.autotask_ticket_id}").json()
    [note] = state["notes"]
    assert note["description"] == f"{ticket.ticket_number}: https://wiki.example"
    assert (note["noteType"], note["publish"]) == (1, 1)


def test_the_device_goes_with_its_contract_and_service(bridge: Bridge, item: ConfigurationItem):
    before = sent(bridge)
    assert before["configurationItemID"] == 4711
    Contract.objects.create(
        autotask_contract_id=77, company=bridge.company, name="Gold", is_active=True, synced_at=timezone.now()
    )
    item.autotask_contract_id, item.autotask_contract_service_id = 77, 5
    item.save()
    assert sent(bridge) == {**before, "contractID": 77, "contractServiceID": 5}
    settings(contract_choice="none")
    assert sent(bridge) == before


def test_a_device_of_another_organization_is_not_named(bridge: Bridge, item: ConfigurationItem):
    item.autotask_company_id += 1
    item.company = None
    item.save()
    assert "configurationItemID" not in sent(bridge)


@pytest.mark.parametrize(
    ("choice", "expected"),
    [("none", None), ("site", 21), ("primary", 22), ("device", 23), ("last_user", 24)],
)
def test_the_contact_is_who_is_chosen(
    bridge: Bridge, item: ConfigurationItem, choice: str, expected: int | None
):
    people = {
        number: Contact.objects.create(
            autotask_contact_id=number,
            company=bridge.company,
            first_name=first,
            last_name="Berg",
            email=f"{first.lower()}@example.com",
            is_primary=number == 22,
            is_active=True,
            synced_at=timezone.now(),
        )
        for number, first in ((21, "Sid"), (22, "Paula"), (23, "Dora"), (24, "Lasse"))
    }
    bridge.mapping.default_contact = people[21]
    bridge.mapping.save()
    item.autotask_contact_id = 23
    item.save()
    bridge.device.last_user = "CORP\\lasse.berg"
    bridge.device.save()
    settings(contact_choice=choice)
    assert sent(bridge).get("contactID") == expected


@pytest.mark.parametrize(("choice", "expected"), [("site", 31), ("none", None)])
def test_the_location_is_the_sites_unless_none_is_wanted(bridge: Bridge, choice: str, expected: int | None):
    bridge.mapping.company_location = CompanyLocation.objects.create(
        autotask_location_id=31, company=bridge.company, name="Main", is_active=True, synced_at=timezone.now()
    )
    bridge.mapping.save()
    settings(location_choice=choice)
    assert sent(bridge).get("companyLocationID") == expected
