"""When a sweep may mark what it did not see as missing. Pure."""

from __future__ import annotations

from dataclasses import dataclass

#: The guard lets this share of what is known go missing in one run, and always this many.
MISSING_SHARE = 0.2
MISSING_ALWAYS = 10


@dataclass(frozen=True, slots=True)
class SweepVerdict:
    """Whether to mark missing objects; `reason` is empty when allowed."""

    is_allowed: bool
    reason: str = ""


def judge_sweep(
    *, noun: str, known: int, missing: int, is_large_change_allowed: bool = False
) -> SweepVerdict:
    """Return whether a complete sweep may mark `missing` of `known` active objects.

    Args:
        noun: plural, such as "devices".
        known: active objects before the sweep.
        missing: those of them the vendor did not return.
        is_large_change_allowed: a person has looked and allowed it.
    """
    if missing <= MISSING_ALWAYS or missing <= known * MISSING_SHARE or is_large_change_allowed:
        return SweepVerdict(is_allowed=True)
    return SweepVerdict(
        is_allowed=False,
        reason=(
            f"{missing} of {known} known {noun} were not returned. More than {MISSING_SHARE:.0%} at once is more "
            "likely a vendor fault or a narrowed API user than the truth, so none was marked missing."
        ),
    )
