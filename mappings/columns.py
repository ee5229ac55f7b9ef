"""Figures that apps above show in this app's lists, without this app knowing them."""

from __future__ import annotations

from collections.abc import Callable

_open_alerts_of_devices: list[Callable[[list[str]], dict[str, int]]] = []
_open_alerts: list[Callable[[list[str]], dict[str, int]]] = []


def register_open_alerts(count: Callable[[list[str]], dict[str, int]]) -> None:
    """Show open alerts beside sites: `count` takes site uids and returns {uid: number} in one query."""
    _open_alerts[:] = [count]


def has_open_alerts() -> bool:
    """Return whether somebody counts open alerts."""
    return bool(_open_alerts)


def count_open_alerts(site_uids: list[str]) -> dict[str, int]:
    """Return open alerts by site uid; sites without any may be left out."""
    return _open_alerts[0](site_uids) if _open_alerts and site_uids else {}


def register_open_alerts_of_devices(count: Callable[[list[str]], dict[str, int]]) -> None:
    """Count open alerts for devices: `count` takes device uids and returns {uid: number} in one query."""
    _open_alerts_of_devices[:] = [count]


def count_open_alerts_of_devices(device_uids: list[str]) -> dict[str, int] | None:
    """Return open alerts by device uid, without those that have none; None when nobody counts them."""
    if not _open_alerts_of_devices:
        return None
    return _open_alerts_of_devices[0](device_uids) if device_uids else {}
