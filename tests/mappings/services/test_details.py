"""What hangs on a mapping: refused with field and cure, in history and undo, in and out by CSV."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from mappings.models import CompanyLocation, Contact, Contract, PicklistValue, SiteMapping, SiteMappingChange
from mappings.services.decisions import MappingRefused, choose_company, ignore, undo
from mappings.services.details import Details, details_of, find_objections, set_details
from mappings.services.transfer import apply_import, export_rows, plan_import
from tests.mappings.conftest import make_company, make_mapping

pytestmark = pytest.mark.django_db


@pytest.fixture
def rows() -> dict[str, Any]:
    now = timezone.now()
    company, other = make_company(1, "Contoso"), make_company(2, "Other")
    made: dict[str, Any] = {
        "mapping": make_mapping(1, "Contoso", company),
        "company": company,
        "other": other,
    }
    for number, owner in ((1, company), (2, other)):
        made[f"location{number}"] = CompanyLocation.objects.create(
            autotask_location_id=number * 10, company=owner, name=f"HQ {number}", synced_at=now
        )
        made[f"contact{number}"] = Contact.objects.create(
            autotask_contact_id=number * 10, company=owner, last_name=f"Ann {number}", synced_at=now
        )
        made[f"contract{number}"] = Contract.objects.create(
            autotask_contract_id=number * 10,
            company=owner,
            name=f"Care {number}",
            start_date=date(2020, 1, 1),
            synced_at=now,
        )
    made["queue"] = PicklistValue.objects.create(
        entity="Tickets", field="queueID", value=5, label="Level II", synced_at=now
    )
    made["status"] = PicklistValue.objects.create(
        entity="Tickets", field="status", value=5, label="Complete", synced_at=now
    )
    return made


def full(rows: dict[str, Any]) -> Details:
    return Details(
        rows["location1"], rows["contact1"], rows["contract1"], rows["queue"], 2, True, False, "Ask Ada"
    )


def read(mapping: SiteMapping) -> SiteMapping:
    return SiteMapping.objects.select_related(
        "site", "company", "company_location", "default_contact", "default_contract", "queue"
    ).get(pk=mapping.pk)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("company_location", "location2"),
        ("default_contact", "contact2"),
        ("default_contract", "contract2"),
        ("queue", "status"),
        ("priority_offset", 4),
    ],
)
def test_foreign_things_are_refused_beside_their_field(rows: dict[str, Any], field: str, value: Any) -> None:
    details = Details(**{field: rows[value] if isinstance(value, str) else value})
    with pytest.raises(MappingRefused) as refusal:
        set_details(rows["mapping"], None, details)
    assert refusal.value.field == field
    assert "Choose" in str(refusal.value) or "Use" in str(refusal.value)


def test_inactive_contact_may_stay_but_not_be_chosen(rows: dict[str, Any]) -> None:
    details = Details(default_contact=rows["contact1"])
    set_details(rows["mapping"], None, details)
    Contact.objects.update(is_active=False)
    mapping = read(rows["mapping"])
    assert find_objections(mapping, details_of(mapping)) == {}
    set_details(mapping, None, Details())
    mapping = read(rows["mapping"])
    inactive = Details(default_contact=Contact.objects.get(pk=rows["contact1"].pk))
    assert "is inactive" in find_objections(mapping, inactive)["default_contact"]


def test_settings_are_kept_in_history_and_undone(rows: dict[str, Any], person: User) -> None:
    outcome = set_details(rows["mapping"], person, full(rows))
    assert details_of(read(rows["mapping"])) == full(rows)
    assert outcome.batch is not None
    undo(outcome.batch, person)
    assert details_of(read(rows["mapping"])) == Details()


def test_another_organization_forgets_what_was_the_old_ones_and_undo_brings_it_back(
    rows: dict[str, Any], person: User
) -> None:
    choose_company(rows["mapping"], rows["company"], person)
    set_details(read(rows["mapping"]), person, full(rows))
    outcome = choose_company(read(rows["mapping"]), rows["other"], person)
    after = read(rows["mapping"])
    assert (after.company_location, after.default_contact, after.default_contract) == (None, None, None)
    assert (after.queue, after.priority_offset) == (rows["queue"], 2)
    assert outcome.batch is not None
    undo(outcome.batch, person)
    assert details_of(read(rows["mapping"])) == full(rows)
    ignore([rows["mapping"].pk], person)
    assert read(rows["mapping"]).default_contact is None


def test_history_written_before_these_settings_existed_can_be_undone(
    rows: dict[str, Any], person: User
) -> None:
    outcome = choose_company(rows["mapping"], rows["other"], person)
    for change in SiteMappingChange.objects.all():
        for name in ("default_contact_id", "default_contract_id", "queue_id", "priority_offset"):
            change.before.pop(name)
            change.after.pop(name)
        change.save()
    assert outcome.batch is not None
    assert undo(outcome.batch, person).changed == 1
    assert read(rows["mapping"]).company == rows["company"]


def csv_of(mapping: SiteMapping) -> str:
    return "\n".join(",".join(cells) for cells in export_rows([read(mapping)])) + "\n"


def test_csv_carries_the_settings_out_and_in_again(rows: dict[str, Any], person: User) -> None:
    choose_company(rows["mapping"], rows["company"], person)
    set_details(read(rows["mapping"]), person, full(rows))
    text = csv_of(rows["mapping"])
    assert "10,10,10,5,2,yes,no,Ask Ada" in text
    assert plan_import(text).unchanged == 1
    set_details(read(rows["mapping"]), person, Details())
    plan = plan_import(text)
    assert plan.errors == []
    assert "queue: Level II" in plan.changes[0].after
    outcome = apply_import(text, person)
    assert (outcome.changed, outcome.errors) == (1, [])
    assert details_of(read(rows["mapping"])) == full(rows)
    undo(outcome.batch, person)
    assert details_of(read(rows["mapping"])) == Details()


def test_csv_confirms_and_sets_in_one_undo(rows: dict[str, Any], person: User) -> None:
    uid = rows["mapping"].site.datto_site_uid
    text = f"datto_site_uid,autotask_company_id,state,autotask_contact_id,priority_offset\n{uid},2,confirmed,20,-1\n"
    outcome = apply_import(text, person)
    after = read(rows["mapping"])
    assert (outcome.errors, outcome.changed) == ([], 1)
    assert (after.company, after.default_contact, after.priority_offset) == (
        rows["other"],
        rows["contact2"],
        -1,
    )
    undo(outcome.batch, person)
    after = read(rows["mapping"])
    assert (after.company, after.state, after.default_contact) == (rows["company"], "proposed", None)


@pytest.mark.parametrize(
    ("columns", "cells", "words"),
    [
        (
            "autotask_contact_id",
            "20",
            "autotask_contact_id: The contact Ann 2 belongs to another organization",
        ),
        ("autotask_contract_id", "x", "autotask_contract_id: 'x' is not a number"),
        ("autotask_location_id", "999", "autotask_location_id: nothing with the id 999 is known"),
        ("priority_offset", "9", "priority_offset: '9' is no number of steps"),
        ("make_tickets", "perhaps", "make_tickets: 'perhaps' is not understood"),
    ],
)
def test_csv_refuses_a_cell_with_its_column_and_the_cure(
    rows: dict[str, Any], columns: str, cells: str, words: str
) -> None:
    uid = rows["mapping"].site.datto_site_uid
    plan = plan_import(f"datto_site_uid,autotask_company_id,state,{columns}\n{uid},1,confirmed,{cells}\n")
    assert plan.changes == []
    assert words in plan.errors[0].message
