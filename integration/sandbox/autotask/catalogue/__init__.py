"""Every entity of the double, keyed by REST name, and how paths find them."""

from __future__ import annotations

from typing import Final

from integration.sandbox.autotask.catalogue import (
    administration,
    companies,
    contracts,
    devices,
    hours,
    tickets,
    webhooks,
)
from integration.sandbox.autotask.schema import Entity, Nested

ENTITIES: Final[dict[str, Entity]] = {
    described.name: described
    for module in (companies, devices, tickets, contracts, administration, webhooks, hours)
    for described in module.ENTITIES
}

_BY_PATH: Final = {name.lower(): described for name, described in ENTITIES.items()}
_BY_NESTED_PATH: Final[dict[tuple[str, str], tuple[Entity, Nested]]] = {
    (nested.path.lower(), nested.child_path.lower()): (described, nested)
    for described in ENTITIES.values()
    for nested in described.nested
}


def entity_at(segment: str) -> Entity | None:
    """Return the entity a first path segment names, in any letter case."""
    return _BY_PATH.get(segment.lower())


def nested_at(parent: str, child: str) -> tuple[Entity, Nested] | None:
    """Return the child entity below a parent's path, in any letter case."""
    return _BY_NESTED_PATH.get((parent.lower(), child.lower()))


def children_of(name: str) -> list[tuple[Entity, Nested]]:
    """Return what hangs below an entity."""
    return [found for found in _BY_NESTED_PATH.values() if found[1].parent == name]
