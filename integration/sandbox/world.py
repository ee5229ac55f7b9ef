"""Deterministic demo data for both vendors: the same profile, seed and moment give the same world.

Both sides tell one story: sites belong to companies, devices to configuration items. It is untidy the way real
accounts are: repeated host and company names, junk serials, unmapped and renamed sites, nulls, names in every script.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

from .datto import DattoSeed
from .world_alerts import build_history_table, build_monitors, build_open_alerts
from .world_autotask import (
    FIRST_COMPANY_ID,
    build_companies,
    build_customers,
    build_tickets,
    utc,
)
from .world_catalogue import API_RESOURCE_ID, build_catalogue
from .world_contracts import build_contracts, count_devices
from .world_datto import PlacedSite, build_devices, build_sites, dock_cases, host_cases, make_uid
from .world_items import build_attached_rows, build_configuration_items
from .world_names import company_names, person
from .world_profiles import PROFILES, Profile, get_profile
from .world_udfs import DATTO_LABELS

__all__ = ["API_RESOURCE_ID", "DEMO_CREDENTIALS", "PROFILES", "DemoCredentials", "World", "build_world"]


@dataclass(frozen=True, slots=True)
class DemoCredentials:
    """Logins of the sandbox. They open nothing but made-up data, so they are no secret."""

    datto_api_key: str = "SANDBOXDEMOKEY0000000000000000001"
    datto_api_secret: str = "SANDBOXDEMOSECRET00000000000000001"  # noqa: S105 - opens made-up data only
    autotask_username: str = "apibridge@sandbox.example"
    autotask_secret: str = "sandbox-demo-secret"  # noqa: S105 - opens made-up data only
    autotask_integration_code: str = "SANDBOXDEMOCODE0000000001"


DEMO_CREDENTIALS = DemoCredentials()


@dataclass(slots=True)
class World:
    """A built world.

    Attributes:
        datto: what goes into the Datto double.
        autotask: rows for the Autotask double, by REST entity name, in loading order.
        cases: named examples of what makes devices hard to match, for tests and for people who train.
        placed: where each site truly belongs, which neither vendor tells.
    """

    profile: Profile
    seed: int
    now_ms: int
    datto: DattoSeed
    autotask: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    placed: list[PlacedSite] = field(default_factory=list)
    cases: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


def build_world(profile_name: str, *, seed: int, now_ms: int) -> World:
    """Build a world; `now_ms` is the moment its dates count back from.

    Raises:
        ValueError: unknown profile.
    """
    profile = get_profile(profile_name)
    names = company_names(profile.companies, Random(f"{seed}:companies"))
    company_ids = [FIRST_COMPANY_ID + number for number in range(len(names))]
    placed = build_sites(profile, names, company_ids, Random(f"{seed}:sites"))
    devices = build_devices(profile, placed, now_ms, Random(f"{seed}:devices"))
    monitors = build_monitors(profile, Random(f"{seed}:monitors"))
    now = utc(now_ms)
    items, item_cases = build_configuration_items(devices, placed, company_ids, now, Random(f"{seed}:items"))
    datto = DattoSeed(
        seed=seed,
        now_ms=now_ms,
        sites=[spot.site for spot in placed],
        devices=devices,
        monitors=monitors,
        open_alerts=build_open_alerts(profile, devices, placed, monitors, now_ms, Random(f"{seed}:open")),
        alerts_per_day=profile.alerts_per_day,
        history_table=build_history_table(profile, devices, monitors, Random(f"{seed}:history")),
        users=_users(profile, now_ms, Random(f"{seed}:users")),
        components=_components(Random(f"{seed}:components")),
        udf_labels=DATTO_LABELS,
    )
    companies = build_companies(names, now, Random(f"{seed}:company-rows"))
    autotask = build_catalogue(profile, Random(f"{seed}:catalogue"))
    autotask["Companies"] = companies
    autotask.update(build_customers(companies, Random(f"{seed}:customers")))
    contracts, cases = build_contracts(
        companies, count_devices(devices, placed), now, Random(f"{seed}:contracts")
    )
    autotask.update(contracts)
    autotask["ConfigurationItems"] = items
    autotask.update(build_attached_rows(item_cases, now))
    autotask.update(build_tickets(profile, companies, now, Random(f"{seed}:tickets")))
    cases |= item_cases | {"dock_mac": dock_cases(devices), "same_host": host_cases(devices)}
    return World(profile, seed, now_ms, datto, autotask, placed, cases)


def _users(profile: Profile, now_ms: int, rng: Random) -> list[dict[str, Any]]:
    rows = []
    for number in range(profile.technicians + 1):
        first, last = person(rng)
        rows.append(
            {
                "firstName": first,
                "lastName": last,
                "username": f"user{number + 1}",
                "email": f"user{number + 1}@msp.example",
                "telephone": None,
                "status": "Active",
                "created": now_ms - rng.randint(100, 1500) * 86_400_000,
                "lastAccess": now_ms - rng.randint(0, 20) * 86_400_000,
                "disabled": False,
            }
        )
    return rows


def _components(rng: Random) -> list[dict[str, Any]]:
    names = (
        "Restart Print Spooler",
        "Clear temporary files",
        "Run disk check",
        "Collect event logs",
        "Reboot device",
    )
    return [
        {
            "id": 700 + number,
            "credentialsRequired": False,
            "uid": make_uid(rng),
            "name": name,
            "description": f"{name} on the device.",
            "categoryCode": "Scripts",
            "variables": [
                {
                    "name": "timeoutMinutes",
                    "defaultVal": "10",
                    "type": "String",
                    "direction": False,
                    "description": "Give up after this many minutes",
                    "variablesIdx": 0,
                }
            ],
        }
        for number, name in enumerate(names)
    ]
