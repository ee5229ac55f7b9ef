"""Audits of the Datto double: made up on demand from the device, the same each time."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from .model import Device
from .wire import nics_wire

_GIB = 1024**3
_SOFTWARE = (
    ("Microsoft Edge", "131.0.2903.70"),
    ("Google Chrome", "131.0.6778.86"),
    ("7-Zip", "24.08"),
    ("Adobe Acrobat Reader", "24.004.20220"),
    ("Microsoft 365 Apps for business", "16.0.18129.20116"),
    ("Zoom Workplace", "6.2.11"),
    ("Dell Command Update", "5.4.0"),
    ("VLC media player", "3.0.21"),
    ("Notepad++", "8.7.1"),
    ("Datto AV", "1.0.24"),
    ("Veeam Agent", "6.3.0"),
    ("TeamViewer Host", "15.60.3"),
    ("Sage 50 Accounts", "30.1"),
    ("Mozilla Firefox", "133.0"),
    ("PuTTY", "0.82"),
    ("Visual C++ Redistributable", "14.42.34433"),
)


def device_audit(device: Device, host: str) -> dict[str, Any]:
    """Return a DeviceAudit; the serial number stands here and nowhere else."""
    rng = Random(f"audit:{device.id}")
    made_up = rng.choice((240, 480, 960))
    size = (device.disk_gb or made_up) * _GIB
    return {
        "portalUrl": f"{host}/portal/device/{device.id}",
        "webRemoteUrl": f"{host}/portal/remote/{device.id}",
        "systemInfo": {
            "manufacturer": device.manufacturer,
            "model": device.model,
            "totalPhysicalMemory": device.memory_gb * _GIB,
            "username": device.last_user,
            "dotNetVersion": "4.8.1",
            "totalCpuCores": rng.choice((4, 6, 8, 12)),
        },
        "nics": nics_wire(device),
        "bios": {
            "instance": "BIOS",
            "releaseDate": 1_690_000_000_000,
            "serialNumber": device.serial,
            "smBiosVersion": "1.24.0",
        },
        "baseBoard": {"manufacturer": device.manufacturer, "product": f"0{rng.getrandbits(20):05X}"},
        "displays": [{"instance": "DISPLAY1", "screenHeight": 1080, "screenWidth": 1920}],
        "logicalDisks": [
            {
                "description": "Local Fixed Disk",
                "diskIdentifier": "C:",
                "freespace": int(size * rng.uniform(0.05, 0.8)),
                "size": size,
            }
        ],
        "mobileInfo": None,
        "processors": [{"name": rng.choice(("Intel(R) Core(TM) i5-1345U", "AMD Ryzen 5 PRO 7530U"))}],
        "videoBoards": [{"displayAdapter": "Intel(R) Iris(R) Xe Graphics"}],
        "attachedDevices": None,
        "snmpInfo": None,
        "physicalMemory": [
            {
                "module": "DIMM1",
                "size": device.memory_gb * _GIB,
                "type": "DDR4",
                "speed": "3200",
                "serialNumber": f"{rng.getrandbits(32):08X}",
                "partNumber": "M471A2K43EB1-CWE",
                "bank": "BANK 0",
            }
        ],
    }


def network_audit(device: Device, host: str) -> dict[str, Any]:
    """Return the audit of a device that answers SNMP only: no BIOS, its serial stands in `snmpInfo`."""
    answer = dict.fromkeys(device_audit(device, host))
    answer.update(
        portalUrl=f"{host}/portal/device/{device.id}",
        systemInfo={
            "manufacturer": device.manufacturer,
            "model": device.model,
            "totalPhysicalMemory": None,
            "username": None,
            "dotNetVersion": None,
            "totalCpuCores": None,
        },
        nics=nics_wire(device),
        snmpInfo=_snmp(device),
    )
    return answer


def _snmp(device: Device) -> dict[str, Any]:
    return {
        "snmpName": device.hostname,
        "snmpContact": None,
        "snmpDescription": f"{device.manufacturer} {device.model}",
        "snmpLocation": None,
        "snmpUptime": "12 days, 3:04:05",
        "nicManufacturer": device.manufacturer,
        "objectId": "1.3.6.1.4.1.9.1.1208",
        "snmpSerial": device.serial,
    }


def esxi_audit(device: Device, host: str, machines: Sequence[str] = ()) -> dict[str, Any]:
    """Return an ESXiHostAudit; the serial is `systemInfo.serviceTag`.

    Args:
        device: the host.
        host: of addresses.
        machines: host names of devices that run on it; a machine without an agent comes besides.
    """
    rng = Random(f"esxi:{device.id}")
    guests = [
        {
            "guestName": name,
            "processorSpeedTotal": 9600,
            "memorySizeTotal": 16 * _GIB,
            "numberOfSnapshots": rng.randint(0, 2),
            "datastores": "datastore1",
        }
        for name in (*machines, "VM-APPLIANCE")
    ]
    return {
        "portalUrl": f"{host}/portal/device/{device.id}",
        "systemInfo": {
            "manufacturer": device.manufacturer,
            "model": device.model,
            "name": device.hostname,
            "numberOfSnapshots": sum(guest["numberOfSnapshots"] for guest in guests),
            "serviceTag": device.serial,
        },
        "guests": guests,
        "processors": [{"frequency": 2400.0, "name": "Intel(R) Xeon(R) Silver 4314", "numberOfCores": 16}],
        "nics": [
            {
                "name": nic["instance"],
                "ipv4": nic["ipv4"],
                "ipv6": nic["ipv6"],
                "macAddress": nic["macAddress"],
                "speed": "10000",
                "type": nic["type"],
            }
            for nic in nics_wire(device)
        ],
        "physicalMemory": [],
        "datastores": [
            {
                "datastoreName": "datastore1",
                "subscriptionPercent": 71,
                "freeSpace": 900 * _GIB,
                "size": 3600 * _GIB,
                "fileSystem": "VMFS",
                "status": "Normal",
                "dataExtents": [],
            }
        ],
    }


def printer_audit(device: Device, host: str) -> dict[str, Any]:
    """Return a PrinterAudit; supplies are texts."""
    rng = Random(f"printer:{device.id}")
    return {
        "portalUrl": f"{host}/portal/device/{device.id}",
        "snmpInfo": _snmp(device),
        "nics": nics_wire(device),
        "systemInfo": {"manufacturer": device.manufacturer, "model": device.model},
        "printer": {"printedPageCount": rng.randint(900, 250_000)},
        "printerMarkerSupplies": [
            {
                "description": f"{colour} cartridge",
                "maxCapacity": "100",
                "suppliesLevel": str(rng.randint(3, 100)),
            }
            for colour in ("Black", "Cyan", "Magenta", "Yellow")
        ],
    }


def software_of(device: Device) -> list[dict[str, Any]]:
    """Return the installed software, a stable handful per device."""
    rng = Random(f"software:{device.id}")
    return [{"name": name, "version": version} for name, version in rng.sample(_SOFTWARE, rng.randint(6, 14))]


def patches_of(device: Device) -> list[dict[str, Any]]:
    """Return the patches of a device, one row each."""
    rng = Random(f"patches:{device.id}")
    return [
        {
            "patchId": f"{device.id}-{number}",
            "category": ["Security Updates"],
            "type": "SOFTWARE",
            "title": f"2026-{10 - number:02d} Cumulative Update (KB50{46000 + number})",
            "description": None,
            "releaseDate": f"2026-{10 - number:02d}-14",
            "severity": rng.choice(("CRITICAL", "IMPORTANT", "MODERATE")),
            "maxSize": 700_000_000,
            "rebootRequired": True,
            "requireUserInput": False,
            "kbArticleId": f"50{46000 + number}",
            "installStatus": rng.choice(("INSTALLED", "INSTALLED", "APPROVED_PENDING", "NOT_APPROVED")),
            "manualOverride": False,
        }
        for number in range(4)
    ]
