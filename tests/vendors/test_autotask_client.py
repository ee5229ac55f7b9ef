from datetime import UTC, datetime

import pytest

from integration.vendors.autotask.entities import EntityError, bucket_of_path, entity_named, entity_of_event
from integration.vendors.autotask.query import EVERYTHING, QueryError, where
from integration.vendors.budget import Lane
from integration.vendors.errors import (
    AuthenticationFailed,
    ContractBroken,
    NotFound,
    PermissionDenied,
    RateLimited,
    Rejected,
    Unavailable,
    WriteOutcomeUnknown,
)
from tests.vendors.autotask_fixtures import Double, errors, make_client
from tests.vendors.loopback import Reply

TICKET = {"companyID": 1, "title": "Disk full", "status": 1, "priority": 3}


@pytest.fixture
def double(loopback):
    return Double(loopback)


@pytest.fixture
def records():
    return []


@pytest.fixture
def client(double, redis_client, records):
    client = make_client(double, redis_client, records=records)
    yield client
    client.close()


def test_query_pages_are_posted_with_the_same_body(double, client):
    double.rows["Companies"] = [{"id": n, "companyName": f"C{n}"} for n in range(7)]
    pages = []
    found = client.iter_query(
        "companies",
        EVERYTHING,
        include_fields=["companyName"],
        page_size=3,
        on_page=lambda page, rows: pages.append((page, rows)),
    )
    assert [row["id"] for row in found] == list(range(7))
    assert pages == [(1, 3), (2, 6), (3, 7)]
    assert double.calls() == [("POST", "Companies/query")] * 3
    bodies = double.bodies("POST", "Companies/query")
    assert bodies[0] == bodies[1] == bodies[2]
    assert bodies[0]["IncludeFields"] == ["id", "companyName"]


def test_query_is_a_stream(double, client):
    double.rows["Companies"] = [{"id": n} for n in range(9)]
    stream = client.iter_query("Companies", EVERYTHING, page_size=3)
    assert double.calls() == []
    assert next(stream)["id"] == 0
    assert len(double.calls()) == 1


def test_query_of_no_rows_is_empty(double, client):
    assert list(client.iter_query("Companies", EVERYTHING)) == []
    assert client.count("Companies", EVERYTHING) == 0


@pytest.mark.parametrize(
    "page",
    [
        Reply(200, {}),
        Reply(200, {"items": None, "pageDetails": {}}),
        Reply(200, {"items": [1], "pageDetails": {}}),
        Reply(200, []),
        Reply(200, "<html>Sign in</html>"),
        Reply(200, ""),
        Reply(200, {"items": [{"id": 1}, {"id": 2}]}),
        Reply(302, "", headers={"Location": "https://elsewhere.invalid/"}),
    ],
)
def test_query_answer_without_rows_is_never_an_empty_list(double, client, page):
    double.script["POST", "Companies/query"] = [page]
    with pytest.raises(ContractBroken):
        list(client.iter_query("Companies", EVERYTHING, page_size=2))


def next_page(url, items=({"id": 1},)):
    return Reply(200, {"items": list(items), "pageDetails": {"nextPageUrl": url}})


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.invalid/atservicesrest/V1.0/Companies/query?from=1",
        "http://127.0.0.1:1/atservicesrest/V1.0/Companies/query?from=1",
        "{server}/atservicesrest/V1.0/Companies",
        "{server}/atservicesrest/V1.0/Tickets/query?from=1",
        "/atservicesrest/V1.0/Companies/query?from=1",
        "javascript:alert(1)",
        5,
    ],
)
def test_query_next_page_elsewhere_gets_no_credentials(double, client, url):
    url = url.format(server=double.server.url) if isinstance(url, str) else url
    double.script["POST", "Companies/query"] = [next_page(url)]
    with pytest.raises(ContractBroken):
        list(client.iter_query("Companies", EVERYTHING))
    assert len(double.calls()) == 1


