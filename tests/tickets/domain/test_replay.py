"""Recorded alerts through rules: what comes out, that it is the same each time, and how two sets compare."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tickets.domain.decisions import SiteFacts
from tickets.domain.grouping import StormPolicy
from tickets.domain.replay import (
    RecordedAlert,
    ReplaySite,
    RuleSet,
    compare,
    effect_sentence,
    replay,
    summarise,
)
from tickets.domain.rules.conditions import Conditions, Rule
from tickets.domain.settings import SettingsRow

START = datetime(2026, 10, 5, 8, 0, tzinfo=UTC)


def _minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def _site(number: int = 1, **values: object) -> ReplaySite:
    facts = SiteFacts(f"Site {number}", "confirmed", False, number, f"Org {number}", True, True)
    return ReplaySite(facts=replace(facts, **values), devices=10)  # type: ignore[arg-type]


SITES = {f"site-{number}": _site(number) for number in range(1, 13)}


def _alert(
    number: int, minute: float, lasts: float | None = 5, *, device: int = 1, site: int = 1, **values: object
) -> RecordedAlert:
    at = START + _minutes(minute)
    alert = RecordedAlert(
        uid=f"alert-{number:05}",
        priority="High",
        monitor_type="disk_usage",
        type_name="Disk Usage",
        monitor_key="m:1",
        monitor=1,
        label="Disk C:",
        condition=f"disk-{site}-{device}",
        site=f"site-{site}",
        organization=site,
        device=f"device-{site}-{device}",
        raised_at=at,
        resolved_at=None if lasts is None else at + _minutes(lasts),
    )
    return replace(alert, **values)  # type: ignore[arg-type]


def _rules(*rules: Rule, policy: StormPolicy | None = None, **defaults: object) -> RuleSet:
    rows = [SettingsRow.of("All monitor types", **defaults)]
    return RuleSet("rules", rules, {"": rows}, policy or StormPolicy())


def _rule(number: int, conditions: Conditions, **values: object) -> Rule:
    return Rule(number, f"r{number}", conditions, SettingsRow(f"rule r{number}", values, rule_id=number))


def test_each_condition_gets_its_ticket_and_a_repeat_joins_it() -> None:
    alerts = [_alert(1, 0, None), _alert(2, 1, None), _alert(3, 200, None, device=2)]
    done = replay(alerts, SITES, _rules())
    assert [one.kind for one in done.outcomes] == ["new", "joined", "new"]
    assert done.merges == {"repeat": 1}
    report = summarise(alerts, done)
    assert (report.tickets, report.per_day, report.peak_per_hour) == (2, {"2026-10-05": 2}, 1)
    assert report.organizations == {1: 2}


def test_what_clears_within_the_hold_off_makes_no_ticket_and_what_stays_gets_one_afterwards() -> None:
    alerts = [_alert(1, 0, 14, device=1), _alert(2, 0, 15, device=2), _alert(3, 0, 16, device=3)]
    done = replay(alerts, SITES, _rules(hold_off_minutes=15, related_group="none"))
    assert [one.kind for one in done.outcomes] == ["cleared", "cleared", "new"]
    assert done.held_and_cleared == 2
    assert done.made[0].created_at == START + _minutes(15)


def test_what_comes_back_reopens_what_we_completed_but_follows_what_a_person_completed() -> None:
    ours = [_alert(1, 0, 5), _alert(2, 60, 5)]
    assert [one.kind for one in replay(ours, SITES, _rules()).outcomes] == ["new", "reopen"]
    by_person = [
        replace(ours[0], resolved_at=START + _minutes(30), person_completed_at=START + _minutes(10)),
        ours[1],
    ]
    done = replay(by_person, SITES, _rules())
    assert [(one.kind, one.because) for one in done.outcomes] == [("new", "own"), ("new", "returned")]


def test_after_the_repeat_window_it_is_a_new_trouble() -> None:
    done = replay([_alert(1, 0, 5), _alert(2, 90, 5)], SITES, _rules(repeat_window_minutes=60))
    assert [(one.kind, one.because) for one in done.outcomes] == [("new", "own"), ("new", "own")]


def test_clear_delay_keeps_the_ticket_of_what_fires_again() -> None:
    done = replay([_alert(1, 0, 5), _alert(2, 8, 5)], SITES, _rules(clear_delay_minutes=5))
    assert [one.kind for one in done.outcomes] == ["new", "joined"]
    assert done.reopened == 0


def test_a_site_that_goes_down_makes_one_ticket() -> None:
    alerts = [_alert(number, number * 0.1, 60, device=number) for number in range(1, 9)]
    done = replay(alerts, SITES, _rules(group_by_site=True, related_group="none"))
    assert len(done.made) == 1
    assert done.made[0].kind == "site"
    assert done.merges["site_storm"] == 7


def test_one_monitor_at_many_sites_makes_a_fleet_ticket() -> None:
    alerts = [_alert(number, number * 0.1, 60, site=number) for number in range(1, 13)]
    done = replay(alerts, SITES, _rules())
    assert [one.kind.value for one in done.made] == ["single"] * 9 + ["fleet"]
    assert done.merges == {"fleet_storm": 2}


def test_sites_without_organization_and_rules_without_ticket_are_told_apart() -> None:
    sites = {"site-1": _site(), "site-2": _site(2, state="new", company_id=None)}
    quiet = _rule(1, Conditions(device="device-1-2"), create_ticket=False)
    alerts = [_alert(1, 0), _alert(2, 1, site=2), _alert(3, 2, device=2), _alert(4, 3, site=9)]
    report = summarise(alerts, replay(alerts, sites, _rules(quiet)))
    assert report.blocked == {"site_unmapped": 1, "site_unknown": 1}
    assert report.filtered == {"rule": 1}
    assert report.tickets == 1


def test_rules_by_pattern_and_priority_are_asked_of_each_alert() -> None:
    rules = _rules(
        _rule(1, Conditions(pattern="backup"), create_ticket=False),
        _rule(2, Conditions(priorities=frozenset({"Low"})), create_ticket=False),
        related_group="none",
    )
    alerts = [
        _alert(1, 0, device=1, text="disk full"),
        _alert(2, 1, device=2, text="Backup disk full"),
        _alert(3, 2, device=3, priority="Low"),
        _alert(4, 3, device=4),
    ]
    done = replay(alerts, SITES, rules)
    assert [one.kind for one in done.outcomes] == ["new", "filtered", "filtered", "new"]
    assert "rule r1" in done.outcomes[1].reason


def test_a_hidden_security_alert_is_called_out() -> None:
    alerts = [_alert(1, 0, None, is_security=True), _alert(2, 0, None, device=2)]
    today = replay(alerts, SITES, _rules())
    hushed = replay(alerts, SITES, _rules(_rule(1, Conditions(monitor=1), create_ticket=False)))
    assert summarise(alerts, today).hidden_security_count == 0
    assert summarise(alerts, hushed).hidden_security == ("alert-00001",)
    comparison = compare(alerts, today, hushed)
    assert comparison.newly_hidden_security == 1
    assert comparison.examples[0].hides_security
    assert effect_sentence(comparison, 30).endswith("It HIDES 1 security alert.")


def test_a_security_ticket_never_ends_by_itself() -> None:
    done = replay([_alert(1, 0, 5, is_security=True), _alert(2, 60, None, device=2)], SITES, _rules())
    assert done.made[0].is_open


def test_two_sets_side_by_side_with_both_reasons() -> None:
    alerts = [_alert(number, number * 120, 5, device=number, site=1 + number % 3) for number in range(9)]
    today, draft = replay(alerts, SITES, _rules()), replay(alerts, SITES, _rules(hold_off_minutes=15))
    comparison = compare(alerts, today, draft)
    assert (comparison.tickets_before, comparison.tickets_after, comparison.changed) == (9, 0, 9)
    assert [(one.label, one.before, one.after) for one in comparison.monitors] == [("Disk C:", 9, 0)]
    assert {one.key for one in comparison.organizations} == {"1", "2", "3"}
    assert comparison.examples[0].before_reason == "Ticket for Org 1."
    assert "no ticket if it clears within 15 minutes" in comparison.examples[0].after_reason
    assert effect_sentence(comparison, 30) == (
        "In the last 30 days: 9 tickets -> 0, 3 organizations hear less, nothing security-related hidden."
    )


@pytest.mark.parametrize("hold", [0, 15])
def test_the_same_input_gives_the_same_report(hold: int) -> None:
    alerts = [
        _alert(number, number * 0.7, number % 23, device=number % 5, site=1 + number % 11)
        for number in range(400)
    ]
    first, second = (
        summarise(alerts, replay(alerts, SITES, _rules(hold_off_minutes=hold, group_by_site=True))).to_json()
        for _ in range(2)
    )
    assert first == second


def test_escalation_counts_over_its_own_time_not_over_that_of_flapping() -> None:
    alerts = [_alert(number, number * 100, None) for number in range(3)]
    done = replay(alerts, SITES, _rules(escalate_after=3, escalate_within_minutes=1440, note_policy="never"))
    assert done.made[0].is_escalated


def test_a_reopened_ticket_is_joined_by_the_next_repeat() -> None:
    done = replay([_alert(1, 0, 5), _alert(2, 60, None), _alert(3, 70, None)], SITES, _rules())
    assert [one.kind for one in done.outcomes] == ["new", "reopen", "joined"]


def _disk(number: int, minute: float, lasts: float | None, name: str, **values: object) -> RecordedAlert:
    return replace(_alert(number, minute, lasts), condition=name, **values)  # type: ignore[arg-type]


def test_a_condition_that_joined_anothers_ticket_stays_with_it() -> None:
    alerts = [
        _disk(1, 0, None, "c"),
        _disk(2, 2, None, "d"),
        _disk(3, 30, None, "d"),
    ]
    done = replay(alerts, SITES, _rules(related_group="device", related_window_minutes=5))
    assert [one.kind for one in done.outcomes] == ["new", "joined", "joined"]
    assert done.outcomes[2].because == "repeat"


def test_it_opens_that_ticket_again_when_it_returns() -> None:
    alerts = [_disk(1, 0, 10, "c"), _disk(2, 2, 5, "d"), _disk(3, 60, None, "d")]
    done = replay(alerts, SITES, _rules(related_group="device", related_window_minutes=5))
    assert [one.kind for one in done.outcomes] == ["new", "joined", "reopen"]
    assert len(done.made) == 1


def test_another_organizations_ticket_is_not_joined() -> None:
    alerts = [_disk(1, 0, None, "c"), _disk(2, 2, None, "c", site="site-2", organization=2)]
    done = replay(alerts, SITES, _rules(related_group="none"))
    assert [one.kind for one in done.outcomes] == ["new", "new"]


def test_a_repeat_joins_its_open_ticket_whatever_the_hold_off() -> None:
    alerts = [_disk(1, 0, None, "c"), _disk(2, 40, 5, "c")]
    done = replay(alerts, SITES, _rules(hold_off_minutes=15))
    assert [one.kind for one in done.outcomes] == ["new", "joined"]


def test_the_wait_before_completing_begins_with_the_last_clearing() -> None:
    alerts = [_disk(1, 0, 10, "c"), _disk(2, 14, 1, "c"), _disk(3, 18, 1, "c"), _disk(4, 60, 1, "d")]
    done = replay(alerts, SITES, _rules(clear_delay_minutes=5, repeat_window_minutes=0))
    assert [one.kind for one in done.outcomes[:3]] == ["new", "joined", "joined"]


def test_one_alert_that_forbids_completing_keeps_the_ticket_open() -> None:
    stays = _rule(1, Conditions(pattern="d"), complete_on_clear=False)
    alerts = [_disk(1, 0, 10, "c", text="c"), _disk(2, 2, 1, "d", text="d"), _disk(3, 60, 1, "e")]
    done = replay(alerts, SITES, _rules(stays, related_group="device", related_window_minutes=5))
    assert done.completed == 1
    assert done.made[0].is_open


def test_a_single_device_the_day_after_does_not_open_its_sites_ticket_again() -> None:
    down = [_alert(n, n / 10, 30, device=n, condition=f"off-{n}") for n in range(1, 7)]
    later = [_alert(7, 20 * 60, 5, device=1, condition="off-1")]
    done = replay([*down, *later], SITES, _rules(group_by_site=True))
    assert [one.kind.value for one in done.made] == ["site", "single"]
