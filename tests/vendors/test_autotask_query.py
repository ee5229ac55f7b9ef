from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.vendors.autotask.query import (
    EVERYTHING,
    OPERATORS,
    QueryError,
    all_of,
    any_of,
    build_query,
    chunk_ids,
    format_datetime,
    where,
)

#: What an untyped caller may pass by mistake.
NONE: Any = None
ANY: Any = "2"


def test_query_groups_become_nested_items_and_the_top_is_an_and():
    filter_ = where("companyID", "eq", 17) & (where("status", "noteq", 5) | where("priority", "in", [1, 4]))
    assert build_query(filter_, include_fields=["title"], max_records=50) == {
        "MaxRecords": 50,
        "IncludeFields": ["id", "title"],
        "filter": [
            {"op": "eq", "field": "companyID", "value": 17},
            {
                "op": "or",
                "items": [
                    {"op": "noteq", "field": "status", "value": 5},
                    {"op": "in", "field": "priority", "value": [1, 4]},
                ],
            },
        ],
    }


@pytest.mark.parametrize("value", [0, False, "", 0.0])
def test_query_falsy_values_are_sent(value):
    assert build_query(where("anything", "eq", value))["filter"] == [
        {"op": "eq", "field": "anything", "value": value}
    ]


def test_query_everything_asks_for_existing_ids():
    assert build_query(EVERYTHING) == {"MaxRecords": 500, "filter": [{"op": "exist", "field": "id"}]}


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: where("status", "startsWith", "x"), "unknown operator"),
        (lambda: where("status", "EQ", 1), "unknown operator"),
        (lambda: where("sta tus", "eq", 1), "not a field name"),
        (lambda: where("company.name", "eq", "x"), "not a field name"),
        (lambda: where("id", "eq", "5"), "pass a number"),
        (lambda: where("companyID", "in", ["5"]), "pass a number"),
        (lambda: where("problemTicketId", "eq", "5"), "pass a number"),
        (lambda: where("status", "eq"), "needs a value"),
        (lambda: where("status", "eq", NONE), "use notExist"),
        (lambda: where("status", "exist", 1), "takes no value"),
        (lambda: where("id", "in", []), "empty list"),
        (lambda: where("id", "in", 5), "takes a list"),
        (lambda: where("title", "in", "abc"), "takes a list"),
        (lambda: where("status", "in", [1, True]), "mixed types"),
        (lambda: where("status", "in", [1, "a"]), "mixed types"),
        (lambda: where("id", "in", range(501)), "at most 500"),
        (lambda: where("status", "eq", [1]), "takes one"),
        (lambda: where("status", "contains", 1), "compares text"),
        (lambda: where("x", "eq", float("nan")), "not a number"),
        (lambda: where("createDate", "gte", datetime(2026, 1, 1)), "aware"),  # noqa: DTZ001  that is the point
        (lambda: where("title", "eq", "a\x00b"), "NUL"),
        (lambda: where(" ", "eq", "a", udf=True), "user-defined"),
        (any_of, "empty"),
        (lambda: build_query(EVERYTHING, max_records=0), "MaxRecords"),
        (lambda: build_query(EVERYTHING, max_records=501), "MaxRecords"),
        (lambda: build_query(EVERYTHING, max_records=True), "MaxRecords"),
        (lambda: build_query(EVERYTHING, include_fields="title"), "list"),
        (lambda: build_query(EVERYTHING, include_fields=["a b"]), "not a field name"),
    ],
)
def test_query_mistake_is_named_before_anything_is_sent(make, says):
    with pytest.raises(QueryError, match=says):
        make()


def test_query_textual_ids_take_text():
    assert where("externalID", "eq", "rb-1").value == "rb-1"
    assert where("rmmDeviceUID", "eq", "u-1").value == "u-1"


def test_query_one_udf_condition_passes_two_are_refused():
    one = where("Device UID", "eq", "5", udf=True)
    assert build_query(one & where("isActive", "eq", value=True))["filter"][0] == {
        "op": "eq",
        "field": "Device UID",
        "value": "5",
        "udf": True,
    }
    with pytest.raises(QueryError, match="one user-defined field condition"):
        build_query(one | where("Other", "eq", "6", udf=True))


def test_query_alternatives_are_counted_over_the_whole_filter():
    halves = where("id", "in", range(300)) & where("companyID", "in", range(300))
    with pytest.raises(QueryError, match="600 alternatives"):
        build_query(halves)
    build_query(any_of(*(where("id", "eq", n) for n in range(500))))
    with pytest.raises(QueryError, match="501 alternatives"):
        build_query(any_of(*(where("id", "eq", n) for n in range(501))))


def test_query_filters_are_values():
    filter_ = where("status", "eq", 1)
    assert filter_ & where("id", "eq", 2) == all_of(where("status", "eq", 1), where("id", "eq", 2))
    assert hash(filter_) == hash(where("status", "eq", 1))


@given(st.datetimes(timezones=st.timezones(), min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1)))  # noqa: DTZ001  bounds are naive by contract
def test_query_lower_bounds_round_down_and_upper_bounds_round_up(at):
    down = datetime.strptime(str(where("createDate", "gte", at).value), "%Y-%m-%dT%H:%M:%SZ").replace(
        tzinfo=UTC
    )
    up = datetime.strptime(str(where("createDate", "lte", at).value), "%Y-%m-%dT%H:%M:%SZ").replace(
        tzinfo=UTC
    )
    assert down <= at <= up
    assert up - down <= timedelta(seconds=1)


def test_query_datetime_is_converted_to_utc():
    at = datetime(2026, 1, 31, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    assert format_datetime(at) == "2026-01-30T23:30:00Z"


scalars = st.one_of(
    st.integers(), st.booleans(), st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))
)


@given(
    st.from_regex(r"[a-z][a-zA-Z]{0,20}", fullmatch=True).filter(
        lambda name: not name.endswith(("ID", "Id")) and name != "id"
    ),
    st.sampled_from(
        sorted(OPERATORS - {"exist", "notExist", "in", "notIn", "contains", "beginsWith", "endsWith"})
    ),
    scalars,
)
def test_query_values_keep_type_and_value(field, operator, value):
    wire = where(field, operator, value).to_wire()
    assert wire == {"op": operator, "field": field, "value": value}
    assert type(wire["value"]) is type(value)


@given(st.lists(st.integers(min_value=0, max_value=3000)), st.integers(min_value=1, max_value=500))
def test_query_id_chunks_hold_every_id_once(ids, size):
    chunks = list(chunk_ids(ids, size))
    assert [id_ for chunk in chunks for id_ in chunk] == sorted(set(ids))
    assert all(1 <= len(chunk) <= size for chunk in chunks)


def test_query_id_chunks_refuse_texts():
    with pytest.raises(QueryError, match="whole numbers"):
        list(chunk_ids([1, ANY]))
