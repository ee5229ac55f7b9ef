"""Reading Autotask's reference data: companies, locations, contacts, pick lists, people, hours, the catalogue."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.utils import timezone

from integration.sync.recorder import RunRecorder, RunStoppedByGuard
from integration.vendors.autotask.client import AutotaskClient
from integration.vendors.autotask.records import Company as CompanyRecord
from integration.vendors.autotask.records import CompanyLocation as LocationRecord
from integration.vendors.autotask.records import Contact as ContactRecord
from integration.vendors.autotask.records import FieldInfo
from integration.vendors.errors import ContractBroken
from mappings.models import Company, CompanyLocation, Contact, PicklistValue, WorkType
from mappings.services.devices.catalogue import sync_catalogue
from mappings.services.hours import sync_hours
from mappings.services.mirror import (
    NOT_RETURNED,
    Mirror,
    Row,
    needs_full_read,
    read_mirror,
    spared,
    start_of,
    store_rows,
    writing,
)
from mappings.services.people import sync_people
from mappings.services.upkeep import keep_mappings_true

#: The pick lists the product offers, by REST entity.
PICKLISTS: dict[str, tuple[str, ...]] = {
    "Tickets": (
        "queueID",
        "priority",
        "status",
        "source",
        "issueType",
        "subIssueType",
        "ticketType",
        "ticketCategory",
        "serviceLevelAgreementID",
    ),
    "TicketNotes": ("noteType", "publish"),
    "Companies": ("companyType",),
}
#: Pick lists that a database may well have no values of.
_MAY_BE_EMPTY = frozenset({"Tickets.serviceLevelAgreementID"})
COMPANIES = Mirror(
    "companies", "company", Company, "autotask_company_id", ("is_missing", True), frozenset({"modified_at"})
)
LOCATIONS = Mirror("locations", "location", CompanyLocation, "autotask_location_id", ("is_active", False))
CONTACTS = Mirror(
    "contacts", "contact", Contact, "autotask_contact_id", ("is_active", False), frozenset({"modified_at"})
)
WORK_TYPES = Mirror("work types", "work type", WorkType, "autotask_billing_code_id", ("is_active", False))

FULL_READ_EVERY = timedelta(hours=24)
#: Locations carry no change date: of this many changed companies they are read one by one, of more all at once.
_LOCATIONS_ONE_BY_ONE = 5


def sync_reference(recorder: RunRecorder, autotask: AutotaskClient, *, full: bool = False) -> None:
    """Bring the mirrors of Autotask's reference data up to date, then the mappings.

    Companies and contacts are read incrementally, all of them once a day or with `full`; only a complete read
    marks rows as gone.

    Raises:
        VendorError: companies could not be read, or Autotask does not answer; what was stored before stays, nothing
            is marked as gone.
        RunStoppedByGuard: a complete read missed too much; everything else was done.
        RunCancelled: a person stopped it.
    """
    refused: list[str] = []
    changed = _sync_companies(recorder, autotask, full=full, refused=refused)
    with spared(recorder, "location", "Locations"):
        _sync_locations(recorder, autotask, full=full, changed=changed, refused=refused)
    with spared(recorder, "contact", "Contacts"):
        _sync_contacts(recorder, autotask, full=full, refused=refused)
    for entity, fields in PICKLISTS.items():
        with spared(recorder, "pick list", f"Pick lists of {entity}"):
            recorder.begin_step(f"Reading pick lists of {entity}", len(fields))
            info = autotask.fetch_field_info(entity)
            for done, name in enumerate(fields, start=1):
                _store_picklist(recorder, entity, name, info.get(name))
                recorder.advance(done)
    with spared(recorder, "work type", "Work types"):
        _sync_work_types(recorder, autotask, refused)
    sync_people(recorder, autotask, refused)
    sync_hours(recorder, autotask, refused)
    sync_catalogue(recorder, autotask, refused)
    keep_mappings_true(recorder)
    if refused:
        raise RunStoppedByGuard("\n".join(refused))


def _sync_companies(
    recorder: RunRecorder, autotask: AutotaskClient, *, full: bool, refused: list[str]
) -> set[int]:
    is_full = full or needs_full_read(COMPANIES.name, every=FULL_READ_EVERY)
    since = None if is_full else start_of(COMPANIES.name)
    records = autotask.iter_companies(modified_since=since)
    return read_mirror(
        recorder, COMPANIES, "Reading organizations", records, _company_row, since=since, refused=refused
    )


def _sync_locations(
    recorder: RunRecorder, autotask: AutotaskClient, *, full: bool, changed: set[int], refused: list[str]
) -> None:
    company_pks = company_pks_by_id()
    row = row_of_company(recorder, company_pks, "location", _location_row)
    is_full = (
        full or needs_full_read(LOCATIONS.name, every=FULL_READ_EVERY) or len(changed) > _LOCATIONS_ONE_BY_ONE
    )
    if is_full:
        records = autotask.iter_company_locations()
        read_mirror(recorder, LOCATIONS, "Reading locations", records, row, since=None, refused=refused)
        return
    for company_id in sorted(changed):
        recorder.begin_step("Reading locations of changed organizations")
        rows = [row(one) for one in autotask.iter_company_locations(company_id=company_id)]
        store_rows(recorder, LOCATIONS, [one for one in rows if one is not None])


def _sync_contacts(
    recorder: RunRecorder, autotask: AutotaskClient, *, full: bool, refused: list[str]
) -> None:
    is_full = full or needs_full_read(CONTACTS.name, every=FULL_READ_EVERY)
    since = None if is_full else start_of(CONTACTS.name)
    row = row_of_company(recorder, company_pks_by_id(), "contact", _contact_row)
    records = autotask.iter_contacts(modified_since=since)
    read_mirror(recorder, CONTACTS, "Reading contacts", records, row, since=since, refused=refused)


def _sync_work_types(recorder: RunRecorder, autotask: AutotaskClient, refused: list[str]) -> None:
    try:
        codes = autotask.iter_work_types()
    except ContractBroken as error:
        recorder.failed(
            "work type",
            "useType",
            "Work types",
            error.detail,
            "Tickets are made without a work type until Autotask tells which billing codes are work types.",
        )
        return
    read_mirror(
        recorder,
        WORK_TYPES,
        "Reading work types",
        codes,
        lambda code: {"autotask_billing_code_id": code.id, "name": code.name, "is_active": code.is_active},
        since=None,
        refused=refused,
    )


def company_pks_by_id() -> dict[int, int]:
    """Return Autotask's company id -> our primary key, of every mirrored company."""
    return dict(Company.objects.order_by().values_list("autotask_company_id", "pk"))


