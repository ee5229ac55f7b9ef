"""Changing how many units of a service a contract bills."""

from __future__ import annotations

from integration.sandbox.autotask.database import Database
from integration.sandbox.autotask.errors import RefusedError, reference_refused
from integration.sandbox.autotask.schema import Row
from integration.sandbox.autotask.write import Write


def check_adjustment(write: Write) -> None:
    """Find the contract service that is meant, by its id or by contract and service."""
    services = write.database.tables["ContractServices"]
    if write.value("contractServiceID") is None:
        matches = [
            row["id"]
            for row in services.where("contractID", write.value("contractID"))
            if row.get("serviceID") == write.value("serviceID")
        ]
        if not matches:
            raise reference_refused("contractServiceID", "ContractService")
        write.changes["contractServiceID"] = matches[0]
    current = _current_units(write.database, write.value("contractServiceID"))
    if (current or {}).get("units", 0) + write.value("unitChange") < 0:
        raise RefusedError("The adjustment would make the number of units negative.")


def change_units(database: Database, write: Write, after: Row | None) -> None:
    """End the current unit row at the effective date and start one with the new number."""
    if after is None:
        return
    service = database.row("ContractServices", after["contractServiceID"]) or {}
    contract = database.row("Contracts", service.get("contractID")) or {}
    table = database.tables["ContractServiceUnits"]
    current = _current_units(database, service.get("id"))
    price = after.get("adjustedUnitPrice", service.get("unitPrice", 0.0))
    cost = after.get("adjustedUnitCost", service.get("unitCost", 0.0))
    units = (current or {}).get("units", 0) + after["unitChange"]
    if current is not None:
        table.put({**current, "endDate": after["effectiveDate"]})
    table.put(
        {
            "id": table.new_id(),
            "contractID": contract.get("id"),
            "contractServiceID": service.get("id"),
            "serviceID": service.get("serviceID"),
            "startDate": after["effectiveDate"],
            "endDate": contract.get("endDate"),
            "units": units,
            "price": price * units,
            "cost": cost * units,
            "internalCurrencyPrice": price * units,
        }
    )


def _current_units(database: Database, contract_service_id: int | None) -> Row | None:
    rows = [
        row
        for row in database.tables["ContractServiceUnits"]
        if row.get("contractServiceID") == contract_service_id
    ]
    return max(rows, key=lambda row: (row.get("startDate", ""), row["id"]), default=None)
