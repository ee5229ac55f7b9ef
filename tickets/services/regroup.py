"""Undo a group, or make one by hand: take alerts out of a ticket, drop them, or put more alerts into it.

Each function does its whole work in one transaction that holds the places of all its alerts, so no alert is decided by
somebody else at the same time. Alerts that were taken out are decided anew afterwards: a few at once, the rest by the
sweep, which finds every received alert.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from mappings.models import SiteMapping
from tickets.domain.decisions import Cause
from tickets.domain.grouping import Because, Placed, Placement, TicketKind
from tickets.domain.keys import correlation_key
from tickets.models import Action, Alert, Ticket
from tickets.selectors.places import places_of, with_place
from tickets.services import outbox
from tickets.services.defects import decide_or_mark
from tickets.services.locks import lock_place
from tickets.services.placing import leave_unmade_ticket
from tickets.services.policy import load_policy
from tickets.services.repeats import follow_join
from tickets.services.rules import settings_of
from tickets.services.timeline import record_event

#: So many alerts are decided while the person waits.
_AT_ONCE: Final = 25
#: So many alerts one press of a button may join.
MOST_JOINED: Final = 100
_ON_A_TICKET: Final = (Alert.State.TICKETED, Alert.State.MERGED)
_GROUP_KINDS: Final = (TicketKind.SITE, TicketKind.FLEET, TicketKind.BREAKER)


@dataclass(frozen=True, slots=True)
class Regrouped:
    """What was done.

    Attributes:
        alerts: how many alerts it was done to.
        refusal: why nothing was done, in words with the cure; empty when something was.
        due: actions that became due.
    """

    alerts: int = 0
    refusal: str = ""
    due: list[int] = field(default_factory=list)


def find_leader(ticket: Ticket) -> Alert | None:
    """Return the open alert a ticket was made for; when that one is over, the oldest open one. At most two queries."""
    rows = _members(ticket)
    for alert in rows.filter(rounds__lte=50, condition_key=ticket.condition_key):
        if correlation_key(alert.alert_uid, round_=alert.rounds) == ticket.correlation_key:
            return alert
    return rows.first()


def list_followers(ticket: Ticket, leader: Alert | None) -> QuerySet[Alert]:
    """Return the open alerts that a ticket stands for besides its leader's own condition."""
    rows = _members(ticket)
    if leader is None:
        return rows.none()
    same = Q(pk=leader.pk)
    if leader.condition_key:
        # The same trouble once more: taken out, it would come back at once.
        same |= Q(condition_key=leader.condition_key)
    return rows.exclude(same)


def explode_ticket(ticket: Ticket, user: User) -> Regrouped:
    """Give every open alert of a ticket besides its leader a decision of its own, without grouping."""
    return _take_out(ticket, user, only=None, with_leader=False)


def release_alert(ticket: Ticket, alert_id: int, user: User) -> Regrouped:
    """Give one alert of a ticket a decision of its own, without grouping."""
    return _take_out(ticket, user, only=alert_id, with_leader=False)


def release_all(ticket: Ticket, user: User) -> Regrouped:
    """Give every open alert of a storm across sites a ticket of its own organization; the storm's ticket ends."""
    if ticket.kind != TicketKind.FLEET:
        return Regrouped(
            refusal="Only a storm across sites can be released as a whole. Explode the group instead."
        )
    return _take_out(ticket, user, only=None, with_leader=True)


