"""Whether a run may change as much as it plans to. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from mappings.domain.devices.facts import PolicyFacts
from mappings.domain.devices.plans import DevicePlan


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a run may go on by itself; `reason` is empty when it may."""

    is_allowed: bool
    reason: str = ""


def count_guarded(plan: DevicePlan) -> int:
    """Return how much a plan adds to what the guard counts: 1 when it changes something that was settled."""
    return int(any(change.is_guarded for change in plan.changes))


def judge_changes(changed: int, linked: int, policy: PolicyFacts) -> Verdict:
    """Return whether a run may change so many devices without asking.

    Args:
        changed: sum of `count_guarded` over all plans of the run.
        linked: devices with a configuration item before the run.
    """
    if changed <= policy.guard_always or changed * 100 <= linked * policy.guard_share_percent:
        return Verdict(is_allowed=True)
    return Verdict(
        is_allowed=False,
        reason=(
            f"The run would change {changed} of {linked} linked configuration items, more than "
            f"{policy.guard_share_percent} %. Nothing was written. Look at the plan and apply it if it is right."
        ),
    )
