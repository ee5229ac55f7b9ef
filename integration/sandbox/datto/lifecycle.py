"""What happens to devices in the world outside: agents come and go, machines move, are rebuilt, renamed, repaired.

No API of the vendor does any of this; people, technicians and installers do. `lastAuditDate` moves only when the agent
would have sent an audit: a change of hardware or of the host name, not a log-on, a move or a UDF.
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from random import Random
from typing import Any, Final

from .double import DattoDouble
from .model import Device, Site
from .seed import NotFoundError, now_ms

DELETED_SITE_UID: Final = "deleteddevices"
#: kind -> (class, category, type, operating system, manufacturer, model)
KINDS: Final[dict[str, tuple[str, str, str | None, str | None, str, str]]] = {
    "workstation": (
        "device",
        "Desktop",
        "Desktop",
        "Microsoft Windows 11 Pro 10.0.22631",
        "Dell Inc.",
        "OptiPlex 7010",
    ),
    "laptop": (
        "device",
        "Laptop",
        "Notebook",
        "Microsoft Windows 11 Pro 10.0.22631",
        "HP",
        "EliteBook 840 G10",
    ),
    "server": (
        "device",
        "Server",
        "Server",
        "Microsoft Windows Server 2022 Standard",
        "Dell Inc.",
        "PowerEdge R750",
    ),
    "esxi": ("esxihost", "ESXi Host", "ESXi Host", "VMware ESXi 8.0.2", "Dell Inc.", "PowerEdge R750"),
    "switch": ("rmmnetworkdevice", "Network Device (Switch)", "Switch", None, "Aruba", "2930F-48G"),
    "firewall": (
        "rmmnetworkdevice",
        "Network Device (Firewall)",
        "Firewall",
        None,
        "Fortinet",
        "FortiGate 60F",
    ),
    "accesspoint": (
        "rmmnetworkdevice",
        "Network Device (Other)",
        "Wireless AP",
        None,
        "Ubiquiti",
        "U6-Pro",
    ),
    "printer": ("printer", "Printer", "Printer", None, "HP", "LaserJet M507"),
    "unknown": ("unknown", "Unknown", None, None, "", ""),
}
#: Fields whose change an agent reports by an audit.
AUDITED: Final = frozenset(
    {
        "hostname",
        "serial",
        "macs",
        "model",
        "manufacturer",
        "memory_gb",
        "disk_gb",
        "operating_system",
        "domain",
        "int_ip",
    }
)
_OLD_DEVICE: Final = ("offline", "delete", "purge")
_ALNUM: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"
_HALF_GB, _PERCENT_MAX = 2, 100


def real_site(double: DattoDouble, uid: str) -> Site:
    """Return a site an agent can be in; NotFoundError for unknown ones and for system sites."""
    site = double.get_site(uid)
    if site.is_system:
        raise NotFoundError(f"{site.name} is a system site; choose a customer's site.")
    return site


def add_device(double: DattoDouble, *, site_uid: str, kind: str = "workstation", **fields: Any) -> Device:
    """Let an agent install itself (or a probe find a network device); it is in every list at once, audit included.

    Args:
        double: the account.
        site_uid: where it appears.
        kind: one of `KINDS`.
        fields: attributes of `Device` that replace what the kind would have.

    Raises:
        NotFoundError: no such site.
        ValueError: unknown kind.
    """
    if kind not in KINDS:
        raise ValueError(f"kind: choose one of {', '.join(KINDS)}.")
    device_class, category, type_, system, maker, model = KINDS[kind]
    with double.lock:
        site = real_site(double, site_uid)
        number, now, rng = double.take_id(), now_ms(), Random()
        device = Device(
            id=number,
            uid=str(uuid.uuid4()),
            site_uid=site.uid,
            hostname=f"NEW-{kind.upper()[:2]}-{number % 100_000}",
            device_class=device_class,
            category=category,
            type=type_,
            operating_system=system,
            manufacturer=maker or None,
            model=model or None,
            serial="".join(rng.choices(_ALNUM, k=9)),
            macs=(_fresh_mac(number),),
            int_ip=f"10.{site.id % 250}.9.{number % 250 + 1}",
            ext_ip=f"203.0.113.{site.id % 250 + 1}",
            last_seen=now,
            last_audit=now if device_class == "device" else None,
            last_reboot=now if device_class == "device" else None,
            created=now,
            patch_status="NoData" if device_class == "device" else None,
        )
        for name, value in fields.items():
            setattr(device, name, value)
        double.put_device(device)
        double.note_activity("DEVICE", "device", "create", site, device)
    double.changed()
    return device


def _fresh_mac(number: int) -> str:
    return f"A4BB6D{number & 0xFFFFFF:06X}"


def change_device(
    double: DattoDouble, uid: str, fields: dict[str, Any], *, audit: bool | None = None
) -> Device:
    """Change attributes of a device; indexes follow.

    Args:
        double: the account.
        uid: the device.
        fields: attributes of `Device` with their new values; `site_uid` moves it.
        audit: whether `lastAuditDate` moves; None lets `AUDITED` decide.

    Raises:
        NotFoundError: no such device or site.
    """
    with double.lock:
        device = double.get_device(uid)
        moved_to = double.get_site(fields["site_uid"]) if "site_uid" in fields else None
        changes = {name: value for name, value in fields.items() if name != "site_uid"}
        audited = any(name in AUDITED and getattr(device, name) != value for name, value in changes.items())
        changed = replace(device, **changes)
        if audited if audit is None else audit:
            changed.last_audit = max(now_ms(), (device.last_audit or 0) + 1)
        double.put_device(changed)
        if moved_to is not None and moved_to.uid != changed.site_uid:
            double.move_device(changed, moved_to)
    double.changed()
    return changed


def delete_device(double: DattoDouble, uid: str) -> Device:
    """Put a device into "Deleted Devices": it stays readable with `deleted: true` until it is purged."""
    with double.lock:
        device = double.get_device(uid)
        device.deleted, device.online = True, False
        double.move_device(device, double.get_site(DELETED_SITE_UID))
    return device


def purge_device(double: DattoDouble, uid: str) -> None:
    """Let a device vanish from every list; its open alerts end with it."""
    with double.lock:
        double.get_device(uid)
        for alert in [one for one in double.alerts_of(uid) if not one.resolved]:
            double.resolve_alert(alert.uid, by="System")
        double.drop_device(uid)
    double.changed()


def return_device(double: DattoDouble, uid: str, *, site_uid: str = "") -> Device:
    """Let a deleted or purged machine's agent come back: it enrolls anew, with another uid and id, on the same hardware.

    Args:
        double: the account.
        uid: the uid it had; it may be purged by now.
        site_uid: where it comes back; where it was is not kept, so a machine that was deleted needs one.

    Raises:
        NotFoundError: there never was such a device, or the site is not one an agent can be in.
    """
    with double.lock:
        old = double.devices.get(uid) or double.purged.get(uid)
        if old is None:
            raise NotFoundError(f"There never was a device {uid}.")
        site = real_site(double, site_uid or old.home_site_uid or old.site_uid)
        return _enroll(double, old, site)


def rebuild_device(double: DattoDouble, uid: str, *, old: str = "offline", **fields: Any) -> Device:
    """Install a machine anew: same host name, serial and site, another uid and id.

    Args:
        double: the account.
        uid: the machine.
        old: what becomes of its former entry: "offline", "delete" or "purge".
        fields: attributes of the new `Device`, such as `operating_system`.

    Raises:
        NotFoundError: no such device.
        ValueError: unknown `old`.
    """
    if old not in _OLD_DEVICE:
        raise ValueError(f"old: choose one of {', '.join(_OLD_DEVICE)}.")
    with double.lock:
        device = double.get_device(uid)
        fresh = _enroll(double, device, real_site(double, device.site_uid), **fields)
        if old == "delete":
            delete_device(double, uid)
        elif old == "purge":
            purge_device(double, uid)
        else:
            change_device(double, uid, {"online": False}, audit=False)
    return fresh


def _enroll(double: DattoDouble, old: Device, site: Site, **fields: Any) -> Device:
    now = now_ms()
    values: dict[str, Any] = {
        "online": True,
        "deleted": False,
        "suspended": False,
        "created": now,
        "last_seen": now,
        "last_audit": now if old.device_class == "device" else None,
        "udf": {},
        **fields,
    }
    fresh = replace(
        old, id=double.take_id(), uid=str(uuid.uuid4()), site_uid=site.uid, home_site_uid="", **values
    )
    double.put_device(fresh)
    double.note_activity("DEVICE", "device", "create", site, fresh)
    double.changed()
    return fresh


def replace_motherboard(double: DattoDouble, uid: str, serial: str = "") -> Device:
    """Give a device a new serial number and a new first network address, as a new board does."""
    device = double.get_device(uid)
    number = double.take_id()
    fresh = {
        "serial": serial or f"MB{number}",
        "macs": (_fresh_mac(number), *device.macs[1:]),
    }
    return change_device(double, uid, fresh)


def touch_devices(double: DattoDouble, percent: float, *, seed: int = 1, audit: bool = True) -> list[str]:
    """Change the last user and the memory of `percent` percent of the living audited devices; return their uids.

    The same seed over the same devices chooses the same ones.

    Raises:
        ValueError: `percent` is not between 0 and 100.
    """
    if not 0 <= percent <= _PERCENT_MAX:
        raise ValueError("percent: give a number from 0 to 100.")
    with double.lock:
        living = [
            uid
            for uid, device in double.devices.items()
            if not device.deleted and device.device_class == "device"
        ]
        chosen = Random(f"touch:{seed}").sample(living, round(len(living) * percent / _PERCENT_MAX))
        for uid in chosen:
            device = double.devices[uid]
            device.last_user = f"TOUCHED\\user{double.take_id()}"
            if audit:
                # Half as much again, so that touching twice never leads back to the old value.
                device.memory_gb += max(1, device.memory_gb // _HALF_GB)
                device.last_audit = max(now_ms(), (device.last_audit or 0) + 1)
            double.changed_devices.add(uid)
    double.changed()
    return chosen
