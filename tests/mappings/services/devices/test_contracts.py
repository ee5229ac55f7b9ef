from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from integration.models import SyncRun
from integration.vendors.errors import Unavailable
from mappings.models import CatalogueService, Contract, ContractService, ContractUnits, MirrorState
from mappings.services.devices.contracts import CONTRACTS, ENDED_KEPT, sync_contracts
from tests.mappings.conftest import Run
from tests.mappings.services.devices.reading import Reading

pytestmark = pytest.mark.django_db(transaction=True)


def read(reading: Reading, *, full: bool = False) -> SyncRun:
    recorder = reading.recorder()
    sync_contracts(recorder, reading.autotask, full=full)
    recorder.flush()
    return recorder.run


@pytest.fixture(autouse=True)
def _companies(reading: Reading, sync: Run) -> None:
    sync("reference")


def test_the_kind_mirrors_contracts_with_what_is_on_them(reading: Reading, sync: Run) -> None:
    run = sync("contracts")
    assert (run.status, run.error) == ("succeeded", "")
    rows = {row["id"]: row for row in reading.rows("Contracts")}
    for contract in Contract.objects.select_related("company"):
        row = rows[contract.autotask_contract_id]
        assert contract.company.autotask_company_id == row["companyID"]
        assert (contract.name, contract.is_active) == (row["contractName"], row["status"] == 1)
        assert contract.contract_type == row["contractType"]
    services = {row["id"]: row for row in reading.rows("ContractServices")}
    names = {row["id"]: row["name"] for row in reading.rows("Services")}
    mirrored = ContractService.objects.filter(kind="service").select_related("service", "contract")
    assert {one.autotask_contract_service_id for one in mirrored} == {
        row["id"]
        for row in services.values()
        if row["contractID"] in Contract.objects.values_list("autotask_contract_id", flat=True)
    }
    for one in mirrored:
        row = services[one.autotask_contract_service_id]
        assert one.name == names[row["serviceID"]] == (one.service.name if one.service else None)
        assert one.contract.autotask_contract_id == row["contractID"]
    assert CatalogueService.objects.get(kind="bundle").name.startswith("Complete Care")


def test_units_are_those_of_the_running_period(reading: Reading) -> None:
    read(reading)
    today = timezone.now().date()
    rows = {row["id"]: row for row in reading.rows("ContractServiceUnits")}
    units = ContractUnits.objects.filter(kind="service").select_related("contract_service")
    assert units.exists()
    for one in units:
        assert one.start_date <= today
        assert one.end_date is None or one.end_date >= today
        row = rows[one.autotask_units_id]
        assert one.units == row["units"]
        assert one.contract_service.autotask_contract_service_id == row["contractServiceID"]
        assert one.unit_price is not None
        assert one.unit_price * one.units == Decimal(str(row["price"]))
    per_service = units.values_list("contract_service", flat=True)
    assert len(per_service) == len(set(per_service))


def test_a_second_read_writes_nothing(reading: Reading) -> None:
    read(reading)
    with reading.cost() as cost:
        run = read(reading)
    assert cost.writes == []
    assert (run.creates, run.updates, run.deactivations) == (0, 0, 0)
    # How much of the budget is used is asked every few minutes, whatever goes on.
    assert len([one for one in cost.calls if not one.endswith("/ThresholdInformation")]) <= 7


def test_changes_arrive_and_what_is_gone_is_marked(reading: Reading) -> None:
    read(reading)
    contract = Contract.objects.filter(is_active=True, services__kind="service").distinct()[0]
    service = contract.services.filter(kind="service")[0]
    reading.change("Contracts", contract.autotask_contract_id, contractName="Renamed", status=0)
    reading.delete("ContractServices", service.autotask_contract_service_id)
    other = Contract.objects.exclude(pk=contract.pk)[0]
    reading.delete("Contracts", other.autotask_contract_id)
    read(reading, full=True)
    for row in (contract, service, other):
        row.refresh_from_db()
    assert (contract.name, contract.is_active) == ("Renamed", False)
    assert service.is_missing
    assert other.is_missing


def test_contracts_with_dates_of_change_are_read_by_them(reading: Reading) -> None:
    contract_id = reading.rows("Contracts")[0]["id"]
    reading.change("Contracts", contract_id, contractName="Dated")
    read(reading)
    assert MirrorState.objects.get(name=CONTRACTS.name).cursor_at is not None
    reading.delete(
        "Contracts", Contract.objects.exclude(autotask_contract_id=contract_id)[0].autotask_contract_id
    )
    reading.change("Contracts", contract_id, contractName="Dated again")
    run = read(reading)
    assert run.updates == 1
    assert Contract.objects.get(autotask_contract_id=contract_id).name == "Dated again"
    assert not Contract.objects.filter(is_missing=True).exists()


def test_contracts_that_ended_long_ago_are_left_out_unless_known(reading: Reading) -> None:
    ids = [row["id"] for row in reading.rows("Contracts")[:2]]
    long_ago = (datetime.now(UTC) - ENDED_KEPT - timedelta(days=30)).isoformat()
    reading.change("Contracts", ids[0], status=0, endDate=long_ago)
    read(reading)
    assert not Contract.objects.filter(autotask_contract_id=ids[0]).exists()
    reading.change("Contracts", ids[1], status=0, endDate=long_ago)
    read(reading, full=True)
    known = Contract.objects.get(autotask_contract_id=ids[1])
    assert (known.is_active, known.is_missing) == (False, False)
    assert not known.services.filter(is_missing=True).exists()


def test_periods_that_are_over_are_dropped_whatever_the_guard_says(reading: Reading) -> None:
    read(reading)
    past = timezone.now().date() - timedelta(days=40)
    ContractUnits.objects.update(start_date=past - timedelta(days=30), end_date=past)
    for number, one in enumerate(ContractUnits.objects.all()):
        one.autotask_units_id = 1 + number
        one.save()
    read(reading)
    assert not ContractUnits.objects.filter(end_date=past).exists()
    assert ContractUnits.objects.exists()


def test_an_interrupted_read_marks_nothing(reading: Reading) -> None:
    read(reading)
    ghost = ContractService.objects.create(
        kind="service",
        autotask_contract_service_id=1,
        contract=Contract.objects.filter(is_active=True)[0],
        synced_at=timezone.now(),
    )
    fault = {"vendor": "autotask", "kind": "503", "path": "*/ContractServices/query"}
    answer = reading.vendors.control("faults", fault)
    assert answer.ok, answer.text
    with pytest.raises(Unavailable):
        read(reading)
    ghost.refresh_from_db()
    assert not ghost.is_missing


def test_dry_run_stores_nothing(sync: Run) -> None:
    run = sync("contracts", dry_run=True)
    assert run.creates > 0
    assert not Contract.objects.exists()


def test_queries_do_not_grow_with_contracts(reading: Reading) -> None:
    read(reading)
    costs = []
    for count in (2, 20):
        # Each list that has something to insert costs a statement; here none of the bundles' has.
        some = Contract.objects.filter(services__kind="service").exclude(services__kind="bundle").distinct()
        Contract.objects.filter(pk__in=list(some.values_list("pk", flat=True)[:count])).delete()
        with reading.cost() as cost:
            read(reading)
        costs.append(cost.queries)
    assert costs[0] == costs[1]
