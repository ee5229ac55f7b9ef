"""What a site's mapping does to tickets: its settings, the catch-all organization, and moving open tickets."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.utils import timezone

from mappings.models import (
    Company,
    CompanyLocation,
    Contact,
    Contract,
    PicklistValue,
    SiteMapping,
    SiteMappingChange,
)
from mappings.services.catch_all import set_catch_all
from mappings.services.decisions import choose_company, undo
from mappings.services.moves import count_tickets_elsewhere, move_open_tickets
from tests.tickets.services.conftest import Bridge
from tickets.models import Action, Alert, Ticket
from tickets.services import act, gate, intake, move, sweep
from tickets.services.decide import decide_alert
from tickets.tasks import StoredConnection


def remote_rows(bridge: Bridge, entity: str, **wanted: object) -> list[dict[str, Any]]:
    """Return what Autotask holds."""
    query = "&".join(f"{name}={value}" for name, value in wanted.items())
    return list(bridge.sandbox.call("GET", f"/control/rows/{entity}?{query}&limit=200").json()["rows"])


def make_other(bridge: Bridge) -> Company:
    """Return a second active organization that Autotask has too."""
    row = next(
        one
        for one in remote_rows(bridge, "Companies", limit=500)
        if one["isActive"] and one["id"] not in {0, bridge.company.autotask_company_id}
    )
    return Company.objects.create(
        autotask_company_id=row["id"], name=row["companyName"], synced_at=timezone.now()
    )


def make_contact(bridge: Bridge, company: Company, **values: object) -> Contact:
    row = next(
        one
        for one in remote_rows(bridge, "Contacts", companyID=company.autotask_company_id)
        if one["isActive"]
    )
    return Contact.objects.create(
        autotask_contact_id=row["id"], company=company, last_name="Day", synced_at=timezone.now(), **values
    )


def set_mapping(bridge: Bridge, **values: object) -> None:
    SiteMapping.objects.filter(pk=bridge.mapping.pk).update(**values)


def origin_of(alert: Alert, field: str) -> dict[str, Any]:
    return next(one for one in alert.decision["fields"] if one["field"] == field)


def test_site_puts_contact_location_and_queue_on_its_tickets_and_says_so(bridge: Bridge) -> None:
    contact = make_contact(bridge, bridge.company)
    queue = PicklistValue.objects.get(field="queueID", value=5)
    set_mapping(bridge, default_contact=contact, queue=queue)
    uid = bridge.raise_alert()
    bridge.deliver(uid)
    [remote] = bridge.remote_tickets(uid)
    assert (remote["contactID"], remote["queueID"]) == (contact.autotask_contact_id, 5)
    alert = bridge.alert(uid)
    assert origin_of(alert, "queueID")["origin"] == f"site {bridge.site.name}"
    assert origin_of(alert, "contactID")["origin"] == f"site {bridge.site.name}"


def test_what_is_inactive_or_ended_is_left_out_and_told(bridge: Bridge) -> None:
    contact = make_contact(bridge, bridge.company, is_active=False)
    location = CompanyLocation.objects.create(
        autotask_location_id=9, company=bridge.company, name="HQ", is_active=False, synced_at=timezone.now()
    )
    contract = Contract.objects.create(
        autotask_contract_id=9,
        company=bridge.company,
        name="Old care",
        end_date=timezone.localdate().replace(year=2020),
        synced_at=timezone.now(),
    )
    queue = PicklistValue.objects.get(field="queueID", value=5)
    PicklistValue.objects.filter(pk=queue.pk).update(is_active=False)
    set_mapping(
        bridge, default_contact=contact, company_location=location, default_contract=contract, queue=queue
    )
    uid = bridge.raise_alert()
    bridge.deliver(uid)
    [remote] = bridge.remote_tickets(uid)
    assert remote.get("contactID") is None
    assert remote.get("contractID") != contract.autotask_contract_id
    assert remote["queueID"] == 8
    skipped = {one["field"]: one["reason"] for one in bridge.alert(uid).decision["skipped"]}
    assert skipped["contact"].startswith("It is inactive in Autotask.")
    assert skipped["location"].startswith("It is inactive in Autotask.")
    assert skipped["contract"].startswith("It ended on 2020-")
    assert f"site {bridge.site.name}" in skipped["queue"]


@pytest.mark.parametrize(
    ("offset", "priority", "expected", "label"),
    [(1, "Moderate", 1, "High"), (-1, "High", 2, "Moderate"), (3, "Moderate", 4, "Critical")],
)
def test_offset_shifts_the_priority_before_the_defaults_are_asked(
    bridge: Bridge, offset: int, priority: str, expected: int, label: str
) -> None:
    set_mapping(bridge, priority_offset=offset)
    uid = bridge.raise_alert(priority=priority)
    bridge.deliver(uid)
    [remote] = bridge.remote_tickets(uid)
    assert remote["priority"] == expected
    chain = " ".join(bridge.alert(uid).decision["rule_chain"])
    assert f"{label} instead of {priority}" in chain


def test_offset_can_quiet_a_site_down_to_no_ticket(bridge: Bridge) -> None:
    set_mapping(bridge, priority_offset=-1)
    uid = bridge.raise_alert(priority="Low")
    bridge.deliver(uid)
    assert bridge.alert(uid).state == Alert.State.FILTERED
    assert bridge.remote_tickets(uid) == []


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("unmapped", "has no organization yet"),
        ("conflict", "Several organizations fit"),
        ("company_missing", "no longer in Autotask"),
        ("company_inactive", "is inactive in Autotask"),
    ],
)
def test_catch_all_gets_the_ticket_with_the_reason_in_its_first_line(
    bridge: Bridge, state: str, words: str
) -> None:
    other = make_other(bridge)
    contact = make_contact(bridge, bridge.company)
    set_mapping(
        bridge, state=state, default_contact=contact, company=None if state == "unmapped" else bridge.company
    )
    set_catch_all(other)
    uid = bridge.raise_alert()
    bridge.deliver(uid)
    [remote] = bridge.remote_tickets(uid)
    assert remote["companyID"] == other.autotask_company_id
    assert words in remote["description"].splitlines()[0]
    assert bridge.site.name in remote["description"].splitlines()[0]
    assert other.name in remote["description"].splitlines()[0]
    assert remote.get("contactID") is None


def test_ignored_and_switched_off_sites_stay_silent_with_a_catch_all(bridge: Bridge) -> None:
    set_catch_all(make_other(bridge))
    set_mapping(bridge, state="ignored", company=None)
    first = bridge.raise_alert()
    bridge.deliver(first)
    set_mapping(bridge, state="unmapped", tickets_enabled=False)
    second = bridge.raise_alert()
    bridge.deliver(second)
    assert {bridge.alert(uid).state for uid in (first, second)} == {Alert.State.FILTERED}


def test_waiting_alert_goes_on_when_a_catch_all_is_set_and_stays_when_it_is_inactive(bridge: Bridge) -> None:
    set_mapping(bridge, state="unmapped", company=None)
    uid = bridge.raise_alert()
    bridge.deliver(uid)
    assert bridge.alert(uid).state == Alert.State.BLOCKED
    assert sweep.reconsider_alerts() == []
    other = make_other(bridge)
    set_catch_all(other)
    Company.objects.filter(pk=other.pk).update(is_active=False)
    assert sweep.reconsider_alerts() == []
    assert decide_alert(bridge.alert(uid).pk) == []
    assert "is inactive in Autotask" in bridge.alert(uid).remedy
    Company.objects.filter(pk=other.pk).update(is_active=True)
    bridge.perform(sweep.reconsider_alerts())
    assert bridge.alert(uid).state == Alert.State.TICKETED
    [remote] = bridge.remote_tickets(uid)
    assert remote["companyID"] == other.autotask_company_id


def ticketed(bridge: Bridge) -> tuple[str, Ticket]:
    uid = bridge.raise_alert()
    bridge.deliver(uid)
    ticket = bridge.alert(uid).ticket
    assert ticket is not None
    return uid, ticket


def remap(bridge: Bridge, company: Company) -> uuid.UUID:
    mapping = SiteMapping.objects.select_related("site", "company").get(pk=bridge.mapping.pk)
    batch = choose_company(mapping, company, None).batch
    assert batch is not None
    return batch


def test_open_ticket_follows_its_site_once_and_leaves_the_old_references_behind(bridge: Bridge) -> None:
    contact = make_contact(bridge, bridge.company)
    set_mapping(bridge, default_contact=contact)
    uid, ticket = ticketed(bridge)
    other = make_other(bridge)
    batch = remap(bridge, other)
    assert count_tickets_elsewhere([bridge.site.datto_site_uid]) == {bridge.site.datto_site_uid: 1}
    [before] = bridge.remote_tickets(uid)
    assert before["companyID"] == bridge.company.autotask_company_id
    assert move_open_tickets(batch, None) == 1
    assert move_open_tickets(batch, None) == 0
    assert Action.objects.filter(kind=move.KIND).count() == 1
    bridge.perform_due()
    [remote] = bridge.remote_tickets(uid)
    assert (remote["companyID"], remote.get("contactID")) == (other.autotask_company_id, None)
    ticket.refresh_from_db()
    assert ticket.company == other
    assert "ticket_moved" in set(ticket.events.values_list("kind", flat=True))
    history = SiteMappingChange.objects.filter(mapping=bridge.mapping).first()
    assert history is not None
    assert history.reason == f"Also moved to {other.name}: 1 open ticket"
    assert count_tickets_elsewhere([bridge.site.datto_site_uid]) == {}


def test_moved_ticket_takes_the_new_mappings_contact(bridge: Bridge) -> None:
    uid, _ = ticketed(bridge)
    other = make_other(bridge)
    batch = remap(bridge, other)
    contact = make_contact(bridge, other)
    set_mapping(bridge, default_contact=contact)
    move_open_tickets(batch, None)
    bridge.perform_due()
    [remote] = bridge.remote_tickets(uid)
    assert (remote["companyID"], remote["contactID"]) == (
        other.autotask_company_id,
        contact.autotask_contact_id,
    )


def test_move_whose_answer_was_lost_is_not_written_again(bridge: Bridge) -> None:
    uid, ticket = ticketed(bridge)
    other = make_other(bridge)
    move_open_tickets(remap(bridge, other), None)
    bridge.fault("cut_after_store", vendor="autotask", method="PATCH", path="*/Tickets", count=1)
    bridge.perform_due()
    action = Action.objects.get(kind=move.KIND)
    assert action.in_doubt
    bridge.clear_faults()
    bridge.sandbox.control("writes", method="DELETE")
    bridge.perform_due()
    writes = bridge.sandbox.call("GET", "/control/writes").json()["autotask"]
    assert "Tickets" not in writes
    action.refresh_from_db()
    ticket.refresh_from_db()
    assert (action.state, ticket.company) == (Action.State.DONE, other)
    assert len(bridge.remote_tickets(uid)) == 1


def test_outage_delays_a_move_and_it_is_done_afterwards(bridge: Bridge) -> None:
    _, ticket = ticketed(bridge)
    other = make_other(bridge)
    move_open_tickets(remap(bridge, other), None)
    bridge.fault("outage", vendor="autotask")
    bridge.perform_due()
    assert Action.objects.get(kind=move.KIND).state == Action.State.WAITING
    bridge.clear_faults()
    gate.retry_now()
    act.drain("autotask", StoredConnection())
    ticket.refresh_from_db()
    assert ticket.company == other


def test_undo_offers_the_way_back_and_the_last_wish_wins(bridge: Bridge) -> None:
    uid, ticket = ticketed(bridge)
    other = make_other(bridge)
    batch = remap(bridge, other)
    move_open_tickets(batch, None)
    bridge.perform_due()
    back = undo(batch, None).batch
    assert back is not None
    assert count_tickets_elsewhere([bridge.site.datto_site_uid]) == {bridge.site.datto_site_uid: 1}
    assert move_open_tickets(back, None) == 1
    again = remap(bridge, other)
    # The ticket still stands at the other organization, but is on its way back.
    assert count_tickets_elsewhere([bridge.site.datto_site_uid]) == {bridge.site.datto_site_uid: 1}
    assert move_open_tickets(again, None) == 1
    bridge.perform_due()
    [remote] = bridge.remote_tickets(uid)
    ticket.refresh_from_db()
    assert remote["companyID"] == ticket.company.autotask_company_id == other.autotask_company_id
    states = list(Action.objects.filter(kind=move.KIND).order_by("pk").values_list("state", flat=True))
    assert states == [Action.State.DONE, Action.State.DROPPED, Action.State.DONE]


def test_completed_ticket_and_one_moved_by_hand_are_left_alone(bridge: Bridge) -> None:
    uid, ticket = ticketed(bridge)
    other = make_other(bridge)
    move_open_tickets(remap(bridge, other), None)
    contact = make_contact(bridge, other)
    answer = bridge.sandbox.control(
        f"rows/Tickets/{ticket.autotask_ticket_id}",
        {
            "fields": {
                "companyID": other.autotask_company_id,
                "contactID": contact.autotask_contact_id,
                "contractID": None,
                "companyLocationID": None,
                "configurationItemID": None,
            }
        },
    )
    assert answer.status_code == 200, answer.text
    bridge.perform_due()
    [remote] = bridge.remote_tickets(uid)
    assert remote["contactID"] == contact.autotask_contact_id
    ticket.refresh_from_db()
    assert ticket.company == other


def test_ticket_still_being_made_is_moved_when_it_is_there(bridge: Bridge) -> None:
    uid = bridge.raise_alert()
    delivery = bridge.hook(uid)
    assert delivery is not None
    due = intake.process_delivery(delivery, StoredConnection())
    other = make_other(bridge)
    move_open_tickets(remap(bridge, other), None)
    action = Action.objects.get(kind=move.KIND)
    assert act.perform(action.pk, StoredConnection()) == []
    action.refresh_from_db()
    assert (action.state, action.cause) == (Action.State.WAITING, "not_yet")
    bridge.perform(due)
    bridge.perform_due()
    [remote] = bridge.remote_tickets(uid)
    assert remote["companyID"] == other.autotask_company_id


def test_deciding_a_caught_site_offers_to_move_its_tickets(bridge: Bridge) -> None:
    other = make_other(bridge)
    set_mapping(bridge, state="unmapped", company=None)
    set_catch_all(other)
    uid, _ = ticketed(bridge)
    batch = remap(bridge, bridge.company)
    assert move_open_tickets(batch, None) == 1
    bridge.perform_due()
    [remote] = bridge.remote_tickets(uid)
    assert remote["companyID"] == bridge.company.autotask_company_id
