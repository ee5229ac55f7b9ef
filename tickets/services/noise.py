"""The noise coach: which monitors make noise, what to do about each, and what that would have done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import yaml
from django.db.models import Count, Q

from tickets.domain.noise import SUGGESTIONS, Advice, advise, measure
from tickets.domain.replay import RecordedAlert, ReplaySite, RuleSet, replay
from tickets.domain.rules.conditions import Conditions, Rule
from tickets.domain.settings import SettingsRow
from tickets.models import Alert, Monitor, Ticket
from tickets.services.replay_source import TODAY, asks_for_text, load_recorded, load_stored_rules, to_rule_set
from tickets.services.trials import OnProgress

#: So many monitors, the loudest first, are looked at.
_MOST_MONITORS: Final = 50
_LATEST: Final = 2_000_000_000
DAYS: Final = 30

__all__ = ["DAYS", "SUGGESTIONS", "look_for_noise", "suggestion_file"]


def look_for_noise(days: int, now: datetime, *, on_progress: OnProgress | None = None) -> dict[str, Any]:
    """Return one line for each of the loudest monitors, as JSON.

    Each monitor's alerts are replayed by themselves, by today's rules and with the suggestion as one more rule, so
    that fifty predictions cost as much as two whole replays. A replay of the suggestion tells it exactly.
    """
    rules = to_rule_set(load_stored_rules(), TODAY, days=days, now=now)
    recorded = load_recorded(days, now, with_text=asks_for_text(rules))
    by_monitor: dict[str, list[RecordedAlert]] = {}
    for alert in recorded.alerts:
        by_monitor.setdefault(alert.monitor_key, []).append(alert)
    loudest = sorted(by_monitor.items(), key=lambda one: (-len(one[1]), one[0]))[:_MOST_MONITORS]
    worked_on = _worked_on(days, now)
    total, done, lines = sum(len(alerts) for _, alerts in loudest), 0, []
    for key, alerts in loudest:
        lines.append(_line(key, alerts, recorded.sites, rules, days, worked_on))
        done += len(alerts)
        if on_progress is not None:
            on_progress(done, total)
    return {"days": days, "alerts": len(recorded.alerts), "monitors": len(by_monitor), "lines": lines}


def suggestion_file(monitor: Monitor, advice: str) -> str:
    """Return a suggestion as the YAML of a draft."""
    same = Monitor.objects.filter(Q(name__iexact=str(monitor)) | Q(label__iexact=str(monitor))).count()
    rule = {
        "name": f"{SUGGESTIONS[advice].title}: {monitor}"[:120],
        "reason": "Suggested by the noise coach.",
        "monitor": str(monitor) if same == 1 else f"#{monitor.pk}",
        **SUGGESTIONS[advice].settings,
    }
    return yaml.safe_dump({"rules": [rule]}, sort_keys=False, allow_unicode=True, width=1000)


def _line(
    key: str,
    alerts: Sequence[RecordedAlert],
    sites: dict[str, ReplaySite],
    rules: RuleSet,
    days: int,
    worked_on: dict[int | None, tuple[int, int]],
) -> dict[str, Any]:
    monitor = alerts[0].monitor
    before = len(replay(alerts, sites, rules).made)
    touched, known = worked_on.get(monitor, (0, 0)) if monitor is not None else (0, 0)
    habits = measure(alerts, days=days, tickets=before, worked_on=touched, known_tickets=known)
    advice = advise(habits)
    line = {
        "key": key,
        "monitor": monitor,
        "label": alerts[0].label,
        "type": alerts[0].type_name,
        "fires": habits.fires,
        "per_day": round(habits.fires / days, 1),
        "short_percent": habits.short_percent,
        "touched_percent": habits.touched_percent,
        "is_security": habits.is_security,
        "tickets": before,
        "advice": "",
    }
    if advice is not None:
        kind, why = advice
        after = _predict(alerts, sites, rules, kind, monitor) if monitor is not None else None
        line |= {"advice": kind.value, "title": SUGGESTIONS[kind].title, "why": why, "after": after}
    return line


def _predict(
    alerts: Sequence[RecordedAlert],
    sites: dict[str, ReplaySite],
    rules: RuleSet,
    advice: Advice,
    monitor: int | None,
) -> int:
    settings = SettingsRow("rule suggestion", SUGGESTIONS[advice].settings, rule_id=_LATEST)
    rule = Rule(_LATEST, "suggestion", Conditions(monitor=monitor), settings, position=100)
    return len(replay(alerts, sites, replace(rules, rules=[*rules.rules, rule])).made)


def _worked_on(days: int, now: datetime) -> dict[int | None, tuple[int, int]]:
    """Return monitor -> (tickets a person worked on, tickets). One query."""
    person = Q(ticket__touched_at__isnull=False) | Q(
        ticket__state=Ticket.State.COMPLETED, ticket__completed_by_us=False
    )
    rows = (
        Alert.objects.order_by()
        .filter(first_seen_at__gte=now - timedelta(days=days), ticket__isnull=False)
        .values("monitor_id")
        .annotate(
            tickets=Count("ticket", distinct=True), touched=Count("ticket", filter=person, distinct=True)
        )
    )
    return {row["monitor_id"]: (row["touched"], row["tickets"]) for row in rows}
