"""What tells that a device and a configuration item are the same machine. Pure.

Values are made comparable first, and values that many machines share are thrown away: a serial number "Default
string" would give one customer's laptop to another. `keys_of_device` and `keys_of_item` are what both mirrors are
indexed by; `ladder` decides with them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from mappings.domain.devices.facts import DeviceFacts, ItemFacts, Key
from mappings.domain.devices.words import KeyKind

#: Autotask keeps at most this much of a reference number.
REFERENCE_NUMBER_LENGTH = 50
_MAX_KEY_LENGTH = 255
_MIN_SERIAL_LENGTH = 4
#: As much as a configuration item can hold; what is longer is no serial number.
_MAX_SERIAL_LENGTH = 100
_MIN_HOSTNAME_LENGTH = 2
#: Numbers of a person's own (shorter than this) are not worth an index entry: no device uid is so short.
_MIN_UID_LENGTH = 8
#: Without punctuation, in upper case. No real serial number contains one of these.
_JUNK_SERIAL_PARTS = (
    "TOBEFILLED", "DEFAULTSTRING", "SERIALNUMBER", "SYSTEMSERIAL", "NOTSPECIFIED", "NOTAVAILABLE",
    "NOTAPPLICABLE", "NOTSETTABLE", "NOTDEFINED", "FILLBYOEM", "FILLEDBYOEM", "NOASSETTAG",
)  # fmt: skip
_JUNK_SERIALS = frozenset({
    "NONE", "NULL", "UNKNOWN", "INVALID", "EMPTY", "SERIAL", "DEFAULT", "UNDEFINED", "UNSPECIFIED", "OEMSERIAL",
    "SYSTEM", "VIRTUAL", "VIRTUALBOX", "VMWARE", "PARALLELS", "QEMU", "CHASSIS", "BASEBOARD", "NODATA", "TEST",
    # The UUID that one BIOS maker ships on every board.
    "03000200040005000006000700080009",
})  # fmt: skip
_SEQUENCES = ("01234567890123456789", "9876543210987654321", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
#: Hypervisors prefix the machine's own UUID with their name.
_VIRTUAL_SERIAL = re.compile(r"^(VMWARE|PARALLELS|VIRTUALBOX)")
_NOT_ALPHANUMERIC = re.compile(r"[^0-9A-Z]")
_MAC = re.compile(
    r"(?<![0-9a-f])(?:[0-9a-f]{2}(?:[:\-. ]?[0-9a-f]{2}){5}|[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4})(?![0-9a-f])",
    re.IGNORECASE,
)
#: First three octets of adapters that exist only in software. A host has the same ones as its neighbour.
_VIRTUAL_MACS = frozenset({
    "000569", "000C29", "001C14", "005056",  # VMware
    "00155D",  # Hyper-V
    "080027",  # VirtualBox
    "001C42",  # Parallels
    "00163E",  # Xen
})  # fmt: skip
_MULTICAST_BIT, _LOCAL_BIT = 0x01, 0x02
#: Adapters that are no part of the machine: they move between machines, or every machine has them.
_FOREIGN_ADAPTER = re.compile(
    r"\b(?:v?dock(?:er|ing)?|usb|thunderbolt|virtual\w*|vmware|vmnet\d*|vbox\w*|hyper-v|parallels|xen\w*|"
    r"vpn|anyconnect|fortinet|fortissl|globalprotect|pangp|wireguard|wintun|openvpn|zerotier|tailscale|"
    r"tap|tap-\w+|tun\d*|bluetooth|loopback|wan miniport|teredo|isatap|6to4|tunnel\w*|wi-fi direct|npcap|"
    r"kernel debug|bridge)\b|\bvethernet\b",
    re.IGNORECASE,
)
_IP = re.compile(r"^(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]*:[0-9a-f:.]+)$", re.IGNORECASE)
_GENERIC_HOSTNAMES = frozenset({
    "localhost", "desktop", "laptop", "notebook", "pc", "computer", "workstation", "server", "printer", "router",
    "switch", "firewall", "host", "esxi", "unknown", "default", "none", "null", "n/a", "na", "new", "test", "temp",
    "user", "user-pc", "admin", "admin-pc", "administrator", "owner", "owner-pc", "windows", "win10", "win11",
    "minint", "mac", "macbook", "macbook-pro", "macbook-air", "imac", "mac-mini", "mac mini", "macbook pro",
    "macbook air", "iphone", "ipad", "android", "linux", "ubuntu", "debian", "raspberrypi", "hp", "dell", "lenovo",
    "configuration item", "device",
})  # fmt: skip


def normalise_uid(text: str) -> str | None:
    """Return a device uid made comparable, at most 50 characters as Autotask keeps it; None if it is none."""
    plain = text.strip().casefold()[:REFERENCE_NUMBER_LENGTH].strip()
    return plain if len(plain) >= _MIN_UID_LENGTH else None


def normalise_serial(text: str) -> str | None:
    """Return a serial number made comparable; None for what makers and hypervisors leave there instead of one.

    "VMware-56 4d ..." and its like are kept: they carry the UUID of the virtual machine, which is its own. A
    machine that was cloned with its UUID shows up as shared, and a person decides.
    """
    plain = _NOT_ALPHANUMERIC.sub("", text.upper())
    core = _VIRTUAL_SERIAL.sub("", plain) if plain not in _JUNK_SERIALS else plain
    if not _MIN_SERIAL_LENGTH <= len(core) <= _MAX_SERIAL_LENGTH:
        return None
    if len(set(core)) == 1 or core in _JUNK_SERIALS or any(part in plain for part in _JUNK_SERIAL_PARTS):
        return None
    if any(core in sequence for sequence in _SEQUENCES):
        return None
    return plain


def normalise_mac(text: str) -> str | None:
    """Return a MAC address as 12 upper case hex digits; None if it is none or can be no machine's own.

    Left out are zeros, broadcast and multicast, locally administered ones (random per network, containers) and
    those of virtual adapters.
    """
    found = _MAC.fullmatch(text.strip())
    if found is None:
        return None
    plain = _NOT_ALPHANUMERIC.sub("", found.group().upper())
    first = int(plain[:2], 16)
    if set(plain) == {"0"} or first & (_MULTICAST_BIT | _LOCAL_BIT) or plain[:6] in _VIRTUAL_MACS:
        return None
    return plain


def is_foreign_adapter(name: str) -> bool:
    """Return whether an adapter's name says that it is a dock's, a virtual one, a tunnel or the like."""
    return _FOREIGN_ADAPTER.search(name) is not None


def normalise_hostname(text: str) -> str | None:
    """Return a host name in lower case without its domain; None for addresses and names that many machines have."""
    plain = " ".join(text.split()).casefold().rstrip(". ")
    if not plain or _IP.match(plain):
        return None
    short = plain if " " in plain else plain.partition(".")[0]
    if len(short) < _MIN_HOSTNAME_LENGTH or short in _GENERIC_HOSTNAMES:
        return None
    return short[:_MAX_KEY_LENGTH].rstrip(". ")


def is_device_uid(text: str) -> bool:
    """Return whether a text has the form of a device uid, as we write it to reference numbers."""
    return (
        re.fullmatch(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", text.strip(), re.IGNORECASE) is not None
    )


def macs_of_device(device: DeviceFacts) -> tuple[str, ...]:
    """Return the comparable MAC addresses of the machine's own adapters."""
    if device.audit is None:
        return ()
    own = (one.mac for one in device.audit.adapters if not is_foreign_adapter(f"{one.name} {one.type}"))
    return _unique(normalise_mac(mac) for mac in own)


