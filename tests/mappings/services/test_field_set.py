"""Creating fields in Autotask: over HTTP against the sandbox, once, whatever happens on the way."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from integration.models import SyncRun, SyncRunEntry
from integration.sync.changes import undo_entries
from integration.sync.operations import Draft
from integration.sync.runs import execute_run
from mappings.domain.devices.dattofields import standard_set
from mappings.models import (
    ConfigurationItemCategory,
    DevicePolicy,
    DeviceTypeRule,
    FieldMap,
    Product,
    UdfAssociation,
    UdfDefinition,
)
from mappings.services.devices.udf_set import (
    draft_associations,
    draft_udf,
    plan_standard_set,
    queue_udf_changes,
)
from tests.mappings.conftest import Run
from tests.sandbox.served import Served

pytestmark = pytest.mark.django_db


@pytest.fixture
def catalogue(sync: Run) -> None:
    """Read what Autotask has, and let servers and printers be of their categories."""
    assert sync("reference").status == SyncRun.Status.SUCCEEDED
    product = Product.objects.filter(is_active=True).first()
    for name in ("Server", "Printer"):
        DeviceTypeRule.objects.create(
            datto_category=name,
            product=product,
            configuration_item_category=ConfigurationItemCategory.objects.get(name=name),
        )


def apply(drafts: list[Draft] | tuple[Draft, ...], user: User | None = None) -> SyncRun:
    run, is_new = queue_udf_changes(drafts, user, title="Fields")
    assert is_new
    done = execute_run(run.pk)
    assert done is not None
    return done


def problems(run: SyncRun) -> list[str]:
    return [f"{one.label}: {one.message}" for one in run.entries.exclude(status="done")]


def names_in_autotask(vendors: Served) -> list[str]:
    rows = vendors.control("rows/UserDefinedFieldDefinitions?limit=500", method="GET").json()["rows"]
    return [row["name"] for row in rows]


def test_standard_set_is_created_once_and_a_second_time_nothing_is_missing(
    catalogue: None, vendors: Served
) -> None:
    plan = plan_standard_set()
    assert plan.new_udfs == len(standard_set()) == plan.new_maps
    assert plan.new_associations == 2 * plan.new_udfs
    run = apply(plan.drafts)
    assert problems(run) == []
    assert run.status == SyncRun.Status.SUCCEEDED
    assert plan_standard_set().drafts == ()
    assert FieldMap.objects.count() == plan.new_maps
    uid = UdfDefinition.objects.get(name="RMM Device UID")
    assert DevicePolicy.objects.get().uid_udf == uid
    assert {one.category.name for one in uid.associations.all()} == {"Server", "Printer"}
    names = names_in_autotask(vendors)
    assert len(names) == len(set(names))
    assert {one.udf_name for one in standard_set()} <= set(names)


def test_what_we_created_reads_back_the_same(catalogue: None, sync: Run) -> None:
    apply(plan_standard_set().drafts)
    before = list(
        UdfDefinition.objects.order_by("pk").values_list("autotask_udf_id", "name", "data_type", "is_active")
    )
    shown = set(UdfAssociation.objects.values_list("autotask_association_id", "udf_id", "category_id"))
    again = sync("reference")
    assert not again.entries.filter(object_type="user-defined field", action="create").exists()
    after = list(
        UdfDefinition.objects.order_by("pk").values_list("autotask_udf_id", "name", "data_type", "is_active")
    )
    assert before == after
    assert shown == set(
        UdfAssociation.objects.values_list("autotask_association_id", "udf_id", "category_id")
    )


def test_a_list_field_is_created_with_its_values(catalogue: None, vendors: Served) -> None:
    category = ConfigurationItemCategory.objects.get(name="Server")
    run = apply(draft_udf("Tier", "list", list_values=["One", "Two"], category_ids=[category.pk]))
    assert problems(run) == []
    udf = UdfDefinition.objects.get(name="Tier")
    assert [one["label"] for one in udf.list_values] == ["One", "Two"]
    assert list(udf.categories.all()) == [category]
    rows = vendors.control("rows/UserDefinedFieldListItems?limit=500", method="GET").json()["rows"]
    assert {str(row["id"]) for row in rows if row["valueForDisplay"] in {"One", "Two"}} == {
        one["value"] for one in udf.list_values
    }


def test_a_field_a_person_made_meanwhile_is_used_not_doubled(catalogue: None, vendors: Served) -> None:
    category = ConfigurationItemCategory.objects.get(name="Server")
    drafts = draft_udf("Tier", "text", category_ids=[category.pk])
    made = apply(drafts)
    first = UdfDefinition.objects.get(name="Tier")
    UdfAssociation.objects.filter(udf=first).delete()
    first.delete()
    again = apply(draft_udf("TIER", "text", category_ids=[category.pk]))
    assert problems(made) == problems(again) == []
    assert names_in_autotask(vendors).count("Tier") == 1
    assert UdfDefinition.objects.get(name="Tier").autotask_udf_id == first.autotask_udf_id
    assert {one.message for one in again.entries.all()} == {
        "Autotask had it already; it is used as it is.",
        "Autotask shows it there already.",
    }


def test_a_field_of_another_type_fails_alone_with_the_cure(catalogue: None) -> None:
    category = ConfigurationItemCategory.objects.get(name="Server")
    UdfDefinition.objects.filter(name="Rack").delete()
    run = apply(
        [
            *draft_udf("Rack", "text", category_ids=[category.pk]),
            *draft_udf("Fine", "text", category_ids=[category.pk]),
        ]
    )
    assert run.status == SyncRun.Status.PARTIAL
    failed = run.entries.get(label="Rack")
    assert (failed.status, "another type" in failed.message, failed.remedy != "") == ("failed", True, True)
    assert UdfDefinition.objects.filter(name="Fine").exists()


def test_a_lost_answer_creates_no_second_field(catalogue: None, vendors: Served, monkeypatch: Any) -> None:
    """The worker dies between Autotask's write and ours: the entry stays claimed and is looked for."""
    category = ConfigurationItemCategory.objects.get(name="Server")
    run, _ = queue_udf_changes(draft_udf("Tier", "text", category_ids=[category.pk]), None, title="Tier")

    class Killed(BaseException):
        """The process ends here."""

    def die(*_args: object, **_values: object) -> None:
        raise Killed

    monkeypatch.setattr(UdfDefinition.objects, "update_or_create", die)
    with pytest.raises(Killed):
        execute_run(run.pk)
    monkeypatch.undo()
    assert names_in_autotask(vendors).count("Tier") == 1
    SyncRun.objects.filter(pk=run.pk).update(
        status=SyncRun.Status.QUEUED, finished_at=None, error="", remedy=""
    )
    done = execute_run(run.pk)
    assert done is not None
    assert problems(done) == []
    assert names_in_autotask(vendors).count("Tier") == 1
    entry = done.entries.get(operation="create_udf")
    assert entry.result["is_ours"]


