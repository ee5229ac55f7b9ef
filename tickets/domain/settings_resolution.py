"""Which settings a ticket gets, field by field, and where each comes from. Pure.

An empty field of a monitor type inherits from the row for all monitor types; what that leaves empty is filled
with a built-in choice where the pick list has one with the usual name, and else stays empty. A value that
cannot be used is skipped with its reason and the next source is asked: a ticket is never lost for a setting.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

T = TypeVar("T")

BUILT_IN: Final = "built-in"

#: Autotask's system ids, the same in every database whatever their labels say.
STATUS_NEW: Final = 1
STATUS_COMPLETE: Final = 5
PUBLISH_INTERNAL: Final = 2
NOTE_TYPE_TASK_NOTES: Final = 3

#: What a Datto RMM priority means in Autotask, by label; the first that the pick list has is taken.
PRIORITY_MAP: Final[Mapping[str, tuple[str, ...]]] = {
    "Critical": ("Critical", "High"),
    "High": ("High",),
    "Moderate": ("Medium", "Moderate", "Normal"),
    "Low": ("Low",),
    "Information": ("Low",),
    "Unknown": ("Medium", "Moderate", "Normal"),
}
#: Priorities that make no ticket unless a setting says so.
QUIET_PRIORITIES: Final = frozenset({"Information"})

#: Datto RMM's priorities from the most urgent down; a site may count its alerts some steps up or down.
PRIORITY_STEPS: Final = ("Critical", "High", "Moderate", "Low", "Information")

#: Pick list fields of a ticket -> title on screen.
PICK_FIELDS: Final[Mapping[str, str]] = {
    "queue": "queue",
    "ticket_category": "ticket category",
    "ticket_type": "ticket type",
    "source": "source",
    "status": "status at creation",
    "issue_type": "issue type",
    "sub_issue_type": "sub-issue type",
    "work_type": "work type",
    "note_type": "note type",
    "note_publish": "note visibility",
    "completed_status": "status when completed",
}
#: Labels that are taken when nothing is set and the pick list has them.
_BUILT_IN_LABELS: Final[Mapping[str, tuple[str, ...]]] = {
    "queue": ("Monitoring Alert",),
    "ticket_type": ("Alert", "Incident"),
    "source": ("Monitoring Alert",),
    "status": ("New",),
    "completed_status": ("Complete",),
    "note_publish": ("Internal Users Only", "Internal"),
    "note_type": ("Task Notes",),
}
#: System values that are taken before any label.
_BUILT_IN_VALUES: Final[Mapping[str, int]] = {
    "status": STATUS_NEW,
    "completed_status": STATUS_COMPLETE,
    "note_publish": PUBLISH_INTERNAL,
    "note_type": NOTE_TYPE_TASK_NOTES,
}
#: Autotask may refuse a ticket or note without these, so any active value is better than none.
_NEEDED_PICKS: Final = frozenset({"queue", "status", "ticket_type", "source", "note_type", "note_publish"})
#: Yes-or-no fields -> title on screen.
FLAG_FIELDS: Final[Mapping[str, str]] = {
    "write_first_note": "write a first note",
    "complete_on_clear": "complete the ticket when the alert clears",
    "note_on_clear": "also write a note when the alert clears",
    "resolve_on_complete": "resolve the alert when the ticket is completed",
}
_FLAG_BUILT_IN: Final[Mapping[str, bool]] = {
    "write_first_note": False,
    "complete_on_clear": True,
    "note_on_clear": False,
    "resolve_on_complete": True,
}
#: Text templates -> title on screen.
TEMPLATE_FIELDS: Final[Mapping[str, str]] = {
    "title_template": "title",
    "description_template": "description",
    "note_template": "first note",
}


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
class PrioritySettings:
    """What one alert priority means for the ticket. None inherits."""

    create_ticket: bool | None = None
    ticket_priority: PickRef | None = None
    due_minutes: int | None = None


@dataclass(frozen=True, slots=True)
class SettingsRow:
    """One row of ticket defaults. None, or an empty text, inherits.

    Attributes:
        name: as read on screen: "All monitor types" or the monitor type.
        priorities: Datto RMM priority -> its line.
    """

    name: str
    create_ticket: bool | None = None
    queue: PickRef | None = None
    ticket_category: PickRef | None = None
    ticket_type: PickRef | None = None
    source: PickRef | None = None
    status: PickRef | None = None
    issue_type: PickRef | None = None
    sub_issue_type: PickRef | None = None
    work_type: PickRef | None = None
    title_template: str = ""
    description_template: str = ""
    write_first_note: bool | None = None
    note_template: str = ""
    note_type: PickRef | None = None
    note_publish: PickRef | None = None
    complete_on_clear: bool | None = None
    completed_status: PickRef | None = None
    note_on_clear: bool | None = None
    resolve_on_complete: bool | None = None
    priorities: Mapping[str, PrioritySettings] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SiteOverrides:
    """What a site sets for its own tickets.

    Attributes:
        name: as read on screen: "site Contoso - Berlin".
        queue: overrides the queue of the defaults; None leaves it.
        priority_offset: steps along `PRIORITY_STEPS`, positive for more urgent.
    """

    name: str
    queue: PickRef | None = None
    priority_offset: int = 0


@dataclass(frozen=True, slots=True)
class Effective(Generic[T]):
    """A value with the place it comes from; the place is empty when nothing sets it."""

    value: T
    origin: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """A value that was set and cannot be used."""

    field: str
    label: str
    reason: str
    origin: str


@dataclass(frozen=True, slots=True)
class EffectiveSettings:
    """What a ticket for this monitor type and priority gets.

    Attributes:
        picks: field of `PICK_FIELDS` -> value or None.
        flags: field of `FLAG_FIELDS` -> yes or no.
        templates: field of `TEMPLATE_FIELDS` -> text; empty means the built-in text.
        skipped: values that are set and cannot be used, with the reason.
        alert_priority: Datto RMM's priority the settings were resolved for, shifted by the site.
        priority_note: why it is another than the alert's, in words; empty when it is the same.
    """

    create_ticket: Effective[bool]
    priority: Effective[PickRef | None]
    due_minutes: Effective[int | None]
    picks: Mapping[str, Effective[PickRef | None]]
    flags: Mapping[str, Effective[bool]]
    templates: Mapping[str, Effective[str]]
    skipped: tuple[Skipped, ...]
    alert_priority: str = "Unknown"
    priority_note: str = ""

    def pick(self, name: str) -> PickRef | None:
        """Return the value of a field of `PICK_FIELDS`."""
        return self.picks[name].value

    def flag(self, name: str) -> bool:
        """Return a field of `FLAG_FIELDS`."""
        return self.flags[name].value


#: Field of `PICK_FIELDS`, or "priority" -> the active values of its pick list.
Catalogue = Mapping[str, Sequence[PickRef]]


def shift_priority(priority: str, steps: int) -> str:
    """Return a priority some steps more (+) or less (-) urgent, at most the ends; an unknown one stays."""
    if priority not in PRIORITY_STEPS:
        return priority
    place = PRIORITY_STEPS.index(priority) - steps
    return PRIORITY_STEPS[min(max(place, 0), len(PRIORITY_STEPS) - 1)]


def resolve(
    global_: SettingsRow,
    monitor: SettingsRow | None,
    priority: str,
    *,
    catalogue: Catalogue | None = None,
    site: SiteOverrides | None = None,
) -> EffectiveSettings:
    """Return what a ticket gets.

    Args:
        global_: the row for all monitor types.
        monitor: the row of the alert's monitor type, if it has one.
        priority: Datto RMM's priority.
        catalogue: active pick list values, for the built-in choices; without it only Autotask's system values
            are built in.
        site: what the alert's site sets; its priority offset comes before everything else.
    """
    shifted = shift_priority(priority, site.priority_offset) if site is not None else priority
    note = _shift_note(site, priority, shifted) if site is not None else ""
    priority = shifted
    rows = [row for row in (monitor, global_) if row is not None]
    skipped: list[Skipped] = []
    known = catalogue or {}

    picks: dict[str, Effective[PickRef | None]] = {}
    for name, title in PICK_FIELDS.items():
        objection = _belongs_to(picks["issue_type"].value) if name == "sub_issue_type" else _is_usable
        candidates = [(getattr(row, name), row.name) for row in rows]
        if name == "queue" and site is not None:
            candidates.insert(0, (site.queue, site.name))
        picks[name] = _first_usable(title, candidates, objection, skipped) or _built_in_pick(name, known)

    flags = {
        name: _first_set([(getattr(row, name), row.name) for row in rows], _FLAG_BUILT_IN[name])
        for name in FLAG_FIELDS
    }
    templates = {
        name: _first_set([(getattr(row, name) or None, row.name) for row in rows], "")
        for name in TEMPLATE_FIELDS
    }
    lines = [
        (row.priorities[priority], f"{row.name}, priority {priority}")
        for row in rows
        if priority in row.priorities
    ]
    return EffectiveSettings(
        create_ticket=_create_ticket(rows, priority),
        priority=_ticket_priority(lines, priority, known.get("priority", ()), skipped),
        due_minutes=_first_set([(line.due_minutes, origin) for line, origin in lines], None),
        picks=picks,
        flags=flags,
        templates=templates,
        skipped=tuple(skipped),
        alert_priority=priority,
        priority_note=note,
    )


def _shift_note(site: SiteOverrides, priority: str, shifted: str) -> str:
    if not site.priority_offset:
        return ""
    count = abs(site.priority_offset)
    steps = f"{count} step{'s' if count > 1 else ''} {'more' if site.priority_offset > 0 else 'less'} urgent"
    if shifted == priority:
        return f"{site.name[:1].upper()}{site.name[1:]} counts alerts {steps}; {priority} stays."
    return f"{site.name[:1].upper()}{site.name[1:]} counts alerts {steps}: {shifted} instead of {priority}."


def _create_ticket(rows: Sequence[SettingsRow], priority: str) -> Effective[bool]:
    """Most specific first: the row's line for this priority, then the row itself."""
    sources: list[tuple[bool | None, str]] = []
    for row in rows:
        line = row.priorities.get(priority)
        if line is not None:
            sources.append((line.create_ticket, f"{row.name}, priority {priority}"))
        sources.append((row.create_ticket, row.name))
    return _first_set(sources, priority not in QUIET_PRIORITIES)


