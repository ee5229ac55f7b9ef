"""Rows of settings as they go into the resolution, and what comes out of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PickRef:
    """A value of a pick list.

    Attributes:
        value: as it travels to Autotask.
        parent_value: value of the parent field, e.g. the issue type of a sub-issue type; None when it has none.
        is_default: Autotask's own default of this list.
    """

    value: int
    label: str
    is_active: bool = True
    parent_value: int | None = None
    is_default: bool = False


@dataclass(frozen=True, slots=True)
class Reference:
    """A thing of Autotask that is no pick list value, such as a resource.

    Attributes:
        value: its Autotask id.
        partners: ids it may be used with; of a resource, its roles. Empty when nothing is known of them.
    """

    value: int
    label: str
    is_active: bool = True
    partners: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class PrioritySettings:
    """What one alert priority means for the ticket. None inherits."""

    create_ticket: bool | None = None
    ticket_priority: PickRef | None = None
    due_minutes: int | None = None


@dataclass(frozen=True, slots=True)
class SettingsRow:
    """One row of settings: ticket defaults, or a rule.

    Attributes:
        name: as read on screen: "All monitor types", the monitor type, or the rule.
        values: field -> value, as the fields of `tickets.domain.settings.catalogue` are named, and `create_ticket`,
            `ticket_priority`, `due_minutes`, `ticket_udfs` (UDF name -> template). What is missing, None or an empty
            text inherits.
        priorities: Datto RMM priority -> its line; more specific than the row itself.
        rule_id: of a rule, None for ticket defaults.
        why: what people wrote about the rule.
    """

    name: str
    values: Mapping[str, Any] = field(default_factory=dict)
    priorities: Mapping[str, PrioritySettings] = field(default_factory=dict)
    rule_id: int | None = None
    why: str = ""

    @classmethod
    def of(cls, name: str, **values: Any) -> SettingsRow:
        """Return a row with these values."""
        return cls(name, values)

    def having(self, **values: Any) -> SettingsRow:
        """Return the row with these values besides its own."""
        return replace(self, values={**self.values, **values})

    def get(self, name: str) -> Any:
        """Return a value, None when the row inherits it."""
        value = self.values.get(name)
        return None if value in ("", {}) else value


@dataclass(frozen=True, slots=True)
class Effective(Generic[T]):
    """A value with the place it comes from; the place is empty when nothing sets it.

    Attributes:
        rule_id: of the rule that sets it; None for defaults and built-in values.
    """

    value: T
    origin: str
    rule_id: int | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A value that was set and cannot be used."""

    field: str
    label: str
    reason: str
    origin: str


@dataclass(frozen=True, slots=True)
class EffectiveSettings:
    """What a ticket gets.

    Attributes:
        picks: field of `PICK_FIELDS` -> value or None.
        flags: field of `FLAG_FIELDS` -> yes or no.
        templates: field of `TEMPLATE_FIELDS` -> text; empty means the built-in text.
        numbers: field of `NUMBER_FIELDS` -> value or None for "not used".
        choices: field of `CHOICE_FIELDS` -> value.
        references: field of `REFERENCE_FIELDS` -> thing or None.
        texts: field of `TEXT_FIELDS` -> text, empty for none.
        udfs: name of a ticket UDF -> template of its value.
        skipped: values that are set and cannot be used, with the reason.
        rules: names of the rules that apply, the most specific first.
        rule_reasons: name of a rule -> what people wrote about it.
        alert_priority: Datto RMM's priority the settings were resolved for, shifted by the site.
        priority_note: why it is another than the alert's, in words; empty when it is the same.
    """

    create_ticket: Effective[bool]
    priority: Effective[PickRef | None]
    due_minutes: Effective[int | None]
    picks: Mapping[str, Effective[PickRef | None]]
    flags: Mapping[str, Effective[bool]]
    templates: Mapping[str, Effective[str]]
    numbers: Mapping[str, Effective[int | None]]
    choices: Mapping[str, Effective[str]]
    references: Mapping[str, Effective[Reference | None]]
    texts: Mapping[str, Effective[str]]
    udfs: Mapping[str, Effective[str]]
    skipped: tuple[Skipped, ...]
    rules: tuple[str, ...] = ()
    rule_reasons: Mapping[str, str] = field(default_factory=dict)
    alert_priority: str = "Unknown"
    priority_note: str = ""

    def pick(self, name: str) -> PickRef | None:
        """Return the value of a field of `PICK_FIELDS`."""
        return self.picks[name].value

    def flag(self, name: str) -> bool:
        """Return a field of `FLAG_FIELDS`."""
        return self.flags[name].value

    def number(self, name: str) -> int:
        """Return a field of `NUMBER_FIELDS`; 0 when it is not used."""
        return self.numbers[name].value or 0

    def choice(self, name: str) -> str:
        """Return a field of `CHOICE_FIELDS`."""
        return self.choices[name].value


#: Field of `PICK_FIELDS`, or "priority" -> the active values of its pick list.
Catalogue = Mapping[str, Sequence[PickRef]]
