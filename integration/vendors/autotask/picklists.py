"""Choosing picklist values by id or label.

Records hold picklist ids as numbers, field info lists them as strings, and people know labels. Ids of most rows
differ per database and labels can be renamed, so both ways are offered and neither is guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from integration.vendors.autotask.records.metadata import FieldInfo, PicklistValue


class FieldSet(Mapping[str, FieldInfo]):
    """The fields of an entity by name, compared without case."""

    def __init__(self, fields: Iterable[FieldInfo]) -> None:
        self._fields = {field.name.lower(): field for field in fields}

    def __getitem__(self, name: str) -> FieldInfo:
        return self._fields[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return (field.name for field in self._fields.values())

    def __len__(self) -> int:
        return len(self._fields)


def normalise(text: str) -> str:
    """Return letters and digits only, without case: "Ticket Number" and "ticketNumber" become the same."""
    return "".join(character for character in text.casefold() if character.isalnum())


def find_value(field: FieldInfo, value: int | str | None) -> PicklistValue | None:
    """Return the choice with this id, active or not, or None when the picklist does not list it."""
    if value is None:
        return None
    wanted = str(value).strip()
    return next((choice for choice in field.picklist if choice.value.strip() == wanted), None)


def find_by_label(field: FieldInfo, label: str, *, parent: int | str | None = None) -> PicklistValue | None:
    """Return the active choice with this label, ignoring case, blanks and punctuation.

    Args:
        field: a picklist field.
        label: what the person sees.
        parent: only choices below this parent id, for dependent picklists.

    Returns:
        None when no active choice fits, or when several do: two equal labels are not ours to choose from.
    """
    wanted = normalise(label)
    fitting = [choice for choice in active_values(field, parent=parent) if normalise(choice.label) == wanted]
    return fitting[0] if len(fitting) == 1 else None


def label_of(field: FieldInfo, value: int | str | None) -> str:
    """Return the label of an id; "" for None, and the id itself in words when the picklist does not know it."""
    if value is None:
        return ""
    choice = find_value(field, value)
    return choice.label if choice is not None else f"unknown value {value}"


def active_values(field: FieldInfo, *, parent: int | str | None = None) -> list[PicklistValue]:
    """Return the active choices in Autotask's order, only those below `parent` when it is given."""
    wanted = None if parent is None else str(parent)
    choices = [
        choice
        for choice in field.picklist
        if choice.is_active and (wanted is None or choice.parent_value == wanted)
    ]
    return sorted(choices, key=lambda choice: (choice.sort_order is None, choice.sort_order or 0))


def parent_field_of(field: FieldInfo, fields: FieldSet) -> FieldInfo | None:
    """Return the field a dependent picklist hangs on; its name arrives as `IssueType` or `issueType`."""
    return fields.get(field.picklist_parent_field) if field.picklist_parent_field else None
