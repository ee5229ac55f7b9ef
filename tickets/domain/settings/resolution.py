"""Which settings a ticket gets, field by field, and where each comes from. Pure.

Rows come the most specific first: rules, then the monitor type, then the row for all monitor types. The first that
sets a field wins it; what all of them leave empty is filled with a built-in choice where the pick list has one with
the usual name, and else stays empty. A value that cannot be used is skipped with its reason and the next source is
asked: a ticket is never lost for a setting.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from tickets.domain.settings.catalogue import (
    BUILT_IN,
    BUILT_IN_LABELS,
    BUILT_IN_VALUES,
    CHOICE_FIELDS,
    FLAG_BUILT_IN,
    FLAG_FIELDS,
    NEEDED_PICKS,
    NUMBER_FIELDS,
    PICK_FIELDS,
    PRIORITY_MAP,
    PRIORITY_STEPS,
    QUIET_PRIORITIES,
    REFERENCE_FIELDS,
    TEMPLATE_FIELDS,
    TEXT_FIELDS,
)
from tickets.domain.settings.rows import (
    Catalogue,
    Effective,
    EffectiveSettings,
    PickRef,
    PrioritySettings,
    Reference,
    SettingsRow,
    Skipped,
)

T = TypeVar("T")
Thing = TypeVar("Thing", PickRef, Reference)


def shift_priority(priority: str, steps: int) -> str:
    """Return a priority some steps more (+) or less (-) urgent, at most the ends; an unknown one stays."""
    if priority not in PRIORITY_STEPS:
        return priority
    place = PRIORITY_STEPS.index(priority) - steps
    return PRIORITY_STEPS[min(max(place, 0), len(PRIORITY_STEPS) - 1)]


def resolve(
    rows: Sequence[SettingsRow],
    priority: str,
    *,
    catalogue: Catalogue | None = None,
    offset: int = 0,
    offset_origin: str = "",
) -> EffectiveSettings:
    """Return what a ticket gets.

    Args:
        rows: the most specific first.
        priority: Datto RMM's priority.
        catalogue: active pick list values, for the built-in choices; without it only Autotask's system values
            are built in.
        offset: steps along `PRIORITY_STEPS`, positive for more urgent; comes before everything else.
        offset_origin: who counts the alerts so, as read on screen: "site Contoso - Berlin".
    """
    shifted = shift_priority(priority, offset)
    skipped: list[Skipped] = []
    known = catalogue or {}
    picks: dict[str, Effective[PickRef | None]] = {}
    for name, title in PICK_FIELDS.items():
        objection = _belongs_to(picks["issue_type"].value) if name == "sub_issue_type" else _is_usable
        picks[name] = _first_usable(title, _sources(rows, name), objection, skipped) or _built_in_pick(
            name, known
        )
    lines = [
        source
        for row in rows
        for source in (
            (row.priorities.get(shifted), f"{row.name}, priority {shifted}", row.rule_id),
            (_row_line(row), row.name, row.rule_id),
        )
        if source[0] is not None
    ]
    return EffectiveSettings(
        create_ticket=_create_ticket(rows, shifted),
        priority=_ticket_priority(lines, shifted, known.get("priority", ()), skipped),
        due_minutes=_first_set(
            [(line.due_minutes, origin, rule) for line, origin, rule in lines if line], None
        ),
        picks=picks,
        flags={name: _first_set(_sources(rows, name), FLAG_BUILT_IN[name]) for name in FLAG_FIELDS},
        templates={name: _first_set(_sources(rows, name), "") for name in TEMPLATE_FIELDS},
        numbers={
            name: _first_set(_sources(rows, name), built_in) for name, (_, built_in) in NUMBER_FIELDS.items()
        },
        choices={
            name: _first_set(_sources(rows, name), choice.built_in) for name, choice in CHOICE_FIELDS.items()
        },
        references=_references(rows, skipped),
        texts={name: _first_set(_sources(rows, name), "") for name in TEXT_FIELDS},
        udfs=_udfs(rows),
        skipped=tuple(skipped),
        rules=tuple(row.name for row in rows if row.rule_id is not None),
        rule_reasons={row.name: row.why for row in rows if row.why},
        alert_priority=shifted,
        priority_note=_shift_note(offset_origin, offset, priority, shifted),
    )


def _sources(rows: Sequence[SettingsRow], name: str) -> list[tuple[Any, str, int | None]]:
    return [(row.get(name), row.name, row.rule_id) for row in rows]


def _row_line(row: SettingsRow) -> PrioritySettings | None:
    """A rule sets priority and due date itself; ticket defaults set them by alert priority."""
    priority, minutes = row.get("ticket_priority"), row.get("due_minutes")
    if priority is None and minutes is None:
        return None
    return PrioritySettings(ticket_priority=priority, due_minutes=minutes)


def _references(
    rows: Sequence[SettingsRow], skipped: list[Skipped]
) -> dict[str, Effective[Reference | None]]:
    """A resource goes with a role it has: Autotask refuses one without the other."""
    found: dict[str, Effective[Reference | None]] = {}
    for name, title in REFERENCE_FIELDS.items():
        objection = _fits(found["resource"].value) if name == "role" else _is_usable
        found[name] = _first_usable(title, _sources(rows, name), objection, skipped) or Effective(None, "")
    resource, role = found["resource"], found["role"]
    if resource.value is not None and role.value is None:
        skipped.append(
            Skipped(
                "primary resource",
                resource.value.label,
                "A resource needs one of its roles, and none is set.",
                resource.origin,
            )
        )
        found["resource"] = Effective(None, "")
    return found


def _fits(resource: Reference | None) -> Callable[[Reference], str]:
    def objection(role: Reference) -> str:
        if resource is None:
            return "The ticket has no primary resource."
        if resource.partners and role.value not in resource.partners:
            return f"{resource.label} does not have this role."
        return _is_usable(role)

    return objection


def _udfs(rows: Sequence[SettingsRow]) -> dict[str, Effective[str]]:
    """Each UDF by itself: a rule that sets one leaves the others."""
    found: dict[str, Effective[str]] = {}
    for row in rows:
        for name, template in (row.get("ticket_udfs") or {}).items():
            found.setdefault(name, Effective(template, row.name, row.rule_id))
    return found


def _shift_note(origin: str, offset: int, priority: str, shifted: str) -> str:
    if not offset:
        return ""
    count = abs(offset)
    steps = f"{count} step{'s' if count > 1 else ''} {'more' if offset > 0 else 'less'} urgent"
    if shifted == priority:
        return f"{origin[:1].upper()}{origin[1:]} counts alerts {steps}; {priority} stays."
    return f"{origin[:1].upper()}{origin[1:]} counts alerts {steps}: {shifted} instead of {priority}."


def _create_ticket(rows: Sequence[SettingsRow], priority: str) -> Effective[bool]:
    """Most specific first: the row's line for this priority, then the row itself."""
    sources: list[tuple[bool | None, str, int | None]] = []
    for row in rows:
        line = row.priorities.get(priority)
        if line is not None:
            sources.append((line.create_ticket, f"{row.name}, priority {priority}", row.rule_id))
        sources.append((row.get("create_ticket"), row.name, row.rule_id))
    return _first_set(sources, priority not in QUIET_PRIORITIES)


