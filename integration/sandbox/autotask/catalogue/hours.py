"""When the MSP works: its own locations with their business hours, and its holidays."""

from __future__ import annotations

from typing import Final

from integration.sandbox.autotask.schema import entity

_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_HOURS: Final = "\n".join(
    f"{day}{kind}Hours{edge}Time datetime"
    for day in _DAYS
    for kind in ("Business", "Extended")
    for edge in ("Start", "End")
)

INTERNAL_LOCATION_WITH_BUSINESS_HOURS = entity(
    "InternalLocationWithBusinessHours",
    "InternalLocationWithBusinessHours",
    "CUQ",
    f"""
    id long
    additionalAddressInfo str100
    address1 str100
    address2 str100
    city str50
    countryID int
    dateFormat str20 pick
    firstDayOfWeek int req pick
    {_HOURS}
    holidayExtendedHoursEndTime datetime
    holidayExtendedHoursStartTime datetime
    holidayHoursEndTime datetime
    holidayHoursStartTime datetime
    holidayHoursType int pick
    holidaySetID int >HolidaySets
    isDefault bool ro
    name str100 req
    noHoursOnHolidays bool
    numberFormat str20 pick
    postalCode str20
    state str40
    timeFormat str20 pick
    timeZoneID int req pick
    """,
    # A time of day, not a moment: it carries no zone.
    naive_dates=True,
)

HOLIDAY_SETS = entity(
    "HolidaySets",
    "HolidaySet",
    "CUDQ",
    """
    id long
    holidaySetDescription str2000
    holidaySetName str100 req
    """,
)

HOLIDAYS = entity(
    "Holidays",
    "Holiday",
    "CUDQ",
    """
    id long
    holidayDate datetime req
    holidayName str100 req
    holidaySetID int req >HolidaySets
    """,
    under=("HolidaySets", "Holidays", "holidaySetID"),
    naive_dates=True,
)

ENTITIES = (HOLIDAY_SETS, HOLIDAYS, INTERNAL_LOCATION_WITH_BUSINESS_HOURS)
