"""The card "Why this ticket": the decision as it was stored, with ways to the rules, defaults and sites that made it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tickets.domain.settings import CHOICE_FIELDS, FLAG_FIELDS, NUMBER_FIELDS
from tickets.models import Alert
from tickets.selectors.groups import find_url
from tickets.selectors.names import Names
from tickets.selectors.places import Place

_RULE_STEP: Final = "Applies: "
_RULE: Final = "rule "
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


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value comes from.

    Attributes:
        text: what the link says.
        url: empty when there is no page for it.
        rest: what is added, such as "priority High".
    """

    text: str
    url: str = ""
    rest: str = ""


class Origins:
    """Finds the page of whatever a value comes from."""

    def __init__(self, names: Names, place: Place | None = None) -> None:
        """Keep what was looked up; asks nothing more."""
        self._rules = {pk: name for name, pk in names.rules.items()}
        found = {
            f"{_RULE}{name}": find_url("admin:tickets_ticketrule_change", pk)
            for name, pk in names.rules.items()
        }
        for name, pk in names.defaults.items():
            found[name] = find_url("admin:tickets_ticketdefaults_change", pk)
        if place is not None and place.mapping is not None:
            page = find_url("admin:mappings_sitemapping_change", place.mapping.pk)
            found[f"site {place.mapping.site.name}"] = page
        if place is not None and place.device is not None:
            page = find_url("admin:mappings_device_change", place.device.pk)
            found["device mapping"] = found["device"] = found["last user of the device"] = page
        self._known = sorted(found.items(), key=lambda one: -len(one[0]))

    def of(self, text: str, rule_id: int | None = None) -> Origin:
        """Return an origin with its page.

        Args:
            text: as the decision stored it: "rule Quiet disks", "Disk Usage, priority High", "site Berlin".
            rule_id: of the rule that set it, which may have another name by now.
        """
        for name, url in self._known:
            rest = text.removeprefix(name)
            if text.startswith(name) and rest[:1] in {"", ",", ".", ";"}:
                return Origin(name, url, rest)
        if rule_id in self._rules:
            now = f"{_RULE}{self._rules[rule_id]}"
            return Origin(now, dict(self._known)[now], "" if now == text else f", then called {text}")
        return Origin(text)


def rules_named(decision: Mapping[str, Any]) -> tuple[set[str], set[int]]:
    """Return the names and the ids of the rules that a stored decision speaks of."""
    steps = [step for step in _list(decision, "rule_chain") if isinstance(step, str)]
    origins = [step.removeprefix(_RULE_STEP) for step in steps if step.startswith(_RULE_STEP)]
    names = {origin.removeprefix(_RULE).rstrip(".") for origin in origins}
    origins = [str(row.get("origin", "")) for row in _rows(decision, "fields")]
    names |= {origin.removeprefix(_RULE).partition(". ")[0] for origin in origins if origin.startswith(_RULE)}
    ids = {row["rule"] for row in _rows(decision, "settings") if isinstance(row.get("rule"), int)}
    return names, ids


def why(alert: Alert, decision: Mapping[str, Any], origins: Origins) -> dict[str, Any]:
    """Return what the card shows; asks nothing."""
    action = str(decision.get("action", ""))
    title = _TITLES.get(action, "Why no ticket" if alert.ticket_id is None else "Why this ticket")
    return {
        "title": title,
        "decided_at": decision.get("decided_at"),
        "steps": [_step(step, origins) for step in _list(decision, "rule_chain")],
        "fields": link_fields(decision, origins),
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


def link_fields(decision: Mapping[str, Any], origins: Origins) -> list[dict[str, Any]]:
    """Return the fields that were sent, each with its origin as a link."""
    return [
        {**row, "from": origins.of(str(row.get("origin") or "-"), row.get("rule"))}
        for row in _rows(decision, "fields")
    ]


def setting_title(name: str) -> str:
    """Return a setting's name as forms show it."""
    if name == "create_ticket":
        return "create a ticket"
    if name in NUMBER_FIELDS:
        return NUMBER_FIELDS[name][0]
    if name in CHOICE_FIELDS:
        return CHOICE_FIELDS[name].title
    return FLAG_FIELDS.get(name, name.replace("_", " "))


def setting_words(name: str, value: Any) -> str:
    """Return a setting's value in words."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "not used"
    if name in CHOICE_FIELDS:
        return CHOICE_FIELDS[name].labels.get(str(value), str(value))
    return str(value)


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
