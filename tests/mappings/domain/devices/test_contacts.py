"""Whose device it is."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.domain.devices.contacts import (
    ContactFacts,
    find_primary,
    is_shared_account,
    majority_user,
    match_user,
    plan_contact,
)

TODAY = date(2026, 11, 24)
ADA = ContactFacts(1, "Ada", "Lovelace", "ada.l@contoso.example")
ALAN = ContactFacts(2, "Alan", "Turing", "turing@contoso.example")
ZOE = ContactFacts(3, "Zoë", "Müller-Groß", "")
GONE = ContactFacts(4, "Old", "Timer", "old.timer@contoso.example", is_active=False)
PEOPLE = [ADA, ALAN, ZOE, GONE]


def ago(days: int) -> str:
    return (TODAY - timedelta(days=days)).isoformat()


@pytest.mark.parametrize(
    ("user", "contact", "basis"),
    [
        ("ada.l@contoso.example", 1, "e-mail address"),
        ("ADA.L@CONTOSO.EXAMPLE", 1, "e-mail address"),
        ("AzureAD\\ada.l@contoso.example", 1, "e-mail address"),
        ("CONTOSO\\ada.l", 1, "e-mail name"),
        ("turing", 2, "e-mail name"),
        ("ada.lovelace", 1, "first and last"),
        ("AzureAD\\AdaLovelace", 1, "first and last"),
        ("ada_lovelace@other.example", 1, "first and last"),
        ("Alan Turing", 2, "first and last"),
        ("a.turing", 2, "initial"),
        ("CONTOSO\\alovelace", 1, "initial"),
        ("z.muller.groß", 3, "initial"),
    ],
)
def test_accounts_meet_their_contacts(user: str, contact: int, basis: str) -> None:
    found, why = match_user(user, PEOPLE)
    assert [one.id for one in found] == [contact]
    assert basis in why


@pytest.mark.parametrize(
    "user",
    ["", "stranger", "old.timer", "Administrator", "CONTOSO\\admin", "NT AUTHORITY\\SYSTEM", "SRV01$", "@"],
)
def test_nobody_is_found_for_strangers_inactive_people_and_shared_accounts(user: str) -> None:
    assert match_user(user, PEOPLE) == ([], "")


def test_shared_accounts_are_known() -> None:
    assert is_shared_account("CONTOSO\\Administrator")
    assert not is_shared_account("CONTOSO\\ada")


def test_days_belong_to_who_was_logged_in_last() -> None:
    history = [[ago(40), "ada"], [ago(9), "alan"], [ago(9), "alan"], [ago(2), "ADA"]]
    # 14 days: ada on 13..10, alan on 9..3, ada again on 2..0.
    assert majority_user(history, TODAY, 14) == ("ADA", 7, 14)
    assert majority_user([[ago(1), "alan"]], TODAY, 14) == ("alan", 2, 2)
    assert majority_user([[ago(1), ""]], TODAY, 14) == ("", 0, 0)
    assert majority_user([["never", "ada"]], TODAY, 14) == ("", 0, 0)


def test_a_clear_majority_is_proposed_with_its_confidence() -> None:
    history = [[ago(30), "CONTOSO\\ada.l"], [ago(2), "alan"]]
    found = plan_contact(history, PEOPLE, TODAY, days=10, share_percent=60, is_server=False)
    assert (found.contact_id, found.confidence_percent) == (1, 70)
    assert "7 of 10 known days (70 %)" in found.reason


@pytest.mark.parametrize(
    ("history", "is_server", "said"),
    [
        ([[ago(30), "ada.l"]], True, "servers"),
        ([], False, "Nobody"),
        ([[ago(30), "ada.l"], [ago(4), "turing"]], False, "no clear majority"),
        ([[ago(30), "stranger"]], False, "no contact of the organization"),
        ([[ago(30), "administrator"]], False, "nobody in particular"),
    ],
)
def test_doubt_proposes_nobody_and_says_why(history: list[list[str]], is_server: bool, said: str) -> None:
    found = plan_contact(history, PEOPLE, TODAY, days=10, share_percent=60, is_server=is_server)
    assert (found.contact_id, found.confidence_percent) == (None, 0)
    assert said in found.reason


def test_twins_are_left_to_a_person() -> None:
    twins = [ContactFacts(1, "Ada", "Lovelace"), ContactFacts(2, "Ada", "Lovelace")]
    found = plan_contact([[ago(3), "ada.lovelace"]], twins, TODAY, days=5, share_percent=60, is_server=False)
    assert found.contact_id is None
    assert "2 contacts fit" in found.reason


def test_only_one_primary_contact_counts() -> None:
    first, second = (ContactFacts(pk, "P", "Q", is_primary=True) for pk in (1, 2))
    assert find_primary([first]) == 1
    assert find_primary([first, second]) is None
    assert find_primary([]) is None


_users = st.sampled_from(["ada.l", "turing", "A.TURING", "", "stranger", "admin"])
_histories = st.lists(st.tuples(st.dates(date(2026, 10, 1), TODAY).map(str), _users).map(list), max_size=20)


@given(_histories, st.integers(1, 30), st.integers(51, 100), st.booleans())
def test_a_proposed_contact_always_has_the_majority_and_is_active(
    history: list[list[str]], days: int, share: int, is_server: bool
) -> None:
    found = plan_contact(history, PEOPLE, TODAY, days=days, share_percent=share, is_server=is_server)
    user, count, known = majority_user(history, TODAY, days)
    assert 0 <= count <= known <= days
    assert found.reason
    if found.contact_id is not None:
        assert not is_server
        assert count * 100 >= share * known
        assert found.contact_id in {1, 2, 3}
        assert {one.id for one in match_user(user, PEOPLE)[0]} == {found.contact_id}
