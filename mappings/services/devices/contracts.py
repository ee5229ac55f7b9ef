"""Mirrors of Autotask's contracts, what they sell, and the units they bill now."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from django.db.models import Q
from django.utils import timezone

from integration.sync.recorder import RunRecorder, RunStoppedByGuard
from integration.vendors.autotask.client import AutotaskClient
from integration.vendors.autotask.records import (
    Contract as ContractRecord,
)
from integration.vendors.autotask.records import (
    ContractService as ServiceRecord,
)
from integration.vendors.autotask.records import (
    ContractServiceBundle as BundleRecord,
)
from integration.vendors.autotask.records import (
    ContractServiceBundleUnit as BundleUnitRecord,
)
from integration.vendors.autotask.records import (
    ContractServiceUnit as ServiceUnitRecord,
)
from integration.vendors.autotask.records import Service as CatalogueServiceRecord
from integration.vendors.autotask.records import ServiceBundle as CatalogueBundleRecord
from mappings.models import CatalogueService, Contract, ContractService, ContractUnits, ServiceKind
from mappings.services.mirror import (
    NOT_RETURNED,
    Mirror,
    Row,
    day_of,
    in_chunks,
    mark_gone,
    needs_full_read,
    read_mirror,
    record_read,
    spared,
    start_of,
    store_rows,
    writing,
)
from mappings.services.reference import company_pks_by_id, row_of_company

SERVICE, BUNDLE = ServiceKind.SERVICE, ServiceKind.BUNDLE
CATALOGUE: Final = {
    SERVICE: Mirror(
        "services",
        "service",
        CatalogueService,
        "autotask_service_id",
        ("is_active", False),
        fixed={"kind": SERVICE},
    ),
    BUNDLE: Mirror(
        "service bundles",
        "service bundle",
        CatalogueService,
        "autotask_service_id",
        ("is_active", False),
        fixed={"kind": BUNDLE},
    ),
}
CONTRACTS: Final = Mirror("contracts", "contract", Contract, "autotask_contract_id", ("is_missing", True))
CONTRACT_SERVICES: Final = {
    SERVICE: Mirror(
        "services of contracts",
        "service of a contract",
        ContractService,
        "autotask_contract_service_id",
        ("is_missing", True),
        fixed={"kind": SERVICE},
    ),
    BUNDLE: Mirror(
        "service bundles of contracts",
        "service bundle of a contract",
        ContractService,
        "autotask_contract_service_id",
        ("is_missing", True),
        fixed={"kind": BUNDLE},
    ),
}
UNITS: Final = {
    SERVICE: Mirror(
        "units of services",
        "contract units",
        ContractUnits,
        "autotask_units_id",
        None,
        fixed={"kind": SERVICE},
    ),
    BUNDLE: Mirror(
        "units of service bundles",
        "contract units",
        ContractUnits,
        "autotask_units_id",
        None,
        fixed={"kind": BUNDLE},
    ),
}
#: Contracts that ended longer ago are of no use to devices, unless they are known already.
ENDED_KEPT: Final = timedelta(days=365)
FULL_READ_EVERY: Final = timedelta(days=7)
_PRICE_STEP: Final = Decimal("0.0001")


def sync_contracts(recorder: RunRecorder, autotask: AutotaskClient, *, full: bool = False) -> None:
    """Bring contracts, their services and bundles, and the units of the running periods up to date.

    Contracts are read by their date of change where Autotask keeps one, all of them once a week or with `full`. What
    is on them carries no such date and is read for every contract that runs or ended within a year.

    Raises:
        VendorError: a read failed; what was stored before stays, nothing of that list is marked as missing.
        RunStoppedByGuard: a complete read missed too much; everything else was done.
        RunCancelled: a person stopped it.
    """
    refused: list[str] = []
    _sync_catalogue(recorder, autotask, refused)
    today = timezone.now().date()
    _sync_contracts(recorder, autotask, today, full=full, refused=refused)
    contract_pks = dict(
        Contract.objects.filter(_useful(today)).order_by().values_list("autotask_contract_id", "pk")
    )
    prices = _sync_services(recorder, autotask, contract_pks, today, refused)
    _sync_units(recorder, autotask, list(contract_pks), today, prices, refused)
    if refused:
        raise RunStoppedByGuard("\n".join(refused))


def _sync_catalogue(recorder: RunRecorder, autotask: AutotaskClient, refused: list[str]) -> None:
    def row(record: CatalogueServiceRecord | CatalogueBundleRecord) -> Row:
        return {
            "autotask_service_id": record.id,
            "name": record.name or f"Service {record.id}",
            "is_active": record.is_active,
        }

    # Inactive ones too: running contracts still sell them.
    services, bundles = autotask.iter_services(), autotask.iter_service_bundles()
    with spared(recorder, "service", "Services"):
        read_mirror(
            recorder, CATALOGUE[SERVICE], "Reading services", services, row, since=None, refused=refused
        )
    with spared(recorder, "service bundle", "Service bundles"):
        read_mirror(
            recorder, CATALOGUE[BUNDLE], "Reading service bundles", bundles, row, since=None, refused=refused
        )


def _sync_contracts(
    recorder: RunRecorder, autotask: AutotaskClient, today: date, *, full: bool, refused: list[str]
) -> None:
    is_full = full or needs_full_read(CONTRACTS.name, every=FULL_READ_EVERY)
    # Without a single date of change in the last complete read there is no cursor, and so no incremental read.
    since = None if is_full else start_of(CONTRACTS.name)
    recorder.begin_step("Reading contracts")
    known = set(Contract.objects.order_by().values_list("autotask_contract_id", flat=True))
    make = row_of_company(recorder, company_pks_by_id(), CONTRACTS.object_type, _contract_row)
    seen: set[int] = set()
    latest = None
    for records in in_chunks(autotask.iter_contracts(modified_since=since)):
        seen.update(record.id for record in records)
        dates = [at for record in records if (at := record.last_modified_at) is not None]
        latest = max([*dates, *([latest] if latest else [])], default=None)
        kept = [one for one in records if one.id in known or _is_useful(one, today)]
        store_rows(recorder, CONTRACTS, [row for row in map(make, kept) if row is not None])
        recorder.advance(len(seen))
    refusal = mark_gone(recorder, CONTRACTS, seen, message=NOT_RETURNED) if since is None else ""
    if refusal:
        refused.append(refusal)
    record_read(recorder, CONTRACTS.name, cursor_at=latest, is_full=since is None, is_swept=not refusal)


def _sync_services(
    recorder: RunRecorder,
    autotask: AutotaskClient,
    contract_pks: dict[int, int],
    today: date,
    refused: list[str],
) -> dict[tuple[str, int], Decimal | None]:
    """Read what the contracts sell; returns the price of one unit by kind and Autotask's contract service id."""
    prices: dict[tuple[str, int], Decimal | None] = {}
    names = {
        (kind, number): (pk, name)
        for kind, number, pk, name in CatalogueService.objects.order_by().values_list(
            "kind", "autotask_service_id", "pk", "name"
        )
    }

    def row(kind: str, record: ServiceRecord | BundleRecord, service_id: int) -> Row | None:
        contract_pk = contract_pks.get(record.contract_id)
        if contract_pk is None:
            return None
        prices[kind, record.id] = _price(record.unit_price)
        service_pk, name = names.get((kind, service_id), (None, ""))
        return {
            "autotask_contract_service_id": record.id,
            "contract_id": contract_pk,
            "service_id": service_pk,
            "name": name or record.invoice_description or record.internal_description,
            "is_missing": False,
        }

    def service_row(record: ServiceRecord) -> Row | None:
        return row(SERVICE, record, record.service_id)

    def bundle_row(record: BundleRecord) -> Row | None:
        return row(BUNDLE, record, record.service_bundle_id)

    scope = _useful(today, "contract__")
    ids = list(contract_pks)
    services = autotask.iter_contract_services(contract_ids=ids)
    bundles = autotask.iter_contract_service_bundles(contract_ids=ids)
    read_mirror(
        recorder,
        CONTRACT_SERVICES[SERVICE],
        "Reading services of contracts",
        services,
        service_row,
        since=None,
        refused=refused,
        scope=scope,
    )
    read_mirror(
        recorder,
        CONTRACT_SERVICES[BUNDLE],
        "Reading service bundles of contracts",
        bundles,
        bundle_row,
        since=None,
        refused=refused,
        scope=scope,
    )
    return prices


