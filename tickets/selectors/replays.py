"""What a replay's page shows, made from its kept result."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django.utils.dateparse import parse_datetime

from tickets.domain.words import describe_cause
from tickets.models import Alert, ReplayRun

_ORGANIZATIONS: Final = 25
_MONITORS: Final = 20

#: How an alert was treated -> in words.
_OUTCOMES: Final = {
    "new": "a new ticket",
    "joined": "joins a ticket",
    "reopen": "reopens its ticket",
    "note": "a note on its completed ticket",
    "filtered": "no ticket",
    "blocked": "waits for a cure",
    "held": "held",
    "silenced": "silenced",
    "cleared": "cleared while it was held",
}
#: Key of a report -> (words, whether less is better).
_NUMBERS: Final = {
    "tickets": "tickets",
    "peak_per_hour": "tickets in the busiest hour",
    "reopened": "reopened tickets",
    "held_and_cleared": "alerts that cleared while held",
    "notes": "notes",
    "calls": "Autotask calls, about",
    "hidden_security_count": "hidden security alerts",
}


def result_context(run: ReplayRun) -> dict[str, Any]:
    """Return the result of a finished replay for its template; empty while there is none. One query."""
    result = run.result
    if not result:
        return {}
    today, draft, comparison = result["today"], result.get("draft"), result.get("comparison")
    sides = [today] if draft is None else [today, draft]
    return {
        "result": result,
        "sides": sides,
        "numbers": [
            {"words": words, "values": [side[name] for side in sides]} for name, words in _NUMBERS.items()
        ],
        "days": _days(sides, result, run),
        "merges": _causes("merges", sides),
        "filtered": _causes("filtered", sides),
        "blocked": _causes("blocked", sides),
        "monitors": _monitors(sides),
        "organizations": _organizations(sides),
        "more_organizations": max(0, len(_all_organizations(sides)) - _ORGANIZATIONS),
        "changed_monitors": comparison["monitors"][:_MONITORS] if comparison else [],
        "comparison": comparison,
        "examples": _examples(comparison) if comparison else [],
        "hidden": _linked(today["hidden_security"] if draft is None else draft["hidden_security"]),
    }


def share_of(run: ReplayRun) -> int | None:
    """Return how much of a replay is done, 0 to 100; None while nobody knows."""
    return min(100, round(100 * run.progress / run.total)) if run.total else None


def _days(sides: list[dict[str, Any]], result: dict[str, Any], run: ReplayRun) -> list[dict[str, Any]]:
    until: datetime = parse_datetime(str(result.get("until", ""))) or run.created_at
    dates = [f"{until - timedelta(days=back):%Y-%m-%d}" for back in range(int(result["days"]), -1, -1)]
    most = max([1, *(count for side in sides for count in side["per_day"].values())])
    return [
        {
            "date": date,
            "bars": [
                {
                    "count": side["per_day"].get(date, 0),
                    "percent": round(100 * side["per_day"].get(date, 0) / most),
                }
                for side in sides
            ],
        }
        for date in dates
    ]


def _causes(name: str, sides: list[dict[str, Any]]) -> list[dict[str, Any]]:
    causes = sorted({cause for side in sides for cause in side[name]})
    rows = [
        {"words": describe_cause(cause), "values": [side[name].get(cause, 0) for side in sides]}
        for cause in causes
    ]
    return sorted(rows, key=lambda row: -max(row["values"]))


def _monitors(sides: list[dict[str, Any]]) -> list[dict[str, Any]]:
    others = [{line["key"]: line["tickets"] for line in side["noisiest"]} for side in sides[1:]]
    return [
        {
            **line,
            "monitor": line["key"][2:] if line["key"].startswith("m:") else "",
            "tickets": [line["tickets"], *(other.get(line["key"]) for other in others)],
        }
        for line in sides[0]["noisiest"]
    ]


def _all_organizations(sides: list[dict[str, Any]]) -> dict[int, str]:
    return {one["company"]: one["name"] for side in sides for one in side["organizations"]}


def _organizations(sides: list[dict[str, Any]]) -> list[dict[str, Any]]:
    counts = [{one["company"]: one["tickets"] for one in side["organizations"]} for side in sides]
    rows = [
        {"name": name, "values": [each.get(company, 0) for each in counts]}
        for company, name in _all_organizations(sides).items()
    ]
    return sorted(rows, key=lambda row: (-max(row["values"]), row["name"]))[:_ORGANIZATIONS]


def _examples(comparison: dict[str, Any]) -> list[dict[str, Any]]:
    rows = comparison["examples"]
    known = _known(one["uid"] for one in rows)
    return [
        {
            **one,
            "pk": known.get(one["uid"]),
            "raised_at": parse_datetime(one["raised_at"]),
            "before_words": _OUTCOMES.get(one["before"], one["before"]),
            "after_words": _OUTCOMES.get(one["after"], one["after"]),
        }
        for one in rows
    ]


def _linked(uids: list[str]) -> list[dict[str, Any]]:
    known = _known(uids)
    return [{"uid": uid, "pk": known.get(uid)} for uid in uids]


def _known(uids: Any) -> dict[str, int]:
    """Return primary keys of alerts; imported ones have no page."""
    return dict(Alert.objects.filter(alert_uid__in=list(uids)).values_list("alert_uid", "pk"))
