"""Definitions of user-defined fields, list choices and category associations against the sandbox."""

import pytest

from integration.vendors.autotask.entities import EntityError
from integration.vendors.autotask.picklists import FieldSet
from integration.vendors.autotask.records import FieldInfo
from integration.vendors.autotask.udfs import DEFINITIONS, udf_data_type_of, udf_type_of
from integration.vendors.errors import ContractBroken, NotFound, Rejected
from tests.sandbox.autotask_rig import CARE, DEVICE_UID, GOLD, PATCHES, SERVER, SILVER


@pytest.fixture
def client(sandbox_client):
    return sandbox_client


@pytest.fixture
def fields(client):
    return client.fetch_field_info(DEFINITIONS)


def test_definitions_of_one_entity(client):
    found = {definition.id: definition for definition in client.iter_udf_definitions_of("ConfigurationItems")}
    assert {DEVICE_UID, CARE, PATCHES} <= set(found)
    assert found[CARE].name == "Care Level"
    assert found[CARE].is_active
    tickets = client.iter_udf_definitions_of("Tickets")
    assert not set(found) & {definition.id for definition in tickets}
    assert len(list(client.iter_udf_definitions())) > len(found)


def test_a_new_field_is_shown_by_its_category_and_can_be_written(client, fields):
    definition_id = client.create_udf_definition(
        name=" RMM Memory ",
        udf_type=udf_type_of(fields, "ConfigurationItems"),
        data_type=udf_data_type_of(fields, "text"),
        description="from the audit",
    )
    with pytest.raises(Rejected, match="RMM Memory"):
        client.update_configuration_item(SERVER, {"userDefinedFields": {"RMM Memory": "16 GB"}})
    association_id = client.create_category_udf_association(1, definition_id)
    client.update_configuration_item(SERVER, {"userDefinedFields": {"RMM Memory": "16 GB"}})
    assert client.find_configuration_item(SERVER).udfs["RMM Memory"] == "16 GB"
    info = client.fetch_udf_info("ConfigurationItems")["RMM Memory"]
    assert (info.data_type, info.length, info.description) == ("string", 8000, "from the audit")
    (one,) = [row for row in client.iter_category_udf_associations(category_id=1) if row.id == association_id]
    assert (one.category_id, one.definition_id, one.is_required) == (1, definition_id, False)
    assert list(client.iter_category_udf_associations(category_id=2)) == []
    assert association_id in {row.id for row in client.iter_category_udf_associations()}
    with pytest.raises(Rejected, match="already associated"):
        client.create_category_udf_association(1, definition_id)
    client.delete_category_udf_association(1, association_id)
    assert association_id not in {row.id for row in client.iter_category_udf_associations()}
    with pytest.raises(NotFound):
        client.delete_category_udf_association(1, association_id)


def test_a_definition_is_switched_off_and_on(client, fields):
    udf_type = udf_type_of(fields, "ConfigurationItems")
    client.set_udf_definition_active(PATCHES, is_active=False)
    active = {row.id for row in client.iter_udf_definitions(udf_type=udf_type, active_only=True)}
    assert PATCHES not in active
    assert PATCHES in {row.id for row in client.iter_udf_definitions(udf_type=udf_type)}
    client.set_udf_definition_active(PATCHES, is_active=True)
    assert PATCHES in {row.id for row in client.iter_udf_definitions(active_only=True)}


def test_list_choices(client):
    held = {item.id: item for item in client.iter_udf_list_items(definition_id=CARE)}
    assert {n: (held[n].display, held[n].export, held[n].is_active) for n in (GOLD, SILVER)} == {
        GOLD: ("Gold", "gold", True),
        SILVER: ("Silver", "s", False),
    }
    bronze = client.create_udf_list_item(CARE, display=" Bronze ")
    (made,) = [item for item in client.iter_udf_list_items() if item.id == bronze]
    assert (made.definition_id, made.display, made.export, made.is_active) == (CARE, "Bronze", "Bronze", True)
    client.update_configuration_item(SERVER, {"userDefinedFields": {"Care Level": str(bronze)}})
    assert client.find_configuration_item(SERVER).udfs["Care Level"] == str(bronze)
    labels = {
        value.number: value.label
        for value in client.fetch_udf_info("ConfigurationItems")["Care Level"].picklist
    }
    assert labels[bronze] == "Bronze"
    with pytest.raises(Rejected, match="type List"):
        client.create_udf_list_item(DEVICE_UID, display="x")


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda c: c.create_udf_definition(name=" ", udf_type=1, data_type=1), "name: Autotask needs it"),
        (
            lambda c: c.create_udf_definition(name="x" * 46, udf_type=1, data_type=1),
            "46 characters, at most 45",
        ),
        (
            lambda c: c.create_udf_definition(name="x", udf_type=1, data_type=1, description="x" * 129),
            "description: 129 characters, at most 128",
        ),
        (lambda c: c.create_udf_list_item(CARE, display=""), "valueForDisplay: Autotask needs it"),
        (lambda c: c.create_udf_list_item(CARE, display="x", export="x" * 129), "at most 128"),
    ],
)
def test_refused_before_it_costs_a_call(client, records, call, says):
    with pytest.raises(EntityError, match=says):
        call(client)
    assert records == []


def described(name, *labels):
    values = [{"value": str(n), "label": label, "isActive": True} for n, label in enumerate(labels, 1)]
    return FieldSet([FieldInfo.from_wire({"name": name, "isPickList": True, "picklistValues": values})])


@pytest.mark.parametrize(
    "label", ["ConfigurationItem", "Configuration Item", "Installed Product", "Configuration Items"]
)
def test_the_entity_is_told_by_any_of_its_names(label):
    assert udf_type_of(described("udfType", "Company", label), "ConfigurationItems") == 2
    assert udf_type_of(described("udfType", "Account", label), "Companies") == 1


def test_the_kind_is_told_by_its_label():
    labels = (
        "Text (Single Line)",
        "Text (Multi Line)",
        "Numeric",
        "Date",
        "List (Single Select)",
        "List (Multi Select)",
    )
    fields = described("dataType", *labels)
    kinds = ("text", "long_text", "number", "date", "list")
    assert [udf_data_type_of(fields, kind) for kind in kinds] == [1, 2, 3, 4, 5]  # type: ignore[arg-type]


@pytest.mark.parametrize("labels", [(), ("Company",), ("Configuration Item", "ConfigurationItem")])
def test_a_type_that_cannot_be_told_is_not_guessed(labels):
    with pytest.raises(ContractBroken, match="cannot tell which is ConfigurationItems"):
        udf_type_of(described("udfType", *labels), "ConfigurationItems")
    with pytest.raises(ContractBroken, match="among: none"):
        udf_data_type_of(FieldSet([]), "text")
