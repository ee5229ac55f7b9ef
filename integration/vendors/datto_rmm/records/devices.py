"""Devices, as lists and single reads return them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from integration.vendors.datto_rmm.wire import Row, WireError, normalize_uid

#: User-defined fields are numbered 1 to this.
LAST_UDF: Final = 300


@dataclass(frozen=True, slots=True)
class Device:
    """A device. Serial number, manufacturer, model and MAC addresses are only in its audit.

    Attributes:
        category: such as "Server"; free text.
        type: such as "Main System Chassis"; free text.
        device_class: "device", "printer", "esxihost", "rmmnetworkdevice", "unknown" or something newer.
        udfs: number -> text of the fields that are filled; None when the answer carried no UDFs at all (ask
            the v3 address then), which is not the same as all being empty.
        problems: fields that could not be read.
    """

    id: int | None
    uid: str
    site_id: int | None
    site_uid: str
    site_name: str
    hostname: str
    description: str
    domain: str
    operating_system: str
    category: str
    type: str
    device_class: str
    internal_ip: str
    external_ip: str
    last_user: str
    agent_version: str
    display_version: str
    is_64_bit: bool | None
    reboot_required: bool | None
    online: bool | None
    suspended: bool | None
    deleted: bool | None
    snmp_enabled: bool | None
    network_probe: bool | None
    onboarded_by_network_monitor: bool | None
    last_seen_at: datetime | None
    last_reboot_at: datetime | None
    last_audit_at: datetime | None
    created_at: datetime | None
    warranty_on: date | None
    antivirus_product: str
    antivirus_status: str
    patch_status: str
    patches_approved_pending: int | None
    patches_not_approved: int | None
    patches_installed: int | None
    software_status: str
    portal_url: str
    web_remote_url: str
    udfs: Mapping[int, str] | None
    problems: tuple[str, ...] = ()

    @property
    def patches_missing(self) -> int | None:
        """Return how many patches wait or are not approved; None when the API counts neither."""
        counts = [
            one for one in (self.patches_approved_pending, self.patches_not_approved) if one is not None
        ]
        return max(0, sum(counts)) if counts else None


@dataclass(frozen=True, slots=True)
class DeviceUdf:
    """A user-defined field of a device as API v3 describes it.

    Attributes:
        number: 1 to 300.
        label: from the account's settings, "" when it has none.
        type: "STRING", "BOOLEAN", "NUMBER" or "DATE"; the account's setting.
        text: the value as text, "" when empty.
        has_wrong_type: the value does not fit the type; the screen or API v2 stored it.
    """

    number: int
    label: str
    type: str
    text: str
    has_wrong_type: bool


def read_device(value: object) -> Device:
    """Read a device of either API version."""
    row = Row("device", value)
    kind, antivirus, patches = row.row("deviceType"), row.row("antivirus"), row.row("patchManagement")
    udfs = _read_udfs(row)
    return Device(
        id=row.whole("id"),
        uid=normalize_uid(row.needed_text("uid")),
        site_id=row.whole("siteId"),
        site_uid=normalize_uid(row.text("siteUid")),
        site_name=row.text("siteName"),
        hostname=row.text("hostname"),
        description=row.text("description"),
        domain=row.text("domain"),
        operating_system=row.text("operatingSystem"),
        category=kind.text("category"),
        type=kind.text("type"),
        device_class=row.text("deviceClass") or "unknown",
        internal_ip=row.text("intIpAddress"),
        external_ip=row.text("extIpAddress"),
        last_user=row.text("lastLoggedInUser"),
        agent_version=row.text("cagVersion"),
        display_version=row.text("displayVersion"),
        is_64_bit=row.flag("a64Bit"),
        reboot_required=row.flag("rebootRequired"),
        online=row.flag("online"),
        suspended=row.flag("suspended"),
        deleted=row.flag("deleted"),
        snmp_enabled=row.flag("snmpEnabled"),
        network_probe=row.flag("networkProbe"),
        onboarded_by_network_monitor=row.flag("onboardedViaNetworkMonitor"),
        last_seen_at=row.instant("lastSeen"),
        last_reboot_at=row.instant("lastReboot"),
        last_audit_at=row.instant("lastAuditDate"),
        created_at=row.instant("creationDate"),
        warranty_on=row.day("warrantyDate"),
        antivirus_product=antivirus.text("antivirusProduct"),
        antivirus_status=antivirus.text("antivirusStatus"),
        patch_status=patches.text("patchStatus"),
        patches_approved_pending=patches.whole("patchesApprovedPending"),
        patches_not_approved=patches.whole("patchesNotApproved"),
        patches_installed=patches.whole("patchesInstalled"),
        software_status=row.text("softwareStatus"),
        portal_url=row.text("portalUrl"),
        web_remote_url=row.text("webRemoteUrl"),
        udfs=udfs,
        problems=row.noted(),
    )


def _read_udfs(row: Row) -> dict[int, str] | None:
    """Return filled fields from v2's `udf` object, else from v3's `udfs` list, None when there is neither."""
    old = row.raw("udf")
    if isinstance(old, Mapping):
        nested = row.row("udf")
        found = {}
        for name in old:
            number = str(name).lower().removeprefix("udf")
            if (
                number.isascii()
                and number.isdigit()
                and 1 <= int(number) <= LAST_UDF
                and (text := nested.text(str(name)))
            ):
                found[int(number)] = text
        return found
    described = _read_described(row)
    return None if described is None else {udf.number: udf.text for udf in described if udf.text}


def read_device_udfs(value: object) -> tuple[DeviceUdf, ...]:
    """Read the user-defined fields of a v3 device.

    Raises:
        WireError: the device carries none, as v2 devices do.
    """
    described = _read_described(Row("device", value))
    if described is None:
        raise WireError("device.udfs: missing in the answer")
    return described


def _read_described(row: Row) -> tuple[DeviceUdf, ...] | None:
    if not isinstance(row.raw("udfs"), list):
        return None
    found = []
    for item in row.rows("udfs"):
        number = item.whole("ordinal")
        if number is None or not 1 <= number <= LAST_UDF:
            continue
        number_text = _without_zeros(item.raw("valueNumber"))
        values = [number_text or item.text("valueNumber")]
        values += [item.text(name) for name in ("valueString", "valueBoolean", "valueDate")]
        found.append(
            DeviceUdf(
                number=number,
                label=item.text("label").strip(),
                type=item.text("type"),
                text=next((text for text in values if text), ""),
                has_wrong_type=bool(item.flag("typeMisMatch")),
            )
        )
    return tuple(found)


def _without_zeros(value: object) -> str:
    """Return a whole number as API v2 writes it, "" for anything else: JSON may say 5.0."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else ""
