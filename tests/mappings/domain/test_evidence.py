from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.domain.evidence import (
    BOTH_AT_MOST,
    MAX_UNDECIDED_SITES,
    HintKind,
    Neighbourhood,
    SiteTraces,
    domains_of_device,
    own_domain,
    public_address,
)
from mappings.domain.matching import SIMILAR_FROM, Basis, CompanyFacts, CompanyIndex, Outcome, SiteFacts

UID = "0b1c2d3e-0000-4000-8000-00000000000a"


def traces(addresses: dict[str, int] | None = None, domains: list[str] | None = None) -> SiteTraces:
    return SiteTraces(Counter(addresses or {}), Counter(frozenset({one}) for one in domains or []))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("8.8.4.4", "8.8.4.4"),
        (" 8.8.4.4 ", "8.8.4.4"),
        ("10.0.0.1", ""),
        ("192.168.1.1", ""),
        ("100.64.3.4", ""),
        ("127.0.0.1", ""),
        ("", ""),
        ("not an address", ""),
        ("2a00:1450:4001:81b::200e", "2a00:1450:4001:81b::/64"),
        ("fe80::1", ""),
    ],
)
def test_only_public_addresses_count(text: str, expected: str) -> None:
    assert public_address(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ann@Contoso.com", "contoso.com"),
        ("https://www.contoso.com/about", "contoso.com"),
        ("contoso.onmicrosoft.com", "contoso.onmicrosoft.com"),
        ("onmicrosoft.com", ""),
        ("ann@gmail.com", ""),
        ("ann@yahoo.co.uk", ""),
        ("ann@web.de", ""),
        ("contoso.local", ""),
        ("WORKGROUP", ""),
        ("", ""),
        ("mail.contoso.com", "mail.contoso.com"),
    ],
)
def test_only_domains_that_are_somebodys_own_count(text: str, expected: str) -> None:
    assert own_domain(text) == expected


def test_device_tells_its_users_and_its_own_domain() -> None:
    assert domains_of_device("ann@contoso.com", "ad.contoso.com") == {"contoso.com", "ad.contoso.com"}
    assert domains_of_device("CONTOSO\\ann", "WORKGROUP") == frozenset()


def test_shared_address_is_explained_with_the_site_it_is_shared_with() -> None:
    around = Neighbourhood()
    around.add_decided_site(7, "Contoso - Berlin", ["8.8.4.4"])
    [hint] = around.hints(traces({"8.8.4.4": 3, "9.9.9.9": 1}))
    assert (hint.autotask_company_id, hint.kind) == (7, HintKind.ADDRESS)
    assert hint.reason == "3 of 4 devices share the external address 8.8.4.4 with Contoso - Berlin"


@pytest.mark.parametrize("companies", [[7, 8], [0], [0, 7]])
def test_address_of_several_companies_or_of_the_provider_says_nothing(companies: list[int]) -> None:
    around = Neighbourhood()
    for company in companies:
        around.add_decided_site(company, f"Site {company}", ["8.8.4.4"])
    assert around.hints(traces({"8.8.4.4": 5})) == ()


def test_address_of_a_crowd_of_undecided_sites_says_nothing() -> None:
    around = Neighbourhood()
    around.add_decided_site(7, "Contoso", ["8.8.4.4"])
    mine = traces({"8.8.4.4": 5})
    for _ in range(MAX_UNDECIDED_SITES):
        around.add_undecided_site(mine)
    assert around.hints(mine)
    around.add_undecided_site(mine)
    assert around.hints(mine) == ()


def test_one_visiting_laptop_is_no_hint() -> None:
    around = Neighbourhood()
    around.add_decided_site(7, "Contoso", ["8.8.4.4"])
    assert around.hints(traces({"8.8.4.4": 1, "9.9.9.9": 4})) == ()


def test_email_domain_comes_from_most_contacts_or_the_web_address() -> None:
    around = Neighbourhood()
    around.add_company(7, "", ["a@contoso.com", "b@contoso.com", "helper@consultant.com"])
    around.add_company(8, "https://www.fabrikam.com", [])
    [contoso] = around.hints(traces(domains=["contoso.com", "contoso.com"]))
    assert contoso.reason == "2 of 2 devices under contoso.com, and 2 contacts have addresses @contoso.com"
    [fabrikam] = around.hints(traces(domains=["ad.fabrikam.com"]))
    assert (fabrikam.autotask_company_id, "its web address is fabrikam.com" in fabrikam.reason) == (8, True)
    assert around.hints(traces(domains=["consultant.com"])) == ()


