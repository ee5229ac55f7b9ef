"""Drafts: changes to today's rules that are tried on recorded alerts before anybody lives with them.

A draft is kept as JSON (`ReplayRun.draft`) and names rows by primary key, so that it survives renames. It changes
copies; only promotion (`tickets.services.draft_promotion`) writes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

from django.db import models

from tickets.models import AlertPolicy, PriorityDefaults, TicketDefaults, TicketRule
from tickets.services.draft_fields import (
    DEFAULTS_FIELDS,
    LINE_FIELDS,
    POLICY_FIELDS,
    RULE_FIELDS,
    Related,
    RowGone,
    differences,
    read_json,
    set_value,
    show_value,
    title_of,
)
from tickets.services.replay_source import DefaultsRow, StoredRules, load_stored_rules

POLICY_NAME: Final = "Alert policy"


class DraftOutdated(Exception):  # noqa: N818 - a refusal in words, not a fault
    """The draft cannot be used on the rows of today; the text says why and what to do."""


@dataclass(slots=True)
class RuleChange:
    """A rule that is changed or added.

    Attributes:
        rule: primary key; None for a new one.
        values: field -> JSON value; what is left out stays, or inherits in a new rule.
    """

    rule: int | None
    name: str
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class DefaultsChange:
    """Ticket defaults that are changed.

    Attributes:
        type: slug of the monitor type; empty for all types.
        values: field -> JSON value.
        priorities: Datto RMM's priority -> field -> JSON value.
    """

    type: str
    values: dict[str, Any] = field(default_factory=dict)
    priorities: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(slots=True)
class Draft:
    """Changes to today's rules.

    Attributes:
        only_these_rules: every rule that is not named is switched off.
        base: `fingerprint_rules` when it was made; empty when it was never to be promoted.
    """

    rules: list[RuleChange] = field(default_factory=list)
    defaults: list[DefaultsChange] = field(default_factory=list)
    policy: dict[str, Any] = field(default_factory=dict)
    only_these_rules: bool = False
    base: str = ""

    def __bool__(self) -> bool:
        """Whether it changes anything."""
        return bool(
            self.only_these_rules
            or any(one.values or one.rule is None for one in self.rules)
            or any(one.values or any(one.priorities.values()) for one in self.defaults)
            or self.policy
        )

    def to_json(self) -> dict[str, Any]:
        """Return it as it is kept."""
        return {
            "rules": [{"rule": one.rule, "name": one.name, "set": one.values} for one in self.rules],
            "defaults": [
                {"type": one.type, "set": one.values, "priorities": one.priorities} for one in self.defaults
            ],
            "policy": self.policy,
            "only_these_rules": self.only_these_rules,
            "base": self.base,
        }

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Draft:
        """Return the draft that was kept."""
        return cls(
            rules=[RuleChange(one["rule"], one["name"], one["set"]) for one in kept.get("rules", [])],
            defaults=[
                DefaultsChange(one["type"], one["set"], one.get("priorities", {}))
                for one in kept.get("defaults", [])
            ],
            policy=dict(kept.get("policy", {})),
            only_these_rules=bool(kept.get("only_these_rules", False)),
            base=str(kept.get("base", "")),
        )


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One changed value in words; an empty value is one that inherits."""

    subject: str
    field: str
    before: str
    after: str


def draft_of_rule(candidate: TicketRule, stored: TicketRule | None) -> Draft:
    """Return the draft of one rule as a form holds it.

    Args:
        candidate: with the new values, not saved.
        stored: the same rule as it is stored; None for a new one.
    """
    pk = stored.pk if stored is not None else None
    return Draft([RuleChange(pk, candidate.name, differences(candidate, stored, RULE_FIELDS))])


def draft_of_switch(rules: Iterable[TicketRule], *, on: bool) -> Draft:
    """Return the draft of several rules that are switched; those that are so already are left out."""
    changed = [rule for rule in rules if rule.is_active != on]
    return Draft([RuleChange(rule.pk, rule.name, {"is_active": on}) for rule in changed])


def draft_of_defaults(
    candidate: TicketDefaults,
    lines: Iterable[PriorityDefaults],
    stored: TicketDefaults,
) -> Draft:
    """Return the draft of one row of ticket defaults as a form holds it.

    Args:
        candidate, lines: with the new values, not saved.
        stored: as stored, with its lines.
    """
    before = {line.alert_priority: line for line in stored.priorities.all()}
    changed = {
        line.alert_priority: values
        for line in lines
        if (values := differences(line, before.get(line.alert_priority), LINE_FIELDS))
    }
    slug = stored.monitor_type.slug if stored.monitor_type is not None else ""
    return Draft(defaults=[DefaultsChange(slug, differences(candidate, stored, DEFAULTS_FIELDS), changed)])


def draft_of_policy(candidate: AlertPolicy, stored: AlertPolicy) -> Draft:
    """Return the draft of an alert policy as a form holds it."""
    return Draft(policy=differences(candidate, stored, POLICY_FIELDS))


