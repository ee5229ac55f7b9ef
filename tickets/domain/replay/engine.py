"""Runs recorded alerts through a set of rules, moment by moment, by the same functions that decide live ones. Pure."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Final

from tickets.domain.decisions import Cause, Verdict
from tickets.domain.endings import decide_ending
from tickets.domain.grouping import Because, Placed, Placement, TicketKind, is_flapping, place
from tickets.domain.holding import find_hold_off
from tickets.domain.repeats import wants_escalation, wants_note
from tickets.domain.replay.choosing import Chooser
from tickets.domain.replay.facts import RecordedAlert, ReplaySite, RuleSet
from tickets.domain.replay.results import Outcome, Replay
from tickets.domain.replay.world import ReplayTicket, World
from tickets.domain.settings import EffectiveSettings

#: Alerts that join a storm's ticket close together are told by one note.
_GATHER: Final = timedelta(seconds=30)
_PROGRESS_EVERY: Final = 2000
#: Autotask calls: create and read back; look whether a person worked on it, and complete it.
CALLS_CREATE: Final = 2
CALLS_COMPLETE: Final = 2


class _Event(IntEnum):
    """What happens at a moment, in this order."""

    COMPLETE = 0
    PERSON = 1
    CLEAR = 2
    NOTE = 3
    RELEASE = 4
    RAISE = 5


def replay(
    alerts: Sequence[RecordedAlert],
    sites: Mapping[str, ReplaySite],
    rules: RuleSet,
    *,
    on_progress: Callable[[int], None] | None = None,
) -> Replay:
    """Return what the rules would have made of the alerts. The same input gives the same answer.

    Args:
        alerts: sorted by `raised_at`, then uid.
        sites: by uid, as they are today.
        rules: what decides.
        on_progress: called with the number of alerts done so far, now and then.
    """
    return _Run(alerts, sites, rules).run(on_progress)


class _Run:
    """One run; its state is its memory."""

    def __init__(
        self, alerts: Sequence[RecordedAlert], sites: Mapping[str, ReplaySite], rules: RuleSet
    ) -> None:
        self._alerts = alerts
        self._rules = rules
        self._chooser = Chooser(rules, sites)
        self._world = World(rules.policy)
        nothing = Outcome("received", "", "")
        self._result = Replay(rules.name, [nothing] * len(alerts))
        self._later: list[tuple[datetime, int, int, int, int]] = []
        self._held: dict[int, datetime] = {}
        self._serial = 0

    def run(self, on_progress: Callable[[int], None] | None) -> Replay:
        """Do it."""
        alerts = self._alerts
        known: list[tuple[datetime, int, int]] = [
            (one.raised_at, _Event.RAISE.value, number) for number, one in enumerate(alerts)
        ]
        known += [
            (max(one.resolved_at, one.raised_at), _clear_rank(one), number)
            for number, one in enumerate(alerts)
            if one.resolved_at is not None
        ]
        known.sort()
        done = 0
        for at, rank, number in known:
            while self._later and self._later[0][:2] <= (at, rank):
                self._happen(heapq.heappop(self._later))
            if rank == _Event.RAISE:
                self._world.alert_raised(alerts[number])
                self._decide(number, at)
                done += 1
                if on_progress is not None and done % _PROGRESS_EVERY == 0:
                    on_progress(done)
            else:
                self._clear(number, at)
        last = known[-1][0] if known else None
        while self._later and last is not None and self._later[0][0] <= last:
            self._happen(heapq.heappop(self._later))
        self._result.made = self._world.tickets
        return self._result

    def _wait(self, at: datetime, event: _Event, subject: int, rounds: int = 0) -> None:
        self._serial += 1
        heapq.heappush(self._later, (at, event.value, self._serial, subject, rounds))

    def _happen(self, entry: tuple[datetime, int, int, int, int]) -> None:
        at, event, _, subject, rounds = entry
        if event == _Event.RELEASE:
            if subject in self._held and self._is_open(subject):
                self._decide(subject, at)
            return
        ticket = self._world.tickets[subject - 1]
        if event == _Event.NOTE:
            ticket.note_waits = False
            self._note(ticket, at)
        elif not ticket.is_open or ticket.rounds != rounds:
            return
        elif event == _Event.PERSON:
            self._complete(ticket, at, by_us=False)
        elif ticket.open_alerts == 0 and ticket.completes_at == at:
            self._complete(ticket, at, by_us=True)

    def _is_open(self, number: int) -> bool:
        alert = self._alerts[number]
        return alert.uid in self._world.by_monitor.get(alert.monitor_key, {})

    def _decide(self, number: int, now: datetime) -> None:
        alert = self._alerts[number]
        settings = self._chooser.settings(alert)
        decision = self._chooser.decision(alert, settings)
        if decision.verdict is not Verdict.MAKE_TICKET:
            kind = "blocked" if decision.verdict is Verdict.BLOCK else "filtered"
            cause = decision.cause or ("native" if alert.native_ticket else "rule")
            self._result.outcomes[number] = Outcome(kind, cause, decision.reason)
            return
        site = self._chooser.site(alert)
        company = None if decision.first_line or site.facts is None else site.facts.company_id
        hold = self._chooser.silence(alert, now)
        if hold is None and self._world.find_open(alert, company) is None:
            hold = find_hold_off(
                settings.number("hold_off_minutes"),
                settings.numbers["hold_off_minutes"].origin,
                alert.raised_at,
                now,
            )
        if hold is not None:
            kind = "silenced" if hold.is_hidden else "held"
            self._hold(number, Outcome(kind, hold.cause, hold.reason), hold.until, now)
            return
        previous = self._result.outcomes[number]
        watched = self._held.get(number) if previous.because == Because.SITE_WATCH else None
        placed = place(
            self._world.around(
                alert,
                settings,
                company=company,
                site_total=site.devices,
                watched_since=watched,
                now=now,
            ),
            settings,
            self._rules.policy,
            priority=settings.alert_priority,
            is_security=alert.is_security,
            raised_at=alert.raised_at,
            now=now,
        )
        if placed.placement is Placement.HOLD:
            self._hold(number, Outcome("held", placed.because.value, placed.reason), placed.until, now)
            return
        self._held.pop(number, None)
        self._place(number, placed, settings, company, now, decision.reason)

    def _hold(self, number: int, outcome: Outcome, until: datetime | None, now: datetime) -> None:
        if self._result.outcomes[number].because != outcome.because:
            self._held[number] = now
        self._result.outcomes[number] = outcome
        if until is not None:
            self._wait(until, _Event.RELEASE, number)

    def _place(
        self,
        number: int,
        placed: Placed,
        settings: EffectiveSettings,
        company: int | None,
        now: datetime,
        reason: str,
    ) -> None:
        alert = self._alerts[number]
        why = placed.reason or reason
        if placed.placement is Placement.NOTE:
            self._result.outcomes[number] = Outcome("note", Cause.NOTED.value, why)
            self._result.notes += 1
            self._result.calls += 1
            return
        if placed.placement is Placement.NEW:
            ticket = self._make(alert, placed, settings, company, now)
            kind = "new"
        else:
            assert placed.ticket_id is not None  # noqa: S101 - a ticket that is joined or reopened is named
            ticket = self._world.tickets[placed.ticket_id - 1]
            kind = "joined" if placed.placement is Placement.JOIN else "reopen"
            ticket.occurrences += 1
            self._world.join(ticket, alert)
        self._result.outcomes[number] = Outcome(kind, placed.because.value, why, ticket.id)
        ticket.open_alerts += 1
        ticket.last_raised = max(ticket.last_raised, alert.raised_at)
        ticket.settings = settings
        ticket.stays_open |= not settings.flag("complete_on_clear")
        if alert.is_security:
            ticket.security_type = alert.type_name
        self._world.ticket_of[alert.uid] = ticket
        if kind == "reopen":
            self._reopen(ticket)
        if kind == "joined":
            self._result.merges[placed.because.value] += 1
            self._follow(ticket, alert, placed, settings, now)
            self._world.touch(ticket)
        elif alert.person_completed_at is not None and alert.person_completed_at > now:
            self._wait(alert.person_completed_at, _Event.PERSON, ticket.id, ticket.rounds)
        if kind == "reopen":
            self._maybe_escalate(ticket, alert, settings, now)
            self._maybe_note(ticket, alert, settings, now)

    def _make(
        self,
        alert: RecordedAlert,
        placed: Placed,
        settings: EffectiveSettings,
        company: int | None,
        now: datetime,
    ) -> ReplayTicket:
        ticket = ReplayTicket(
            id=len(self._world.tickets) + 1,
            leader=alert,
            company=company,
            kind=placed.kind,
            priority=settings.alert_priority,
            created_at=now,
            settings=settings,
            last_raised=alert.raised_at,
        )
        self._world.add(ticket, now)
        self._result.calls += CALLS_CREATE
        if settings.flag("write_first_note"):
            self._result.calls += 1
            self._result.notes += 1
        return ticket

    def _reopen(self, ticket: ReplayTicket) -> None:
        ticket.is_open, ticket.completed_at, ticket.completed_by_us = True, None, False
        ticket.rounds += 1
        self._world.open(ticket)
        self._result.reopened += 1
        self._result.calls += 1

    def _follow(
        self,
        ticket: ReplayTicket,
        alert: RecordedAlert,
        placed: Placed,
        settings: EffectiveSettings,
        now: datetime,
    ) -> None:
        if placed.takes_over:
            ticket.kind = placed.kind
            self._world.open(ticket)
            self._result.calls += 1
        if placed.adds_item and alert.device not in ("", ticket.leader.device):
            if ticket.items < self._rules.most_items:
                self._result.calls += 1
            ticket.items += 1
        if placed.because is Because.REPEAT:
            self._maybe_escalate(ticket, alert, settings, now)
        self._maybe_note(ticket, alert, settings, now)

    def _maybe_escalate(
        self, ticket: ReplayTicket, alert: RecordedAlert, settings: EffectiveSettings, now: datetime
    ) -> None:
        after = settings.number("escalate_after")
        if not after:
            return
        within = timedelta(minutes=settings.number("escalate_within_minutes"))
        recent = self._world.count_raised(alert.condition, now - within)
        if wants_escalation(after=after, occurrences=recent, is_escalated=ticket.is_escalated):
            ticket.is_escalated = True
            self._result.calls += 1

    def _maybe_note(
        self, ticket: ReplayTicket, alert: RecordedAlert, settings: EffectiveSettings, now: datetime
    ) -> None:
        policy = self._rules.policy
        flapping = is_flapping(self._world.changes(alert.condition, now), policy)
        if ticket.note_waits or not wants_note(
            "hourly" if flapping else settings.choice("note_policy"),
            before=ticket.noted,
            now_count=ticket.occurrences,
            noted_at=ticket.noted_at,
            now=now,
        ):
            return
        if ticket.kind is TicketKind.SINGLE:
            self._note(ticket, now)
        else:
            ticket.note_waits = True
            self._wait(now + _GATHER, _Event.NOTE, ticket.id)

    def _note(self, ticket: ReplayTicket, now: datetime) -> None:
        ticket.noted, ticket.noted_at = ticket.occurrences, now
        self._result.notes += 1
        self._result.calls += 1

    def _clear(self, number: int, now: datetime) -> None:
        alert = self._alerts[number]
        self._world.alert_cleared(alert, now)
        if self._held.pop(number, None) is not None:
            was = self._result.outcomes[number]
            self._result.held_and_cleared += 1
            self._result.outcomes[number] = Outcome(
                "cleared", was.because, f"{was.reason} It cleared before that."
            )
            return
        ticket = self._world.ticket_of.pop(alert.uid, None)
        if ticket is None:
            return
        ticket.open_alerts -= 1
        if ticket.open_alerts or not ticket.is_open:
            return
        settings = self._chooser.settings(alert)
        flag = settings.flags["complete_on_clear"]
        ending = decide_ending(
            security_type=ticket.security_type,
            was_reopened=False,
            complete_on_clear=flag.value and not ticket.stays_open,
            complete_on_clear_origin=flag.origin,
            note_on_clear=settings.flag("note_on_clear"),
        )
        if ending.writes_note:
            self._result.notes += 1
            self._result.calls += 1
        if not ending.completes:
            return
        minutes = settings.number("clear_delay_minutes")
        if is_flapping(self._world.changes(ticket.leader.condition, now), self._rules.policy):
            minutes = max(minutes, self._rules.flap_delay_minutes)
        if minutes:
            ticket.completes_at = now + timedelta(minutes=minutes)
            self._wait(ticket.completes_at, _Event.COMPLETE, ticket.id, ticket.rounds)
        else:
            self._complete(ticket, now, by_us=True)

    def _complete(self, ticket: ReplayTicket, now: datetime, *, by_us: bool) -> None:
        ticket.is_open, ticket.completed_at, ticket.completed_by_us = False, now, by_us
        ticket.rounds += 1
        self._world.close(ticket)
        self._result.completed += 1
        if by_us:
            self._result.calls += CALLS_COMPLETE


def _clear_rank(alert: RecordedAlert) -> int:
    """An alert that cleared in the moment it was raised clears after it."""
    is_instant = alert.resolved_at is not None and alert.resolved_at <= alert.raised_at
    return _Event.RAISE.value + 1 if is_instant else _Event.CLEAR.value
