"""Rules of every write: required, read-only, lengths, picklists, references, PUT, child rows, attachments."""

from __future__ import annotations

import base64

import pytest

from tests.sandbox.autotask_rig import (
    ACME,
    ACME_CONTACT,
    ACME_CONTRACT,
    ACME_LOCATION,
    ACME_SERVICE,
    ALICE,
    API_RESOURCE,
    CLOSED,
    GLOBEX,
    SERVER,
    running,
)


@pytest.fixture
def at():
    with running() as rig:
        yield rig


def test_create_answers_200_with_the_id_only(at):
    body = {"companyName": "New Ltd", "companyType": 1, "ownerResourceID": ALICE, "phone": "555"}
    answer = at.ok("POST", "Companies", {"id": 0, **body})
    assert list(answer) == ["itemId"]
    row = at.item("Companies", answer["itemId"])
    assert (row["isActive"], row["createDate"]) == (True, "2026-03-04T12:30:15.250")


def test_required_fields_are_all_named_at_once(at):
    errors = at.refused("POST", "Companies", {"companyName": ""})
    assert set(errors) == {
        f"Value does not exist for the required field {name}"
        for name in ("companyName", "companyType", "ownerResourceID", "phone")
    }
    assert "required field title" in at.refused("PATCH", "Tickets", {"id": at.ticket(), "title": None})[0]


def test_property_names_have_no_case_and_texts_serve_as_numbers_and_booleans(at):
    raw = '{"Id": "175", "ISACTIVE": "False", CompanyName: "Acme",}'
    assert at.ok("PATCH", "Companies", raw=raw)["itemId"] == ACME
    row = at.item("Companies", ACME)
    assert (row["companyName"], row["isActive"]) == ("Acme", False)


@pytest.mark.parametrize("value", ["soon", [], {}, 1.5, 2**40, "12a"])
def test_a_value_of_the_wrong_type_is_refused_by_name(at, value):
    assert "parentCompanyID" in at.refused("PATCH", "Companies", {"id": ACME, "parentCompanyID": value})[0]


def test_read_only_and_unknown_properties_are_ignored_with_200(at):
    ticket = at.ticket(
        ticketNumber="T1",
        completedDate="2020-01-01T00:00:00Z",
        rmmAlertID="a",
        nonsense=1,
        creatorResourceID=ALICE,
    )
    row = at.item("Tickets", ticket)
    assert row["ticketNumber"] == "T20260304.0001"
    assert (row["completedDate"], row["rmmAlertID"], row["creatorResourceID"]) == (None, None, API_RESOURCE)
    assert "nonsense" not in row


def test_texts_are_measured_in_utf16_units(at):
    assert at.ticket(title="x" * 255)
    assert at.refused(
        "POST", "Tickets", {"companyID": ACME, "title": "😀" * 128, "status": 1, "priority": 1}
    ) == ["title must be less than or equal to 255 characters"]


def test_patch_changes_what_it_names_and_put_clears_the_rest(at):
    ticket = at.ticket(description="long", contactID=ACME_CONTACT, externalID="k1")
    at.ok("PATCH", "Tickets", {"id": ticket, "title": "New title"})
    row = at.item("Tickets", ticket)
    assert (row["title"], row["description"], row["externalID"]) == ("New title", "long", "k1")
    kept = {name: row[name] for name in ("id", "companyID", "title", "status", "priority", "queueID")}
    at.ok("PUT", "Tickets", kept)
    row = at.item("Tickets", ticket)
    assert (row["description"], row["contactID"], row["externalID"]) == (None, None, None)
    assert (row["ticketNumber"], row["createDate"]) == ("T20260304.0001", "2026-03-04T12:30:15.250Z")
    assert "required field title" in at.refused("PUT", "Tickets", {**kept, "title": None})[0]


def test_update_and_delete_of_a_missing_row(at):
    assert at.refused("PATCH", "Tickets", {"id": 999, "title": "x"})[0].startswith(
        "No matching records found"
    )
    assert "required field id" in at.refused("PATCH", "Tickets", {"title": "x"})[0]
    assert at.refused("DELETE", "TicketWebhooks/999")[0].startswith("No matching records found")
    assert at.refused("POST", "Tickets/999/Notes", {"noteType": 1, "publish": 1, "description": "x"})[
        0
    ].startswith("No matching")


