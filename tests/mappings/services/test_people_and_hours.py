"""Who works in Autotask and when: the mirrors of roles, resources, business hours, service levels and ticket UDFs."""

from __future__ import annotations

from typing import Any

import pytest

from integration.models import SyncRun
from mappings.models import BusinessHours, Company, PicklistValue, Product, Resource, Role, TicketUdf
from tests.mappings.conftest import Run
from tests.mappings.services.test_sync import put, remove
from tests.sandbox.served import Served

pytestmark = pytest.mark.django_db(transaction=True)


def deny(vendors: Served, *entities: str) -> None:
    vendors.sandbox.autotask._database.switches.denied += [f"{one}:query" for one in entities]


def rows(vendors: Served, entity: str) -> list[dict[str, Any]]:
    return list(vendors.sandbox.autotask._database.table(entity))


def failures(run: SyncRun) -> dict[str, str]:
    return {one.label: f"{one.message} {one.remedy}" for one in run.entries.filter(status="failed")}


def test_people_are_mirrored_with_every_role_that_autotask_takes(vendors: Served, sync: Run) -> None:
    run = sync("reference")
    assert (run.status, failures(run)) == ("succeeded", {})
    people = [one for one in rows(vendors, "Resources") if one["licenseType"] != 7]
    assert Resource.objects.count() == len(people)
    assert Role.objects.count() == len(rows(vendors, "Roles"))
    assert Resource.objects.filter(is_active=False).count() == sum(not one["isActive"] for one in people)
    for one in people:
        wanted = {
            row["roleID"]
            for entity in ("ResourceRoles", "ResourceServiceDeskRoles")
            for row in rows(vendors, entity)
            if row["resourceID"] == one["id"] and row["isActive"]
        }
        resource = Resource.objects.get(autotask_resource_id=one["id"])
        assert set(resource.roles.values_list("autotask_role_id", flat=True)) == wanted
        assert resource.name == f"{one['firstName']} {one['lastName']}"


def test_a_role_taken_away_is_told_and_a_second_run_changes_nothing(vendors: Served, sync: Run) -> None:
    sync("reference")
    desk, other = rows(vendors, "ResourceServiceDeskRoles")[0], rows(vendors, "ResourceRoles")[0]
    resource = Resource.objects.get(autotask_resource_id=desk["resourceID"])
    for entity in ("ResourceRoles", "ResourceServiceDeskRoles"):
        for row in rows(vendors, entity):
            if row["resourceID"] == desk["resourceID"] and row["roleID"] == desk["roleID"]:
                put(vendors, entity, row["id"], isActive=False)
    run = sync("reference", dry_run=True)
    assert resource.roles.filter(autotask_role_id=desk["roleID"]).exists()
    run = sync("reference")
    assert not resource.roles.filter(autotask_role_id=desk["roleID"]).exists()
    entry = run.entries.get(object_type="resource")
    assert (entry.label, entry.action) == (resource.name, "update")
    assert len(entry.before["roles"]) == len(entry.after["roles"]) + 1
    again = sync("reference")
    assert (again.creates, again.updates, again.deactivations) == (0, 0, 0)
    assert other["id"]


def test_half_of_the_roles_takes_nothing_away(vendors: Served, sync: Run) -> None:
    sync("reference")
    before = sorted(Resource.roles.through.objects.values_list("resource_id", "role_id"))
    deny(vendors, "ResourceRoles")
    run = sync("reference")
    assert sorted(Resource.roles.through.objects.values_list("resource_id", "role_id")) == before
    assert "permissions" in failures(run)["Roles of resources"]


def test_business_hours_with_zone_and_holidays(vendors: Served, sync: Run) -> None:
    put(vendors, "InternalLocationWithBusinessHours", 11, noHoursOnHolidays=False,
        holidayHoursStartTime="1970-01-01T10:00:00.000Z", holidayHoursEndTime="1970-01-01T14:00:00.000Z")  # fmt: skip
    sync("reference")
    main = BusinessHours.objects.get(is_default=True)
    assert (main.name, main.time_zone) == ("Headquarters", "America/New_York")
    assert main.time_zone_label == "(GMT-05:00) Eastern Time (US and Canada)"
    assert main.days == [{"start": "08:00", "end": "17:00"}] * 5 + [None, None]
    assert {"2026-07-04", "2026-12-25", "2027-01-01"} <= set(main.holidays)
    assert main.holiday_hours is None
    london = BusinessHours.objects.get(autotask_location_id=11)
    assert (london.time_zone, london.holidays) == ("Europe/London", [])
    assert london.holiday_hours == {"start": "10:00", "end": "14:00"}


def test_a_zone_nobody_knows_stays_unknown_and_is_told(vendors: Served, sync: Run) -> None:
    put(vendors, "InternalLocationWithBusinessHours", 10, timeZoneID=999)
    run = sync("reference")
    main = BusinessHours.objects.get(is_default=True)
    assert (main.time_zone, main.time_zone_label) == ("", "(GMT+14:00) Made-up Time")
    entry = run.entries.get(object_type="business hours", action="notice")
    assert "Made-up Time" in entry.message
    assert "counted by the clock" in entry.message


def test_service_levels_and_an_empty_list_of_them(vendors: Served, sync: Run) -> None:
    of_sla = PicklistValue.objects.filter(entity="Tickets", field="serviceLevelAgreementID")
    sync("reference")
    assert "Premium SLA" in [one.label for one in of_sla]
    vendors.sandbox.autotask._database.picklists["Tickets"]["serviceLevelAgreementID"] = []
    run = sync("reference")
    assert (run.status, failures(run)) == ("succeeded", {})
    assert not of_sla.filter(is_active=True).exists()


def test_ticket_udfs_are_kept_apart_from_those_of_configuration_items(vendors: Served, sync: Run) -> None:
    sync("reference")
    assert {one.name: (one.data_type, one.is_active) for one in TicketUdf.objects.all()} == {
        "Change Window": ("text", True),
        "Root Cause": ("list", True),
        "Old Escalation Code": ("text", False),
    }
    cause = TicketUdf.objects.get(name="Root Cause")
    assert {"value": "822", "label": "Carrier", "is_active": False} in cause.list_values
    window = TicketUdf.objects.get(name="Change Window").autotask_udf_id
    assert window is not None
    remove(vendors, "UserDefinedFieldDefinitions", window)
    sync("reference")
    assert not TicketUdf.objects.get(name="Change Window").is_active


@pytest.mark.parametrize(
    ("entity", "label"),
    [
        ("Resources", "Resources"),
        ("Roles", "Roles"),
        ("ResourceServiceDeskRoles", "Service desk roles of resources"),
        ("InternalLocationWithBusinessHours", "Business hours"),
        ("Holidays", "Holidays"),
        ("UserDefinedFieldDefinitions", "User-defined fields of tickets"),
    ],
)
def test_one_denied_part_leaves_the_others_at_work(
    vendors: Served, sync: Run, entity: str, label: str
) -> None:
    deny(vendors, entity)
    run = sync("reference")
    told = failures(run)
    assert run.status != "failed"
    assert "security level may read it" in told[label]
    assert Company.objects.exists()
    assert Product.objects.exists()
    assert BusinessHours.objects.exists() == (entity != "InternalLocationWithBusinessHours")
    assert Resource.objects.exists() == (entity != "Resources")
    assert Role.objects.exists() == (entity != "Roles")


def test_holidays_that_may_not_be_read_stay(vendors: Served, sync: Run) -> None:
    sync("reference")
    deny(vendors, "Holidays")
    sync("reference")
    assert "2026-12-25" in BusinessHours.objects.get(is_default=True).holidays
