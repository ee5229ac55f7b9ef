"""When the MSP of a demo world works: two locations with business hours, and the holidays of one country."""

from __future__ import annotations

from typing import Any, Final

Row = dict[str, Any]

_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_EASTERN, _LONDON = 13, 26
_SET_ID: Final = 40
_HOLIDAYS: Final = (("01-01", "New Year's Day"), ("07-04", "Independence Day"), ("12-25", "Christmas Day"))
_YEARS: Final = range(2024, 2036)


def _location(number: int, name: str, zone: int, opens: str, closes: str, *, is_default: bool) -> Row:
    hours = {
        f"{day}BusinessHours{edge}Time": f"1970-01-01T{clock}:00.000"
        for day in _DAYS[:5]
        for edge, clock in (("Start", opens), ("End", closes))
    }
    return {
        "id": number,
        "name": name,
        "isDefault": is_default,
        "timeZoneID": zone,
        "firstDayOfWeek": 0,
        "holidaySetID": _SET_ID if is_default else None,
        "noHoursOnHolidays": True,
        "holidayHoursType": 1,
        **hours,
    }


def build_hours() -> dict[str, list[Row]]:
    """Return the holiday set, its holidays and the locations; the default one works from 8 to 17 in New York."""
    days = [(f"{year}-{day}", name) for year in _YEARS for day, name in _HOLIDAYS]
    return {
        "HolidaySets": [{"id": _SET_ID, "holidaySetName": "United States"}],
        "Holidays": [
            {
                "id": 4_000 + number,
                "holidaySetID": _SET_ID,
                "holidayDate": f"{day}T00:00:00.000",
                "holidayName": name,
            }
            for number, (day, name) in enumerate(days)
        ],
        "InternalLocationWithBusinessHours": [
            _location(10, "Headquarters", _EASTERN, "08:00", "17:00", is_default=True),
            _location(11, "London", _LONDON, "09:00", "17:30", is_default=False),
        ],
    }
