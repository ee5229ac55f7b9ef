"""How big a demo world is: the profiles S, M, L and XL."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Profile:
    """Numbers of one profile; sites, companies and devices without system sites, inactive ones and deleted ones."""

    name: str
    sites: int
    companies: int
    servers: int
    workstations: int
    network_devices: int
    monitors: int
    open_alerts: int
    alerts_per_day: int
    technicians: int
    old_tickets: int

    @property
    def devices(self) -> int:
        """Return all devices."""
        return self.servers + self.workstations + self.network_devices


PROFILES = {
    "S": Profile("S", 26, 26, 80, 480, 40, 60, 150, 100, 4, 60),
    "M": Profile("M", 160, 120, 350, 2_400, 250, 150, 800, 750, 12, 300),
    "L": Profile("L", 600, 450, 1_300, 9_700, 1_000, 300, 4_000, 4_000, 45, 1_200),
    "XL": Profile("XL", 2_500, 1_800, 5_000, 41_000, 4_000, 600, 20_000, 15_000, 180, 3_000),
}


def get_profile(name: str) -> Profile:
    """Return a profile by its name.

    Raises:
        ValueError: there is none of that name.
    """
    profile = PROFILES.get(name.upper())
    if profile is None:
        raise ValueError(f"profile: choose one of {', '.join(PROFILES)}.")
    return profile