def drop_all(ticket: Ticket, user: User, reason: str) -> Regrouped:
    """Let the alerts of a storm across sites make no ticket, because a person says so; its leader keeps the storm's."""
    reason = reason.strip()[:300]
    if ticket.kind != TicketKind.FLEET:
        return Regrouped(refusal="Only alerts of a storm across sites can be dropped.")
    if not reason:
        return Regrouped(refusal="reason: say why these alerts need no ticket; it is kept with each of them.")
    with transaction.atomic():
        held = _hold(ticket)
        if held is None:
            return Regrouped(refusal=_not_open(ticket))
        leader = find_leader(held)
        chosen = list(list_followers(held, leader))
        words = f"{user.get_username()} dropped it from ticket {held}: {reason}"
        dropped = 0
        for alert in chosen:
            written = Alert.objects.filter(pk=alert.pk, ticket=held, state__in=_ON_A_TICKET).update(
                state=Alert.State.FILTERED,
                cause=Cause.DROPPED,
                reason=words,
                remedy="Retry makes a ticket after all.",
                ticket=None,
                ticketed_at=None,
                not_before=None,
                is_ungrouped=True,
                rounds=F("rounds") + 1,
            )
            if written:
                dropped += 1
                record_event("dropped", words, alert=alert, user=user, data={"ticket": held.pk})
        if not dropped:
            return Regrouped(refusal="Nothing to drop: only the alert the ticket was made for is open.")
        record_event(
            "dropped", f"{user.get_username()} dropped {dropped} alerts: {reason}", ticket=held, user=user
        )
    return Regrouped(dropped)


def merge_alerts(ticket: Ticket, alert_ids: Iterable[int], user: User) -> Regrouped:
    """Put open alerts of the same organization or site into a ticket."""
    now = timezone.now()
    with transaction.atomic():
        held = _hold(ticket, more=list_candidates(ticket).filter(pk__in=list(alert_ids)[:MOST_JOINED]))
        if held is None:
            return Regrouped(refusal=_not_open(ticket))
        chosen = list(list_candidates(held).filter(pk__in=list(alert_ids)[:MOST_JOINED]).order_by("id"))
        words = f"{user.get_username()} merged it into ticket {held}."
        policy, due, joined, left = load_policy(), [], 0, {}
        for alert in chosen:
            left_ticket = alert.ticket
            leave_unmade_ticket(alert, held)
            written = Alert.objects.filter(pk=alert.pk, state=alert.state, is_resolved=False).update(
                state=Alert.State.MERGED,
                cause=Because.BY_HAND,
                reason=words,
                remedy="",
                ticket=held,
                ticketed_at=now,
                not_before=None,
                is_ungrouped=False,
            )
            if not written:
                continue
            joined += 1
            Ticket.objects.filter(pk=held.pk).update(occurrences=F("occurrences") + 1)
            held.refresh_from_db()
            alert.refresh_from_db()
            record_event("merged", words, alert=alert, ticket=held, user=user)
            placed = Placed(Placement.JOIN, Because.BY_HAND, words, held.pk, adds_item=True)
            due += follow_join(held, alert, settings_of(alert), placed, policy, now)
            if left_ticket is not None:
                left[left_ticket.pk] = (left_ticket, alert)
        for old, alert in left.values():
            due += _end_if_empty(
                old, alert, f"Its alerts were merged into ticket {held} by {user.get_username()}."
            )
    if not joined:
        return Regrouped(refusal="Choose at least one alert that is open and not on this ticket.")
    return Regrouped(joined, due=due)


def list_candidates(ticket: Ticket) -> QuerySet[Alert]:
    """Return open alerts that may join a ticket: of its site, or of a site of its organization."""
    rows = with_place(Alert.objects.filter(is_resolved=False).exclude(ticket=ticket))
    mapped = SiteMapping.objects.filter(company=ticket.company_id).values("site__datto_site_uid")
    near = Q(place_site_uid__in=mapped)
    if ticket.datto_site_uid:
        near |= Q(place_site_uid=ticket.datto_site_uid)
    # One whose ticket is being made is left until it is there.
    return (
        rows.filter(near)
        .exclude(state__in=[Alert.State.TICKETING, Alert.State.CLEARED])
        .select_related("ticket", "monitor_type", "monitor")
        .order_by("-id")
    )


