"""What a device has to offer as the source of a field mapping. Pure.

Autotask keeps its own audit fields for Datto's integration alone, so they are offered for UDFs here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from mappings.domain.devices.facts import AuditFacts, DataType, DeviceFacts, SiteFacts
from mappings.domain.devices.identity import macs_of_device, serial_of_device
from mappings.domain.devices.udfvalues import number_text

_GIB = Decimal(1024**3)
_NO_AUDIT = AuditFacts()


@dataclass(frozen=True, slots=True)
class DattoField:
    """A value of a device.

    Attributes:
        label: for a menu.
        is_volatile: changes all the time; written at most once a day.
        udf_name: suggested name of its UDF, at most 45 characters.
        data_type: suggested type of its UDF.
        read: gives text; "" when the device does not have it.
        is_standard: part of the set that one click creates.
    """

    name: str
    label: str
    read: Callable[[DeviceFacts, SiteFacts], str]
    udf_name: str
    data_type: DataType = DataType.TEXT
    is_volatile: bool = False
    is_standard: bool = True


def _audit(device: DeviceFacts) -> AuditFacts:
    return device.audit or _NO_AUDIT


def _count(number: int | None) -> str:
    return "" if number is None else str(number)


def _gigabytes(count: int | None) -> str:
    return "" if count is None else number_text((Decimal(count) / _GIB).quantize(Decimal("0.1")))


def _time(at: datetime | None) -> str:
    return "" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _day(day: date | None) -> str:
    return "" if day is None else day.isoformat()


def _yes_no(answer: bool | None) -> str:  # noqa: FBT001 - the value itself
    return "" if answer is None else ("Yes" if answer else "No")


def _serial(device: DeviceFacts) -> str:
    return "" if serial_of_device(device) is None else _audit(device).serial_number.strip()


def _macs(device: DeviceFacts) -> str:
    pairs = ([mac[place : place + 2] for place in range(0, 12, 2)] for mac in macs_of_device(device))
    return ", ".join(":".join(pair) for pair in pairs)


_NUMBER, _DATE, _LONG = DataType.NUMBER, DataType.DATE, DataType.LONG_TEXT
_ALL = (
    DattoField("device_uid", "Device uid", lambda d, s: d.datto_device_uid, "RMM Device UID"),
    DattoField("portal_url", "Link to the device", lambda d, s: d.portal_url, "RMM Link"),
    DattoField("web_remote_url", "Link to Web Remote", lambda d, s: d.web_remote_url, "RMM Web Remote"),
    DattoField("site", "Site", lambda d, s: s.name, "RMM Site"),
    DattoField("hostname", "Host name", lambda d, s: d.hostname, "RMM Host Name"),
    DattoField("description", "Description", lambda d, s: d.description, "RMM Description"),
    DattoField("manufacturer", "Manufacturer", lambda d, s: _audit(d).manufacturer, "RMM Manufacturer"),
    DattoField("model", "Model", lambda d, s: _audit(d).model, "RMM Model"),
    DattoField("serial_number", "Serial number", lambda d, s: _serial(d), "RMM Serial Number"),
    DattoField("operating_system", "Operating system", lambda d, s: d.operating_system, "RMM Operating System"),
    DattoField("processor", "Processor", lambda d, s: _audit(d).processor, "RMM Processor"),
    DattoField("cpu_cores", "Processor cores", lambda d, s: _count(_audit(d).cpu_cores), "RMM Processor Cores",
               _NUMBER),
    DattoField("memory_gb", "Memory (GB)", lambda d, s: _gigabytes(_audit(d).memory_bytes), "RMM Memory GB", _NUMBER),
    DattoField("storage_gb", "Storage (GB)", lambda d, s: _gigabytes(_audit(d).storage_bytes), "RMM Storage GB",
               _NUMBER),
    DattoField("free_gb", "Free space (GB)", lambda d, s: _gigabytes(_audit(d).free_bytes), "RMM Free Space GB",
               _NUMBER, is_volatile=True),
    DattoField("disks", "Disks", lambda d, s: _audit(d).disks, "RMM Disks", _LONG, is_volatile=True),
    DattoField("mac_addresses", "MAC addresses", lambda d, s: _macs(d), "RMM MAC Addresses", _LONG),
    DattoField("internal_ip", "Internal IP", lambda d, s: d.internal_ip, "RMM Internal IP", is_volatile=True),
    DattoField("external_ip", "External IP", lambda d, s: d.external_ip, "RMM External IP", is_volatile=True),
    DattoField("domain", "Domain", lambda d, s: d.domain, "RMM Domain"),
    DattoField("last_user", "Last user", lambda d, s: d.last_user, "RMM Last User", is_volatile=True),
    DattoField("last_seen", "Last seen", lambda d, s: _time(d.last_seen_at), "RMM Last Seen", is_volatile=True),
    DattoField("last_reboot", "Last reboot", lambda d, s: _time(d.last_reboot_at), "RMM Last Reboot",
               is_volatile=True),
    DattoField("reboot_required", "Reboot required", lambda d, s: _yes_no(d.reboot_required), "RMM Reboot Required",
               is_volatile=True),
    DattoField("antivirus_product", "Antivirus product", lambda d, s: d.antivirus_product, "RMM Antivirus"),
    DattoField("antivirus_status", "Antivirus status", lambda d, s: d.antivirus_status, "RMM Antivirus Status",
               is_volatile=True),
    DattoField("patch_status", "Patch status", lambda d, s: d.patch_status, "RMM Patch Status", is_volatile=True),
    DattoField("patches_missing", "Patches missing", lambda d, s: _count(d.patches_missing), "RMM Patches Missing",
               _NUMBER, is_volatile=True, is_standard=False),
    DattoField("open_alerts", "Open alerts", lambda d, s: _count(d.open_alerts), "RMM Open Alerts", _NUMBER,
               is_volatile=True, is_standard=False),
    DattoField("agent_version", "Agent version", lambda d, s: d.agent_version, "RMM Agent Version",
               is_volatile=True, is_standard=False),
    DattoField("device_class", "Class", lambda d, s: d.device_class, "RMM Class", is_standard=False),
    DattoField("category", "Category", lambda d, s: d.category, "RMM Category", is_standard=False),
    DattoField("device_type", "Type", lambda d, s: d.device_type, "RMM Type", is_standard=False),
    DattoField("motherboard", "Motherboard", lambda d, s: _audit(d).motherboard, "RMM Motherboard", is_standard=False),
    DattoField("bios_version", "BIOS version", lambda d, s: _audit(d).bios_version, "RMM BIOS Version",
               is_standard=False),
    DattoField("display_adapter", "Display adapter", lambda d, s: _audit(d).display_adapter, "RMM Display Adapter",
               is_standard=False),
    DattoField("snmp_name", "SNMP name", lambda d, s: _audit(d).snmp_name, "RMM SNMP Name", is_standard=False),
    DattoField("snmp_location", "SNMP location", lambda d, s: _audit(d).snmp_location, "RMM SNMP Location",
               is_standard=False),
    DattoField("warranty_date", "Warranty until", lambda d, s: _day(d.warranty_date), "RMM Warranty", _DATE,
               is_standard=False),
    DattoField("created", "First seen", lambda d, s: _day(d.created_in_datto_at.date() if d.created_in_datto_at
               else None), "RMM First Seen", _DATE, is_standard=False),
    DattoField("is_suspended", "Suspended", lambda d, s: _yes_no(d.is_suspended), "RMM Suspended", is_standard=False),
)  # fmt: skip
#: All fields by name, in the order of the menu.
DATTO_FIELDS: Mapping[str, DattoField] = {one.name: one for one in _ALL}


def standard_set(taken: Iterable[str] = ()) -> tuple[DattoField, ...]:
    """Return the fields of the standard set that are not mapped yet; `taken` names those that are."""
    known = frozenset(taken)
    return tuple(one for one in _ALL if one.is_standard and one.name not in known)


def read_field(name: str, device: DeviceFacts, site: SiteFacts) -> str:
    """Return a device's value.

    Raises:
        LookupError: unknown, such as one of a newer version of the product.
    """
    try:
        return DATTO_FIELDS[name].read(device, site).strip()
    except KeyError:
        raise LookupError(
            f"device field: {name!r} is unknown. Choose one of {', '.join(DATTO_FIELDS)}."
        ) from None
