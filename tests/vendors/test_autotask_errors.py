"""What Autotask's refusals and outages become, and that no secret gets out."""

import pytest

from integration.vendors.autotask.query import EVERYTHING
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
from tests.vendors.autotask_fixtures import TICKET, errors, make_client
from tests.vendors.loopback import Reply


@pytest.fixture
def client(autotask_client):
    return autotask_client


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
