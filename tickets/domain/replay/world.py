"""A replay's memory: tickets and alerts with the indexes that the questions around an alert need. Pure.

It answers what `tickets.services.around` reads from the database. Nothing is scanned from its beginning: entries are
in the order of time, and each question stops at its window.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from tickets.domain.grouping import Around, StormPolicy, TicketKind, TicketRef
from tickets.domain.replay.facts import RecordedAlert
from tickets.domain.settings import EffectiveSettings
from tickets.domain.settings.catalogue import RelatedGroup

_CALLS_PER_TICKET: Final = 3
_BACKLOG: Final = timedelta(minutes=10)
_LONGEST_RELATED_MINUTES: Final = 60
_SLACK: Final = timedelta(minutes=1)


_Condition = tuple[str, int | None]
#: Stands for no organization's number.
_EVERYBODY: Final = -1


@dataclass(slots=True, eq=False)
class ReplayTicket:
    """A ticket that would have been.

    Attributes:
        leader: the alert it was made for.
        company: Autotask company id.
        rounds: how often it was completed or reopened; a wait that began in an earlier round is over.
        last_raised: when the newest of its alerts was raised.
        settings: of the alert that joined it last.
        conditions: of the alerts that joined it, besides its leader's.
        stays_open: by what applies to one of its alerts, it is not completed by itself.
        completes_at: when the wait ends that began when its last alert cleared.
    """

    id: int
    leader: RecordedAlert
    company: int | None
    kind: TicketKind
    priority: str
    created_at: datetime
    settings: EffectiveSettings
    last_raised: datetime
    is_open: bool = True
    completed_at: datetime | None = None
    completed_by_us: bool = False
    rounds: int = 0
    occurrences: int = 1
    noted: int = 1
    noted_at: datetime | None = None
    note_waits: bool = False
    open_alerts: int = 0
    items: int = 0
    is_escalated: bool = False
    security_type: str = ""
    conditions: set[str] = field(default_factory=set)
    stays_open: bool = False
    completes_at: datetime | None = None

    @property
    def scope(self) -> int | None:
        """Return whose conditions it stands for: those of its organization, or everybody's."""
        return _EVERYBODY if self.kind is TicketKind.FLEET else self.company

    @property
    def ref(self) -> TicketRef:
        """Return what decisions ask about it."""
        return TicketRef(
            self.id,
            f"R{self.id}",
            self.kind.value,
            self.priority,
            self.completed_at,
            self.completed_by_us,
        )


