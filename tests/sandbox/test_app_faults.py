"""Faults in front of both vendors, over real HTTP."""

import time

import pytest
import requests

from tests.sandbox.served import served
from tests.waiting import wait_for


@pytest.fixture
def sandbox():
    with served() as running:
        yield running


def _autotask(sandbox):
    login = sandbox.sandbox.options.credentials
    return {
        "UserName": login.autotask_username,
        "Secret": login.autotask_secret,
        "ApiIntegrationCode": login.autotask_integration_code,
    }


def _new_ticket(sandbox):
    company = next(
        row for row in sandbox.sandbox.autotask.all("Companies") if row["companyType"] == 1 and row["id"]
    )
    body = {
        "companyID": company["id"],
        "title": "Cut off",
        "status": 1,
        "priority": 2,
        "queueID": 29682833,
        "externalID": "rmm-bridge:1",
    }
    url = f"{sandbox.url}/ATServicesRest/V1.0/Tickets"
    return requests.post(url, json=body, headers=_autotask(sandbox), timeout=5)


def test_cut_after_store_keeps_the_ticket_and_gives_no_answer(sandbox):
    sandbox.control("faults", {"kind": "cut_after_store", "method": "POST", "path": "*/tickets", "count": 1})
    with pytest.raises(requests.ConnectionError):
        _new_ticket(sandbox)
    rows = sandbox.control("tickets?externalID=rmm-bridge:1", method="GET").json()["tickets"]
    assert [row["title"] for row in rows] == ["Cut off"]
    assert _new_ticket(sandbox).status_code == 200


def test_cut_after_store_resolves_the_datto_alert(sandbox):
    uid = sandbox.get("/api/v2/account/alerts/open", max=1)["alerts"][0]["alertUid"]
    sandbox.control(
        "faults", {"kind": "cut_after_store", "vendor": "datto_rmm", "path": "*/resolve", "count": 1}
    )
    with pytest.raises(requests.ConnectionError):
        sandbox.call("POST", f"/api/v2/alert/{uid}/resolve")
    assert sandbox.get(f"/api/v2/alert/{uid}")["resolved"] is True

    def seen() -> bool:
        rows = sandbox.control("requests?vendor=datto_rmm&limit=3", method="GET").json()["requests"]
        return any((row["status"], row["fault"]) == (0, "cut_after_store") for row in rows)

    # The request is noted after its connection is gone, so the client may be faster.
    wait_for(seen, "the cut request is in the list")


def test_outage_stores_nothing(sandbox):
    sandbox.control("faults", {"kind": "outage", "vendor": "autotask"})
    with pytest.raises(requests.ConnectionError):
        _new_ticket(sandbox)
    assert sandbox.sandbox.autotask.find("Tickets", externalID="rmm-bridge:1") == []
    assert sandbox.call("GET", "/api/v2/account").status_code == 200


@pytest.mark.parametrize("kind", ["429", "500", "503"])
def test_refusals_hit_as_often_as_told(sandbox, kind):
    sandbox.control("faults", {"kind": kind, "vendor": "datto_rmm", "count": 1, "retry_after": 7})
    answer = sandbox.call("GET", "/api/v2/account")
    assert answer.status_code == int(kind)
    assert answer.headers.get("Retry-After") == ("7" if kind == "429" else None)
    assert ("<html" in answer.text) is (kind == "503")
    assert sandbox.call("GET", "/api/v2/account").status_code == 200


def test_latency_and_slow_body_take_their_time(sandbox):
    for kind in ("latency", "slow_body"):
        sandbox.control("faults", {"kind": kind, "ms": 120, "count": 1})
        started = time.monotonic()
        assert sandbox.get("/api/v2/account")["name"]
        assert time.monotonic() - started >= 0.12


def test_fault_ends_with_its_time_and_can_be_switched_off(sandbox):
    sandbox.control("faults", {"kind": "500", "seconds": 0.05})
    time.sleep(0.08)
    assert sandbox.call("GET", "/api/v2/account").status_code == 200
    number = sandbox.control("faults", {"kind": "500"}).json()["id"]
    assert sandbox.call("GET", "/api/v2/account").status_code == 500
    assert sandbox.control(f"faults/{number}", method="DELETE").status_code == 200
    assert sandbox.control("faults", method="GET").json() == {"faults": []}


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"kind": "flood"}, "kind"),
        ({"kind": "500", "vendor": "x"}, "vendor"),
        ({"kind": "500", "ms": "soon"}, "ms"),
    ],
)
def test_bad_fault_is_refused_by_name(sandbox, values, field):
    answer = sandbox.control("faults", values)
    assert (answer.status_code, answer.json()["field"]) == (400, field)
