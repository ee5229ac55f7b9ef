"""What the service desk demands of tickets."""

from __future__ import annotations

import pytest

from tests.sandbox.autotask_rig import (
    ACME,
    ACME_CONTRACT,
    ACME_SERVICE,
    ALICE,
    API_RESOURCE,
    BOB,
    GLOBEX,
    GLOBEX_CONTACT,
    GLOBEX_CONTRACT,
    GLOBEX_LOCATION,
    GLOBEX_PC,
    GONE,
    OLD_CONTACT,
    OTHER_ROLE,
    RETIRED,
    ROLE,
    SERVER,
    TICKET_REF,
    running,
)

BODY = {"companyID": ACME, "title": "Disk full", "status": 1, "priority": 2, "queueID": 8}


@pytest.fixture
def at():
    with running() as rig:
        yield rig


def test_numbers_count_from_one_every_day(at):
    numbers = [at.item("Tickets", at.ticket())["ticketNumber"] for _ in range(2)]
    at.clock.push(days=1)
    numbers.append(at.item("Tickets", at.ticket())["ticketNumber"])
    assert numbers == ["T20260304.0001", "T20260304.0002", "T20260305.0001"]


def test_a_new_ticket_gets_its_server_owned_fields(at):
    row = at.item("Tickets", at.ticket())
    assert (row["creatorResourceID"], row["creatorType"], row["ticketCategory"], row["ticketType"]) == (
        API_RESOURCE,
        1,
        3,
        1,
    )
    assert row["createDate"] == row["lastActivityDate"] == "2026-03-04T12:30:15.250Z"
    assert row["dueDateTime"]
    assert row["userDefinedFields"] == [{"name": "RMM Alert", "value": None}]


def test_status_5_completes_and_another_status_reopens(at):
    ticket = at.ticket()
    at.ok("PATCH", "Tickets", {"id": ticket, "status": 5})
    row = at.item("Tickets", ticket)
    assert (row["completedDate"], row["completedByResourceID"]) == ("2026-03-04T12:30:15.250Z", API_RESOURCE)
    at.ok("PATCH", "Tickets", {"id": ticket, "status": 8})
    assert at.item("Tickets", ticket)["completedDate"] is None


@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [
        ("contactID", GLOBEX_CONTACT, "Contact"),
        ("contactID", OLD_CONTACT, "Contact"),
        ("companyLocationID", GLOBEX_LOCATION, "AccountPhysicalLocation"),
        ("contractID", GLOBEX_CONTRACT, "Contract"),
        ("configurationItemID", GLOBEX_PC, "InstalledProduct"),
        ("configurationItemID", RETIRED, "InstalledProduct"),
        ("billingCodeID", 81, "AllocationCode"),
        ("contractServiceID", ACME_SERVICE, "ContractService"),
    ],
)
def test_references_must_belong_to_the_company(at, field, value, kind):
    assert at.refused("POST", "Tickets", {**BODY, field: value}) == [
        f"Reference value on field: {field} of type: {kind} does not exist or is invalid."
    ]


def test_moving_a_ticket_to_another_company_checks_what_it_holds(at):
    ticket = at.ticket(configurationItemID=SERVER, contractID=ACME_CONTRACT, contractServiceID=ACME_SERVICE)
    assert "of type" in at.refused("PATCH", "Tickets", {"id": ticket, "companyID": GLOBEX})[0]
    at.ok(
        "PATCH",
        "Tickets",
        {
            "id": ticket,
            "companyID": GLOBEX,
            "configurationItemID": None,
            "contractID": None,
            "contractServiceID": None,
        },
    )


def test_sub_issue_hangs_on_its_issue(at):
    assert at.ticket(issueType=6, subIssueType=110)
    text = ["Picklist value [120] does not exist for subIssueType"]
    assert at.refused("POST", "Tickets", {**BODY, "issueType": 6, "subIssueType": 120}) == text
    assert at.refused("POST", "Tickets", {**BODY, "subIssueType": 120}) == text
    ticket = at.ticket(issueType=7, subIssueType=120)
    assert at.refused("PATCH", "Tickets", {"id": ticket, "issueType": 6}) == text


