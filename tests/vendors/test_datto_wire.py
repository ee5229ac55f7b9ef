"""Dates and odd values."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.vendors.datto_rmm.wire import Row, WireError, parse_day, parse_instant

AT = datetime(2026, 8, 25, 10, 0, tzinfo=UTC)
#: What the rule "more than 9,999,999,999 is milliseconds" can tell: from April 1970 to the year 2286.
INSTANTS = st.integers(10_000_000, 9_972_028_800).flatmap(
    lambda seconds: st.integers(0, 999).map(
        lambda milliseconds: datetime.fromtimestamp(seconds, UTC) + timedelta(milliseconds=milliseconds)
    )
)


@pytest.mark.parametrize(
    "value",
    [
        1787652000000, "1787652000000", 1787652000, "1787652000", 1787652000.0, "1787652000.0", " 1787652000 ",
        "2026-08-25T10:00:00Z", "2026-08-25T10:00:00", "2026-08-25T12:00:00+02:00", "2026-08-25T12:00:00+0200",
        "2026-08-25 10:00:00", "2026-08-25T10:00:00.000000000Z", "2026-08-25T10:00",
    ],
)  # fmt: skip
def test_all_spellings_of_one_instant(value):
    found = parse_instant(value)
    assert found == AT
    assert found.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "value",
    [None, "", "  ", 0, "0", 0.0, -62135596800000, "-62135596800000", -62135596800, "0001-01-01T00:00:00Z", "0001-01-01"],
)  # fmt: skip
def test_what_means_no_date(value):
    assert parse_instant(value) is None


@pytest.mark.parametrize(
    "value",
    [True, False, [], {}, "soon", "12/31/2026", float("nan"), float("inf"), 10**30, -(10**30), "9" * 40, "2026-13-01", "0x10", "\uff11\uff12"],
)  # fmt: skip
def test_what_is_no_date(value):
    with pytest.raises(ValueError, match="not a date"):
        parse_instant(value)


@given(INSTANTS)
def test_milliseconds_seconds_and_iso_agree(instant):
    milliseconds = round((instant - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(milliseconds=1))
    assert parse_instant(milliseconds) == instant
    assert parse_instant(str(milliseconds)) == instant
    assert parse_instant(instant.isoformat()) == instant
    assert parse_instant(instant.astimezone(timezone(timedelta(hours=-7))).isoformat()) == instant
    seconds = instant.replace(microsecond=0)
    assert parse_instant(int(seconds.timestamp())) == seconds
    assert abs(parse_instant(instant.timestamp()) - instant) < timedelta(milliseconds=1)


@given(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.lists(st.integers())
    )
)
def test_anything_gives_an_aware_instant_nothing_or_a_value_error(value):
    try:
        found = parse_instant(value)
    except ValueError:
        return
    assert found is None or found.utcoffset() == timedelta(0)


def test_days():
    assert parse_day("2027-01-31") == date(2027, 1, 31)
    assert parse_day(1787652000000) == date(2026, 8, 25)
    assert parse_day(None) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_any_value_in_any_field_is_read_or_noted(value):
    row = Row("thing", {"f": value})
    row.text("f")
    row.texts("f")
    row.instant("f")
    row.day("f")
    row.row("f")
    list(row.rows("f"))
    numbers = (row.whole("f"), row.number("f"), row.flag("f"))
    if isinstance(value, list | dict):
        assert numbers == (None, None, None)
        assert row.problems


@pytest.mark.parametrize(
    ("value", "text", "whole", "number", "flag"),
    [
        (None, "", None, None, None),
        ("", "", None, None, None),
        ("a\x00b", "ab", None, None, None),
        (7, "7", 7, 7.0, None),
        ("7", "7", 7, 7.0, None),
        (1, "1", 1, 1.0, True),
        (7.0, "7.0", 7, 7.0, None),
        ("7.5", "7.5", None, 7.5, None),
        (True, "true", None, None, True),
        ("False", "False", None, None, False),
        (2**60 + 1, str(2**60 + 1), 2**60 + 1, float(2**60), None),
        (10**400, None, None, None, None),
    ],
)
def test_conversions(value, text, whole, number, flag):
    row = Row("thing", {"f": value})
    assert (row.whole("f"), row.number("f"), row.flag("f")) == (whole, number, flag)
    if text is not None:
        assert row.text("f") == text


def test_what_cannot_be_done_without():
    with pytest.raises(WireError, match="thing: expected an object, got list"):
        Row("thing", [])
    values: list[dict[str, object]] = [{}, {"uid": None}, {"uid": " "}, {"uid": []}]
    for value in values:
        with pytest.raises(WireError, match=r"thing\.uid: missing"):
            Row("thing", value).needed_text("uid")