def _take_out(ticket: Ticket, user: User, *, only: int | None, with_leader: bool) -> Regrouped:
    who = user.get_username()
    with transaction.atomic():
        held = _hold(ticket)
        if held is None:
            return Regrouped(refusal=_not_open(ticket))
        leader = find_leader(held)
        chosen = _members(held) if with_leader else list_followers(held, leader)
        if only is not None:
            # What fired more than once goes as a whole: one condition is on one ticket.
            conditions = held.alerts.filter(pk=only).exclude(condition_key="").values("condition_key")
            chosen = chosen.filter(Q(pk=only) | Q(condition_key__in=conditions))
        words = f"{who} took it out of ticket {held}: it is decided by itself, without grouping."
        taken: list[int] = []
        for alert in chosen:
            written = Alert.objects.filter(
                pk=alert.pk, ticket=held, state__in=_ON_A_TICKET, is_resolved=False
            ).update(
                state=Alert.State.RECEIVED,
                cause="",
                reason=words,
                remedy="",
                ticket=None,
                ticketed_at=None,
                not_before=None,
                held_since=None,
                is_ungrouped=True,
                rounds=F("rounds") + 1,
            )
            if written:
                taken.append(alert.pk)
                record_event("taken_out", words, alert=alert, user=user, data={"ticket": held.pk})
        if not taken:
            return Regrouped(
                refusal="Nothing to take out: the ticket's other open alerts are the same trouble, or are over."
            )
        if only is None:
            _let_group_go(held, leader)
        record_event(
            "exploded",
            f"{who} took {len(taken)} alert{'' if len(taken) == 1 else 's'} out; each is decided by itself.",
            ticket=held,
            user=user,
        )
        due = []
        if with_leader and leader is not None:
            due += _end_if_empty(
                held, leader, f"Released by {who}: each organization gets a ticket of its own."
            )
    for pk in taken[:_AT_ONCE]:
        due += decide_or_mark(pk)
    return Regrouped(len(taken), due=due)


def _members(ticket: Ticket) -> QuerySet[Alert]:
    return ticket.alerts.filter(is_resolved=False, state__in=_ON_A_TICKET).order_by("ticketed_at", "id")


def _hold(ticket: Ticket, more: QuerySet[Alert] | None = None) -> Ticket | None:
    """Lock the places of a ticket's alerts, always in one order; returns the ticket as it stands now if it is open."""
    rows = [*_members(ticket), *(more if more is not None else [])]
    places = {place.site_uid for place in places_of(rows).values()} | {ticket.datto_site_uid}
    for site_uid in sorted(places):
        lock_place(site_uid)
    return (
        Ticket.objects.select_related("company")
        .filter(pk=ticket.pk, state=Ticket.State.OPEN, autotask_ticket_id__isnull=False)
        .first()
    )


def _not_open(ticket: Ticket) -> str:
    ticket.refresh_from_db()
    if ticket.state == Ticket.State.PLANNED:
        return "The ticket is still being made in Autotask. Try again in a moment."
    return f"The ticket is {ticket.get_state_display().lower()}; only an open one can be regrouped."


def _let_group_go(ticket: Ticket, leader: Alert | None) -> None:
    """Nothing is to join the group any more by itself; the condition it was made for still may."""
    if leader is not None:
        Alert.objects.filter(pk=leader.pk).update(is_ungrouped=True)
    Ticket.objects.filter(pk=ticket.pk, kind__in=_GROUP_KINDS).update(kind=TicketKind.SINGLE.value)


def _end_if_empty(ticket: Ticket, alert: Alert, text: str) -> list[int]:
    """Complete an open ticket that no open alert stands behind any more, unless a person works on it."""
    ticket.refresh_from_db()
    if ticket.state != Ticket.State.OPEN or ticket.alerts.filter(is_resolved=False).exists():
        return []
    # Its condition lives on elsewhere: a return must not open this one again.
    Ticket.objects.filter(pk=ticket.pk).update(condition_key="")
    record_event("emptied", text, ticket=ticket)
    action = outbox.wish_again(
        Action.Kind.COMPLETE_TICKET,
        f"complete:{ticket.pk}:{ticket.rounds}",
        alert=alert,
        ticket=ticket,
        payload={"text": text},
    )
    return [action] if action is not None else []
