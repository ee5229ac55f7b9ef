"""When the MSP works: its own locations with business hours, and its holidays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from typing import Final, Self

from integration.vendors.autotask.wire import Wire, WireError

Hours = tuple[time, time]
_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class BusinessLocation:
    """One of the MSP's own locations.

    Attributes:
        time_zone_id: pick list id; the label in field info names the zone.
        days: seven entries from Monday, (opens, closes) in local time, or None for a day off.
        holiday_set_id: the set whose days are its holidays.
        holiday_hours: (opens, closes) on a holiday, None for a day off.
    """

    id: int
    name: str
    is_default: bool
    time_zone_id: int | None
    days: tuple[Hours | None, ...]
    holiday_set_id: int | None
    holiday_hours: Hours | None

    @classmethod
    def from_wire(cls, row: object) -> Self:
        """Parse an `InternalLocationWithBusinessHours` row.

        Raises:
            WireError: no id, or a value of the wrong type.
        """
        wire = Wire("InternalLocationWithBusinessHours", row)
        return cls(
            id=wire.needed_whole("id"),
            name=wire.text("name"),
            is_default=wire.flag("isDefault"),
            time_zone_id=wire.whole("timeZoneID"),
            days=tuple(_hours(wire, f"{day}BusinessHours") for day in _DAYS),
            holiday_set_id=wire.whole("holidaySetID"),
            holiday_hours=None if wire.flag("noHoursOnHolidays") else _hours(wire, "holidayHours"),
        )


def _hours(wire: Wire, prefix: str) -> Hours | None:
    """Return the span, None when an end is missing or both are the same: no time at all."""
    opens, closes = wire.clock(f"{prefix}StartTime"), wire.clock(f"{prefix}EndTime")
    return None if opens is None or closes is None or opens == closes else (opens, closes)


@dataclass(frozen=True, slots=True)
class Holiday:
    """A day of a holiday set."""

    id: int
    name: str
    day: date
    holiday_set_id: int

    @classmethod
    def from_wire(cls, row: object) -> Self:
        """Parse a `Holidays` row.

        Raises:
            WireError: no id, set or day, or a value of the wrong type.
        """
        wire = Wire("Holidays", row)
        # The day as written: it is a day of the location's calendar, not a moment in UTC.
        text = wire.needed_text("holidayDate")[:10]
        try:
            day = date.fromisoformat(text)
        except ValueError as error:
            raise WireError("Holidays.holidayDate: not a date of the form YYYY-MM-DD") from error
        return cls(
            id=wire.needed_whole("id"),
            name=wire.text("holidayName"),
            day=day,
            holiday_set_id=wire.needed_whole("holidaySetID"),
        )
