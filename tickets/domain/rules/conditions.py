"""What a rule asks of an alert, and how specific that is. Pure.

Specificity follows from what a rule names, so that nobody has to sort rules: a later kind in `WEIGHTS` beats all
earlier ones together. Of two equally specific rules the one with the lower position wins, then the newer one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from tickets.domain.searching import is_found
from tickets.domain.settings import SettingsRow

#: What a rule may name, from the least specific to the most; each weighs more than all before it.
WEIGHTS: Final[Mapping[str, int]] = {
    "device_class": 1,
    "alert_priority": 2,
    "monitor_type": 4,
    "pattern": 8,
    "monitor": 16,
    "organization": 32,
    "site": 64,
    "item_category": 128,
    "device": 256,
    "hours": 512,
}
_WORDS: Final[Mapping[str, str]] = {
    "device_class": "a device class",
    "alert_priority": "an alert priority",
    "monitor_type": "a monitor type",
    "pattern": "a pattern",
    "monitor": "a monitor",
    "organization": "an organization",
    "site": "a site",
    "item_category": "a configuration item category",
    "device": "a device",
    "hours": "a time window",
}


@dataclass(frozen=True, slots=True)
class Hours:
    """A weekly time window.

    Attributes:
        weekdays: 0 Monday to 6 Sunday; empty means every day.
        start, end: local times; an end before the start reaches into the next day. Equal: the whole day.
        zone: IANA name of the time zone.
        is_outside: the rule applies outside of the window instead.
    """

    weekdays: frozenset[int] = frozenset()
    start: time = time(0, 0)
    end: time = time(0, 0)
    zone: str = "UTC"
    is_outside: bool = False

    def covers(self, at: datetime) -> bool:
        """Return whether the rule applies at an aware moment."""
        local = at.astimezone(ZoneInfo(self.zone))
        now, day = local.time(), local.weekday()
        if self.start < self.end or self.start == self.end:
            is_in = self._on(day) and (self.start == self.end or self.start <= now < self.end)
        else:
            # Of a window over midnight, the morning belongs to the day before.
            is_in = (self._on(day) and now >= self.start) or (self._on((day - 1) % 7) and now < self.end)
        return is_in != self.is_outside

    def _on(self, day: int) -> bool:
        return not self.weekdays or day in self.weekdays


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a rule asks; None and empty ask nothing.

    Attributes:
        monitor_type: slug.
        monitor: primary key in the monitor catalogue.
        organization: Autotask company id.
        site: Datto site uid.
        device: Datto device uid.
        device_class: Datto's device class, compared without regard to case.
        item_category: Autotask id of the configuration item's category.
        priorities: Datto alert priorities.
        pattern: regular expression searched in diagnostics, summary and subject, without regard to case.
    """

    device_class: str = ""
    priorities: frozenset[str] = frozenset()
    monitor_type: str = ""
    pattern: str = ""
    monitor: int | None = None
    organization: int | None = None
    site: str = ""
    item_category: int | None = None
    device: str = ""
    hours: Hours | None = None

    @property
    def named(self) -> tuple[str, ...]:
        """Return what the rule names, in the order of `WEIGHTS`."""
        given = {
            "device_class": self.device_class,
            "alert_priority": self.priorities,
            "monitor_type": self.monitor_type,
            "pattern": self.pattern,
            "monitor": self.monitor,
            "organization": self.organization is not None,
            "site": self.site,
            "item_category": self.item_category is not None,
            "device": self.device,
            "hours": self.hours,
        }
        return tuple(name for name in WEIGHTS if given[name])

    @property
    def specificity(self) -> int:
        """Return how specific the rule is; 0 for one that asks nothing."""
        return sum(WEIGHTS[name] for name in self.named)


@dataclass(frozen=True, slots=True)
class RuleFacts:
    """What rules ask about an alert; empty and None where it is not known.

    Attributes:
        priority: Datto's own, before a site shifts it.
        text: diagnostics, summary and subject.
        at: when the alert was raised, aware.
    """

    priority: str
    at: datetime
    monitor_type: str = ""
    monitor: int | None = None
    organization: int | None = None
    site: str = ""
    device: str = ""
    device_class: str = ""
    item_category: int | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: what it asks, and what it sets.

    Attributes:
        position: breaks ties of specificity, the lower first.
    """

    id: int
    name: str
    conditions: Conditions
    settings: SettingsRow
    position: int = 0
    specificity: int = field(init=False)

    def __post_init__(self) -> None:
        """Compute once what every alert compares."""
        object.__setattr__(self, "specificity", self.conditions.specificity)


def applies(conditions: Conditions, facts: RuleFacts) -> bool:
    """Return whether a rule applies to an alert. The cheap questions come first."""
    return (
        (not conditions.monitor_type or conditions.monitor_type == facts.monitor_type)
        and (conditions.monitor is None or conditions.monitor == facts.monitor)
        and (not conditions.site or conditions.site == facts.site)
        and (conditions.organization is None or conditions.organization == facts.organization)
        and (not conditions.device or conditions.device == facts.device)
        and (not conditions.priorities or facts.priority in conditions.priorities)
        and (
            not conditions.device_class or conditions.device_class.casefold() == facts.device_class.casefold()
        )
        and (conditions.item_category is None or conditions.item_category == facts.item_category)
        and (conditions.hours is None or conditions.hours.covers(facts.at))
        and (not conditions.pattern or is_found(conditions.pattern, facts.text))
    )


def matching_rules(rules: Iterable[Rule], facts: RuleFacts) -> list[Rule]:
    """Return the rules that apply, the most specific first."""
    found = [rule for rule in rules if applies(rule.conditions, facts)]
    return sorted(found, key=lambda rule: (-rule.specificity, rule.position, -rule.id))


def describe_specificity(conditions: Conditions) -> str:
    """Return what a rule names in words, the most specific first: "a site and a monitor"."""
    words = [_WORDS[name] for name in reversed(conditions.named)]
    if not words:
        return "nothing: it applies to every alert"
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
