"""Entries of a run in words: which fields change from what to what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from integration.models import SyncRunEntry
from integration.registries import value_labels

_OPEN = {
    SyncRunEntry.Status.PLANNED,
    SyncRunEntry.Status.WAITING,
    SyncRunEntry.Status.SKIPPED,
    SyncRunEntry.Status.FAILED,
}


@dataclass(frozen=True, slots=True)
class DescribedEntry:
    """One entry as a page shows it: `changes` holds (field, before, after) in words."""

    entry: SyncRunEntry
    changes: list[tuple[str, str, str]]
    can_apply: bool
    can_undo: bool


def described_entries(entries: Iterable[SyncRunEntry]) -> list[DescribedEntry]:
    """Return entries with their changes; ids read as names where an app can tell them."""
    rows = list(entries)
    pairs = {
        (name, value)
        for entry in rows
        for values in (entry.before, entry.after)
        for name, value in values.items()
        if isinstance(value, int) and not isinstance(value, bool)
    }
    labels = value_labels(pairs)
    return [
        DescribedEntry(
            entry=entry,
            changes=list(_changes(entry.before, entry.after, labels)),
            can_apply=bool(entry.operation) and entry.status in _OPEN,
            can_undo=bool(entry.operation) and entry.status == SyncRunEntry.Status.DONE,
        )
        for entry in rows
    ]


def _changes(
    before: dict[str, Any], after: dict[str, Any], labels: dict[tuple[str, int], str]
) -> Iterable[tuple[str, str, str]]:
    for name in dict.fromkeys([*before, *after]):
        old, new = before.get(name), after.get(name)
        if isinstance(old, dict) or isinstance(new, dict):
            inner_old = old if isinstance(old, dict) else {}
            inner_new = new if isinstance(new, dict) else {}
            for key in dict.fromkeys([*inner_old, *inner_new]):
                yield key, _text(inner_old.get(key)), _text(inner_new.get(key))
            continue
        yield _words(name), _labelled(name, old, labels), _labelled(name, new, labels)


#: What people call fields whose names say something else.
_WORDS = {"autotask_company_id": "organization", "reference_title": "name", "is_active": "active"}


def _words(name: str) -> str:
    return _WORDS.get(name) or name.removeprefix("autotask_").removesuffix("_id").replace("_", " ")


def _labelled(name: str, value: Any, labels: dict[tuple[str, int], str]) -> str:
    label = labels.get((name, value)) if isinstance(value, int) else None
    return label if label is not None else _text(value)


def _text(value: Any) -> str:
    if value is None or value == "":
        return "empty"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return str(value)
