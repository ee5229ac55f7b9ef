from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.domain.devices.facts import DataType, ListValue, UdfFacts
from mappings.domain.devices.transforms import (
    TRANSFORMS,
    StepError,
    describe_steps,
    read_steps,
    run_steps,
    udf_value,
)
from mappings.domain.devices.udfvalues import Problem, canonical, from_udf, is_masked, is_same, to_udf

TEXT = UdfFacts("Text", max_length=20)
NUMBER = UdfFacts("Number", DataType.NUMBER)
DAY = UdfFacts("Day", DataType.DATE)
YES = UdfFacts("Yes", DataType.BOOLEAN)
LIST = UdfFacts(
    "List", DataType.LIST, list_values=(
        ListValue("101", "Gold"), ListValue("102", "Silver plus"), ListValue("103", "Old", is_active=False)
    ),
)  # fmt: skip


@pytest.mark.parametrize(
    ("step", "text", "result"),
    [
        ({"name": "trim"}, "  a   b ", "a b"),
        ({"name": "upper"}, "straße", "STRASSE"),
        ({"name": "lower"}, "ABC", "abc"),
        ({"name": "number"}, "1,234", "1234"),
        ({"name": "number", "decimals": 1}, "12.35", "12.4"),
        ({"name": "number", "decimals": 2, "decimal_mark": ","}, "1.234,50", "1234.5"),
        ({"name": "number", "decimals": 2}, "-0.001", "0"),
        ({"name": "date"}, "2026-01-31", "2026-01-31"),
        ({"name": "date"}, "2026-01-31T23:59:00Z", "2026-01-31"),
        ({"name": "date"}, "1767225600000", "2026-01-01"),
        ({"name": "date"}, "1767225600", "2026-01-01"),
        ({"name": "date", "formats": ["%d.%m.%Y", "%m/%d/%Y"]}, "31.01.2026", "2026-01-31"),
        ({"name": "date", "formats": ["%d.%m.%Y", "%m/%d/%Y"]}, "01/31/2026", "2026-01-31"),
        ({"name": "yes_no"}, "Enabled", "true"),
        ({"name": "yes_no"}, "0", "false"),
        ({"name": "yes_no", "yes": ["Protected"], "no": ["1"]}, "protected", "true"),
        ({"name": "yes_no", "yes": ["Protected"], "no": ["1"]}, "1", "false"),
        ({"name": "capture", "pattern": "v([0-9.]+)"}, "Agent v4.12 x64", "4.12"),
        ({"name": "capture", "pattern": "[0-9]+"}, "abc 77", "77"),
        ({"name": "capture", "pattern": "[0-9]+"}, "abc", ""),
        ({"name": "pick", "key": "Rack"}, "room=2; rack = B7 ;x", "B7"),
        ({"name": "pick", "key": "b", "separator": "|", "mark": ":"}, "a:1|b:2", "2"),
        ({"name": "pick", "key": "c"}, "a=1;b=2", ""),
        ({"name": "cut", "length": 4}, "abc defg", "abc"),
        ({"name": "prefix", "text": "RMM "}, "x", "RMM x"),
        ({"name": "suffix", "text": " GB"}, "8", "8 GB"),
        ({"name": "gigabytes"}, "17179869184", "16"),
        ({"name": "gigabytes", "decimals": 1}, "1610612736", "1.5"),
        ({"name": "table", "table": {"a": "Alpha"}}, "A", "Alpha"),
        ({"name": "table", "table": {"a": "Alpha"}}, "b", "b"),
        ({"name": "table", "table": {"a": "Alpha"}, "otherwise": "Other"}, "b", "Other"),
        ({"name": "table", "table": {"": "None yet"}}, "", "None yet"),
        ({"name": "user"}, "CONTOSO\\jane", "jane"),
        ({"name": "user"}, "jane@contoso.com", "jane"),
        ({"name": "user"}, "jane", "jane"),
        ({"name": "prefix", "text": "RMM "}, "", ""),
    ],
)
def test_a_step_gives(step: dict[str, Any], text: str, result: str) -> None:
    assert run_steps(read_steps([step]), text, TEXT) == result


@pytest.mark.parametrize(
    ("step", "text", "words"),
    [
        ({"name": "number"}, "many", "'many' is not a number"),
        ({"name": "date", "formats": ["%d.%m.%Y"]}, "soon", "tried %d.%m.%Y, 2026-01-31"),
        ({"name": "yes_no"}, "perhaps", "neither yes nor no"),
        ({"name": "gigabytes"}, "-5", "not a count of bytes"),
        ({"name": "list_value"}, "Gold", "Text is not a list"),
    ],
)
def test_a_problem_says_what_and_how_to_mend_it(step: dict[str, Any], text: str, words: str) -> None:
    result = run_steps(read_steps([step]), text, TEXT)
    assert isinstance(result, Problem)
    assert words in result.text


