"""Configuration items, vendor-only fields and user-defined fields."""

from __future__ import annotations

import pytest

from tests.sandbox.autotask_rig import (
    ACME,
    ACME_CONTRACT,
    ACME_SERVICE,
    API_RESOURCE,
    CARE,
    GLOBEX,
    GLOBEX_PC,
    GOLD,
    PATCHES,
    SERVER,
    SILVER,
    running,
)

BODY = {"companyID": ACME, "productID": 90, "isActive": True, "referenceTitle": "PC-7"}


@pytest.fixture
def at():
    with running() as rig:
        yield rig


def udfs(row) -> dict[str, str | None]:
    return {one["name"]: one["value"] for one in row["userDefinedFields"]}


def test_create_fills_category_and_install_date_and_lists_the_categorys_udfs(at):
    row = at.item("ConfigurationItems", at.ok("POST", "ConfigurationItems", BODY)["itemId"])
    assert (row["configurationItemCategoryID"], row["installDate"]) == (1, "2026-03-04T12:30:15.250Z")
    assert udfs(row) == {"RMM Device UID": None, "Care Level": None, "Missing Patches": None}


def test_company_cannot_change_and_nothing_is_deleted(at):
    at.ok("PATCH", "ConfigurationItems", {"id": SERVER, "companyID": GLOBEX, "location": "Rack 4"})
    row = at.item("ConfigurationItems", SERVER)
    assert (row["companyID"], row["location"]) == (ACME, "Rack 4")
    at.refused("DELETE", f"ConfigurationItems/{SERVER}", status=405)
    at.ok("PATCH", "ConfigurationItems", {"id": SERVER, "isActive": False})
    assert at.item("ConfigurationItems", SERVER)["isActive"] is False


def test_every_update_moves_last_modified(at):
    at.clock.push(hours=1)
    at.ok("PATCH", "ConfigurationItems", {"id": SERVER, "notes": "n"})
    changed = {"op": "gt", "field": "lastModifiedTime", "value": "2026-03-04T13:00:00Z"}
    assert at.ids("ConfigurationItems", changed) == [SERVER]


def test_only_datto_rmm_writes_vendor_fields(at):
    sent = {
        "id": SERVER,
        "rmmDeviceUID": "uid-1",
        "rmmOpenAlertCount": 3,
        "dattoHostname": "h",
        "location": "L",
    }
    at.ok("PATCH", "ConfigurationItems", sent)
    row = at.item("ConfigurationItems", SERVER)
    assert (row["rmmDeviceUID"], row["rmmOpenAlertCount"], row["location"]) == (None, None, "L")
    at.double.add_api_user("rmm@example.com", "x", "CODE-RMM", API_RESOURCE, vendor="Datto RMM")
    genuine = {"UserName": "rmm@example.com", "Secret": "x", "ApiIntegrationCode": "CODE-RMM"}
    at.ok("PATCH", "ConfigurationItems", sent, headers=genuine)
    assert at.ids("ConfigurationItems", {"op": "eq", "field": "rmmDeviceUID", "value": "uid-1"}) == [SERVER]
    body = {"companyID": ACME, "title": "x", "status": 1, "priority": 1, "queueID": 8, "rmmAlertID": "a-1"}
    ticket = at.ok("POST", "Tickets", body, headers=genuine)["itemId"]
    assert (at.item("Tickets", ticket)["rmmAlertID"], at.item("Tickets", ticket)["apiVendorID"]) == ("a-1", 1)


def test_type_is_a_picklist_made_of_rows(at):
    made = at.ok("POST", "ConfigurationItemTypes", {"name": "Laptop", "isActive": True})["itemId"]
    at.ok("PATCH", "ConfigurationItems", {"id": SERVER, "configurationItemType": made})
    assert at.refused("DELETE", f"ConfigurationItemTypes/{made}")
    at.ok("PATCH", "ConfigurationItemTypes", {"id": made, "isActive": False})
    assert at.refused("POST", "ConfigurationItems", {**BODY, "configurationItemType": made}) == [
        f"Picklist value [{made}] does not exist for configurationItemType"
    ]


def test_services_must_be_of_the_items_contract(at):
    linked = {"contractID": ACME_CONTRACT, "contractServiceID": ACME_SERVICE}
    assert at.ok("POST", "ConfigurationItems", {**BODY, **linked})
    assert (
        "contractServiceID"
        in at.refused("POST", "ConfigurationItems", {**BODY, "contractServiceID": ACME_SERVICE})[0]
    )
    assert (
        "contractID" in at.refused("POST", "ConfigurationItems", {**BODY, "companyID": GLOBEX, **linked})[0]
    )
    assert (
        "parentConfigurationItemID"
        in at.refused("POST", "ConfigurationItems", {**BODY, "parentConfigurationItemID": GLOBEX_PC})[0]
    )