def test_query_circle_of_pages_ends(double, client):
    path = f"{double.server.url}/atservicesrest/V1.0/Companies/query"
    double.script["POST", "Companies/query"] = [
        next_page(f"{path}?p=2"),
        next_page(f"{path}?p=3", [{"id": 2}]),
        next_page(f"{path}?p=2", [{"id": 3}]),
    ]
    with pytest.raises(ContractBroken, match="circle"):
        list(client.iter_query("Companies", EVERYTHING))
    double.script["POST", "Companies/query"] = [next_page(f"{path}?p={n}") for n in range(9)]
    with pytest.raises(ContractBroken, match="repeats"):
        list(client.iter_query("Companies", EVERYTHING))
    double.script["POST", "Companies/query"] = [next_page(f"{path}?p=1", [])]
    with pytest.raises(ContractBroken, match="empty but names a next page"):
        list(client.iter_query("Companies", EVERYTHING))


def test_query_failure_on_a_later_page_is_an_error(double, client):
    double.rows["Companies"] = [{"id": n} for n in range(4)]
    stream = client.iter_query("Companies", EVERYTHING, page_size=2)
    assert [next(stream)["id"], next(stream)["id"]] == [0, 1]
    double.script["POST", "Companies/query"] = [errors("Unable to find foo in the Company Entity.")]
    with pytest.raises(Rejected):
        next(stream)


def test_query_by_ids_splits_at_500(double, client):
    double.rows["Tickets"] = [{"id": n} for n in range(1, 1202)]
    found = [ticket.id for ticket in client.iter_tickets_by_ids([*range(1, 1102), 5, 999_999])]
    assert found == list(range(1, 1102))
    assert [len(body["filter"][0]["value"]) for body in double.bodies("POST", "Tickets/query")] == [
        500,
        500,
        102,
    ]


def test_find_item_null_and_404_are_none_and_get_raises(double, client):
    assert client.find_ticket(5) is None
    double.script["GET", "Tickets/5"] = [Reply(404, ""), Reply(404, {"errors": ["gone"]})]
    assert client.find("Tickets", 5) is None
    assert client.find("Tickets", 5) is None
    with pytest.raises(NotFound, match="Tickets 5"):
        client.get("Tickets", 5)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, "OK"),
        Reply(200, {}),
        Reply(200, {"item": 5}),
        Reply(404, "<html>404 - File or directory not found.</html>"),
        Reply(404, {"Message": "No HTTP resource was found that matches the request URI"}),
        Reply(405, {"Message": "no"}),
    ],
)
def test_find_wrong_server_is_no_missing_row(double, client, reply):
    double.script["GET", "Tickets/5"] = [reply]
    with pytest.raises(ContractBroken):
        client.find("Tickets", 5)


def test_find_company_zero_is_a_real_company(double, client):
    double.rows["Companies"] = [{"id": 0, "companyName": "Us"}]
    assert client.find_company(0).name == "Us"


THREADS = "The Autotask API thread threshold of 3 threads has been exceeded. Itgenatr005"


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (errors("Picklist value [3] does not exist for priority"), Rejected),
        (
            errors("The logged in Resource does not have the adequate permissions to do this"),
            PermissionDenied,
        ),
        (errors("No matching records found for x"), NotFound),
        (errors(THREADS), RateLimited),
        (errors(THREADS, status=429), RateLimited),
        (errors(THREADS, status=403), RateLimited),
        (Reply(500, THREADS), RateLimited),
        (Reply(429, ""), RateLimited),
        (Reply(403, ""), PermissionDenied),
        (Reply(405, ""), ContractBroken),
        (Reply(500, "<html>oops</html>"), WriteOutcomeUnknown),
        (Reply(500, ""), WriteOutcomeUnknown),
        (Reply(500, "could not do it"), WriteOutcomeUnknown),
        (Reply(500, {"Message": "An error has occurred."}), WriteOutcomeUnknown),
        (Reply(400, {"Message": "The request is invalid."}), Rejected),
        (errors("queueID is required", status=409), Rejected),
        (Reply(503, ""), WriteOutcomeUnknown),
        (errors("The operation timed out"), WriteOutcomeUnknown),
        (Reply(200, {"errors": ["queueID is required"], "itemId": None}), Rejected),
        (Reply(400, ""), Rejected),
        (Reply(200, {}), WriteOutcomeUnknown),
        (Reply(200, {"itemId": "abc"}), WriteOutcomeUnknown),
        (Reply(200, {"itemId": 0}), WriteOutcomeUnknown),
        (Reply(200, "<html>Welcome</html>"), WriteOutcomeUnknown),
        (Reply(200, hang_up="reset"), WriteOutcomeUnknown),
        (Reply(200, {"itemId": 5}, hang_up="short"), WriteOutcomeUnknown),
    ],
)
def test_create_error_is_told_by_text_and_the_write_is_sent_once(double, client, reply, kind):
    double.script["POST", "Tickets"] = [reply]
    with pytest.raises(kind) as caught:
        client.create_ticket(TICKET)
    assert type(caught.value) is kind
    assert double.calls() == [("POST", "Tickets")]
    assert caught.value.path.endswith("/Tickets")


