from __future__ import annotations

import json

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command

from integration.csv_files import csv_answer
from mappings.models import SiteMapping
from mappings.services.decisions import confirm_mappings, undo
from mappings.services.transfer import BadFile, apply_import, decode_file, export_rows, plan_import
from tests.mappings.conftest import guid, make_company, make_mapping

pytestmark = pytest.mark.django_db
HEADER = "datto_site_uid,site_name,autotask_company_id,company_name,state"


def exported() -> str:
    rows = export_rows(SiteMapping.objects.select_related("site", "company"))
    return csv_answer("site-mappings", rows).getvalue().decode("utf-8-sig")


def test_export_imported_again_changes_nothing() -> None:
    company = make_company(1, "=cmd()")
    confirm_mappings([make_mapping(1, "-Contoso, Inc.", company).pk], None)
    make_mapping(2, 'The "Twins"', state="conflict")
    make_mapping(3, "Zebra")
    plan = plan_import(exported())
    assert (plan.changes, plan.errors, plan.unchanged) == ([], [], 3)
    assert "'=cmd()" in exported()


@pytest.mark.parametrize("column", ["datto_site_uid", "autotask_company_id", "state"])
def test_missing_column_is_named_with_the_cure(column: str) -> None:
    with pytest.raises(BadFile, match=f"column {column} is missing.*Export"):
        plan_import(HEADER.replace(column, "something") + "\n1,2,3,4,5")


@pytest.mark.parametrize("text", ["", "\n\n", "  "])
def test_empty_file_is_refused(text: str) -> None:
    with pytest.raises(BadFile, match="empty"):
        plan_import(text)


def test_file_in_another_encoding_is_refused_or_read() -> None:
    with pytest.raises(BadFile, match="UTF-8"):
        decode_file("Müller".encode("latin-1"))
    assert decode_file("Müller".encode("utf-16")) == "Müller"
    assert decode_file("\ufeffMüller".encode()) == "Müller"


def test_bad_rows_are_told_by_line_and_good_ones_applied(person: User) -> None:
    make_company(1, "Contoso")
    make_company(2, "Old", is_active=False)
    for number in range(1, 8):
        make_mapping(number, f"Site {number}")
    text = "\r\n".join(
        [
            HEADER,
            f"{guid(1)},,1,,confirmed",
            f"{guid(99)},,1,,confirmed",
            f"{guid(2)},,777,,confirmed",
            f"{guid(3)},,x,,confirmed",
            f"{guid(4)},,,,confirmed",
            f"{guid(5)},,2,,confirmed",
            f"{guid(6)},,1,,sure",
            f"{guid(7)},,,,Ignored",
            f"{guid(1)},,1,,ignored",
            "",
        ]
    )
    plan = plan_import(text)
    assert [error.line for error in plan.errors] == [3, 4, 5, 6, 7, 8, 10]
    assert "no site has the uid" in plan.errors[0].message
    assert "no organization has the id 777" in plan.errors[1].message
    assert "line 2 already" in plan.errors[-1].message
    assert SiteMapping.objects.filter(state="unmapped").count() == 7
    outcome = apply_import(text, person)
    assert (outcome.changed, len(outcome.errors)) == (2, 7)
    assert SiteMapping.objects.get(site__datto_site_uid=guid(1)).source == "csv"
    assert apply_import(text, person).changed == 0
    assert undo(outcome.batch, person).changed == 2
    assert SiteMapping.objects.filter(state="unmapped").count() == 7


def test_semicolons_are_understood() -> None:
    make_company(1, "Contoso")
    make_mapping(1, "Contoso")
    assert len(plan_import(f"datto_site_uid;autotask_company_id;state\n{guid(1)};1;confirmed").changes) == 1


def test_map_sites_prints_json(capsys: pytest.CaptureFixture[str]) -> None:
    company = make_company(5, "Contoso")
    make_mapping(1, "Contoso", company)
    make_mapping(2, "Linked", company, source="native")
    make_mapping(3, "Zebra")
    call_command("map_sites", "--accept-exact", "--json")
    answer = json.loads(capsys.readouterr().out)
    assert answer["sites"] == 3
    assert answer["accepted"] == {"native": 0, "exact": 1}
    assert (answer["counts"]["confirmed"], answer["counts"]["proposed"], answer["counts"]["unmapped"]) == (
        1,
        1,
        1,
    )
    assert answer["mappings"][0] == {
        "datto_site_uid": guid(1),
        "site": "Contoso",
        "state": "confirmed",
        "autotask_company_id": 5,
        "company": "Contoso",
        "score": 0,
        "reason": "Same name.",
    }
    call_command("map_sites", "--accept-native")
    text = capsys.readouterr().out
    assert "Accepted now: 1 linked in Datto RMM" in text
    assert "1 wait for a decision" in text


def test_map_sites_without_sites_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("map_sites")
    assert "sync reference" in capsys.readouterr().out
