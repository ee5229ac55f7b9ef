"""Contract rules: what fits, what is chosen, what is left to a person."""

from __future__ import annotations

import re
import time
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.domain.devices import contracts
from mappings.domain.devices.contacts import ContactFacts, ContactProposal
from mappings.domain.devices.contracts import (
    ContractFacts,
    DeviceFacts,
    RuleFacts,
    ServiceFacts,
    Surroundings,
    explain_rule,
    is_running,
    pick_rule,
    plan_proposal,
    rule_fits,
)
from mappings.domain.devices.patterns import BadPattern, compile_pattern, matches_pattern

TODAY = date(2026, 11, 24)
SERVER = DeviceFacts(1, 10, "device", "Server", "Windows Server 2022", 2, 6, {"Care Level": "Gold"}, 7)
MANAGED = ServiceFacts(201, 1, "Managed Server")
OTHER = ServiceFacts(202, 2, "Backup")


def contract(pk: int = 1, **values: Any) -> ContractFacts:
    plain: dict[str, Any] = {"company_id": 1, "name": f"Contract {pk}", "services": (MANAGED, OTHER)}
    return ContractFacts(pk, **{**plain, **values})


def rule(pk: int = 1, **values: Any) -> RuleFacts:
    plain: dict[str, Any] = {"name": f"Rule {pk}", "service_id": 1, "service_name": "Managed Server"}
    return RuleFacts(pk, **{**plain, **values})


def propose(one: RuleFacts, *known: ContractFacts, **around: Any) -> contracts.Proposal:
    return plan_proposal(SERVER, [one], Surroundings(contracts=known, **around), TODAY)


@pytest.mark.parametrize(
    ("values", "fits"),
    [
        ({}, True),
        ({"company_id": 1}, True),
        ({"company_id": 2}, False),
        ({"site_id": 10}, True),
        ({"site_id": 11}, False),
        ({"device_class": "Device"}, True),
        ({"device_class": "printer"}, False),
        ({"datto_category": " server "}, True),
        ({"datto_category": "Laptop"}, False),
        ({"type_id": 2}, True),
        ({"type_id": 3}, False),
        ({"category_id": 6}, True),
        ({"category_id": 5}, False),
        ({"udf_name": "Care Level", "udf_value": "gold"}, True),
        ({"udf_name": "Care Level", "udf_value": "Silver"}, False),
        ({"udf_name": "Care Level", "udf_operator": "contains", "udf_value": "OL"}, True),
        ({"udf_name": "Care Level", "udf_operator": "matches", "udf_value": "G.*|Silver"}, True),
        ({"udf_name": "Care Level", "udf_operator": "matches", "udf_value": "G"}, False),
        ({"udf_name": "Care Level", "udf_operator": "matches", "udf_value": "(("}, False),
        ({"udf_name": "Care Level", "udf_operator": "is_empty"}, False),
        ({"udf_name": "Care Level", "udf_operator": "not_empty"}, True),
        ({"udf_name": "Rack", "udf_operator": "is_empty"}, True),
        ({"company_id": 1, "datto_category": "Laptop"}, False),
    ],
)
def test_a_rule_fits_when_every_condition_holds(values: dict[str, Any], fits: bool) -> None:
    assert rule_fits(rule(**values), SERVER) is fits


def test_the_explanation_names_the_rule_and_each_condition() -> None:
    named = rule(
        name="Gold servers",
        company_id=1,
        datto_category="Server",
        udf_name="Care Level",
        udf_value="Gold",
        names={"company_id": "Contoso"},
    )
    said = explain_rule(named, SERVER)
    assert said == ("Rule 'Gold servers': organization is Contoso, category is Server, Care Level is 'Gold'")
    assert explain_rule(rule(), SERVER).endswith("for all devices")


def test_the_only_running_recurring_contract_is_proposed_with_its_service() -> None:
    ended = contract(2, end_date=TODAY - timedelta(days=1))
    hours = contract(3, is_recurring=False)
    found = propose(rule(), contract(1, end_date=TODAY), ended, hours, contract(4, company_id=2))
    assert (found.outcome, found.contract_id, found.service_id) == ("assign", 1, 201)
    assert "Contract 1, Managed Server" in found.reason