def test_resource_and_role_go_together(at):
    ticket = at.ticket()
    for sent in ({"assignedResourceID": ALICE}, {"assignedResourceRoleID": ROLE}):
        assert "together" in at.refused("PATCH", "Tickets", {"id": ticket, **sent})[0]
    at.ok("PATCH", "Tickets", {"id": ticket, "assignedResourceID": ALICE, "assignedResourceRoleID": ROLE})
    assert "together" in at.refused("PATCH", "Tickets", {"id": ticket, "assignedResourceID": BOB})[0]
    at.ok("PATCH", "Tickets", {"id": ticket, "assignedResourceID": None, "assignedResourceRoleID": None})


@pytest.mark.parametrize(
    ("resource", "role", "field"),
    [
        (ALICE, OTHER_ROLE, "assignedResourceRoleID"),
        (API_RESOURCE, ROLE, "assignedResourceID"),
        (GONE, ROLE, "assignedResourceID"),
        (999, ROLE, "assignedResourceID"),
    ],
)
def test_wrong_assignments(at, resource, role, field):
    body = {**BODY, "assignedResourceID": resource, "assignedResourceRoleID": role}
    assert at.refused("POST", "Tickets", body)[0].startswith(f"Reference value on field: {field}")


def test_an_incident_needs_a_queue(at):
    body = {key: value for key, value in BODY.items() if key != "queueID"}
    assert at.refused("POST", "Tickets", {**body, "ticketType": 2}) == ["queueID is required"]
    at.double.switches.incident_requires_queue = False
    assert at.ok("POST", "Tickets", {**body, "ticketType": 2})


def test_a_category_brings_defaults_and_demands(at):
    at.double.seed(
        "TicketCategories",
        [
            {"id": 3, "name": "Standard", "isActive": True, "isGlobalDefault": True},
            {"id": 101, "name": "RMM", "isActive": True},
        ],
    )
    at.double.seed(
        "TicketCategoryFieldDefaults",
        [
            {
                "id": 1,
                "ticketCategoryID": 101,
                "queueID": 8,
                "issueTypeID": 6,
                "subIssueTypeID": 110,
                "sourceID": 8,
            }
        ],
    )
    row = at.item("Tickets", at.ticket(ticketCategory=101, queueID=None, ticketType=2))
    assert (row["queueID"], row["issueType"], row["subIssueType"], row["source"]) == (8, 6, 110, 8)
    assert at.item("Tickets", at.ticket(ticketCategory=101, issueType=7))["subIssueType"] is None
    assert "ticketCategory" in at.refused("POST", "Tickets", {**BODY, "ticketCategory": 2})[0]
    at.double.switches.required_by_category = {"101": ["contactID", "source"]}
    assert at.refused("POST", "Tickets", {**BODY, "ticketCategory": 101}) == ["contactID is required"]
    at.double.switches.resolution_required_by_category = [3]
    ticket = at.ticket()
    assert at.refused("PATCH", "Tickets", {"id": ticket, "status": 5}) == ["resolution is required"]
    at.ok("PATCH", "Tickets", {"id": ticket, "status": 5, "resolution": "fixed"})
    assert [row["id"] for row in at.ok("GET", "TicketCategories/101/FieldDefaults")["items"]] == [1]


def test_the_default_contract_is_filled_in(at):
    at.double.seed("Contracts", [{**at.double.get("Contracts", ACME_CONTRACT), "isDefaultContract": True}])
    assert at.item("Tickets", at.ticket())["contractID"] == ACME_CONTRACT


