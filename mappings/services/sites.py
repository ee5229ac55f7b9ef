"""Reading Datto RMM's sites and devices, and keeping the mappings true."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from django.db.models import Q
from django.utils import timezone

from integration.models import Vendor
from integration.sync.recorder import RunRecorder, RunStoppedByGuard
from integration.vendors.datto_rmm import DattoRmmClient
from integration.vendors.datto_rmm.records import Device as DeviceRecord
from integration.vendors.datto_rmm.records import Site as SiteRecord
from mappings.domain.matching import is_system_site
from mappings.models import Device, FieldMap, Site
from mappings.services.devices.audits import UserChange, find_user_change, record_user_changes
from mappings.services.devices.keys import keep_device_keys
from mappings.services.devices.unreadable import Unreadable
from mappings.services.mirror import Mirror, Row, in_chunks, mark_gone, record_read, store_rows, writing
from mappings.services.udf_labels import sync_udf_labels
from mappings.services.upkeep import keep_mappings_true

#: "Last seen" moves all the time; a step smaller than this is not worth a write.
_LAST_SEEN_STEP = timedelta(hours=1)
_ODD_DEVICE_REMEDY = (
    "The other devices were read. Tell Datto's support with the call from Sync > Vendor calls."
)
_GONE = "No longer returned by Datto RMM."


def _is_noise(field: str, old: Any, new: Any) -> bool:
    return (
        field == "last_seen_at"
        and isinstance(old, datetime)
        and isinstance(new, datetime)
        and abs(new - old) < _LAST_SEEN_STEP
    )


SITES = Mirror("sites", "site", Site, "datto_site_uid", ("is_missing", True), frozenset({"device_count"}))
DEVICES = Mirror(
    "devices",
    "device",
    Device,
    "datto_device_uid",
    ("is_deleted", True),
    frozenset(
        {
            "is_online",
            "last_seen_at",
            "last_reboot_at",
            "last_audit_at",
            "last_user",
            "reboot_required",
            "udfs",
        }
    ),
    _is_noise,
)


def sync_sites(recorder: RunRecorder, datto: DattoRmmClient) -> None:
    """Read all sites and devices, then bring the mappings in step.

    Raises:
        VendorError: a read failed; what was stored before stays, nothing is marked as gone.
        RunStoppedByGuard: a complete read missed too much; everything else was done.
        RunCancelled: a person stopped it.
    """
    refused = [read_sites(recorder, datto)]
    # Before the devices: tickets need the mappings, and can do without devices that cannot be read.
    keep_mappings_true(recorder)
    refused.append(read_devices(recorder, datto))
    if Site.objects.filter(mapping=None).exists():
        keep_mappings_true(recorder)
    sync_udf_labels(recorder, datto)
    _raise_if_refused(refused)


def _raise_if_refused(refused: list[str]) -> None:
    reasons = [reason for reason in refused if reason]
    if reasons:
        raise RunStoppedByGuard("\n".join(reasons))


def read_sites(recorder: RunRecorder, datto: DattoRmmClient) -> str:
    """Read all sites; returns and raises as `read_devices`."""
    recorder.begin_step("Reading sites", Site.objects.filter(is_missing=False).count() or None)
    seen: set[str] = set()
    for chunk in in_chunks(datto.iter_sites()):
        store_rows(recorder, SITES, [_site_row(one) for one in chunk])
        seen.update(one.uid for one in chunk)
        recorder.advance(len(seen))
    refusal = mark_gone(recorder, SITES, seen, message=_GONE)
    record_read(recorder, SITES.name, cursor_at=None, is_full=True, is_swept=not refusal)
    return refusal


def read_devices(recorder: RunRecorder, datto: DattoRmmClient) -> str:
    """Read all devices, with the keys they are found by, their users' history and the UDFs some mapping uses.

    Returns:
        Why the read does not count as whole: some device could not be read, or the guard refused to mark devices as
        gone; "" when it does.

    Raises:
        VendorError: a page could not be read; what was stored before stays, nothing is marked as gone.
        RunCancelled: a person stopped the run.
    """
    recorder.begin_step("Reading devices", Device.objects.filter(is_deleted=False).count() or None)
    site_pks = dict(Site.objects.order_by().values_list("datto_site_uid", "pk"))
    udf_numbers = _used_udfs()
    seen: set[str] = set()
    odd = Unreadable(recorder, DEVICES.object_type, Vendor.DATTO_RMM, _ODD_DEVICE_REMEDY)
    for chunk in in_chunks(_iter_devices(datto, odd, with_udfs=bool(udf_numbers))):
        _add_unlisted_sites(recorder, chunk, site_pks)
        rows = []
        for one in chunk:
            seen.add(one.uid)
            site_pk = site_pks.get(one.site_uid)
            if site_pk is not None:
                rows.append(_device_row(one, site_pk, udf_numbers))
            elif not one.site_uid:
                recorder.noticed(
                    "device", one.uid, one.hostname or one.uid, "Left out: Datto RMM names no site for it."
                )
        _store_devices(recorder, rows)
        recorder.advance(len(seen))
    refusal = odd.refusal or mark_gone(recorder, DEVICES, seen, message=_GONE)
    record_read(recorder, DEVICES.name, cursor_at=None, is_full=True, is_swept=not refusal)
    return refusal


def store_device(recorder: RunRecorder, record: DeviceRecord) -> None:
    """Store one device that was read by itself, with its keys and its user."""
    site_pks = dict(
        Site.objects.filter(datto_site_uid=record.site_uid).order_by().values_list("datto_site_uid", "pk")
    )
    _add_unlisted_sites(recorder, [record], site_pks)
    if record.site_uid in site_pks:
        _store_devices(recorder, [_device_row(record, site_pks[record.site_uid], _used_udfs())])


def _store_devices(recorder: RunRecorder, rows: list[Row]) -> None:
    """Store one chunk with what hangs on it, all or nothing: a device without keys would never be found again."""
    users: dict[str, UserChange] = {}

    def watch(device: Device, before: Row) -> None:
        if (change := find_user_change(device, before)) is not None:
            users[device.datto_device_uid] = change

    with writing(DEVICES.name):
        touched = store_rows(recorder, DEVICES, rows, watch=watch)
        if recorder.dry_run:
            return
        uids = [row[DEVICES.key] for row in rows]
        due = Device.objects.filter(Q(datto_device_uid__in=touched) | Q(keys=None), datto_device_uid__in=uids)
        keep_device_keys(due.select_related("audit").order_by())
        pks = dict(
            Device.objects.filter(datto_device_uid__in=list(users))
            .order_by()
            .values_list("datto_device_uid", "pk")
        )
        record_user_changes({pks[uid]: change for uid, change in users.items()}, timezone.now().date())


def _used_udfs() -> frozenset[int]:
    """Return the numbers of Datto RMM's UDFs that some active field mapping uses."""
    numbers = FieldMap.objects.filter(is_active=True).order_by().values_list("datto_udf_index", flat=True)
    return frozenset(number for number in numbers if number is not None)