def _sync_units(
    recorder: RunRecorder,
    autotask: AutotaskClient,
    contract_ids: list[int],
    today: date,
    prices: dict[tuple[str, int], Decimal | None],
    refused: list[str],
) -> None:
    """Read the units of the periods that hold today; those of periods that are over are dropped."""
    service_pks = {
        (kind, number): pk
        for kind, number, pk in ContractService.objects.order_by().values_list(
            "kind", "autotask_contract_service_id", "pk"
        )
    }

    def row(kind: str, record: ServiceUnitRecord | BundleUnitRecord, number: int) -> Row | None:
        service_pk, starts_on = service_pks.get((kind, number)), day_of(record.starts_at)
        if service_pk is None or starts_on is None:
            return None
        return {
            "autotask_units_id": record.id,
            "contract_service_id": service_pk,
            "units": record.units,
            # The price of a row of units is that of all units in that period.
            "unit_price": prices.get((kind, number)),
            "start_date": starts_on,
            "end_date": day_of(record.ends_at),
        }

    def service_row(record: ServiceUnitRecord) -> Row | None:
        return row(SERVICE, record, record.contract_service_id)

    def bundle_row(record: BundleUnitRecord) -> Row | None:
        return row(BUNDLE, record, record.contract_service_bundle_id)

    services = autotask.iter_contract_service_units(contract_ids=contract_ids, on_day=today)
    bundles = autotask.iter_contract_service_bundle_units(contract_ids=contract_ids, on_day=today)
    _read_units(recorder, SERVICE, "Reading units of services", services, service_row, today, refused)
    _read_units(recorder, BUNDLE, "Reading units of service bundles", bundles, bundle_row, today, refused)


