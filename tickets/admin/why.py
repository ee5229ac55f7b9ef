"""The card "Why this ticket": the decision as it was stored, with ways to the rules, defaults and sites that made it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tickets.domain.settings.words import setting_title, setting_words
from tickets.selectors.origins import RULE, Origin, Origins

_RULE_STEP: Final = "Applies: "
_TITLES: Final[Mapping[str, str]] = {
    "make_ticket": "Why this ticket",
    "merge": "Why it is in this ticket",
    "reopen": "Why its ticket was reopened",
    "note": "Why it was only noted",
    "held": "Why it is held",
    "silenced": "Why it is silenced",
    "block": "Why it waits",
    "filter": "Why no ticket",
    "clear": "Why no ticket",
}


def rules_named(decision: Mapping[str, Any]) -> tuple[set[str], set[int]]:
    """Return the names and the ids of the rules that a stored decision speaks of."""
    steps = [step for step in _list(decision, "rule_chain") if isinstance(step, str)]
    origins = [step.removeprefix(_RULE_STEP) for step in steps if step.startswith(_RULE_STEP)]
    names = {origin.removeprefix(RULE).partition(". ")[0].rstrip(".") for origin in origins}
    origins = [str(row.get("origin", "")) for row in _rows(decision, "fields")]
    names |= {origin.removeprefix(RULE).partition(". ")[0] for origin in origins if origin.startswith(RULE)}
    ids = {row["rule"] for row in _rows(decision, "settings") if isinstance(row.get("rule"), int)}
    return names, ids


def why(decision: Mapping[str, Any], origins: Origins, *, has_ticket: bool) -> dict[str, Any]:
    """Return what the card shows; asks nothing."""
    action = str(decision.get("action", ""))
    title = _TITLES.get(action, "Why this ticket" if has_ticket else "Why no ticket")
    return {
        "title": title,
        "decided_at": decision.get("decided_at"),
        "steps": [_step(step, origins) for step in _list(decision, "rule_chain")],
        "fields": [
            {**row, "from": origins.of(str(row.get("origin") or "-"), row.get("rule"))}
            for row in _rows(decision, "fields")
        ],
        "settings": [
            {
                "title": setting_title(str(row.get("name"))),
                "value": setting_words(str(row.get("name")), row.get("value")),
                "origin": origins.of(str(row.get("origin", "")), row.get("rule")),
            }
            for row in _rows(decision, "settings")
        ],
        "skipped": _rows(decision, "skipped"),
    }


def _step(step: Any, origins: Origins) -> Origin:
    text = str(step)
    if not text.startswith(_RULE_STEP):
        return Origin(text)
    return Origin(text, origins.of(text.removeprefix(_RULE_STEP)).url)


def _list(decision: Mapping[str, Any], name: str) -> list[Any]:
    value = decision.get(name)
    return value if isinstance(value, list) else []


def _rows(decision: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    return [row for row in _list(decision, name) if isinstance(row, dict)]