def serial_of_device(device: DeviceFacts) -> str | None:
    """Return the comparable serial number."""
    return None if device.audit is None else normalise_serial(device.audit.serial_number)


def keys_of_device(device: DeviceFacts) -> tuple[Key, ...]:
    """Return all keys by which items are looked for, sure ones first."""
    return (
        *_keys(KeyKind.UID, [normalise_uid(device.datto_device_uid)]),
        *_keys(KeyKind.SERIAL, [serial_of_device(device)]),
        *_keys(KeyKind.MAC, macs_of_device(device)),
        *_keys(KeyKind.HOSTNAME, [normalise_hostname(device.hostname)]),
    )


def keys_of_item(item: ItemFacts, uid_udf_name: str = "") -> tuple[Key, ...]:
    """Return all keys by which an item is found, sure ones first.

    Args:
        uid_udf_name: the UDF that the policy names for the device uid; empty for none.
    """
    udf = (item.udfs.get(uid_udf_name) or "") if uid_udf_name else ""
    return (
        *_keys(
            KeyKind.UID, [normalise_uid(text) for text in (item.rmm_device_uid, item.reference_number, udf)]
        ),
        *_keys(KeyKind.SERIAL, [normalise_serial(item.serial_number)]),
        *_keys(KeyKind.MAC, [normalise_mac(text) for text in _MAC.findall(item.rmm_mac_address)]),
        *_keys(
            KeyKind.HOSTNAME, [normalise_hostname(text) for text in (item.reference_title, item.rmm_hostname)]
        ),
    )


def _keys(kind: KeyKind, values: Iterable[str | None]) -> tuple[Key, ...]:
    return tuple(Key(kind, value) for value in _unique(values))


def _unique(values: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value is not None))