def test_duplicate_ticket_handling(at):
    first = at.ticket(externalID="key-1")
    assert at.ticket(externalID="key-1") != first
    at.double.switches.duplicate_tickets = "existing"
    assert at.ticket(externalID="KEY-1") == first
    assert at.ticket(companyID=GLOBEX, externalID="key-1") != first
    at.double.switches.duplicate_tickets = "error"
    assert "key-1" in at.refused("POST", "Tickets", {**BODY, "externalID": "key-1"})[0]
    assert at.ids("Tickets", {"op": "eq", "field": "externalID", "value": "key-1"}) == [
        first,
        first + 1,
        first + 2,
    ]


def test_additional_devices(at):
    ticket = at.ticket(configurationItemID=SERVER)
    path = f"Tickets/{ticket}/AdditionalConfigurationItems"
    assert "of type" in at.refused("POST", path, {"configurationItemID": GLOBEX_PC})[0]
    assert "already" in at.refused("POST", path, {"configurationItemID": SERVER})[0]
    more = [{"id": 20_000 + n, "companyID": ACME, "isActive": True, "productID": 90} for n in range(101)]
    at.double.seed("ConfigurationItems", more)
    made = [at.ok("POST", path, {"configurationItemID": row["id"]})["itemId"] for row in more[:100]]
    assert "at most 100" in at.refused("POST", path, {"configurationItemID": 20_100})[0]
    at.ok("DELETE", f"{path}/{made[0]}")
    at.ok("POST", path, {"configurationItemID": 20_100})
    assert at.refused("PATCH", path, {"id": made[1]}, status=405)


def test_ticket_udfs(at):
    ticket = at.ticket(userDefinedFields=[{"name": "RMM Alert", "value": 12}])
    assert at.item("Tickets", ticket)["userDefinedFields"] == [{"name": "RMM Alert", "value": "12"}]
    at.ok("PATCH", "Tickets", {"id": ticket, "title": "x"})
    assert at.item("Tickets", ticket)["userDefinedFields"][0]["value"] == "12"
    assert (
        "Unable to find rmm alert"
        in at.refused(
            "PATCH", "Tickets", {"id": ticket, "userDefinedFields": [{"name": "rmm alert", "value": "1"}]}
        )[0]
    )
    at.ok("PATCH", "Tickets", {"id": ticket, "userDefinedFields": [{"name": "RMM Alert", "value": None}]})
    assert at.item("Tickets", ticket)["userDefinedFields"][0]["value"] is None
    assert at.double.get("UserDefinedFieldDefinitions", TICKET_REF)


def test_workflow_rules_revert_and_assign(at):
    at.double.add_workflow_rule("keep open", on="update", when={"status": 5}, put_back=["status"])
    at.double.add_workflow_rule(
        "give to Alice", on="create", assign={"assignedResourceID": ALICE, "assignedResourceRoleID": ROLE}
    )
    ticket = at.ticket()
    assert at.item("Tickets", ticket)["assignedResourceID"] == ALICE
    at.ok("PATCH", "Tickets", {"id": ticket, "status": 5})
    row = at.item("Tickets", ticket)
    assert (row["status"], row["completedDate"]) == (1, None)
    at.double.clear_workflow_rules()
    at.ok("PATCH", "Tickets", {"id": ticket, "status": 5})
    assert at.item("Tickets", ticket)["status"] == 5
    with pytest.raises(ValueError, match="nope"):
        at.double.add_workflow_rule("bad", when={"nope": 1})


def test_time_entries(at):
    ticket = at.ticket()
    entry = {
        "ticketID": ticket,
        "resourceID": ALICE,
        "roleID": ROLE,
        "dateWorked": "2026-03-04",
        "hoursWorked": 0.5,
    }
    made = at.ok("POST", "TimeEntries", entry)["itemId"]
    assert at.item("TimeEntries", made)["timeEntryType"] == 2
    assert "roleID" in at.refused("POST", "TimeEntries", {**entry, "roleID": None})[0]
    assert "resourceID" in at.refused("POST", "TimeEntries", {**entry, "resourceID": API_RESOURCE})[0]
    assert "hoursWorked" in at.refused("POST", "TimeEntries", {**entry, "hoursWorked": None})[0]
    at.ok("DELETE", f"TimeEntries/{made}")
