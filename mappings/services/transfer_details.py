"""The settings of mappings in a CSV file: contact, contract, queue and the like, by Autotask's ids."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from typing import Any

from mappings.models import Company, CompanyLocation, Contact, Contract, PicklistValue, SiteMapping
from mappings.services.details import MAX_PRIORITY_STEPS, Details, details_of, find_objections

#: Column -> field of a mapping, its model and the field that holds Autotask's id.
_REFERENCES: dict[str, tuple[str, Any, str]] = {
    "autotask_location_id": ("company_location", CompanyLocation, "autotask_location_id"),
    "autotask_contact_id": ("default_contact", Contact, "autotask_contact_id"),
    "autotask_contract_id": ("default_contract", Contract, "autotask_contract_id"),
    "autotask_queue_id": ("queue", PicklistValue, "value"),
}
_SWITCHES = {"make_tickets": "tickets_enabled", "sync_devices": "devices_enabled"}
_COLUMN_OF = {
    **{field: column for column, (field, _, _) in _REFERENCES.items()},
    "priority_offset": "priority_offset",
}
COLUMNS = (*_REFERENCES, "priority_offset", *_SWITCHES, "note")
#: What an export needs loaded with each mapping.
RELATED = ("company_location", "default_contact", "default_contract", "queue")
_YES, _NO = {"yes", "true", "1", "y"}, {"no", "false", "0", "n"}
_NOTE_LENGTH = 500
_CHUNK = 500
_TITLES = {
    "company_location": "location",
    "default_contact": "contact",
    "default_contract": "contract",
    "queue": "queue",
    "priority_offset": "priority offset",
    "tickets_enabled": "make tickets",
    "devices_enabled": "sync devices",
    "note": "note",
}


def export_details(mapping: SiteMapping) -> list[str]:
    """Return the cells of a mapping in the order of `COLUMNS`."""
    cells = []
    for field, _, id_field in _REFERENCES.values():
        value = getattr(mapping, field)
        cells.append(str(getattr(value, id_field)) if value is not None else "")
    return [
        *cells,
        str(mapping.priority_offset),
        *("yes" if getattr(mapping, name) else "no" for name in _SWITCHES.values()),
        mapping.note,
    ]


class DetailsReader:
    """Reads the settings of many rows; one query per kind of reference and 500 ids."""

    def __init__(self, rows: Iterable[dict[str, str]]) -> None:
        found = list(rows)
        self._known: dict[str, dict[int, Any]] = {}
        for column, (_, model, id_field) in _REFERENCES.items():
            ids = sorted({int(row[column]) for row in found if _is_number(row.get(column, ""))})
            objects = model.objects.all()
            if model is PicklistValue:
                objects = objects.filter(entity="Tickets", field="queueID")
            elif ids:
                objects = objects.select_related("company")
            self._known[column] = {
                getattr(one, id_field): one
                for start in range(0, len(ids), _CHUNK)
                for one in objects.filter(**{f"{id_field}__in": ids[start : start + _CHUNK]})
            }

    def read(self, row: dict[str, str], mapping: SiteMapping, company: Company | None) -> Details | None:
        """Return the settings a row asks for, None when they stay as they are.

        Columns that the file does not have stay; an empty id or offset means none.

        Args:
            row: cells by column.
            mapping: as it is now.
            company: its organization after the row is applied.

        Raises:
            ValueError: names the column and the cure.
        """
        if not any(column in row for column in COLUMNS):
            return None
        before = details_of(mapping)
        moved = mapping.company_id != (company.pk if company is not None else None)
        values: dict[str, Any] = {}
        for column, (field, _, _) in _REFERENCES.items():
            if column in row:
                values[field] = self._reference(column, row[column])
            elif moved and field != "queue":
                # It is the old organization's, and the file says nothing of it.
                values[field] = None
        if "priority_offset" in row:
            values["priority_offset"] = _offset(row["priority_offset"])
        for column, field in _SWITCHES.items():
            if row.get(column, ""):
                values[field] = _switch(column, row[column])
        if "note" in row:
            values["note"] = _note(row["note"])
        after = before.changed(**values)
        if after == before:
            return None
        target = copy.copy(mapping)
        target.company = company
        for field, text in find_objections(target, after).items():
            raise ValueError(f"{_COLUMN_OF.get(field, field)}: {text}")
        return after

    def _reference(self, column: str, text: str) -> Any:
        if not text:
            return None
        if not _is_number(text):
            raise ValueError(
                f"{column}: {text!r} is not a number. Use the id of Autotask, or leave it empty."
            )
        value = self._known[column].get(int(text))
        if value is None:
            raise ValueError(
                f"{column}: nothing with the id {text} is known here. Run a sync of the organizations if it is new."
            )
        return value


def changes_in_words(before: Details, after: Details) -> Iterator[str]:
    """Yield what differs, such as "queue: Level II"."""
    for field, title in _TITLES.items():
        value = getattr(after, field)
        if getattr(before, field) != value:
            yield f"{title}: {_in_words(value)}"


def _in_words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None or value == "" else str(value)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19  # noqa: PLR2004 - what a 64-bit column holds


def _offset(text: str) -> int:
    plain = text.strip() or "0"
    try:
        steps = int(plain)
    except ValueError:
        steps = MAX_PRIORITY_STEPS + 1
    if abs(steps) > MAX_PRIORITY_STEPS:
        raise ValueError(f"priority_offset: {text!r} is no number of steps. Use -3 to 3, 0 for none.")
    return steps


def _switch(column: str, text: str) -> bool:
    plain = text.casefold()
    if plain in _YES:
        return True
    if plain in _NO:
        return False
    raise ValueError(f"{column}: {text!r} is not understood. Use yes or no.")


def _note(text: str) -> str:
    plain = text.removeprefix("'") if text[1:2] in {"=", "+", "-", "@"} else text
    if len(plain) > _NOTE_LENGTH:
        raise ValueError(f"note: it has {len(plain)} characters. Use at most {_NOTE_LENGTH}.")
    return plain
