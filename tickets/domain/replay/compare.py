"""Two sets of rules on the same alerts, side by side. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from tickets.domain.replay.facts import RecordedAlert
from tickets.domain.replay.report import is_hidden_security, monitor_lines
from tickets.domain.replay.results import Outcome, Replay

_EXAMPLES: Final = 50
_EXAMPLES_PER_MONITOR: Final = 5


@dataclass(frozen=True, slots=True)
class Difference:
    """Tickets of one monitor or organization by both sets of rules."""

    key: str
    label: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Example:
    """An alert that both sets of rules treat differently, with both reasons.

    Attributes:
        before, after: kinds of `tickets.domain.replay.engine.Outcome`.
        hides_security: it is a security alert that only the second set of rules hides.
    """

    uid: str
    summary: str
    device: str
    raised_at: datetime
    before: str
    before_reason: str
    after: str
    after_reason: str
    hides_security: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changes from the first set of rules to the second.

    Attributes:
        changed: alerts treated differently; `examples` are at most 50 of them, hidden security alerts first.
        hear_less, hear_more: organizations with fewer, or more, tickets.
        newly_hidden_security: security alerts that only the second set hides.
        organizations: keyed by Autotask company id; whoever shows them adds the names.
    """

    tickets_before: int
    tickets_after: int
    changed: int
    hear_less: int
    hear_more: int
    newly_hidden_security: int
    monitors: tuple[Difference, ...]
    organizations: tuple[Difference, ...]
    examples: tuple[Example, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        values = asdict(self)
        for example in values["examples"]:
            example["raised_at"] = example["raised_at"].isoformat()
        return values


def compare(alerts: Sequence[RecordedAlert], before: Replay, after: Replay) -> Comparison:
    """Return what changes when `after` is used instead of `before`, on the same alerts."""
    examples: list[Example] = []
    hidden: list[Example] = []
    of_monitor: Counter[str] = Counter()
    changed = newly_hidden = 0
    for alert, one, other in zip(alerts, before.outcomes, after.outcomes, strict=True):
        # Numbers of tickets differ between two runs for no reason of interest.
        if (one.kind, one.because) == (other.kind, other.because):
            continue
        changed += 1
        hides = is_hidden_security(alert, other) and not is_hidden_security(alert, one)
        newly_hidden += hides
        if hides and len(hidden) < _EXAMPLES:
            hidden.append(_example(alert, one, other, hides_security=True))
        elif len(examples) < _EXAMPLES and of_monitor[alert.monitor_key] < _EXAMPLES_PER_MONITOR:
            of_monitor[alert.monitor_key] += 1
            examples.append(_example(alert, one, other, hides_security=hides))
    organizations = _organizations(before, after)
    return Comparison(
        tickets_before=len(before.made),
        tickets_after=len(after.made),
        changed=changed,
        hear_less=sum(one.after < one.before for one in organizations),
        hear_more=sum(one.after > one.before for one in organizations),
        newly_hidden_security=newly_hidden,
        monitors=_monitors(alerts, before, after),
        organizations=organizations,
        examples=tuple([*hidden, *examples][:_EXAMPLES]),
    )


def effect_sentence(comparison: Comparison, days: int) -> str:
    """Return what a change would have done, in one sentence."""
    told = f"In the last {days} days: {_count(comparison.tickets_before, 'ticket')} -> {comparison.tickets_after}"
    for number, how in ((comparison.hear_less, "less"), (comparison.hear_more, "more")):
        if number:
            told += f", {_count(number, 'organization')} {'hears' if number == 1 else 'hear'} {how}"
    if comparison.newly_hidden_security:
        return f"{told}. It HIDES {_count(comparison.newly_hidden_security, 'security alert')}."
    return f"{told}, nothing security-related hidden."


def _example(alert: RecordedAlert, one: Outcome, other: Outcome, *, hides_security: bool) -> Example:
    return Example(
        uid=alert.uid,
        summary=alert.summary or alert.label,
        device=alert.device_name,
        raised_at=alert.raised_at,
        before=one.kind,
        before_reason=one.reason,
        after=other.kind,
        after_reason=other.reason,
        hides_security=hides_security,
    )


def _monitors(alerts: Sequence[RecordedAlert], before: Replay, after: Replay) -> tuple[Difference, ...]:
    now = {line.key: line.tickets for line in monitor_lines(alerts, after)}
    rows = [
        Difference(line.key, line.label, line.tickets, now[line.key])
        for line in monitor_lines(alerts, before)
        if line.tickets != now[line.key]
    ]
    return tuple(sorted(rows, key=lambda one: (-abs(one.after - one.before), one.key)))


def _organizations(before: Replay, after: Replay) -> tuple[Difference, ...]:
    was = Counter(one.company for one in before.made if one.company is not None)
    now = Counter(one.company for one in after.made if one.company is not None)
    rows = [
        Difference(str(company), "", was[company], now[company])
        for company in was.keys() | now.keys()
        if was[company] != now[company]
    ]
    return tuple(sorted(rows, key=lambda one: (-abs(one.after - one.before), one.key)))


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
