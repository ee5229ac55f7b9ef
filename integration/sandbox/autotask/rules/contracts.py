"""Contracts, the services on them, and changing how many units are billed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from integration.sandbox.autotask.database import Database
from integration.sandbox.autotask.errors import RefusedError, reference_refused
from integration.sandbox.autotask.schema import Row
from integration.sandbox.autotask.write import Write


def check_dates(write: Write) -> None:
    """Demand that a contract ends after it starts."""
    start, end = write.value("startDate"), write.value("endDate")
    if write.changed("startDate", "endDate") and start is not None and end is not None and end < start:
        raise RefusedError("endDate must be later than startDate.")


def take_price(write: Write) -> None:
    """Give a new service of a contract the price of the catalogue."""
    if write.creating:
        service = write.database.row("Services", write.value("serviceID")) or {}
        write.default("unitPrice", service.get("unitPrice"))
        write.default("unitCost", service.get("unitCost"))


@dataclass(frozen=True, slots=True)
class _Covered:
    """Where the things a contract covers stand: a service of it, or a bundle."""

    table: str
    object_name: str
    link: str
    catalogue: str
    units: str


_SERVICE: Final = _Covered(
    "ContractServices", "ContractService", "contractServiceID", "serviceID", "ContractServiceUnits"
)
_BUNDLE: Final = _Covered(
    "ContractServiceBundles",
    "ContractServiceBundle",
    "contractServiceBundleID",
    "serviceBundleID",
    "ContractServiceBundleUnits",
)
_COVERED: Final = {"ContractServiceAdjustments": _SERVICE, "ContractServiceBundleAdjustments": _BUNDLE}


def check_adjustment(write: Write) -> None:
    """Find the service or bundle of a contract that is meant, by its id or by contract and catalogue id."""
    kind = _COVERED[write.entity.name]
    if write.value(kind.link) is None:
        matches = [
            row["id"]
            for row in write.database.tables[kind.table].where("contractID", write.value("contractID"))
            if row.get(kind.catalogue) == write.value(kind.catalogue)
        ]
        if not matches:
            raise reference_refused(kind.link, kind.object_name)
        write.changes[kind.link] = matches[0]
    covered = write.database.row(kind.table, write.value(kind.link)) or {}
    contract = write.database.row("Contracts", covered.get("contractID")) or {}
    if contract.get("status") == 0:
        raise reference_refused("contractID", "Contract")
    effective = write.value("effectiveDate")
    if not contract.get("startDate", effective) <= effective <= contract.get("endDate", effective):
        raise RefusedError("effectiveDate must be within the start and end dates of the contract.")
    earlier, affected = _periods(write.database, kind, covered, effective)
    units = [row.get("units", 0) for row in affected] or [earlier.get("units", 0) if earlier else 0]
    if min(units) + write.value("unitChange") < 0:
        raise RefusedError("The adjustment would make the number of units negative.")


def change_units(database: Database, write: Write, after: Row | None) -> None:
    """Change the units of every billing period from the effective date on; the one it falls into is split there."""
    if after is None:
        return
    kind = _COVERED[write.entity.name]
    covered = database.row(kind.table, after[kind.link]) or {}
    contract = database.row("Contracts", covered.get("contractID")) or {}
    table = database.tables[kind.units]
    effective, change = after["effectiveDate"], after["unitChange"]
    price = float(after.get("adjustedUnitPrice", covered.get("unitPrice")) or 0.0)
    cost = float(after.get("adjustedUnitCost", covered.get("unitCost")) or 0.0)

    def put(row: Row, units: int) -> None:
        money = {"price": price * units, "cost": cost * units, "internalCurrencyPrice": price * units}
        table.put({**row, "units": units, **money})

    earlier, affected = _periods(database, kind, covered, effective)
    for row in affected:
        units = row.get("units", 0) + change
        if row["startDate"] >= effective:
            put(row, units)
        else:
            table.put({**row, "endDate": effective})
            put({**row, "id": table.new_id(), "startDate": effective, "approveAndPostDate": None}, units)
    if not affected:
        fresh = {
            "id": table.new_id(),
            "contractID": contract.get("id"),
            kind.link: covered.get("id"),
            kind.catalogue: covered.get(kind.catalogue),
            "startDate": effective,
            "endDate": contract.get("endDate"),
        }
        put(fresh, (earlier.get("units", 0) if earlier else 0) + change)


def _periods(
    database: Database, kind: _Covered, covered: Row, effective: str
) -> tuple[Row | None, list[Row]]:
    """Return (the newest period that ends by the date, the periods that reach beyond it)."""
    rows = [
        row
        for row in database.tables[kind.units].where("contractID", covered.get("contractID"))
        if row.get(kind.link) == covered.get("id")
    ]
    rows.sort(key=lambda row: (row["startDate"], row["id"]))
    affected = [row for row in rows if row["endDate"] > effective]
    return next((row for row in reversed(rows) if row["endDate"] <= effective), None), affected
