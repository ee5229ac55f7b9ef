"""Reading audits, where serial numbers, models and MAC addresses are, and who used a device when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from django.db.models import F, Q
from django.utils import timezone

from integration.sync.recorder import RunRecorder
from integration.vendors.datto_rmm import DattoRmmClient
from integration.vendors.datto_rmm.records import DeviceAudit as ComputerAudit
from integration.vendors.datto_rmm.records import EsxiAudit, NetworkInterface, PrinterAudit
from integration.vendors.errors import ContractBroken, NotFound, Rejected, Unavailable
from mappings.models import Device, DeviceAudit, DeviceLink
from mappings.services.devices.keys import keep_device_keys
from mappings.services.mirror import Row, fitted, in_chunks, writing

#: Network devices and devices of unknown class have no audit at Datto RMM.
AUDITED_CLASSES: Final = ("device", "esxihost", "printer")
#: So many audits are written at once; a stopped run loses no more calls than these.
_WRITTEN_AT_ONCE: Final = 50
#: Datto RMM answers so when it stumbles over one device's data; what is not reachable at all answers otherwise, or not.
_INTERNAL_ERROR: Final = 500
#: So many in a row are an outage and no single device's trouble.
_ERRORS_IN_A_ROW: Final = 10
_FIRST_RETRY: Final = timedelta(hours=1)
_LONGEST_RETRY: Final = timedelta(days=7)
#: Datto RMM keeps no date of the audits of printers and ESXi hosts; nothing tells when they are worth another call.
_UNDATED_AGAIN: Final = timedelta(days=30)
USER_HISTORY: Final = timedelta(days=30)
#: A device that many people share tells nothing more by a longer list.
_USERS_KEPT: Final = 100
#: Longer than any name a virtual machine can have.
_GUEST_LENGTH: Final = 255
_NEVER: Final = datetime.min.replace(tzinfo=UTC)
_GIB: Final = 1024**3

AuditRecord = ComputerAudit | EsxiAudit | PrinterAudit


@dataclass(slots=True)
class AuditCounts:
    """What became of the audits that were due.

    Attributes:
        put_off: Datto RMM had an internal error; the next run asks again.
        left: not asked for because of the limit.
    """

    read: int = 0
    failed: int = 0
    left: int = 0
    put_off: int = 0


def read_audits(
    recorder: RunRecorder,
    datto: DattoRmmClient,
    device_pks: Sequence[int],
    *,
    limit: int | None = None,
    force: bool = False,
) -> AuditCounts:
    """Read the audits that are due among these devices: never read, or older than Datto RMM's last one.

    A device whose audit is not there or cannot be understood goes on without it, with the reason in its row, and is
    asked again after an hour, later after up to a week, or as soon as Datto RMM has audited it anew.
    One over which Datto RMM stumbles (500) stays as it was and is asked again by the next run: it must not keep
    all others from being synchronised, nor be taken for a device without serial number.

    Args:
        recorder: the run; a preview reads audits too, as it reads devices.
        datto: the client; one call for each audit.
        device_pks: primary keys.
        limit: at most this many calls, None for all that are due.
        force: all are due, such as when a person asks for one device.

    Raises:
        VendorError: Datto RMM does not answer, refuses the login or asks to wait; what was read before stays.
        RunCancelled: a person stopped the run; likewise.
    """
    now = timezone.now()
    found = [one for chunk in in_chunks(device_pks) for one in _due(chunk, now, force=force)]
    # Those never read come first, else a limit could keep them out for good.
    due = [pk for _read_at, pk in sorted(found, key=lambda one: (one[0] or _NEVER, one[1]))]
    counts = AuditCounts(left=0 if limit is None else max(0, len(due) - limit))
    wanted = due if limit is None else due[:limit]
    if not wanted:
        return counts
    recorder.begin_step("Reading audits", len(wanted))
    in_a_row = 0
    for pks in in_chunks(wanted, _WRITTEN_AT_ONCE):
        results: list[DeviceAudit] = []
        try:
            devices = Device.objects.select_related("audit").in_bulk(pks)
            for device in (devices[pk] for pk in pks if pk in devices):
                try:
                    results.append(_read_one(recorder, datto, device, counts))
                    in_a_row = 0
                except Unavailable as error:
                    in_a_row += 1
                    if error.status != _INTERNAL_ERROR or in_a_row >= _ERRORS_IN_A_ROW:
                        raise
                    counts.put_off += 1
                    _tell_put_off(recorder, device, error)
                recorder.advance(counts.read + counts.failed + counts.put_off)
        finally:
            _store(results)
    return counts


@dataclass(frozen=True, slots=True)
class UserChange:
    """Another last logged-in user; `before` is empty for a new device, else was seen on `seen_on` (UTC)."""

    before: str
    after: str
    seen_on: date


def find_user_change(device: Device, before: Mapping[str, Any]) -> UserChange | None:
    """Return the change of user of a row about to be stored, None when it has none; see `mirror.Watch`."""
    if not before:
        return UserChange("", device.last_user, timezone.now().date()) if device.last_user else None
    if "last_user" not in before:
        return None
    return UserChange(before["last_user"], device.last_user, device.synced_at.date())


def record_user_changes(changes: Mapping[int, UserChange], today: date) -> None:
    """Note in the links who uses devices since `today` (UTC), by device's primary key; at most three queries.

    The caller holds the lock of the devices' mirror.
    """
    if not changes:
        return
    known = {link.device_id: link for link in DeviceLink.objects.filter(device__in=list(changes))}
    new, changed = [], []
    for device_pk, change in changes.items():
        link = known.get(device_pk)
        history = [] if link is None else list(link.user_history)
        if not history and change.before:
            history.append([change.seen_on.isoformat(), change.before])
        history = add_user(history, change.after, today)
        if link is None:
            new.append(DeviceLink(device_id=device_pk, user_history=history))
        elif history != link.user_history:
            link.user_history = history
            changed.append(link)
    if new:
        DeviceLink.objects.bulk_create(new, batch_size=200, ignore_conflicts=True)
    if changed:
        DeviceLink.objects.bulk_update(changed, ["user_history"], batch_size=200)


def add_user(history: list[list[str]], user: str, today: date) -> list[list[str]]:
    """Return a history of [ISO date, user] with today's user, without what ended before the last 30 days.

    The newest entry from before stays: it tells who used the device at the start of that time. No user, as Datto RMM
    says of a device nobody is logged in to, ends nobody's use.
    """
    is_news = bool(user) and not (history and history[-1][1] == user)
    longer = [*history, [today.isoformat(), user]] if is_news else history
    since = (today - USER_HISTORY).isoformat()
    first = max((place for place, (day, _user) in enumerate(longer) if day <= since), default=0)
    return longer[first:][-_USERS_KEPT:]


def _due(device_pks: Iterable[int], now: datetime, *, force: bool) -> list[tuple[datetime | None, int]]:
    """Return the devices among these whose audit must be read, with when it was read last."""
    moved = Q(last_audit_at__isnull=False) & (
        Q(audit__audited_at=None) | ~Q(last_audit_at=F("audit__audited_at"))
    ) | Q(last_audit_at=None, audit__read_at__lte=now - _UNDATED_AGAIN)
    audited_since = Q(audit__read_at__isnull=False, last_audit_at__gt=F("audit__read_at"))
    # After a failure `read_at` is when it was tried, so an audit made since is worth a try before its time.
    is_failed = ~Q(audit__error="")
    is_due = (
        Q(audit=None)
        | (Q(audit__error="") & moved)
        | (is_failed & (Q(audit__retry_at=None) | Q(audit__retry_at__lte=now) | audited_since))
    )
    return list(
        Device.objects.filter(pk__in=list(device_pks), is_deleted=False, device_class__in=AUDITED_CLASSES)
        .filter(Q() if force else is_due)
        .order_by()
        .values_list("audit__read_at", "pk")
    )


def _read_one(
    recorder: RunRecorder, datto: DattoRmmClient, device: Device, counts: AuditCounts
) -> DeviceAudit:
    audit = getattr(device, "audit", None) or DeviceAudit(device=device)
    try:
        values = _fetch(datto, device)
    except (NotFound, Rejected, ContractBroken) as error:
        counts.failed += 1
        now = timezone.now()
        audit.retry_at = now + _delay(audit)
        audit.read_at = now
        audit.error = error.detail[:500]
        recorder.noticed(
            "device",
            device.datto_device_uid,
            str(device),
            f"Its audit could not be read: {error.detail}",
            "It goes on without serial number, model and MAC addresses, and is asked again later.",
        )
        return audit
    counts.read += 1
    for name, value in fitted(DeviceAudit, values).items():
        setattr(audit, name, value)
    audit.audited_at = device.last_audit_at
    audit.read_at = timezone.now()
    audit.error, audit.retry_at = "", None
    return audit


def _tell_put_off(recorder: RunRecorder, device: Device, error: Unavailable) -> None:
    recorder.noticed(
        "device",
        device.datto_device_uid,
        str(device),
        f"Its audit could not be read now: {error.detail}",
        "The next run asks again. Without an earlier audit it waits for this one, unless an item has its device uid.",
    )


def _delay(audit: DeviceAudit) -> timedelta:
    """Return how long to wait after one more failure: twice as long as the last time."""
    if not audit.error or audit.retry_at is None or audit.read_at is None:
        return _FIRST_RETRY
    return min(_LONGEST_RETRY, 2 * (audit.retry_at - audit.read_at))


def _fetch(datto: DattoRmmClient, device: Device) -> Row:
    if device.device_class == "esxihost":
        esxi = datto.fetch_esxi_audit(device.datto_device_uid)
        return {
            **_common(esxi),
            "processor": _joined(esxi.processors),
            "guests": _names(one.name for one in esxi.guests),
        }
    if device.device_class == "printer":
        printer = datto.fetch_printer_audit(device.datto_device_uid)
        return {**_common(printer), "snmp_name": printer.snmp_name, "snmp_location": printer.snmp_location}
    audit = datto.fetch_device_audit(device.datto_device_uid)
    return {
        **_common(audit),
        "memory_bytes": audit.memory_bytes,
        "storage_bytes": _total(disk.size_bytes for disk in audit.disks),
        "free_bytes": _total(disk.free_bytes for disk in audit.disks),
        "disks": ", ".join(_disk(disk.name, disk.size_bytes) for disk in audit.disks),
        "processor": _joined(audit.processors),
        "cpu_cores": audit.cpu_cores,
        "motherboard": audit.motherboard,
        "display_adapter": _joined(audit.display_adapters),
        "bios_version": audit.bios_version,
        "snmp_name": audit.snmp_name,
        "snmp_location": audit.snmp_location,
    }


def _common(audit: AuditRecord) -> Row:
    return {
        "serial_number": audit.serial_number,
        "manufacturer": audit.manufacturer,
        "model": audit.model,
        "mac_addresses": [_adapter(one) for one in audit.network_interfaces if one.mac_address],
    }


def _adapter(card: NetworkInterface) -> dict[str, str]:
    return {"mac": card.mac_address, "name": card.name, "type": card.type}


def _names(names: Iterable[str]) -> list[str]:
    found = (name.strip()[:_GUEST_LENGTH] for name in names)
    return list(dict.fromkeys(name for name in found if name))


def _joined(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(name for name in names if name))


def _total(sizes: Iterable[int | None]) -> int | None:
    known = [size for size in sizes if size is not None]
    return sum(known) if known else None


def _disk(name: str, size_bytes: int | None) -> str:
    return name if size_bytes is None else f"{name} {size_bytes / _GIB:.0f} GB".strip()


def _store(audits: list[DeviceAudit]) -> None:
    if not audits:
        return
    fields = [
        field.name
        for field in DeviceAudit._meta.concrete_fields  # noqa: SLF001 - Django's documented API
        if field.name not in {"id", "device"}
    ]
    with writing("devices"):
        # A device may have been deleted, or read by another run, since it was loaded.
        alive = set(
            Device.objects.filter(pk__in=[one.device_id for one in audits]).values_list("pk", flat=True)
        )
        DeviceAudit.objects.bulk_create(
            [_unsaved(one) for one in audits if one.device_id in alive],
            update_conflicts=True,
            unique_fields=["device"],
            update_fields=fields,
        )
        keep_device_keys(Device.objects.filter(pk__in=alive).select_related("audit").order_by())


def _unsaved(audit: DeviceAudit) -> DeviceAudit:
    """Return the row without its primary key, so that it is inserted or, by its device, updated."""
    audit.pk = None
    return audit
