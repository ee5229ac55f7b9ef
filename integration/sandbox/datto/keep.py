"""Saves and restores the Datto double: only what differs from the world it was seeded with."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from .double import DattoDouble
from .model import Alert, Device, Site, UdfLabel


def to_state(double: DattoDouble) -> dict[str, Any]:
    """Return the changes as JSON-able data."""
    with double.lock:
        return {
            "sites": [asdict(double.sites[uid]) for uid in double.changed_sites],
            "devices": [asdict(double.devices[uid]) for uid in double.changed_devices],
            "alerts": [double.alerts[uid].to_state() for uid in double.changed_alerts],
            "variables": list(double.variables.values()),
            "jobs": list(double.jobs.values()),
            "activities": list(double.activities),
            "tokens": double.tokens,
            "purged": [asdict(device) for device in double.purged.values()],
            "udf_labels": {number: asdict(row) for number, row in double.udf_labels.items()},
            "next_id": double.next_id,
            "settings": asdict(double.settings),
            "webhook": double.webhooks.to_state(),
        }


def load_state(double: DattoDouble, state: dict[str, Any]) -> None:
    """Lay kept changes over a freshly seeded double."""
    with double.lock:
        for values in state["sites"]:
            values["variables"] = {int(number): row for number, row in values["variables"].items()}
            site = Site(**values)
            double.sites[site.uid] = site
            double.devices_by_site.setdefault(site.uid, {})
            double.changed_sites.add(site.uid)
        for values in state["devices"]:
            double.put_device(_device(values))
        for values in state["purged"]:
            gone = _device(values)
            if gone.uid in double.devices:
                double.drop_device(gone.uid)
            double.purged[gone.uid] = gone
        double.udf_labels = {int(number): UdfLabel(**row) for number, row in state["udf_labels"].items()}
        for values in sorted(state["alerts"], key=lambda row: row["timestamp"]):
            double.put_alert(Alert(**values))
        double.variables = {row["id"]: row for row in state["variables"]}
        double.jobs = {row["uid"]: row for row in state["jobs"]}
        double.activities.extend(state["activities"])
        double.tokens = dict(state["tokens"])
        double.next_id = state["next_id"]
        for name, value in state["settings"].items():
            double.settings.change(name, value)
        double.webhooks.config.change(state["webhook"])


def _device(values: dict[str, Any]) -> Device:
    values["macs"] = tuple(values["macs"])
    values["patches"] = tuple(values["patches"])
    values["antivirus"] = tuple(values["antivirus"]) if values["antivirus"] else None
    values["udf"] = {int(number): text for number, text in values["udf"].items()}
    return Device(**values)
