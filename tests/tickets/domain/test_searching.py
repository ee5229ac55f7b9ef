"""Patterns of people, searched in texts of devices."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.domain.devices.patterns import BadPattern
from tickets.domain.searching import LONGEST_SEARCHED, compile_search, is_found


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("veeam", "The VEEAM job failed", True),
        ("Müller", "Frau MÜLLER", True),
        (r"^\w+$", "Größe", True),
        (r"[\w-]+@[\w.]+", "an jörg@müller.example", True),
        (r"[^\w]", "Größe", False),
        (r"[\W]x", "-x", True),
        (r"\d{3}", "Code 404", True),
        (r"\bdisk\b", "the disk fails", True),
        (r"\bdisk\b", "disks fail", False),
        ("a.b", "a\nb", True),
        (r"end\Z", "the end", True),
        ("(?:backup|restore) failed", "Restore failed", True),
        (r"[]x]", "]", True),
        (r"\\server", r"\\server", True),
    ],
)
def test_a_pattern_finds_what_it_says(pattern: str, text: str, expected: bool) -> None:
    assert compile_search(pattern).is_in(text) is expected


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        (r"(?=a)b", "Look-ahead"),
        (r"(?<!a)b", "Look-ahead"),
        (r"(a)\1", "refers back"),
        ("(", "not valid"),
        ("", "empty"),
        ("x" * 201, "longer"),
    ],
)
def test_what_cannot_be_searched_is_refused_with_the_cure(pattern: str, said: str) -> None:
    with pytest.raises(BadPattern, match=said):
        compile_search(pattern)
    assert is_found(pattern, "a b x") is False


@pytest.mark.parametrize(
    "pattern", [r"\w+\s*\w+@", ".*failed.*disk", r"(?:a|aa)+$".replace("+$", "$"), ".*.*.*x"]
)
def test_no_text_takes_for_ever(pattern: str) -> None:
    # With backtracking each of these takes seconds; the test's time limit is not needed to see it.
    for text in ("a" * LONGEST_SEARCHED, "failed " * 600, "a " * 2_000):
        compile_search(pattern).is_in(text)


def test_half_an_emoji_is_searched_all_the_same() -> None:
    assert compile_search("disk").is_in("cut \ud83d disk")


@given(st.text(alphabet="abc.üß1 -", max_size=12), st.text(alphabet="abcABC.üÜ1 -\n", max_size=40))
def test_plain_text_is_found_as_python_finds_it(needle: str, text: str) -> None:
    if not needle:
        return
    pattern = re.escape(needle)
    assert compile_search(pattern).is_in(text) is (
        re.search(pattern, text, re.IGNORECASE | re.DOTALL) is not None
    )