def apply_draft(draft: Draft, stored: StoredRules) -> StoredRules:
    """Return the rows as the draft has them; those given stay as they are.

    Raises:
        DraftOutdated: a row it names is gone.
    """
    related = Related()
    try:
        rules = _changed_rules(draft, stored.rules, related)
        defaults = [_changed_defaults(one, draft, related) for one in stored.defaults]
        policy = copy(stored.policy)
        for name, value in draft.policy.items():
            set_value(policy, POLICY_FIELDS[name], value, related)
    except RowGone as error:
        raise DraftOutdated(str(error)) from None
    known = {one.slug for one in stored.types}
    missing = [one.type for one in draft.defaults if one.type and one.type not in known]
    if missing:
        raise DraftOutdated(f"Monitor type {missing[0]} is not known any more. Make the draft again.")
    return StoredRules(rules, defaults, policy, stored.types)


def describe_draft(draft: Draft, stored: StoredRules | None = None) -> list[ChangeLine]:
    """Return what a draft changes, value by value.

    Raises:
        DraftOutdated: a row it names is gone.
    """
    stored = stored or load_stored_rules()
    changed = apply_draft(draft, stored)
    before = {row.pk: row for row in stored.rules}
    lines: list[ChangeLine] = []
    for row in changed.rules:
        was = before.get(row.pk) if row.pk else None
        subject = f"Rule \u201c{row.name}\u201d" + ("" if was is not None else " (new)")
        lines += _lines(subject, row, was or TicketRule(), RULE_FIELDS, leave_out="" if was else "name")
    for one, other in zip(stored.defaults, changed.defaults, strict=True):
        subject = f"Ticket defaults, {one.row}"
        lines += _lines(subject, other.row, one.row, DEFAULTS_FIELDS)
        for line, new in zip(one.lines, other.lines, strict=True):
            lines += _lines(f"{subject}, priority {line.alert_priority}", new, line, LINE_FIELDS)
    lines += _lines(POLICY_NAME, changed.policy, stored.policy, POLICY_FIELDS)
    return lines


def fingerprint_rules(stored: StoredRules) -> str:
    """Return what changes when anybody changes a rule, the ticket defaults or the alert policy."""
    parts: list[Any] = [
        [[row.pk, *_values(row, RULE_FIELDS)] for row in sorted(stored.rules, key=lambda row: row.pk or 0)],
        [
            [
                one.row.pk,
                *_values(one.row, DEFAULTS_FIELDS),
                sorted([line.alert_priority, *map(str, _values(line, LINE_FIELDS))] for line in one.lines),
            ]
            for one in sorted(stored.defaults, key=lambda one: one.row.pk)
        ],
        _values(stored.policy, POLICY_FIELDS),
    ]
    return sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def _changed_rules(draft: Draft, rules: list[TicketRule], related: Related) -> list[TicketRule]:
    changes = {one.rule: one for one in draft.rules if one.rule is not None}
    gone = changes.keys() - {row.pk for row in rules}
    if gone:
        name = changes[min(gone)].name
        raise DraftOutdated(f"Rule \u201c{name}\u201d has been deleted since. Make the draft again.")
    found = []
    for row in rules:
        new = copy(row)
        change = changes.get(row.pk)
        if change is not None:
            for name, value in change.values.items():
                set_value(new, RULE_FIELDS[name], value, related)
        elif draft.only_these_rules:
            new.is_active = False
        found.append(new)
    for change in draft.rules:
        if change.rule is None:
            new = TicketRule(name=change.name)
            for name, value in change.values.items():
                set_value(new, RULE_FIELDS[name], value, related)
            found.append(new)
    return found


def _changed_defaults(stored: DefaultsRow, draft: Draft, related: Related) -> DefaultsRow:
    slug = stored.row.monitor_type.slug if stored.row.monitor_type is not None else ""
    row, lines = copy(stored.row), [copy(line) for line in stored.lines]
    for change in draft.defaults:
        if change.type != slug:
            continue
        for name, value in change.values.items():
            set_value(row, DEFAULTS_FIELDS[name], value, related)
        for line in lines:
            for name, value in change.priorities.get(line.alert_priority, {}).items():
                set_value(line, LINE_FIELDS[name], value, related)
    return DefaultsRow(row, lines)


def _lines(
    subject: str,
    row: models.Model,
    was: models.Model,
    fields: dict[str, models.Field[Any, Any]],
    *,
    leave_out: str = "",
) -> list[ChangeLine]:
    return [
        ChangeLine(subject, title_of(one), show_value(was, one), show_value(row, one))
        for name, one in fields.items()
        if name != leave_out and read_json(row, one) != read_json(was, one)
    ]


def _values(row: models.Model, fields: dict[str, models.Field[Any, Any]]) -> list[Any]:
    return [read_json(row, one) for one in fields.values()]
