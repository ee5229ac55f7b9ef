from __future__ import annotations

import pytest

from integration.models import SyncRunEntry
from mappings.models import (
    ConfigurationItemCategory,
    ConfigurationItemType,
    MirrorState,
    Product,
    UdfAssociation,
    UdfDefinition,
)
from mappings.services.devices.catalogue import sync_catalogue
from tests.mappings.conftest import Run
from tests.mappings.services.devices.reading import Reading

pytestmark = pytest.mark.django_db(transaction=True)


def read(reading: Reading) -> list[str]:
    refused: list[str] = []
    sync_catalogue(reading.recorder(), reading.autotask, refused)
    return refused


def test_reference_brings_the_catalogue(reading: Reading, sync: Run) -> None:
    run = sync("reference")
    assert (run.status, run.failures) == ("succeeded", 0)
    active = {row["id"] for row in reading.rows("Products") if row["isActive"]}
    assert set(Product.objects.values_list("autotask_product_id", flat=True)) == active
    types = {row["id"]: (row["name"], row["isActive"]) for row in reading.rows("ConfigurationItemTypes")}
    assert types == {
        one.autotask_type_id: (one.name, one.is_active) for one in ConfigurationItemType.objects.all()
    }
    categories = reading.rows("ConfigurationItemCategories")
    assert ConfigurationItemCategory.objects.count() == len(categories)
    assert ConfigurationItemCategory.objects.get(is_global_default=True).name == "Standard"
    assert not ConfigurationItemCategory.objects.get(name="Old Category").is_active


def test_fields_come_with_type_list_values_and_categories(reading: Reading) -> None:
    assert read(reading) == []
    types = dict(UdfDefinition.objects.values_list("name", "data_type"))
    assert types["Asset Tag"] == "text"
    assert types["Site Notes"] == "long_text"
    assert types["Rack"] == "number"
    assert types["Purchase Date"] == "date"
    level = UdfDefinition.objects.get(name="Care Level")
    assert level.data_type == "list"
    assert level.list_values[0] == {"value": "800", "label": "Gold", "is_active": True}
    assert level.list_values[-1] == {"value": "803", "label": "Platinum", "is_active": False}
    assert UdfDefinition.objects.get(name="Asset Tag").list_values == []
    assert not UdfDefinition.objects.get(name="Old Inventory Number").is_active
    lease = UdfAssociation.objects.select_related("category").get(udf__name="Lease Number")
    assert (lease.category.name, lease.is_required) == ("Leased Equipment", True)
    assert UdfAssociation.objects.count() == len(reading.rows("ConfigurationItemCategoryUdfAssociations"))


def test_a_second_read_writes_nothing(reading: Reading) -> None:
    with reading.cost() as first:
        read(reading)
    with reading.cost() as second:
        read(reading)
    assert len(second.calls) <= len(first.calls) <= 12
    assert second.writes == []


def test_what_is_switched_off_or_gone_stays_as_inactive(reading: Reading) -> None:
    read(reading)
    reading.change("Products", 101, isActive=False)
    reading.delete("ConfigurationItemTypes", 8)
    read(reading)
    assert not Product.objects.get(autotask_product_id=101).is_active
    assert not ConfigurationItemType.objects.get(autotask_type_id=8).is_active


def test_an_association_that_is_gone_is_deleted(reading: Reading) -> None:
    read(reading)
    association = UdfAssociation.objects.get(udf__name="Lease Number")
    reading.delete("ConfigurationItemCategoryUdfAssociations", association.autotask_association_id)
    read(reading)
    assert not UdfAssociation.objects.filter(pk=association.pk).exists()
    assert UdfDefinition.objects.filter(name="Lease Number", is_active=True).exists()


def test_a_part_that_may_not_be_read_spares_the_others(reading: Reading, sync: Run) -> None:
    reading.vendors.sandbox.autotask._database.switches.denied.append("Products:query")
    run = sync("reference")
    assert (run.status, run.failures) == ("partial", 1)
    assert "permission" in SyncRunEntry.objects.get(run=run, status="failed").message
    assert UdfDefinition.objects.exists()
    assert not MirrorState.objects.filter(name="products").exists()


def test_queries_do_not_grow_with_associations(reading: Reading) -> None:
    read(reading)
    associations = list(UdfAssociation.objects.values_list("pk", flat=True))
    costs = []
    for count in (1, 30):
        UdfAssociation.objects.filter(pk__in=associations[:count]).delete()
        with reading.cost() as cost:
            read(reading)
        costs.append(cost.queries)
        associations = list(UdfAssociation.objects.values_list("pk", flat=True))
    assert costs[0] == costs[1]