@pytest.mark.parametrize(
    ("values", "known", "said"),
    [
        ({}, [contract(1), contract(2)], "2 running contracts fit (Contract 1, Contract 2)"),
        ({}, [], "no recurring service contract"),
        ({}, [contract(1, end_date=date(2026, 1, 3))], "Contract 1 ended on 2026-01-03"),
        ({}, [contract(1, is_active=False)], "Contract 1 is inactive"),
        ({}, [contract(1, start_date=date(2027, 1, 1))], "begins on 2027-01-01"),
        ({}, [contract(1, is_missing=True)], "no longer in Autotask"),
        ({}, [contract(1, services=(OTHER,))], "does not sell Managed Server"),
        ({}, [contract(1, services=(MANAGED, MANAGED))], "sells Managed Server 2 times"),
        ({"service_id": None}, [contract(1)], "sells 2 services (Managed Server, Backup)"),
        ({"contract_choice": "default"}, [contract(1)], "no default contract"),
        ({"contract_choice": "named", "contract_name": "gold"}, [contract(1)], "name contains 'gold'"),
        ({"contract_choice": "site"}, [contract(1)], "names no default contract"),
        ({"contract_choice": "specific", "contract_id": 9}, [contract(1)], "another organization"),
        (
            {"contract_choice": "specific", "contract_id": 1},
            [contract(1, end_date=date(2026, 1, 3))],
            "ended on",
        ),
    ],
)
def test_doubt_proposes_nothing_and_says_why(
    values: dict[str, Any], known: list[ContractFacts], said: str
) -> None:
    found = propose(rule(**values), *known)
    assert (found.outcome, found.contract_id, found.service_id) == ("", None, None)
    assert said in found.reason
    assert found.rule_id == 1


@pytest.mark.parametrize(
    ("values", "around", "chosen"),
    [
        ({"contract_choice": "default"}, {}, 2),
        ({"contract_choice": "named", "contract_name": "GOLD"}, {}, 3),
        ({"contract_choice": "specific", "contract_id": 1}, {}, 1),
        ({"contract_choice": "site"}, {"site_contract_id": 3}, 3),
    ],
)
def test_each_way_to_choose_a_contract(values: dict[str, Any], around: dict[str, Any], chosen: int) -> None:
    known = [contract(1), contract(2, is_default=True), contract(3, name="Gold care")]
    assert propose(rule(**values), *known, **around).contract_id == chosen


def test_a_contract_with_one_service_needs_no_name_and_one_without_any_neither() -> None:
    assert propose(rule(service_id=None), contract(1, services=(OTHER,))).service_id == 202
    bare = propose(
        rule(service_id=None, contract_choice="default"), contract(1, services=(), is_default=True)
    )
    assert (bare.outcome, bare.service_id) == ("assign", None)


def test_the_first_rule_that_fits_wins_even_when_it_proposes_nothing() -> None:
    rules = [rule(1, datto_category="Laptop"), rule(2, service_id=None), rule(3)]
    found = plan_proposal(SERVER, rules, Surroundings(contracts=[contract(1)]), TODAY)
    assert (found.rule_id, found.outcome) == (2, "")


def test_no_rule_fits_is_said_and_the_user_is_still_named() -> None:
    user = ContactProposal(5, "Ada was logged in.", 90)
    found = plan_proposal(SERVER, [rule(company_id=9)], Surroundings(user_contact=user), TODAY)
    assert (found.outcome, found.rule_id, found.contact_id) == ("", None, 5)
    assert found.reason == "No contract rule fits this device.\nAda was logged in."


def test_no_contract_carries_its_reason() -> None:
    found = propose(rule(outcome="no_contract", no_contract_reason="Spare"), contract(1))
    assert (found.outcome, found.contract_id) == ("no_contract", None)
    assert "no contract (Spare)" in found.reason


@pytest.mark.parametrize(
    ("choice", "contact", "clears"),
    [
        ("keep", 7, False),
        ("none", None, True),
        ("primary", 3, False),
        ("site", 4, False),
        ("last_user", 5, False),
    ],
)
def test_each_way_to_choose_a_contact(choice: str, contact: int | None, clears: bool) -> None:
    contacts = [ContactFacts(3, "P", "Rimary", is_primary=True), ContactFacts(4, "S", "Ite")]
    found = propose(
        rule(contact_choice=choice),
        contract(1),
        contacts=contacts,
        site_contact_id=4,
        user_contact=ContactProposal(5, "Majority.", 80),
    )
    assert (found.contact_id, found.clears_contact) == (contact, clears)


