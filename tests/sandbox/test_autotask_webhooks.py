"""Webhooks: readiness, what fires, what is sent and how, retries and shut-off."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from integration.sandbox.autotask.dotnet_json import dump, signature
from tests.sandbox.autotask_rig import (
    ACME,
    ACME_CONTACT,
    ALICE,
    API_RESOURCE,
    SERVER,
    TICKET_REF,
    receiving,
    running,
)

SECRET_KEY = "hook-secret"


@pytest.fixture
def at():
    with running() as rig:
        yield rig


@pytest.fixture
def receiver():
    with receiving() as found:
        yield found


def field_id(at, family, name) -> Any:
    fields = at.ok("GET", f"{family}WebhookFields/entityInformation/fields")["fields"]
    [picklist] = [field["picklistValues"] for field in fields if field["name"] == "fieldID"]
    return next(int(value["value"]) for value in picklist if value["label"].lower() == name.lower())


def register(
    at, receiver, *, family="Ticket", subscribed=("status",), shown=("ticketNumber",), excluded=(), **more
) -> Any:
    body = {
        "name": "bridge",
        "isActive": True,
        "webhookUrl": f"{receiver.base}/hook",
        "deactivationUrl": f"{receiver.base}/off",
        "secretKey": SECRET_KEY,
        "sendThresholdExceededNotification": False,
        "isSubscribedToCreateEvents": True,
        "isSubscribedToUpdateEvents": True,
        "isSubscribedToDeleteEvents": True,
        **more,
    }
    hook = at.ok("POST", f"{family}Webhooks", body)["itemId"]
    for names, is_subscribed in ((subscribed, True), (shown, False)):
        for name in names:
            chosen = {
                "fieldID": field_id(at, family, name),
                "isSubscribedField": is_subscribed,
                "isDisplayAlwaysField": not is_subscribed,
            }
            at.ok("POST", f"{family}Webhooks/{hook}/Fields", chosen)
    for resource in excluded:
        at.ok("POST", f"{family}Webhooks/{hook}/ExcludedResources", {"resourceID": resource})
    return hook


def delivered(at, receiver) -> Any:
    assert at.double.wait_until_delivered(5)
    return [json.loads(body) for _path, _headers, body in receiver.seen]


def test_a_webhook_is_ready_with_one_subscribed_field(at, receiver):
    hook = register(at, receiver, subscribed=(), shown=("title",))
    row = at.item("TicketWebhooks", hook)
    assert (row["isReady"], row["ownerResourceID"], row["secretKey"]) == (False, API_RESOURCE, None)
    assert row["webhookGUID"]
    at.ticket()
    assert delivered(at, receiver) == []
    made = {
        "fieldID": field_id(at, "Ticket", "status"),
        "isSubscribedField": True,
        "isDisplayAlwaysField": False,
    }
    field = at.ok("POST", f"TicketWebhooks/{hook}/Fields", made)["itemId"]
    assert at.item("TicketWebhooks", hook)["isReady"] is True
    at.ok("DELETE", f"TicketWebhooks/{hook}/Fields/{field}")
    assert at.item("TicketWebhooks", hook)["isReady"] is False
    only_deletes = {"isSubscribedToCreateEvents": False, "isSubscribedToUpdateEvents": False}
    at.ok("PATCH", "TicketWebhooks", {"id": hook, **only_deletes})
    assert at.item("TicketWebhooks", hook)["isReady"] is True


def test_payload_and_signature_over_the_bytes_as_sent(at, receiver):
    hook = register(at, receiver, subscribed=("title",))
    ticket = at.ticket(title="C: <90%> & \"full\" + 'ü' `😀`")
    [payload] = delivered(at, receiver)
    [(path, headers, body)] = receiver.seen
    assert path == "/hook"
    assert headers["Content-Type"].startswith("application/json")
    digest = hmac.new(SECRET_KEY.encode(), body, hashlib.sha1).digest()
    assert headers["X-Hook-Signature"] == "sha1=" + base64.b64encode(digest).decode()
    assert payload == {
        "Action": "Create",
        "Guid": at.item("TicketWebhooks", hook)["webhookGUID"],
        "EntityType": "Ticket",
        "Id": ticket,
        "Fields": {"TicketNumber": "T20260304.0001", "Title": "C: <90%> & \"full\" + 'ü' `😀`"},
        "EventTime": "2026-03-04T12:30:15Z",
        "SequenceNumber": 1,
        "PersonID": API_RESOURCE,
    }
    expected = (
        rb"C: \u003C90%\u003E \u0026 \u0022full\u0022 \u002B \u0027\u00FC\u0027 \u0060\uD83D\uDE00\u0060"
    )
    assert expected in body
    assert b" \\u0026 " in body


def test_known_answers_of_escaping_and_signature():
    assert dump({"a/b": ["\n", None, True, 1.5]}) == b'{"a/b":["\\n",null,true,1.5]}'
    assert (
        signature("key", b"The quick brown fox jumps over the lazy dog")
        == "sha1=3nybhbi3iqa8ino29wqQcBydtNk="
    )


def test_only_subscribed_changes_fire_on_update(at, receiver):
    register(at, receiver)
    ticket = at.ticket()
    at.ok("PATCH", "Tickets", {"id": ticket, "title": "other"})
    at.ok("PATCH", "Tickets", {"id": ticket, "status": 8})
    at.ok("PATCH", "Tickets", {"id": ticket, "status": 8})
    events = delivered(at, receiver)
    assert [(event["Action"], event["SequenceNumber"]) for event in events] == [("Create", 1), ("Update", 2)]
    assert events[1]["Fields"] == {"TicketNumber": "T20260304.0001", "Status": 8}


def test_changes_of_excluded_resources_do_not_fire(at, receiver):
    hook = register(at, receiver, excluded=(API_RESOURCE,))
    ticket = at.ticket()
    at.double.act_as_person(ALICE).complete_ticket(ticket, "done")
    [event] = delivered(at, receiver)
    assert (event["PersonID"], event["Fields"]["Status"]) == (ALICE, 5)
    [row] = at.ok("GET", f"TicketWebhooks/{hook}/ExcludedResources")["items"]
    at.ok("DELETE", f"TicketWebhooks/{hook}/ExcludedResources/{row['id']}")
    at.ok("PATCH", "Tickets", {"id": ticket, "status": 8})
    assert len(delivered(at, receiver)) == 2


def test_udf_fields(at, receiver):
    hook = register(at, receiver, shown=())
    udf = {"udfFieldID": TICKET_REF, "isSubscribedField": True, "isDisplayAlwaysField": False}
    at.ok("POST", f"TicketWebhooks/{hook}/UdfFields", udf)
    ticket = at.ticket()
    at.ok("PATCH", "Tickets", {"id": ticket, "userDefinedFields": [{"name": "RMM Alert", "value": "a1"}]})
    assert delivered(at, receiver)[1]["Fields"] == {"RMM Alert": "a1"}
    assert (
        "Picklist value [5]"
        in at.refused("POST", f"TicketWebhooks/{hook}/UdfFields", {**udf, "udfFieldID": 5})[0]
    )


def test_a_deleted_ticket_tells_only_its_id(at, receiver):
    register(at, receiver)
    ticket = at.ticket()
    at.double.act_as_person(ALICE).delete_ticket(ticket)
    event = delivered(at, receiver)[-1]
    assert (event["Action"], event["Id"], event["Fields"]) == ("Delete", ticket, {})


def test_the_other_families(at, receiver):
    register(at, receiver, family="Company", subscribed=("companyName",), shown=())
    register(at, receiver, family="Contact", subscribed=("firstName",), shown=())
    register(at, receiver, family="ConfigurationItem", subscribed=("isActive",), shown=())
    register(at, receiver, family="TicketNote", subscribed=("description",), shown=())
    at.ok("PATCH", "Companies", {"id": ACME, "companyName": "Acme Ltd"})
    at.ok("PATCH", f"Companies/{ACME}/Contacts", {"id": ACME_CONTACT, "firstName": "Anna"})
    at.ok("PATCH", "ConfigurationItems", {"id": SERVER, "isActive": False})
    at.double.act_as_person(ALICE).add_note(at.ticket(), "hello")
    events = {event["EntityType"]: event["Fields"] for event in delivered(at, receiver)}
    assert events == {
        "Account": {"CompanyName": "Acme Ltd"},
        "Contact": {"FirstName": "Anna"},
        "InstalledProduct": {"IsActive": False},
        "TicketNote": {"Description": "hello"},
    }
    at.refused("GET", "TicketNoteWebhooks/1/UdfFields", status=404)


@pytest.mark.parametrize(
    ("url", "fine"),
    [
        ("https://bridge.example.com/hook", True),
        ("https://bridge.example.com:443/hook", True),
        ("http://127.0.0.1:8000/hook", True),
        ("http://localhost:8000/hook", True),
        ("https://bridge.example.com:8443/hook", False),
        ("http://bridge.example.com/hook", False),
        ("ftp://127.0.0.1/hook", False),
        ("not a url", False),
    ],
)
def test_addresses(at, receiver, url, fine):
    if fine:
        assert register(at, receiver, webhookUrl=url, subscribed=(), shown=())
    else:
        with pytest.raises(AssertionError, match="webhookUrl must be an https address on port 443"):
            register(at, receiver, webhookUrl=url)


def test_a_webhook_needs_its_required_fields_and_at_most_fifty_are_active(at, receiver):
    assert len(at.refused("POST", "TicketWebhooks", {})) == 6
    for _ in range(50):
        register(at, receiver, subscribed=(), shown=())
    with pytest.raises(AssertionError, match="maximum of 50"):
        register(at, receiver)


def test_a_failing_receiver_is_tried_again_in_order(at, receiver):
    receiver.statuses = [500, 302, 503]
    register(at, receiver)
    ticket = at.ticket()
    at.ok("PATCH", "Tickets", {"id": ticket, "status": 8})
    events = delivered(at, receiver)
    assert [event["SequenceNumber"] for event in events] == [1, 1, 1, 1, 2]
    assert at.query("WebhookEventErrorLogs", {"op": "exist", "field": "id"})["items"] == []


def test_five_failures_drop_the_event_into_the_error_log(at, receiver):
    receiver.statuses = [500] * 5
    register(at, receiver)
    ticket = at.ticket()
    at.ok("PATCH", "Tickets", {"id": ticket, "status": 8})
    assert [event["SequenceNumber"] for event in delivered(at, receiver)] == [1] * 5 + [2]
    [row] = at.query("WebhookEventErrorLogs", {"op": "exist", "field": "id"})["items"]
    assert (row["sequenceNumber"], json.loads(row["payload"])["Id"]) == (1, ticket)
    assert "500" in row["errorMessage"]
    at.ok("DELETE", f"WebhookEventErrorLogs/{row['id']}")


def test_after_25_failed_events_the_webhook_is_switched_off_and_can_come_back(at, receiver):
    at.double.switches.webhook_tries = 1
    hook = register(at, receiver)
    receiver.statuses = [500] * 25
    for _ in range(25):
        at.ticket()
    delivered(at, receiver)
    assert receiver.paths == ["/hook"] * 25 + ["/off"]
    notice, headers = json.loads(receiver.seen[-1][2]), receiver.seen[-1][1]
    assert (notice["Action"], "EntityType" in notice, "X-Hook-Signature" in headers) == (
        "Deactivated",
        False,
        False,
    )
    assert at.item("TicketWebhooks", hook)["isActive"] is False
    at.ticket()
    assert len(delivered(at, receiver)) == 26
    at.ok("PATCH", "TicketWebhooks", {"id": hook, "isActive": True, "secretKey": "rotated"})
    at.ticket()
    delivered(at, receiver)
    _path, headers, body = receiver.seen[-1]
    assert headers["X-Hook-Signature"] == signature("rotated", body)


def test_an_unreachable_receiver_and_a_deleted_webhook_end_quietly(at, receiver):
    hook = register(at, receiver, webhookUrl="http://127.0.0.1:9/hook")
    at.ticket()
    assert at.double.wait_until_delivered(5)
    [row] = at.query("WebhookEventErrorLogs", {"op": "exist", "field": "id"})["items"]
    assert row["errorMessage"]
    at.double.switches.webhook_pause_seconds = 400.0
    at.ticket()
    at.ok("DELETE", f"TicketWebhooks/{hook}")
    assert at.double.all("TicketWebhookFields") == []
    assert at.double.wait_until_delivered(5)
