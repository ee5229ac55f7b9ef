"""What an organization has, what its contracts cover and what they bill. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class ServiceLine:
    """One service on a running contract, as counted.

    Attributes:
        service_id: row of the contract's service.
        devices: configuration items on it that stand for a living device.
        others: active configuration items on it without one.
        units: billed in the current period, None when no period holds today.
    """

    company_id: int
    contract_id: int
    contract_name: str
    service_id: int
    name: str
    devices: int
    others: int
    units: int | None
    unit_price: Decimal | None = None

    @property
    def difference(self) -> int | None:
        """Devices minus units: positive means devices that nobody pays for; None when nothing is billed by units."""
        return None if self.units is None else self.devices - self.units

    @property
    def value(self) -> Decimal | None:
        """The difference in money for each period, None where the price is not known."""
        if self.difference is None or self.unit_price is None:
            return None
        return self.difference * self.unit_price


@dataclass(slots=True)
class CompanyLine:
    """One organization.

    Attributes:
        managed: living devices of its sites in Datto RMM.
        on_contract: of these, those on a running contract.
    """

    company_id: int
    name: str
    managed: int = 0
    on_contract: int = 0
    services: list[ServiceLine] = field(default_factory=list)

    @property
    def without_contract(self) -> int:
        """Managed devices that are on no running contract."""
        return max(0, self.managed - self.on_contract)

    @property
    def on_services(self) -> int:
        """Devices on some service."""
        return sum(line.devices for line in self.services)

    @property
    def units(self) -> int:
        """Units billed in the current period."""
        return sum(line.units or 0 for line in self.services)

    @property
    def difference(self) -> int:
        """Sum of the services' differences."""
        return sum(line.difference or 0 for line in self.services)

    @property
    def value(self) -> Decimal | None:
        """Sum of the services' values, None when no price is known."""
        values = [line.value for line in self.services if line.value is not None]
        return sum(values, Decimal(0)) if values else None

    @property
    def is_different(self) -> bool:
        """Whether something should be looked at: a service billed otherwise, or devices on no contract."""
        return bool(self.without_contract) or any(line.difference for line in self.services)


@dataclass(frozen=True, slots=True)
class Totals:
    """All organizations together; `unpaid` and `overpaid` are units, never set off against each other."""

    organizations: int
    managed: int
    on_contract: int
    units: int
    unpaid: int
    overpaid: int
    value_unpaid: Decimal
    value_overpaid: Decimal


def total(lines: Iterable[CompanyLine]) -> Totals:
    """Return the totals of all lines."""
    count = managed = on_contract = units = unpaid = overpaid = 0
    value_unpaid = value_overpaid = Decimal(0)
    for line in lines:
        count += 1
        managed += line.managed
        on_contract += line.on_contract
        units += line.units
        for service in line.services:
            difference, value = service.difference or 0, service.value or Decimal(0)
            if difference > 0:
                unpaid, value_unpaid = unpaid + difference, value_unpaid + value
            else:
                overpaid, value_overpaid = overpaid - difference, value_overpaid - value
    return Totals(count, managed, on_contract, units, unpaid, overpaid, value_unpaid, value_overpaid)
