"""Typed lists: tickets, work types, people."""

from datetime import UTC, date, datetime, time

import pytest

from integration.vendors.autotask.query import QueryError, where
from integration.vendors.errors import (
    ContractBroken,
)


@pytest.fixture
def client(autotask_client):
    return autotask_client


def test_external_id_may_have_several_tickets(double, client):
    double.rows["Tickets"] = [{"id": n, "externalID": "rb:1" if n < 3 else "rb:2"} for n in range(1, 5)]
    assert [ticket.id for ticket in client.find_tickets_by_external_id("rb:1")] == [1, 2]
    assert client.find_tickets_by_external_id("rb:9") == []
    for bad in ("", "x" * 51):
        with pytest.raises(QueryError, match="externalID"):
            client.find_tickets_by_external_id(bad)


def test_tickets_since_and_deleted(double, client):
    since = datetime(2026, 1, 1, tzinfo=UTC)
    old, new = "2025-01-01T00:00:00.5", "2026-01-01T00:00:00Z"
    double.rows["Tickets"] = [{"id": 1, "lastActivityDate": old}, {"id": 2, "lastActivityDate": new}]
    double.rows["DeletedTicketLogs"] = [{"id": 1, "ticketID": 7, "deletedDateTime": new}]
    double.rows["TicketNotes"] = [{"id": 1, "ticketID": 2}]
    assert [ticket.id for ticket in client.iter_tickets_active_since(since)] == [2]
    assert [log.ticket_id for log in client.iter_deleted_tickets_since(since)] == [7]
    assert [note.id for note in client.iter_ticket_notes(2)] == [1]


def test_work_types_are_told_by_label(double, client):
    values = [{"value": "1", "label": "Something"}, {"value": "2", "label": "General Billing Code"}]
    double.info["BillingCodes/entityInformation/fields"] = {
        "fields": [{"name": "useType", "isPickList": True, "picklistValues": values}]
    }
    double.rows["BillingCodes"] = [{"id": 1, "useType": 1}, {"id": 2, "useType": 2, "name": "Remote"}]
    assert [code.name for code in client.iter_work_types()] == ["Remote"]
    assert len(list(client.iter_billing_codes())) == 2
    values.append({"value": "3", "label": "General ledger"})
    with pytest.raises(ContractBroken, match="2 General Billing Code"):
        client.iter_work_types()


def test_own_resource_is_the_api_user_with_this_login(double, client):
    assert client.fetch_own_resource_id() is None
    double.rows["Resources"] = [
        {"id": 1, "userName": "api@example.com", "licenseType": 1},
        {"id": 2, "email": "api@example.com", "licenseType": 7, "isActive": False},
        {"id": 3, "email": "api@example.com", "licenseType": 7, "isActive": True},
    ]
    assert client.fetch_own_resource_id() == 3


def test_configuration_items_by_udf(double, client):
    filter_ = where("Device UID", "eq", "u-1", udf=True)
    assert list(client.iter_configuration_items_where(filter_)) == []
    assert double.bodies("POST", "ConfigurationItems/query")[0]["filter"][0]["udf"] is True
    item_id = client.create_configuration_item({"companyID": 1, "productID": 2, "isActive": True})
    client.update_configuration_item(item_id, {"isActive": False})
    assert client.find_configuration_item(item_id).is_active is False


def test_business_hours_are_local_times_of_day(double, client):
    double.rows["InternalLocationWithBusinessHours"] = [
        {
            "id": 10,
            "name": "Headquarters",
            "isDefault": True,
            "timeZoneID": 13,
            "holidaySetID": 4,
            "mondayBusinessHoursStartTime": "1970-01-01T08:00:00.000",
            "mondayBusinessHoursEndTime": "1970-01-01T17:30:00Z",
            "tuesdayBusinessHoursStartTime": "09:00:00",
            "tuesdayBusinessHoursEndTime": "00:00:00",
            "wednesdayBusinessHoursStartTime": "2000-01-01T00:00:00",
            "wednesdayBusinessHoursEndTime": "2000-01-01T00:00:00",
            "thursdayBusinessHoursStartTime": "08:00:00",
            "holidayHoursStartTime": "10:00:00",
            "holidayHoursEndTime": "12:00:00",
        }
    ]
    (location,) = client.iter_business_locations()
    assert (location.name, location.is_default, location.time_zone_id) == ("Headquarters", True, 13)
    assert location.days == (
        (time(8), time(17, 30)),
        (time(9), time(0)),
        None,  # opens and closes at once
        None,  # closes never
        None,
        None,
        None,
    )
    assert location.holiday_hours == (time(10), time(12))
    double.rows["InternalLocationWithBusinessHours"][0]["noHoursOnHolidays"] = True
    assert next(client.iter_business_locations()).holiday_hours is None
    double.rows["InternalLocationWithBusinessHours"][0]["mondayBusinessHoursEndTime"] = "25:00:00"
    with pytest.raises(ContractBroken, match="mondayBusinessHoursEndTime"):
        next(client.iter_business_locations())


def test_a_holiday_is_the_day_as_written(double, client):
    double.rows["Holidays"] = [
        {"id": 1, "holidaySetID": 4, "holidayName": "Christmas", "holidayDate": "2026-12-25T00:00:00-05:00"}
    ]
    (holiday,) = client.iter_holidays()
    assert (holiday.day, holiday.name, holiday.holiday_set_id) == (date(2026, 12, 25), "Christmas", 4)


def test_service_desk_roles(double, client):
    double.rows["ResourceServiceDeskRoles"] = [{"id": 1, "resourceID": 5, "roleID": 6, "isDefault": True}]
    (one,) = client.iter_resource_service_desk_roles()
    assert (one.resource_id, one.role_id, one.is_active, one.is_default) == (5, 6, True, True)
