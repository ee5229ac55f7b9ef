"""A request becomes exactly one ticket in Autotask, over the sandbox by HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from integration.vendors.autotask.records import Ticket as AutotaskTicket
from mappings.models import Contact, PicklistValue, TicketUdf
from tests.tickets.requests.conftest import RequestPage
from tickets.domain.monitor_types import AGENT_TICKET
from tickets.models import Action, AgentRequest, Ticket, TicketDefaults
from tickets.services import act, close, outbox
from tickets.services.requests.decide import decide_or_mark, reconsider_requests
from tickets.tasks import StoredConnection

pytestmark = pytest.mark.django_db


def contact(page: RequestPage, number: int, first: str, last: str, email: str = "") -> Contact:
    return Contact.objects.create(
        autotask_contact_id=number,
        company=page.bridge.company,
        first_name=first,
        last_name=last,
        email=email,
        synced_at=timezone.now(),
    )


def test_a_request_becomes_a_ticket(page: RequestPage):
    PicklistValue.objects.create(
        entity="Tickets", field="ticketType", value=1, label="Service Request", synced_at=timezone.now()
    )
    answer = page.send()
    assert answer.status_code == 303
    request = page.work()
    assert request.state == AgentRequest.State.TICKETED
    (remote,) = page.remote_tickets()
    assert remote["title"] == "Printer jams"
    assert remote["description"].startswith("Each page comes out crumpled.\nSince Monday.")
    assert "anna@example.com" in remote["description"]
    assert page.bridge.device.hostname in remote["description"]
    assert remote["companyID"] == page.bridge.company.autotask_company_id
    assert remote["ticketType"] == 1
    assert request.ticket is not None
    number = request.ticket.ticket_number
    assert number in page.client.get(answer.url).content.decode()
    assert [one.kind for one in request.events.all()] == ["received", "decided"]


def test_the_sweep_finds_a_request_whose_message_was_lost(page: RequestPage):
    page.send()
    page.bridge.perform(reconsider_requests(timezone.now()))
    assert page.request().state == AgentRequest.State.TICKETED


def test_crash_between_create_and_save_makes_one_ticket(page: RequestPage, monkeypatch: Any):
    page.send()
    (action,) = decide_or_mark(page.request().pk)

    def crash(*_: Any, **__: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr("tickets.services.create._save_id", crash)
        with pytest.raises(SystemExit):
            act.perform(action, StoredConnection())
    assert len(page.remote_tickets()) == 1
    assert page.request().state == AgentRequest.State.TICKETING
    Action.objects.filter(pk=action).update(leased_until=timezone.now())
    page.bridge.perform(outbox.list_due(timezone.now()))
    assert page.request().state == AgentRequest.State.TICKETED
    assert len(page.remote_tickets()) == 1


def test_a_lost_answer_makes_one_ticket(page: RequestPage):
    page.send()
    page.bridge.fault("cut_after_store", vendor="autotask", method="POST", path="*/Tickets", count=1)
    page.work()
    page.bridge.clear_faults()
    page.bridge.perform_due()
    assert page.request().state == AgentRequest.State.TICKETED
    assert len(page.remote_tickets()) == 1


def test_open_alerts_are_named_in_a_note_and_never_close_the_ticket(page: RequestPage):
    uid = page.bridge.raise_alert()
    page.bridge.deliver(uid)
    number = page.bridge.ticket(uid).ticket_number
    page.send()
    request = page.work()
    assert request.attached_alerts == [uid]
    note = Action.objects.get(kind=Action.Kind.FIRST_NOTE, ticket=request.ticket)
    assert note.state == Action.State.DONE
    assert number in note.payload["description"]
    page.bridge.resolve_in_datto(uid)
    page.bridge.deliver(uid, "resolved")
    page.bridge.perform_due()
    assert request.ticket is not None
    request.ticket.refresh_from_db()
    assert request.ticket.state == Ticket.State.OPEN
    assert page.bridge.ticket(uid).state == Ticket.State.COMPLETED


def test_two_requests_of_one_device_are_two_tickets(page: RequestPage):
    page.send()
    page.send(subject="Something else")
    page.bridge.perform(reconsider_requests(timezone.now()))
    assert AgentRequest.objects.filter(state="ticketed").values("ticket").distinct().count() == 2


def test_the_contact_with_the_e_mail_is_taken(page: RequestPage):
    contact(page, 900001, "Bo", "Olsen", "bo@example.com")
    page.send(email="BO@example.com")
    page.bridge.perform(decide_or_mark(page.request().pk))
    request = page.request()
    assert request.contact is not None
    assert "e-mail" in request.contact_why


def test_an_unmapped_site_blocks_with_the_cure_and_goes_on_when_mapped(page: RequestPage):
    mapping = page.bridge.mapping
    mapping.company, mapping.state = None, "unmapped"
    mapping.save()
    page.send()
    request = page.work()
    assert (request.state, request.cause) == (AgentRequest.State.BLOCKED, "site_unmapped")
    assert "Mappings" in request.remedy
    mapping.company, mapping.state = page.bridge.company, "confirmed"
    mapping.save()
    page.bridge.perform(reconsider_requests(timezone.now()))
    assert page.request().state == AgentRequest.State.TICKETED


def test_a_switched_off_site_still_gets_the_ticket_a_person_asked_for(page: RequestPage):
    page.bridge.mapping.tickets_enabled = False
    page.bridge.mapping.save()
    page.send()
    assert page.work().state == AgentRequest.State.TICKETED


def test_a_refused_ticket_blocks_with_the_cure_and_is_tried_again(page: RequestPage):
    company = page.bridge.company
    right = company.autotask_company_id
    company.autotask_company_id = 99_999_999
    company.save()
    page.send()
    request = page.work()
    assert (request.state, request.cause) == (AgentRequest.State.BLOCKED, "ticket_refused")
    assert request.remedy
    company.autotask_company_id = right
    company.save()
    AgentRequest.objects.update(not_before=timezone.now())
    page.bridge.perform(reconsider_requests(timezone.now()))
    assert page.request().state == AgentRequest.State.TICKETED


def test_a_request_without_an_outage_waits_for_autotask(page: RequestPage):
    page.bridge.fault("outage", vendor="autotask", method="POST", path="*/Tickets", count=9)
    page.send()
    request = page.work()
    assert request.state == AgentRequest.State.TICKETING
    assert "could not be made yet" in request.reason


def own_row(**values: Any) -> None:
    assert TicketDefaults.objects.filter(monitor_type__slug=AGENT_TICKET).update(**values) == 1


def test_udfs_of_its_defaults_are_written(page: RequestPage):
    for name in ("RMM device", "RMM type"):
        TicketUdf.objects.create(
            autotask_udf_id=len(name), name=name, data_type="text", synced_at=timezone.now()
        )
    own_row(
        ticket_udfs={
            "RMM device": "{{ device.hostname }}",
            "RMM type": "{{ monitor.name }}: {{ alert.summary }}",
        }
    )
    page.send()
    decide_or_mark(page.request().pk)
    ticket = page.request().ticket
    assert ticket is not None
    assert {one["name"]: one["value"] for one in ticket.fields["userDefinedFields"]} == {
        "RMM device": page.bridge.device.hostname,
        "RMM type": "Agent ticket: Printer jams",
    }


@pytest.mark.parametrize(("typed", "expected"), [("anna@example.com", 11), ("nobody@elsewhere.example", 12)])
def test_the_contact_of_its_defaults_counts_only_when_nobody_fits(
    page: RequestPage, typed: str, expected: int
):
    contact(page, 11, "Anna", "Berg", "anna@example.com")
    primary = contact(page, 12, "Paul", "Prime")
    Contact.objects.filter(pk=primary.pk).update(is_primary=True)
    own_row(contact_choice="primary")
    page.send(name="Somebody", email=typed)
    decide_or_mark(page.request().pk)
    ticket = page.request().ticket
    assert ticket is not None
    assert ticket.fields["contactID"] == expected


def test_its_own_completed_status_counts_as_done(page: RequestPage):
    own_row(completed_status=PicklistValue.objects.get(entity="Tickets", field="status", value=8))
    page.send()
    page.work()
    ticket = page.request().ticket
    assert ticket is not None
    remote = AutotaskTicket.from_wire({"id": 1, "status": 8, "companyID": 1, "title": "t"})
    assert close.is_done(remote, ticket)
