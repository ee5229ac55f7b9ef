"""Settings of tickets that end clients ask for: which there are, and what is built in. Pure.

No monitor raises them and nothing clears, so most of what alerts need means nothing here. The person's own words are
title and description.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tickets.domain.settings.catalogue import ContactChoice
from tickets.domain.settings.rows import Catalogue, SettingsRow

#: What can be set for them.
AGENT_FIELDS: Final = frozenset(
    {
        "queue", "ticket_type", "ticket_category", "source", "status", "issue_type", "sub_issue_type", "work_type", "sla",
        "due_in_business_hours", "resource", "role", "contract_choice", "contact_choice", "location_choice",
        "ticket_udfs", "completed_status",
    }
)  # fmt: skip
#: Texts about alerts do not fit, so UDFs come from their own row and from rules that name them.
_INHERITED: Final = AGENT_FIELDS - {"ticket_udfs"}
_OF_A_RULE: Final = AGENT_FIELDS | {"ticket_priority", "due_minutes"}
_BUILT_IN: Final[Mapping[str, Any]] = {
    "create_ticket": True,
    "contact_choice": str(ContactChoice.NONE),
    "complete_on_clear": False,
    "note_on_clear": False,
    "resolve_on_complete": False,
    "group_by_site": False,
}
#: Labels that are taken where the pick list has one of them, before what holds for all monitor types.
_LABELS: Final[Mapping[str, tuple[str, ...]]] = {
    "queue": ("Client Portal",),
    "ticket_type": ("Service Request",),
    "source": ("Client Portal", "Website", "Web Portal"),
}


def agent_built_in(catalogue: Catalogue) -> dict[str, Any]:
    """Return what is built in: field -> value."""
    values = dict(_BUILT_IN)
    for name, labels in _LABELS.items():
        by_label = {
            pick.label.strip().casefold(): pick
            for pick in reversed(catalogue.get(name, ()))
            if pick.is_active
        }
        for label in labels:
            if label.casefold() in by_label:
                values[name] = by_label[label.casefold()]
                break
    return values


def limit_to_agents(row: SettingsRow) -> SettingsRow:
    """Return what of a row holds for them: of a rule all that can be set, of the row above what can be inherited."""
    allowed = _INHERITED if row.rule_id is None else _OF_A_RULE
    values = {name: value for name, value in row.values.items() if name in allowed}
    return SettingsRow(row.name, values, row.priorities, row.rule_id)
