"""What both sides of a field mapping last agreed on."""

from __future__ import annotations

from mappings.models import FieldMapValue


def store_agreed_rows(rows: list[FieldMapValue]) -> None:
    """Record what both sides of a mapping agree on; a later agreement replaces the former."""
    FieldMapValue.objects.bulk_create(
        rows,
        batch_size=200,
        update_conflicts=True,
        unique_fields=["field_map", "device"],
        update_fields=["agreed_datto", "agreed_autotask", "agreed_at"],
    )
