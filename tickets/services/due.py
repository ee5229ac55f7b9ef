"""When a ticket is due, by the clock or in business hours."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mappings.models import BusinessHours
from tickets.domain.business_hours import Calendar, add_business_minutes


def due_at(now: datetime, minutes: int, *, in_business_hours: bool) -> tuple[datetime, str]:
    """Return when a ticket is due, and a remark on how that was counted; empty when by the clock as set.

    Business hours are those of the default location. Without them, and when a location has none at all, the clock
    counts and the remark says so.
    """
    by_clock = now + timedelta(minutes=minutes)
    if not in_business_hours:
        return by_clock, ""
    calendar = load_calendar()
    if calendar is None:
        return by_clock, "Counted by the clock, because Autotask's business hours are not known here"
    found = add_business_minutes(calendar, now, minutes)
    if found is None:
        return by_clock, "Counted by the clock, because the location has no business hours"
    return found, "Counted in business hours"


def load_calendar() -> Calendar | None:
    """Return the default location's business hours, None when they are not known."""
    row = BusinessHours.objects.filter(is_active=True).order_by("-is_default", "id").first()
    if row is None:
        return None
    try:
        zone = ZoneInfo(row.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        return None
    days = tuple(
        (time.fromisoformat(day["start"]), time.fromisoformat(day["end"])) if day else None
        for day in row.days
    )
    return Calendar(days, frozenset(date.fromisoformat(one) for one in row.holidays), zone)
