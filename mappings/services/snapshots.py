"""A mapping's fields as plain values, for its history and for undo."""

from __future__ import annotations

from typing import Any

from django.utils.dateparse import parse_datetime

from mappings.models import SiteMapping

#: Everything a decision may change.
SNAPSHOT_FIELDS = (
    "company_id",
    "company_location_id",
    "default_contact_id",
    "default_contract_id",
    "queue_id",
    "priority_offset",
    "state",
    "source",
    "score",
    "reason",
    "candidates",
    "tickets_enabled",
    "devices_enabled",
    "note",
    "confirmed_site_name",
    "confirmed_company_name",
    "decided_by_id",
)
#: What must still read the same for a change to be undone; texts and marks of a sync may differ.
DECISION_FIELDS = (
    "company_id",
    "company_location_id",
    "default_contact_id",
    "default_contract_id",
    "queue_id",
    "priority_offset",
    "tickets_enabled",
    "devices_enabled",
    "note",
    "decided_at",
)
#: What a snapshot taken before a field existed means.
_WHEN_ABSENT: dict[str, Any] = {"priority_offset": 0}


def snapshot(mapping: SiteMapping) -> dict[str, Any]:
    """Return the fields of a mapping as JSON can hold them."""
    values: dict[str, Any] = {name: getattr(mapping, name) for name in SNAPSHOT_FIELDS}
    values["state"], values["source"] = str(mapping.state), str(mapping.source)
    values["decided_at"] = mapping.decided_at.isoformat() if mapping.decided_at else None
    return values


def restored_values(stored: dict[str, Any]) -> dict[str, Any]:
    """Return a snapshot as field values."""
    values = {name: _stored(stored, name) for name in SNAPSHOT_FIELDS}
    values["decided_at"] = parse_datetime(stored["decided_at"]) if stored["decided_at"] else None
    return values


def same_decision(first: dict[str, Any], second: dict[str, Any]) -> bool:
    """Return whether two snapshots hold the same decision."""
    return all(_stored(first, name) == _stored(second, name) for name in DECISION_FIELDS)


def _stored(values: dict[str, Any], name: str) -> Any:
    return values.get(name, _WHEN_ABSENT.get(name))
