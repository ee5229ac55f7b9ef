"""Contracts of a demo world: what each company pays for, a few units beside what it really has."""

# ruff: noqa: PLR2004 - chances and ids of made-up data are literal on purpose

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from random import Random
from typing import Any

from .datto.model import Device
from .world_catalogue import BUNDLE_ID, SERVICES
from .world_datto import PlacedSite

Row = dict[str, Any]
Cases = dict[str, list[dict[str, Any]]]

FIRST_CONTRACT_ID = 29_700_000
_RECURRING, _TIME_AND_MATERIALS, _BLOCK_HOURS = 7, 1, 4
#: service id -> what is counted for it
_COUNTED = {201: "workstation", 202: "server", 203: "network", 204: "workstation", 205: "server"}
_ENDED, _TWO, _NONE = "contract_ended", "contract_two", "contract_none"


def kind_of(device: Device) -> str:
    """Return what a contract counts a device as: workstation, server or network."""
    if device.category in {"Server", "ESXi Host"}:
        return "server"
    return "workstation" if device.category in {"Desktop", "Laptop"} else "network"


def count_devices(devices: list[Device], placed: list[PlacedSite]) -> dict[int, Counter[str]]:
    """Return company id -> living devices of each kind."""
    owner = {spot.site.uid: int(spot.true_company[0]) for spot in placed if spot.company is not None}
    counts: dict[int, Counter[str]] = {}
    for device in devices:
        company = owner.get(device.site_uid)
        if company is not None and not device.deleted:
            counts.setdefault(company, Counter())[kind_of(device)] += 1
    return counts


def build_contracts(
    companies: list[Row], counts: dict[int, Counter[str]], now: datetime, rng: Random
) -> tuple[dict[str, list[Row]], Cases]:
    """Return contracts, what they cover and how many units each month bills, and the named examples.

    Of the companies with devices, the first has an ended contract only, the second two running ones, the third none;
    most others have one.
    """
    maker = _Maker(now, rng)
    cases: Cases = {_ENDED: [], _TWO: [], _NONE: [], "contract_running": []}
    special = dict(zip(sorted(counts), (_ENDED, _TWO, _NONE), strict=False))
    for company in companies:
        number = company["id"]
        if company["companyType"] != 1 or not number:
            continue
        have = counts.get(number, Counter())
        case = special.get(number) or ("contract_running" if rng.random() < 0.85 else _NONE)
        ids = []
        if case == _ENDED:
            ids = [maker.contract(number, have, "Managed Services", ends_in=-40)]
        elif case == _TWO:
            ids = [
                maker.contract(number, have, "Managed Services", ends_in=300),
                maker.contract(number, have, "Backup and Servers", ends_in=500, services=(202, 205)),
            ]
        elif case != _NONE:
            ids = [maker.contract(number, have, "Managed Services", ends_in=rng.randint(30, 900))]
            if rng.random() < 0.2:
                maker.contract(number, have, "Managed Services (former)", ends_in=-rng.randint(10, 400))
            if rng.random() < 0.15:
                maker.other_contract(number)
        cases[case].append({"companyId": number, "contractIds": ids})
    return maker.rows, {name: found[:20] for name, found in cases.items()}


class _Maker:
    def __init__(self, now: datetime, rng: Random) -> None:
        self._now = now
        self._rng = rng
        self._month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        self.rows: dict[str, list[Row]] = {
            name: []
            for name in (
                "Contracts",
                "ContractServices",
                "ContractServiceUnits",
                "ContractServiceBundles",
                "ContractServiceBundleUnits",
            )
        }

    def contract(
        self, company: int, have: Counter[str], name: str, *, ends_in: int, services: tuple[int, ...] = ()
    ) -> int:
        """Add a recurring-service contract with its services and units and return its id."""
        rng = self._rng
        number = self._contract(company, name, _RECURRING, ends_in)
        chosen = services or tuple(service for service, _name, _price, _code in SERVICES)[: rng.randint(3, 5)]
        prices = {service: price for service, _name, price, _code in SERVICES}
        for service in chosen:
            row_id = 60_000 + len(self.rows["ContractServices"])
            self.rows["ContractServices"].append(
                {"id": row_id, "contractID": number, "serviceID": service, "unitPrice": prices[service]}
            )
            units = max(0, have[_COUNTED[service]] + rng.choice((-3, -2, -1, 0, 0, 0, 0, 1, 2, 4)))
            self._units(number, row_id, service, prices[service], units, running=ends_in > 0)
        if rng.random() < 0.1:
            self._bundle(number, rng.randint(1, 5))
        return number

    def other_contract(self, company: int) -> int:
        """Add a contract that bills no units."""
        kind, name = self._rng.choice(
            ((_TIME_AND_MATERIALS, "Time and Materials"), (_BLOCK_HOURS, "Block Hours"))
        )
        return self._contract(company, name, kind, 365)

    def _contract(self, company: int, name: str, kind: int, ends_in: int) -> int:
        number = FIRST_CONTRACT_ID + len(self.rows["Contracts"])
        self.rows["Contracts"].append(
            {
                "id": number,
                "companyID": company,
                "contractName": name,
                "contractType": kind,
                "contractCategory": 12,
                "status": 1 if ends_in > 0 else 0,
                "startDate": self._now + timedelta(days=ends_in - 1095),
                "endDate": self._now + timedelta(days=ends_in),
                "isDefaultContract": ends_in > 0 and name == "Managed Services",
                "serviceLevelAgreementID": self._rng.choice((1, 2)),
                "timeReportingRequiresStartAndStopTimes": 0,
            }
        )
        return number

    def _months(self, *, running: bool) -> list[tuple[datetime, datetime]]:
        """Return (first, last day) of the billing periods that are kept: last month, this one and the next."""
        start = (self._month - timedelta(days=1)).replace(day=1)
        if not running:
            start = (start - timedelta(days=40)).replace(day=1)
        months = []
        for _place in range(3 if running else 1):
            after = (start + timedelta(days=32)).replace(day=1)
            months.append((start, after - timedelta(days=1)))
            start = after
        return months

    def _units(
        self, contract: int, row_id: int, service: int, price: float, units: int, *, running: bool
    ) -> None:
        for place, (start, end) in enumerate(self._months(running=running)):
            billed = max(0, units - self._rng.randint(0, 2)) if place == 0 else units
            self.rows["ContractServiceUnits"].append(
                {
                    "id": 80_000 + len(self.rows["ContractServiceUnits"]),
                    "contractID": contract,
                    "contractServiceID": row_id,
                    "serviceID": service,
                    "startDate": start,
                    "endDate": end,
                    "units": billed,
                    "price": price * billed,
                    "cost": 0.0,
                    "internalCurrencyPrice": price * billed,
                    "approveAndPostDate": end if place == 0 else None,
                }
            )

    def _bundle(self, contract: int, units: int) -> None:
        row_id = 70_000 + len(self.rows["ContractServiceBundles"])
        self.rows["ContractServiceBundles"].append(
            {"id": row_id, "contractID": contract, "serviceBundleID": BUNDLE_ID, "unitPrice": 50.0}
        )
        start, end = self._months(running=True)[1]
        self.rows["ContractServiceBundleUnits"].append(
            {
                "id": 90_000 + len(self.rows["ContractServiceBundleUnits"]),
                "contractID": contract,
                "contractServiceBundleID": row_id,
                "serviceBundleID": BUNDLE_ID,
                "startDate": start,
                "endDate": end,
                "units": units,
                "price": 50.0 * units,
                "cost": 0.0,
                "internalCurrencyPrice": 50.0 * units,
            }
        )
