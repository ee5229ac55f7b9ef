"""Rows of the database as the facts a device plan is made from. A fixed number of queries per chunk."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from mappings.domain.devices.facts import (
    AdapterFacts,
    Agreed,
    AuditFacts,
    Candidates,
    Claimant,
    DataType,
    DeviceFacts,
    FieldMapFacts,
    ItemFacts,
    Key,
    LinkFacts,
    ListValue,
    PolicyFacts,
    SiteFacts,
    TypeRule,
    TypeTarget,
    UdfFacts,
)
from mappings.domain.devices.transforms import read_steps
from mappings.domain.devices.words import (
    Basis,
    Direction,
    EmptyPolicy,
    FindingKind,
    KeyKind,
    State,
    WhenDeleted,
)
from mappings.models import (
    ConfigurationItem,
    ConfigurationItemCategory,
    ConfigurationItemKey,
    Device,
    DeviceAudit,
    DeviceFinding,
    DeviceKey,
    DeviceLink,
    DevicePolicy,
    DeviceTypeRule,
    FieldMap,
    FieldMapValue,
    Site,
    SiteMapping,
    UdfAssociation,
    UdfDefinition,
)

#: Classes for which Datto RMM has an audit.
AUDITED_CLASSES = frozenset({"device", "printer", "esxihost"})
#: States of a site's mapping in which its devices belong to its organization.
USABLE_STATES = (SiteMapping.State.CONFIRMED, SiteMapping.State.RENAMED)


@dataclass(frozen=True, slots=True)
class Ruleset:
    """What holds for all devices of one run."""

    rules: tuple[TypeRule, ...]
    maps: tuple[FieldMapFacts, ...]
    policy: PolicyFacts
    row: DevicePolicy


@dataclass(frozen=True, slots=True)
class DeviceCase:
    """One device with all that its plan needs."""

    row: Device
    device: DeviceFacts
    site: SiteFacts
    link: LinkFacts
    link_row: DeviceLink | None
    candidates: Candidates


def get_policy() -> DevicePolicy:
    """Return the device policy; its row is made when it is missing."""
    policy, _ = DevicePolicy.objects.select_related("uid_udf", "review_udf").get_or_create(
        pk=DevicePolicy.SINGLETON_ID
    )
    return policy


def load_ruleset() -> Ruleset:
    """Return type rules, active field mappings and the policy.

    Raises:
        ValueError: a stored transform is unreadable; names mapping, step and cure.
    """
    row = get_policy()
    default = ConfigurationItemCategory.objects.filter(is_global_default=True).first()
    categories = _categories_of_udfs()
    maps = [
        _map_facts(one, categories)
        for one in FieldMap.objects.filter(is_active=True).select_related("udf").prefetch_related("sites")
    ]
    return Ruleset(
        rules=tuple(_rule_facts(one) for one in _rules()),
        maps=tuple(maps),
        policy=PolicyFacts(
            creates_items=row.creates_items,
            includes_on_demand=row.includes_on_demand,
            when_deleted=WhenDeleted(row.when_deleted),
            deleted_grace_days=row.deleted_grace_days,
            volatile_hours=row.volatile_hours,
            guard_share_percent=row.guard_share_percent,
            guard_always=row.guard_always,
            uid_udf=_udf_facts(row.uid_udf, categories) if row.uid_udf else None,
            default_category_id=default.autotask_category_id if default else None,
        ),
        row=row,
    )


def _rules() -> Iterable[DeviceTypeRule]:
    return DeviceTypeRule.objects.select_related(
        "product", "configuration_item_type", "configuration_item_category"
    )


def _rule_facts(rule: DeviceTypeRule) -> TypeRule:
    return TypeRule(
        rule_pk=rule.pk,
        datto_category=rule.datto_category,
        datto_type=rule.datto_type,
        device_class=rule.device_class,
        is_synced=rule.is_synced,
        target=TypeTarget(
            rule.product.autotask_product_id if rule.product else None,
            rule.configuration_item_type.autotask_type_id if rule.configuration_item_type else None,
            rule.configuration_item_category.autotask_category_id
            if rule.configuration_item_category
            else None,
        ),
    )


def _categories_of_udfs() -> dict[int, frozenset[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    pairs = UdfAssociation.objects.values_list("udf_id", "category__autotask_category_id")
    for udf_pk, category_id in pairs:
        found[udf_pk].add(category_id)
    return {udf_pk: frozenset(ids) for udf_pk, ids in found.items()}


def _udf_facts(udf: UdfDefinition, categories: dict[int, frozenset[int]]) -> UdfFacts:
    return UdfFacts(
        name=udf.name,
        data_type=DataType(udf.data_type),
        max_length=udf.max_length,
        is_active=udf.is_active,
        list_values=tuple(
            ListValue(str(one["value"]), str(one["label"]), bool(one.get("is_active", True)))
            for one in udf.list_values
        ),
        category_ids=categories.get(udf.pk, frozenset()),
    )


def _map_facts(one: FieldMap, categories: dict[int, frozenset[int]]) -> FieldMapFacts:
    return FieldMapFacts(
        map_pk=one.pk,
        udf=_udf_facts(one.udf, categories),
        datto_udf_index=one.datto_udf_index,
        datto_field=one.datto_field,
        direction=Direction(one.direction),
        steps=read_steps(one.transforms),
        empty_policy=EmptyPolicy(one.empty_policy),
        is_volatile=one.is_volatile,
        device_classes=frozenset(one.device_classes),
        datto_category=one.datto_category,
        site_pks=frozenset(site.pk for site in one.sites.all()),
    )


def load_cases(device_pks: Sequence[int]) -> list[DeviceCase]:
    """Return these devices, in the order of their row ids, with all that their plans need."""
    devices = list(Device.objects.filter(pk__in=device_pks).select_related("audit", "link").order_by("pk"))
    # Not joined: a chunk's devices share few sites, and a row object for each would be most of the work.
    sites = _load_sites({device.site_id for device in devices})
    facts_of_site = {pk: _facts_of_site(site) for pk, site in sites.items()}
    keys = _keys_of_devices(device_pks)
    wanted = {key for of_one in keys.values() for key in of_one}
    held = {
        device.pk: device.link.configuration_item_id
        for device in devices
        if _has(device, "link") and device.link.configuration_item_id
    }
    found = _items_with(wanted)
    company_of_item = dict(
        ConfigurationItem.objects.filter(pk__in=held.values()).values_list("pk", "autotask_company_id")
    )
    candidates = {
        device.pk: {
            key: _in_reach(
                key,
                found.get(key, ()),
                {
                    facts_of_site[device.site_id].autotask_company_id,
                    company_of_item.get(held.get(device.pk, 0)),
                },
            )
            for key in keys.get(device.pk, ())
        }
        for device in devices
    }
    items = _load_items(
        {*held.values(), *(pk for of_one in candidates.values() for pks in of_one.values() for pk in pks)}
    )
    agreed = _load_agreed(device_pks)
    deletions = _load_deletions(device_pks)
    cases = []
    for device in devices:
        device.site = sites[device.site_id]
        link = device.link if _has(device, "link") else None
        seen_at, ticket_is_open = deletions.get(device.pk, (None, False))
        cases.append(
            DeviceCase(
                row=device,
                device=_device_facts(device, deleted_at=seen_at),
                site=facts_of_site[device.site_id],
                link=_link_facts(link, items, agreed.get(device.pk, {}), ticket_is_open=ticket_is_open),
                link_row=link,
                candidates={
                    key: tuple(items[pk] for pk in pks) for key, pks in candidates[device.pk].items()
                },
            )
        )
    return cases


def _in_reach(key: Key, found: Iterable[tuple[int, int]], companies: Set[int | None]) -> tuple[int, ...]:
    """Return the items a key can lead a device to; only its uid leads to another organization.

    Every organization has a "reception": with all of them a plan would grow with the square of the fleet.
    """
    return tuple(
        dict.fromkeys(
            item_pk for item_pk, company_id in found if key.kind is KeyKind.UID or company_id in companies
        )
    )


def _has(device: Device, name: str) -> bool:
    """Whether a one-to-one row that was joined is there."""
    return name in device._state.fields_cache and device._state.fields_cache[name] is not None  # noqa: SLF001 - avoids an exception per device


def _keys_of_devices(device_pks: Sequence[int]) -> dict[int, list[Key]]:
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


def _items_with(keys: set[Key]) -> dict[Key, list[tuple[int, int]]]:
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


def _load_items(item_pks: set[int]) -> dict[int, ItemFacts]:
    if not item_pks:
        return {}
    claimants = claimants_of(item_pks)
    rows = ConfigurationItem.objects.filter(pk__in=item_pks).values_list(
        "pk", "udfs", "device_link__device_id", "device_link__device__is_deleted", *_ITEM_COLUMNS
    )
    return {
        pk: ItemFacts(
            item_pk=pk,
            linked_device_pk=linked_pk,
            linked_device_is_live=linked_pk is not None and not is_deleted,
            claimants=claimants.get(pk, ()),
            udfs=udfs,
            **dict(zip(_ITEM_COLUMNS, columns, strict=True)),
        )
        for pk, udfs, linked_pk, is_deleted, *columns in rows
    }


def claimants_of(item_pks: set[int]) -> dict[int, tuple[Claimant, ...]]:
    """Return which live devices share a key with each item, once per device and kind.

    Another organization's device claims an item by its uid only, so others are left out.
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
            "device__hostname",
            "device__description",
            "device__datto_device_uid",
        )
    )
    sites = _load_sites({holder[3] for holder in holders})
    companies = {pk: _facts_of_site(site).autotask_company_id for pk, site in sites.items()}
    for device_pk, kind_name, value, site_pk, linked_item_pk, hostname, description, uid in holders:
        kind = KeyKind(kind_name)
        claimed = [
            item_pk
            for item_pk, company_id in items_of[Key(kind, value)]
            if kind is KeyKind.UID or company_id == companies[site_pk]
        ]
        if not claimed:
            continue
        claimant = Claimant(
            device_pk=device_pk,
            label=hostname or description or uid,
            autotask_company_id=companies[site_pk],
            kind=kind,
            linked_item_pk=linked_item_pk,
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


def _load_agreed(device_pks: Sequence[int]) -> dict[int, dict[int, Agreed]]:
    found: dict[int, dict[int, Agreed]] = defaultdict(dict)
    for row in FieldMapValue.objects.filter(device__in=device_pks):
        found[row.device_id][row.field_map_id] = Agreed(row.agreed_datto, row.agreed_autotask)
    return found


def _load_deletions(device_pks: Sequence[int]) -> dict[int, tuple[datetime, bool]]:
    rows = DeviceFinding.objects.filter(
        device__in=device_pks,
        kind=FindingKind.DEVICE_DELETED.value,
        state__in=[DeviceFinding.State.OPEN, DeviceFinding.State.DISMISSED],
    )
    return {row.device_id: (row.found_at, bool(row.detail.get("ticket"))) for row in rows if row.device_id}


def _link_facts(
    link: DeviceLink | None,
    items: dict[int, ItemFacts],
    agreed: dict[int, Agreed],
    *,
    ticket_is_open: bool,
) -> LinkFacts:
    if link is None:
        return LinkFacts(agreed=agreed, deletion_ticket_is_open=ticket_is_open)
    return LinkFacts(
        state=State(link.state),
        basis=Basis(link.basis),
        reason=link.reason,
        item=items.get(link.configuration_item_id) if link.configuration_item_id else None,
        volatile_written_on=link.volatile_written_on,
        applied_type=type_target(link.applied_type),
        agreed=agreed,
        deletion_ticket_is_open=ticket_is_open,
    )


def type_target(stored: dict[str, int | None]) -> TypeTarget | None:
    """Return a stored {product, type, category}, None when nothing was stored."""
    if not stored:
        return None
    return TypeTarget(stored.get("product"), stored.get("type"), stored.get("category"))


def site_facts(device: Device) -> SiteFacts:
    """Return the device's site; `site__mapping__company` and its location should be joined."""
    return _facts_of_site(device.site)


def _load_sites(pks: set[int]) -> dict[int, Site]:
    rows = Site.objects.filter(pk__in=pks).select_related("mapping__company", "mapping__company_location")
    return {site.pk: site for site in rows}


def _facts_of_site(site: Site) -> SiteFacts:
    mapping = getattr(site, "mapping", None)
    company = mapping.company if mapping else None
    is_mapped = bool(mapping and mapping.state in USABLE_STATES and company and company.is_active)
    location = mapping.company_location if mapping and is_mapped else None
    return SiteFacts(
        site_pk=site.pk,
        name=site.name,
        is_mapped=is_mapped,
        autotask_company_id=company.autotask_company_id if company and is_mapped else None,
        company_name=company.name if company and is_mapped else "",
        autotask_location_id=location.autotask_location_id if location and location.is_active else None,
        devices_enabled=bool(mapping is None or mapping.devices_enabled),
        is_on_demand=site.is_on_demand,
    )


def _device_facts(device: Device, *, deleted_at: datetime | None) -> DeviceFacts:
    audit = device.audit if _has(device, "audit") else None
    return DeviceFacts(
        device_pk=device.pk,
        site_pk=device.site_id,
        deleted_at=deleted_at,
        udfs={int(number): text for number, text in device.udfs.items()},
        audit=_audit_facts(audit) if audit and audit.read_at else None,
        audit_is_pending=_audit_is_pending(device, audit),
        **{name: getattr(device, name) for name in _DEVICE_COLUMNS},
    )


_DEVICE_COLUMNS = (
    "datto_device_uid",
    "datto_device_id",
    "hostname",
    "description",
    "device_class",
    "category",
    "device_type",
    "operating_system",
    "domain",
    "internal_ip",
    "external_ip",
    "last_user",
    "is_online",
    "is_suspended",
    "is_deleted",
    "reboot_required",
    "antivirus_product",
    "antivirus_status",
    "patch_status",
    "warranty_date",
    "last_seen_at",
    "last_reboot_at",
    "created_in_datto_at",
    "portal_url",
    "web_remote_url",
)


def _audit_is_pending(device: Device, audit: DeviceAudit | None) -> bool:
    """Whether serial number and adapters are still to come, so that a match now could miss the right item.

    A device whose audit was asked for and does not exist is not held back: it would never appear.
    """
    if device.device_class not in AUDITED_CLASSES or device.is_deleted:
        return False
    return audit is None or not (audit.read_at or audit.error)


def _audit_facts(audit: DeviceAudit) -> AuditFacts:
    return AuditFacts(
        adapters=tuple(
            AdapterFacts(str(one.get("mac", "")), str(one.get("name", "")), str(one.get("type", "")))
            for one in audit.mac_addresses
        ),
        **{name: getattr(audit, name) for name in _AUDIT_COLUMNS},
    )


_AUDIT_COLUMNS = (
    "serial_number",
    "manufacturer",
    "model",
    "memory_bytes",
    "storage_bytes",
    "free_bytes",
    "disks",
    "processor",
    "cpu_cores",
    "motherboard",
    "bios_version",
    "display_adapter",
    "snmp_name",
    "snmp_location",
)
