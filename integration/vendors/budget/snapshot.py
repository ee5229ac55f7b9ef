"""What the governor knows at one moment, for dashboards and metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from integration.vendors.budget.lanes import Lane


@dataclass(frozen=True, slots=True)
class MeterSnapshot:
    """One sliding window.

    Attributes:
        limit: in force now: what the vendor reported, else what the policy says.
        used_by_others: estimate from the last time the vendor's own counter was read.
        learned_at: when that was, None when never (or too long ago to count).
    """

    name: str
    limit: int
    window_seconds: int
    used_by_us: int
    used_by_others: int
    learned_at: datetime | None

    @property
    def used_share(self) -> float:
        """Return the used part of the limit, 0 to 1 and above."""
        return (self.used_by_us + self.used_by_others) / self.limit


@dataclass(frozen=True, slots=True)
class BudgetSnapshot:
    """State of one vendor's budget.

    Attributes:
        meters: every window of the policy (not the per-operation ones), the main one first.
        shares: part of the limit each lane may go to.
        used_by_lane: our calls per lane in the main window.
        blocked_until: aware UTC, None when calls may go out.
        block_reason: why, empty when not blocked.
        slots_in_use: concurrent calls per endpoint, endpoints without any left out.
        slots_per_endpoint: None when the vendor has no such limit.
    """

    vendor: str
    meters: tuple[MeterSnapshot, ...]
    shares: Mapping[Lane, float]
    used_by_lane: Mapping[Lane, int]
    blocked_until: datetime | None
    block_reason: str
    slots_in_use: Mapping[str, int]
    slots_per_endpoint: int | None

    @property
    def limit(self) -> int:
        """Return the main window's limit."""
        return self.meters[0].limit

    @property
    def window_seconds(self) -> int:
        """Return the main window's length."""
        return self.meters[0].window_seconds

    @property
    def used_by_us(self) -> int:
        """Return our calls in the main window."""
        return self.meters[0].used_by_us

    @property
    def used_by_others(self) -> int:
        """Return strangers' calls in the main window, as far as we know."""
        return self.meters[0].used_by_others

    @property
    def used_share(self) -> float:
        """Return the used part of the main limit, 0 to 1 and above."""
        return self.meters[0].used_share
