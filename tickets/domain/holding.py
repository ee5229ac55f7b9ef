"""What keeps an alert from a ticket for a while: silences, maintenance windows, the hold-off. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tickets.domain.rules.conditions import Conditions, Hours, RuleFacts, applies

#: So long Datto's own integration may take to say which ticket it made.
_NATIVE_TAKES = timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class SilenceFacts:
    """A silence or maintenance window.

    Attributes:
        what: which alerts it is for; several conditions must all fit.
        starts_at, ends_at: aware; no end when it ends with a ticket.
        ticket: number of the ticket it ends with, empty for none.
        hours: it repeats in this weekly window; None means all the time between start and end.
        holds: alerts are held to the end instead of hidden.
    """

    id: int
    name: str
    what: Conditions
    starts_at: datetime
    ends_at: datetime | None
    reason: str = ""
    owner: str = ""
    ticket: str = ""
    hours: Hours | None = None
    holds: bool = False

    def is_active(self, at: datetime) -> bool:
        """Return whether it is in force at an aware moment."""
        if at < self.starts_at or (self.ends_at is not None and at >= self.ends_at):
            return False
        return self.hours is None or self.hours.covers(at)

    def ends_after(self, at: datetime) -> datetime | None:
        """Return when the present window ends; None when that is not known beforehand."""
        if self.hours is None:
            return self.ends_at
        step = timedelta(minutes=5)
        probe = at
        for _ in range(7 * 24 * 12):
            probe += step
            if not self.is_active(probe):
                return probe
        return self.ends_at


@dataclass(frozen=True, slots=True)
class Hold:
    """An alert waits.

    Attributes:
        cause: one word for machines: hold_off, maintenance or silence.
        until: when it is looked at again; None when a silence ends with a ticket.
        silence_id: of a silence or maintenance window.
        is_hidden: silenced rather than held.
    """

    cause: str
    reason: str
    until: datetime | None
    silence_id: int | None = None
    is_hidden: bool = False


def find_silence(silences: Iterable[SilenceFacts], facts: RuleFacts, now: datetime) -> Hold | None:
    """Return what the first silence in force that fits does to an alert; maintenance windows come first."""
    for silence in sorted(silences, key=lambda one: (not one.holds, one.id)):
        if not silence.is_active(now) or not applies(silence.what, facts):
            continue
        until = silence.ends_after(now)
        end = f"until {until:%Y-%m-%d %H:%M} UTC" if until else f"until ticket {silence.ticket} is completed"
        why = f" Reason: {silence.reason}" if silence.reason else ""
        owner = f" by {silence.owner}" if silence.owner else ""
        if silence.holds:
            return Hold(
                "maintenance",
                f"Held {end} by maintenance window \u201c{silence.name}\u201d{owner}.{why}",
                until,
                silence.id,
            )
        return Hold(
            "silence",
            f"Silenced {end} by \u201c{silence.name}\u201d{owner}.{why}",
            until,
            silence.id,
            is_hidden=True,
        )
    return None


def find_hold_off(minutes: int, origin: str, raised_at: datetime, now: datetime) -> Hold | None:
    """Return the wait for an alert that may clear by itself; None when the time is over."""
    until = raised_at + timedelta(minutes=minutes)
    if minutes <= 0 or until <= now:
        return None
    return Hold(
        "hold_off",
        f"Held until {until:%Y-%m-%d %H:%M:%S} UTC: no ticket if it clears within {minutes} minutes ({origin}).",
        until,
    )


def find_native_wait(raised_at: datetime, now: datetime) -> Hold | None:
    """Return the wait for the number of the ticket that Datto's own integration is making; None when it took too long."""
    until = raised_at + _NATIVE_TAKES
    if until <= now:
        return None
    return Hold(
        "native_pending",
        "Datto RMM's own integration is making a ticket for it: held until that has its number, at most to "
        f"{until:%H:%M:%S} UTC. A second ticket would double it.",
        until,
    )
