"""What a rule asks, which of several wins, and when."""

from __future__ import annotations

from datetime import UTC, datetime, time
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.domain.rules.conditions import (
    WEIGHTS,
    Conditions,
    Hours,
    Rule,
    RuleFacts,
    applies,
    describe_specificity,
    matching_rules,
)
from tickets.domain.settings import SettingsRow, resolve

#: A Tuesday, ten in the morning in Berlin.
AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
FACTS = RuleFacts(
    priority="High",
    at=AT,
    monitor_type="disk_usage",
    monitor=7,
    organization=29,
    site="site-1",
    device="device-1",
    device_class="device",
    item_category=3,
    text="C: has 5 GB free",
)
#: What a rule may name -> a condition that fits, and one that does not.
NAMED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "device_class": ({"device_class": "Device"}, {"device_class": "printer"}),
    "alert_priority": ({"priorities": frozenset({"High", "Low"})}, {"priorities": frozenset({"Low"})}),
    "monitor_type": ({"monitor_type": "disk_usage"}, {"monitor_type": "cpu"}),
    "pattern": ({"pattern": r"\d+ gb free"}, {"pattern": "memory"}),
    "monitor": ({"monitor": 7}, {"monitor": 8}),
    "organization": ({"organization": 29}, {"organization": 0}),
    "site": ({"site": "site-1"}, {"site": "site-2"}),
    "item_category": ({"item_category": 3}, {"item_category": 4}),
    "device": ({"device": "device-1"}, {"device": "device-2"}),
    "hours": (
        {"hours": Hours(frozenset({1}), time(8), time(18), "Europe/Berlin")},
        {"hours": Hours(frozenset({1}), time(18), time(8), "Europe/Berlin")},
    ),
}


def rule(number: int, values: dict[str, Any] | None = None, *, position: int = 0, **asks: Any) -> Rule:
    name = f"rule {number}"
    return Rule(number, name, Conditions(**asks), SettingsRow(name, values or {}, rule_id=number), position)


@pytest.mark.parametrize("name", WEIGHTS)
def test_each_condition_fits_what_it_names_and_nothing_else(name: str) -> None:
    fits, fits_not = NAMED[name]
    assert applies(Conditions(**fits), FACTS)
    assert not applies(Conditions(**fits_not), FACTS)
    assert Conditions(**fits).named == (name,)


@pytest.mark.parametrize(("one", "other"), list(combinations(WEIGHTS, 2)))
def test_all_conditions_of_a_rule_must_fit(one: str, other: str) -> None:
    assert applies(Conditions(**NAMED[one][0], **NAMED[other][0]), FACTS)
    assert not applies(Conditions(**NAMED[one][0], **NAMED[other][1]), FACTS)


@pytest.mark.parametrize("name", list(WEIGHTS)[1:])
def test_a_kind_beats_all_kinds_before_it_together(name: str) -> None:
    before = list(WEIGHTS)[: list(WEIGHTS).index(name)]
    many = {key: value for kind in before for key, value in NAMED[kind][0].items()}
    found = matching_rules([rule(1, position=-5, **many), rule(2, position=5, **NAMED[name][0])], FACTS)
    assert [one.id for one in found] == [2, 1]


def test_of_two_as_specific_the_lower_position_wins_then_the_newer_one() -> None:
    asks = NAMED["monitor"][0]
    rules = [rule(1, position=2, **asks), rule(2, position=1, **asks), rule(3, position=1, **asks)]
    assert [one.id for one in matching_rules(rules, FACTS)] == [3, 2, 1]


def test_the_most_specific_wins_field_by_field() -> None:
    rules = [
        rule(1, {"hold_off_minutes": 5, "runbook_url": "https://type"}, monitor_type="disk_usage"),
        rule(2, {"hold_off_minutes": 10, "note_policy": "never"}, monitor=7),
        rule(3, {"hold_off_minutes": 20}, site="site-2"),
    ]
    rows = [one.settings for one in matching_rules(rules, FACTS)] + [
        SettingsRow("All monitor types", {"runbook_url": "https://all", "clear_delay_minutes": 3})
    ]
    found = resolve(rows, "High")
    assert (found.numbers["hold_off_minutes"].value, found.numbers["hold_off_minutes"].rule_id) == (10, 2)
    assert (found.texts["runbook_url"].value, found.texts["runbook_url"].origin) == ("https://type", "rule 1")
    assert found.choices["note_policy"].origin == "rule 2"
    assert found.numbers["clear_delay_minutes"].origin == "All monitor types"
    assert found.rules == ("rule 2", "rule 1")


@given(st.lists(st.sampled_from(list(WEIGHTS)), unique=True, min_size=1), st.sampled_from(list(WEIGHTS)))
def test_naming_more_is_never_less_specific(names: list[str], more: str) -> None:
    some = {key: value for name in names for key, value in NAMED[name][0].items()}
    assert rule(1, **{**some, **NAMED[more][0]}).specificity >= rule(2, **some).specificity


def local(day: int, hour: int, minute: int = 0) -> datetime:
    """Return a moment of the week of 2026-11-23 by Berlin's clock."""
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - only here

    return datetime(2026, 11, 23 + day, hour, minute, tzinfo=ZoneInfo("Europe/Berlin"))


OFFICE = Hours(frozenset({0, 1, 2, 3, 4}), time(8), time(18), "Europe/Berlin")
NIGHT = Hours(frozenset({4}), time(22), time(6), "Europe/Berlin")


@pytest.mark.parametrize(
    ("hours", "at", "expected"),
    [
        (OFFICE, local(0, 8), True),
        (OFFICE, local(0, 7, 59), False),
        (OFFICE, local(4, 17, 59), True),
        (OFFICE, local(4, 18), False),
        (OFFICE, local(5, 12), False),
        (NIGHT, local(4, 23), True),
        # The morning belongs to the evening before it.
        (NIGHT, local(5, 5, 59), True),
        (NIGHT, local(5, 6), False),
        (NIGHT, local(4, 5), False),
        (NIGHT, local(5, 23), False),
        (Hours(frozenset({6})), datetime(2026, 11, 29, 23, 59, tzinfo=UTC), True),
        (Hours(frozenset({6})), datetime(2026, 11, 30, 0, 0, tzinfo=UTC), False),
    ],
)
def test_a_window_covers_its_hours_by_its_own_clock(hours: Hours, at: datetime, expected: bool) -> None:
    assert hours.covers(at) is expected
    outside = Hours(hours.weekdays, hours.start, hours.end, hours.zone, is_outside=True)
    assert outside.covers(at) is not expected


def test_a_window_follows_the_clock_through_a_change_of_time() -> None:
    # Before and after the change of 2026-10-25 in Berlin, eight in the morning is another moment.
    window = Hours(frozenset(), time(8), time(9), "Europe/Berlin")
    assert window.covers(datetime(2026, 10, 24, 6, 30, tzinfo=UTC))
    assert not window.covers(datetime(2026, 10, 26, 6, 30, tzinfo=UTC))
    assert window.covers(datetime(2026, 10, 26, 7, 30, tzinfo=UTC))


def test_specificity_in_words() -> None:
    assert describe_specificity(Conditions(monitor=7, site="s")) == "a site and a monitor"
    assert describe_specificity(Conditions()) == "nothing: it applies to every alert"
