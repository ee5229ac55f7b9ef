"""A person's word that a device is another machine than a configuration item stands for, and taking it back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from django.contrib.auth.models import User
from django.utils import timezone

from mappings.models import AnotherMachine, ConfigurationItem, Device, DeviceFinding
from mappings.services.devices.sitefacts import facts_of_site, load_sites


def remember(findings: Sequence[DeviceFinding], user: User | None) -> None:
    """Keep that the devices of these drifts are none of their items of other organizations; nothing asks again.

    Items of the device's own organization are not meant: what is there twice is told as a duplicate.
    """
    devices = {one.device_id: one.device for one in findings if one.device is not None}
    sites = load_sites({device.site_id for device in devices.values()})
    home = {pk: facts_of_site(sites[device.site_id]).autotask_company_id for pk, device in devices.items()}
    wanted: dict[int | None, set[int]] = defaultdict(set)
    for one in findings:
        if one.device_id in devices:
            wanted[one.device_id] |= _item_pks(one)
    company_of = dict(
        ConfigurationItem.objects.filter(pk__in=set().union(*wanted.values())).values_list(
            "pk", "autotask_company_id"
        )
    )
    now = timezone.now()
    AnotherMachine.objects.bulk_create(
        [
            AnotherMachine(device_id=device_pk, configuration_item_id=item_pk, said_by=user, said_at=now)
            for device_pk, item_pks in wanted.items()
            for item_pk in sorted(item_pks)
            if item_pk in company_of and company_of[item_pk] != home[device_pk]
        ],
        batch_size=200,
        ignore_conflicts=True,
    )


def _item_pks(finding: DeviceFinding) -> set[int]:
    found = {int(pk) for pk in finding.detail.get("item_pks") or []}
    return found or ({finding.configuration_item_id} if finding.configuration_item_id is not None else set())


def forget(devices: Iterable[Device], item: ConfigurationItem | None = None) -> None:
    """Take the word on these devices back, on one item or on all: they may be asked about again."""
    said = AnotherMachine.objects.filter(device__in=[one.pk for one in devices])
    if item is not None:
        said = said.filter(configuration_item=item)
    said.delete()


def was_said(device: Device, item: ConfigurationItem) -> bool:
    """Return whether a person told this device apart from this item."""
    return AnotherMachine.objects.filter(device=device, configuration_item=item).exists()


def denied_items(device_pks: Collection[int]) -> dict[int, frozenset[int]]:
    """Return from which items these devices were told apart, by row id of the device; one query."""
    found: dict[int, set[int]] = defaultdict(set)
    rows = AnotherMachine.objects.filter(device__in=device_pks).values_list(
        "device_id", "configuration_item_id"
    )
    for device_pk, item_pk in rows:
        found[device_pk].add(item_pk)
    return {device_pk: frozenset(pks) for device_pk, pks in found.items()}


def denied_pairs(item_pks: Collection[int]) -> set[tuple[int, int]]:
    """Return (device, item) of what was told apart from these items; one query."""
    rows = AnotherMachine.objects.filter(configuration_item__in=item_pks)
    return set(rows.values_list("device_id", "configuration_item_id"))


def told_apart(device: Device) -> list[AnotherMachine]:
    """Return what a person said about this device, with item, organization and who said it; one query."""
    said = AnotherMachine.objects.filter(device=device, configuration_item__is_missing=False)
    return list(said.select_related("configuration_item__company", "said_by"))
