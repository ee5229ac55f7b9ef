"""Recorded alerts run through today's rules and, when there is one, a draft. Writes nothing and calls no vendor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from mappings.models import Company
from tickets.domain.replay import (
    Comparison,
    Replay,
    Report,
    compare,
    effect_sentence,
    replay,
    summarise,
)
from tickets.services.drafts import Draft, apply_draft
from tickets.services.replay_source import (
    MOST_ALERTS,
    TODAY,
    Recorded,
    asks_for_text,
    load_recorded,
    load_stored_rules,
    to_rule_set,
)

#: So far back may a replay go; Datto RMM's resolved list reaches six months.
MOST_DAYS: Final = 180
THE_DRAFT: Final = "The draft"

#: Called with (alerts done, alerts to do); an alert counts once for each set of rules and once for reading it.
OnProgress = Callable[[int, int], None]


@dataclass(slots=True)
class Trial:
    """What a trial found.

    Attributes:
        days: how far back.
        recorded: the alerts.
        today: the rules of today.
        draft, comparison: None without a draft.
    """

    days: int
    recorded: Recorded
    today: Replay
    report: Report
    draft: Report | None = None
    comparison: Comparison | None = None

    @property
    def sentence(self) -> str:
        """Return the result in one sentence."""
        if self.comparison is not None:
            return effect_sentence(self.comparison, self.days)
        tickets, alerts = self.report.tickets, self.report.alerts
        return (
            f"In the last {self.days} days: {alerts} alert{'' if alerts == 1 else 's'} -> "
            f"{tickets} ticket{'' if tickets == 1 else 's'}."
        )

    def to_json(self) -> dict[str, Any]:
        """Return it as it is kept and printed: reports, comparison, and the names of the organizations. One query."""
        names = _names(self)
        result: dict[str, Any] = {
            "days": self.days,
            "alerts": len(self.recorded.alerts),
            "historic": self.recorded.historic,
            "left_out": self.recorded.left_out,
            "sentence": self.sentence,
            "today": _report_json(self.report, names),
        }
        if self.draft is not None and self.comparison is not None:
            result["draft"] = _report_json(self.draft, names)
            comparison = self.comparison.to_json()
            for one in comparison["organizations"]:
                one["label"] = names.get(int(one["key"]), f"Organization {one['key']}")
            result["comparison"] = comparison
        return result


def run_trial(
    draft: Draft | None,
    days: int,
    now: datetime,
    *,
    most: int = MOST_ALERTS,
    on_progress: OnProgress | None = None,
) -> Trial:
    """Return what today's rules, and the draft, make of the alerts of the last days.

    Args:
        draft: None for today's rules alone.
        days: 1 to `MOST_DAYS`.
        now: aware; the days end here.
        most: the newest so many alerts.
        on_progress: told now and then.

    Raises:
        DraftOutdated: a row the draft names is gone.
    """
    days = min(max(days, 1), MOST_DAYS)
    stored = load_stored_rules()
    today = to_rule_set(stored, TODAY, days=days, now=now)
    other = (
        to_rule_set(apply_draft(draft, stored), THE_DRAFT, days=days, now=now) if draft is not None else None
    )
    sets = [today] if other is None else [today, other]
    recorded = load_recorded(days, now, with_text=asks_for_text(*sets), most=most)
    count = len(recorded.alerts)
    total = count * len(sets)

    def tell(offset: int) -> Callable[[int], None] | None:
        if on_progress is None:
            return None
        return lambda done: on_progress(offset + done, total)

    before = replay(recorded.alerts, recorded.sites, today, on_progress=tell(0))
    trial = Trial(days, recorded, before, summarise(recorded.alerts, before))
    if other is not None:
        after = replay(recorded.alerts, recorded.sites, other, on_progress=tell(count))
        trial.draft = summarise(recorded.alerts, after)
        trial.comparison = compare(recorded.alerts, before, after)
    return trial


def _report_json(report: Report, names: dict[int, str]) -> dict[str, Any]:
    values = report.to_json()
    values["organizations"] = [
        {"company": company, "name": names.get(company, f"Organization {company}"), "tickets": count}
        for company, count in sorted(report.organizations.items(), key=lambda one: (-one[1], one[0]))
    ]
    return values


def _names(trial: Trial) -> dict[int, str]:
    wanted = set(trial.report.organizations)
    if trial.draft is not None:
        wanted |= set(trial.draft.organizations)
    return dict(
        Company.objects.filter(autotask_company_id__in=wanted).values_list("autotask_company_id", "name")
    )
