"""Which device is a virtual machine of a host, told by its name: audits know no more of a guest. Pure."""

from __future__ import annotations

from collections.abc import Iterable


def machine_key(name: str) -> str:
    """Return what makes two names one machine: a host name, with or without its domain, in any case."""
    return name.strip().casefold().partition(".")[0].strip()


def guest_keys(guests: Iterable[object]) -> frozenset[str]:
    """Return the keys of a host's guests; a guest without a name is none."""
    return frozenset(key for one in guests if (key := machine_key(str(one))))