_texts = st.sampled_from(["", "Server", "Laptop", "Printer"])
_rules = st.builds(
    RuleFacts,
    id=st.integers(1, 50),
    name=st.just("r"),
    company_id=st.none() | st.integers(1, 3),
    datto_category=_texts,
    udf_name=st.sampled_from(["", "Care Level"]),
    udf_operator=st.sampled_from(["equals", "contains", "matches", "is_empty", "not_empty"]),
    udf_value=st.text(max_size=12),
    outcome=st.sampled_from(["assign", "no_contract"]),
    contract_choice=st.sampled_from(["only_active", "default", "site", "named", "specific"]),
    contract_name=st.sampled_from(["", "a", "B"]),
    contract_id=st.none() | st.integers(1, 6),
    service_id=st.none() | st.integers(1, 3),
)
_services = st.lists(
    st.builds(ServiceFacts, id=st.integers(1, 99), catalogue_id=st.integers(1, 3), name=st.just("s")),
    max_size=3,
).map(tuple)
_days = st.none() | st.dates(date(2026, 11, 1), date(2026, 12, 20))
_contracts = st.lists(
    st.builds(
        ContractFacts,
        id=st.integers(1, 6),
        company_id=st.integers(1, 3),
        name=st.sampled_from(["a", "b", "ab"]),
        is_recurring=st.booleans(),
        is_default=st.booleans(),
        is_active=st.booleans(),
        is_missing=st.booleans(),
        start_date=_days,
        end_date=_days,
        services=_services,
    ),
    max_size=5,
    unique_by=lambda one: one.id,
)
_devices = st.builds(
    DeviceFacts,
    company_id=st.integers(1, 3),
    site_id=st.integers(1, 3),
    datto_category=_texts,
    udfs=st.dictionaries(st.just("Care Level"), st.none() | st.text(max_size=12)),
)


@given(_devices, st.lists(_rules, max_size=6), _contracts, st.none() | st.integers(1, 6))
def test_what_is_proposed_may_always_be_assigned(
    device: DeviceFacts, rules: list[RuleFacts], known: list[ContractFacts], site: int | None
) -> None:
    around = Surroundings(contracts=known, site_contract_id=site)
    found = plan_proposal(device, rules, around, TODAY)
    assert found.reason
    assert found.rule_id == (winner.id if (winner := pick_rule(rules, device)) else None)
    assert (found.contract_id is not None) == (found.outcome == "assign")
    if found.contract_id is not None:
        chosen = next(one for one in known if one.id == found.contract_id)
        assert is_running(chosen, TODAY)
        assert chosen.company_id == device.company_id
        assert found.service_id is None or found.service_id in {one.id for one in chosen.services}
    assert plan_proposal(device, rules, around, TODAY) == found


@pytest.mark.parametrize(
    "text", ["Gold|Silver", "SRV-[0-9]+", r"\d{2,4}", "(?:abc)+", "(a|b)c?", r"x\(y", "[(+*]+"]
)
def test_harmless_patterns_are_taken(text: str) -> None:
    assert compile_pattern(text).pattern == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("(", "not valid"),
        ("[a-", "not valid"),
        ("a" * 201, "longer than 200"),
        ("(a+)+", "for ever"),
        ("(a|a)*", "for ever"),
        ("((a?)b){9}", "for ever"),
        ("(x+x+)+y", "for ever"),
        (r"(a)\1", "refers back"),
        ("(?P<n>a)(?P=n)", "refers back"),
        (".*a.*b.*c.*", "at most 3"),
        ("*", "not valid"),
    ],
)
def test_patterns_that_cannot_be_used_say_why(text: str, said: str) -> None:
    with pytest.raises(BadPattern, match=said):
        compile_pattern(text)


@settings(deadline=None)
@given(st.text(alphabet="ab.*+?|()[]{}1,\\^", max_size=30), st.text(alphabet="ab1", max_size=255))
def test_no_pattern_takes_long_whatever_is_typed(pattern: str, value: str) -> None:
    started = time.monotonic()
    try:
        matched = matches_pattern(pattern, value)
    except BadPattern:
        return
    assert time.monotonic() - started < 2
    assert matched == (re.compile(pattern, re.IGNORECASE | re.DOTALL).fullmatch(value) is not None)
