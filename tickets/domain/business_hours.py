"""Counting in business hours: weekdays, opening times, holidays. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

Span = tuple[time, time]

#: Nothing is due later than this; a calendar without hours has no answer.
_MOST_DAYS: Final = 800


@dataclass(frozen=True, slots=True)
class Calendar:
    """Business hours of one place.

    Attributes:
        days: seven entries from Monday, (opens, closes) or None for a day off. One that closes at or before it opens
            closes on the next day: 00:00 is midnight at the end of the day.
        holidays: local dates on which `holiday_hours` count instead.
        zone: whose clock the times are of.
        holiday_hours: (opens, closes) on a holiday, None for a day off.
    """

    days: tuple[Span | None, ...]
    holidays: frozenset[date]
    zone: ZoneInfo
    holiday_hours: Span | None = None


def add_business_minutes(calendar: Calendar, start: datetime, minutes: int) -> datetime | None:
    """Return the aware moment so many business minutes after another, in UTC; None when there are no hours at all.

    Minutes are real ones: a day on which the clocks change has an hour more or less. No minutes at all lead to the
    first moment that is in business hours.
    """
    left = timedelta(minutes=minutes)
    # Moments are compared in UTC: sums in a zone of its own would skip or repeat the hour in which the clocks change.
    begin_from = start.astimezone(UTC)
    # Yesterday's hours may reach into today.
    day = start.astimezone(calendar.zone).date() - timedelta(days=1)
    for _ in range(_MOST_DAYS):
        hours = _hours(calendar, day)
        if hours is not None:
            opens, closes = hours
            begin = max(opens, begin_from)
            if begin <= closes:
                if begin + left <= closes:
                    return begin + left
                left -= closes - begin
                begin_from = closes
        day += timedelta(days=1)
    return None


def _hours(calendar: Calendar, day: date) -> tuple[datetime, datetime] | None:
    """Return when a local day opens and closes, in UTC."""
    if not calendar.days:
        return None
    hours = calendar.holiday_hours if day in calendar.holidays else calendar.days[day.weekday()]
    if hours is None:
        return None
    opens, closes = hours
    end_day = day + timedelta(days=1) if closes <= opens else day
    # A time that the clocks skip counts as the hour after it.
    first = datetime.combine(day, opens, tzinfo=calendar.zone).astimezone(UTC)
    last = datetime.combine(end_day, closes, tzinfo=calendar.zone).astimezone(UTC)
    return (first, last) if last > first else None
