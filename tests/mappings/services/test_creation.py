"""Sites and organizations created from here: once, whatever is clicked twice or dies on the way."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integration.models import Connection, SyncRun, SyncRunEntry
from integration.sync.runs import execute_run
from mappings.models import Company, Site, SiteMapping
from mappings.services.creation import (
    CreationRefused,
    NewCompany,
    ask_for_company,
    ask_for_site,
    list_creations,
    register_operations,
)
from mappings.services.decisions import choose_company
from tests.mappings.conftest import make_company, make_mapping
from tests.sandbox.served import Served

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("connection", "redis_client")]
NAME = "Brand New Bakery"


@pytest.fixture(autouse=True)
def _operations() -> None:
    register_operations()


@pytest.fixture
def mapping(connection: Connection) -> SiteMapping:
    make_company(0, "Our own")
    return make_mapping(1, NAME)


def wanted(name: str = NAME, phone: str = "+49 30 1234") -> NewCompany:
    return NewCompany(name, phone, company_type=1, like_autotask_company_id=0)


def remote(vendors: Served, name: str) -> list[dict[str, Any]]:
    return list(vendors.call("GET", f"/control/rows/Companies?companyName={name}").json()["rows"])


def remote_sites(vendors: Served, name: str) -> list[dict[str, Any]]:
    return [one for one in vendors.call("GET", "/control/sites").json()["sites"] if one["name"] == name]


def test_organization_is_created_and_the_site_mapped_to_it(
    vendors: Served, mapping: SiteMapping, person: User
) -> None:
    run, is_new = ask_for_company(mapping, wanted(), person)
    assert is_new
    done = execute_run(run.pk)
    assert done is not None
    assert (done.status, done.error) == ("succeeded", "")
    [row] = remote(vendors, NAME)
    mapping.refresh_from_db()
    assert mapping.company is not None
    assert (mapping.state, mapping.source) == ("confirmed", "created")
    assert mapping.company.autotask_company_id == row["id"]
    assert mapping.decided_by == person
    [entry] = list_creations("create_company", mapping.site.datto_site_uid)
    assert f"{NAME} belongs to {NAME} now" in entry.message


def test_second_click_gets_the_same_run_and_later_ones_are_refused(
    vendors: Served, mapping: SiteMapping, person: User
) -> None:
    first, _ = ask_for_company(mapping, wanted(), person)
    second, is_new = ask_for_company(mapping, wanted(), person)
    assert (second.pk, is_new) == (first.pk, False)
    execute_run(first.pk)
    assert execute_run(first.pk) is None
    with pytest.raises(CreationRefused, match="has an organization already"):
        ask_for_company(mapping, wanted(), person)
    assert len(remote(vendors, NAME)) == 1


def test_lost_answer_is_found_again_by_name(vendors: Served, mapping: SiteMapping, person: User) -> None:
    vendors.control(
        "faults",
        {
            "kind": "cut_after_store",
            "vendor": "autotask",
            "method": "POST",
            "path": "*/Companies",
            "count": 1,
        },
    )
    run, _ = ask_for_company(mapping, wanted(), person)
    execute_run(run.pk)
    assert len(remote(vendors, NAME)) == 1
    mapping.refresh_from_db()
    assert mapping.state == "confirmed"


def test_worker_that_died_between_write_and_save_leaves_no_second_organization(
    vendors: Served, mapping: SiteMapping, person: User
) -> None:
    run, _ = ask_for_company(mapping, wanted(), person)
    execute_run(run.pk)
    # As the worker left it that died right after Autotask had stored the organization.
    Company.objects.exclude(autotask_company_id=0).update(name="x")
    SiteMapping.objects.update(company=None, state="unmapped", decided_at=None, source="")
    Company.objects.exclude(autotask_company_id=0).delete()
    SyncRunEntry.objects.update(status="applying", result={})
    SyncRun.objects.update(status="failed", finished_at=timezone.now())
    again, is_new = ask_for_company(mapping, wanted(name="Some Other Name"), person)
    assert is_new
    execute_run(again.pk)
    assert len(remote(vendors, NAME)) == 1
    assert remote(vendors, "Some Other Name") == []
    mapping.refresh_from_db()
    assert mapping.company is not None
    assert mapping.company.name == NAME


def test_name_that_autotask_has_already_is_refused_not_doubled(
    vendors: Served, mapping: SiteMapping, person: User
) -> None:
    vendors.control(
        "rows/Companies",
        {"fields": {"companyName": NAME, "companyType": 1, "phone": "1", "ownerResourceID": 29682885}},
    )
    before = len(remote(vendors, NAME))
    run, _ = ask_for_company(mapping, wanted(), person)
    done = execute_run(run.pk)
    assert done is not None
    assert done.status == "partial"
    [entry] = run.entries.all()
    assert "already" in entry.message
    assert "choose it for the site" in entry.remedy
    assert len(remote(vendors, NAME)) == before


@pytest.mark.parametrize(
    ("name", "phone", "field"),
    [("", "1", "name"), ("x" * 101, "1", "name"), (NAME, " ", "phone"), ("Our own", "1", "name")],
)
def test_bad_values_are_refused_with_the_field(
    mapping: SiteMapping, person: User, name: str, phone: str, field: str
) -> None:
    with pytest.raises(CreationRefused) as refusal:
        ask_for_company(mapping, wanted(name, phone), person)
    assert refusal.value.field == field
    assert not SyncRun.objects.exists()


def test_site_is_created_and_belongs_to_the_organization(
    vendors: Served, mapping: SiteMapping, person: User
) -> None:
    company = make_company(77, "Contoso")
    run, _ = ask_for_site(company, "Contoso - North", person, description="By the river")
    again, is_new = ask_for_site(company, "Contoso - North", person)
    assert (again.pk, is_new) == (run.pk, False)
    execute_run(run.pk)
    [row] = remote_sites(vendors, "Contoso - North")
    site = Site.objects.get(datto_site_uid=row["uid"])
    assert (site.mapping.company, site.mapping.source, site.mapping.state) == (
        company,
        "created",
        "confirmed",
    )
    with pytest.raises(CreationRefused, match="exists already"):
        ask_for_site(company, "contoso - north", person)


def test_site_whose_answer_was_lost_is_created_once(
    vendors: Served, mapping: SiteMapping, person: User
) -> None:
    company = make_company(77, "Contoso")
    vendors.control(
        "faults",
        {"kind": "cut_after_store", "vendor": "datto_rmm", "method": "PUT", "path": "*/site", "count": 1},
    )
    run, _ = ask_for_site(company, "Contoso - North", person)
    execute_run(run.pk)
    assert len(remote_sites(vendors, "Contoso - North")) == 1
    assert SiteMapping.objects.get(site__name="Contoso - North").company == company


def test_decision_made_meanwhile_is_not_overruled(
    vendors: Served, mapping: SiteMapping, person: User
) -> None:
    run, _ = ask_for_company(mapping, wanted(), person)
    other = make_company(88, "Chosen meanwhile")
    choose_company(mapping, other, person)
    execute_run(run.pk)
    mapping.refresh_from_db()
    assert mapping.company == other
    assert "stays there" in run.entries.get().message
