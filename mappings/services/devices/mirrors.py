"""The mirror of Autotask's configuration items, with the keys by which they are found."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.core.cache import cache
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone

from integration.models import Vendor
from integration.sync.recorder import RunRecorder
from integration.vendors.autotask.client import AutotaskClient
from integration.vendors.autotask.records import ConfigurationItem as ItemRecord
from mappings.models import Company, ConfigurationItem
from mappings.services.devices.keys import ItemKeySources, keep_item_keys, load_item_key_sources
from mappings.services.devices.unreadable import Unreadable
from mappings.services.mirror import (
    NOT_RETURNED,
    Mirror,
    Row,
    day_of,
    fitted,
    in_chunks,
    is_outdated,
    mark_gone,
    needs_full_read,
    record_read,
    start_of,
    store_rows,
    writing,
)
from mappings.services.reference import company_pks_by_id

ITEMS: Final = Mirror(
    "configuration items",
    "configuration item",
    ConfigurationItem,
    "autotask_configuration_item_id",
    ("is_missing", True),
    frozenset({"modified_at"}),
    version="modified_at",
)
#: Changes come by their date; what was deleted shows only in a complete read.
FULL_READ_EVERY: Final = timedelta(days=7)
#: This server's clock may be ahead of Autotask's by this much without a change being missed.
_CLOCK_SLACK: Final = timedelta(minutes=10)
_ODD_ITEM_REMEDY: Final = (
    "Correct the field in Autotask, or tell Autotask's support; every run asks again. Until then new configuration "
    "items of its organization wait for approval, because it may be one of theirs."
)
_SOURCES_KEY: Final = "configuration-item-key-sources"


def sync_configuration_items(
    recorder: RunRecorder,
    autotask: AutotaskClient,
    *,
    full: bool = False,
    unread_company_ids: set[int | None] | None = None,
) -> str:
    """Bring the mirror of configuration items and their keys up to date.

    Only changes are read, unless nothing was read before, the last complete read is a week old, or `full` asks for
    everything. A complete read also marks the items Autotask no longer returns.

    An item with a value of the wrong type stays as it was known, is told in the run, and is read again by each run
    until it can be read.

    Args:
        recorder: the run.
        autotask: the client.
        full: read everything.
        unread_company_ids: gets the organizations of items that could not be read, None where that is not known.

    Returns:
        Why the read does not count as whole: some item could not be read, or the guard refused to mark items as
        missing; "" when it does.

    Raises:
        VendorError: a page could not be read; what was stored before stays, nothing is marked as missing.
        RunCancelled: a person stopped the run.
    """
    since = None
    if not full and not needs_full_read(ITEMS.name, every=FULL_READ_EVERY):
        since = start_of(ITEMS.name)
    total = ConfigurationItem.objects.filter(is_missing=False).count() if since is None else None
    recorder.begin_step("Reading configuration items", total or None)
    started_at = timezone.now()
    company_pks, sources = company_pks_by_id(), load_item_key_sources()
    seen: set[int] = set()
    latest = started_at - _CLOCK_SLACK
    odd = Unreadable(recorder, ITEMS.object_type, Vendor.AUTOTASK, _ODD_ITEM_REMEDY)
    found = autotask.iter_configuration_items(modified_since=since, on_unreadable=odd.note_item)
    for records in in_chunks(found):
        rows = []
        for record in records:
            seen.add(record.id)
            if record.last_modified_at is not None:
                latest = max(latest, record.last_modified_at)
            if record.company_id is None:
                recorder.noticed(
                    ITEMS.object_type,
                    record.id,
                    record.reference_title,
                    "Left out: Autotask names no organization for it.",
                )
                continue
            rows.append(_item_row(record, company_pks))
        with writing(ITEMS.name):
            touched = store_rows(recorder, ITEMS, rows)
            if not recorder.dry_run:
                due = touched if since is not None else {row[ITEMS.key] for row in rows}
                keep_item_keys(_items(due), sources)
        recorder.advance(len(seen))
    refusal = odd.refusal
    if since is None and not refusal:
        refusal = mark_gone(recorder, ITEMS, seen, message=NOT_RETURNED)
    # The cursor follows the clock: else each run would read the last changes again, however long ago they were. It
    # stays while an item cannot be read: else the next run would not ask for it, and take it for no item at all.
    record_read(
        recorder,
        ITEMS.name,
        cursor_at=None if odd.count else latest,
        is_full=since is None,
        is_swept=not refusal,
    )
    if unread_company_ids is not None:
        unread_company_ids |= odd.company_ids
    if not recorder.dry_run:
        _find_companies()
        if since is None:
            cache.set(_SOURCES_KEY, sources.fingerprint, timeout=None)
        else:
            _follow_sources(recorder, sources)
    return refusal


def store_item(record: ItemRecord) -> ConfigurationItem:
    """Mirror one configuration item as Autotask returned it, such as after a write of ours, and return its row.

    Raises:
        ValueError: it names no organization.
    """
    if record.company_id is None:
        raise ValueError(f"configuration item {record.id}: Autotask names no organization for it")
    company_pk = (
        Company.objects.filter(autotask_company_id=record.company_id).values_list("pk", flat=True).first()
    )
    pks = {} if company_pk is None else {record.company_id: company_pk}
    row = fitted(ConfigurationItem, _item_row(record, pks))
    with writing(ITEMS.name):
        item = ConfigurationItem.objects.filter(autotask_configuration_item_id=record.id).first()
        if item is None:
            item = ConfigurationItem(**row)
        elif is_outdated(ITEMS, item, row):
            return item
        for name, value in row.items():
            setattr(item, name, value)
        item.synced_at = timezone.now()
        item.save()
        keep_item_keys([item], load_item_key_sources())
    return item


def refresh_item(autotask: AutotaskClient, configuration_item_id: int) -> ConfigurationItem | None:
    """Read one configuration item and mirror it.

    Returns:
        Its row; None when Autotask has no such item, which is then marked as missing.

    Raises:
        VendorError: it could not be read; the mirror stays as it was.
        ValueError: it names no organization.
    """
    record = autotask.find_configuration_item(configuration_item_id)
    if record is not None:
        return store_item(record)
    with writing(ITEMS.name):
        ConfigurationItem.objects.filter(
            autotask_configuration_item_id=configuration_item_id, is_missing=False
        ).update(is_missing=True, synced_at=timezone.now())
    return None


def rekey_items(recorder: RunRecorder, sources: ItemKeySources) -> int:
    """Bring the keys of all items in step with the sources, without a vendor call; returns how many keys changed."""
    recorder.begin_step("Comparing configuration items", ConfigurationItem.objects.count() or None)
    ids = list(ConfigurationItem.objects.order_by("pk").values_list(ITEMS.key, flat=True))
    changed = done = 0
    for chunk in in_chunks(ids):
        with writing(ITEMS.name):
            changed += keep_item_keys(_items(chunk), sources)
        done += len(chunk)
        recorder.advance(done)
    return changed


def _find_companies() -> None:
    """Point items to organizations that were mirrored only after them."""
    known = Company.objects.order_by().values("autotask_company_id")
    pk = Company.objects.filter(autotask_company_id=OuterRef("autotask_company_id")).order_by().values("pk")
    late = ConfigurationItem.objects.filter(company=None, autotask_company_id__in=known)
    if late.exists():
        late.update(company_id=Subquery(pk[:1]))


def _follow_sources(recorder: RunRecorder, sources: ItemKeySources) -> None:
    """Make new keys of all items when a person has chosen other fields that identify them.

    The cache only spares work: when it forgets, the keys are compared once more.
    """
    if cache.get(_SOURCES_KEY) != sources.fingerprint:
        rekey_items(recorder, sources)
        cache.set(_SOURCES_KEY, sources.fingerprint, timeout=None)


def _items(ids: set[int] | list[int]) -> QuerySet[ConfigurationItem]:
    if not ids:
        return ConfigurationItem.objects.none()
    return ConfigurationItem.objects.filter(autotask_configuration_item_id__in=list(ids)).order_by()


def _item_row(record: ItemRecord, company_pks: dict[int, int]) -> Row:
    return {
        "autotask_configuration_item_id": record.id,
        "autotask_company_id": record.company_id,
        "company_id": None if record.company_id is None else company_pks.get(record.company_id),
        "reference_title": record.reference_title,
        "reference_number": record.reference_number,
        "serial_number": record.serial_number,
        "is_active": record.is_active,
        "is_missing": False,
        "autotask_product_id": record.product_id,
        "autotask_type_id": record.configuration_item_type,
        "autotask_category_id": record.configuration_item_category_id,
        "autotask_location_id": record.company_location_id,
        "autotask_contact_id": record.contact_id,
        "autotask_contract_id": record.contract_id,
        "autotask_contract_service_id": record.contract_service_id,
        "autotask_contract_service_bundle_id": record.contract_service_bundle_id,
        "install_date": day_of(record.installed_at),
        "warranty_date": day_of(record.warranty_expires_at),
        "location": record.location,
        "rmm_device_uid": record.rmm_device_uid,
        "rmm_device_id": record.rmm_device_id,
        "rmm_hostname": record.rmm_hostname,
        "rmm_mac_address": record.rmm_mac_address,
        "udfs": dict(record.udfs),
        "created_at": record.created_at,
        "modified_at": record.last_modified_at,
    }
