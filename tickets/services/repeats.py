"""What follows when an alert joins a ticket: notes, escalation, additional configuration items, a new title."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tickets.domain.grouping import Because, Placed, TicketKind, is_flapping
from tickets.domain.repeats import Added, render_repeats, wants_escalation, wants_note
from tickets.domain.settings import EffectiveSettings, PickRef
from tickets.models import Action, Alert, AlertPolicy, Ticket
from tickets.services import outbox
from tickets.services.around import count_changes
from tickets.services.notes import note_payload
from tickets.services.policy import load_policy, storm_policy

#: In a storm, alerts that come close together are told by one note.
_GATHER = timedelta(seconds=30)
_NOTE_TITLE = "Datto RMM: more alerts"
_RETURN_TITLE = "Datto RMM: it came back"
_FLAP_DIGEST = "hourly"


def follow_join(
    ticket: Ticket,
    alert: Alert,
    settings: EffectiveSettings,
    placed: Placed,
    policy: AlertPolicy,
    now: datetime,
) -> list[int]:
    """Wish for what an alert that joined a ticket brings about; returns actions that became due."""
    due: list[int | None] = []
    if placed.takes_over:
        due.append(_take_over(ticket, alert, placed))
    if placed.adds_item:
        due.append(_add_item(ticket, alert, policy))
    if placed.because is Because.REPEAT:
        due.append(escalate(ticket, alert, settings, now))
    due.append(wish_append(ticket, alert, settings, policy, now))
    return [one for one in due if one is not None]


def wish_append(
    ticket: Ticket, alert: Alert, settings: EffectiveSettings, policy: AlertPolicy, now: datetime
) -> int | None:
    """Wish for one note about everything that was added since the last one, if the note policy wants one now.

    A ticket that is not in Autotask yet gets its note once it is.
    """
    if ticket.autotask_ticket_id is None:
        return None
    storms = storm_policy(policy)
    flapping = is_flapping(count_changes(alert.condition_key, storms, now), storms)
    choice = _FLAP_DIGEST if flapping else settings.choice("note_policy")
    if not wants_note(
        choice,
        before=ticket.noted_occurrences,
        now_count=ticket.occurrences,
        noted_at=ticket.noted_at,
        now=now,
    ):
        return None
    waiting = ticket.actions.filter(
        kind=Action.Kind.APPEND_NOTE, state=Action.State.WAITING, in_doubt=False
    ).exists()
    if waiting:
        return None
    count = ticket.actions.filter(kind=Action.Kind.APPEND_NOTE).count()
    is_storm = ticket.kind != TicketKind.SINGLE
    return outbox.wish(
        Action.Kind.APPEND_NOTE,
        f"append:{ticket.pk}:{count + 1}",
        alert=alert,
        ticket=ticket,
        not_before=now + _GATHER if is_storm else None,
    )


def append_payload(
    ticket: Ticket, alert: Alert, settings: EffectiveSettings, now: datetime
) -> dict[str, Any]:
    """Return the note about everything that was added since the last one, as it stands now."""
    storms = storm_policy(load_policy())
    since = ticket.noted_at or ticket.created_at
    joined = ticket.alerts.filter(ticketed_at__gt=since).order_by("ticketed_at", "id")
    leader = _leader_pk(ticket)
    added = [
        Added(
            summary=one.summary,
            device=one.datto_device_name,
            raised_at=one.raised_at,
            is_same_condition=one.condition_key == ticket.condition_key,
        )
        for one in joined
        if one.pk != leader
    ]
    changes = count_changes(ticket.condition_key, storms, now)
    text = render_repeats(
        occurrences=ticket.occurrences,
        added=added,
        open_alerts=ticket.alerts.filter(is_resolved=False).count(),
        is_flapping=is_flapping(changes, storms),
        flap_words=f"{changes} times within {storms.flap_minutes} minutes",
    )
    return {**note_payload(settings, _NOTE_TITLE, text), "occurrences": ticket.occurrences}


def note_return(ticket: Ticket, alert: Alert, settings: EffectiveSettings) -> list[int]:
    """Wish for the only note that a condition which came back writes to its completed ticket."""
    at = f" at {alert.raised_at:%Y-%m-%d %H:%M} UTC" if alert.raised_at else ""
    text = f"It came back{at}: {alert.summary or alert.alert_uid}\nBy rule, the ticket stays completed."
    action = outbox.wish(
        Action.Kind.FIRST_NOTE,
        f"return:{ticket.pk}:{alert.alert_uid}"[:120],
        alert=alert,
        ticket=ticket,
        payload=note_payload(settings, _RETURN_TITLE, text),
    )
    return [action] if action is not None else []


def storm_title(kind: TicketKind, alert: Alert, site_name: str) -> str:
    """Return the title of a ticket that stands for many alerts."""
    what = alert.summary or str(alert.monitor or alert.monitor_type or "alert")
    is_offline = alert.monitor_type is not None and alert.monitor_type.slug == "online_status"
    if kind is TicketKind.FLEET:
        return f"Many sites: {what}"[:255]
    if kind is TicketKind.BREAKER:
        return f"Many alerts at {site_name}"[:255]
    return f"Site offline: {site_name}"[:255] if is_offline else f"{site_name}: {what} on many devices"[:255]


def _take_over(ticket: Ticket, alert: Alert, placed: Placed) -> int | None:
    """A storm takes over the ticket of its first device."""
    title = storm_title(placed.kind, alert, alert.datto_site_name)
    Ticket.objects.filter(pk=ticket.pk).update(kind=placed.kind.value, title=title)
    ticket.kind, ticket.title = placed.kind.value, title
    if ticket.autotask_ticket_id is None:
        # What is not sent yet is sent right.
        fields = {**ticket.fields, "title": title}
        Ticket.objects.filter(pk=ticket.pk, autotask_ticket_id__isnull=True).update(fields=fields)
    return outbox.wish(
        Action.Kind.UPDATE_TICKET,
        f"title:{ticket.pk}:{placed.kind.value}",
        alert=alert,
        ticket=ticket,
        payload={"fields": {"title": title}, "why": placed.reason},
    )


def _add_item(ticket: Ticket, alert: Alert, policy: AlertPolicy) -> int | None:
    """Wish for the device as additional configuration item, as long as the policy spends calls on it."""
    if not alert.datto_device_uid or alert.datto_device_uid == ticket.datto_device_uid:
        return None
    wishes = ticket.actions.filter(kind=Action.Kind.ADD_ITEMS)
    if wishes.count() >= policy.most_additional_items:
        return None
    return outbox.wish(
        Action.Kind.ADD_ITEMS,
        f"item:{ticket.pk}:{alert.datto_device_uid}"[:120],
        alert=alert,
        ticket=ticket,
        payload={"device_uid": alert.datto_device_uid},
    )


@dataclass(frozen=True, slots=True)
class Escalation:
    """A condition that came back too often.

    Attributes:
        picks: Autotask field -> what it is raised to.
    """

    picks: dict[str, PickRef]
    why: str


def find_escalation(alert: Alert, settings: EffectiveSettings, now: datetime) -> Escalation | None:
    """Return how a ticket is to be raised because its condition came so often, on whichever tickets; None when it did not."""
    after = settings.number("escalate_after")
    if not after or not alert.condition_key:
        return None
    minutes = settings.number("escalate_within_minutes")
    since = now - timedelta(minutes=minutes)
    recent = Alert.objects.filter(condition_key=alert.condition_key, raised_at__gte=since).count()
    if not wants_escalation(after=after, occurrences=recent, is_escalated=False):
        return None
    wanted = {"priority": settings.pick("escalated_priority"), "queueID": settings.pick("escalated_queue")}
    picks = {field: pick for field, pick in wanted.items() if pick is not None}
    if not picks:
        return None
    return Escalation(picks, f"It happened {recent} times within {minutes} minutes.")


def escalate(ticket: Ticket, alert: Alert, settings: EffectiveSettings, now: datetime) -> int | None:
    """Wish for a ticket to be raised when its condition came too often; once for each time it is opened."""
    if ticket.escalated_at is not None:
        return None
    found = find_escalation(alert, settings, now)
    if found is None:
        return None
    Ticket.objects.filter(pk=ticket.pk).update(escalated_at=now)
    return outbox.wish(
        Action.Kind.UPDATE_TICKET,
        f"escalate:{ticket.pk}:{ticket.rounds}",
        alert=alert,
        ticket=ticket,
        payload={"fields": {field: pick.value for field, pick in found.picks.items()}, "why": found.why},
    )


def _leader_pk(ticket: Ticket) -> int | None:
    first = ticket.alerts.order_by("ticketed_at", "id").values_list("pk", flat=True).first()
    return first if ticket.noted_at is None else None