def test_the_same_order_twice_is_one_run(catalogue: None) -> None:
    category = ConfigurationItemCategory.objects.get(name="Server")
    drafts = draft_udf("Tier", "text", category_ids=[category.pk])
    first, is_new = queue_udf_changes(drafts, None, title="Tier")
    second, is_second_new = queue_udf_changes(drafts, None, title="Tier")
    assert (first, is_new, is_second_new) == (second, True, False)


def test_associating_shows_the_field_only_where_it_is_missing(catalogue: None) -> None:
    udf = UdfDefinition.objects.get(name="Asset Tag")
    categories = list(ConfigurationItemCategory.objects.filter(name__in=["Server", "SSL Certificate"]))
    drafts = draft_associations(udf, categories)
    assert [one.label for one in drafts] == ["Asset Tag in SSL Certificate"]
    assert problems(apply(drafts)) == []
    assert udf.categories.filter(name="SSL Certificate").exists()
    assert draft_associations(udf, categories) == []


def test_undo_takes_back_what_we_made_and_only_that(catalogue: None, vendors: Served) -> None:
    made = apply(plan_standard_set().drafts)
    undoing = undo_entries(made, None)
    done = execute_run(undoing.pk)
    assert done is not None
    assert problems(done) == []
    assert FieldMap.objects.count() == 0
    assert DevicePolicy.objects.get().uid_udf is None
    assert not UdfAssociation.objects.filter(udf__name__startswith="RMM ").exists()
    assert not UdfDefinition.objects.filter(name__startswith="RMM ", is_active=True).exists()
    assert UdfDefinition.objects.get(name="Asset Tag").is_active
    rows = vendors.control("rows/UserDefinedFieldDefinitions?limit=500", method="GET").json()["rows"]
    assert {row["isActive"] for row in rows if row["name"].startswith("RMM ")} == {False}
    assert made.entries.exclude(status=SyncRunEntry.Status.UNDONE).count() == 0
