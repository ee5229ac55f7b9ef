"""What is wrong with the rows a draft would make: the same checks as the forms, and each answer names row and field."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import models

from mappings.domain.devices.patterns import BadPattern
from tickets.domain.searching import compile_search
from tickets.models import AlertPriority, TicketRule
from tickets.services.defaults_checks import validate_defaults, validate_line
from tickets.services.draft_fields import (
    DEFAULTS_FIELDS,
    LINE_FIELDS,
    POLICY_FIELDS,
    RULE_FIELDS,
    differences,
)
from tickets.services.drafts import POLICY_NAME
from tickets.services.replay_source import DefaultsRow, StoredRules

_DAYS_OF_A_WEEK = 7


@dataclass(frozen=True, slots=True)
class DraftProblem:
    """One thing that is wrong.

    Attributes:
        subject: "rule", "defaults" or "policy".
        name: of the rule, or slug of the monitor type; empty for all types and for the policy.
        field: column; empty when the whole row is meant.
        message: the trouble and the cure.
        priority: of a priority line.
    """

    subject: str
    name: str
    field: str
    message: str
    priority: str = ""

    def __str__(self) -> str:
        """Return it in one line."""
        where = {
            "rule": f"Rule \u201c{self.name}\u201d",
            "defaults": f"Ticket defaults of {self.name or 'all monitor types'}",
            "policy": POLICY_NAME,
        }[self.subject]
        parts = [where, f"priority {self.priority}" if self.priority else "", self.field]
        return f"{', '.join(part for part in parts if part)}: {self.message}"


def check_draft(stored: StoredRules, changed: StoredRules) -> list[DraftProblem]:
    """Return what is wrong with the rows a draft changed; an empty list lets it be promoted.

    Args:
        stored: rows of today.
        changed: the same after `tickets.services.drafts.apply_draft`.
    """
    problems: list[DraftProblem] = []
    before = {row.pk: row for row in stored.rules}
    names: dict[str, int] = {}
    for row in changed.rules:
        names[row.name] = names.get(row.name, 0) + 1
        was = before.get(row.pk) if row.pk else None
        if was is None or differences(row, was, RULE_FIELDS):
            problems += _check_rule(row, was)
    problems += [
        DraftProblem("rule", name, "name", "Two rules have this name. Give one of them another.")
        for name, count in names.items()
        if count > 1
    ]
    for old, new in zip(stored.defaults, changed.defaults, strict=True):
        if _is_changed(old, new):
            problems += _check_defaults(old, new)
    problems += [
        DraftProblem("policy", "", name, message)
        for name, message in _clean(changed.policy, set(POLICY_FIELDS))
    ]
    return problems


def _check_rule(row: TicketRule, stored: TicketRule | None) -> list[DraftProblem]:
    found = _clean(row, set(RULE_FIELDS))
    if row.pattern:
        try:
            compile_search(row.pattern)
        except BadPattern as error:
            found.append(("pattern", str(error)))
    if row.time_zone:
        try:
            ZoneInfo(row.time_zone)
        except (KeyError, ValueError, OSError):
            found.append(
                ("time_zone", f"{row.time_zone!r} is no time zone. Use a name such as Europe/Berlin.")
            )
    found += [
        ("alert_priorities", f"{one!r} is no priority of Datto RMM. Use {', '.join(AlertPriority.values)}.")
        for one in row.alert_priorities
        if one not in AlertPriority.values
    ]
    if any(not isinstance(day, int) or not 0 <= day < _DAYS_OF_A_WEEK for day in row.weekdays):
        found.append(("weekdays", "Only Mon, Tue, Wed, Thu, Fri, Sat and Sun are days."))
    if not found:
        verdict = validate_defaults(row, stored)
        found += [(name, text) for name, texts in verdict.errors.items() for text in texts]
    return [DraftProblem("rule", row.name, name, message) for name, message in found]


def _is_changed(old: DefaultsRow, new: DefaultsRow) -> bool:
    return bool(differences(new.row, old.row, DEFAULTS_FIELDS)) or any(
        differences(line, was, LINE_FIELDS) for line, was in zip(new.lines, old.lines, strict=True)
    )


def _check_defaults(was: DefaultsRow, now: DefaultsRow) -> list[DraftProblem]:
    slug = was.row.monitor_type.slug if was.row.monitor_type is not None else ""
    found = _clean(now.row, None)
    if not found:
        verdict = validate_defaults(now.row, was.row)
        found += [(name, text) for name, texts in verdict.errors.items() for text in texts]
    problems = [DraftProblem("defaults", slug, name, message) for name, message in found]
    for old, line in zip(was.lines, now.lines, strict=True):
        of_line = _clean(line, set(LINE_FIELDS))
        verdict = validate_line(line, old.ticket_priority_id)
        of_line += [(name, text) for name, texts in verdict.errors.items() for text in texts]
        problems += [
            DraftProblem("defaults", slug, name, message, line.alert_priority) for name, message in of_line
        ]
    return problems


def _clean(row: models.Model, only: set[str] | None) -> list[tuple[str, str]]:
    """Return what Django says of each value by itself."""
    names = {field.name for field in row._meta.concrete_fields}  # noqa: SLF001 - Django's documented API
    left_out = names - only if only is not None else {"id"}
    try:
        row.clean_fields(exclude=left_out)
    except ValidationError as error:
        return [(name, " ".join(texts)) for name, texts in error.message_dict.items()]
    return []