def _read_units(
    recorder: RunRecorder,
    kind: ServiceKind,
    label: str,
    records: Iterable[Any],
    row: Callable[[Any], Row | None],
    today: date,
    refused: list[str],
) -> None:
    mirror = UNITS[kind]
    is_over = Q(end_date__lt=today)
    # Periods that are over end with the calendar, so the guard must not count them.
    read_mirror(recorder, mirror, label, records, row, since=None, refused=refused, scope=~is_over)
    if not recorder.dry_run:
        with writing(mirror.name):
            over = mirror.rows.filter(is_over)
            if over.exists():
                over.delete()


def _useful(today: date, prefix: str = "") -> Q:
    """Return the condition for contracts whose content is read; `prefix` leads to them."""
    recent = Q(**{f"{prefix}end_date": None}) | Q(**{f"{prefix}end_date__gte": today - ENDED_KEPT})
    return Q(**{f"{prefix}is_missing": False}) & (Q(**{f"{prefix}is_active": True}) | recent)


def _is_useful(record: ContractRecord, today: date) -> bool:
    ends_on = day_of(record.ends_at)
    return record.is_active or ends_on is None or ends_on >= today - ENDED_KEPT


def _price(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(value)).quantize(_PRICE_STEP, ROUND_HALF_UP)


def _contract_row(record: ContractRecord, company_pk: int) -> Row:
    return {
        "autotask_contract_id": record.id,
        "company_id": company_pk,
        "name": record.name or f"Contract {record.id}",
        "number": record.number,
        "contract_type": record.contract_type,
        "is_active": record.is_active,
        "is_missing": False,
        "is_default": record.is_default,
        "start_date": day_of(record.starts_at),
        "end_date": day_of(record.ends_at),
    }
