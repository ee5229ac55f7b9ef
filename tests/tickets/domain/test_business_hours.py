from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.domain.business_hours import Calendar, add_business_minutes

NEW_YORK = ZoneInfo("America/New_York")
NINE_TO_FIVE = (time(9), time(17))
WEEK = (NINE_TO_FIVE,) * 5 + (None, None)
OFFICE = Calendar(WEEK, frozenset({date(2026, 12, 25), date(2027, 1, 1)}), NEW_YORK)


def local(text: str, zone: ZoneInfo = NEW_YORK) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("start", "minutes", "due"),
    [
        # 2026-06-03 is a Wednesday.
        pytest.param("2026-06-03 10:00", 60, "2026-06-03 11:00", id="within a day"),
        pytest.param("2026-06-03 16:00", 60, "2026-06-03 17:00", id="to the minute of closing"),
        pytest.param("2026-06-03 16:00", 61, "2026-06-04 09:01", id="over night"),
        pytest.param("2026-06-03 17:00", 30, "2026-06-04 09:30", id="at closing time"),
        pytest.param("2026-06-03 06:00", 30, "2026-06-03 09:30", id="before opening"),
        pytest.param("2026-06-05 16:00", 120, "2026-06-08 10:00", id="over a weekend"),
        pytest.param("2026-06-06 12:00", 480, "2026-06-08 17:00", id="from a Saturday, a whole day"),
        pytest.param("2026-12-24 16:30", 60, "2026-12-28 09:30", id="over Christmas and a weekend"),
        pytest.param("2026-12-25 10:00", 60, "2026-12-28 10:00", id="on a holiday"),
        pytest.param("2026-06-03 10:00", 480 * 5, "2026-06-10 10:00", id="five days of work"),
        pytest.param("2026-06-06 12:00", 0, "2026-06-08 09:00", id="nothing, on a day off"),
        pytest.param("2026-06-03 10:00", 0, "2026-06-03 10:00", id="nothing, at work"),
    ],
)  # fmt: skip
def test_minutes_are_counted_in_opening_times_only(start: str, minutes: int, due: str) -> None:
    assert add_business_minutes(OFFICE, local(start).astimezone(UTC), minutes) == local(due)


@pytest.mark.parametrize(
    ("start", "minutes", "due"),
    [
        # Clocks go forward on 2026-03-08 at 02:00 and back on 2026-11-01 at 02:00, both Sundays.
        pytest.param("2026-03-07 20:00", 300, "2026-03-08T06:00Z", id="spring, before the change"),
        pytest.param("2026-03-08 01:00", 120, "2026-03-08T08:00Z", id="spring: 01:00 and 2 hours are 04:00"),
        pytest.param("2026-11-01 00:30", 120, "2026-11-01T06:30Z", id="autumn: 00:30 and 2 hours are 01:30 again"),
        pytest.param("2026-11-01 00:00", 25 * 60, "2026-11-02T05:00Z", id="autumn: the day has 25 hours"),
        pytest.param("2026-03-08 00:00", 23 * 60, "2026-03-09T04:00Z", id="spring: the day has 23 hours"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("zone", [UTC, NEW_YORK])
def test_minutes_are_real_ones_when_clocks_change(start: str, minutes: int, due: str, zone: ZoneInfo) -> None:
    always = Calendar(((time(0), time(0)),) * 7, frozenset(), NEW_YORK)
    found = add_business_minutes(always, local(start).astimezone(zone), minutes)
    assert found == datetime.fromisoformat(due)


def test_office_hours_follow_the_clock_on_the_wall() -> None:
    """Friday to Monday over the change: 09:00 is 14:00 UTC before it and 13:00 UTC after it."""
    found = add_business_minutes(OFFICE, local("2026-03-06 16:00"), 120)
    assert found == datetime(2026, 3, 9, 14, 0, tzinfo=UTC)
    assert add_business_minutes(OFFICE, local("2026-03-05 16:00"), 120) == datetime(
        2026, 3, 6, 15, 0, tzinfo=UTC
    )


def test_a_time_that_the_clocks_skip_and_one_that_comes_twice() -> None:
    early = Calendar(((time(2, 30), time(4)),) * 7, frozenset(), NEW_YORK)
    # 02:30 does not exist on 2026-03-08: it counts as 03:30.
    assert add_business_minutes(early, local("2026-03-08 00:00"), 30) == local("2026-03-08 04:00")
    twice = Calendar(((time(1), time(3)),) * 7, frozenset(), NEW_YORK)
    assert add_business_minutes(twice, local("2026-11-01 00:00"), 180) == local("2026-11-01 03:00")


def test_holiday_hours_count_instead() -> None:
    short = Calendar(WEEK, OFFICE.holidays, NEW_YORK, holiday_hours=(time(10), time(12)))
    assert add_business_minutes(short, local("2026-12-25 08:00"), 60) == local("2026-12-25 11:00")
    assert add_business_minutes(short, local("2026-12-25 08:00"), 121) == local("2026-12-28 09:01")


def test_hours_over_midnight() -> None:
    night = Calendar(((time(22), time(6)),) * 7, frozenset(), NEW_YORK)
    assert add_business_minutes(night, local("2026-06-03 02:00"), 60) == local("2026-06-03 03:00")
    assert add_business_minutes(night, local("2026-06-03 05:00"), 120) == local("2026-06-03 23:00")


@pytest.mark.parametrize("days", [(), (None,) * 7])
def test_no_hours_at_all_have_no_answer(days: tuple[None, ...]) -> None:
    assert (
        add_business_minutes(Calendar(days, frozenset(), NEW_YORK), datetime(2026, 6, 3, tzinfo=UTC), 1)
        is None
    )


@given(
    start=st.integers(0, 366 * 24 * 60),
    first=st.integers(0, 5000),
    second=st.integers(0, 5000),
)
def test_later_never_comes_earlier_and_two_steps_are_one(start: int, first: int, second: int) -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=start)
    middle = add_business_minutes(OFFICE, moment, first)
    assert middle is not None
    assert middle >= moment + timedelta(minutes=first)
    whole = add_business_minutes(OFFICE, moment, first + second)
    in_two = add_business_minutes(OFFICE, middle, second)
    assert whole is not None
    # A step that ends at closing time may go on when it opens again.
    if second:
        assert whole == in_two
