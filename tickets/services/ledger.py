"""The ledger: every alert open in Datto RMM is in exactly one state here, with a reason. Proven, not assumed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count
from django.utils import timezone

from integration.models import SyncRun
from integration.vendors.datto_rmm import DattoRmmClient
from tickets.models import Action, Alert, Ticket

#: States that name a ticket.
_WITH_TICKET = (Alert.State.TICKETED, Alert.State.MERGED)


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
    """

    checked_at: datetime
    open_in_datto: int
    states: dict[str, int]
    missing: list[str] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)
    closed_here: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    stranded_tickets: list[str] = field(default_factory=list)

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
        }


def reconcile(datto: DattoRmmClient) -> Ledger:
    """Compare Datto's whole list of open alerts with ours; writes nothing.

    Raises:
        VendorError: the list was not read to its end; there is no half ledger.
    """
    now = timezone.now()
    states: dict[str, int] = {str(state): 0 for state in Alert.State.values}
    missing, unexplained, closed_here = [], [], []
    seen: set[str] = set()
    for remote in datto.iter_open_alerts():
        seen.add(remote.uid)
    ours = {
        uid: (state, reason, is_resolved, ticket_id, resolving)
        for uid, state, reason, is_resolved, ticket_id, resolving in _rows(seen)
    }
    for uid in sorted(seen):
        if uid not in ours:
            missing.append(uid)
            continue
        state, reason, is_resolved, ticket_id, resolving = ours[uid]
        states[state] += 1
        if is_resolved and not resolving:
            closed_here.append(uid)
        elif not reason or (state in _WITH_TICKET and ticket_id is None) or state == Alert.State.CLEARED:
            unexplained.append(uid)
    gone = [
        uid
        for uid in Alert.objects.filter(is_resolved=False).values_list("alert_uid", flat=True)
        if uid not in seen
    ]
    stranded = (
        Ticket.objects.filter(state=Ticket.State.OPEN).exclude(alerts__is_resolved=False).order_by("id")[:200]
    )
    return Ledger(
        checked_at=now,
        open_in_datto=len(seen),
        states=states,
        missing=missing,
        unexplained=unexplained,
        closed_here=closed_here,
        gone=sorted(gone),
        stranded_tickets=[str(ticket) for ticket in stranded],
    )


def count_states() -> dict[str, int]:
    """Return how many open alerts are in each state, from our rows alone."""
    counted = dict(Alert.objects.filter(is_resolved=False).values_list("state").annotate(n=Count("id")))
    return {str(state): counted.get(state, 0) for state in Alert.State.values}


def last_poll() -> SyncRun | None:
    """Return the last complete reading of Datto's open alerts."""
    return (
        SyncRun.objects.filter(
            kind="alerts", dry_run=False, status__in=[SyncRun.Status.SUCCEEDED, SyncRun.Status.PARTIAL]
        )
        .order_by("-id")
        .first()
    )


def _rows(uids: set[str]) -> list[tuple[str, str, str, bool, int | None, bool]]:
    rows: list[tuple[str, str, str, bool, int | None, bool]] = []
    wanted = sorted(uids)
    resolving = set(
        Action.objects.filter(
            kind=Action.Kind.RESOLVE_ALERT, state__in=[Action.State.WAITING, Action.State.RUNNING]
        ).values_list("alert_id", flat=True)
    )
    for start in range(0, len(wanted), 500):
        chunk = Alert.objects.filter(alert_uid__in=wanted[start : start + 500])
        rows += [
            (uid, state, reason, is_resolved, ticket_id, pk in resolving)
            for pk, uid, state, reason, is_resolved, ticket_id in chunk.values_list(
                "pk", "alert_uid", "state", "reason", "is_resolved", "ticket_id"
            )
        ]
    return rows
