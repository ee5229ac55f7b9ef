"""A YAML file of rules, as docs/replay.md describes it, read into a draft. Errors name line and field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final

from django.db import models

from mappings.models import PicklistValue
from tickets.domain.yaml_lines import BadFile, Problem, Value, read_yaml
from tickets.models import AlertPriority
from tickets.services.draft_checks import check_draft
from tickets.services.draft_fields import DEFAULTS_FIELDS, LINE_FIELDS, POLICY_FIELDS, RULE_FIELDS
from tickets.services.drafts import DefaultsChange, Draft, RuleChange, apply_draft, fingerprint_rules
from tickets.services.replay_source import StoredRules, load_stored_rules
from tickets.services.rules_file_values import BadValue, file_name, read_value

#: What a file calls the ticket defaults of all monitor types.
ALL_TYPES: Final = "all"
_TOP: Final = ("rules", "defaults", "policy", "only_these_rules")
_MOST_RULES: Final = 2000
#: What a rule sets besides what ticket defaults do.
_RULE_SETS: Final = ("ticket_priority", "due_minutes")

Fields = Mapping[str, "models.Field[Any, Any]"]


def read_rules_file(text: str, stored: StoredRules | None = None) -> Draft:
    """Return the draft a file describes, checked as the forms check.

    Args:
        text: YAML.
        stored: rows of today; read when left out.

    Raises:
        BadFile: everything that is wrong, each with line and field.
    """
    stored = stored or load_stored_rules()
    reader = _Reader(stored)
    draft = reader.read(read_yaml(text))
    if reader.problems:
        raise BadFile(reader.problems)
    draft.base = fingerprint_rules(stored)
    wrong = check_draft(stored, apply_draft(draft, stored))
    if wrong:
        raise BadFile(
            sorted(
                (
                    Problem(
                        reader.line_of(one.subject, one.name, one.priority, one.field),
                        file_name(one.field),
                        one.message,
                    )
                    for one in wrong
                ),
                key=lambda one: one.line,
            )
        )
    return draft


def known_fields() -> dict[str, list[str]]:
    """Return what a rule in a file may ask ("asks") and set ("sets"), as it is spelled there."""
    asks = [name for name in RULE_FIELDS if name not in DEFAULTS_FIELDS and name not in _RULE_SETS]
    sets = [name for name in RULE_FIELDS if name in DEFAULTS_FIELDS or name in _RULE_SETS]
    return {"asks": [file_name(name) for name in asks], "sets": [file_name(name) for name in sets]}


@dataclass(slots=True)
class _Reader:
    """Reads the parts of a file, and goes on after each mistake, so that all of them are told at once."""

    stored: StoredRules
    problems: list[Problem] = field(default_factory=list)
    lines: dict[tuple[str, str, str, str], int] = field(default_factory=dict)

    def line_of(self, subject: str, name: str, priority: str, column: str) -> int:
        """Return where a value stands, else its row; 0 when the file does not name the row."""
        return self.lines.get((subject, name, priority, column)) or self.lines.get((subject, name, "", ""), 0)

    def read(self, top: Value) -> Draft:
        draft = Draft()
        if not top.is_mapping:
            self._say(
                top.line, "", f"Begin with one of these keys, each followed by a colon: {', '.join(_TOP)}."
            )
            return draft
        for name, value in top.data.items():
            if name == "rules":
                draft.rules = self._rules(value)
            elif name == "defaults":
                draft.defaults = self._all_defaults(value)
            elif name == "policy":
                draft.policy = self._row(value, POLICY_FIELDS, ("policy", "", ""))
            elif name == "only_these_rules":
                draft.only_these_rules = value.data is True
                if not isinstance(value.data, bool):
                    self._say(value.line, name, "Write yes or no.")
            else:
                self._unknown(value.line, name, _TOP)
        return draft

    def _rules(self, value: Value) -> list[RuleChange]:
        if value.is_empty:
            return []
        if not value.is_list:
            self._say(value.line, "rules", 'Write a list: each rule begins with "- name:".')
            return []
        if len(value.data) > _MOST_RULES:
            self._say(value.line, "rules", f"More than {_MOST_RULES:,} rules. Split the file.")
            return []
        found = [change for one in value.data if (change := self._rule(one)) is not None]
        seen: set[str] = set()
        for one in found:
            if one.name in seen:
                self._say(
                    self.line_of("rule", one.name, "", ""),
                    "name",
                    f"Two rules are called {one.name!r}. Rename one.",
                )
            seen.add(one.name)
        return found

    def _rule(self, value: Value) -> RuleChange | None:
        name = value.data.get("name") if value.is_mapping else None
        if name is None or not name.text.strip():
            self._say(value.line, "name", "Each rule needs a name.")
            return None
        text = name.text.strip()
        self.lines.setdefault(("rule", text, "", ""), name.line)
        known = {row.name: row.pk for row in self.stored.rules}
        rest = Value({key: one for key, one in value.data.items() if key != "name"}, value.line)
        fields = {key: one for key, one in RULE_FIELDS.items() if key != "name"}
        return RuleChange(known.get(text), text, self._row(rest, fields, ("rule", text, "")))

    def _all_defaults(self, value: Value) -> list[DefaultsChange]:
        if value.is_empty:
            return []
        if not value.is_mapping:
            self._say(
                value.line, "defaults", 'Write a monitor type, or "all", then a colon, then its settings.'
            )
            return []
        types = {one.name.casefold(): one.slug for one in self.stored.types}
        types |= {one.slug: one.slug for one in self.stored.types} | {ALL_TYPES: ""}
        found = []
        for name, settings in value.data.items():
            slug = types.get(name.casefold())
            if slug is None:
                self._unknown(settings.line, name, [ALL_TYPES, *(one.name for one in self.stored.types)])
                continue
            found.append(self._defaults(slug, settings))
        return found

    def _defaults(self, slug: str, value: Value) -> DefaultsChange:
        change = DefaultsChange(slug)
        self.lines[("defaults", slug, "", "")] = value.line
        if not value.is_mapping:
            self._say(value.line, slug or ALL_TYPES, "Write its settings below it, indented.")
            return change
        priorities = value.data.get("priorities")
        rest = Value({key: one for key, one in value.data.items() if key != "priorities"}, value.line)
        change.values = self._row(rest, DEFAULTS_FIELDS, ("defaults", slug, ""), also=("priorities",))
        if priorities is None or priorities.is_empty:
            return change
        if not priorities.is_mapping:
            self._say(
                priorities.line, "priorities", 'Write a priority such as "High:" and its settings below.'
            )
            return change
        for name, line in priorities.data.items():
            priority = name.capitalize()
            if priority not in AlertPriority.values:
                self._unknown(line.line, name, AlertPriority.values)
                continue
            change.priorities[priority] = self._row(line, LINE_FIELDS, ("defaults", slug, priority))
        return change

    def _row(
        self, value: Value, fields: Fields, place: tuple[str, str, str], *, also: tuple[str, ...] = ()
    ) -> dict[str, Any]:
        if value.is_empty:
            return {}
        if not value.is_mapping:
            self._say(value.line, place[2] or place[1] or place[0], "Write its settings below it, indented.")
            return {}
        columns = {file_name(name): name for name in fields}
        found: dict[str, Any] = {}
        # The issue type first: its sub-issue types are looked up among its own.
        for key, one in sorted(value.data.items(), key=lambda item: item[0] == "sub_issue_type"):
            column = columns.get(key)
            if column is None:
                self._unknown(one.line, key, [*columns, *also])
                continue
            self.lines[(*place, column)] = one.line
            try:
                found[column] = read_value(fields[column], one, parent=_parent(found))
            except BadValue as error:
                self._say(one.line, key, str(error))
        return found

    def _say(self, line: int, name: str, message: str) -> None:
        self.problems.append(Problem(line, name, message))

    def _unknown(self, line: int, name: str, known: Any) -> None:
        close = get_close_matches(name, [str(one) for one in known], n=1)
        hint = f"Perhaps {close[0]} is meant." if close else f"Known are: {', '.join(map(str, known))}."
        self._say(line, name, f"Not known here. {hint}")


def _parent(found: dict[str, Any]) -> int | None:
    pk = found.get("issue_type")
    return None if pk is None else PicklistValue.objects.filter(pk=pk).values_list("value", flat=True).first()
