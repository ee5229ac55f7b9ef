"""People in the screens, extension callouts, and a state that survives a restart."""

from __future__ import annotations

import base64
import json
from urllib.parse import parse_qs

import pytest

from integration.sandbox.autotask import AutotaskDouble, RefusedError, default_picklists
from integration.sandbox.autotask.callouts import odd_timestamp
from tests.sandbox.autotask_rig import (
    ACME,
    ALICE,
    API_RESOURCE,
    BOB,
    GLOBEX,
    OTHER_ROLE,
    ROLE,
    SERVER,
    Clock,
    receiving,
    running,
)
from tests.sandbox.test_autotask_webhooks import register


@pytest.fixture
def at():
    with running() as rig:
        yield rig


@pytest.fixture
def receiver():
    with receiving() as found:
        yield found


def test_a_person_works_on_a_ticket(at):
    alice = at.double.act_as_person(ALICE)
    ticket = at.ticket()
    alice.assign(ticket, BOB, OTHER_ROLE)
    alice.complete_ticket(ticket, "replaced disk")
    row = at.item("Tickets", ticket)
    assert (row["status"], row["completedByResourceID"], row["resolution"]) == (5, ALICE, "replaced disk")
    alice.reopen(ticket)
    note = alice.add_note(ticket, "looking", internal=True)
    entry = alice.add_time_entry(ticket, 0.25, "looked")
    assert (at.item("TicketNotes", note)["publish"], at.item("TicketNotes", note)["creatorResourceID"]) == (
        2,
        ALICE,
    )
    assert (at.item("TimeEntries", entry)["roleID"], at.item("TimeEntries", entry)["hoursWorked"]) == (
        ROLE,
        0.25,
    )
    alice.update("TicketNotes", note, {"title": "t"})
    contact = alice.create("Contacts", {"companyID": ACME, "firstName": "N", "lastName": "M", "isActive": 1})
    alice.delete("Contacts", contact)


def test_the_screens_refuse_as_the_api_does(at):
    alice = at.double.act_as_person(ALICE)
    with pytest.raises(RefusedError, match="assignedResourceID") as refusal:
        alice.assign(at.ticket(), API_RESOURCE, ROLE)
    assert refusal.value.status == 500
    with pytest.raises(RefusedError, match="No matching records"):
        alice.complete_ticket(999)
    with pytest.raises(RefusedError, match="cannot be deleted"):
        alice.delete("Companies", ACME)


def test_a_deleted_ticket_leaves_a_log_line_and_takes_its_children(at):
    ticket = at.ticket()
    alice = at.double.act_as_person(ALICE)
    note = alice.add_note(ticket, "x")
    alice.delete_ticket(ticket)
    assert (at.item("Tickets", ticket), at.item("TicketNotes", note)) == (None, None)
    since = {"op": "gte", "field": "deletedDateTime", "value": "2026-03-04T00:00:00Z"}
    [row] = at.query("DeletedTicketLogs", since)["items"]
    assert (row["ticketID"], row["ticketNumber"], row["deletedByResourceID"]) == (
        ticket,
        "T20260304.0001",
        ALICE,
    )


def test_merging(at):
    alice = at.double.act_as_person(ALICE)
    source, target = at.ticket(title="one"), at.ticket(title="two")
    assert alice.merge(source, target) == target
    assert at.item("Tickets", source)["status"] == 5
    notes = {row["ticketID"]: row["noteType"] for row in at.double.all("TicketNotes")}
    assert notes == {source: 94, target: 95}
    with pytest.raises(RefusedError, match="one company"):
        alice.merge(target, at.ticket(companyID=GLOBEX))


def test_odd_timestamps():
    assert odd_timestamp("2024-01-31T13:05:09.123Z") == "2024-01-31T08:05:09.12300000-05:00:00"


def test_callouts_are_form_posts_with_the_status_label(at, receiver):
    at.double.add_callout(f"{receiver.base}/callout?s=token", "user", "pass", on_status=["Complete"])
    ticket = at.ticket()
    at.double.act_as_person(ALICE).complete_ticket(ticket)
    assert at.double.wait_until_delivered(5)
    [(path, headers, body)] = receiver.seen
    assert path == "/callout?s=token"
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert base64.b64decode(headers["Authorization"].removeprefix("Basic ")) == b"user:pass"
    assert b"created_datetime=2026-03-04T07:30:15.25000000-05:00:00" in body
    form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
    assert (form["id"], form["number"], form["status"]) == (str(ticket), "T20260304.0001", "Complete")
    assert set(form) == {"id", "number", "status", "created_datetime", "last_activity_datetime", "domain"}
    assert at.double.callout_log()[0]["answer"] == 200


