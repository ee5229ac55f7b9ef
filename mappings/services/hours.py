"""Mirrors of when the MSP works: the business hours and holidays of its own locations."""

from __future__ import annotations

from collections import defaultdict

from integration.sync.recorder import RunRecorder
from integration.vendors.autotask.client import AutotaskClient
from integration.vendors.autotask.records import BusinessLocation
from integration.vendors.autotask.records.hours import Hours
from integration.vendors.autotask.reference import BUSINESS_LOCATIONS
from mappings.domain.timezones import find_zone
from mappings.models import BusinessHours
from mappings.services.mirror import Mirror, Row, read_mirror, spared

HOURS = Mirror(
    "business hours", "business hours", BusinessHours, "autotask_location_id", ("is_active", False)
)


def sync_hours(recorder: RunRecorder, autotask: AutotaskClient, refused: list[str]) -> None:
    """Read locations, their time zones and their holidays, all of them; none carries a date of change.

    Holidays that may not be read stay as they were known. Arguments and errors as `sync_catalogue`.
    """
    with spared(recorder, "business hours", "Business hours"):
        recorder.begin_step("Reading business hours")
        locations = list(autotask.iter_business_locations())
        labels = _zone_labels(autotask) if locations else {}
        holidays = _read_holidays(recorder, autotask) if locations else {}
        known = dict(BusinessHours.objects.values_list("autotask_location_id", "holidays"))

        def row(record: BusinessLocation) -> Row:
            days = known.get(record.id, []) if holidays is None else holidays.get(record.holiday_set_id, [])
            label = labels.get(record.time_zone_id, "")
            return {
                "autotask_location_id": record.id,
                "name": record.name or f"Location {record.id}",
                "is_default": record.is_default,
                "is_active": True,
                "time_zone": find_zone(label),
                "time_zone_label": label,
                "days": [_span(one) for one in record.days],
                "holidays": days,
                "holiday_hours": _span(record.holiday_hours),
            }

        read_mirror(recorder, HOURS, "Storing business hours", locations, row, since=None, refused=refused)
        _notice_unknown_zone(recorder)


def _zone_labels(autotask: AutotaskClient) -> dict[int | None, str]:
    field = autotask.fetch_field_info(BUSINESS_LOCATIONS).get("timeZoneID")
    return {one.number: one.label for one in field.picklist} if field is not None else {}


def _read_holidays(recorder: RunRecorder, autotask: AutotaskClient) -> dict[int | None, list[str]] | None:
    """Return the days of each set, None when they may not be read."""
    found: defaultdict[int | None, set[str]] = defaultdict(set)
    is_complete = False
    with spared(recorder, "business hours", "Holidays"):
        for one in autotask.iter_holidays():
            found[one.holiday_set_id].add(one.day.isoformat())
        is_complete = True
    return {set_id: sorted(days) for set_id, days in found.items()} if is_complete else None


def _span(hours: Hours | None) -> dict[str, str] | None:
    return None if hours is None else {"start": f"{hours[0]:%H:%M}", "end": f"{hours[1]:%H:%M}"}


def _notice_unknown_zone(recorder: RunRecorder) -> None:
    """Say aloud that due dates do not count in the default location's business hours."""
    if recorder.dry_run:
        return
    default = BusinessHours.objects.filter(is_active=True).order_by("-is_default", "id").first()
    if default is not None and not default.time_zone:
        called = f'"{default.time_zone_label}"' if default.time_zone_label else "without a name"
        recorder.noticed(
            "business hours",
            default.autotask_location_id,
            default.name,
            f"Its time zone is not known here: Autotask calls it {called}. Due dates are counted by the clock.",
            "Choose a more common time zone for this location in Autotask, or report the name.",
        )
