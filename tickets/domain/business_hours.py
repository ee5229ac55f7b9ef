"""Counting in business hours: weekdays, opening times, holidays. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

#: Nothing is due later than this; a calendar without hours has no answer.
_MOST_DAYS: Final = 800


@dataclass(frozen=True, slots=True)
class Calendar:
    """Business hours of one place.

    Attributes:
        days: seven entries from Monday, (opens, closes) or None for a day off. A closing time of 00:00 is midnight
            at the end of the day.
        holidays: local dates without hours.
    """

    days: tuple[tuple[time, time] | None, ...]
    holidays: frozenset[date]
    zone: ZoneInfo


def add_business_minutes(calendar: Calendar, start: datetime, minutes: int) -> datetime | None:
    """Return the aware moment so many business minutes after another, in UTC; None when there are no hours at all.

    Minutes are real ones: a day on which the clocks change has an hour more or less.
    """
    left = timedelta(minutes=minutes)
    local = start.astimezone(calendar.zone)
    day = local.date()
    for _ in range(_MOST_DAYS):
        hours = _hours(calendar, day)
        if hours is not None:
            opens, closes = hours
            begin = max(opens, start)
            if begin <= closes and begin + left <= closes:
                return begin + left
            if begin < closes:
                left -= closes - begin
        day += timedelta(days=1)
    return None


def _hours(calendar: Calendar, day: date) -> tuple[datetime, datetime] | None:
    hours = calendar.days[day.weekday()] if calendar.days else None
    if hours is None or day in calendar.holidays:
        return None
    opens, closes = hours
    end_day = day + timedelta(days=1) if closes == time(0, 0) else day
    first = datetime.combine(day, opens, tzinfo=calendar.zone)
    last = datetime.combine(end_day, closes, tzinfo=calendar.zone)
    utc = ZoneInfo("UTC")
    return (first.astimezone(utc), last.astimezone(utc)) if last > first else None
