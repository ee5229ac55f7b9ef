"""Ways from "where it comes from" to the page of the rule, defaults, site or device that set it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tickets.selectors.groups import find_url
from tickets.selectors.names import Names
from tickets.selectors.places import Place

#: How the origin of what a rule sets begins.
RULE: Final = "rule "


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
            f"{RULE}{name}": find_url("admin:tickets_ticketrule_change", pk)
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
            now = f"{RULE}{self._rules[rule_id]}"
            return Origin(now, dict(self._known)[now], "" if now == text else f", then called {text}")
        return Origin(text)
