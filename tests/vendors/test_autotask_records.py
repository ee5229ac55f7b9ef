import contextlib
from dataclasses import asdict
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.vendors.autotask import links, picklists
from integration.vendors.autotask.limits import cut, length_of, strip_nul
from integration.vendors.autotask.records import (
    BillingCode,
    BusinessLocation,
    Company,
    CompanyLocation,
    ConfigurationItem,
    ConfigurationItemCategory,
    ConfigurationItemType,
    Contact,
    Contract,
    ContractService,
    ContractServiceBundle,
    DeletedTicketLog,
    EntityInformation,
    FieldInfo,
    Product,
    Resource,
    ResourceRole,
    ResourceServiceDeskRole,
    Role,
    Threshold,
    Ticket,
    TicketCategory,
    TicketNote,
    TimeEntry,
)
from integration.vendors.autotask.rejections import Meaning, RejectionKind, classify_rejection, meaning_of
from integration.vendors.autotask.wire import WireError, parse_datetime

NEEDED = {"id": 1, "companyID": 2, "ticketID": 3, "contractID": 4, "serviceID": 5, "serviceBundleID": 6}
NEEDED |= {"resourceID": 7, "roleID": 8}
PARSERS = [
    BillingCode,
    BusinessLocation,
    Company,
    CompanyLocation,
    ConfigurationItem,
    ConfigurationItemCategory,
    ConfigurationItemType,
    Contact,
    Contract,
    ContractService,
    ContractServiceBundle,
    DeletedTicketLog,
    Product,
    Resource,
    ResourceRole,
    ResourceServiceDeskRole,
    Role,
    Ticket,
    TicketCategory,
    TicketNote,
    TimeEntry,
]


@pytest.mark.parametrize("record", PARSERS)
def test_record_takes_unknown_fields_nulls_and_other_case(record):
    row = {key.upper(): value for key, value in NEEDED.items()}
    parsed = record.from_wire({**row, "brandNew": {"x": 1}, "createDate": None, "TITLE": None})
    assert parsed.id == 1
    assert asdict(parsed)["id"] == 1


@pytest.mark.parametrize("record", PARSERS)
@pytest.mark.parametrize("row", [{}, {"id": None}, {"id": "abc"}, [], None, "x"])
def test_record_without_an_id_is_refused(record, row):
    with pytest.raises(WireError):
        record.from_wire(row)


@pytest.mark.parametrize("none", [{}, "", None, []])
def test_record_odd_empty_udfs_are_none(none):
    assert Company.from_wire({"id": 0, "userDefinedFields": none}).udfs == {}


def test_record_ticket_is_read_in_full():
    ticket = Ticket.from_wire(
        {
            "ID": 5,
            "ticketNumber": "T20260101.0001",
            "status": 5,
            "queueID": "29683378",
            "completedDate": "2026-01-31T15:04:05.307",
            "externalID": "rb:1",
            "estimatedHours": 0.5,
            "userDefinedFields": [{"name": "Site", "value": "9"}, {"name": "Empty", "value": None}],
        }
    )
    assert (ticket.id, ticket.queue_id, ticket.is_complete) == (5, 29683378, True)
    assert ticket.completed_at == datetime(2026, 1, 31, 15, 4, 5, 307000, tzinfo=UTC)
    assert ticket.udfs == {"Site": "9", "Empty": None}


@pytest.mark.parametrize(
    ("sent", "active"), [(1, True), (0, False), (True, True), ("False", False), ("1", True)]
)
def test_record_contact_activity_is_a_number_on_the_wire(sent, active):
    assert Contact.from_wire({"id": 1, "isActive": sent}).is_active is active


def test_record_wrong_types_name_the_field_and_not_the_value():
    with pytest.raises(WireError, match=r"Tickets\.status: expected a whole number, got str") as caught:
        Ticket.from_wire({"id": 1, "status": "private text"})
    assert "private" not in str(caught.value)
    with pytest.raises(WireError, match=r"Tickets\.createDate"):
        Ticket.from_wire({"id": 1, "createDate": "yesterday"})


@given(
    st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)),  # noqa: DTZ001  bounds are naive by contract
    st.integers(min_value=0, max_value=7),
    st.sampled_from(["", "Z", "+00:00"]),
)
def test_dates_with_any_fraction_and_without_zone_are_utc(at, digits, zone):
    fraction = f"{at.microsecond:06d}0"[:digits]
    text = f"{at.year:04d}-{at:%m-%dT%H:%M:%S}" + (f".{fraction}" if digits else "") + zone
    kept = int(fraction[:6].ljust(6, "0")) if digits else 0
    assert parse_datetime(text) == at.replace(microsecond=kept, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-31T08:05:09.12300000-05:00:00", datetime(2024, 1, 31, 13, 5, 9, 123000, tzinfo=UTC)),
        ("2024-01-31T08:05:09+02:00", datetime(2024, 1, 31, 6, 5, 9, tzinfo=UTC)),
        ("2024-01-31T08:05", datetime(2024, 1, 31, 8, 5, tzinfo=UTC)),
        ("2024-01-31", datetime(2024, 1, 31, tzinfo=UTC)),
    ],
)
def test_dates_odd_forms(text, expected):
    assert parse_datetime(text) == expected


@given(st.text())
def test_dates_bad_text_is_a_clear_error_and_nothing_else(text):
    with contextlib.suppress(WireError):
        assert parse_datetime(text).tzinfo is UTC


@pytest.mark.parametrize(
    "text", ["2024-13-01", "2024-02-30T00:00:00", "0001-01-01T00:00:00+14:00", "31.01.2024", ""]
)
def test_dates_impossible_ones_are_refused(text):
    with pytest.raises(WireError):
        parse_datetime(text)


