"""Who gets in, at which address, how often and how many at a time."""

from __future__ import annotations

import threading
import time

import pytest
import requests

from tests.sandbox.autotask_rig import ALICE, API_RESOURCE, CODE, GONE, SECRET, USER, running

THREADS_TEXT = "The Autotask API thread threshold of 3 threads has been exceeded."


@pytest.fixture
def at():
    with running() as rig:
        yield rig


@pytest.mark.parametrize("left_out", ["UserName", "Secret", "ApiIntegrationCode"])
def test_every_header_is_needed(at, left_out):
    del at.headers[left_out]
    assert at.refused("GET", "Companies/0", status=401)


def test_wrong_secret_is_401_and_header_names_have_no_case(at):
    assert at.refused("GET", "Companies/0", headers={"Secret": "wrong"}, status=401)
    at.headers = {"username": USER, "SECRET": SECRET, "ApiIntegrationcode": CODE}
    assert at.item("Companies", 0)["companyName"] == "Our MSP"


def test_names_and_secrets_beyond_ascii_come_as_utf8(at):
    at.double.add_api_user("müller@example.com", "gehéim", CODE, API_RESOURCE)
    sent = {"UserName": "müller@example.com".encode(), "Secret": "gehéim".encode()}
    assert at.call("GET", "Companies/0", headers=sent).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/atservicesrest/v1.0/companies/0",
        "/ATServicesRest/V1.0/COMPANIES/0/",
        "/ATSERVICESREST/v1.0/Companies/0",
    ],
)
def test_paths_have_no_case_and_may_end_in_a_slash(at, path):
    assert at.ok("GET", at.base + path)["item"]["id"] == 0


def test_zone_lookup_needs_no_credentials_and_knows_only_its_users(at):
    url = f"{at.base}/atservicesrest/v1.0/zoneInformation"
    found = requests.get(url, params={"user": USER.upper()}, timeout=5)
    assert found.json()["url"] == f"{at.base}/ATServicesRest/"
    assert set(found.json()) == {"zoneName", "url", "webUrl", "ci"}
    assert isinstance(found.json()["ci"], int)
    for unknown in ("nobody@example.com", ""):
        answer = requests.get(url, params={"user": unknown}, timeout=5)
        assert answer.status_code == 500
        assert answer.json()["errors"]


def test_a_moved_zone_refuses_at_the_old_address_and_serves_at_the_new_one(at):
    at.double.move_zone(2)
    assert at.refused("GET", "Companies/0", status=401)
    url = at.ok("GET", "zoneInformation", params={"user": USER})["url"]
    assert url == f"{at.base}/zone2/ATServicesRest/"
    assert at.ok("GET", f"{url}V1.0/Companies/0")["item"]["id"] == 0
    at.double.move_zone(1)
    assert at.item("Companies", 0)


def test_versions(at):
    assert at.ok("GET", f"{at.base}/ATServicesRest/VersionInformation") == {"apiVersions": ["1.0"]}
    assert set(at.ok("GET", "Version")) == {"majorVersion", "minorVersion", "build", "customerType"}
    assert at.ok("GET", "Modules")["modules"]
    assert at.refused("GET", f"{at.base}/ATServicesRest/V2.0/Companies/0", status=404)


def test_threshold_counts_itself_strangers_and_forgets_after_an_hour(at):
    first = at.ok("GET", "ThresholdInformation")
    assert first == {
        "externalRequestThreshold": 10_000,
        "requestThresholdTimeframe": 60,
        "currentTimeframeRequestCount": 1,
    }
    at.item("Companies", 0)
    assert at.ok("GET", "ThresholdInformation")["currentTimeframeRequestCount"] == 3
    at.double.switches.strangers_calls_per_hour = 4000
    assert at.ok("GET", "ThresholdInformation")["currentTimeframeRequestCount"] == 4004
    at.double.switches.strangers_calls_per_hour = 0
    at.clock.push(minutes=61)
    assert at.ok("GET", "ThresholdInformation")["currentTimeframeRequestCount"] == 1


def test_a_used_up_hour_refuses_everybody():
    with running(hourly_limit=3) as at:
        for _ in range(3):
            at.item("Companies", 0)
        assert "request threshold" in at.refused("GET", "Companies/0", status=429)[0]
        at.clock.push(minutes=61)
        assert at.item("Companies", 0)


