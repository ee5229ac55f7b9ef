"""What an item held when it was copied, so that what people change until it is deactivated is not lost."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from integration.vendors.autotask.records import ConfigurationItem as ItemRecord

_UDFS = "userDefinedFields"


def take_snapshot(record: ItemRecord) -> dict[str, Any]:
    """Return all that could be written of an item, by Autotask's names, as JSON values; empty fields are left out."""
    fields = {name: _plain(value) for name, value in record.writable_fields().items()}
    return {**fields, _UDFS: dict(record.udfs)}


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


def changed_since(snapshot: dict[str, Any], record: ItemRecord) -> dict[str, object]:
    """Return the fields that differ by now, as they can be written; None clears, UDFs are only those that differ."""
    fresh, present = take_snapshot(record), record.writable_fields()
    changed: dict[str, object] = {
        name: present.get(name)
        for name in {*fresh, *snapshot} - {_UDFS}
        if fresh.get(name) != snapshot.get(name)
    }
    former = snapshot.get(_UDFS) or {}
    udfs = {
        name: record.udfs.get(name)
        for name in {*record.udfs, *former}
        if (record.udfs.get(name) or "") != (former.get(name) or "")
    }
    return {**changed, **({_UDFS: udfs} if udfs else {})}