def test_picklist_values_must_exist_and_be_active(at):
    assert at.refused("PATCH", "Tickets", {"id": at.ticket(), "priority": 77}) == [
        "Picklist value [77] does not exist for priority"
    ]
    ticket = at.ticket(queueID=8)
    at.double.deactivate_picklist_value("Tickets", "queueID", 8)
    assert at.refused(
        "POST", "Tickets", {"companyID": ACME, "title": "x", "status": 1, "priority": 1, "queueID": 8}
    ) == ["Picklist value [8] does not exist for queueID"]
    at.ok("PATCH", "Tickets", {"id": ticket, "queueID": 8, "title": "a row may keep what it has"})


def test_a_picklist_can_be_replaced(at):
    at.double.set_picklist(
        "Tickets", "status", [(1, "New"), {"value": 5, "label": "Complete"}, (44, "RMM Resolved")]
    )
    assert at.ticket(status=44)
    with pytest.raises(ValueError, match="title"):
        at.double.set_picklist("Tickets", "title", [])
    with pytest.raises(ValueError, match="no picklist value 9"):
        at.double.deactivate_picklist_value("Tickets", "status", 9)


@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [
        ("companyID", 999, "Account"),
        ("companyID", CLOSED, "Account"),
        ("contactID", 999, "Contact"),
        ("problemTicketId", 5, "Ticket"),
    ],
)
def test_references_must_exist_and_be_active(at, field, value, kind):
    body = {"companyID": ACME, "title": "x", "status": 1, "priority": 1, "queueID": 8, field: value}
    assert at.refused("POST", "Tickets", body) == [
        f"Reference value on field: {field} of type: {kind} does not exist or is invalid."
    ]


def test_children_are_written_below_their_parent_only(at):
    contact = {"firstName": "Eve", "lastName": "N", "isActive": 1}
    made = at.ok("POST", f"Companies/{ACME}/Contacts", {**contact, "companyID": GLOBEX})["itemId"]
    assert at.item("Contacts", made)["companyID"] == ACME
    at.ok("PATCH", f"Companies/{ACME}/Contacts", {"id": made, "firstName": "Eva"})
    assert at.refused("PATCH", f"Companies/{GLOBEX}/Contacts", {"id": made, "firstName": "No"})
    assert at.refused("DELETE", f"Companies/{GLOBEX}/Contacts/{made}")
    assert at.ok("DELETE", f"Companies/{ACME}/Contacts/{made}") == {"itemId": made}
    assert at.item("Contacts", made) is None
    location = at.ok("POST", f"Companies/{ACME}/Locations", {"name": "Branch"})["itemId"]
    assert at.item("CompanyLocations", location)["isActive"] is True
    assert at.refused("DELETE", f"Tickets/{at.ticket()}/Notes/1", status=405)


def test_notes_need_type_and_publish_even_in_a_patch(at):
    ticket = at.ticket()
    note = {"title": "t", "description": "d", "noteType": 3, "publish": 1}
    for name in ("description", "noteType", "publish"):
        sent = {key: value for key, value in note.items() if key != name}
        assert at.refused("POST", f"Tickets/{ticket}/Notes", sent) == [
            f"Value does not exist for the required field {name}"
        ]
    at.clock.push(minutes=5)
    made = at.ok("POST", f"Tickets/{ticket}/Notes", note)["itemId"]
    assert at.item("Tickets", ticket)["lastActivityDate"] == "2026-03-04T12:35:15.250Z"
    assert len(at.refused("PATCH", f"Tickets/{ticket}/Notes", {"id": made, "title": "u"})) == 2
    at.ok("PATCH", f"Tickets/{ticket}/Notes", {"id": made, "title": "u", "noteType": 3, "publish": 1})
    assert at.ids("TicketNotes", {"op": "eq", "field": "ticketID", "value": ticket}) == [made]


