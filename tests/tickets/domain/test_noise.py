"""How a monitor's alerts went, and what to do about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.tickets.domain.test_replay import _alert
from tickets.domain.noise import SUGGESTIONS, Advice, Habits, advise, measure

QUIET = Habits(
    days=30, fires=40, tickets=10, short_percent=10, together_percent=10, restless=0.5, worked_on=5, known_tickets=10,
    is_security=False,
)  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "advice", "said"),
    [
        ({}, None, ""),
        ({"short_percent": 50}, Advice.HOLD_OFF, "50 % of its alerts clear"),
        ({"together_percent": 60}, Advice.GROUP, "60 % of its alerts come together"),
        ({"restless": 4.4}, Advice.THRESHOLD, "up to 4 times a day"),
        ({"worked_on": 1, "known_tickets": 20}, Advice.DROP, "worked on 1 of its 20 tickets"),
        # Few tickets, or few that were looked at, say nothing.
        ({"short_percent": 90, "tickets": 2}, None, ""),
        ({"worked_on": 0, "known_tickets": 19}, None, ""),
        ({"worked_on": 2, "known_tickets": 20}, None, ""),
        # What clears by itself is waited for before anything else is tried.
        ({"short_percent": 50, "together_percent": 60, "restless": 9}, Advice.HOLD_OFF, "50 %"),
        # Nobody is told to hear less of threats.
        ({"short_percent": 90, "is_security": True}, None, ""),
    ],
)
def test_advice(changes: dict[str, object], advice: Advice | None, said: str) -> None:
    found = advise(replace(QUIET, **changes))  # type: ignore[arg-type]
    assert (found[0] if found else None) == advice
    assert said in (found[1] if found else "")


def test_habits_are_measured() -> None:
    alerts = [
        _alert(1, 0, 15, device=1),
        _alert(2, 9, 16, device=2),
        _alert(3, 60, None, device=1),
        _alert(4, 200, 5, device=1, site=2, condition="other"),
    ]
    found = measure(alerts, days=2, tickets=3, worked_on=1, known_tickets=4)
    assert (found.fires, found.tickets, found.short_percent, found.together_percent) == (4, 3, 50, 50)
    assert found.restless == 1.0
    assert found.touched_percent == 25
    assert measure(alerts, days=2, tickets=3, worked_on=0, known_tickets=0).touched_percent is None


def test_every_advice_has_a_rule() -> None:
    assert set(SUGGESTIONS) == set(Advice)
    assert all(one.title and one.settings for one in SUGGESTIONS.values())


def test_times_are_counted_to_the_second() -> None:
    at = datetime(2026, 11, 24, tzinfo=UTC)
    one = replace(_alert(1, 0, 15), raised_at=at, resolved_at=at + timedelta(minutes=15, seconds=1))
    assert measure([one], days=1, tickets=1, worked_on=0, known_tickets=0).short_percent == 0
