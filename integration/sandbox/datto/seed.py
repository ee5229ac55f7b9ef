"""What fills the Datto double at the start, and small things its parts share."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from .model import Alert, Device, Monitor, Site, UdfLabel


class NotFoundError(LookupError):
    """The named site, device or alert does not exist."""


@dataclass(slots=True)
class DattoSeed:
    """Everything a world puts into the double; `history_table` deals out the past (see `History`)."""

    seed: int
    now_ms: int
    sites: list[Site] = field(default_factory=list)
    devices: list[Device] = field(default_factory=list)
    monitors: list[Monitor] = field(default_factory=list)
    open_alerts: list[Alert] = field(default_factory=list)
    alerts_per_day: int = 0
    history_table: list[tuple[str, int]] = field(default_factory=list)
    users: list[dict[str, Any]] = field(default_factory=list)
    components: list[dict[str, Any]] = field(default_factory=list)
    udf_labels: dict[int, UdfLabel] = field(default_factory=dict)
    account_name: str = "Sandbox MSP"


def now_ms() -> int:
    """Return the present as epoch milliseconds."""
    return int(time.time() * 1000)
