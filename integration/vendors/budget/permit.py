"""Leave for one call, and the governor's talk with its Redis scripts in both directions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from integration.vendors.budget.lanes import Lane
from integration.vendors.budget.policy import Meter, VendorPolicy


@dataclass(slots=True)
class Permit:
    """Leave for one call.

    Attributes:
        succeeded: set by the caller when the vendor answered well; ends a suspicion of being blocked.
        trouble: a 429 or 403 was seen lately.
        lease_seconds: how long the slot is held without `Governor.renew`.
    """

    token: str
    lease_seconds: float = 180.0
    succeeded: bool = False
    trouble: bool = False
    frees_slot: bool = True

    def leave_slot_taken(self) -> None:
        """Keep the endpoint's slot for the policy's lease, because the vendor still works on the call we gave up."""
        self.frees_slot = False


def wire_meter(meter: Meter) -> dict[str, object]:
    """Return a window as the scripts take it."""
    return {
        "name": meter.name,
        "limit": meter.limit,
        "bucket_ms": meter.bucket_seconds * 1000,
        "buckets": meter.window_seconds // meter.bucket_seconds,
    }


def meter_named(policy: VendorPolicy, name: str) -> Meter:
    """Return a window of a policy.

    Raises:
        ValueError: when the policy has no such window.
    """
    for meter in policy.meters:
        if meter.name == name:
            return meter
    if name.startswith("op:") and policy.operation_limit is not None:
        return policy.operation_meter(name.removeprefix("op:"))
    raise ValueError(f"meter: {name!r} is not one of {', '.join(meter.name for meter in policy.meters)}")


def refusal(kind: str, detail: str, lane: Lane) -> str:
    """Return why there is no leave, in words."""
    if kind == "blocked":
        return f"calls are paused: {detail}"
    if kind == "budget":
        return (
            f"the shared budget ({detail}) is used up as far as {lane.value} calls may go; nothing was sent"
        )
    if kind == "slots":
        return f"all connections to {detail} are busy; nothing was sent"
    return "background calls are slowed down; nothing was sent"


def to_text(value: bytes | str) -> str:
    """Return text, whether Redis answers decoded or raw."""
    return value.decode() if isinstance(value, bytes) else value


def to_instant(milliseconds: int) -> datetime | None:
    """Return an aware UTC time, None for 0."""
    return datetime.fromtimestamp(int(milliseconds) / 1000, tz=UTC) if int(milliseconds) else None
