"""When a ticket is due, by the clock or in business hours."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mappings.models import BusinessHours
from tickets.domain.business_hours import Calendar, Span, add_business_minutes


def due_at(now: datetime, minutes: int, *, in_business_hours: bool) -> tuple[datetime, str]:
    """Return when a ticket is due, and a remark on how that was counted; empty when by the clock as set.

    Business hours are those of the default location. Without them, in a time zone that is not known, and when a
    location has no hours at all, the clock counts and the remark says so.
    """
    by_clock = now + timedelta(minutes=minutes)
    if not in_business_hours:
        return by_clock, ""
    row = _default_hours()
    if row is None:
        return by_clock, "Counted by the clock, because Autotask's business hours are not known here"
    zone = _zone(row.time_zone)
    if zone is None:
        return by_clock, f"Counted by the clock, because the time zone of {row.name} is not known here"
    found = add_business_minutes(_calendar(row, zone), now, minutes)
    if found is None:
        return by_clock, f"Counted by the clock, because {row.name} has no business hours"
    return found, f"Counted in business hours of {row.name}"


def load_calendar() -> Calendar | None:
    """Return the default location's business hours, None when they or their time zone are not known."""
    row = _default_hours()
    zone = _zone(row.time_zone) if row is not None else None
    return _calendar(row, zone) if row is not None and zone is not None else None


def _default_hours() -> BusinessHours | None:
    return BusinessHours.objects.filter(is_active=True).order_by("-is_default", "id").first()


def _calendar(row: BusinessHours, zone: ZoneInfo) -> Calendar:
    return Calendar(
        days=tuple(_span(day) for day in row.days),
        holidays=frozenset(date.fromisoformat(one) for one in row.holidays),
        zone=zone,
        holiday_hours=_span(row.holiday_hours),
    )


def _span(day: dict[str, str] | None) -> Span | None:
    return (time.fromisoformat(day["start"]), time.fromisoformat(day["end"])) if day else None


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return None
