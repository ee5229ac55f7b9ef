"""The Datto side of a demo world: sites and devices, with the untidiness of a real account."""

# ruff: noqa: PLR2004 - chances and ids of made-up data are literal on purpose

from __future__ import annotations

import uuid
from dataclasses import dataclass
from random import Random
from typing import Any

from .datto.model import Device, Site
from .world_names import CITY_LIST, UNMAPPED, code_of, person, site_name
from .world_profiles import Profile

DAY_MS = 86_400_000
JUNK_SERIALS = (
    "To Be Filled By O.E.M.",
    "Default string",
    "System Serial Number",
    "0",
    "None",
    "123456789",
    "",
    "Not Specified",
    "................",
    "0000-0000-0000-0000-0000-0000-00",
    "VMware-00 00 00 00 00 00 00 00-00 00 00 00 00 00 00 00",
)
_WORKSTATIONS = (
    ("Dell Inc.", "OptiPlex 7010", "Desktop", "Desktop"),
    ("Dell Inc.", "Latitude 5440", "Laptop", "Notebook"),
    ("HP", "EliteBook 840 G10", "Laptop", "Notebook"),
    ("HP", "ProDesk 400 G9", "Desktop", "Tower"),
    ("LENOVO", "21HD004UUS", "Laptop", "Laptop"),
    ("Apple Inc.", "Mac14,2", "Laptop", "MacBook Air"),
    ("Microsoft Corporation", "Surface Laptop 5", "Laptop", "Portable"),
)
_SERVERS = (
    ("Dell Inc.", "PowerEdge R750"),
    ("HPE", "ProLiant DL380 Gen10"),
    ("VMware, Inc.", "VMware Virtual Platform"),
    ("Microsoft Corporation", "Virtual Machine"),
)
_NETWORK = (
    ("printer", "Printer", None, "HP", "LaserJet M507", "PRN"),
    ("printer", "Printer", "Printer", "Brother", "MFC-L8900CDW", "PRN"),
    ("rmmnetworkdevice", "Network Device (Switch)", "Switch", "Aruba", "2930F-48G", "SW"),
    ("rmmnetworkdevice", "Network Device (Firewall)", "Firewall", "Fortinet", "FortiGate 60F", "FW"),
    ("rmmnetworkdevice", "Network Device (Other)", "Wireless AP", "Ubiquiti", "U6-Pro", "AP"),
    ("device", "Network Device", "Router", "Cisco", "ISR1100", "RTR"),
)
_SERVER_NAMES = ("DC01", "DC02", "FS01", "SQL01", "RDS01", "HV01", "APP01", "BACKUP01", "EXCH01", "PRINT01")
_SERVER_OS = ("Microsoft Windows Server 2019 Standard", "Microsoft Windows Server 2022 Standard")
_WORKSTATION_OS = ("Microsoft Windows 11 Pro 10.0.22631", "Microsoft Windows 10 Pro 10.0.19045")
_AV = (
    "RunningAndUpToDate",
    "RunningAndUpToDate",
    "RunningAndUpToDate",
    "RunningAndNotUpToDate",
    "NotRunning",
)
_PATCH = ("FullyPatched", "FullyPatched", "ApprovedPending", "RebootRequired", "InstallError", "NoData")
_ALNUM = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"
DELETED_SITE_UID = "deleteddevices"
ON_DEMAND_SITE_UID = "ondemand"
#: Every machine with this hypervisor's network reports it.
VIRTUAL_MAC = "005056C00008"


@dataclass(slots=True)
class PlacedSite:
    """A site, the index of the company it truly belongs to (None when nobody knows), and that company's id and name."""

    site: Site
    company: int | None
    true_company: tuple[str, str] = ("", "")


