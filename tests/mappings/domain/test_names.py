from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.domain.names import LEGAL_FORMS, normalise, split_name

ANY_NAME = st.text(max_size=60)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Contoso", "  CONTOSO "),
        ("Contoso", "Contoso, Inc."),
        ("Contoso", "Contoso LLC"),
        ("Contoso", "Contoso Ltd."),
        ("Contoso", "Contoso GmbH"),
        ("Contoso", "Contoso GmbH & Co. KG"),
        ("Contoso", "Contoso B.V."),
        ("Contoso", "Contoso S.A."),
        ("Contoso", "Contoso S.à r.l."),
        ("Contoso", "The Contoso Company"),
        ("Contoso", "Contoso (Pty) Ltd"),
        ("Joe's Diner", "Joe\u2019s Diner"),
        ("Müller & Söhne", "MULLER AND SOHNE"),
        ("Café Zoë", "Cafe Zoe"),
        ("Straße 7", "Strasse 7"),
        ("Ærø Shipping", "AEro Shipping"),
        ("Coca-Cola", "Coca Cola"),
    ],
)
def test_core_of_the_same_organization_written_differently_is_equal(first: str, second: str) -> None:
    assert normalise(first).core == normalise(second).core


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Contoso", "Contoso Dental"),
        ("North Shore", "South Shore"),
        ("A1 Cabs", "A2 Cabs"),
        ("Smith", "Smithson"),
    ],
)
def test_core_of_other_organizations_differs(first: str, second: str) -> None:
    assert normalise(first).core != normalise(second).core


@pytest.mark.parametrize("name", ["GmbH", "Inc.", "The", "The Company", "Co. Ltd."])
def test_core_never_becomes_empty(name: str) -> None:
    assert normalise(name).core


def test_dropped_legal_form_reads_as_written() -> None:
    assert normalise("Müller GmbH & Co. KG").dropped == "GmbH & Co. KG"
    assert normalise("Contoso B.V.").dropped == "B.V."
    assert normalise("Contoso").dropped == ""


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Contoso - Berlin", ["contoso", "berlin"]),
        ("Contoso \u2013 Berlin", ["contoso", "berlin"]),
        ("Contoso: Berlin", ["contoso", "berlin"]),
        ("Contoso:Berlin", ["contoso", "berlin"]),
        ("Contoso | Berlin | Lab", ["contoso", "lab"]),
        ("Berlin (Contoso)", ["contoso", "berlin"]),
        ("Berlin [Contoso]", ["contoso", "berlin"]),
        ("Contoso GmbH - Berlin", ["contoso", "berlin"]),
        ("Coca-Cola", []),
        ("Contoso", []),
        ("", []),
        (" - ", []),
        ("()", []),
    ],
)
def test_split_name_finds_the_parts(name: str, parts: list[str]) -> None:
    assert [part.name.core for part in split_name(name)] == parts


@given(ANY_NAME)
def test_normalise_is_idempotent(text: str) -> None:
    name = normalise(text)
    assert normalise(name.plain).plain == name.plain
    assert normalise(name.core).core == name.core


@given(ANY_NAME)
def test_core_is_empty_only_without_any_word(text: str) -> None:
    name = normalise(text)
    assert bool(name.core) == bool(name.plain)


@given(
    st.from_regex(r"[A-Z][a-z]{4,12}( [A-Z][a-z]{4,12})?", fullmatch=True),
    st.sampled_from(sorted(LEGAL_FORMS)),
)
def test_a_legal_form_at_the_end_changes_nothing(name: str, form: str) -> None:
    assert normalise(f"{name} {form.upper()}").core == normalise(name).core


@given(ANY_NAME)
def test_split_name_offers_each_part_once_and_none_empty(text: str) -> None:
    cores = [part.name.core for part in split_name(text)]
    assert all(cores)
    assert len(cores) == len(set(cores))
