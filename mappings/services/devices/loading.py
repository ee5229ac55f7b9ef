"""Rows of the database as the facts a device plan is made from. A fixed number of queries per chunk."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from mappings.columns import count_open_alerts_of_devices
from mappings.domain.devices.dattofields import read_field
from mappings.domain.devices.facts import (
    AdapterFacts,
    Agreed,
    AuditFacts,
    Candidates,
    DeviceFacts,
    ItemFacts,
    LinkFacts,
    SiteFacts,
    TypeTarget,
)
from mappings.domain.devices.words import (
    Basis,
    FindingKind,
    State,
)
from mappings.models import (
    ConfigurationItem,
    Device,
    DeviceAudit,
    DeviceFinding,
    DeviceLink,
    FieldMapValue,
)
from mappings.services.devices.another_machine import denied_items
from mappings.services.devices.candidates import in_reach, items_with, keys_of_devices, load_items
from mappings.services.devices.sitefacts import facts_of_site, load_sites

#: Classes for which Datto RMM has an audit.
AUDITED_CLASSES = frozenset({"device", "printer", "esxihost"})


@dataclass(frozen=True, slots=True)
class DeviceCase:
    """One device with all that its plan needs."""

    row: Device
    device: DeviceFacts
    site: SiteFacts
    link: LinkFacts
    link_row: DeviceLink | None
    candidates: Candidates


def load_cases(device_pks: Sequence[int]) -> list[DeviceCase]:
    """Return these devices, in the order of their row ids, with all that their plans need."""
    devices = list(Device.objects.filter(pk__in=device_pks).select_related("audit", "link").order_by("pk"))
    # Not joined: a chunk's devices share few sites, and a row object for each would be most of the work.
    sites = load_sites({device.site_id for device in devices})
    site_of = {pk: facts_of_site(site) for pk, site in sites.items()}
    keys = keys_of_devices(device_pks)
    wanted = {key for of_one in keys.values() for key in of_one}
    held = {
        device.pk: device.link.configuration_item_id
        for device in devices
        if _has(device, "link") and device.link.configuration_item_id
    }
    found = items_with(wanted)
    company_of_item = dict(
        ConfigurationItem.objects.filter(pk__in=held.values()).values_list("pk", "autotask_company_id")
    )
    candidates = {
        device.pk: {
            key: in_reach(
                key,
                found.get(key, ()),
                {
                    site_of[device.site_id].autotask_company_id,
                    company_of_item.get(held.get(device.pk, 0)),
                },
            )
            for key in keys.get(device.pk, ())
        }
        for device in devices
    }
    items = load_items(
        {*held.values(), *(pk for of_one in candidates.values() for pks in of_one.values() for pk in pks)}
    )
    agreed = _load_agreed(device_pks)
    deletions = _load_deletions(device_pks)
    denied = denied_items(device_pks)
    alerts = count_open_alerts_of_devices([device.datto_device_uid for device in devices])
    cases = []
    for device in devices:
        device.site = sites[device.site_id]
        link = device.link if _has(device, "link") else None
        seen_at, ticket_is_open = deletions.get(device.pk, (None, False))
        cases.append(
            DeviceCase(
                row=device,
                device=_device_facts(device, alerts, deleted_at=seen_at),
                site=site_of[device.site_id],
                link=replace(
                    _link_facts(link, items, agreed.get(device.pk, {}), ticket_is_open=ticket_is_open),
                    denied_item_pks=denied.get(device.pk, frozenset()),
                ),
                link_row=link,
                candidates={
                    key: tuple(items[pk] for pk in pks) for key, pks in candidates[device.pk].items()
                },
            )
        )
    return cases


def field_values(device: Device, names: Collection[str]) -> dict[str, str]:
    """Return what fields of a device would give a mapping now, {field: text}; at most three queries.

    Args:
        names: of `mappings.domain.devices.dattofields.DATTO_FIELDS`.
    """
    if not names:
        return {}
    # Read now if it was not joined, so that the facts hold it.
    getattr(device, "audit", None)
    uid = device.datto_device_uid
    alerts = count_open_alerts_of_devices([uid]) if "open_alerts" in names else None
    site = facts_of_site(load_sites({device.site_id})[device.site_id])
    facts = _device_facts(device, alerts, deleted_at=None)
    return {name: read_field(name, facts, site) for name in names}


def _has(device: Device, name: str) -> bool:
    """Whether a one-to-one row that was joined is there."""
    return name in device._state.fields_cache and device._state.fields_cache[name] is not None  # noqa: SLF001 - avoids an exception per device


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


def _device_facts(
    device: Device, alerts: dict[str, int] | None, *, deleted_at: datetime | None
) -> DeviceFacts:
    audit = device.audit if _has(device, "audit") else None
    return DeviceFacts(
        device_pk=device.pk,
        site_pk=device.site_id,
        deleted_at=deleted_at,
        udfs={int(number): text for number, text in device.udfs.items()},
        audit=_audit_facts(audit) if audit and audit.read_at else None,
        audit_is_pending=_audit_is_pending(device, audit),
        open_alerts=None if alerts is None else alerts.get(device.datto_device_uid, 0),
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
    "patches_missing",
    "agent_version",
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