def make_uid(rng: Random) -> str:
    """Return a GUID from the seeded source."""
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def build_sites(profile: Profile, names: list[str], company_ids: list[int], rng: Random) -> list[PlacedSite]:
    """Return the sites: 2 % of nobody known, a fifth being further branches, a third linked natively, plus system sites."""
    lost = max(1, round(profile.sites * 0.02))
    mapped = profile.sites - lost
    branches = max(1, mapped // 5, mapped - len(names))
    owners = rng.sample(range(len(names)), mapped - branches)
    owners += rng.choices(owners[: max(3, len(owners) // 3)], k=branches)
    several = (
        {owner for owner in owners if owners.count(owner) > 1} if len(owners) < 400 else _repeated(owners)
    )
    placed: list[PlacedSite] = []
    taken: set[str] = set()
    for owner in owners:
        city = rng.choice(CITY_LIST) if owner in several else None
        name = site_name(names[owner], city, rng)
        if name in taken:
            name = f"{name} {len(taken)}"
        taken.add(name)
        site = Site(id=10_000 + len(placed), uid=make_uid(rng), name=name, description=_describe(rng))
        if rng.random() < 0.35:
            site.autotask_company_id = str(company_ids[owner])
            site.autotask_company_name = names[owner]
        placed.append(PlacedSite(site, owner, (str(company_ids[owner]), names[owner])))
    for number in range(lost):
        label = UNMAPPED[number % len(UNMAPPED)] + ("" if number < len(UNMAPPED) else f" {number}")
        placed.append(PlacedSite(Site(id=10_000 + len(placed), uid=make_uid(rng), name=label), None))
    _spoil(placed, rng)
    for uid, label in ((DELETED_SITE_UID, "Deleted Devices"), (ON_DEMAND_SITE_UID, "OnDemand")):
        on_demand = uid == ON_DEMAND_SITE_UID
        placed.append(
            PlacedSite(Site(id=10_000 + len(placed), uid=uid, name=label, on_demand=on_demand), None)
        )
    return placed


def _repeated(owners: list[int]) -> set[int]:
    seen: set[int] = set()
    return {owner for owner in owners if owner in seen or seen.add(owner)}  # type: ignore[func-returns-value]  # add() returns None on purpose


def _describe(rng: Random) -> str | None:
    return rng.choice((None, None, "", "Main office", "Managed since 2021\nContact before reboot"))


def _spoil(placed: list[PlacedSite], rng: Random) -> None:
    """Make the few sites that break naive code: a very long name, a link to nowhere, one on demand, one with a proxy."""
    few = rng.sample([spot for spot in placed if spot.company is not None], 5)
    few[0].site.name = f"{few[0].site.name} - {'warehouse and distribution annex ' * 8}"[:255]
    few[1].site.autotask_company_id, few[1].site.autotask_company_name = (
        "99999999",
        "Company that was deleted",
    )
    few[2].site.on_demand = True
    # Renamed in Datto after a takeover: no likeness left, only the native link still tells.
    few[4].site.name = "Nova Holding (formerly trading elsewhere)"
    few[4].site.autotask_company_id, few[4].site.autotask_company_name = few[4].true_company
    few[3].site.proxy = {
        "host": "proxy.example",
        "port": 3128,
        "type": "http",
        "username": "sandbox",
        "password": "not-a-real-password",
    }
    for spot in few[:3]:
        spot.site.mail_recipients = [
            {
                "name": "Service desk",
                "email": "desk@msp.example",
                "type": "HTML",
                "receivesNewDevices": True,
                "receivesAlerts": True,
                "receivesReports": False,
            }
        ]


def build_devices(profile: Profile, placed: list[PlacedSite], now_ms: int, rng: Random) -> list[Device]:
    """Return the devices: exactly the profile's numbers, plus 1 % deleted ones in the system site."""
    real = [spot for spot in placed if not spot.site.is_system]
    weights = [rng.lognormvariate(0, 0.9) + 0.15 for _spot in real]
    kinds = ["server"] * profile.servers + ["workstation"] * profile.workstations
    kinds += ["network"] * profile.network_devices
    spots = real[: len(kinds)] + rng.choices(real, weights, k=max(0, len(kinds) - len(real)))
    rng.shuffle(kinds)
    maker = _DeviceMaker(now_ms, rng)
    devices = [maker.make(kind, spot) for kind, spot in zip(kinds, spots, strict=True)]
    grave = next(spot for spot in placed if spot.site.uid == DELETED_SITE_UID)
    for _number in range(max(3, profile.devices // 100)):
        device = maker.make("workstation", grave)
        device.deleted, device.online = True, False
        devices.append(device)
    for device in rng.sample(devices[: profile.devices], max(2, profile.devices // 200)):
        device.suspended = rng.choice((True, None))
        device.online = False
    _share_addresses(devices[: profile.devices], rng)
    return devices


def _share_addresses(devices: list[Device], rng: Random) -> None:
    """Let some laptops share a docking station's address, and many machines that of a virtual adapter."""
    laptops = [device for device in devices if device.category == "Laptop"]
    rng.shuffle(laptops)
    for number in range(max(2, len(laptops) // 60)):
        mac = f"00E04C{0x680000 + number:06X}"
        for device in laptops[number * 3 : number * 3 + 3]:
            device.macs = (*device.macs, mac)
    for device in devices:
        if device.device_class == "device" and device.macs and rng.random() < 0.02:
            device.macs = (*device.macs, VIRTUAL_MAC)


def dock_cases(devices: list[Device]) -> list[dict[str, Any]]:
    """Return `{"mac", "deviceUids"}` of addresses that several devices report."""
    users: dict[str, list[str]] = {}
    for device in devices:
        for mac in device.macs[1:]:
            if mac.startswith("00E04C") or mac == VIRTUAL_MAC:
                users.setdefault(mac, []).append(device.uid)
    return [{"mac": mac, "deviceUids": uids[:50]} for mac, uids in sorted(users.items()) if len(uids) > 1][
        :20
    ]


def host_cases(devices: list[Device]) -> list[dict[str, Any]]:
    """Return `{"hostname", "deviceUids"}` of host names that stand at several sites."""
    users: dict[str, list[Device]] = {}
    for device in devices:
        if not device.deleted and device.hostname:
            users.setdefault(device.hostname, []).append(device)
    return [
        {"hostname": name, "deviceUids": [device.uid for device in found[:50]]}
        for name, found in sorted(users.items())
        if len({device.site_uid for device in found}) > 1
    ][:20]


class _DeviceMaker:
    def __init__(self, now_ms: int, rng: Random) -> None:
        self._now = now_ms
        self._rng = rng
        self._count = 0

    def make(self, kind: str, spot: PlacedSite) -> Device:
        self._count += 1
        device = getattr(self, f"_{kind}")(spot)
        assert isinstance(device, Device)  # noqa: S101 - tells the type checker what the three makers return
        self._common(device, spot)
        return device

    def _new(
        self, spot: PlacedSite, hostname: str, device_class: str, category: str | None, kind: str | None
    ) -> Device:
        return Device(
            id=500_000 + self._count,
            uid=make_uid(self._rng),
            site_uid=spot.site.uid,
            hostname=hostname,
            device_class=device_class,
            category=category,
            type=kind,
            operating_system=None,
        )

    def _server(self, spot: PlacedSite) -> Device:
        rng = self._rng
        base = rng.choice(_SERVER_NAMES)
        name = base if rng.random() < 0.25 else f"{code_of(spot.site.name)}-{base}-{self._count % 97:02d}"
        if rng.random() < 0.05:
            device = self._new(spot, name.replace(base, "ESX01"), "esxihost", "ESXi Host", "ESXi Host")
            device.operating_system, (device.manufacturer, device.model) = "VMware ESXi 8.0.2", _SERVERS[0]
        else:
            device = self._new(spot, name, "device", "Server", rng.choice(("Server", "Main System Chassis")))
            device.operating_system = rng.choice(_SERVER_OS)
            device.manufacturer, device.model = rng.choice(_SERVERS)
            device.last_user = rng.choice((None, f"{code_of(spot.site.name)}\\administrator"))
        device.domain = f"{code_of(spot.site.name).lower()}.local"
        device.memory_gb = rng.choice((32, 64, 128))
        return device

    def _workstation(self, spot: PlacedSite) -> Device:
        rng = self._rng
        maker, model, category, kind = rng.choice(_WORKSTATIONS)
        code = code_of(spot.site.name)
        style = rng.random()
        if style < 0.05:
            name = rng.choice(
                ("RECEPTION", "FRONTDESK", "LAPTOP-01", "CONFERENCE", "DESKTOP-OFFICE", "BOSS-PC")
            )
        elif style < 0.45:
            name = "DESKTOP-" + "".join(rng.choices(_ALNUM, k=7))
        else:
            name = f"{code}-{'LT' if category == 'Laptop' else 'WS'}-{self._count:04d}"
        device = self._new(spot, name, "device", category, kind)
        device.manufacturer, device.model = maker, model
        device.operating_system = "macOS 14.6.1" if maker == "Apple Inc." else rng.choice(_WORKSTATION_OS)
        first, last = person(rng)
        device.last_user = rng.choice(
            (f"{code}\\{first[0].lower()}{last.lower()}", f"AzureAD\\{first}{last}", None)
        )
        device.domain = rng.choice((f"{code.lower()}.local", "WORKGROUP", None))
        return device

    def _network(self, spot: PlacedSite) -> Device:
        rng = self._rng
        device_class, category, kind, maker, model, code = rng.choice(_NETWORK)
        name = f"{code_of(spot.site.name)}-{code}-{self._count % 100:02d}"
        device = self._new(spot, name, device_class, category, kind)
        device.manufacturer, device.model = maker, model
        device.macs = ()
        return device

    def _common(self, device: Device, spot: PlacedSite) -> None:
        rng, now = self._rng, self._now
        device.online = rng.random() < (0.97 if device.category != "Laptop" else 0.6)
        device.last_seen = now - (rng.randint(0, 90_000) if device.online else rng.randint(1, 60) * DAY_MS)
        device.created = now - rng.randint(10, 1500) * DAY_MS
        device.int_ip = f"10.{spot.site.id % 250}.{rng.randint(0, 3)}.{rng.randint(2, 250)}"
        device.ext_ip = f"203.0.113.{spot.site.id % 250 + 1}"
        device.serial = self._serial(device)
        mac = f"{rng.choice(('0050B6', '3C5282', '98FA9B', 'F48E38'))}{device.id & 0xFFFFFF:06X}"
        device.macs = (mac, f"02{mac[2:]}") if device.category == "Laptop" else (mac,)
        if device.device_class == "device":
            device.last_reboot = now - rng.randint(0, 45) * DAY_MS
            device.last_audit = now - rng.randint(0, 20) * 3_600_000
            device.reboot_required = rng.choice((False, False, False, True, None))
            device.antivirus = rng.choice(
                (("Datto AV", rng.choice(_AV)), ("Windows Defender", rng.choice(_AV)), None)
            )
            device.patch_status = rng.choice(_PATCH)
            device.patches = (rng.randint(0, 9), rng.randint(0, 4), rng.randint(40, 300))
            device.warranty = rng.choice((None, f"20{rng.randint(24, 30)}-{rng.randint(1, 12):02d}-15"))
        else:
            device.reboot_required = device.suspended = None
        if rng.random() < 0.06:
            device.description = rng.choice(("Spare", "CEO's machine - call first", "Bürorechner", "x" * 200))
        if rng.random() < 0.12:
            device.udf = {2: f"ASSET-{device.id}", 7: rng.choice(("Gold", "Silver", "BitLocker: on"))}
            if rng.random() < 0.3:
                device.udf |= {
                    8: rng.choice(("4", "12", "twelve")),
                    9: f"202{rng.randint(0, 5)}-0{rng.randint(1, 9)}-11",
                    10: rng.choice(("true", "false")),
                }

    def _serial(self, device: Device) -> str | None:
        rng = self._rng
        if rng.random() < 0.02:
            return rng.choice(JUNK_SERIALS)
        if device.model == "VMware Virtual Platform":
            raw = f"{rng.getrandbits(128):032x}"
            pairs = [raw[i : i + 2] for i in range(0, 32, 2)]
            return f"VMware-{' '.join(pairs[:8])}-{' '.join(pairs[8:])}"
        return "".join(rng.choices(_ALNUM, k=7 if device.manufacturer == "Dell Inc." else 10))
