"""What a replay tells, in numbers. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, Final

from tickets.domain.replay.facts import RecordedAlert
from tickets.domain.replay.results import Outcome, Replay

#: An alert that clears within this time might have been waited for.
SHORT: Final = timedelta(minutes=15)
_NOISIEST: Final = 20
_EXAMPLES: Final = 50


@dataclass(frozen=True, slots=True)
class MonitorLine:
    """One monitor: how often it fired, what came of it, and which share (0 to 100) cleared within 15 minutes."""

    key: str
    label: str
    fires: int
    tickets: int
    short_percent: int


@dataclass(frozen=True, slots=True)
class Report:
    """The numbers of one replay.

    Attributes:
        per_day: UTC date -> tickets made; days without one are left out.
        merges: cause of `tickets.domain.grouping.Because` -> alerts that joined a ticket.
        filtered, blocked: cause -> alerts.
        calls: Autotask calls, estimated.
        organizations: Autotask company id -> tickets; tickets of the catch-all organization are not among them.
        hidden_security: uids of security alerts that no ticket shows, at most 50; `hidden_security_count` is exact.
    """

    name: str
    alerts: int
    tickets: int
    per_day: dict[str, int]
    peak_per_hour: int
    merges: dict[str, int]
    filtered: dict[str, int]
    blocked: dict[str, int]
    held_and_cleared: int
    reopened: int
    notes: int
    calls: int
    organizations: dict[int, int]
    noisiest: tuple[MonitorLine, ...]
    hidden_security_count: int
    hidden_security: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON; keys are text."""
        return {**asdict(self), "organizations": {str(key): n for key, n in self.organizations.items()}}


def summarise(alerts: Sequence[RecordedAlert], done: Replay) -> Report:
    """Return the numbers of a replay of these alerts."""
    causes: dict[str, Counter[str]] = {"filtered": Counter(), "blocked": Counter()}
    hidden = []
    for alert, outcome in zip(alerts, done.outcomes, strict=True):
        if outcome.kind in causes:
            causes[outcome.kind][outcome.because] += 1
        if is_hidden_security(alert, outcome):
            hidden.append(alert.uid)
    hours = Counter(one.created_at.strftime("%Y-%m-%d %H") for one in done.made)
    days = Counter(one.created_at.strftime("%Y-%m-%d") for one in done.made)
    companies = Counter(one.company for one in done.made if one.company is not None)
    return Report(
        name=done.name,
        alerts=len(alerts),
        tickets=len(done.made),
        per_day=dict(sorted(days.items())),
        peak_per_hour=max(hours.values(), default=0),
        merges=dict(sorted(done.merges.items())),
        filtered=dict(sorted(causes["filtered"].items())),
        blocked=dict(sorted(causes["blocked"].items())),
        held_and_cleared=done.held_and_cleared,
        reopened=done.reopened,
        notes=done.notes,
        calls=done.calls,
        organizations=dict(sorted(companies.items())),
        noisiest=tuple(monitor_lines(alerts, done)[:_NOISIEST]),
        hidden_security_count=len(hidden),
        hidden_security=tuple(hidden[:_EXAMPLES]),
    )


def is_hidden_security(alert: RecordedAlert, outcome: Outcome) -> bool:
    """Return whether a security alert is shown by no ticket, and nobody is asked to cure that.

    One that waits for a cure stands in the inbox; one that Datto's own integration ticketed has its ticket.
    """
    return (
        alert.is_security
        and not outcome.has_ticket
        and outcome.kind not in {"blocked", "note"}
        and outcome.because != "native"
    )


def monitor_lines(alerts: Sequence[RecordedAlert], done: Replay) -> list[MonitorLine]:
    """Return one line for each monitor, the one that fired most first."""
    fires: Counter[str] = Counter()
    short: Counter[str] = Counter()
    labels: dict[str, str] = {}
    for alert in alerts:
        fires[alert.monitor_key] += 1
        labels.setdefault(alert.monitor_key, alert.label)
        if alert.resolved_at is not None and alert.resolved_at - alert.raised_at <= SHORT:
            short[alert.monitor_key] += 1
    tickets = Counter(one.leader.monitor_key for one in done.made)
    lines = [
        MonitorLine(key, labels[key], count, tickets[key], 100 * short[key] // count)
        for key, count in fires.items()
    ]
    return sorted(lines, key=lambda one: (-one.fires, one.key))
