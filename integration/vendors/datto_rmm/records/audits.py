"""What an audit knows: serial numbers, makers, models, addresses, disks, software."""

from __future__ import annotations

from dataclasses import dataclass

from integration.vendors.datto_rmm.wire import Row, normalize_uid


@dataclass(frozen=True, slots=True)
class NetworkInterface:
    """A network card; `name` is its instance (device) or name (ESXi)."""

    name: str
    ipv4: str
    ipv6: str
    mac_address: str
    type: str


@dataclass(frozen=True, slots=True)
class Disk:
    """A logical disk; sizes in bytes."""

    name: str
    description: str
    size_bytes: int | None
    free_bytes: int | None


@dataclass(frozen=True, slots=True)
class DeviceAudit:
    """Audit of a computer or SNMP device.

    Attributes:
        serial_number: of the BIOS, else what SNMP reports.
        manufacturer: of the system, else of the base board; model likewise.
    """

    serial_number: str
    manufacturer: str
    model: str
    last_user: str
    memory_bytes: int | None
    cpu_cores: int | None
    processors: tuple[str, ...]
    disks: tuple[Disk, ...]
    network_interfaces: tuple[NetworkInterface, ...]
    motherboard: str
    display_adapters: tuple[str, ...]
    bios_version: str
    snmp_name: str
    snmp_description: str
    snmp_location: str
    portal_url: str
    web_remote_url: str
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EsxiGuest:
    """A virtual machine on an ESXi host."""

    name: str
    memory_bytes: int | None
    snapshot_count: int | None


@dataclass(frozen=True, slots=True)
class EsxiAudit:
    """Audit of an ESXi host; its serial number is the service tag."""

    serial_number: str
    manufacturer: str
    model: str
    name: str
    processors: tuple[str, ...]
    guests: tuple[EsxiGuest, ...]
    network_interfaces: tuple[NetworkInterface, ...]
    portal_url: str
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PrinterSupply:
    """Toner or the like; levels as the printer's own text."""

    description: str
    level: str
    max_capacity: str


@dataclass(frozen=True, slots=True)
class PrinterAudit:
    """Audit of a printer."""

    serial_number: str
    manufacturer: str
    model: str
    printed_page_count: int | None
    supplies: tuple[PrinterSupply, ...]
    network_interfaces: tuple[NetworkInterface, ...]
    snmp_name: str
    snmp_location: str
    portal_url: str
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DeviceInterfaces:
    """Network cards of one device, from the site-wide list that spares an audit call per device."""

    device_uid: str
    device_id: int | None
    site_uid: str
    hostname: str
    internal_ip: str
    external_ip: str
    network_interfaces: tuple[NetworkInterface, ...]


@dataclass(frozen=True, slots=True)
class Software:
    """An installed program."""

    name: str
    version: str


def _interfaces(row: Row) -> tuple[NetworkInterface, ...]:
    return tuple(
        NetworkInterface(
            name=nic.text("instance") or nic.text("name"),
            ipv4=nic.text("ipv4"),
            ipv6=nic.text("ipv6"),
            mac_address=nic.text("macAddress"),
            type=nic.text("type"),
        )
        for nic in row.rows("nics")
    )


def read_device_audit(value: object) -> DeviceAudit:
    """Read the audit of device class "device"."""
    row = Row("device audit", value)
    system, board, snmp, bios = (
        row.row("systemInfo"),
        row.row("baseBoard"),
        row.row("snmpInfo"),
        row.row("bios"),
    )
    return DeviceAudit(
        serial_number=bios.text("serialNumber").strip() or snmp.text("snmpSerial").strip(),
        manufacturer=system.text("manufacturer")
        or board.text("manufacturer")
        or snmp.text("nicManufacturer"),
        model=system.text("model") or board.text("product"),
        last_user=system.text("username"),
        memory_bytes=system.whole("totalPhysicalMemory"),
        cpu_cores=system.whole("totalCpuCores"),
        processors=tuple(processor.text("name") for processor in row.rows("processors")),
        disks=tuple(
            Disk(
                name=disk.text("diskIdentifier"),
                description=disk.text("description"),
                size_bytes=disk.whole("size"),
                free_bytes=disk.whole("freespace"),
            )
            for disk in row.rows("logicalDisks")
        ),
        network_interfaces=_interfaces(row),
        motherboard=" ".join(filter(None, (board.text("manufacturer"), board.text("product")))),
        display_adapters=tuple(card.text("displayAdapter") for card in row.rows("videoBoards")),
        bios_version=bios.text("smBiosVersion"),
        snmp_name=snmp.text("snmpName"),
        snmp_description=snmp.text("snmpDescription"),
        snmp_location=snmp.text("snmpLocation"),
        portal_url=row.text("portalUrl"),
        web_remote_url=row.text("webRemoteUrl"),
        problems=row.noted(),
    )


def read_esxi_audit(value: object) -> EsxiAudit:
    """Read the audit of device class "esxihost"."""
    row = Row("ESXi audit", value)
    system = row.row("systemInfo")
    return EsxiAudit(
        serial_number=system.text("serviceTag").strip(),
        manufacturer=system.text("manufacturer"),
        model=system.text("model"),
        name=system.text("name"),
        processors=tuple(processor.text("name") for processor in row.rows("processors")),
        guests=tuple(
            EsxiGuest(
                name=guest.text("guestName"),
                memory_bytes=guest.whole("memorySizeTotal"),
                snapshot_count=guest.whole("numberOfSnapshots"),
            )
            for guest in row.rows("guests")
        ),
        network_interfaces=_interfaces(row),
        portal_url=row.text("portalUrl"),
        problems=row.noted(),
    )


def read_printer_audit(value: object) -> PrinterAudit:
    """Read the audit of device class "printer"."""
    row = Row("printer audit", value)
    system, snmp = row.row("systemInfo"), row.row("snmpInfo")
    return PrinterAudit(
        serial_number=snmp.text("snmpSerial").strip(),
        manufacturer=system.text("manufacturer") or snmp.text("nicManufacturer"),
        model=system.text("model"),
        printed_page_count=row.row("printer").whole("printedPageCount"),
        supplies=tuple(
            PrinterSupply(
                description=supply.text("description"),
                level=supply.text("suppliesLevel"),
                max_capacity=supply.text("maxCapacity"),
            )
            for supply in row.rows("printerMarkerSupplies")
        ),
        network_interfaces=_interfaces(row),
        snmp_name=snmp.text("snmpName"),
        snmp_location=snmp.text("snmpLocation"),
        portal_url=row.text("portalUrl"),
        problems=row.noted(),
    )


def read_device_interfaces(value: object) -> DeviceInterfaces:
    """Read one device of the site-wide network interface list."""
    row = Row("device", value)
    return DeviceInterfaces(
        device_uid=normalize_uid(row.needed_text("uid")),
        device_id=row.whole("id"),
        site_uid=normalize_uid(row.text("siteUid")),
        hostname=row.text("hostname"),
        internal_ip=row.text("intIpAddress"),
        external_ip=row.text("extIpAddress"),
        network_interfaces=_interfaces(row),
    )


def read_software(value: object) -> Software:
    """Read an installed program."""
    row = Row("software", value)
    return Software(name=row.text("name"), version=row.text("version"))
