"""Patterns that people type cost a bounded time, or are refused with the reason."""

from __future__ import annotations

import time

import pytest

from mappings.domain.devices.patterns import BadPattern, compile_pattern, matches_pattern

VALUE = "a" * 255


@pytest.mark.parametrize(
    "text",
    [
        "a?" * 60 + "a" * 60,
        "(a|aa)" * 33,
        "(a|b|ab)" * 20,
        "(?:a?)" * 30 + "b",
        "(a+)+b",
        "(a|a)*b",
        "a*a*a*a*b",
    ],
)
def test_what_could_take_for_ever_is_refused(text: str) -> None:
    with pytest.raises(BadPattern):
        compile_pattern(text)


@pytest.mark.parametrize(
    "text", ["a*a*a*b", "a?a?a?a?a?a*a*a*b", "(a|aa)(a|aa)(a|aa)(a|aa)(a|aa)a*a*a*b", "a*?a*?a*?b"]
)
def test_the_costliest_that_is_let_in_ends_soon(text: str) -> None:
    started = time.process_time()
    assert not matches_pattern(text, VALUE)
    assert time.process_time() - started < 10


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("(srv|server|dc)-?[0-9]+", "server-12"),
        ("gold.*|silver.*|bronze.*|managed|monitored|premium|basic|standard", "Silver plan"),
        (r"(north|south)-(pc|nb)\d{3}", "north-nb017"),
        (".*?backup.*?", "nightly backup plan"),
        ("pc?-?x?1?", "P-1"),
    ],
)
def test_what_people_type_is_let_in(text: str, value: str) -> None:
    assert matches_pattern(text, value)