def test_thread_limit_concerns_one_endpoint_and_is_short(double, client):
    double.script["POST", "Tickets/5/Notes"] = [errors(THREADS)]
    with pytest.raises(RateLimited) as caught:
        client.create_ticket_note(5, title="t", description="d", note_type=1, publish=2)
    assert (caught.value.endpoint, caught.value.is_local) == ("TicketNotes", False)
    assert caught.value.retry_after_seconds <= 2


def test_request_limit_takes_the_vendors_time_or_a_default(double, client):
    double.script["POST", "Tickets"] = [Reply(429, "", headers={"Retry-After": "17"})]
    with pytest.raises(RateLimited) as caught:
        client.create_ticket(TICKET)
    assert caught.value.retry_after_seconds == 17
    with pytest.raises(RateLimited) as caught:
        client.create_ticket(TICKET)
    assert caught.value.is_local
    assert len(double.calls()) == 1


def test_request_limit_without_a_time_waits_a_minute(double, client):
    double.script["POST", "Tickets"] = [errors("Your database has exceeded the API request threshold.")]
    with pytest.raises(RateLimited) as caught:
        client.create_ticket(TICKET)
    assert (caught.value.retry_after_seconds, caught.value.endpoint) == (60, "")


def test_read_is_repeated_after_thread_limit_and_outage(double, client):
    double.rows["Companies"] = [{"id": 1}]
    double.script["POST", "Companies/query"] = [errors(THREADS, headers={"Retry-After": "0"}), Reply(500, "")]
    assert [row["id"] for row in client.iter_query("Companies", EVERYTHING)] == [1]
    assert len(double.calls()) == 3


def test_read_that_stays_broken_is_unavailable(double, client):
    double.script["GET", "Version"] = [Reply(500, "oops")] * 9
    with pytest.raises(Unavailable):
        client.fetch_version()


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
            "userDefinedFields": [{"name": "Site", "value": 5}, {"name": "Gone", "value": None}],
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


def test_external_id_may_have_several_tickets(double, client):
    double.rows["Tickets"] = [{"id": n, "externalID": "rb:1" if n < 3 else "rb:2"} for n in range(1, 5)]
    assert [ticket.id for ticket in client.find_tickets_by_external_id("rb:1")] == [1, 2]
    assert client.find_tickets_by_external_id("rb:9") == []
    for bad in ("", "x" * 51):
        with pytest.raises(QueryError, match="externalID"):
            client.find_tickets_by_external_id(bad)


def test_tickets_since_and_deleted(double, client):
    since = datetime(2026, 1, 1, tzinfo=UTC)
    old, new = "2025-01-01T00:00:00.5", "2026-01-01T00:00:00Z"
    double.rows["Tickets"] = [{"id": 1, "lastActivityDate": old}, {"id": 2, "lastActivityDate": new}]
    double.rows["DeletedTicketLogs"] = [{"id": 1, "ticketID": 7, "deletedDateTime": new}]
    double.rows["TicketNotes"] = [{"id": 1, "ticketID": 2}]
    assert [ticket.id for ticket in client.iter_tickets_active_since(since)] == [2]
    assert [log.ticket_id for log in client.iter_deleted_tickets_since(since)] == [7]
    assert [note.id for note in client.iter_ticket_notes(2)] == [1]


def test_bad_row_in_an_answer_is_a_broken_contract(double, client):
    double.rows["Tickets"] = [{"id": 1, "status": "soon"}]
    with pytest.raises(ContractBroken, match=r"Tickets\.status"):
        client.find_ticket(1)
    with pytest.raises(ContractBroken, match=r"Tickets\.status"):
        list(client.iter_tickets_by_ids([1]))


