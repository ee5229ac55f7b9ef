"""Nonsense is refused in Autotask's own form, and many threads at once neither lose nor double anything."""

from __future__ import annotations

import json
import threading

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration.sandbox.autotask import AutotaskDouble
from integration.sandbox.autotask.lenient import parse_object
from tests.sandbox.autotask_rig import ACME, ALICE, CODE, SECRET, SERVER, USER, Clock, running, seed

HEADERS = {"UserName": USER, "Secret": SECRET, "ApiIntegrationCode": CODE, "Content-Type": "application/json"}
FIELDS = [
    "id",
    "title",
    "status",
    "companyID",
    "createDate",
    "userDefinedFields",
    "dueDateTime",
    "estimatedHours",
    "x",
]

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
operators = st.sampled_from(
    ["eq", "noteq", "gt", "lte", "beginsWith", "contains", "exist", "in", "notIn", "or", "and", "like"]
)
conditions = st.recursive(
    st.fixed_dictionaries(
        {"op": operators, "field": st.sampled_from(FIELDS), "value": values}, optional={"udf": st.booleans()}
    ),
    lambda inner: st.fixed_dictionaries({"op": operators, "items": st.lists(inner, max_size=3)}),
    max_leaves=6,
)
queries = st.fixed_dictionaries(
    {"filter": st.lists(conditions, max_size=3) | values},
    optional={"MaxRecords": values, "IncludeFields": values},
)
bodies = st.dictionaries(st.sampled_from(FIELDS), values, max_size=6)


@pytest.fixture(scope="module")
def client():
    double = AutotaskDouble(
        public_url="http://127.0.0.1", clock=Clock(), latency_tiers=False, hourly_limit=10**9
    )
    seed(double)
    app = Flask("autotask-robust")
    app.register_blueprint(double.blueprint())
    yield app.test_client()
    double.close()


def send(client, method, path, body) -> None:
    answer = client.open(
        f"/ATServicesRest/V1.0/{path}", method=method, data=json.dumps(body), headers=HEADERS
    )
    parsed = json.loads(answer.get_data())
    if answer.status_code == 200:
        assert "errors" not in parsed
    else:
        assert answer.status_code == 500
        assert parsed["errors"]
        assert all(isinstance(text, str) for text in parsed["errors"])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(queries)
def test_any_query_gets_rows_or_errors(client, query):
    send(client, "POST", "Tickets/query", query)


@settings(max_examples=150, deadline=None)
@given(bodies)
def test_any_write_gets_an_id_or_errors(client, body):
    send(client, "POST", "Tickets", {"companyID": ACME, "title": "t", "status": 1, "priority": 1, **body})
    send(client, "PATCH", "ConfigurationItems", {"id": SERVER, **body})
    send(client, "POST", "Tickets/query", {"filter": [{"op": "exist", "field": "id"}]})


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.text(max_size=8), values, max_size=4))
def test_lenient_reading_takes_all_strict_json(body):
    text = json.dumps(body)
    assert json.dumps(parse_object(text)) == text


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(
        st.from_regex(r"\A[A-Za-z_]{1,8}\Z"),
        st.integers() | st.text(st.characters(codec="utf-8", min_codepoint=1), max_size=9),
        min_size=1,
        max_size=4,
    )
)
def test_lenient_reading_of_bare_keys_and_trailing_commas(body):
    text = "{" + "".join(f"{key}: {json.dumps(value)}, " for key, value in body.items()) + "}"
    assert parse_object(text) == body


def test_many_threads_create_and_update():
    with running(thread_limit=100) as at:

        def work():
            alice = at.double.act_as_person(ALICE)
            for _ in range(20):
                ticket = alice.create(
                    "Tickets", {"companyID": ACME, "title": "x", "status": 1, "priority": 1}
                )
                alice.complete_ticket(ticket)
                at.double.to_state()

        threads = [threading.Thread(target=work) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        tickets = at.double.all("Tickets")
        assert [row["id"] for row in tickets] == list(range(1, 121))
        assert sorted(row["ticketNumber"] for row in tickets) == [f"T20260304.{n:04d}" for n in range(1, 121)]
        assert {row["status"] for row in tickets} == {5}
