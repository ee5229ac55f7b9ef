from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.domain.matching import CompanyFacts, CompanyIndex, SiteFacts
from mappings.domain.sweep import judge_sweep
from mappings.domain.upkeep import MappingFacts, decide_mapping

UID = "0b1c2d3e-0000-4000-8000-00000000000a"
SITE = SiteFacts(UID, "Contoso")
CONFIRMED = MappingFacts(
    state="confirmed",
    source="exact",
    score=100,
    reason="Same name.",
    autotask_company_id=1,
    is_decided=True,
    confirmed_site_name="Contoso",
    confirmed_company_name="Contoso",
)


def world(**values: Any) -> CompanyIndex:
    return CompanyIndex([replace(CompanyFacts(1, "Contoso"), **values), CompanyFacts(2, "Fabrikam")])


@pytest.mark.parametrize(
    ("mapping", "site", "companies", "state"),
    [
        (CONFIRMED, SITE, world(), "confirmed"),
        (CONFIRMED, SITE, world(is_active=False), "company_inactive"),
        (CONFIRMED, SITE, world(is_missing=True), "company_missing"),
        (CONFIRMED, SITE, CompanyIndex([]), "company_missing"),
        (CONFIRMED, SITE, world(name="Contoso Group"), "renamed"),
        (CONFIRMED, replace(SITE, name="Contoso HQ"), world(), "renamed"),
        (replace(CONFIRMED, state="company_inactive"), SITE, world(), "confirmed"),
        (replace(CONFIRMED, state="company_missing"), SITE, world(), "confirmed"),
        (replace(CONFIRMED, state="renamed"), SITE, world(), "confirmed"),
        (MappingFacts(), SITE, world(), "proposed"),
        (MappingFacts(), replace(SITE, name="Zebra"), world(), "unmapped"),
        (MappingFacts(), replace(SITE, native_autotask_company_id=9), world(), "company_missing"),
        (MappingFacts(), replace(SITE, is_system=True), world(), "ignored"),
        (MappingFacts(state="ignored"), SITE, world(), "proposed"),
        (MappingFacts(state="ignored", is_decided=True, reason="By a person."), SITE, world(), "ignored"),
    ],
)
def test_mapping_follows_the_world(
    mapping: MappingFacts, site: SiteFacts, companies: CompanyIndex, state: str
) -> None:
    view = decide_mapping(mapping, site, companies)
    assert view.state == state
    assert view.reason
    assert view.is_usable == (state in {"confirmed", "renamed"})


def test_decision_keeps_its_company_against_a_better_name() -> None:
    mapping = replace(CONFIRMED, autotask_company_id=2, confirmed_company_name="Fabrikam")
    assert decide_mapping(mapping, SITE, world()).autotask_company_id == 2


def test_native_link_elsewhere_is_told_and_not_followed() -> None:
    view = decide_mapping(CONFIRMED, replace(SITE, native_autotask_company_id=2), world())
    assert (view.state, view.autotask_company_id) == ("confirmed", 1)
    assert "Fabrikam" in view.reason


STATES = st.sampled_from(
    ["confirmed", "renamed", "ignored", "company_inactive", "company_missing", "unmapped"]
)


@given(STATES, st.booleans(), st.booleans(), st.booleans(), st.sampled_from([None, 1, 2, 9]))
def test_deciding_twice_changes_nothing_more(
    state: str, is_decided: bool, is_active: bool, is_missing: bool, native: int | None
) -> None:
    companies = world(is_active=is_active, is_missing=is_missing)
    site = replace(SITE, native_autotask_company_id=native)
    mapping = replace(CONFIRMED, state=state, is_decided=is_decided)
    first = decide_mapping(mapping, site, companies)
    again = replace(
        mapping,
        state=first.state,
        source=first.source,
        score=first.score,
        reason=first.reason,
        autotask_company_id=first.autotask_company_id,
        candidates=first.candidates,
    )
    assert decide_mapping(again, site, companies) == first
    if first.is_usable:
        assert is_decided


@pytest.mark.parametrize(
    ("known", "missing", "allowed", "passes"),
    [
        (100, 0, False, True),
        (100, 20, False, True),
        (100, 21, False, False),
        (100, 21, True, True),
        (8, 8, False, True),
        (11, 11, False, False),
        (0, 0, False, True),
    ],
)
def test_guard_of_a_sweep(known: int, missing: int, allowed: bool, passes: bool) -> None:
    verdict = judge_sweep(noun="devices", known=known, missing=missing, is_large_change_allowed=allowed)
    assert verdict.is_allowed == passes
    assert passes or f"{missing} of {known} known devices" in verdict.reason
