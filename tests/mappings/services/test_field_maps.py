from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from mappings.models import (
    ConfigurationItem,
    ConfigurationItemCategory,
    Device,
    DeviceLink,
    DeviceTypeRule,
    FieldMap,
    UdfAssociation,
    UdfDefinition,
)
from mappings.services.devices.fieldmaps import (
    check_map,
    map_facts,
    read_states,
)
from mappings.services.devices.fieldtrial import try_on_device
from mappings.services.devices.ruleset import associated_categories
from mappings.services.devices.udf_set import UdfRefused, draft_udf, needed_categories, plan_standard_set
from tests.mappings.conftest import guid, make_company, make_site
from tests.mappings.services.test_device_types import make_product

pytestmark = pytest.mark.django_db


def make_category(number: int, name: str, **values: Any) -> ConfigurationItemCategory:
    return ConfigurationItemCategory.objects.create(
        autotask_category_id=number, name=name, synced_at=timezone.now(), **values
    )


def make_udf(number: int, name: str, data_type: str = "text", **values: Any) -> UdfDefinition:
    return UdfDefinition.objects.create(
        autotask_udf_id=number, name=name, data_type=data_type, synced_at=timezone.now(), **values
    )


def show(udf: UdfDefinition, category: ConfigurationItemCategory) -> None:
    UdfAssociation.objects.create(
        autotask_association_id=UdfAssociation.objects.count() + 1,
        udf=udf,
        category=category,
        synced_at=timezone.now(),
    )


def make_linked(number: int, shown_as: ConfigurationItemCategory | None, **values: Any) -> Device:
    first = Device.objects.first()
    site = first.site if first is not None else make_site(1, "Site")
    udfs = values.pop("item_udfs", {})
    device = Device.objects.create(
        datto_device_uid=guid(number),
        site=site,
        hostname=f"H{number}",
        synced_at=timezone.now(),
        **{"device_class": "device", "category": "Server", **values},
    )
    item = ConfigurationItem.objects.create(
        autotask_configuration_item_id=number,
        autotask_company_id=1,
        autotask_category_id=shown_as.autotask_category_id if shown_as else None,
        udfs=udfs,
        synced_at=timezone.now(),
    )
    DeviceLink.objects.create(device=device, configuration_item=item, state="linked")
    return device


@pytest.mark.parametrize(
    ("udf", "values", "field", "text"),
    [
        ({"is_active": False}, {}, "udf", "is inactive in Autotask"),
        ({"data_type": "unknown"}, {}, "udf", "cannot be written through the API"),
        ({"is_protected": True}, {}, "udf", "may see protected data"),
        ({}, {"datto_field": "nonsense"}, "datto_field", "is unknown"),
        ({}, {"transforms": [{"name": "shout"}]}, "transforms", "'shout' is unknown"),
        ({"data_type": "number"}, {"datto_field": "model"}, "transforms", "Add the step 'number'"),
        ({"data_type": "list"}, {"datto_field": "model"}, "udf", "a list without entries"),
    ],
)
def test_check_names_field_and_cure(udf: dict, values: dict, field: str, text: str) -> None:
    one = FieldMap(udf=make_udf(1, "Target", **udf), **{"datto_field": "hostname", **values})
    problems = check_map(one)
    assert [problem.field for problem in problems] == [field]
    assert text in problems[0].text


def test_a_converting_step_or_a_text_udf_settles_the_type() -> None:
    number = make_udf(1, "Rack", "number")
    assert check_map(FieldMap(udf=number, datto_field="model", transforms=[{"name": "number"}])) == []
    assert check_map(FieldMap(udf=number, datto_field="memory_gb")) == []
    assert check_map(FieldMap(udf=make_udf(2, "Note"), datto_field="memory_gb")) == []
    assert check_map(FieldMap(udf=number, datto_udf_index=7)) == []


def test_state_tells_which_categories_lack_the_field_and_for_how_many_devices() -> None:
    servers, printers = make_category(6, "Server"), make_category(8, "Printer")
    udf = make_udf(1, "Asset Tag")
    show(udf, servers)
    make_linked(1, servers)
    for number in (2, 3):
        make_linked(number, printers, device_class="printer", category="Printer")
    everywhere = FieldMap.objects.create(udf=udf, datto_field="hostname")
    state = read_states()[everywhere.pk]
    assert [(need.category.name, need.devices) for need in state.needs] == [("Printer", 2)]
    assert state.devices == 3
    assert "category Printer, used by 2 devices" in state.problems[0].text
    FieldMap.objects.update(device_classes=["device"])
    assert read_states()[everywhere.pk].needs == ()


def test_devices_without_item_count_with_the_category_of_their_type_rule() -> None:
    servers = make_category(6, "Server")
    make_category(1, "Standard", is_global_default=True)
    DeviceTypeRule.objects.create(
        datto_category="Server", product=make_product(1, "Server"), configuration_item_category=servers
    )
    device = make_linked(1, None)
    DeviceLink.objects.all().delete()
    one = FieldMap.objects.create(udf=make_udf(1, "Asset Tag"), datto_field="hostname")
    assert [need.category.name for need in read_states()[one.pk].needs] == ["Server"]
    one.sites.add(make_site(2, "Elsewhere"))
    assert read_states()[one.pk].devices == 0
    one.sites.add(device.site)
    assert read_states()[one.pk].devices == 1


