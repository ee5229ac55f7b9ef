"""Which configuration items a device may stand for, and which devices claim an item: rows as facts of the ladder."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence, Set

from django.db.models import Q

from mappings.domain.devices.facts import Claimant, ItemFacts, Key
from mappings.domain.devices.words import KeyKind
from mappings.models import ConfigurationItem, ConfigurationItemKey, DeviceKey
from mappings.services.devices.another_machine import denied_pairs
from mappings.services.devices.sitefacts import facts_of_site, load_sites

#: Machines are replaced, moved and entered twice; more items than that have no serial number in common.
_MOST_OF_ONE_SERIAL = 10


def in_reach(key: Key, found: Iterable[tuple[int, int]], companies: Set[int | None]) -> tuple[int, ...]:
    """Return the items a key can lead a device to; its uid and its serial number lead to other organizations too.

    Every organization has a "reception": with all of them a plan would grow with the square of the fleet. A serial
    number that many organizations have is no serial number, whatever it looks like, and leads nowhere else.
    """
    rows = list(found)
    reaches_all = leads_elsewhere(key, len(rows))
    return tuple(
        dict.fromkeys(item_pk for item_pk, company_id in rows if reaches_all or company_id in companies)
    )


def leads_elsewhere(key: Key, holders: int) -> bool:
    """Return whether a key that so many items or devices have may lead to another organization."""
    return key.kind is KeyKind.UID or (key.kind is KeyKind.SERIAL and holders <= _MOST_OF_ONE_SERIAL)


def keys_of_devices(device_pks: Sequence[int]) -> dict[int, list[Key]]:
    """Return the keys of devices by row id; one query."""
    found: dict[int, list[Key]] = defaultdict(list)
    rows = DeviceKey.objects.filter(device__in=device_pks).values_list("device_id", "kind", "value")
    for device_pk, kind, value in rows:
        found[device_pk].append(Key(KeyKind(kind), value))
    return found


def _any_of(keys: Iterable[Key]) -> Q:
    by_kind: dict[str, list[str]] = defaultdict(list)
    for kind, value in keys:
        by_kind[kind.value].append(value)
    condition = Q(pk__in=[])
    for kind_name, values in by_kind.items():
        condition |= Q(kind=kind_name, value__in=values)
    return condition


def items_with(keys: set[Key]) -> dict[Key, list[tuple[int, int]]]:
    """Return by key which items have it, with their organizations."""
    found: dict[Key, list[tuple[int, int]]] = defaultdict(list)
    if not keys:
        return found
    rows = (
        ConfigurationItemKey.objects.filter(_any_of(keys), configuration_item__is_missing=False)
        .order_by("configuration_item_id")
        .values_list("kind", "value", "configuration_item_id", "configuration_item__autotask_company_id")
    )
    for kind, value, item_pk, company_id in rows:
        found[Key(KeyKind(kind), value)].append((item_pk, company_id))
    return found


def load_items(item_pks: set[int]) -> dict[int, ItemFacts]:
    """Return configuration items with their claimants by row id; at most five queries."""
    if not item_pks:
        return {}
    claimants = claimants_of(item_pks)
    rows = ConfigurationItem.objects.filter(pk__in=item_pks).values_list(
        "pk",
        "udfs",
        "company__name",
        "device_link__device_id",
        "device_link__device__is_deleted",
        *_ITEM_COLUMNS,
    )
    return {
        pk: ItemFacts(
            item_pk=pk,
            linked_device_pk=linked_pk,
            linked_device_is_live=linked_pk is not None and not is_deleted,
            claimants=claimants.get(pk, ()),
            udfs=udfs,
            company_name=company_name or "",
            **dict(zip(_ITEM_COLUMNS, columns, strict=True)),
        )
        for pk, udfs, company_name, linked_pk, is_deleted, *columns in rows
    }


def claimants_of(item_pks: set[int]) -> dict[int, tuple[Claimant, ...]]:
    """Return which live devices share a key with each item, once per device and kind.

    Another organization's device claims an item by its uid or serial number only, so others are left out; one that a
    person told apart from the item claims it by its uid only.
    """
    items_of: dict[Key, list[tuple[int, int]]] = defaultdict(list)
    rows = ConfigurationItemKey.objects.filter(configuration_item__in=item_pks).values_list(
        "kind", "value", "configuration_item_id", "configuration_item__autotask_company_id"
    )
    for kind, value, item_pk, company_id in rows:
        items_of[Key(KeyKind(kind), value)].append((item_pk, company_id))
    found: dict[int, dict[tuple[int, KeyKind], Claimant]] = defaultdict(dict)
    if not items_of:
        return {}
    holders = list(
        DeviceKey.objects.filter(_any_of(items_of), device__is_deleted=False)
        .order_by("device_id")
        .values_list(
            "device_id",
            "kind",
            "value",
            "device__site_id",
            "device__link__configuration_item_id",
            "device__link__configuration_item__is_missing",
            "device__link__configuration_item__is_active",
            "device__link__configuration_item__autotask_company_id",
            "device__hostname",
            "device__description",
            "device__datto_device_uid",
        )
    )
    holders_of = Counter(Key(KeyKind(holder[1]), holder[2]) for holder in holders)
    sites = load_sites({holder[3] for holder in holders})
    companies = {pk: facts_of_site(site).autotask_company_id for pk, site in sites.items()}
    denied = denied_pairs(item_pks)
    for device_pk, kind_name, value, site_pk, linked_pk, *of_linked, hostname, description, uid in holders:
        kind = KeyKind(kind_name)
        key = Key(kind, value)
        is_missing, is_active, linked_company_id = of_linked
        is_settled = not is_missing and (is_active or linked_company_id == companies[site_pk])
        reaches_all = leads_elsewhere(key, max(len(items_of[key]), holders_of[key]))
        claimed = [
            item_pk
            for item_pk, company_id in items_of[key]
            if (reaches_all or company_id == companies[site_pk])
            and (kind is KeyKind.UID or (device_pk, item_pk) not in denied)
        ]
        if not claimed:
            continue
        claimant = Claimant(
            device_pk=device_pk,
            label=hostname or description or uid,
            autotask_company_id=companies[site_pk],
            kind=kind,
            linked_item_pk=linked_pk if is_settled else None,
        )
        for item_pk in claimed:
            found[item_pk].setdefault((device_pk, kind), claimant)
    return {item_pk: tuple(of_one.values()) for item_pk, of_one in found.items()}


def item_facts(row: ConfigurationItem, claimants: tuple[Claimant, ...] = ()) -> ItemFacts:
    """Return a configuration item as facts; `device_link__device` should be joined."""
    link = getattr(row, "device_link", None)
    return ItemFacts(
        item_pk=row.pk,
        linked_device_pk=link.device_id if link else None,
        linked_device_is_live=bool(link and not link.device.is_deleted),
        claimants=claimants,
        udfs=row.udfs,
        **{name: getattr(row, name) for name in _ITEM_COLUMNS},
    )


_ITEM_COLUMNS = (
    "autotask_configuration_item_id",
    "autotask_company_id",
    "reference_title",
    "reference_number",
    "serial_number",
    "is_active",
    "is_missing",
    "autotask_product_id",
    "autotask_type_id",
    "autotask_category_id",
    "autotask_location_id",
    "autotask_contact_id",
    "autotask_contract_id",
    "autotask_contract_service_id",
    "autotask_contract_service_bundle_id",
    "install_date",
    "warranty_date",
    "location",
    "rmm_device_uid",
    "rmm_hostname",
    "rmm_mac_address",
)
