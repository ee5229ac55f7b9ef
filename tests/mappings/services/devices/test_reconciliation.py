"""Reconciliation: what is there, what is covered, what is billed; and writing units exactly once."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integration.clients import autotask_client
from integration.csv_files import csv_answer, harmless
from integration.models import SyncRunEntry
from integration.sync.operations import CannotApply, Superseded, Work, register_operation
from integration.vendors.budget import Lane
from mappings.domain.devices.reconciling import total
from mappings.models import ContractService, ContractUnits, DevicePolicy
from mappings.services.devices.reconciliation import export_rows, reconcile
from mappings.services.devices.unit_adjustments import (
    ADJUST_UNITS,
    UnitsRefused,
    apply_unit_change,
    draft_undo,
    list_unit_changes,
    queue_unit_changes,
)
from tests.mappings.services.devices.review_rows import make_contract, make_home, make_linked, make_units
from tests.sandbox.served import Served

pytestmark = pytest.mark.django_db


def today() -> Any:
    return timezone.localdate()


def on(contract: int, place: int = 0) -> dict[str, int]:
    return {"autotask_contract_id": contract, "autotask_contract_service_id": contract * 10 + place}


def test_devices_contracts_and_units_are_set_side_by_side() -> None:
    home, other = make_home(1), make_home(2)
    make_contract(100, home.company, "Managed", "Backup", "Care bundle")
    make_contract(101, home.company, "Managed", days=-1)
    managed, backup, bundle = ContractService.objects.filter(contract__autotask_contract_id=100).order_by(
        "autotask_contract_service_id"
    )
    make_units(managed, 99, days=20)
    make_units(managed, 1, "12.50")
    make_units(backup, 3, None)
    for number in range(1, 4):
        make_linked(number, home.site, home.company, **on(100))
    make_linked(4, home.site, home.company, **on(101))
    make_linked(5, home.site, home.company)
    orphan = make_linked(6, home.site, home.company, **on(100))
    orphan.device.is_deleted = True
    orphan.device.save()
    make_linked(
        7, home.site, home.company, autotask_contract_id=100, autotask_contract_service_bundle_id=1002
    )
    make_linked(8, other.site, other.company)
    first, second = reconcile(today())
    assert (first.managed, first.on_contract, first.without_contract) == (6, 4, 2)
    lines = {line.service_id: line for line in first.services}
    assert set(lines) == {managed.pk, backup.pk, bundle.pk}
    line = lines[managed.pk]
    assert (line.devices, line.others, line.units, line.difference) == (3, 1, 1, 2)
    assert line.value == Decimal("25.00")
    assert (lines[backup.pk].difference, lines[backup.pk].value) == (-3, None)
    assert (lines[bundle.pk].devices, lines[bundle.pk].units, lines[bundle.pk].difference) == (1, None, None)
    assert (second.managed, second.services, second.is_different) == (1, [], True)
    totals = total([first, second])
    assert (totals.managed, totals.on_contract, totals.unpaid, totals.overpaid) == (7, 4, 2, 3)
    assert (totals.value_unpaid, totals.value_overpaid) == (Decimal("25.00"), Decimal(0))
    assert [one.company_id for one in reconcile(today(), company_pk=other.company.pk)] == [other.company.pk]


def test_periods_that_do_not_hold_today_do_not_count() -> None:
    home = make_home(1)
    make_contract(100, home.company, "Managed")
    units = make_units(ContractService.objects.get(), 5)
    for start, end in ((-60, -1), (1, 30)):
        ContractUnits.objects.filter(pk=units.pk).update(
            start_date=today() + timedelta(days=start), end_date=today() + timedelta(days=end)
        )
        assert reconcile(today())[0].services[0].units is None


def test_queries_do_not_grow_with_organizations() -> None:
    def fill(first: int, last: int) -> None:
        for number in range(first, last):
            home = make_home(number)
            make_contract(100 + number, home.company, "Managed")
            make_units(ContractService.objects.get(contract__company=home.company), number)
            make_linked(number, home.site, home.company, **on(100 + number))

    fill(1, 3)
    with CaptureQueriesContext(database) as few:
        reconcile(today())
    fill(3, 40)
    with CaptureQueriesContext(database) as many:
        assert len(reconcile(today())) == 39
    assert len(many) == len(few) <= 8


def test_the_file_holds_no_formula_and_every_line() -> None:
    home = make_home(1, '=HYPERLINK("http://x")')
    make_contract(100, home.company, "+Managed")
    make_units(ContractService.objects.get(), 5)
    make_home(2)
    make_linked(1, home.site, home.company)
    answer = csv_answer("reconciliation", export_rows(reconcile(today())))
    text = answer.getvalue().decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["organization"], row["service"], row["difference"]) for row in rows] == [
        ('\'=HYPERLINK("http://x")', "'+Managed", "-5")
    ]
    assert harmless("\tx") == "'\tx"
    assert harmless("Contoso") == "Contoso"


def test_units_are_written_only_when_the_policy_allows_and_as_confirmed(person: User) -> None:
    register_operation(ADJUST_UNITS)
    home = make_home(1)
    make_contract(100, home.company, "Managed")
    service = ContractService.objects.get()
    make_units(service, 5)
    make_linked(1, home.site, home.company, **on(100))
    seen = {service.pk: (5, 1)}
    with pytest.raises(UnitsRefused, match="switch on"):
        queue_unit_changes(home.company, seen, person)
    DevicePolicy.objects.create(adjusts_units=True)
    with pytest.raises(UnitsRefused, match="changed since"):
        queue_unit_changes(home.company, {service.pk: (4, 1)}, person)
    run = queue_unit_changes(home.company, seen, person)
    entry = run.entries.get()
    assert (entry.before, entry.after, entry.operation) == ({"units": 5}, {"units": 1}, "adjust_units")
    with pytest.raises(UnitsRefused, match="being written"):
        queue_unit_changes(home.company, seen, person)
    ContractUnits.objects.update(units=1)
    with pytest.raises(UnitsRefused, match="agree"):
        queue_unit_changes(home.company, {}, person)


def billed(vendors: Served, service_id: int) -> list[dict[str, Any]]:
    """What the sandbox bills today."""
    client = autotask_client(lane=Lane.INTERACTIVE, subject="test", run_id=None)
    found = [
        {"units": row.units, "starts_at": row.starts_at}
        for row in client.iter_contract_service_units(on_day=timezone.now().date())
        if row.contract_service_id == service_id
    ]
    return sorted(found, key=lambda row: row["starts_at"])


def adjustments(vendors: Served) -> int:
    writes = vendors.control("writes", method="GET").json()["autotask"]
    return int(writes.get("ContractServiceAdjustments", {}).get("create", 0))


def test_an_adjustment_is_stored_once_whatever_happens(
    connection: Any, vendors: Served, person: User
) -> None:
    client = autotask_client(lane=Lane.INTERACTIVE, subject="test", run_id=None)
    row = next(
        row for row in client.iter_contract_service_units(on_day=timezone.now().date()) if row.units > 2
    )
    home = make_home(1)
    contract = make_contract(row.contract_id, home.company)
    service = ContractService.objects.create(
        kind="service",
        autotask_contract_service_id=row.contract_service_id,
        contract=contract,
        name="Managed",
        synced_at=timezone.now(),
    )
    make_units(service, row.units)
    DevicePolicy.objects.create(adjusts_units=True)
    register_operation(ADJUST_UNITS)
    change = list_unit_changes(reconcile(today())[0])[0]
    assert (change.before, change.after, change.difference) == (row.units, 0, -row.units)
    run = queue_unit_changes(home.company, {service.pk: (row.units, 0)}, person)
    entry = run.entries.get()
    entry.after = {"units": row.units - 1}
    work = Work(run)
    applied = apply_unit_change(work, entry, False)
    assert applied.result["units"] == row.units - 1
    assert billed(vendors, row.contract_service_id)[-1]["units"] == row.units - 1
    assert ContractUnits.objects.get().units == row.units - 1
    assert adjustments(vendors) == 1
    # The answer was lost and the entry is tried again: it looks, and writes nothing.
    assert "found there" in apply_unit_change(work, entry, True).message
    assert adjustments(vendors) == 1
    # Somebody else has changed the units since the person looked.
    entry.after, entry.before = {"units": row.units + 5}, {"units": row.units + 9}
    with pytest.raises(Superseded, match="look at the reconciliation again"):
        apply_unit_change(work, entry, False)
    assert adjustments(vendors) == 1
    entry.payload["contract_service_id"] = 1
    with pytest.raises(CannotApply):
        apply_unit_change(work, entry, False)


def test_undo_of_units_is_another_adjustment() -> None:
    back = draft_undo(
        SyncRunEntry(
            object_type="contract units",
            object_id="service:1",
            label="x",
            before={"units": 5},
            after={"units": 1},
        )
    )
    assert not isinstance(back, str)
    assert (back.before, back.after, back.operation) == ({"units": 1}, {"units": 5}, "adjust_units")