def _iter_devices(datto: DattoRmmClient, odd: Unreadable, *, with_udfs: bool) -> Iterator[DeviceRecord]:
    """Yield all devices; API v2 may have dropped the UDFs, which then costs one page more to find out."""
    devices = datto.iter_devices(on_unreadable=odd.note_device)
    first = next(devices, None)
    if first is None:
        return iter(())
    if with_udfs and first.udfs is None:
        odd.forget()
        return datto.iter_devices(version="v3", on_unreadable=odd.note_device)
    return chain([first], devices)


def _add_unlisted_sites(recorder: RunRecorder, devices: list[DeviceRecord], site_pks: dict[str, int]) -> None:
    """Note sites that only devices name: made since the list was read, or hidden from it.

    In a dry run they stay unknown, and so do their devices: nothing is written.
    """
    unlisted = {one.site_uid: one for one in devices if one.site_uid and one.site_uid not in site_pks}
    if not unlisted:
        return
    rows: list[Row] = [
        {
            "datto_site_uid": uid,
            "datto_site_id": one.site_id,
            "name": one.site_name or uid,
            "is_system": is_system_site(uid, one.site_name),
            "is_missing": False,
        }
        for uid, one in unlisted.items()
    ]
    store_rows(recorder, SITES, rows)
    site_pks.update(
        Site.objects.filter(datto_site_uid__in=list(unlisted)).values_list("datto_site_uid", "pk")
    )


def _site_row(record: SiteRecord) -> Row:
    native = record.autotask_company_id.strip()
    return {
        "datto_site_uid": record.uid,
        "datto_site_id": record.id,
        "name": record.name or record.uid,
        "description": record.description,
        "is_on_demand": bool(record.on_demand),
        "is_system": record.is_system_site or is_system_site(record.uid, record.name),
        "is_missing": False,
        # Text on the wire; anything but a number is no id of Autotask's.
        "native_autotask_company_id": int(native) if native.isascii() and native.isdigit() else None,
        "native_autotask_company_name": record.autotask_company_name,
        "device_count": record.device_count or 0,
        "portal_url": record.portal_url,
    }


def _device_row(record: DeviceRecord, site_pk: int, udf_numbers: frozenset[int]) -> Row:
    row: Row = {
        "datto_device_uid": record.uid,
        "datto_device_id": record.id,
        "site_id": site_pk,
        "hostname": record.hostname,
        "description": record.description,
        "device_class": record.device_class,
        "category": record.category,
        "device_type": record.type,
        "operating_system": record.operating_system,
        "domain": record.domain,
        "internal_ip": record.internal_ip,
        "external_ip": record.external_ip,
        "last_user": record.last_user,
        "is_online": record.online,
        "is_suspended": bool(record.suspended),
        "is_deleted": bool(record.deleted),
        "reboot_required": record.reboot_required,
        "antivirus_product": record.antivirus_product,
        "antivirus_status": record.antivirus_status,
        "patch_status": record.patch_status,
        "patches_missing": record.patches_missing,
        "agent_version": record.agent_version,
        "warranty_date": record.warranty_on,
        "last_seen_at": record.last_seen_at,
        "last_reboot_at": record.last_reboot_at,
        "last_audit_at": record.last_audit_at,
        "created_in_datto_at": record.created_at,
        "portal_url": record.portal_url,
        "web_remote_url": record.web_remote_url,
    }
    # An answer without UDFs says nothing about them; what was known stays.
    if record.udfs is not None:
        row["udfs"] = {
            str(number): text for number, text in sorted(record.udfs.items()) if number in udf_numbers
        }
    elif not udf_numbers:
        row["udfs"] = {}
    return row