@dataclass(slots=True)
class World:
    """Everything a replay knows at one moment."""

    policy: StormPolicy
    tickets: list[ReplayTicket] = field(default_factory=list)
    #: Condition and whose -> the open ticket made for it; the newest one it joined; the last completed ones.
    open_by_condition: dict[_Condition, ReplayTicket] = field(default_factory=dict)
    joined_by_condition: dict[_Condition, ReplayTicket] = field(default_factory=dict)
    last_by_condition: dict[_Condition, ReplayTicket] = field(default_factory=dict)
    last_of_site: dict[_Condition, ReplayTicket] = field(default_factory=dict)
    storms: dict[tuple[str, str], ReplayTicket] = field(default_factory=dict)
    breakers: dict[str, ReplayTicket] = field(default_factory=dict)
    ticket_of: dict[str, ReplayTicket] = field(default_factory=dict)
    #: Group of related alerts -> its open tickets, the one that was joined last at the end.
    related: dict[tuple[str, object], dict[int, ReplayTicket]] = field(default_factory=dict)
    #: Open alerts of a monitor, oldest first; of a monitor at a site.
    by_monitor: dict[str, dict[str, RecordedAlert]] = field(default_factory=dict)
    by_place: dict[tuple[str, str], dict[str, RecordedAlert]] = field(default_factory=dict)
    made: deque[tuple[datetime, bool]] = field(default_factory=deque)
    #: Condition -> when it was raised, all of it: escalation counts over longer than flapping does.
    raises: dict[str, list[datetime]] = field(default_factory=dict)
    clears: dict[str, list[datetime]] = field(default_factory=dict)

    def alert_raised(self, alert: RecordedAlert) -> None:
        """Note that an alert is open."""
        self.by_monitor.setdefault(alert.monitor_key, {})[alert.uid] = alert
        self.by_place.setdefault((alert.monitor_key, alert.site), {})[alert.uid] = alert
        self.raises.setdefault(alert.condition, []).append(alert.raised_at)

    def alert_cleared(self, alert: RecordedAlert, now: datetime) -> None:
        """Note that an alert is over."""
        self.by_monitor[alert.monitor_key].pop(alert.uid, None)
        self.by_place[(alert.monitor_key, alert.site)].pop(alert.uid, None)
        self.clears.setdefault(alert.condition, []).append(now)

    def changes(self, condition: str, now: datetime) -> int:
        """Return how often a condition came or went within the policy's time."""
        since = now - timedelta(minutes=self.policy.flap_minutes)
        cleared = _count(self.clears.get(condition, ()), since)
        raised = _count(self.raises.get(condition, ()), since)
        return cleared + min(raised, cleared + 1)

    def count_raised(self, condition: str, since: datetime) -> int:
        """Return how often a condition was raised since then."""
        return _count(self.raises.get(condition, ()), since)

    def add(self, ticket: ReplayTicket, now: datetime) -> None:
        """Take in a new ticket."""
        self.tickets.append(ticket)
        self.made.append((now, now - ticket.leader.raised_at <= _BACKLOG))
        self.open(ticket)

    def open(self, ticket: ReplayTicket) -> None:
        """Have an open ticket found."""
        leader = ticket.leader
        self.open_by_condition[leader.condition, ticket.scope] = ticket
        for condition in ticket.conditions:
            self.joined_by_condition[condition, ticket.scope] = ticket
        if ticket.kind is TicketKind.SITE:
            self.storms[(leader.monitor_key, leader.site)] = ticket
        elif ticket.kind is TicketKind.FLEET:
            self.storms[(leader.monitor_key, "")] = ticket
        elif ticket.kind is TicketKind.BREAKER:
            self.breakers[leader.site] = ticket
        self.touch(ticket)

    def join(self, ticket: ReplayTicket, alert: RecordedAlert) -> None:
        """Note that an open ticket stands for an alert's condition, too."""
        if alert.condition != ticket.leader.condition:
            ticket.conditions.add(alert.condition)
            self.joined_by_condition[alert.condition, ticket.scope] = ticket

    def find_open(self, alert: RecordedAlert, company: int | None) -> ReplayTicket | None:
        """Return the open ticket that stands for an alert's condition: the one made for it, else the newest it joined."""
        for index in (self.open_by_condition, self.joined_by_condition):
            keys = ((alert.condition, company), (alert.condition, _EVERYBODY))
            found = [one for key in keys if (one := index.get(key)) is not None and one.is_open]
            if found:
                return max(found, key=lambda one: one.id)
        return None

    def _find_last(self, alert: RecordedAlert, company: int | None) -> ReplayTicket | None:
        """Return the last completed ticket of the condition; one of a whole site only right after it."""
        own = self.last_by_condition.get((alert.condition, company))
        site = self.last_of_site.get((alert.condition, company))
        since = alert.raised_at - timedelta(minutes=self.policy.site_minutes)
        if site is not None and (site.completed_at is None or site.completed_at < since):
            site = None
        found = [one for one in (own, site) if one is not None and one.completed_at is not None]
        return max(found, key=lambda one: one.completed_at or since, default=None)

    def touch(self, ticket: ReplayTicket) -> None:
        """Put a ticket at the end of its groups: it was joined just now."""
        if ticket.kind not in {TicketKind.SINGLE, TicketKind.SITE}:
            return
        for key in _groups(ticket.leader, ticket.company):
            group = self.related.setdefault(key, {})
            group.pop(ticket.id, None)
            group[ticket.id] = ticket

    def close(self, ticket: ReplayTicket) -> None:
        """Have a completed ticket found as the last of its condition only."""
        leader = ticket.leader
        last = {TicketKind.SINGLE: self.last_by_condition, TicketKind.SITE: self.last_of_site}.get(
            ticket.kind
        )
        for condition in (leader.condition, *ticket.conditions):
            whose = (condition, ticket.scope)
            for index in (self.open_by_condition, self.joined_by_condition):
                if index.get(whose) is ticket:
                    del index[whose]
            if last is not None:
                last[whose] = ticket
        for key in ((leader.monitor_key, leader.site), (leader.monitor_key, "")):
            if self.storms.get(key) is ticket:
                del self.storms[key]
        if self.breakers.get(leader.site) is ticket:
            del self.breakers[leader.site]
        for group_key in _groups(leader, ticket.company):
            self.related.get(group_key, {}).pop(ticket.id, None)

    def around(
        self,
        alert: RecordedAlert,
        settings: EffectiveSettings,
        *,
        company: int | None,
        site_total: int,
        watched_since: datetime | None,
        now: datetime,
    ) -> Around:
        """Return what is around an alert."""
        same = self.find_open(alert, company)
        if same is not None:
            return Around(open_ticket=same.ref)
        last = self._find_last(alert, company)
        related = self._related(alert, settings, company)
        firing, first = 1, None
        if settings.flag("group_by_site") and self.policy.site_devices:
            firing, first = self._at_site(alert)
        fast, hour = self._made(now)
        site_ticket = self.storms.get((alert.monitor_key, alert.site))
        fleet_ticket = self.storms.get((alert.monitor_key, ""))
        breaker = self.breakers.get(alert.site)
        return Around(
            last_ticket=last.ref if last is not None else None,
            related=related.ref if related is not None else None,
            site_ticket=site_ticket.ref if site_ticket is not None else None,
            site_first=first.ref if first is not None else None,
            site_firing=firing,
            site_total=site_total,
            fleet_ticket=fleet_ticket.ref if fleet_ticket is not None else None,
            fleet_firing=self._sites_firing(alert) if self.policy.fleet_sites else 1,
            created_last_minute=fast if now - alert.raised_at <= _BACKLOG else 0,
            budget_percent=100 * _CALLS_PER_TICKET * hour // self.policy.calls_per_hour,
            breaker_ticket=breaker.ref if breaker is not None else None,
            watched_since=watched_since,
        )

    def _related(
        self, alert: RecordedAlert, settings: EffectiveSettings, company: int | None
    ) -> ReplayTicket | None:
        group = settings.choice("related_group")
        if company is None or group == RelatedGroup.NONE:
            return None
        key = _group_key(group, alert, company)
        tickets = self.related.get(key) if key is not None else None
        if not tickets:
            return None
        minutes = min(settings.number("related_window_minutes"), _LONGEST_RELATED_MINUTES)
        since, until = alert.raised_at - timedelta(minutes=minutes), alert.raised_at + _SLACK
        found: ReplayTicket | None = None
        for ticket in reversed(tickets.values()):
            if ticket.last_raised < since:
                break
            if ticket.last_raised <= until and (found is None or ticket.id < found.id):
                found = ticket
        return found

    def _at_site(self, alert: RecordedAlert) -> tuple[int, ReplayTicket | None]:
        since = alert.raised_at - timedelta(minutes=self.policy.site_minutes)
        until = alert.raised_at + max(_SLACK, timedelta(seconds=self.policy.watch_seconds))
        devices, first = {alert.device}, None
        for one in reversed(self.by_place.get((alert.monitor_key, alert.site), {}).values()):
            if one.raised_at < since:
                break
            if one.raised_at > until:
                continue
            devices.add(one.device)
            ticket = self.ticket_of.get(one.uid)
            if (
                ticket is not None
                and ticket.is_open
                and ticket.kind is TicketKind.SINGLE
                and (ticket.leader.monitor_key, ticket.leader.site) == (alert.monitor_key, alert.site)
                and (first is None or ticket.id < first.id)
            ):
                first = ticket
        return len(devices), first

    def _sites_firing(self, alert: RecordedAlert) -> int:
        since = alert.raised_at - timedelta(minutes=self.policy.fleet_minutes)
        until = alert.raised_at + max(_SLACK, timedelta(seconds=self.policy.watch_seconds))
        sites = {alert.site}
        for one in reversed(self.by_monitor.get(alert.monitor_key, {}).values()):
            if one.raised_at < since:
                break
            if one.raised_at <= until:
                sites.add(one.site)
        return len(sites)

    def _made(self, now: datetime) -> tuple[int, int]:
        """Return tickets made within a minute for new alerts, and all within an hour."""
        hour, minute = now - timedelta(hours=1), now - timedelta(minutes=1)
        while self.made and self.made[0][0] <= hour:
            self.made.popleft()
        fast = 0
        for at, is_new in reversed(self.made):
            if at <= minute:
                break
            fast += is_new
        return fast, len(self.made)


def _count(moments: Sequence[datetime], since: datetime) -> int:
    """Return how many moments, which are in order, are not before `since`."""
    return len(moments) - bisect_left(moments, since)


#: `RelatedGroup` -> attribute of an alert that its alerts share.
_SHARED: Final[dict[str, str]] = {
    RelatedGroup.DEVICE.value: "device",
    RelatedGroup.SITE.value: "site",
    RelatedGroup.NETWORK.value: "network",
    RelatedGroup.HOST.value: "host",
    RelatedGroup.MONITOR.value: "monitor_key",
}


def _groups(leader: RecordedAlert, company: int | None) -> list[tuple[str, object]]:
    return [(group, (value, company)) for group, name in _SHARED.items() if (value := getattr(leader, name))]


def _group_key(group: str, alert: RecordedAlert, company: int | None) -> tuple[str, object] | None:
    name = _SHARED.get(str(group))
    value = getattr(alert, name) if name is not None else ""
    return (str(group), (value, company)) if value else None