@pytest.mark.parametrize(
    ("stored", "words"),
    [
        ("trim", 'Steps: must be a list such as [{"name": "trim"}].'),
        ([7], 'Step 1: must be an object with a "name"'),
        ([{"name": "trim"}, {"name": "shout"}], "Step 2: 'shout' is unknown. Choose one of: trim, upper"),
        ([{"name": "trim", "length": 5}], "Step 1 (trim): length: is unknown here. It takes nothing."),
        ([{"name": "cut"}], "Step 1 (cut): length: is missing. Give a whole number from 1 to 8000."),
        ([{"name": "cut", "length": 0}], "Step 1 (cut): length: Give a whole number from 1 to 8000."),
        ([{"name": "cut", "length": True}], "Step 1 (cut): length: Give a whole number"),
        ([{"name": "cut", "length": "9"}], "Step 1 (cut): length: Give a whole number"),
        ([{"name": "number", "decimal_mark": ";"}], "Step 1 (number): decimal_mark: Give one of . ,"),
        (
            [{"name": "date", "formats": ["%d.%m"]}],
            "Step 1 (date): formats: '%d.%m' must name day, month and year",
        ),
        ([{"name": "date", "formats": "%d.%m.%Y"}], "Step 1 (date): formats: Give a list of"),
        ([{"name": "capture", "pattern": "("}], "Step 1 (capture): pattern: "),
        ([{"name": "capture", "pattern": "(a+)+"}], "Step 1 (capture): pattern: "),
        ([{"name": "table", "table": {"a": 1}}], "Step 1 (table): table: Give a table"),
        (
            [{"name": "prefix", "text": "x" * 501}],
            "Step 1 (prefix): text: Give a text of at most 500 characters.",
        ),
    ],
)
def test_a_bad_step_is_refused_with_its_argument_and_the_cure(stored: object, words: str) -> None:
    with pytest.raises(StepError) as caught:
        read_steps(stored)
    assert words in str(caught.value)


def test_every_transform_can_be_described() -> None:
    steps = read_steps(
        [
            {"name": "trim"}, {"name": "upper"}, {"name": "lower"}, {"name": "number", "decimals": 2},
            {"name": "date", "formats": ["%d.%m.%Y"]}, {"name": "yes_no"}, {"name": "list_value", "otherwise": "Gold"},
            {"name": "capture", "pattern": "a"}, {"name": "pick", "key": "k"}, {"name": "cut", "length": 3},
            {"name": "prefix", "text": "x"}, {"name": "suffix", "text": "y"}, {"name": "gigabytes"},
            {"name": "table", "table": {"": "none"}}, {"name": "user"},
        ]
    )  # fmt: skip
    assert {step.name for step in steps} == set(TRANSFORMS)
    words = describe_steps(steps)
    assert all(one.endswith(".") for one in words)
    assert {"Number with at most 2 decimals.", "Bytes to GB: whole number."} <= set(words)
    assert "Table: empty becomes none; anything else stays." in words
    assert "Look it up in the UDF's list; take Gold if it is not there." in words


@pytest.mark.parametrize(
    ("udf", "text", "result"),
    [
        (TEXT, " abc ", "abc"),
        (NUMBER, "4.50", "4.5"),
        (NUMBER, "+007", "7"),
        (DAY, "2026-01-31T00:00:00", "2026-01-31"),
        (YES, "Ja", "true"),
        (LIST, "gold", "101"),
        (LIST, "silver  PLUS", "102"),
        (LIST, "102", "102"),
        (LIST, "", ""),
    ],
)
def test_to_udf(udf: UdfFacts, text: str, result: str) -> None:
    assert to_udf(udf, text) == result


@pytest.mark.parametrize(
    ("udf", "text", "words"),
    [
        (TEXT, "x" * 21, "at most 20 characters, the value has 21"),
        (NUMBER, "1e5", "Number needs a number"),
        (NUMBER, "NaN", "Number needs a number"),
        (DAY, "2026-02-30", "Day needs a date"),
        (YES, "perhaps", "Yes needs yes or no"),
        (LIST, "Bronze", "it has: Gold, Silver plus."),
        (LIST, "Old", "no list entry 'Old'"),
        (UdfFacts("New", DataType.UNKNOWN), "x", "does not know"),
    ],
)
def test_to_udf_refuses(udf: UdfFacts, text: str, words: str) -> None:
    result = to_udf(udf, text)
    assert isinstance(result, Problem)
    assert words in result.text


def test_steps_and_type_work_together() -> None:
    steps = read_steps([{"name": "pick", "key": "plan"}, {"name": "list_value", "otherwise": "gold"}])
    assert udf_value(steps, "plan=silver plus", LIST) == "102"
    assert udf_value(steps, "plan=bronze", LIST) == "101"
    assert udf_value(steps, "none", LIST) == ""
    assert isinstance(udf_value(read_steps([{"name": "list_value"}]), "bronze", LIST), Problem)


def test_values_are_read_as_people_write_them() -> None:
    assert from_udf(LIST, "103") == "Old"
    assert from_udf(DAY, "2026-01-31T00:00:00") == "2026-01-31"
    assert isinstance(from_udf(LIST, "999"), Problem)
    assert from_udf(TEXT, None) == ""
    assert is_same(NUMBER, "4", "4.00")
    assert is_same(DAY, "2026-01-31T00:00:00", "2026-01-31")
    assert is_same(TEXT, None, " ")
    assert not is_same(TEXT, "a", "A")
    assert is_masked("*****")
    assert not is_masked("a*")
    assert not is_masked("")


@settings(deadline=None)
@given(st.sampled_from([TEXT, NUMBER, DAY, YES, LIST]), st.text(max_size=30))
def test_a_value_in_the_udfs_form_stays_as_it_is(udf: UdfFacts, text: str) -> None:
    value = to_udf(udf, text)
    if isinstance(value, Problem):
        assert value.text
    else:
        assert to_udf(udf, value) == value
        assert canonical(udf, value) == value


@settings(deadline=None)
@given(st.sampled_from(["number", "date", "yes_no", "gigabytes", "user", "trim"]), st.text(max_size=40))
def test_no_text_breaks_a_step(name: str, text: str) -> None:
    assert isinstance(run_steps(read_steps([{"name": name}]), text, TEXT), str | Problem)
