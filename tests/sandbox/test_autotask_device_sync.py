"""What device synchronisation leans on in Autotask: refusals, UDFs by category, units, and counted writes."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.sandbox.autotask_rig import (
    ACME,
    ACME_CONTACT,
    ACME_CONTRACT,
    ACME_LOCATION,
    ACME_SERVICE,
    API_RESOURCE,
    BOB,
    GLOBEX_CONTACT,
    GLOBEX_CONTRACT,
    GLOBEX_LOCATION,
    GOLD,
    OLD_CONTACT,
    SERVER,
    running,
)
from tests.sandbox.served import served

BODY = {"companyID": ACME, "productID": 90, "isActive": True, "referenceTitle": "PC-7"}
DATE_UDF, MEMO_UDF = 1010, 1011


@pytest.fixture
def at():
    with running() as rig:
        rig.double.seed(
            "Products",
            [{"id": 91, "name": "Old product", "isActive": False}, {"id": 92, "name": "N", "isActive": True}],
        )
        rig.double.seed("ConfigurationItemTypes", [{"id": 12, "name": "Old type", "isActive": False}])
        rig.double.seed(
            "ConfigurationItemCategories",
            [
                {"id": 3, "name": "Old category", "isActive": False},
                {"id": 4, "name": "Strict", "isActive": True},
            ],
        )
        rig.double.seed(
            "UserDefinedFieldDefinitions",
            [
                {"id": DATE_UDF, "name": "Bought", "udfType": 16, "dataType": 4, "isActive": True},
                {"id": MEMO_UDF, "name": "Serial note", "udfType": 16, "dataType": 1, "isActive": True},
            ],
        )
        rig.double.seed(
            "ConfigurationItemCategoryUdfAssociations",
            [
                {
                    "id": 20,
                    "configurationItemCategoryID": 1,
                    "userDefinedFieldDefinitionID": DATE_UDF,
                    "isRequired": False,
                },
                {
                    "id": 21,
                    "configurationItemCategoryID": 4,
                    "userDefinedFieldDefinitionID": MEMO_UDF,
                    "isRequired": True,
                },
            ],
        )
        span = {"startDate": "2025-01-01T00:00:00Z", "endDate": "2025-12-31T00:00:00Z", "contractType": 7}
        rig.double.seed(
            "Contracts", [{"id": 703, "companyID": ACME, "contractName": "Ended", "status": 0, **span}]
        )
        yield rig


def udfs(row) -> dict[str, Any]:
    return {one["name"]: one["value"] for one in row["userDefinedFields"]}


def with_udf(name, value, **more) -> dict[str, Any]:
    return {**more, "userDefinedFields": [{"name": name, "value": value}]}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("productID", 91),
        ("productID", 9999),
        ("configurationItemType", 12),
        ("configurationItemType", 999),
        ("configurationItemCategoryID", 3),
        ("contactID", GLOBEX_CONTACT),
        ("contactID", OLD_CONTACT),
        ("companyLocationID", GLOBEX_LOCATION),
        ("contractID", GLOBEX_CONTRACT),
        ("contractID", 703),
        ("contractServiceID", ACME_SERVICE),
        ("serviceLevelAgreementID", 99),
        ("companyID", 177),
    ],
)
def test_what_does_not_fit_is_refused_by_name_and_stores_nothing(at, field, value):
    count = len(at.double.all("ConfigurationItems"))
    told = at.refused("POST", "ConfigurationItems", {**BODY, field: value})
    assert field in told[0]
    assert len(at.double.all("ConfigurationItems")) == count
    if field != "companyID":
        assert field in at.refused("PATCH", "ConfigurationItems", {"id": SERVER, field: value})[0]
    else:
        at.ok("PATCH", "ConfigurationItems", {"id": SERVER, field: value})
        assert at.item("ConfigurationItems", SERVER)["companyID"] == ACME


def test_what_fits_is_kept(at):
    fits = {
        "contactID": ACME_CONTACT,
        "companyLocationID": ACME_LOCATION,
        "contractID": ACME_CONTRACT,
        "contractServiceID": ACME_SERVICE,
        "configurationItemType": 11,
        "warrantyExpirationDate": "2027-01-31",
    }
    row = at.item("ConfigurationItems", at.ok("POST", "ConfigurationItems", {**BODY, **fits})["itemId"])
    assert row["warrantyExpirationDate"].startswith("2027-01-31T00:00:00")
    assert {name: row[name] for name in fits if name != "warrantyExpirationDate"} == {
        name: value for name, value in fits.items() if name != "warrantyExpirationDate"
    }
    at.ok("PATCH", "ConfigurationItems", {"id": row["id"], "contractID": None, "contractServiceID": None})
    assert at.item("ConfigurationItems", row["id"])["contractID"] is None


def test_dates_numbers_and_lists_are_checked_and_come_back_as_texts(at):
    at.ok("PATCH", "ConfigurationItems", with_udf("Bought", "2026-02-03", id=SERVER))
    at.ok("PATCH", "ConfigurationItems", with_udf("Care Level", GOLD, id=SERVER))
    at.ok("PATCH", "ConfigurationItems", with_udf("Missing Patches", 3.5, id=SERVER))
    kept = udfs(at.item("ConfigurationItems", SERVER))
    assert kept["Bought"].startswith("2026-02-03T00:00:00")
    assert (kept["Care Level"], kept["Missing Patches"]) == (str(GOLD), "3.5")
    for name, wrong in (
        ("Bought", "soon"),
        ("Missing Patches", "NaN"),
        ("Care Level", "Gold"),
        ("bought", "2026-01-01"),
        ("Serial note", "not of this category"),
        ("RMM Alert", "not of this entity"),
    ):
        assert name in at.refused("PATCH", "ConfigurationItems", with_udf(name, wrong, id=SERVER))[0]
    assert udfs(at.item("ConfigurationItems", SERVER)) == kept
    at.ok("PATCH", "ConfigurationItems", with_udf("Care Level", None, id=SERVER))
    assert udfs(at.item("ConfigurationItems", SERVER))["Care Level"] is None


def test_a_new_definition_shows_at_once_and_belongs_to_items_by_category_only(at):
    made = at.ok("POST", "UserDefinedFieldDefinitions", {"name": "RMM Model", "dataType": 1, "udfType": 16})[
        "itemId"
    ]
    told = at.ok("GET", "ConfigurationItems/entityInformation/userDefinedFields")["fields"]
    assert "RMM Model" in {field["name"] for field in told}
    assert "RMM Model" in at.refused("PATCH", "ConfigurationItems", with_udf("RMM Model", "X", id=SERVER))[0]
    path = "ConfigurationItemCategories/1/UdfAssociations"
    link = at.ok("POST", path, {"userDefinedFieldDefinitionID": made, "isRequired": False})["itemId"]
    at.ok("PATCH", "ConfigurationItems", with_udf("RMM Model", "X", id=SERVER))
    assert udfs(at.item("ConfigurationItems", SERVER))["RMM Model"] == "X"
    at.ok("DELETE", f"{path}/{link}")
    assert "RMM Model" not in udfs(at.item("ConfigurationItems", SERVER))
    assert "RMM Model" in at.refused("PATCH", "ConfigurationItems", with_udf("RMM Model", "Y", id=SERVER))[0]


def test_a_required_field_of_the_category(at):
    told = ["Value does not exist for the required field Serial note"]
    strict = {**BODY, "configurationItemCategoryID": 4}
    assert at.refused("POST", "ConfigurationItems", strict) == told
    assert at.refused("PATCH", "ConfigurationItems", {"id": SERVER, "configurationItemCategoryID": 4}) == told
    made = at.ok("POST", "ConfigurationItems", with_udf("Serial note", "n", **strict))["itemId"]
    assert at.refused("PATCH", "ConfigurationItems", with_udf("Serial note", "", id=made)) == told
    at.ok("PATCH", "ConfigurationItems", {"id": made, "location": "Rack"})
    at.ok("PATCH", "UserDefinedFieldDefinitions", {"id": MEMO_UDF, "isActive": False})
    at.ok("POST", "ConfigurationItems", strict)


def test_every_write_is_counted_and_a_person_is_not(at):
    made = at.ok("POST", "ConfigurationItems", BODY)["itemId"]
    at.ok("PATCH", "ConfigurationItems", {"id": made, "location": "A"})
    at.clock.push(hours=1)
    at.ok("PATCH", "ConfigurationItems", {"id": made, "location": "A"})
    at.refused("PATCH", "ConfigurationItems", {"id": made, "productID": 91})
    at.ok("PATCH", "ConfigurationItems", with_udf("Care Level", GOLD, id=SERVER))
    at.double.act_as_person(BOB).update("ConfigurationItems", made, {"location": "B"})
    assert at.double.writes()["ConfigurationItems"] == {
        "create": 1,
        "update": 3,
        "delete": 0,
        "unchanged": 1,
        "objects": {str(made): 3, str(SERVER): 1},
    }
    at.double.forget_writes()
    at.query("ConfigurationItems", {"op": "exist", "field": "id"})
    assert at.double.writes() == {}


def test_attachments_of_an_item_carry_their_bytes(at):
    data = base64.b64encode(b"\x00photo").decode()
    body = {
        "attachmentType": "FILE_ATTACHMENT",
        "title": "Photo",
        "fullPath": "p.png",
        "publish": 1,
        "data": data,
    }
    path = f"ConfigurationItems/{SERVER}/Attachments"
    made = at.ok("POST", path, body)["itemId"]
    (listed,) = at.ok("GET", path)["items"]
    assert (listed["id"], listed["data"]) == (made, None)
    read = at.ok("GET", f"{path}/{made}")
    item = read["item"] if "item" in read else read["items"][0]
    assert base64.b64decode(item["data"]) == b"\x00photo"
    at.ok("DELETE", f"{path}/{made}")
    assert at.ok("GET", path)["items"] == []


def units_of(at, entity="ContractServiceUnits") -> Any:
    rows = at.query(entity, {"op": "eq", "field": "contractID", "value": ACME_CONTRACT})["items"]
    return [(row["units"], row["startDate"][:10], row["endDate"][:10]) for row in rows]


def month(number, units, **more) -> dict[str, Any]:
    days = {3: 31, 4: 30, 5: 31}[number]
    return {
        "id": number,
        "contractID": ACME_CONTRACT,
        "startDate": f"2026-{number:02d}-01",
        "endDate": f"2026-{number:02d}-{days}",
        "units": units,
        **more,
    }


def test_an_adjustment_changes_every_later_period_and_splits_the_one_it_falls_into(at):
    service = {"contractServiceID": ACME_SERVICE, "serviceID": 85}
    at.double.seed("ContractServiceUnits", [month(number, 10, **service) for number in (3, 4, 5)])
    change = {"contractServiceID": ACME_SERVICE, "effectiveDate": "2026-04-01T00:00:00Z", "unitChange": -4}
    at.ok("POST", "ContractServiceAdjustments", change)
    assert [units for units, _start, _end in units_of(at)] == [10, 6, 6]
    at.ok(
        "POST",
        "ContractServiceAdjustments",
        {**change, "effectiveDate": "2026-04-15T00:00:00Z", "unitChange": 1},
    )
    assert sorted(units_of(at), key=lambda row: row[1]) == [
        (10, "2026-03-01", "2026-03-31"),
        (6, "2026-04-01", "2026-04-15"),
        (7, "2026-04-15", "2026-04-30"),
        (7, "2026-05-01", "2026-05-31"),
    ]
    assert "negative" in at.refused("POST", "ContractServiceAdjustments", {**change, "unitChange": -7})[0]
    late = {**change, "effectiveDate": "2027-03-01T00:00:00Z"}
    assert "effectiveDate" in at.refused("POST", "ContractServiceAdjustments", late)[0]
    at.refused("PATCH", "ContractServiceUnits", {"id": 3, "units": 1}, status=405)


def test_bundles_are_adjusted_likewise(at):
    at.double.seed("ServiceBundles", [{"id": 5, "name": "All", "isActive": True, "unitPrice": 10.0}])
    made = at.ok("POST", f"Contracts/{ACME_CONTRACT}/ServiceBundles", {"serviceBundleID": 5})["itemId"]
    change = {
        "contractID": ACME_CONTRACT,
        "serviceBundleID": 5,
        "effectiveDate": "2026-04-01",
        "unitChange": 2,
    }
    at.ok("POST", "ContractServiceBundleAdjustments", change)
    (row,) = at.query(
        "ContractServiceBundleUnits", {"op": "eq", "field": "contractID", "value": ACME_CONTRACT}
    )["items"]
    assert (row["units"], row["contractServiceBundleID"]) == (2, made)
    assert at.refused("POST", "ContractServiceBundleAdjustments", {**change, "serviceBundleID": 6})


def test_companies_products_and_contracts_are_created(at):
    company = {
        "companyName": "New Co",
        "companyType": 1,
        "ownerResourceID": API_RESOURCE,
        "phone": "555-0100",
    }
    made = at.ok("POST", "Companies", company)["itemId"]
    assert at.item("Companies", made)["isActive"] is True
    for name in company:
        short = {key: value for key, value in company.items() if key != name}
        assert name in at.refused("POST", "Companies", short)[0]
    product = {"name": "Tablet", "isActive": True, "isSerialized": True, "productBillingCodeID": 81}
    assert at.item("Products", at.ok("POST", "Products", product)["itemId"])["name"] == "Tablet"
    assert (
        "productBillingCodeID" in at.refused("POST", "Products", {**product, "productBillingCodeID": None})[0]
    )
    contract = {
        "companyID": made,
        "contractName": "Care",
        "contractType": 7,
        "status": 1,
        "startDate": "2026-01-01",
        "endDate": "2026-12-31",
        "timeReportingRequiresStartAndStopTimes": 0,
    }
    number = at.ok("POST", "Contracts", contract)["itemId"]
    assert "endDate" in at.refused("POST", "Contracts", {**contract, "endDate": "2025-01-01"})[0]
    at.double.seed("Services", [{"id": 86, "name": "Desk", "isActive": True, "unitPrice": 12.5}])
    row = at.ok("POST", f"Contracts/{number}/Services", {"serviceID": 86})["itemId"]
    assert at.item("ContractServices", row)["unitPrice"] == 12.5


def test_a_person_writes_rows_by_the_control_api():
    with served() as running_sandbox:
        case = running_sandbox.control("cases", method="GET").json()["native"][0]
        item = case["configurationItemIds"][0]
        made = running_sandbox.control(f"rows/ConfigurationItems/{item}", {"fields": {"location": "Desk 4"}})
        assert made.json() == {"id": item}
        rows = running_sandbox.control(f"rows/ConfigurationItems?id={item}", method="GET").json()["rows"]
        assert rows[0]["location"] == "Desk 4"
        note = {"configurationItemID": item, "title": "t", "description": "d", "noteType": 1}
        assert running_sandbox.control("rows/ConfigurationItemNotes", {"fields": note}).status_code == 201
        refused = running_sandbox.control(f"rows/ConfigurationItems/{item}", {"fields": {"productID": 108}})
        assert refused.status_code == 409
        assert "productID" in refused.json()["error"]
        assert running_sandbox.control("rows/Nothing", {"fields": {"a": 1}}).status_code == 400
        assert running_sandbox.control(f"rows/ConfigurationItems/{item}", method="DELETE").status_code == 409
        assert running_sandbox.control("writes", method="GET").json()["autotask"] == {}


def test_seeded_categories_carry_their_fields():
    with served() as running_sandbox:
        double = running_sandbox.sandbox.autotask
        person = double.act_as_person(29682885)
        body = {"companyID": 29683501, "productID": 109, "isActive": True}
        made = person.create(
            "ConfigurationItems", with_udf("Care Level", "800", **body, configurationItemCategoryID=5)
        )
        assert (double.get("ConfigurationItems", made) or {})["userDefinedFields"] == {"Care Level": "800"}
        for category, name in ((3, "Care Level"), (1, "Rack")):
            with pytest.raises(Exception, match=name):
                person.create(
                    "ConfigurationItems", with_udf(name, "1", **body, configurationItemCategoryID=category)
                )
        with pytest.raises(Exception, match="Lease Number"):
            person.create("ConfigurationItems", {**body, "configurationItemCategoryID": 10})
        assert double.find("UserDefinedFieldListItems", udfFieldId=29682902)[0]["valueForDisplay"] == "Gold"