def row_of_company(
    recorder: RunRecorder,
    company_pks: dict[int, int],
    object_type: str,
    row: Callable[[Any, int], Row],
) -> Callable[[Any], Row | None]:
    """Return a row maker that leaves out, aloud, what belongs to a company this API user does not see."""

    def make(record: Any) -> Row | None:
        company_pk = company_pks.get(record.company_id)
        if company_pk is None:
            if record.company_id is not None and not recorder.dry_run:
                recorder.noticed(
                    object_type,
                    record.id,
                    record.name,
                    f"Left out: Autotask does not return its organization {record.company_id}.",
                    "Check which organizations the API user's security level may see.",
                )
            return None
        return row(record, company_pk)

    return make


def _company_row(record: CompanyRecord) -> Row:
    return {
        "autotask_company_id": record.id,
        "name": record.name,
        "is_active": record.is_active,
        "is_missing": False,
        "company_type": record.company_type,
        "company_number": record.number,
        "phone": record.phone,
        "web_address": record.web_address,
        "parent_autotask_company_id": record.parent_company_id,
        "modified_at": record.last_modified_at,
    }


def _location_row(record: LocationRecord, company_pk: int) -> Row:
    return {
        "autotask_location_id": record.id,
        "company_id": company_pk,
        "name": record.name,
        "is_active": record.is_active,
        "is_primary": record.is_primary,
    }


def _contact_row(record: ContactRecord, company_pk: int) -> Row:
    return {
        "autotask_contact_id": record.id,
        "company_id": company_pk,
        "first_name": record.first_name,
        "last_name": record.last_name,
        "email": record.email_addresses[0] if record.email_addresses else "",
        "is_active": record.is_active,
        "is_primary": record.is_primary,
        "modified_at": record.last_modified_at,
    }


_PICKLIST_FIELDS = ("label", "parent_value", "is_active", "is_default", "is_system", "sort_order")


def _store_picklist(recorder: RunRecorder, entity: str, name: str, info: FieldInfo | None) -> None:
    """Mirror one pick list. A field Autotask does not describe is a failure, never an empty list."""
    where = f"{entity}.{name}"
    if info is None or not (info.picklist or where in _MAY_BE_EMPTY):
        recorder.failed(
            "pick list",
            where,
            where,
            "Autotask's field info lists no values for it. What was known before stays.",
            "Check that the API user's security level may see this field.",
        )
        return
    now = timezone.now()
    with writing(f"pick list {where}"):
        known = {one.value: one for one in PicklistValue.objects.filter(entity=entity, field=name)}
        new: list[PicklistValue] = []
        changed: list[PicklistValue] = []
        for choice in info.picklist:
            if choice.number is None:
                recorder.noticed(
                    "pick list", where, f"{where}: {choice.label}", "Left out: its id is no number."
                )
                continue
            values: Row = {
                "label": choice.label[:255],
                "parent_value": choice.parent_number,
                "is_active": choice.is_active,
                "is_default": choice.is_default,
                "is_system": choice.is_system,
                "sort_order": choice.sort_order or 0,
            }
            one = known.pop(choice.number, None)
            key = f"{where}={choice.number}"
            if one is None:
                new.append(
                    PicklistValue(entity=entity, field=name, value=choice.number, synced_at=now, **values)
                )
                recorder.created("pick list value", key, f"{where}: {choice.label}", values)
                continue
            before = {field: getattr(one, field) for field in _PICKLIST_FIELDS}
            different = [field for field in _PICKLIST_FIELDS if before[field] != values[field]]
            if not different:
                recorder.unchanged()
                continue
            recorder.updated(
                "pick list value",
                key,
                f"{where}: {choice.label}",
                {field: before[field] for field in different},
                {field: values[field] for field in different},
            )
            for field in different:
                setattr(one, field, values[field])
            one.synced_at = now
            changed.append(one)
        for one in known.values():
            if one.is_active:
                one.is_active, one.synced_at = False, now
                recorder.deactivated(
                    "pick list value", f"{where}={one.value}", f"{where}: {one.label}", NOT_RETURNED
                )
                changed.append(one)
        if not recorder.dry_run:
            PicklistValue.objects.bulk_create(new)
            PicklistValue.objects.bulk_update(changed, [*_PICKLIST_FIELDS, "synced_at"])
