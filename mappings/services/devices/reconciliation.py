"""Reconciliation: devices in Datto RMM, devices on contracts, and the units that are billed, by organization."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal

from django.db.models import Count, Exists, OuterRef, Q

from mappings.domain.devices.contracts import is_running
from mappings.domain.devices.reconciling import CompanyLine, ServiceLine
from mappings.models import (
    Company,
    ConfigurationItem,
    Contract,
    ContractService,
    ContractUnits,
    Device,
    ServiceKind,
)
from mappings.services.devices.review_facts import USABLE_STATES, contract_facts, living_links

COLUMNS = (
    "organization",
    "autotask_company_id",
    "devices_in_datto_rmm",
    "devices_on_contract",
    "devices_without_contract",
    "contract",
    "service",
    "devices_on_service",
    "other_items_on_service",
    "units_billed",
    "difference",
    "unit_price",
    "value",
)
_ServiceKey = tuple[str, int]


def reconcile(today: date, *, company_pk: int | None = None) -> list[CompanyLine]:
    """Return one line for each organization that has devices or running contracts with services, by name.

    Six queries, whatever the number of organizations.

    Args:
        today: the period that holds this day is compared.
        company_pk: only this organization.
    """
    only = {"pk": company_pk} if company_pk is not None else {}
    rows = list(Company.objects.filter(**only).order_by().values_list("pk", "autotask_company_id", "name"))
    companies = {company_id: pk for pk, company_id, _name in rows}
    lines = {pk: CompanyLine(pk, name) for pk, _company_id, name in rows}
    managed = Device.objects.filter(is_deleted=False, site__mapping__state__in=USABLE_STATES)
    if company_pk is not None:
        managed = managed.filter(site__mapping__company=company_pk)
    for pk, count in managed.order_by().values_list("site__mapping__company").annotate(n=Count("pk")):
        if pk in lines:
            lines[pk].managed = count
    contracts = _running_contracts(today, company_pk)
    on_service, others = _count_items(companies, contracts, lines)
    units = _current_units(today, company_pk)
    services = ContractService.objects.filter(
        contract__in=Contract.objects.filter(**_company(company_pk)), is_missing=False
    ).select_related("service")
    for service in services.order_by("contract__name", "name", "pk").iterator():
        contract = contracts.get(service.contract_id)
        if contract is None or contract.company_id not in lines:
            continue
        key = (service.kind, service.autotask_contract_service_id)
        billed, price = units.get(service.pk, (None, None))
        name = service.name or (service.service.name if service.service is not None else str(service))
        lines[contract.company_id].services.append(
            ServiceLine(
                company_id=contract.company_id,
                contract_id=contract.pk,
                contract_name=contract.name,
                service_id=service.pk,
                name=f"{name} (bundle)" if service.kind == ServiceKind.BUNDLE else name,
                devices=on_service[key],
                others=others[key],
                units=billed,
                unit_price=price,
            )
        )
    shown = [line for line in lines.values() if line.managed or line.services]
    return sorted(shown, key=lambda line: (line.name.casefold(), line.company_id))


def export_rows(lines: Iterable[CompanyLine]) -> Iterator[list[str]]:
    """Yield header and rows for a CSV file."""
    yield list(COLUMNS)
    ids = dict(Company.objects.values_list("pk", "autotask_company_id"))
    for line in lines:
        start = [
            line.name,
            str(ids.get(line.company_id, "")),
            str(line.managed),
            str(line.on_contract),
            str(line.without_contract),
        ]
        if not line.services:
            yield [*start, *([""] * (len(COLUMNS) - len(start)))]
        for service in line.services:
            yield [
                *start,
                service.contract_name,
                service.name,
                str(service.devices),
                str(service.others),
                _number(service.units),
                _number(service.difference),
                _number(service.unit_price),
                _number(service.value),
            ]


def _company(company_pk: int | None) -> dict[str, int]:
    return {} if company_pk is None else {"company": company_pk}


def _running_contracts(today: date, company_pk: int | None) -> dict[int, Contract]:
    rows = Contract.objects.filter(**_company(company_pk)).select_related("company").order_by("pk")
    return {row.pk: row for row in rows.iterator() if is_running(contract_facts(row), today)}


def _count_items(
    companies: dict[int, int], contracts: dict[int, Contract], lines: dict[int, CompanyLine]
) -> tuple[Counter[_ServiceKey], Counter[_ServiceKey]]:
    """Count items on running contracts; returns devices and other items by service."""
    on_service: Counter[_ServiceKey] = Counter()
    others: Counter[_ServiceKey] = Counter()
    running = {row.autotask_contract_id: row for row in contracts.values()}
    rows = (
        ConfigurationItem.objects.filter(is_active=True, is_missing=False, autotask_contract_id__isnull=False)
        .annotate(alive=Exists(living_links().filter(configuration_item=OuterRef("pk"))))
        .order_by()
        .values_list(
            "autotask_company_id",
            "autotask_contract_id",
            "autotask_contract_service_id",
            "autotask_contract_service_bundle_id",
            "alive",
        )
        .annotate(n=Count("pk"))
    )
    for company_id, contract_id, service_id, bundle_id, is_alive, count in rows.iterator():
        contract = running.get(contract_id)
        if contract is None:
            continue
        line = lines.get(companies.get(company_id, 0))
        if line is not None and is_alive and contract.company_id == line.company_id:
            line.on_contract += count
        counter = on_service if is_alive else others
        if service_id is not None:
            counter[ServiceKind.SERVICE, service_id] += count
        elif bundle_id is not None:
            counter[ServiceKind.BUNDLE, bundle_id] += count
    return on_service, others


def _current_units(today: date, company_pk: int | None) -> dict[int, tuple[int, Decimal | None]]:
    """Return {contract service: (units, unit price)} of the period that holds today, the latest of several."""
    only = {} if company_pk is None else {"contract_service__contract__company": company_pk}
    rows = (
        ContractUnits.objects.filter(
            Q(end_date__isnull=True) | Q(end_date__gte=today), start_date__lte=today, **only
        )
        .order_by("start_date", "pk")
        .values_list("contract_service", "units", "unit_price")
    )
    found: defaultdict[int, tuple[int, Decimal | None]] = defaultdict(lambda: (0, None))
    for service_pk, units, price in rows.iterator():
        found[service_pk] = (units, price)
    return dict(found)


def _number(value: int | Decimal | None) -> str:
    return "" if value is None else str(value)
