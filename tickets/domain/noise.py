"""What to do about a monitor that makes noise, told from how its alerts went. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

from tickets.domain.replay import RecordedAlert

#: Fewer tickets than this in the time looked at are no noise.
_FEW_TICKETS: Final = 3
_MANY_TICKETS: Final = 20
_MOST_SHORT: Final = 50
_MOST_TOGETHER: Final = 50
_HARDLY_TOUCHED: Final = 5
#: Fires a day of one and the same trouble, above which its threshold is too low.
_RESTLESS: Final = 3
_TOGETHER: Final = timedelta(minutes=10)


class Advice(StrEnum):
    """What may be done."""

    HOLD_OFF = "hold_off"
    GROUP = "group"
    THRESHOLD = "threshold"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One kind of advice.

    Attributes:
        title: in two or three words.
        settings: what a rule of the monitor would set, as `tickets.domain.settings.catalogue` names it.
    """

    title: str
    settings: Mapping[str, Any]


SUGGESTIONS: Final[Mapping[str, Suggestion]] = {
    Advice.HOLD_OFF: Suggestion("Wait 15 minutes", {"hold_off_minutes": 15}),
    Advice.GROUP: Suggestion(
        "One ticket for a site",
        {"related_group": "site", "related_window_minutes": 10, "group_by_site": True},
    ),
    Advice.THRESHOLD: Suggestion("Raise the threshold", {"clear_delay_minutes": 60}),
    Advice.DROP: Suggestion("Make no tickets", {"create_ticket": False}),
}


@dataclass(frozen=True, slots=True)
class Habits:
    """How the alerts of one monitor went.

    Attributes:
        days: looked at.
        tickets: that today's rules make of its alerts alone.
        short_percent: cleared within 15 minutes.
        together_percent: fired within 10 minutes of another device of the same site.
        restless: fires a day of the trouble that fired most.
        worked_on: tickets a person worked on, of `known_tickets` it really had.
    """

    days: int
    fires: int
    tickets: int
    short_percent: int
    together_percent: int
    restless: float
    worked_on: int
    known_tickets: int
    is_security: bool

    @property
    def touched_percent(self) -> int | None:
        """Return the share of its tickets that a person worked on; None when it had none."""
        return 100 * self.worked_on // self.known_tickets if self.known_tickets else None


def measure(
    alerts: Sequence[RecordedAlert], *, days: int, tickets: int, worked_on: int, known_tickets: int
) -> Habits:
    """Return the habits of one monitor.

    Args:
        alerts: all of the monitor, by time; at least one.
        days: looked at.
        tickets: that today's rules make of them.
        worked_on, known_tickets: of the tickets it really had.
    """
    short = sum(
        one.resolved_at is not None and one.resolved_at - one.raised_at <= timedelta(minutes=15)
        for one in alerts
    )
    by_condition: dict[str, int] = {}
    for one in alerts:
        by_condition[one.condition] = by_condition.get(one.condition, 0) + 1
    return Habits(
        days=days,
        fires=len(alerts),
        tickets=tickets,
        short_percent=100 * short // len(alerts),
        together_percent=100 * _count_together(alerts) // len(alerts),
        restless=max(by_condition.values()) / days,
        worked_on=worked_on,
        known_tickets=known_tickets,
        is_security=any(one.is_security for one in alerts),
    )


def advise(habits: Habits) -> tuple[Advice, str] | None:
    """Return what to do about a monitor and why, in words; None when nothing needs to be done.

    Security monitors are never advised to be made quieter.
    """
    if habits.is_security or habits.tickets < _FEW_TICKETS:
        return None
    if habits.short_percent >= _MOST_SHORT:
        return (
            Advice.HOLD_OFF,
            f"{habits.short_percent} % of its alerts clear by themselves within 15 minutes.",
        )
    if habits.together_percent >= _MOST_TOGETHER:
        return (
            Advice.GROUP,
            f"{habits.together_percent} % of its alerts come together with those of other devices of the same site.",
        )
    if habits.restless >= _RESTLESS:
        return (
            Advice.THRESHOLD,
            f"The same trouble fires up to {habits.restless:.0f} times a day. Raise the monitor's threshold in Datto RMM; "
            "until then, tickets can stay open for an hour after it clears.",
        )
    touched = habits.touched_percent
    if habits.known_tickets >= _MANY_TICKETS and touched is not None and touched <= _HARDLY_TOUCHED:
        return (
            Advice.DROP,
            f"Somebody worked on {habits.worked_on} of its {habits.known_tickets} tickets. Perhaps nobody needs them.",
        )
    return None


def _count_together(alerts: Sequence[RecordedAlert]) -> int:
    """Return how many alerts fired within ten minutes of one of another device of their site."""
    together: set[str] = set()
    last: dict[str, RecordedAlert] = {}
    for one in alerts:
        before = last.get(one.site)
        if (
            before is not None
            and before.device != one.device
            and one.raised_at - before.raised_at <= _TOGETHER
        ):
            together |= {before.uid, one.uid}
        last[one.site] = one
    return len(together)