def test_udf_values_are_texts_and_checked_by_type(at):
    def send(name, value) -> dict[str, object]:
        return {"id": SERVER, "userDefinedFields": [{"Name": name, "Value": value}]}

    at.ok("PATCH", "ConfigurationItems", send("Missing Patches", 12))
    at.ok("PATCH", "ConfigurationItems", send("Care Level", str(GOLD)))
    assert udfs(at.item("ConfigurationItems", SERVER)) == {
        "RMM Device UID": None,
        "Care Level": str(GOLD),
        "Missing Patches": "12",
    }
    assert "Missing Patches" in at.refused("PATCH", "ConfigurationItems", send("Missing Patches", "many"))[0]
    for wrong in ("Gold", SILVER, 1):
        assert at.refused("PATCH", "ConfigurationItems", send("Care Level", wrong)) == [
            f"Picklist value [{wrong}] does not exist for Care Level"
        ]
    assert "8000" in at.refused("PATCH", "ConfigurationItems", send("RMM Device UID", "x" * 8001))[0]


def test_an_item_has_only_the_udfs_of_its_category(at):
    body = {
        **BODY,
        "configurationItemCategoryID": 2,
        "userDefinedFields": [{"name": "RMM Device UID", "value": "u"}],
    }
    assert "Unable to find RMM Device UID" in at.refused("POST", "ConfigurationItems", body)[0]
    path = "ConfigurationItemCategories/2/UdfAssociations"
    at.ok("POST", path, {"userDefinedFieldDefinitionID": 1001, "isRequired": True})
    assert (
        "already" in at.refused("POST", path, {"userDefinedFieldDefinitionID": 1001, "isRequired": True})[0]
    )
    assert (
        "of type" in at.refused("POST", path, {"userDefinedFieldDefinitionID": 1004, "isRequired": True})[0]
    )
    made = at.ok("POST", "ConfigurationItems", body)["itemId"]
    assert udfs(at.item("ConfigurationItems", made)) == {"RMM Device UID": "u"}
    assert at.refused("POST", "ConfigurationItems", {**BODY, "configurationItemCategoryID": 2}) == [
        "Value does not exist for the required field RMM Device UID"
    ]


def test_defining_udfs(at):
    fields = {
        f["name"]: f for f in at.ok("GET", "UserDefinedFieldDefinitions/entityInformation/fields")["fields"]
    }
    kinds = {value["label"]: int(value["value"]) for value in fields["udfType"]["picklistValues"]}
    types = {value["label"]: int(value["value"]) for value in fields["dataType"]["picklistValues"]}
    body = {"name": "Patch state", "udfType": kinds["Ticket"], "dataType": types["List (Single Select)"]}
    made = at.ok("POST", "UserDefinedFieldDefinitions", body)["itemId"]
    assert "already exists" in at.refused("POST", "UserDefinedFieldDefinitions", body)[0]
    assert "45" in at.refused("POST", "UserDefinedFieldDefinitions", {**body, "name": "x" * 46})[0]
    item = {"valueForDisplay": "Good", "valueForExport": "good"}
    value = at.ok("POST", f"UserDefinedFields/{made}/ListItems", item)["itemId"]
    assert "List" in at.refused("POST", "UserDefinedFields/1004/ListItems", item)[0]
    ticket = at.ticket(userDefinedFields=[{"name": "Patch state", "value": value}])
    assert udfs(at.item("Tickets", ticket))["Patch state"] == str(value)
    at.refused("DELETE", f"UserDefinedFieldDefinitions/{made}", status=405)
    at.ok("PATCH", "UserDefinedFieldDefinitions", {"id": made, "isActive": False})
    assert "Patch state" not in udfs(at.item("Tickets", ticket))


def test_protected_udfs_need_their_own_right(at):
    at.ok(
        "PATCH",
        "ConfigurationItems",
        {"id": SERVER, "userDefinedFields": [{"name": "Missing Patches", "value": "3"}]},
    )
    at.ok("PATCH", "UserDefinedFieldDefinitions", {"id": PATCHES, "isProtected": True})
    at.double.add_api_user("low@example.com", "x", "CODE-LOW", API_RESOURCE, protected_data=False)
    low = {"UserName": "low@example.com", "Secret": "x", "ApiIntegrationCode": "CODE-LOW"}
    assert (
        udfs(at.ok("GET", f"ConfigurationItems/{SERVER}", headers=low)["item"])["Missing Patches"] == "*****"
    )
    sent = {"id": SERVER, "userDefinedFields": [{"name": "Missing Patches", "value": "4"}]}
    assert "permissions" in at.refused("PATCH", "ConfigurationItems", sent, headers=low)[0]
    assert udfs(at.item("ConfigurationItems", SERVER))["Missing Patches"] == "3"


def test_notes_related_items_and_billing_products(at):
    note = {"title": "t", "description": "d", "noteType": 1}
    made = at.ok("POST", f"ConfigurationItems/{SERVER}/Notes", note)["itemId"]
    assert at.item("ConfigurationItemNotes", made)["configurationItemID"] == SERVER
    at.ok(
        "POST",
        f"ConfigurationItems/{SERVER}/RelatedItems",
        {"relatedConfigurationItemID": 9003 - 1, "relationship": 3},
    )
    billing = {"billingProductID": 90, "effectiveDate": "2026-01-01"}
    made = at.ok("POST", f"ConfigurationItems/{SERVER}/BillingProductAssociations", billing)["itemId"]
    at.ok("DELETE", f"ConfigurationItems/{SERVER}/BillingProductAssociations/{made}")
    assert at.double.find("UserDefinedFieldListItems", udfFieldId=CARE)[0]["id"] == GOLD