def test_callout_conditions_credentials_and_failures(at, receiver):
    first = at.double.add_callout(f"{receiver.base}/a", "u", "p", udf="RMM Alert", credentials="form")
    second = at.double.add_callout("http://127.0.0.1:9/b", on_status=[8])
    ticket = at.ticket()
    at.ok("PATCH", "Tickets", {"id": ticket, "userDefinedFields": [{"name": "RMM Alert", "value": "a"}]})
    assert at.double.wait_until_delivered(5)
    [(_path, headers, body)] = receiver.seen
    assert "Authorization" not in headers
    assert b"username=u&password=p" in body
    at.double.remove_callout(first)
    at.ok("PATCH", "Tickets", {"id": ticket, "status": 8})
    assert at.double.wait_until_delivered(5)
    assert at.double.callout_log()[0]["callout"] == second
    assert "Error" in at.double.callout_log()[0]["answer"]
    assert "password" not in at.double.callouts()[0]
    at.double.act_as_person(ALICE).touch(ticket)
    assert at.double.wait_until_delivered(5)
    assert len(at.double.callout_log()) == 3
    for wrong in ({"url": "ftp://x"}, {"url": "http://x", "credentials": "guess"}):
        with pytest.raises(ValueError, match="callout"):
            at.double.add_callout(**wrong)


def test_a_state_goes_through_json_and_back(at, receiver):
    at.double.switches.duplicate_tickets = "error"
    at.double.add_workflow_rule("r", on="create", when={"priority": 1}, assign={"queueID": 5})
    at.double.add_callout(f"{receiver.base}/c", on_status=[5])
    at.double.deactivate_picklist_value("Tickets", "source", 4)
    register(at, receiver)
    ticket = at.ticket(externalID="k")
    at.ok(
        "PATCH",
        "ConfigurationItems",
        {"id": SERVER, "userDefinedFields": [{"name": "RMM Device UID", "value": "u"}]},
    )
    assert at.double.wait_until_delivered(5)
    at.double.move_zone(3)
    state = json.loads(json.dumps(at.double.to_state()))

    again = AutotaskDouble(public_url=at.base, clock=Clock())
    again.load_state(state)
    assert again.to_state() == state
    assert again.get("Tickets", ticket) == at.double.get("Tickets", ticket)
    assert again.find("Tickets", externalID="k")[0]["id"] == ticket
    assert again.zone.number == 3
    assert again.counters()["requests_this_hour"] == at.double.counters()["requests_this_hour"]
    again.close()


def test_loading_replaces_what_was_there_and_ids_go_on(at):
    empty = AutotaskDouble(public_url=at.base, clock=Clock())
    blank = empty.to_state()
    ticket = at.ticket()
    at.double.act_as_person(ALICE).delete_ticket(ticket)
    state = at.double.to_state()
    at.double.load_state(blank)
    assert at.double.all("Companies") == []
    at.refused("GET", "Companies/0", status=401)
    at.double.load_state(state)
    assert at.ticket() == ticket + 1
    with pytest.raises(ValueError, match="Nonsense"):
        at.double.load_state({"tables": {"Nonsense": {}}})
    empty.close()


def test_events_that_waited_are_sent_after_a_restart(at, receiver):
    register(at, receiver)
    at.double.switches.webhook_pause_seconds = 1e6
    receiver.statuses = [500]
    at.ticket()
    for _ in range(500):
        if receiver.seen:
            break
        at.double.wait_until_delivered(0.002)
    state = json.loads(json.dumps(at.double.to_state()))
    assert sum(at.double.webhook_queue().values()) == 1
    again = AutotaskDouble(public_url=at.base, clock=Clock())
    again.load_state(state)
    assert again.wait_until_delivered(5)
    assert [json.loads(body)["SequenceNumber"] for _p, _h, body in receiver.seen] == [1, 1]
    again.close()


@pytest.mark.parametrize(
    ("entity", "row", "text"),
    [
        ("Nonsense", {"id": 1}, "Nonsense"),
        ("Companies", {"id": 1, "color": "red"}, "color"),
        ("Companies", {"id": 1, "createDate": "soon"}, "soon"),
    ],
)
def test_seeds_are_checked(at, entity, row, text):
    with pytest.raises(ValueError, match=text):
        at.double.seed(entity, [row])


def test_default_picklists_hold_the_system_values():
    tickets = default_picklists()["Tickets"]
    labels = {name: {one["value"]: one["label"] for one in values} for name, values in tickets.items()}
    assert (labels["status"][1], labels["status"][5], labels["status"][7]) == (
        "New",
        "Complete",
        "Waiting Customer",
    )
    assert labels["priority"] == {1: "High", 2: "Medium", 3: "Low", 4: "Critical"}
    assert (labels["queueID"][8], labels["source"][8], labels["source"][15]) == (
        "Monitoring Alert",
        "Monitoring Alert",
        "Datto RMM",
    )
    assert labels["ticketCategory"][2] == "Datto RMM Alert"
    assert {one["parentValue"] for one in tickets["subIssueType"]} <= set(labels["issueType"])
