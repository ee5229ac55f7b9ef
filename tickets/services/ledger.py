"""The ledger: every alert open in Datto RMM is in exactly one state here, with a reason. Proven, not assumed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Count, QuerySet
from django.utils import timezone

from integration.vendors.datto_rmm import DattoRmmClient
from tickets.domain.grouping import TicketKind
from tickets.models import Action, Alert, LedgerCheck, Ticket, TimelineEvent

#: States that name a ticket.
_WITH_TICKET = (Alert.State.TICKETED, Alert.State.MERGED, Alert.State.TICKETING)
#: States that end by the clock or with a silence.
_WAITING = (Alert.State.HELD, Alert.State.SILENCED)
#: A balanced ledger is held against Datto RMM's list this often; one that does not balance, with every poll.
CHECK_EVERY: Final = timedelta(minutes=30)
_MOST_NAMED: Final = 200


@dataclass(frozen=True, slots=True)
class Ledger:
    """The outcome of one reconciliation.

    Attributes:
        open_in_datto: alerts in Datto's list of open alerts.
        states: state -> how many of them are in it.
        missing: uids open in Datto that are not known here.
        unexplained: uids without a reason, or ticketed without a ticket.
        closed_here: uids open in Datto that are held for resolved here, with no resolve under way.
        gone: uids held for open here that Datto no longer lists.
        stranded_tickets: open tickets of ours none of whose alerts is open.
        deleted_tickets: tickets of ours that are gone from Autotask, deleted or merged there, with open alerts.
        unmade_tickets: tickets that wait to be made.
        causes: state -> cause -> how many; states without causes are left out.
    """

    checked_at: datetime
    open_in_datto: int
    states: dict[str, int]
    missing: list[str] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)
    closed_here: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    stranded_tickets: list[str] = field(default_factory=list)
    deleted_tickets: list[str] = field(default_factory=list)
    unmade_tickets: list[str] = field(default_factory=list)
    causes: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def balances(self) -> bool:
        """True when every open alert is in exactly one explained state, and the counts add up."""
        return (
            not (self.missing or self.unexplained or self.closed_here)
            and sum(self.states.values()) == self.open_in_datto
        )

    def to_json(self) -> dict[str, Any]:
        """Return the ledger as the `ledger` command prints it."""
        return {
            "balanced": self.balances,
            "checked_at": self.checked_at.isoformat(),
            "open_in_datto": self.open_in_datto,
            "states": self.states,
            "missing": self.missing,
            "unexplained": self.unexplained,
            "closed_here": self.closed_here,
            "gone": self.gone,
            "stranded_tickets": self.stranded_tickets,
            "deleted_tickets": self.deleted_tickets,
            "unmade_tickets": self.unmade_tickets,
            "causes": self.causes,
        }


def reconcile(datto: DattoRmmClient) -> Ledger:
    """Compare Datto's whole list of open alerts with ours; writes nothing.

    Raises:
        VendorError: the list was not read to its end; there is no half ledger.
    """
    started_at = timezone.now()
    return compare({remote.uid for remote in datto.iter_open_alerts()}, started_at)


def compare(seen: set[str], started_at: datetime) -> Ledger:
    """Compare the uids of Datto's whole list with our rows; writes nothing, calls nobody.

    Args:
        seen: every uid of a list that was read to its end.
        started_at: when the reading began. What was closed since then was open when it was listed.
    """
    states: dict[str, int] = {str(state): 0 for state in Alert.State.values}
    causes: dict[str, Counter[str]] = {}
    missing, unexplained, closed_here = [], [], []
    ours = {row.uid: row for row in _rows(seen)}
    ending = _ending(started_at)
    for uid in sorted(seen):
        row = ours.get(uid)
        if row is None:
            missing.append(uid)
            continue
        states[row.state] += 1
        if row.cause:
            causes.setdefault(row.state, Counter())[row.cause] += 1
        if row.is_resolved and row.pk not in ending:
            closed_here.append(uid)
        elif not row.is_explained and row.pk not in ending:
            unexplained.append(uid)
    gone = [
        uid
        for uid in Alert.objects.filter(is_resolved=False, first_seen_at__lt=started_at).values_list(
            "alert_uid", flat=True
        )
        if uid not in seen
    ]
    return Ledger(
        checked_at=timezone.now(),
        open_in_datto=len(seen),
        states=states,
        missing=missing,
        unexplained=unexplained,
        closed_here=closed_here,
        gone=sorted(gone),
        stranded_tickets=[str(ticket) for ticket in stranded_tickets()[:_MOST_NAMED]],
        deleted_tickets=[str(ticket) for ticket in deleted_tickets()[:_MOST_NAMED]],
        unmade_tickets=[str(ticket) for ticket in unmade_tickets()[:_MOST_NAMED]],
        causes={state: dict(found) for state, found in causes.items()},
    )


def record_check(seen: set[str], started_at: datetime) -> LedgerCheck | None:
    """Hold the ledger against a list that a poll has just read, when that is due; None when it is not."""
    last = last_check()
    if last is not None and last.balances and started_at - last.checked_at < CHECK_EVERY:
        return None
    ledger = compare(seen, started_at)
    values = {
        "checked_at": ledger.checked_at,
        "balances": ledger.balances,
        "open_in_datto": ledger.open_in_datto,
        "result": ledger.to_json(),
    }
    if last is not None and not last.balances and not ledger.balances:
        # Still the same trouble: one row tells it.
        LedgerCheck.objects.filter(pk=last.pk).update(**values)
        return LedgerCheck.objects.get(pk=last.pk)
    return LedgerCheck.objects.create(**values)


def last_check() -> LedgerCheck | None:
    """Return the last reconciliation. One query."""
    return LedgerCheck.objects.order_by("-checked_at").first()


def last_balanced() -> LedgerCheck | None:
    """Return the last reconciliation that balanced. One query."""
    return LedgerCheck.objects.filter(balances=True).order_by("-checked_at").first()


def stranded_tickets() -> QuerySet[Ticket]:
    """Return open tickets of alerts none of which is open any more."""
    rows = Ticket.objects.filter(state=Ticket.State.OPEN).exclude(kind=TicketKind.REQUEST)
    return rows.exclude(alerts__is_resolved=False).order_by("id")


def deleted_tickets() -> QuerySet[Ticket]:
    """Return tickets that are gone from Autotask, deleted or merged there, while an alert of theirs is open."""
    return (
        Ticket.objects.filter(state=Ticket.State.DELETED, alerts__is_resolved=False).distinct().order_by("id")
    )


def unmade_tickets() -> QuerySet[Ticket]:
    """Return tickets that wait to be made."""
    creating = Action.objects.filter(
        kind=Action.Kind.CREATE_TICKET, state__in=[Action.State.WAITING, Action.State.RUNNING]
    )
    return Ticket.objects.filter(state=Ticket.State.PLANNED, actions__in=creating).order_by("id")


def count_states_and_causes() -> dict[str, dict[str, int]]:
    """Return how many open alerts are in each state, by cause, from our rows alone. One query."""
    found: dict[str, dict[str, int]] = {str(state): {} for state in Alert.State.values}
    rows = Alert.objects.filter(is_resolved=False).order_by().values_list("state", "cause")
    for state, cause, count in rows.annotate(n=Count("id")):
        found[state][cause] = count
    return found


def count_states() -> dict[str, int]:
    """Return how many open alerts are in each state, from our rows alone."""
    counted = dict(Alert.objects.filter(is_resolved=False).values_list("state").annotate(n=Count("id")))
    return {str(state): counted.get(state, 0) for state in Alert.State.values}


@dataclass(frozen=True, slots=True)
class _Row:
    """What the ledger asks of one alert."""

    pk: int
    uid: str
    state: str
    cause: str
    is_resolved: bool
    is_explained: bool


def _rows(uids: set[str]) -> Iterable[_Row]:
    wanted = sorted(uids)
    for start in range(0, len(wanted), 500):
        chunk = Alert.objects.filter(alert_uid__in=wanted[start : start + 500])
        for (
            pk,
            uid,
            state,
            cause,
            reason,
            is_resolved,
            ticket_id,
            silence_id,
            not_before,
        ) in chunk.values_list(
            "pk",
            "alert_uid",
            "state",
            "cause",
            "reason",
            "is_resolved",
            "ticket_id",
            "silence_id",
            "not_before",
        ):
            is_explained = (
                bool(reason)
                and state != Alert.State.CLEARED
                and (bool(ticket_id) or state not in _WITH_TICKET)
                and (bool(silence_id) or bool(not_before) or state not in _WAITING)
            )
            yield _Row(pk, uid, state, cause, is_resolved, is_explained)


def _ending(started_at: datetime) -> set[int]:
    """Alerts that are being resolved, or were closed on our side after the reading of the list began."""
    resolving = Action.objects.filter(
        kind=Action.Kind.RESOLVE_ALERT, state__in=[Action.State.WAITING, Action.State.RUNNING]
    )
    resolved = TimelineEvent.objects.filter(at__gte=started_at, kind__in=["alert_resolved", "cleared"])
    return {
        pk
        for rows in (resolving, resolved)
        for pk in rows.filter(alert__isnull=False).values_list("alert_id", flat=True)
    }
