"""Facts for tests, with everything that a case does not name left plain."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from mappings.domain.devices.facts import (
    AdapterFacts,
    AuditFacts,
    Candidates,
    Claimant,
    DeviceFacts,
    FieldMapFacts,
    ItemFacts,
    Key,
    LinkFacts,
    PolicyFacts,
    SiteFacts,
    TypeRule,
    TypeTarget,
    UdfFacts,
)
from mappings.domain.devices.identity import keys_of_device, keys_of_item
from mappings.domain.devices.planning import plan_device
from mappings.domain.devices.plans import DevicePlan
from mappings.domain.devices.words import KeyKind

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
SERIAL, OTHER_SERIAL = "5CG1234XYZ", "6H3VX52"
MAC = "3C:52:82:6A:11:0F"
TARGET = TypeTarget(10, 20, 30)
RULES = (TypeRule(1, target=TARGET), TypeRule(2, device_class="printer", is_synced=False))
SITE = SiteFacts(1, "Main", is_mapped=True, autotask_company_id=1, company_name="Contoso")
POLICY = PolicyFacts(default_category_id=30)


def uid(number: int) -> str:
    return f"0b1c2d3e-0000-4000-8000-{number:012x}"


def device(number: int = 1, *, serial: str = SERIAL, mac: str = MAC, **values: Any) -> DeviceFacts:
    values.setdefault(
        "audit", AuditFacts(serial_number=serial, adapters=(AdapterFacts(mac, "Intel Ethernet"),))
    )
    return DeviceFacts(
        number,
        uid(number),
        site_pk=values.pop("site_pk", 1),
        hostname=values.pop("hostname", "PC-01"),
        **values,
    )


def item(number: int = 1, **values: Any) -> ItemFacts:
    """An item that already holds what `device()` wants."""
    wanted: dict[str, Any] = {
        "autotask_company_id": 1,
        "reference_title": "PC-01",
        "reference_number": uid(1),
        "serial_number": SERIAL,
        "autotask_product_id": 10,
        "autotask_type_id": 20,
        "autotask_category_id": 30,
    }
    return ItemFacts(number, 100 + number, **(wanted | values))


def candidates(one: DeviceFacts, *items: ItemFacts) -> Candidates:
    """What services would load: of all items those that share a key with the device, by key."""
    keys: dict[Key, tuple[ItemFacts, ...]] = {}
    for key in keys_of_device(one):
        found = tuple(each for each in items if key in keys_of_item(each))
        if found:
            keys[key] = found
    return keys


def rival(number: int, kind: KeyKind, company_id: int | None = 1, linked: int | None = None) -> Claimant:
    return Claimant(number, f"PC-{number:02}", company_id, kind, linked)


def udf(name: str = "Field", **values: Any) -> UdfFacts:
    return UdfFacts(name, category_ids=values.pop("category_ids", frozenset({30})), **values)


def plan(
    one: DeviceFacts,
    *items: ItemFacts,
    site: SiteFacts = SITE,
    link: LinkFacts | None = None,
    rules: tuple[TypeRule, ...] = RULES,
    maps: tuple[FieldMapFacts, ...] = (),
    policy: PolicyFacts = POLICY,
    now: datetime = NOW,
    is_complete_read: bool = True,
) -> DevicePlan:
    return plan_device(
        one, site, link or LinkFacts(), candidates(one, *items), rules, maps, policy, now,
        is_complete_read=is_complete_read,
    )  # fmt: skip