def _first_set(sources: Sequence[tuple[T | None, str, int | None]], built_in: T) -> Effective[T]:
    for value, origin, rule_id in sources:
        if value is not None:
            return Effective(value, origin, rule_id)
    return Effective(built_in, BUILT_IN)


def _first_usable(
    title: str,
    candidates: Sequence[tuple[Thing | None, str, int | None]],
    objection: Callable[[Thing], str],
    skipped: list[Skipped],
) -> Effective[Thing | None] | None:
    """Return the first value without an objection; those before it are noted as skipped."""
    for value, origin, rule_id in candidates:
        if value is None:
            continue
        reason = objection(value)
        if not reason:
            return Effective(value, origin, rule_id)
        skipped.append(Skipped(title, value.label, reason, origin))
    return None


def _is_usable(value: PickRef | Reference) -> str:
    return "" if value.is_active else "It is inactive in Autotask."


def _belongs_to(issue: PickRef | None) -> Callable[[PickRef], str]:
    def objection(value: PickRef) -> str:
        if not value.is_active:
            return _is_usable(value)
        if issue is None:
            return "The ticket has no issue type."
        if value.parent_value != issue.value:
            return f"It does not belong to the issue type {issue.label}."
        return ""

    return objection


def _ticket_priority(
    lines: Sequence[tuple[PrioritySettings | None, str, int | None]],
    priority: str,
    available: Sequence[PickRef],
    skipped: list[Skipped],
) -> Effective[PickRef | None]:
    """A ticket needs a priority, so the last resort is Autotask's own default, then the first active value."""
    found = _first_usable(
        "priority",
        [(line.ticket_priority, origin, rule) for line, origin, rule in lines if line],
        _is_usable,
        skipped,
    )
    if found is not None:
        return found
    active = [value for value in available if value.is_active]
    by_label = {value.label.strip().casefold(): value for value in reversed(active)}
    for label in PRIORITY_MAP.get(priority, PRIORITY_MAP["Unknown"]):
        if label.casefold() in by_label:
            return Effective(by_label[label.casefold()], BUILT_IN)
    if active:
        preset = next((value for value in active if value.is_default), active[0])
        return Effective(preset, "built-in: no Autotask priority has the usual name")
    return Effective(None, "")


def _built_in_pick(name: str, known: Catalogue) -> Effective[PickRef | None]:
    labels = BUILT_IN_LABELS.get(name, ())
    available = known.get(name, ())
    usable = [value for value in available if value.is_active]
    system_value = BUILT_IN_VALUES.get(name)
    for value in usable:
        if value.value == system_value:
            return Effective(value, BUILT_IN)
    for label in labels:
        for value in usable:
            if value.label.strip().casefold() == label.casefold():
                return Effective(value, BUILT_IN)
    if system_value is not None and not available:
        return Effective(PickRef(system_value, labels[0]), BUILT_IN)
    if name in NEEDED_PICKS and usable:
        preset = next((value for value in usable if value.is_default), usable[0])
        return Effective(preset, "built-in: no value has the usual name")
    return Effective(None, "")