def _first_set(sources: Sequence[tuple[T | None, str]], built_in: T) -> Effective[T]:
    for value, origin in sources:
        if value is not None:
            return Effective(value, origin)
    return Effective(built_in, BUILT_IN)


def _first_usable(
    title: str,
    candidates: Sequence[tuple[PickRef | None, str]],
    objection: Callable[[PickRef], str],
    skipped: list[Skipped],
) -> Effective[PickRef | None] | None:
    """Return the first value without an objection; those before it are noted as skipped."""
    for value, origin in candidates:
        if value is None:
            continue
        reason = objection(value)
        if not reason:
            return Effective(value, origin)
        skipped.append(Skipped(title, value.label, reason, origin))
    return None


def _is_usable(value: PickRef) -> str:
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
    lines: Sequence[tuple[PrioritySettings, str]],
    priority: str,
    available: Sequence[PickRef],
    skipped: list[Skipped],
) -> Effective[PickRef | None]:
    """A ticket needs a priority, so the last resort is Autotask's own default, then the first active value."""
    found = _first_usable(
        "priority", [(line.ticket_priority, origin) for line, origin in lines], _is_usable, skipped
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
    labels = _BUILT_IN_LABELS.get(name, ())
    available = known.get(name, ())
    usable = [value for value in available if value.is_active]
    system_value = _BUILT_IN_VALUES.get(name)
    for value in usable:
        if value.value == system_value:
            return Effective(value, BUILT_IN)
    for label in labels:
        for value in usable:
            if value.label.strip().casefold() == label.casefold():
                return Effective(value, BUILT_IN)
    if system_value is not None and not available:
        return Effective(PickRef(system_value, labels[0]), BUILT_IN)
    if name in _NEEDED_PICKS and usable:
        preset = next((value for value in usable if value.is_default), usable[0])
        return Effective(preset, "built-in: no value has the usual name")
    return Effective(None, "")
