"""Creating and updating any entity, and what is refused before it costs a call."""

from datetime import UTC, datetime

import pytest

from integration.vendors.autotask.entities import EntityError
from integration.vendors.budget import Lane
from integration.vendors.errors import (
    NotFound,
)
from tests.vendors.autotask_fixtures import TICKET


@pytest.fixture
def client(autotask_client):
    return autotask_client


def test_create_sends_clean_fields_and_returns_the_id(double, client, records):
    at = datetime(2026, 1, 2, 3, 4, 5, 600, tzinfo=UTC)
    subject = client.with_context(subject="alert:1", run_id=4)
    ticket_id = subject.create_ticket(
        {
            **TICKET,
            "title": "a\x00b\x07",
            "dueDateTime": at,
            "id": 0,
            "userDefinedFields": {"Site": 5, "Gone": None},
        }
    )
    assert ticket_id == 9001
    assert double.bodies("POST", "Tickets") == [
        {
            **TICKET,
            "title": "ab",
            "dueDateTime": "2026-01-02T03:04:05Z",
            "userDefinedFields": [{"name": "Site", "value": "5"}, {"name": "Gone", "value": None}],
        }
    ]
    assert (records[-1].subject, records[-1].run_id, records[-1].lane) == ("alert:1", 4, Lane.NEW_TICKET)
    assert client.context.subject == ""
    headers = double.server.seen[-1].headers
    assert headers["Content-Type"].startswith("application/json")


def test_update_patches_the_collection_with_the_id_in_the_body(double, client):
    double.rows["Tickets"] = [{"id": 5, "status": 1, "title": "x"}]
    client.update_ticket(5, {"status": 5})
    assert double.calls() == [("PATCH", "Tickets")]
    assert double.bodies("PATCH", "Tickets") == [{"status": 5, "id": 5}]
    assert client.find_ticket(5).is_complete
    with pytest.raises(NotFound):
        client.update_ticket(6, {"status": 5})


def test_children_are_written_below_their_parent_only(double, client):
    note_id = client.create_ticket_note(5, title="t", description="d\x00", note_type=1, publish=2)
    assert double.calls() == [("POST", "Tickets/5/Notes")]
    assert double.rows["TicketNotes"][0]["description"] == "d"
    client.update("TicketNotes", note_id, {"title": "u", "noteType": 1, "publish": 2}, parent=5)
    assert double.calls()[-1] == ("PATCH", "Tickets/5/Notes")
    client.create("Contacts", {"firstName": "A", "lastName": "B", "isActive": 1}, parent=0)
    assert double.calls()[-1] == ("POST", "Companies/0/Contacts")


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda c: c.create("TicketNotes", {"title": "t"}), "Tickets row"),
        (lambda c: c.create("Tickets", {"title": "t"}, parent=5), "no parent"),
        (lambda c: c.create("BillingCodes", {"name": "t"}), "cannot be created"),
        (lambda c: c.create("Nonsense", {"name": "t"}), "no Autotask entity"),
        (lambda c: c.create("Tickets", {}), "no fields"),
        (lambda c: c.create("Tickets", {"bad name": 1}), "not a field name"),
        (lambda c: c.create("Tickets", {"x": object()}), "Tickets.x"),
        (lambda c: c.create("Tickets", {"x": float("inf")}), "Tickets.x"),
        (lambda c: c.create("Tickets", {"dueDateTime": datetime(2026, 1, 1)}), "aware"),  # noqa: DTZ001  the point
        (lambda c: c.create("TicketNotes", {"userDefinedFields": {"a": 1}}, parent=1), "no user-defined"),
        (lambda c: c.update("BillingCodes", 5, {"name": "x"}), "cannot be updated"),
        (lambda c: c.update("Tickets", 5, {}), "no fields"),
        (lambda c: c.update("Tickets", 5, {"id": 5}), "nothing to update"),
        (lambda c: c.update("Tickets", "5", {"status": 5}), "not an id"),
        (lambda c: c.delete("Tickets", 5), "deactivate"),
        (lambda c: c.find("Tickets", -1), "not an id"),
        (lambda c: c.create_ticket({**TICKET, "title": "x" * 256}), "256 characters, at most 255"),
        (lambda c: c.create_ticket({**TICKET, "externalID": "x" * 51}), "at most 50"),
        (lambda c: c.create_ticket({**TICKET, "assignedResourceID": 5}), "together"),
        (lambda c: c.update_ticket(5, {"subIssueType": 5}), "issueType"),
        (lambda c: c.create_ticket_note(5, title="", description=" ", note_type=1, publish=1), "empty"),
        (lambda c: c.create_configuration_item({"companyID": 1, "isActive": True}), "productID"),
        (lambda c: c.update_configuration_item(5, {"companyID": 1}), "ignores it"),
        (lambda c: c.update_configuration_item(5, {"rmmDeviceUID": "u"}), "user-defined field"),
    ],
)
def test_impossible_call_is_refused_before_it_costs_anything(double, client, call, says):
    with pytest.raises(EntityError, match=says):
        call(client)
    assert double.server.seen == []
