"""What a vendor allows, and how we share it between our own lanes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from integration.vendors.budget.lanes import Lane


class Counts(StrEnum):
    """Which calls a meter counts."""

    ALL = "all"
    READS = "reads"
    WRITES = "writes"


@dataclass(frozen=True, slots=True)
class Meter:
    """A sliding window.

    Attributes:
        name: key in Redis and in snapshots, such as "reads".
        limit: calls allowed in any window, ours and strangers'.
        window_seconds: length of the window.
        bucket_seconds: grain of counting; a call may count this much too long, never too short.
    """

    name: str
    limit: int
    window_seconds: int
    bucket_seconds: int = 1
    counts: Counts = Counts.ALL

    def __post_init__(self) -> None:
        if self.limit < 1:
            raise ValueError(f"{self.name}: limit must be 1 or more")
        if self.bucket_seconds < 1 or self.window_seconds < 1 or self.window_seconds % self.bucket_seconds:
            raise ValueError(
                f"{self.name}: window_seconds must be a multiple of bucket_seconds, both 1 or more"
            )

    def counts_call(self, *, is_write: bool) -> bool:
        """Return whether a call of this kind is counted here."""
        return self.counts is Counts.ALL or (self.counts is Counts.WRITES) == is_write


_PATIENCE_SECONDS: Final[Mapping[Lane, float]] = MappingProxyType(
    {
        Lane.NEW_TICKET: 20.0,
        Lane.INTAKE: 20.0,
        Lane.CLOSE: 30.0,
        Lane.INTERACTIVE: 10.0,
        Lane.NOTE: 45.0,
        Lane.BACKGROUND: 60.0,
    }
)


@dataclass(frozen=True, slots=True)
class VendorPolicy:
    """Limits of one vendor and the reserve of each lane.

    Attributes:
        meters: sliding windows; the first one is what dashboards show.
        shares: part of a limit (0 to 1) up to which a lane may go, counting all use; the rest is reserve.
        patience_seconds: how long a lane waits for a permit before RateLimited.
        operation_limit: default limit per write operation and window, None when the vendor has none.
        operation_limits: exceptions from operation_limit by operation name.
        operation_window_seconds: window of operation limits.
        slots_per_endpoint: concurrent calls per endpoint, None when unlimited.
        lease_seconds: a slot that is not given back is free again after this time; must exceed the longest call.
        pacing: (use 0 to 1, least seconds between two background calls) from low to high.
        default_retry_after_seconds: after a 429 that names no time.
        forbidden_block_seconds: pause when a 403 means an IP block, None when the vendor does not do that.
        forbidden_endpoints: so many different endpoints answering 403 within a minute mean an IP block.
        forbidden_after_429_seconds: a 403 this soon after a 429 means an IP block.
        learn_every_seconds: how often strangers' use is asked for at most.
        others_hold_seconds: what we learned counts in full this long, then fades to nothing in the same time.
    """

    meters: tuple[Meter, ...]
    shares: Mapping[Lane, float]
    patience_seconds: Mapping[Lane, float] = field(default_factory=lambda: _PATIENCE_SECONDS)
    operation_limit: int | None = None
    operation_limits: Mapping[str, int] = field(default_factory=dict)
    operation_window_seconds: int = 60
    slots_per_endpoint: int | None = None
    lease_seconds: float = 180.0
    pacing: tuple[tuple[float, float], ...] = ()
    default_retry_after_seconds: float = 60.0
    forbidden_block_seconds: float | None = None
    forbidden_endpoints: int = 5
    forbidden_after_429_seconds: float = 120.0
    learn_every_seconds: float = 240.0
    others_hold_seconds: float = 1800.0

    def __post_init__(self) -> None:
        if not self.meters:
            raise ValueError("meters: at least one is needed")
        for name, values in (("shares", self.shares), ("patience_seconds", self.patience_seconds)):
            if missing := [lane.value for lane in Lane if lane not in values]:
                raise ValueError(f"{name}: no value for {', '.join(missing)}")
        if wrong := [lane.value for lane, share in self.shares.items() if not 0 < share <= 1]:
            raise ValueError(f"shares: must lie above 0 and up to 1, not so for {', '.join(wrong)}")
        if self.slots_per_endpoint is not None and self.slots_per_endpoint < 1:
            raise ValueError("slots_per_endpoint: must be 1 or more, or None")

    def meters_for(self, *, is_write: bool, operation: str) -> tuple[Meter, ...]:
        """Return the windows a call counts in."""
        found = tuple(meter for meter in self.meters if meter.counts_call(is_write=is_write))
        if is_write and operation and self.operation_limit is not None:
            return (*found, self.operation_meter(operation))
        return found

    def operation_meter(self, operation: str) -> Meter:
        """Return the window of one write operation."""
        limit = self.operation_limits.get(operation, self.operation_limit or 1)
        return Meter(f"op:{operation}", limit, self.operation_window_seconds, counts=Counts.WRITES)

    def slots_for(self, lane: Lane) -> int | None:
        """Return how many slots of an endpoint this lane may fill; background leaves the last one free."""
        if self.slots_per_endpoint is None:
            return None
        if lane is Lane.BACKGROUND:
            return max(1, self.slots_per_endpoint - 1)
        return self.slots_per_endpoint


def autotask_policy(
    *,
    limit: int = 10_000,
    threads_per_endpoint: int = 3,
    patience_seconds: Mapping[Lane, float] | None = None,
) -> VendorPolicy:
    """Return Autotask's limits: a rolling hour shared by every integration of the database, threads per object."""
    return VendorPolicy(
        meters=(Meter("hour", limit, window_seconds=3600, bucket_seconds=10),),
        shares={
            Lane.NEW_TICKET: 0.98,
            Lane.INTAKE: 0.98,
            Lane.CLOSE: 0.92,
            Lane.INTERACTIVE: 0.92,
            Lane.NOTE: 0.80,
            Lane.BACKGROUND: 0.60,
        },
        patience_seconds=patience_seconds or _PATIENCE_SECONDS,
        slots_per_endpoint=threads_per_endpoint,
        # Autotask itself slows every caller down by half a second from 50 % and by a second from 75 %.
        pacing=((0.50, 0.5), (0.75, 1.0)),
        learn_every_seconds=240.0,
        others_hold_seconds=1800.0,
    )


def datto_rmm_policy(
    *,
    read_limit: int = 600,
    write_limit: int = 600,
    operation_limit: int = 100,
    patience_seconds: Mapping[Lane, float] | None = None,
) -> VendorPolicy:
    """Return Datto RMM's limits: a sliding minute for the account, reads and writes apart, a limit per write."""
    return VendorPolicy(
        meters=(
            Meter("reads", read_limit, window_seconds=60, counts=Counts.READS),
            Meter("writes", write_limit, window_seconds=60, counts=Counts.WRITES),
        ),
        # From 90 % the server delays everybody: only what makes tickets goes there.
        shares={
            Lane.NEW_TICKET: 0.98,
            Lane.INTAKE: 0.98,
            Lane.CLOSE: 0.90,
            Lane.INTERACTIVE: 0.88,
            Lane.NOTE: 0.80,
            Lane.BACKGROUND: 0.60,
        },
        patience_seconds=patience_seconds or _PATIENCE_SECONDS,
        operation_limit=operation_limit,
        operation_limits={"device-udf-set": 600},
        forbidden_block_seconds=300.0,
        learn_every_seconds=180.0,
        others_hold_seconds=400.0,
    )
