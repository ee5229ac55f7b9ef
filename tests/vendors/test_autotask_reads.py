"""Reading any entity: pages, single rows, metadata."""

import pytest

from integration.vendors.autotask.entities import EntityError, bucket_of_path, entity_named, entity_of_event
from integration.vendors.autotask.query import EVERYTHING
from integration.vendors.budget import Lane
from integration.vendors.errors import (
    ContractBroken,
    NotFound,
    Rejected,
)
from tests.vendors.autotask_fixtures import errors
from tests.vendors.loopback import Reply


@pytest.fixture
def client(autotask_client):
    return autotask_client


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


def test_bad_row_in_an_answer_is_a_broken_contract(double, client):
    double.rows["Tickets"] = [{"id": 1, "status": "soon"}]
    with pytest.raises(ContractBroken, match=r"Tickets\.status"):
        client.find_ticket(1)
    with pytest.raises(ContractBroken, match=r"Tickets\.status"):
        list(client.iter_tickets_by_ids([1]))


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
