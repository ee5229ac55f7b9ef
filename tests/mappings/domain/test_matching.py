from __future__ import annotations

import time
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.domain.matching import (
    SIMILAR_FROM,
    Basis,
    CompanyFacts,
    CompanyIndex,
    Outcome,
    SiteFacts,
    is_system_site,
)

UID = "0b1c2d3e-0000-4000-8000-00000000000a"
COMPANIES = [
    CompanyFacts(1, "Contoso GmbH"),
    CompanyFacts(2, "Fabrikam"),
    CompanyFacts(3, "Northwind Traders"),
    CompanyFacts(4, "Twin"),
    CompanyFacts(5, "TWIN"),
    CompanyFacts(6, "Old Mill", is_active=False),
    CompanyFacts(7, "Gone Fishing", is_missing=True),
]
INDEX = CompanyIndex(COMPANIES)


def site(name: str, native: int | None = None, **values: bool) -> SiteFacts:
    return SiteFacts(UID, name, native_autotask_company_id=native, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "company_id", "basis", "reason"),
    [
        ("contoso gmbh", 1, Basis.EXACT, "Same name."),
        ("Contoso", 1, Basis.SIMILAR, "Same name without 'GmbH'."),
        ("Fabrikam Ltd.", 2, Basis.SIMILAR, "Same name without 'Ltd.'."),
        ("Contoso - Berlin", 1, Basis.SIMILAR, "First part of 'Contoso - Berlin'."),
        ("Fabrikam: Lager", 2, Basis.SIMILAR, "First part of 'Fabrikam: Lager'."),
        ("Berlin (Fabrikam)", 2, Basis.SIMILAR, "Part in brackets of 'Berlin (Fabrikam)'."),
        ("Berlin - Fabrikam", 2, Basis.SIMILAR, "Last part of 'Berlin - Fabrikam'."),
        ("Northwind Tradrs", 3, Basis.SIMILAR, "95 % alike."),
        ("Traders Northwind", 3, Basis.SIMILAR, "95 % alike."),
    ],
)
def test_propose_names_company_and_reason(name: str, company_id: int, basis: Basis, reason: str) -> None:
    proposal = INDEX.propose(site(name))
    assert proposal.best is not None
    assert (proposal.best.company.autotask_company_id, proposal.best.basis, proposal.reason) == (
        company_id,
        basis,
        reason,
    )
    assert proposal.is_safe == (basis is Basis.EXACT)


def test_native_link_comes_first_even_against_an_equal_name() -> None:
    proposal = INDEX.propose(site("Fabrikam", native=1))
    assert proposal.best is not None
    assert (proposal.best.company.autotask_company_id, proposal.best.basis) == (1, Basis.NATIVE)
    assert proposal.reason == "Linked in Datto RMM, where the site is called 'Fabrikam'."


@pytest.mark.parametrize("native", [999, 7])
def test_native_link_to_an_unknown_company_is_missing_with_candidates_by_name(native: int) -> None:
    proposal = INDEX.propose(site("Fabrikam", native=native))
    assert proposal.outcome is Outcome.COMPANY_MISSING
    assert proposal.best is None
    assert [one.company.autotask_company_id for one in proposal.candidates] == [2]
    assert str(native) in proposal.reason


@pytest.mark.parametrize("name", ["Twin", "Twin - Berlin", "Twin Inc", "Contoso - Fabrikam"])
def test_two_companies_that_fit_are_a_conflict(name: str) -> None:
    proposal = INDEX.propose(site(name))
    assert proposal.outcome is Outcome.CONFLICT
    assert proposal.best is None
    assert len(proposal.candidates) >= 2
    assert not proposal.is_safe


def test_nearly_equal_similar_names_are_a_conflict() -> None:
    index = CompanyIndex([CompanyFacts(1, "Harbour Dental North"), CompanyFacts(2, "Harbour Dental South")])
    assert index.propose(site("Harbour Dental")).outcome is Outcome.CONFLICT


def test_inactive_company_is_proposed_with_a_warning_and_is_not_safe() -> None:
    proposal = INDEX.propose(site("Old Mill"))
    assert proposal.outcome is Outcome.PROPOSED
    assert "inactive in Autotask" in proposal.reason
    assert not proposal.is_safe


def test_missing_company_is_never_proposed() -> None:
    assert INDEX.propose(site("Gone Fishing")).outcome is Outcome.NOTHING


def test_the_msps_own_company_with_id_zero_can_be_linked() -> None:
    index = CompanyIndex([CompanyFacts(0, "Our MSP")])
    best = index.propose(site("Head office", native=0)).best
    assert best is not None
    assert best.company.autotask_company_id == 0


@pytest.mark.parametrize(
    ("uid", "name", "is_system"),
    [
        ("deleted-devices", "Deleted Devices", True),
        (UID, "deleted  devices", True),
        (UID, "OnDemand", True),
        (UID, "Managed", True),
        ("12345", "Contoso", False),
        ("12345", "", True),
        ("", "", True),
        (UID, "Contoso", False),
        (UID, "Managed Services Ltd", False),
    ],
)
def test_system_sites_are_told_apart(uid: str, name: str, is_system: bool) -> None:
    assert is_system_site(uid, name) == is_system


def test_system_site_gets_no_proposal_even_with_a_native_link() -> None:
    proposal = CompanyIndex(COMPANIES).propose(
        SiteFacts("deleted", "Deleted Devices", native_autotask_company_id=1)
    )
    assert proposal.outcome is Outcome.SYSTEM_SITE
    assert proposal.best is None


NAMES = st.sampled_from(
    [
        "Contoso",
        "Contoso GmbH",
        "CONTOSO",
        "Contoso - Berlin",
        "Fabrikam",
        "Fabrikan",
        "Berlin",
        "",
        "Ltd",
        "O'Neil & Co",
    ]
)


@given(st.lists(NAMES, max_size=12), NAMES | st.text(max_size=30))
def test_every_proposal_is_explained_and_unambiguous(names: list[str], name: str) -> None:
    companies = [CompanyFacts(number, text) for number, text in enumerate(names)]
    proposal = CompanyIndex(companies).propose(site(name))
    assert proposal.reason.endswith(".")
    assert all(SIMILAR_FROM <= one.score <= 100 for one in proposal.candidates)
    if proposal.best is not None:
        assert [one for one in proposal.candidates if one.score >= proposal.best.score] == [proposal.best]
    if proposal.is_safe and proposal.best is not None:
        same = [one for one in companies if one.name.casefold() == proposal.best.company.name.casefold()]
        assert len(same) == 1


@given(st.lists(NAMES, max_size=8), NAMES, st.randoms(use_true_random=False))
def test_order_of_companies_does_not_matter(names: list[str], name: str, random: Random) -> None:
    companies = [CompanyFacts(number, text) for number, text in enumerate(names)]
    shuffled = random.sample(companies, len(companies))
    assert CompanyIndex(companies).propose(site(name)) == CompanyIndex(shuffled).propose(site(name))


def test_thousands_of_sites_match_in_seconds() -> None:
    random = Random(7)
    words = [
        "".join(random.choices("abcdefghijklmnopqrstuvwxyz", k=random.randint(4, 9))) for _ in range(900)
    ]
    companies = [CompanyFacts(number, " ".join(random.sample(words, 2)) + " Inc") for number in range(1800)]
    started = time.monotonic()
    index = CompanyIndex(companies)
    for number in range(2500):
        # One site in ten has no equal name: the expensive case, ten times as often as in life.
        name = companies[number % 1800].name if number % 10 else " ".join(random.sample(words, 3))
        index.propose(site(name))
    assert time.monotonic() - started < 5
