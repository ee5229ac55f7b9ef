"""What a ticket's resolution says when its alert is over: how long, what cleared it, when. Pure and honest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum


class ClearedBy(StrEnum):
    """What ended the alert."""

    ITSELF = "itself"
    AUTO_RESOLVE = "auto_resolve"
    PERSON = "person"
    US = "us"
    UNKNOWN = "unknown"


#: Names that Datto RMM gives itself in `resolvedBy`.
SYSTEM_NAMES = frozenset(
    {"", "system", "monitor", "agent", "auto", "autoresolve", "auto-resolve", "auto resolve"}
)


def who_cleared(*, resolved_by: str, by_us: bool, auto_resolve_minutes: int | None = None) -> ClearedBy:
    """Return what ended an alert.

    Args:
        resolved_by: `resolvedBy` of the alert.
        by_us: True when RMM Bridge resolved it because its ticket was completed.
        auto_resolve_minutes: `autoresolveMins` of the alert; None when unknown or off.
    """
    if by_us:
        return ClearedBy.US
    if resolved_by.strip().lower() not in SYSTEM_NAMES:
        return ClearedBy.PERSON
    return ClearedBy.AUTO_RESOLVE if auto_resolve_minutes else ClearedBy.ITSELF


def render_resolution(
    *,
    raised_at: datetime | None,
    cleared_at: datetime | None,
    cleared_by: ClearedBy,
    person: str = "",
    auto_resolve_minutes: int | None = None,
) -> str:
    """Return one sentence.

    Such as: The alert cleared by itself after 12 min (raised 2026-11-24 10:02 UTC, cleared 10:14 UTC).

    Args:
        raised_at: aware; None when unknown.
        cleared_at: aware; None when unknown.
        cleared_by: what ended it.
        person: who, for `ClearedBy.PERSON`.
        auto_resolve_minutes: the monitor's delay, for `ClearedBy.AUTO_RESOLVE`.
    """
    return f"{_subject(cleared_by, person, auto_resolve_minutes)}{_after(raised_at, cleared_at)}{_when(raised_at, cleared_at)}."


def format_duration(duration: timedelta) -> str:
    """Return a duration in its two largest units, such as "2 h 5 min" or "40 s"."""
    seconds = int(duration.total_seconds())
    if seconds < 60:  # noqa: PLR2004 - seconds of a minute
        return f"{seconds} s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86_400
    if not hours:
        return f"{minutes} min"
    if not days:
        return f"{hours} h {minutes % 60} min" if minutes % 60 else f"{hours} h"
    rest = hours % 24
    unit = "day" if days == 1 else "days"
    return f"{days} {unit} {rest} h" if rest else f"{days} {unit}"


def format_moment(moment: datetime) -> str:
    """Return an aware datetime as `2026-11-24 10:02 UTC`."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _subject(cleared_by: ClearedBy, person: str, minutes: int | None) -> str:
    if cleared_by is ClearedBy.ITSELF:
        return "The alert cleared by itself"
    if cleared_by is ClearedBy.AUTO_RESOLVE:
        after = f" ({minutes} min without the trouble)" if minutes else ""
        return f"The alert was cleared by its monitor's auto-resolve{after}"
    if cleared_by is ClearedBy.PERSON:
        return f"The alert was resolved by {person.strip() or 'a person'} in Datto RMM"
    if cleared_by is ClearedBy.US:
        return "The alert was resolved by RMM Bridge because its ticket was completed"
    return "The alert is over; Datto RMM does not say what cleared it"


def _after(raised_at: datetime | None, cleared_at: datetime | None) -> str:
    """Say nothing rather than something wrong: clocks differ, so a clear can seem to come before the raise."""
    if raised_at is None or cleared_at is None or cleared_at < raised_at:
        return ""
    return f" after {format_duration(cleared_at - raised_at)}"


def _when(raised_at: datetime | None, cleared_at: datetime | None) -> str:
    if raised_at is None and cleared_at is None:
        return " (times unknown)"
    if raised_at is None:
        assert cleared_at is not None  # noqa: S101 - both None is handled above; tells the type checker
        return f" (cleared {format_moment(cleared_at)}; when it was raised is unknown)"
    if cleared_at is None:
        return f" (raised {format_moment(raised_at)}; when it cleared is unknown)"
    same_day = raised_at.astimezone(UTC).date() == cleared_at.astimezone(UTC).date()
    cleared = f"{cleared_at.astimezone(UTC):%H:%M} UTC" if same_day else format_moment(cleared_at)
    return f" (raised {format_moment(raised_at)}, cleared {cleared})"