def test_two_mappings_of_one_field_are_told_of_the_newer() -> None:
    udf = make_udf(1, "Asset Tag")
    first = FieldMap.objects.create(udf=udf, datto_field="hostname")
    second = FieldMap.objects.create(udf=udf, datto_udf_index=7)
    states = read_states()
    assert states[first.pk].problems == ()
    assert "Another mapping writes Asset Tag already" in states[second.pk].problems[0].text


def test_states_cost_the_same_for_many_mappings() -> None:
    FieldMap.objects.create(udf=make_udf(1, "U1"), datto_field="hostname")
    read_states()
    with CaptureQueriesContext(connection) as few:
        read_states()
    for number in range(2, 15):
        FieldMap.objects.create(udf=make_udf(number, f"U{number}"), datto_udf_index=number)
    with CaptureQueriesContext(connection) as many:
        read_states()
    assert len(few) == len(many) <= 7


def trial_of(device: Device, *maps: FieldMap) -> Any:
    shown = associated_categories()
    facts = [map_facts(one, shown.get(one.udf_id, ()), ()) for one in maps]
    return try_on_device(facts, device.pk, read_indexes={7})


def test_trial_shows_before_after_and_what_would_be_sent_and_writes_nothing() -> None:
    servers = make_category(6, "Server")
    care = make_udf(
        2,
        "Care Level",
        "list",
        list_values=[{"value": "800", "label": "Gold"}, {"value": "801", "label": "Silver"}],
    )
    name = make_udf(1, "Asset Tag")
    for udf in (care, name):
        show(udf, servers)
    device = make_linked(
        1, servers, udfs={"7": " silver"}, item_udfs={"Care Level": "800", "Asset Tag": "H1"}
    )
    trial = trial_of(
        device, FieldMap(udf=care, datto_udf_index=7), FieldMap(udf=name, datto_field="hostname")
    )
    changed, same = trial.rows
    assert (changed.source.strip(), changed.before, changed.after, changed.is_sent) == (
        "silver",
        "Gold",
        "Silver",
        True,
    )
    assert (same.is_sent, same.note) == (False, "Both sides hold the same already.")
    assert trial.to_autotask == {"Care Level": "801"}
    assert ConfigurationItem.objects.get().udfs["Care Level"] == "800"


def test_trial_says_why_nothing_is_sent() -> None:
    servers = make_category(6, "Server")
    udf, hidden = make_udf(1, "Rack", "number"), make_udf(2, "Hidden")
    show(udf, servers)
    device = make_linked(1, servers, udfs={"7": "two"})
    words, left_out, unread, filtered = trial_of(
        device,
        FieldMap(pk=1, udf=udf, datto_udf_index=7),
        FieldMap(pk=2, udf=hidden, datto_field="hostname"),
        FieldMap(pk=3, udf=hidden, datto_udf_index=9),
        FieldMap(pk=4, udf=udf, datto_field="hostname", datto_category="Printer"),
    ).rows
    assert "needs a number" in words.note
    assert "not part of the configuration item's category" in left_out.note
    assert "category" in unread.note
    assert filtered.note == "The filter leaves it out."
    with pytest.raises(LookupError):
        trial_of(Device(pk=999))


@pytest.mark.parametrize(
    ("values", "field", "text"),
    [
        ({"name": " "}, "name", "is missing"),
        ({"name": "x" * 46}, "name", "at most 45"),
        ({"name": "asset  TAG"}, "name", "already"),
        ({"kind": "boolean"}, "kind", "choose one of"),
        ({"kind": "list"}, "list_values", "at least one"),
        ({"kind": "list", "list_values": ["a", "A "]}, "list_values", "twice"),
        ({"category_ids": []}, "categories", "at least one"),
    ],
)
def test_a_new_field_is_refused_beside_its_cause(values: dict, field: str, text: str) -> None:
    make_udf(1, "Asset Tag")
    category = make_category(1, "Standard")
    given = {"name": "New", "kind": "text", "category_ids": [category.pk], **values}
    with pytest.raises(UdfRefused, match=text) as refused:
        draft_udf(given.pop("name"), given.pop("kind"), **given)
    assert refused.value.field == field


def test_standard_set_uses_what_is_there_and_leaves_out_what_does_not_fit() -> None:
    servers = make_category(6, "Server")
    make_linked(1, servers)
    make_udf(1, "rmm model")
    make_udf(2, "RMM Memory GB", "date")
    make_udf(3, "RMM Domain", is_active=False)
    FieldMap.objects.create(udf=make_udf(4, "Mine"), datto_field="hostname")
    plan = plan_standard_set()
    rows = {row.field.name: row for row in plan.rows}
    assert "hostname" not in rows
    assert (rows["model"].creates_udf, rows["model"].associations) == (False, ("Server",))
    assert "is a date in Autotask, not a number" in rows["memory_gb"].problem
    assert "is switched off" in rows["domain"].problem
    assert rows["serial_number"].creates_udf
    assert {one.payload.get("name") for one in plan.drafts if one.operation == "create_udf"}.isdisjoint(
        {"RMM Model", "RMM Memory GB", "RMM Domain", "RMM Host Name"}
    )


def test_needed_categories_are_those_of_devices_and_type_rules() -> None:
    make_company(1, "A")
    servers, printers = make_category(6, "Server"), make_category(8, "Printer")
    make_category(3, "SSL Certificate")
    make_category(11, "Old Category", is_active=False)
    make_linked(1, servers)
    DeviceTypeRule.objects.create(
        datto_category="Printer", product=make_product(1, "Printer"), configuration_item_category=printers
    )
    assert [one.name for one in needed_categories()] == ["Server", "Printer"]