FIELDS = picklists.FieldSet(
    [
        FieldInfo.from_wire(row)
        for row in (
            {
                "name": "subIssueType",
                "dataType": "integer",
                "length": 0,
                "isPickList": True,
                "picklistParentValueField": "IssueType",
                "picklistValues": [
                    {
                        "value": "21",
                        "label": "Disk  full",
                        "isActive": True,
                        "sortOrder": 2,
                        "parentValue": "2",
                    },
                    {"value": "11", "label": "Offline", "isActive": True, "sortOrder": 1, "parentValue": "1"},
                    {"value": "12", "label": "Old", "isActive": False, "parentValue": "1"},
                ],
            },
            {"Name": "issueType", "dataType": "integer", "picklistValues": None},
            {"name": "title", "dataType": "string", "length": 255, "isRequired": True},
        )
    ]
)


def test_picklist_values_are_texts_in_info_and_numbers_for_records():
    field = FIELDS["SUBISSUETYPE"]
    assert picklists.find_value(field, 21) == field.picklist[0]
    assert field.picklist[0].number == 21
    assert picklists.find_value(field, "12") == field.picklist[2]
    assert picklists.find_value(field, 99) is None
    assert picklists.find_by_label(field, "DISK full") == field.picklist[0]
    assert picklists.find_by_label(field, "Old") is None
    assert picklists.find_by_label(field, "Offline", parent=2) is None
    assert [value.number for value in picklists.active_values(field)] == [11, 21]
    assert [value.number for value in picklists.active_values(field, parent=1)] == [11]
    assert picklists.parent_field_of(field, FIELDS) == FIELDS["issueType"]
    assert picklists.label_of(field, 99) == "unknown value 99"
    assert FIELDS["title"].length == 255
    assert field.length is None


def test_metadata_records():
    assert Threshold.from_wire(
        {
            "externalRequestThreshold": 10000,
            "requestThresholdTimeframe": 60,
            "currentTimeframeRequestCount": 2500,
        }
    ).used_share == pytest.approx(0.25)
    info = EntityInformation.from_wire({"name": "Ticket", "canCreate": True, "userAccessForCreate": "All"})
    assert (info.can_create, info.can_delete, info.user_access_for_create) == (True, False, "All")


@pytest.mark.parametrize(
    ("text", "kind", "field", "extra"),
    [
        ("Picklist value [3] does not exist for priority", "picklist_value", "priority", "3"),
        ("Value does not exist for the required field resourceID", "required_missing", "resourceID", None),
        ("queueID is required", "required_missing", "queueID", None),
        (
            "Reference value on field: contactID of type: Contact does not exist or is invalid.",
            "invalid_reference",
            "contactID",
            "Contact",
        ),
        ("name must be less than or equal to 50 characters", "too_long", "name", 50),
        ("Unable to find foo in the Ticket Entity.", "unknown_field", "foo", None),
        ("Something else entirely", "other", None, None),
    ],
)
def test_rejection_names_field_and_cure(text, kind, field, extra):
    rejection = classify_rejection(["", text] if kind != "other" else [text])
    assert (rejection.kind, rejection.field) == (RejectionKind(kind), field)
    assert extra in (None, rejection.value, rejection.reference, rejection.longest)
    assert rejection.message == text
    assert (field or "Autotask") in rejection.cure


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        (
            "The Autotask API thread threshold of 3 threads has been exceeded. (Itgenatr005)",
            Meaning.THREAD_LIMIT,
        ),
        ("Your database has exceeded the API request threshold.", Meaning.REQUEST_LIMIT),
        ("The logged in Resource does not have the adequate permissions to create this.", Meaning.PERMISSION),
        ("No matching records found for the request.", Meaning.NO_RECORD),
        ("Execution Timeout Expired.", Meaning.BROKE_MIDWAY),
        ("The operation timed out", Meaning.BROKE_MIDWAY),
        ("title must be less than or equal to 255 characters", Meaning.REJECTED),
        ("queueID is required", Meaning.REJECTED),
    ],
)
def test_meaning_of_texts(text, meaning):
    assert meaning_of([text]) is meaning


def test_links_use_the_zones_screen_address():
    web = "https://ww3.autotask.net/"
    command = "https://ww3.autotask.net/Autotask/AutotaskExtend/ExecuteCommand.aspx?Code="
    assert links.ticket_link(web, 5) == f"{command}OpenTicketDetail&TicketID=5"
    assert links.ticket_number_link(web[:-1], "T1.2 3") == f"{command}OpenTicketDetail&TicketNumber=T1.2+3"
    assert links.company_link(web, 0) == f"{command}OpenAccount&AccountID=0"
    assert links.contact_link(web, 1) == f"{command}OpenContact&ContactID=1"
    assert links.contract_link(web, 1) == f"{command}OpenContract&ContractID=1"
    assert links.configuration_item_link(web, 9).startswith(f"{command}OpenInstalledProduct&")
    assert links.configuration_item_link(web, 9, code=links.EDIT_INSTALLED_PRODUCT).startswith(
        f"{command}EditInstalledProduct&InstalledProductID=9"
    )
    with pytest.raises(ValueError, match="use one of"):
        links.configuration_item_link(web, 9, code="Nope")


@given(st.text(), st.integers(min_value=1, max_value=60))
def test_cut_text_fits_and_is_sendable(text, longest):
    fitted = cut(strip_nul(text), longest)
    assert length_of(fitted) <= longest
    assert "\x00" not in fitted
    fitted.encode("utf-8")


def test_strip_nul_keeps_line_breaks_and_tabs():
    assert strip_nul("a\x00b\r\n\tc\x1b\ud800") == "ab\r\n\tc�"
