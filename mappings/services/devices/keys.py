"""Comparable values by which devices and configuration items are found, kept in step with what they come from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db import models

from mappings.domain.devices.facts import AdapterFacts, AuditFacts, DeviceFacts, ItemFacts, Key
from mappings.domain.devices.identity import keys_of_device, keys_of_item, normalise_mac
from mappings.domain.devices.words import KeyKind
from mappings.models import (
    ConfigurationItem,
    ConfigurationItemKey,
    Device,
    DeviceKey,
    DevicePolicy,
    FieldMap,
)

#: Device fields whose UDFs hold MAC addresses.
MAC_FIELDS: Final = ("mac_address", "mac_addresses")
_BETWEEN_MACS: Final = re.compile(r"[,;|\s]+")


@dataclass(frozen=True, slots=True)
class ItemKeySources:
    """Which user-defined fields of configuration items identify them, by exact name."""

    uid_udf: str = ""
    mac_udfs: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """Text that differs when the sources do."""
        return "\n".join([self.uid_udf, *self.mac_udfs])


def load_item_key_sources() -> ItemKeySources:
    """Return what the device policy and the field mappings name now; two queries."""
    uid_udf = (
        DevicePolicy.objects.filter(pk=DevicePolicy.SINGLETON_ID)
        .values_list("uid_udf__name", flat=True)
        .first()
    )
    mac_udfs = (
        FieldMap.objects.filter(is_active=True, datto_field__in=MAC_FIELDS)
        .order_by("udf__name")
        .values_list("udf__name", flat=True)
        .distinct()
    )
    return ItemKeySources(uid_udf or "", tuple(mac_udfs))


def keep_item_keys(items: Iterable[ConfigurationItem], sources: ItemKeySources) -> int:
    """Bring the keys of these items in step; returns how many keys were added or removed.

    The caller holds the lock of the items' mirror.
    """
    wanted = {item.pk: set(_of_item(item, sources)) for item in items}
    return _keep(ConfigurationItemKey, "configuration_item_id", wanted)


def keep_device_keys(devices: Iterable[Device]) -> int:
    """Bring the keys of these devices in step; load them with `select_related("audit")`.

    The caller holds the lock of the devices' mirror. Returns how many keys were added or removed.
    """
    wanted = {device.pk: set(_of_device(device)) for device in devices}
    return _keep(DeviceKey, "device_id", wanted)


def _of_item(item: ConfigurationItem, sources: ItemKeySources) -> Iterator[Key]:
    yield from keys_of_item(
        ItemFacts(
            item_pk=item.pk,
            autotask_configuration_item_id=item.autotask_configuration_item_id,
            autotask_company_id=item.autotask_company_id,
            reference_title=item.reference_title,
            reference_number=item.reference_number,
            serial_number=item.serial_number,
            rmm_device_uid=item.rmm_device_uid,
            rmm_hostname=item.rmm_hostname,
            rmm_mac_address=item.rmm_mac_address,
            udfs=item.udfs,
        ),
        sources.uid_udf,
    )
    for name in sources.mac_udfs:
        for part in _BETWEEN_MACS.split(item.udfs.get(name) or ""):
            if mac := normalise_mac(part):
                yield Key(KeyKind.MAC, mac)


def _of_device(device: Device) -> tuple[Key, ...]:
    audit = getattr(device, "audit", None)
    return keys_of_device(
        DeviceFacts(
            device_pk=device.pk,
            datto_device_uid=device.datto_device_uid,
            site_pk=device.site_id,
            hostname=device.hostname,
            audit=None
            if audit is None
            else AuditFacts(
                serial_number=audit.serial_number,
                adapters=tuple(AdapterFacts(**adapter) for adapter in audit.mac_addresses),
            ),
        )
    )


def _keep(model: type[models.Model], owner: str, wanted: Mapping[int, set[Key]]) -> int:
    """One query to look, and one or two more only where something differs."""
    if not wanted:
        return 0
    rows: Any = model._default_manager  # noqa: SLF001 - Django's documented door to any model's rows
    missing = {pk: {(str(kind), value) for kind, value in keys} for pk, keys in wanted.items()}
    surplus = []
    known = rows.filter(**{f"{owner}__in": list(wanted)}).values_list("pk", owner, "kind", "value")
    for pk, owner_pk, kind, value in known:
        if (kind, value) in missing[owner_pk]:
            missing[owner_pk].remove((kind, value))
        else:
            surplus.append(pk)
    new = [
        model(**{owner: pk}, kind=kind, value=value)
        for pk, keys in missing.items()
        for kind, value in sorted(keys)
    ]
    if surplus:
        rows.filter(pk__in=surplus).delete()
    if new:
        rows.bulk_create(new, batch_size=500)
    return len(surplus) + len(new)
