"""When a ticket is due: what is said when business hours cannot be counted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from mappings.models import BusinessHours
from tickets.services.due import due_at

pytestmark = pytest.mark.django_db
DAY = {"start": "08:00", "end": "17:00"}
#: A Friday, 16:00 in New York.
FRIDAY = datetime(2026, 7, 3, 20, 0, tzinfo=UTC)


def hours(number: int, **values: Any) -> BusinessHours:
    given: dict[str, Any] = {
        "name": f"Location {number}",
        "time_zone": "America/New_York",
        "days": [DAY] * 5 + [None, None],
        "synced_at": timezone.now(),
        **values,
    }
    return BusinessHours.objects.create(autotask_location_id=number, **given)


def test_by_the_clock_as_set() -> None:
    hours(1)
    assert due_at(FRIDAY, 120, in_business_hours=False) == (FRIDAY + timedelta(minutes=120), "")


def test_in_business_hours_of_the_default_location_and_its_holidays() -> None:
    hours(1, time_zone="Europe/London")
    hours(2, name="Headquarters", is_default=True, holidays=["2026-07-06"])
    due, remark = due_at(FRIDAY, 120, in_business_hours=True)
    assert due == datetime(2026, 7, 7, 13, 0, tzinfo=UTC)
    assert remark == "Counted in business hours of Headquarters"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"is_active": False}, "business hours are not known here"),
        ({"time_zone": ""}, "the time zone of Location 1 is not known here"),
        ({"time_zone": "Mars/Olympus"}, "the time zone of Location 1 is not known here"),
        ({"days": [None] * 7}, "Location 1 has no business hours"),
        ({"days": []}, "Location 1 has no business hours"),
    ],
)
def test_by_the_clock_with_the_reason(values: dict[str, Any], words: str) -> None:
    hours(1, **values)
    due, remark = due_at(FRIDAY, 120, in_business_hours=True)
    assert due == FRIDAY + timedelta(minutes=120)
    assert remark.startswith("Counted by the clock")
    assert words in remark