def test_work_types_are_told_by_label(double, client):
    values = [{"value": "1", "label": "Something"}, {"value": "2", "label": "General Billing Code"}]
    double.info["BillingCodes/entityInformation/fields"] = {
        "fields": [{"name": "useType", "isPickList": True, "picklistValues": values}]
    }
    double.rows["BillingCodes"] = [{"id": 1, "useType": 1}, {"id": 2, "useType": 2, "name": "Remote"}]
    assert [code.name for code in client.iter_work_types()] == ["Remote"]
    assert len(list(client.iter_billing_codes())) == 2
    values.append({"value": "3", "label": "General ledger"})
    with pytest.raises(ContractBroken, match="2 General Billing Code"):
        client.iter_work_types()


def test_metadata_is_read(double, client):
    double.info["Tickets/entityInformation"] = {"info": {"name": "Ticket", "canCreate": True}}
    double.info["Tickets/entityInformation/userDefinedFields"] = {
        "fields": [{"name": "Site", "type": "string", "label": "Site", "length": 8000}]
    }
    double.info["ThresholdInformation"] = {
        "externalRequestThreshold": 10000,
        "requestThresholdTimeframe": 60,
        "currentTimeframeRequestCount": 40,
    }
    double.info["Version"] = {"majorVersion": 2026, "minorVersion": 1, "build": "x"}
    assert client.fetch_entity_information("Tickets").can_create
    assert client.fetch_udf_info("Tickets")["site"].data_type == "string"
    assert len(client.fetch_udf_info("TicketNotes")) == 0
    assert client.fetch_threshold().used == 40
    assert client.fetch_version().major == 2026
    double.info["Tickets/entityInformation/fields"] = {"fields": None}
    with pytest.raises(ContractBroken, match="list of fields"):
        client.fetch_field_info("Tickets")


def test_background_reads_teach_the_governor_and_survive_its_failure(double, client):
    double.rows["Companies"] = [{"id": 1}]
    double.script["GET", "ThresholdInformation"] = [errors("broken")]
    background = client.with_context(lane=Lane.BACKGROUND)
    assert [company.id for company in background.iter_companies()] == [1]
    assert ("GET", "ThresholdInformation") in double.calls()


def test_own_resource_is_the_api_user_with_this_login(double, client):
    assert client.fetch_own_resource_id() is None
    double.rows["Resources"] = [
        {"id": 1, "userName": "api@example.com", "licenseType": 1},
        {"id": 2, "email": "api@example.com", "licenseType": 7, "isActive": False},
        {"id": 3, "email": "api@example.com", "licenseType": 7, "isActive": True},
    ]
    assert client.fetch_own_resource_id() == 3


def test_configuration_items_by_udf(double, client):
    filter_ = where("Device UID", "eq", "u-1", udf=True)
    assert list(client.iter_configuration_items_where(filter_)) == []
    assert double.bodies("POST", "ConfigurationItems/query")[0]["filter"][0]["udf"] is True
    item_id = client.create_configuration_item({"companyID": 1, "productID": 2, "isActive": True})
    client.update_configuration_item(item_id, {"isActive": False})
    assert client.find_configuration_item(item_id).is_active is False


def test_errors_and_repr_hold_no_secret(double, client, records):
    double.script["POST", "Tickets"] = [errors(f"bad header hunter2-hunter2 CODE123456 {'x' * 9000}")]
    with pytest.raises(Rejected) as caught:
        client.create_ticket(TICKET)
    said = f"{caught.value}{client!r}{records!r}"
    assert "hunter2" not in said
    assert "CODE123456" not in said
    assert len(said) < 3000


def test_login_refused_looks_the_zone_up_once_and_does_not_repeat(double, redis_client):
    client = make_client(double, redis_client, secret="wrong-secret")
    with pytest.raises(AuthenticationFailed, match="check user name"):
        client.create_ticket(TICKET)
    assert double.calls() == [("POST", "Tickets")]
    assert len(double.lookups()) == 2
    client.close()


def test_names_of_entities():
    assert bucket_of_path("/atservicesrest/V1.0/Tickets/5/Notes") == "TicketNotes"
    assert bucket_of_path("/V1.0/tickets/query") == "Tickets"
    assert bucket_of_path("/V1.0/ThresholdInformation") == "ThresholdInformation"
    assert entity_of_event("InstalledProduct") is entity_named("ConfigurationItems")
    assert entity_of_event("ticket") is entity_named("Tickets")
    assert entity_of_event("Martian") is None
    assert entity_named("ticketnotes").segment == "Notes"
    with pytest.raises(EntityError, match="entity map"):
        entity_named("x")
