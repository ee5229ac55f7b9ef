"""What a benchmark measured."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Result:
    """One figure.

    Attributes:
        goal: in words, such as "<= 3"; empty when there is none.
        is_met: False when the goal was missed.
    """

    name: str
    value: float
    unit: str
    goal: str = ""
    is_met: bool = True

    def to_json(self) -> dict[str, Any]:
        """Return the figure as JSON."""
        return asdict(self)


def percentile(values: list[float], share: float) -> float:
    """Return the smallest value that `share` of all values do not exceed.

    Raises:
        ValueError: no values.
    """
    if not values:
        raise ValueError("nothing was measured")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered) + 0.5) - 1))]