def test_attachments_are_answered_as_a_list_and_info_lacks_the_content(at):
    ticket = at.ticket()
    data = base64.b64encode(b"hello").decode()
    body = {
        "attachmentType": "FILE_ATTACHMENT",
        "fullPath": "a.txt",
        "title": "A",
        "publish": 1,
        "data": data,
    }
    made = at.ok("POST", f"Tickets/{ticket}/Attachments", body)["itemId"]
    answer = at.ok("GET", f"Tickets/{ticket}/Attachments/{made}")
    assert [
        (row["data"], row["fileSize"], row["contentType"], row["ticketID"]) for row in answer["items"]
    ] == [(data, 5.0, "text/plain", ticket)]
    assert at.ok("GET", f"Tickets/{ticket}/Attachments")["items"][0]["data"] is None
    assert "data" not in at.item("AttachmentInfo", made)
    other = at.ok("POST", f"ConfigurationItems/{SERVER}/Attachments", body)["itemId"]
    assert other > made
    assert "base64" in at.refused("POST", f"Tickets/{ticket}/Attachments", {**body, "data": "???"})[0]
    assert at.ok("DELETE", f"Tickets/{ticket}/Attachments/{made}")["itemId"] == made
    assert at.item("AttachmentInfo", made) is None


def test_attachments_have_a_size_and_a_five_minute_allowance(at):
    ticket = at.ticket()
    body = {"attachmentType": "FILE_ATTACHMENT", "fullPath": "a.bin", "title": "A", "publish": 1}
    big = base64.b64encode(bytes(7 * 1024 * 1024 + 1)).decode()
    assert "larger" in at.refused("POST", f"Tickets/{ticket}/Attachments", {**body, "data": big})[0]
    half = base64.b64encode(bytes(6_000_000)).decode()
    at.ok("POST", f"Tickets/{ticket}/Attachments", {**body, "data": half})
    assert "threshold" in at.refused("POST", f"Tickets/{ticket}/Attachments", {**body, "data": half})[0]
    at.clock.push(minutes=6)
    at.ok("POST", f"Tickets/{ticket}/Attachments", {**body, "data": half})


def test_changing_contract_units(at):
    change = {
        "contractID": ACME_CONTRACT,
        "serviceID": 85,
        "effectiveDate": "2026-04-01T00:00:00Z",
        "unitChange": 7,
    }
    at.ok("POST", "ContractServiceAdjustments", change)
    at.ok("POST", "ContractServiceAdjustments", {**change, "unitChange": -2, "effectiveDate": "2026-05-01"})
    rows = at.query("ContractServiceUnits", {"op": "eq", "field": "contractID", "value": ACME_CONTRACT})[
        "items"
    ]
    assert [(row["units"], row["startDate"][:10], row["endDate"][:10]) for row in rows] == [
        (7, "2026-04-01", "2026-05-01"),
        (5, "2026-05-01", "2026-12-31"),
    ]
    assert {row["contractServiceID"] for row in rows} == {ACME_SERVICE}
    assert "negative" in at.refused("POST", "ContractServiceAdjustments", {**change, "unitChange": -9})[0]
    assert (
        "contractServiceID"
        in at.refused("POST", "ContractServiceAdjustments", {**change, "contractID": 702})[0]
    )


def test_dates_are_read_in_every_form_and_kept_in_utc(at):
    for sent in (
        "2026-05-01T10:00:00Z",
        "2026-05-01T12:00:00+02:00",
        "2026-05-01T10:00:00.0000000",
        "2026-05-01 10:00",
    ):
        row = at.item("Tickets", at.ticket(dueDateTime=sent))
        assert row["dueDateTime"] == "2026-05-01T10:00:00.000Z"
    assert "dueDateTime" in at.refused("PATCH", "Tickets", {"id": at.ticket(), "dueDateTime": "tomorrow"})[0]


def test_a_refused_write_leaves_nothing_behind(at):
    ticket = at.ticket(companyLocationID=ACME_LOCATION)
    before = at.item("Tickets", ticket)
    at.refused("PATCH", "Tickets", {"id": ticket, "title": "changed", "queueID": 1})
    assert at.item("Tickets", ticket) == before
