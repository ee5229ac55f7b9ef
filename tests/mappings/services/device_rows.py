"""Makes devices with everything around them, few or many."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from django.utils import timezone

from mappings.models import (
    ConfigurationItem,
    Device,
    DeviceAudit,
    DeviceKey,
    DeviceLink,
    DeviceReview,
    Site,
    SiteMapping,
)
from tests.mappings.conftest import guid, make_company, make_site

SYSTEMS = (
    ("Server", "Main System Chassis", "device", "Microsoft Windows Server 2022 Standard"),
    ("Desktop", "Desktop", "device", "Microsoft Windows 11 Pro 10.0.22631"),
    ("Laptop", "Laptop", "device", "Microsoft Windows 10 Pro"),
    ("Laptop", "Notebook", "device", "macOS 14.5"),
    ("Server", "Server", "device", "Ubuntu 22.04 LTS"),
    ("ESXi Host", "ESXi Host", "esxihost", "VMware ESXi 8.0"),
    ("Printer", "Printer", "printer", ""),
    ("Network Device", "Switch", "rmmnetworkdevice", "Cisco IOS"),
)
ANTIVIRUS = ("RunningAndUpToDate", "RunningAndNotUpToDate", "NotRunning", "NotDetected", "")
PATCHES = ("FullyPatched", "ApprovedPending", "RebootRequired", "NoPolicy", "NoData", "InstallError", "")


def make_devices(count: int, *, sites: int = 5, seed: int = 7, now: datetime | None = None) -> list[Device]:
    """Make devices of every sort, most of them linked and reviewed; the same seed makes the same."""
    rng = random.Random(seed)
    now = now or timezone.now()
    homes = [_make_site(number, rng) for number in range(1, sites + 1)]
    devices = Device.objects.bulk_create(
        [_device(number, rng, homes, now) for number in range(1, count + 1)], batch_size=500
    )
    items = ConfigurationItem.objects.bulk_create(
        [_item(number, rng, now) for number in range(1, int(count * 0.95) + 1)], batch_size=500
    )
    states = [one for one in DeviceLink.State if one != DeviceLink.State.LINKED]
    links, reviews, audits, keys = [], [], [], []
    for position, device in enumerate(devices):
        roll = rng.random()
        if roll < 0.85 and position < len(items):
            links.append(
                DeviceLink(
                    device=device,
                    configuration_item=items[position],
                    state="linked",
                    basis="serial",
                    linked_at=now,
                    planned_at=now,
                    reason="Same serial number at the same organization.",
                )
            )
        elif roll < 0.95:
            links.append(DeviceLink(device=device, state=rng.choice(states)))
        if roll < 0.8:
            reviews.append(
                DeviceReview(device=device, state=rng.choice(list(DeviceReview.State)), opened_at=now)
            )
        if roll < 0.9:
            audits.append(
                DeviceAudit(
                    device=device,
                    serial_number=f"SN{position:07d}",
                    manufacturer="Dell Inc.",
                    model="OptiPlex 7010",
                    memory_bytes=16 * 1024**3,
                    read_at=now,
                )
            )
        keys.append(DeviceKey(device=device, kind="mac", value=f"aabbcc{position:06x}"))
    DeviceLink.objects.bulk_create(links, batch_size=500)
    DeviceReview.objects.bulk_create(reviews, batch_size=500)
    DeviceAudit.objects.bulk_create(audits, batch_size=500)
    DeviceKey.objects.bulk_create(keys, batch_size=500)
    return devices


def _make_site(number: int, rng: random.Random) -> Site:
    site = make_site(900_000 + number, f"Site {number:04d}")
    company = make_company(900_000 + number, f"Company {number:04d}")
    if rng.random() < 0.9:
        SiteMapping.objects.create(site=site, company=company, state="confirmed")
    return site


def _device(number: int, rng: random.Random, sites: list[Site], now: datetime) -> Device:
    category, device_type, device_class, system = rng.choice(SYSTEMS)
    online = rng.choice([True, True, False, None])
    return Device(
        datto_device_uid=guid(number),
        site=rng.choice(sites),
        hostname=f"HOST-{rng.randrange(10**6):06d}",
        description="" if number % 3 else "Reception",
        device_class=device_class,
        category=category,
        device_type=device_type,
        operating_system=system,
        internal_ip=f"10.{number // 65536 % 256}.{number // 256 % 256}.{number % 256}",
        external_ip="203.0.113.9",
        last_user=f"user{number}",
        is_online=online,
        is_deleted=rng.random() < 0.05,
        reboot_required=rng.choice([True, False, None]),
        antivirus_product="Defender",
        antivirus_status=rng.choice(ANTIVIRUS),
        patch_status=rng.choice(PATCHES),
        warranty_date=rng.choice([None, (now + timedelta(days=rng.randrange(-400, 900))).date()]),
        last_seen_at=None if rng.random() < 0.05 else now - timedelta(days=rng.choice([0, 1, 8, 31, 95])),
        last_audit_at=None if rng.random() < 0.1 else now - timedelta(days=rng.choice([0, 3, 8, 40, 100])),
        created_in_datto_at=now - timedelta(days=400),
        portal_url=f"https://rmm.example.test/device/{number}",
        synced_at=now,
    )


def _item(number: int, rng: random.Random, now: datetime) -> ConfigurationItem:
    return ConfigurationItem(
        autotask_configuration_item_id=500_000 + number,
        autotask_company_id=900_001,
        reference_title=f"Item {number:06d}",
        serial_number=f"SN{number:07d}",
        is_active=rng.random() < 0.97,
        synced_at=now,
    )
