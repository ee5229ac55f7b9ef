"""Both ways of closing: the alert cleared, or the ticket was completed. Our own writes coming back change nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from integration.vendors.autotask.records import Ticket as RemoteTicket
from tickets.domain.endings import decide_ending
from tickets.domain.grouping import TicketKind, is_flapping
from tickets.domain.settings import STATUS_COMPLETE, Effective, EffectiveSettings
from tickets.models import Action, Alert, Ticket
from tickets.selectors.places import places_of
from tickets.services import outbox
from tickets.services.around import count_changes
from tickets.services.defaults import agent_settings
from tickets.services.locks import lock_ticket
from tickets.services.notes import clear_note_payload
from tickets.services.policy import load_policy, storm_policy
from tickets.services.reopening import wish_reopen
from tickets.services.rules import settings_of
from tickets.services.timeline import record_event

#: So many alerts of a ticket are asked whether it may be completed; a storm's are of one monitor.
_ASKED = 100
#: In a note's payload: its text is made when it is sent.
PARTLY = "partly"
_PARTLY_GATHERS, _PARTLY_AGAIN = timedelta(minutes=5), timedelta(hours=1)
#: Open alerts in these states have no ticket; when they clear, they are over.
_WITHOUT_TICKET = (Alert.State.RECEIVED, Alert.State.BLOCKED, Alert.State.HELD, Alert.State.SILENCED)
_CLEARED_WORDS: dict[str, str] = {
    Alert.State.HELD: "It cleared while it was held, so no ticket was made.",
    Alert.State.SILENCED: "It cleared while it was silenced.",
}


def record_cleared(alert: Alert, reason: str) -> None:
    """Note that an alert was over before it got a ticket."""
    Alert.objects.filter(pk=alert.pk).update(
        state=Alert.State.CLEARED, cause="", reason=reason, remedy="", not_before=None
    )
    record_event("cleared", reason, alert=alert)


def record_alert_resolved(
    alert_id: int, *, resolved_at: datetime | None, resolved_by: str, is_gone: bool = False
) -> list[int]:
    """Record once that Datto RMM resolved an alert; returns actions that became due.

    Called as often as the fact is seen; only the first call does anything.

    Args:
        is_gone: Datto RMM no longer has the alert, so nobody can say what cleared it.
    """
    with transaction.atomic():
        ticket_id = Alert.objects.filter(pk=alert_id).values_list("ticket", flat=True).first()
        if ticket_id is not None:
            # Before the alert's own row: whoever holds the ticket may be about to write its alerts.
            lock_ticket(ticket_id)
        first = Alert.objects.filter(pk=alert_id, is_resolved=False).update(
            is_resolved=True,
            resolved_at=resolved_at or timezone.now(),
            resolved_by=resolved_by[:255],
            is_gone=is_gone,
        )
        if first != 1:
            return []
        alert = Alert.objects.select_related("ticket", "monitor_type").get(pk=alert_id)
        by = f" by {resolved_by}" if resolved_by else ""
        text = "Datto RMM no longer has this alert." if is_gone else f"Resolved in Datto RMM{by}."
        record_event("alert_resolved", text, alert=alert, ticket=alert.ticket)
        if alert.state in _WITHOUT_TICKET:
            record_cleared(alert, _CLEARED_WORDS.get(alert.state, "It cleared before a ticket was made."))
            return []
        if alert.ticket is None:
            return []
        if alert.ticket.state == Ticket.State.PLANNED:
            return _cancel_creation(alert.ticket)
        return settle(alert.ticket)


def settle(ticket: Ticket) -> list[int]:
    """Bring an existing ticket and its alerts to the same end; returns actions that became due. Safe to repeat.

    Ticket completed by a person and an alert open: resolve the alert. Completed by us and an alert open: it is not
    over, so the ticket is opened again. All alerts resolved and the ticket open: complete it, or leave it open and say
    why (`decide_ending`).
    """
    ticket.refresh_from_db()
    alerts = list(ticket.alerts.select_related("monitor_type"))
    open_alerts = [alert for alert in alerts if not alert.is_resolved]
    due: list[int | None] = []
    if ticket.state == Ticket.State.COMPLETED and ticket.completed_by_us and open_alerts:
        due = [_open_again(ticket, open_alerts[-1])]
    elif ticket.state == Ticket.State.COMPLETED:
        due = [_wish_resolve(ticket, alert) for alert in open_alerts]
    elif ticket.state == Ticket.State.OPEN and alerts and not open_alerts:
        due = _wish_complete(ticket, alerts)
    elif ticket.state == Ticket.State.OPEN and len(open_alerts) < len(alerts):
        record_event(
            "partly_cleared",
            f"{len(alerts) - len(open_alerts)} of {len(alerts)} alerts cleared; the ticket stays open.",
            ticket=ticket,
        )
        if len({alert.condition_key for alert in alerts}) > 1:
            due = [_wish_partly_note(ticket, open_alerts[0])]
    return [one for one in due if one is not None]


def record_ticket_seen(ticket: Ticket, remote: RemoteTicket, *, read_at: datetime) -> list[int]:
    """Take over what Autotask says of one of our tickets; returns actions that became due.

    Args:
        read_at: moment before the request left. An answer older than our own completion is not a reopening.
    """
    now = timezone.now()
    done = is_done(remote, ticket)
    with transaction.atomic():
        facts = {
            "status": remote.status,
            "queue": remote.queue_id,
            "assigned_resource_id": remote.assigned_resource_id,
            "last_activity_at": remote.last_activity_at,
            "ticket_number": remote.number or ticket.ticket_number,
        }
        if any(getattr(ticket, name) != value for name, value in facts.items()):
            Ticket.objects.filter(pk=ticket.pk).update(**facts, checked_at=now)
        if done:
            lock_ticket(ticket.pk)
            first = (
                Ticket.objects.filter(pk=ticket.pk, state__in=[Ticket.State.OPEN, Ticket.State.DELETED])
                # What was read before we opened it again is history.
                .exclude(pk__in=_reopened_since(read_at))
                .update(
                    state=Ticket.State.COMPLETED,
                    completed_at=remote.completed_at or now,
                    completed_by_us=False,
                )
            )
            if first:
                outbox.drop_if_not_started(_complete_key(ticket))
                record_event("ticket_completed", "Completed in Autotask.", ticket=ticket)
                _let_later_ones_go(ticket, remote.completed_at)
            return settle(ticket)
        # A ticket that was completed after it was loaded was completed after `read_at`, too.
        reopened = ticket.state == Ticket.State.COMPLETED and (
            Ticket.objects.filter(pk=ticket.pk, state=Ticket.State.COMPLETED)
            .filter(Q(completed_at__isnull=True) | Q(completed_at__lt=read_at))
            .exclude(actions__kind=Action.Kind.COMPLETE_TICKET, actions__state=Action.State.RUNNING)
            .update(
                state=Ticket.State.OPEN,
                completed_at=None,
                completed_by_us=False,
                rounds=ticket.rounds + 1,
                reopened_by_person=True,
            )
        )
        if reopened:
            record_event(
                "ticket_reopened",
                "Reopened in Autotask; it is left to the people who did that.",
                ticket=ticket,
            )
    return []


def record_ticket_deleted(ticket: Ticket) -> None:
    """Record that Autotask no longer has a ticket; its open alerts wait for a person, because a person deleted it."""
    with transaction.atomic():
        first = Ticket.objects.filter(
            pk=ticket.pk, state__in=[Ticket.State.OPEN, Ticket.State.COMPLETED]
        ).update(state=Ticket.State.DELETED, checked_at=timezone.now())
        if not first:
            return
        outbox.drop_if_not_started(_complete_key(ticket))
        record_event("ticket_deleted", "The ticket is no longer in Autotask.", ticket=ticket)
        for alert in ticket.alerts.filter(is_resolved=False):
            Alert.objects.filter(pk=alert.pk).update(
                state=Alert.State.BLOCKED,
                cause="ticket_deleted",
                reason=f"Ticket {ticket} was deleted in Autotask while the alert is still open.",
                remedy="Retry makes a new ticket; resolving the alert in Datto RMM ends it.",
                not_before=None,
            )
            record_event("blocked", f"Ticket {ticket} was deleted in Autotask.", alert=alert)


def request_resolve(alert: Alert, user: User) -> list[int]:
    """Resolve an alert in Datto RMM because a person asked for it; returns actions that became due."""
    if alert.is_resolved:
        return []
    previous = alert.actions.filter(kind=Action.Kind.RESOLVE_ALERT).count()
    waiting = alert.actions.filter(
        kind=Action.Kind.RESOLVE_ALERT, state__in=[Action.State.WAITING, Action.State.RUNNING]
    )
    if waiting.exists():
        return list(waiting.values_list("pk", flat=True))
    action = outbox.wish(
        Action.Kind.RESOLVE_ALERT,
        f"resolve:{alert.alert_uid}:{previous + 1}",
        alert=alert,
        payload={"by": user.get_username()},
    )
    record_event(
        "resolve_requested",
        f"{user.get_username()} asked to resolve it in Datto RMM.",
        alert=alert,
        user=user,
    )
    return [action] if action is not None else []


def is_done(remote: RemoteTicket, ticket: Ticket) -> bool:
    """True when the ticket counts as completed: Complete, the configured done status, or a completion date."""
    if remote.status == STATUS_COMPLETE or remote.completed_at is not None:
        return True
    if remote.status in load_policy().done_statuses:
        return True
    if ticket.state == Ticket.State.COMPLETED and ticket.completed_by_us and remote.status == ticket.status:
        # As we left it, whatever the settings say by now.
        return True
    alert = ticket.alerts.select_related("monitor_type").first()
    if alert is not None:
        settings = settings_of(alert)
    elif ticket.kind == TicketKind.REQUEST:
        settings = agent_settings(ticket.company)
    else:
        return False
    picks = [settings.pick(name) for name in ("completed_status", "cleared_status")]
    return any(pick is not None and remote.status == pick.value for pick in picks)


def _complete_key(ticket: Ticket) -> str:
    return f"complete:{ticket.pk}:{ticket.rounds}"


def _wish_partly_note(ticket: Ticket, alert: Alert) -> int | None:
    """Wish for a note about what cleared of a group: what clears within some minutes is told together, at most hourly."""
    notes = ticket.actions.filter(kind=Action.Kind.CLEAR_NOTE, key__startswith=f"partly:{ticket.pk}:")
    lately = Q(state=Action.State.WAITING) | Q(created_at__gt=timezone.now() - _PARTLY_AGAIN)
    if notes.filter(lately).exists():
        return None
    return outbox.wish(
        Action.Kind.CLEAR_NOTE,
        f"partly:{ticket.pk}:{notes.count() + 1}",
        alert=alert,
        ticket=ticket,
        payload={PARTLY: True},
        not_before=timezone.now() + _PARTLY_GATHERS,
    )


def _open_again(ticket: Ticket, alert: Alert) -> int | None:
    record_event(
        "reopening",
        "An alert of it is open, so it is not over: it is reopened.",
        alert=alert,
        ticket=ticket,
    )
    return wish_reopen(ticket, alert, settings_of(alert), counts=False)


def _reopened_since(at: datetime) -> QuerySet[Any, Any]:
    """Tickets that we opened again after a moment, or are opening now."""
    running = Q(state=Action.State.RUNNING) | Q(state=Action.State.DONE, finished_at__gte=at)
    # A row without a ticket would make "not among them" unknown for every ticket.
    return Action.objects.filter(running, kind=Action.Kind.REOPEN_TICKET, ticket__isnull=False).values(
        "ticket"
    )


def _let_later_ones_go(ticket: Ticket, completed_at: datetime | None) -> None:
    """Take out alerts that were raised after a person had completed their ticket, before we knew: he never saw them.

    They are decided anew; the ticket is then the completed one of their condition.
    """
    if completed_at is None:
        return
    for alert in ticket.alerts.filter(
        is_resolved=False, state=Alert.State.MERGED, raised_at__gt=completed_at
    ):
        reason = f"Ticket {ticket} had been completed before this alert was raised; it is decided by itself."
        Alert.objects.filter(pk=alert.pk).update(
            state=Alert.State.RECEIVED,
            ticket=None,
            ticketed_at=None,
            cause="",
            reason=reason,
            remedy="",
        )
        Ticket.objects.filter(pk=ticket.pk).update(occurrences=F("occurrences") - 1)
        record_event("taken_out", reason, alert=alert, ticket=ticket)


def _cancel_creation(ticket: Ticket) -> list[int]:
    ticket = lock_ticket(ticket.pk)
    if ticket.state != Ticket.State.PLANNED or ticket.alerts.filter(is_resolved=False).exists():
        return []
    if outbox.drop_if_not_started(f"create:{ticket.pk}"):
        Ticket.objects.filter(pk=ticket.pk).update(state=Ticket.State.ABANDONED)
        for alert in ticket.alerts.filter(is_resolved=True):
            record_cleared(alert, "It cleared before its ticket was made.")
    return []


def _wish_resolve(ticket: Ticket, alert: Alert) -> int | None:
    settings = settings_of(alert)
    if not settings.flag("resolve_on_complete"):
        key = f"no_resolve:{ticket.pk}:{ticket.rounds}"
        if not alert.events.filter(kind="resolve_skipped", data__key=key).exists():
            origin = settings.flags["resolve_on_complete"].origin
            record_event(
                "resolve_skipped",
                f"The ticket is completed; the alert stays open by ticket defaults ({origin}).",
                alert=alert,
                ticket=ticket,
                data={"key": key},
            )
        return None
    return outbox.wish(
        Action.Kind.RESOLVE_ALERT,
        f"resolve:{alert.alert_uid}:t{ticket.pk}.{ticket.rounds}",
        alert=alert,
        ticket=ticket,
        not_before=_after(timedelta(seconds=settings.number("resolve_delay_seconds"))),
    )


def _wish_complete(ticket: Ticket, alerts: list[Alert]) -> list[int | None]:
    last = max(alerts, key=lambda one: one.resolved_at or timezone.now())
    settings = settings_of(last)
    flag = _complete_on_clear(alerts, settings)
    ending = decide_ending(
        security_type=next(
            (str(one.monitor_type) for one in alerts if one.monitor_type and one.monitor_type.is_security), ""
        ),
        was_reopened=ticket.reopened_by_person,
        complete_on_clear=flag.value,
        complete_on_clear_origin=flag.origin,
        note_on_clear=settings.flag("note_on_clear"),
    )
    due: list[int | None] = []
    if ending.completes:
        not_before = _after(_clear_delay(ticket, settings.number("clear_delay_minutes")))
        due.append(
            outbox.wish_again(
                Action.Kind.COMPLETE_TICKET,
                _complete_key(ticket),
                alert=last,
                ticket=ticket,
                not_before=not_before,
            )
        )
        if not_before is not None:
            # It cleared once more: the wait begins with this time.
            outbox.postpone(_complete_key(ticket), not_before, alert=last)
    elif ending.reason and not ticket.events.filter(kind="complete_skipped", text=ending.reason).exists():
        record_event("complete_skipped", ending.reason, ticket=ticket)
    if ending.writes_note:
        note = clear_note_payload(ticket, last)
        if ending.reason:
            note["description"] = f"{note['description']}\n{ending.reason}"
        due.append(
            outbox.wish(
                Action.Kind.CLEAR_NOTE,
                f"clear_note:{ticket.pk}:{ticket.rounds}",
                alert=last,
                ticket=ticket,
                payload=note,
            )
        )
    return due


def _complete_on_clear(alerts: list[Alert], settings: EffectiveSettings) -> Effective[bool]:
    """Return whether the ticket may be completed: a rule that forbids it for one of its alerts forbids it for all."""
    places = places_of(alerts[:_ASKED])
    for alert in alerts[:_ASKED]:
        flag = settings_of(alert, places[alert.pk]).flags["complete_on_clear"]
        if not flag.value:
            return flag
    return settings.flags["complete_on_clear"]


def _clear_delay(ticket: Ticket, minutes: int) -> timedelta:
    """Return how long the alerts of a ticket must stay cleared: longer when its condition comes and goes."""
    policy = load_policy()
    storms = storm_policy(policy)
    if is_flapping(count_changes(ticket.condition_key, storms, timezone.now()), storms):
        minutes = max(minutes, policy.flap_delay_minutes)
    return timedelta(minutes=minutes)


def _after(delay: timedelta) -> datetime | None:
    return timezone.now() + delay if delay else None