def test_domain_of_many_companies_says_nothing_and_of_two_is_a_conflict() -> None:
    around = Neighbourhood()
    companies = [CompanyFacts(number, f"Holding {number}") for number in range(1, 6)]
    for company in companies[:2]:
        around.add_company(company.autotask_company_id, "holding.com", [])
    hints = around.hints(traces(domains=["holding.com"]))
    proposal = CompanyIndex(companies).propose(SiteFacts(UID, "Zebra", hints=hints))
    assert (proposal.outcome, proposal.best) == (Outcome.CONFLICT, None)
    for company in companies[2:]:
        around.add_company(company.autotask_company_id, "holding.com", [])
    assert around.hints(traces(domains=["holding.com"])) == ()


def test_both_traces_to_one_company_are_surer_and_both_are_told() -> None:
    around = Neighbourhood()
    around.add_decided_site(7, "Contoso", ["8.8.4.4"])
    around.add_company(7, "contoso.com", [])
    [hint] = around.hints(traces({"8.8.4.4": 2}, ["contoso.com", "contoso.com"]))
    assert hint.score <= BOTH_AT_MOST
    assert "8.8.4.4" in hint.reason
    assert "contoso.com" in hint.reason


def test_hint_is_proposed_only_where_no_name_fits_and_is_never_safe() -> None:
    around = Neighbourhood()
    around.add_decided_site(7, "Contoso", ["8.8.4.4"])
    hints = around.hints(traces({"8.8.4.4": 3}))
    index = CompanyIndex([CompanyFacts(7, "Contoso"), CompanyFacts(8, "Fabrikam Ltd")])
    lone = index.propose(SiteFacts(UID, "Warehouse North", hints=hints))
    assert lone.best is not None
    assert (lone.best.company.autotask_company_id, lone.best.basis, lone.is_safe) == (7, Basis.ADDRESS, False)
    named = index.propose(SiteFacts(UID, "Fabrikam", hints=hints))
    assert named.best is not None
    assert named.best.company.autotask_company_id == 8


def test_hint_tells_which_of_two_equal_names_but_decides_nothing() -> None:
    around = Neighbourhood()
    around.add_decided_site(2, "Twin - Berlin", ["8.8.4.4"])
    index = CompanyIndex([CompanyFacts(1, "Twin"), CompanyFacts(2, "TWIN")])
    proposal = index.propose(SiteFacts(UID, "Twin", hints=around.hints(traces({"8.8.4.4": 3}))))
    assert (proposal.outcome, proposal.best) == (Outcome.CONFLICT, None)
    reasons = {one.company.autotask_company_id: one.reason for one in proposal.candidates}
    assert "8.8.4.4" in reasons[2]
    assert reasons[1] == "same name"


ADDRESSES = st.sampled_from(["8.8.4.4", "9.9.9.9", "1.1.1.1", "10.1.1.1", "100.64.0.9", "", "junk"])
DOMAINS = st.sampled_from(["contoso.com", "ad.contoso.com", "gmail.com", "fabrikam.com", "x.local", ""])
COMPANY_IDS = st.integers(min_value=0, max_value=6)


@given(
    decided=st.lists(st.tuples(COMPANY_IDS, ADDRESSES), max_size=8),
    contacts=st.lists(st.tuples(COMPANY_IDS, DOMAINS), max_size=8),
    mine=st.dictionaries(ADDRESSES, st.integers(1, 5), max_size=4),
    users=st.lists(DOMAINS, max_size=5),
    name=st.sampled_from(["Zebra", "Company 3", "Company 3 - North", "Compny 4"]),
)
def test_no_hint_outranks_a_name_or_is_accepted_in_bulk(
    decided: list[tuple[int, str]],
    contacts: list[tuple[int, str]],
    mine: dict[str, int],
    users: list[str],
    name: str,
) -> None:
    around = Neighbourhood()
    for company, address in decided:
        around.add_decided_site(company, f"Site of {company}", [address])
    for company, domain in contacts:
        around.add_company(company, "", [f"a@{domain}"])
    own = SiteTraces(
        Counter(mine), Counter(found for one in users if (found := domains_of_device(f"u@{one}", "")))
    )
    around.add_undecided_site(own)
    hints = around.hints(own)
    index = CompanyIndex([CompanyFacts(number, f"Company {number}") for number in range(7)])
    plain = index.propose(SiteFacts(UID, name))
    hinted = index.propose(SiteFacts(UID, name, hints=hints))
    assert all(0 <= one.score < SIMILAR_FROM and one.reason for one in hints)
    assert all(one.autotask_company_id != 0 for one in hints)
    assert list(hints) == sorted(hints, key=lambda one: (-one.score, one.autotask_company_id))
    if plain.candidates:
        assert hinted.outcome is plain.outcome
        assert (hinted.best and hinted.best.company) == (plain.best and plain.best.company)
    else:
        assert not hinted.is_safe
    seen_at: dict[str, set[int]] = {}
    for company, address in decided:
        seen_at.setdefault(public_address(address), set()).add(company)
    for hint in hints:
        if hint.kind is HintKind.ADDRESS and ";" not in hint.reason:
            assert any(seen_at.get(public_address(address)) == {hint.autotask_company_id} for address in mine)