def test_latency_tiers_slow_calls_from_half_of_the_hour():
    with running(hourly_limit=100, latency_tiers=True, time_scale=0.1) as at:
        at.double.switches.strangers_calls_per_hour = 80
        started = time.perf_counter()
        at.item("Companies", 0)
        assert time.perf_counter() - started >= 0.1


@pytest.fixture
def busy():
    """Three calls that stay inside the Tickets endpoint for a while."""
    with running(latency_tiers=True, time_scale=0.5) as at:
        at.double.switches.strangers_calls_per_hour = 9_000
        sessions = [requests.Session() for _ in range(3)]
        threads = [
            threading.Thread(
                target=session.get,
                args=(f"{at.base}/{at.root}/Tickets/1",),
                kwargs={"headers": at.headers, "timeout": 5},
            )
            for session in sessions
        ]
        for thread in threads:
            thread.start()
        for _ in range(500):
            if at.double.counters()["threads_now"].get("Tickets") == 3:
                break
            time.sleep(0.001)
        yield at
        for thread in threads:
            thread.join()
        for session in sessions:
            session.close()


def test_a_fourth_call_at_a_time_is_refused_with_two_kinds_of_status(busy):
    answers = [busy.call("GET", "Tickets/1") for _ in range(7)]
    assert [answer.status_code for answer in answers] == [429] * 6 + [500]
    assert all(answer.json()["errors"][0].startswith(THREADS_TEXT) for answer in answers)


def test_threads_are_counted_per_object_and_tracking_identifier(busy):
    busy.double.switches.latency_tiers = False
    assert busy.item("Companies", 0)
    busy.double.add_api_user("second@example.com", "x", "CODE-OTHER", API_RESOURCE)
    other = {"UserName": "second@example.com", "Secret": "x", "ApiIntegrationCode": "CODE-OTHER"}
    assert busy.call("GET", "Tickets/1", headers=other).status_code == 200
    busy.double.add_api_user("third@example.com", "x", CODE, API_RESOURCE)
    same = {"UserName": "third@example.com", "Secret": "x"}
    assert busy.call("GET", "Tickets/entityInformation/fields", headers=same).status_code == 429


def test_an_old_identifier_is_slowed_instead(busy):
    busy.double.add_api_user(USER, SECRET, CODE, API_RESOURCE, legacy_threads=True)
    assert busy.call("GET", "Tickets/1").status_code == 200


@pytest.mark.parametrize("status", [500, 403])
def test_a_missing_right_is_told_in_words(at, status):
    at.double.deny("TicketWebhooks", "create")
    at.double.switches.denied_status = status
    [text] = at.refused("POST", "TicketWebhooks", {}, status=status)
    assert text.startswith("The logged in Resource does not have the adequate permissions to create")
    at.double.allow("TicketWebhooks", "create")
    assert "required field" in at.refused("POST", "TicketWebhooks", {})[0]


def test_impersonation_acts_as_the_resource_on_writes_only(at):
    body = {"companyID": 175, "title": "x", "status": 1, "priority": 1, "queueID": 8}
    ticket = at.ok("POST", "Tickets", body, headers={"ImpersonationResourceId": str(ALICE)})["itemId"]
    row = at.item("Tickets", ticket)
    assert (row["creatorResourceID"], row["impersonatorCreatorResourceID"]) == (ALICE, API_RESOURCE)
    for other in (GONE, API_RESOURCE, 999, "x"):
        assert (
            "permissions"
            in at.refused("POST", "Tickets", body, headers={"ImpersonationResourceId": str(other)})[0]
        )
    assert at.refused("GET", f"Tickets/{ticket}", headers={"ImpersonationResourceId": str(ALICE)})


def test_requests_are_remembered_without_secrets(at):
    at.call("POST", "Tickets", {"title": "no company"})
    [seen] = at.double.requests_seen(1)
    assert (seen["method"], seen["path"], seen["status"]) == ("POST", "/ATServicesRest/V1.0/Tickets", 500)
    assert SECRET not in repr(at.double.requests_seen(10))
    assert CODE not in repr(at.double.requests_seen(10))
    at.double.forget_requests()
    assert at.double.requests_seen(10) == []
