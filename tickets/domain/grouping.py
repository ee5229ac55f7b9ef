"""Which ticket an alert goes to, once it is to have one: a new one, an open one, or one that is opened again. Pure.

The caller gathers what is around the alert, from the database or from a replay's memory; `place` decides. First match
wins: the same condition, a storm, a condition that was over, related alerts, the circuit breaker, a ticket of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from tickets.domain.settings.catalogue import RelatedEffect, RelatedGroup, RepeatEffect
from tickets.domain.settings.rows import EffectiveSettings

#: Datto RMM's priorities by urgency, for comparing; unknown ones count as Moderate.
_URGENCY: Final = {"Critical": 4, "High": 3, "Moderate": 2, "Unknown": 2, "Low": 1, "Information": 0}


class TicketKind(StrEnum):
    """What a ticket stands for."""

    SINGLE = "single"
    SITE = "site"
    FLEET = "fleet"
    BREAKER = "breaker"
    REQUEST = "request"


class Placement(StrEnum):
    """Where an alert goes."""

    NEW = "new"
    JOIN = "join"
    REOPEN = "reopen"
    NOTE = "note"
    HOLD = "hold"


class Because(StrEnum):
    """Why it goes there; one word for machines, filters and counts."""

    OWN = "own"
    REPEAT = "repeat"
    SITE_STORM = "site_storm"
    SITE_WATCH = "site_watch"
    FLEET_STORM = "fleet_storm"
    BREAKER = "breaker"
    RELATED = "related"
    PROBLEM = "problem"
    RETURNED = "returned"
    BY_HAND = "by_hand"


@dataclass(frozen=True, slots=True)
class StormPolicy:
    """When many alerts are one trouble. Counts of 0 switch a storm off.

    Attributes:
        site_devices, site_percent: so many devices of a site, and at least that share of them, with one monitor.
        site_minutes: counted over so long.
        watch_seconds: so long the second alert of a site waits to see whether it becomes a storm.
        fleet_sites, fleet_minutes: so many sites with one monitor, within so long.
        breaker_per_minute: tickets made in a minute, above which alerts are grouped by site.
        breaker_percent: share of Autotask's hourly requests that new tickets may take before the same happens.
        calls_per_hour: Autotask's requests of an hour, of which that share is.
        flap_changes, flap_minutes: so many times raised or cleared within so long is flapping.
    """

    site_devices: int = 3
    site_percent: int = 30
    site_minutes: int = 10
    watch_seconds: int = 60
    fleet_sites: int = 10
    fleet_minutes: int = 15
    breaker_per_minute: int = 30
    breaker_percent: int = 30
    calls_per_hour: int = 10_000
    flap_changes: int = 6
    flap_minutes: int = 60


@dataclass(frozen=True, slots=True)
class TicketRef:
    """A ticket that an alert may go to.

    Attributes:
        priority: of the alert it was made for, as Datto RMM names it.
        completed_at, completed_by_us: None and False while it is open.
    """

    id: int
    number: str
    kind: str = TicketKind.SINGLE
    priority: str = "Unknown"
    completed_at: datetime | None = None
    completed_by_us: bool = False


@dataclass(frozen=True, slots=True)
class Around:
    """What is around an alert.

    Attributes:
        open_ticket: the open ticket of the same condition.
        last_ticket: the last completed one of the same condition.
        state_changes: how often the condition was raised or cleared within the policy's time, this time included.
        related: the open ticket of the related group, made within the window.
        site_ticket: the site's open storm ticket for this monitor.
        site_first: the site's open ticket of the first device with this monitor, which a storm takes over.
        site_firing: devices of the site with this monitor within the policy's time, this one included.
        site_total: devices of the site.
        fleet_ticket: the open storm ticket of this monitor.
        fleet_firing: sites with this monitor within the policy's time, this one included.
        created_last_minute: tickets made within a minute.
        budget_percent: share of the hourly requests that new tickets took, 0 to 100.
        breaker_ticket: the open ticket of this site's grouped alerts.
        watched_since: when the alert began to wait whether its site becomes a storm.
    """

    open_ticket: TicketRef | None = None
    last_ticket: TicketRef | None = None
    state_changes: int = 0
    related: TicketRef | None = None
    site_ticket: TicketRef | None = None
    site_first: TicketRef | None = None
    site_firing: int = 1
    site_total: int = 0
    fleet_ticket: TicketRef | None = None
    fleet_firing: int = 1
    created_last_minute: int = 0
    budget_percent: int = 0
    breaker_ticket: TicketRef | None = None
    watched_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """Where an alert goes, and why.

    Attributes:
        ticket_id: of JOIN, REOPEN and NOTE.
        kind: of the ticket, new or taken over.
        takes_over: the joined ticket becomes a ticket of this kind.
        previous_id: the ticket a new one names as the old one.
        problem_id: the ticket a new one is an incident of.
        until: when a held alert is looked at again.
        adds_item: the device becomes an additional configuration item of the joined ticket.
    """

    placement: Placement
    because: Because
    reason: str
    ticket_id: int | None = None
    kind: TicketKind = TicketKind.SINGLE
    takes_over: bool = False
    previous_id: int | None = None
    problem_id: int | None = None
    until: datetime | None = None
    adds_item: bool = False


def place(
    around: Around,
    settings: EffectiveSettings,
    policy: StormPolicy,
    *,
    priority: str,
    is_security: bool,
    raised_at: datetime,
    now: datetime,
) -> Placed:
    """Return which ticket an alert goes to.

    Args:
        around: what is around it.
        settings: what applies to it.
        policy: when many alerts are one trouble.
        priority: Datto's priority of the alert, shifted by its site.
        is_security: storms and relations are not for security alerts: each is looked at by itself.
        raised_at, now: aware.
    """
    if around.open_ticket is not None:
        words = f"Ticket {around.open_ticket.number} is open for the same condition."
        return Placed(Placement.JOIN, Because.REPEAT, words, around.open_ticket.id)
    if not is_security:
        storm = _site_storm(around, settings, policy, now) or _fleet_storm(around, policy)
        if storm is not None:
            return storm
    returned = _returned(around, settings, raised_at)
    if returned is not None:
        return returned
    if not is_security:
        grouped = _related(around, settings, priority) or _breaker(around, policy)
        if grouped is not None:
            return grouped
    return Placed(Placement.NEW, Because.OWN, "")


def site_threshold(policy: StormPolicy, site_total: int) -> int:
    """Return how many devices of a site make a storm."""
    share = -(-site_total * policy.site_percent // 100)
    return max(policy.site_devices, share)


def is_flapping(state_changes: int, policy: StormPolicy) -> bool:
    """Return whether a condition comes and goes too often for single notes and for closing at once."""
    return bool(policy.flap_changes) and state_changes >= policy.flap_changes


def _site_storm(
    around: Around, settings: EffectiveSettings, policy: StormPolicy, now: datetime
) -> Placed | None:
    if around.site_ticket is not None:
        words = f"Ticket {around.site_ticket.number} stands for this monitor at the whole site."
        return Placed(
            Placement.JOIN,
            Because.SITE_STORM,
            words,
            around.site_ticket.id,
            kind=TicketKind.SITE,
            adds_item=True,
        )
    if not policy.site_devices or not settings.flag("group_by_site"):
        return None
    threshold = site_threshold(policy, around.site_total)
    counted = f"{around.site_firing} of {around.site_total} devices of the site within {policy.site_minutes} minutes"
    if around.site_firing >= threshold:
        if around.site_first is None:
            return Placed(
                Placement.NEW,
                Because.SITE_STORM,
                f"{counted}: one ticket for the site.",
                kind=TicketKind.SITE,
            )
        words = f"{counted}: ticket {around.site_first.number} now stands for the site."
        return Placed(
            Placement.JOIN,
            Because.SITE_STORM,
            words,
            around.site_first.id,
            kind=TicketKind.SITE,
            takes_over=True,
            adds_item=True,
        )
    if around.site_firing > 1 and policy.watch_seconds:
        until = (around.watched_since or now) + timedelta(seconds=policy.watch_seconds)
        if until > now:
            words = (
                f"{counted}: held for {policy.watch_seconds} seconds to see whether the whole site is down."
            )
            return Placed(Placement.HOLD, Because.SITE_WATCH, words, until=until)
    return None


def _fleet_storm(around: Around, policy: StormPolicy) -> Placed | None:
    if around.fleet_ticket is not None:
        words = f"Ticket {around.fleet_ticket.number} stands for this monitor at many sites."
        return Placed(
            Placement.JOIN, Because.FLEET_STORM, words, around.fleet_ticket.id, kind=TicketKind.FLEET
        )
    if policy.fleet_sites and around.fleet_firing >= policy.fleet_sites:
        words = (
            f"{around.fleet_firing} sites with this monitor within {policy.fleet_minutes} minutes: one ticket of your "
            "own organization; tickets of single organizations are held."
        )
        return Placed(Placement.NEW, Because.FLEET_STORM, words, kind=TicketKind.FLEET)
    return None


def _returned(around: Around, settings: EffectiveSettings, raised_at: datetime) -> Placed | None:
    """The condition had a ticket that was completed not long ago."""
    last = around.last_ticket
    if last is None or last.completed_at is None:
        return None
    window = timedelta(minutes=settings.number("repeat_window_minutes"))
    if raised_at - last.completed_at > window:
        return None
    effect = settings.choice("repeat_effect")
    if effect == RepeatEffect.SMART:
        effect = RepeatEffect.REOPEN if last.completed_by_us else RepeatEffect.NEW_LINKED
    by = "by RMM Bridge" if last.completed_by_us else "in Autotask"
    ended = f"Ticket {last.number} of the same condition was completed {by} at {last.completed_at:%Y-%m-%d %H:%M} UTC"
    if effect == RepeatEffect.REOPEN:
        return Placed(Placement.REOPEN, Because.RETURNED, f"{ended}: it is reopened.", last.id)
    if effect == RepeatEffect.NOTE:
        return Placed(Placement.NOTE, Because.RETURNED, f"{ended}: only a note is written to it.", last.id)
    if effect == RepeatEffect.NEW_LINKED:
        words = f"{ended}: a new ticket names it."
        return Placed(Placement.NEW, Because.RETURNED, words, previous_id=last.id)
    return None


def _related(around: Around, settings: EffectiveSettings, priority: str) -> Placed | None:
    leader = around.related
    group = settings.choice("related_group")
    if leader is None or group == RelatedGroup.NONE:
        return None
    minutes = settings.number("related_window_minutes")
    of = {"device": "device", "monitor": "monitor", "network": "network", "host": "host"}.get(group, "site")
    words = f"Ticket {leader.number} of the same {of} was made within {minutes} minutes"
    if settings.choice("related_effect") == RelatedEffect.PROBLEM:
        return Placed(
            Placement.NEW,
            Because.PROBLEM,
            f"{words}: this one becomes an incident of it.",
            problem_id=leader.id,
        )
    if _URGENCY.get(priority, 2) > _URGENCY.get(leader.priority, 2):
        # It would be read too late inside a less urgent ticket.
        return None
    return Placed(
        Placement.JOIN,
        Because.RELATED,
        f"{words}: this alert joins it.",
        leader.id,
        adds_item=settings.choice("related_effect") == RelatedEffect.ITEM,
    )


def _breaker(around: Around, policy: StormPolicy) -> Placed | None:
    too_fast = policy.breaker_per_minute > 0 and around.created_last_minute >= policy.breaker_per_minute
    too_dear = policy.breaker_percent > 0 and around.budget_percent >= policy.breaker_percent
    if not too_fast and not too_dear:
        return None
    why = (
        f"{around.created_last_minute} tickets were made within a minute"
        if too_fast
        else f"New tickets took {around.budget_percent} % of Autotask's hourly requests"
    )
    if around.breaker_ticket is not None:
        words = f"{why}: this alert joins ticket {around.breaker_ticket.number} of its site."
        return Placed(
            Placement.JOIN, Because.BREAKER, words, around.breaker_ticket.id, kind=TicketKind.BREAKER
        )
    return Placed(Placement.NEW, Because.BREAKER, f"{why}: one ticket for the site.", kind=TicketKind.BREAKER)
