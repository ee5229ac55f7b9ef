"""Bring an alert that is to have a ticket to its place: a new ticket, an open one, or one that is opened again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import F
from django.utils import timezone

from mappings.models import Company, SiteMapping
from tickets.domain.decisions import Cause, Decision
from tickets.domain.grouping import Around, Because, Placed, Placement, TicketKind, place
from tickets.domain.holding import Hold
from tickets.domain.keys import correlation_key
from tickets.domain.settings import Effective, EffectiveSettings
from tickets.models import Action, Alert, AlertPolicy, Ticket
from tickets.selectors.places import Place
from tickets.services import outbox, repeats
from tickets.services.around import gather
from tickets.services.locks import is_being_completed, lock_ticket
from tickets.services.policy import find_own_company, load_policy, storm_policy
from tickets.services.reopening import wish_reopen
from tickets.services.rules import raised
from tickets.services.ticket_fields import ticket_fields
from tickets.services.timeline import record_event

#: A new alert arrives within seconds by webhook, within a minute by poll.
_OLD_WHEN_FIRST_SEEN = timedelta(minutes=10)
#: Why an alert waits while the ticket it belongs to is being completed.
CLOSING: Final = "ticket_closing"
_WAIT_FOR_COMPLETION: Final = timedelta(seconds=3)
#: States an alert may be decided in.
DECIDABLE: Final = (
    Alert.State.RECEIVED,
    Alert.State.BLOCKED,
    Alert.State.FILTERED,
    Alert.State.HELD,
    Alert.State.SILENCED,
)


@dataclass(frozen=True, slots=True)
class Case:
    """One alert that is to have a ticket, with everything its place depends on."""

    alert: Alert
    where: Place
    company: Company
    settings: EffectiveSettings
    decision: Decision

    @property
    def mapping(self) -> SiteMapping:
        """Return the mapping of the alert's site; an alert without one gets no ticket."""
        assert self.where.mapping is not None  # noqa: S101 - tells the type checker
        return self.where.mapping


def place_alert(case: Case, now: datetime) -> list[int]:
    """Decide where an alert goes and write that down; returns actions that became due. Inside a transaction."""
    policy = load_policy()
    storms = storm_policy(policy)
    around = gather(case.alert, case.where, case.company, case.settings, storms, now)
    if case.alert.skips_holds:
        # A person does not want to wait and see.
        storms = replace(storms, watch_seconds=0)
    if case.alert.is_ungrouped:
        # A person took it out of a group: only a ticket of the very same condition is shared.
        around = Around(open_ticket=around.open_ticket)
    placed = place(
        around,
        case.settings,
        storms,
        priority=case.settings.alert_priority,
        is_security=bool(case.alert.monitor_type and case.alert.monitor_type.is_security),
        raised_at=raised(case.alert),
        now=now,
    )
    if placed.placement is Placement.HOLD:
        hold = Hold(placed.because.value, placed.reason, placed.until)
        return record_hold(case.alert, hold, case.decision, case.settings, now)
    if placed.ticket_id is not None:
        ticket = lock_ticket(placed.ticket_id)
        if is_being_completed(ticket):
            return _wait_for_completion(case, ticket, now)
        if placed.placement is Placement.JOIN:
            return _join(case, ticket, placed, policy, now)
        if placed.placement is Placement.REOPEN:
            return _reopen(case, ticket, placed, now)
        return _note_only(case, ticket, placed)
    return _make(case, placed, policy, now)


def record_hold(
    alert: Alert, hold: Hold, decision: Decision, settings: EffectiveSettings, now: datetime
) -> list[int]:
    """Let an alert wait; returns no actions."""
    state = Alert.State.SILENCED if hold.is_hidden else Alert.State.HELD
    is_new = (alert.state, alert.cause, alert.silence_id) != (state, hold.cause, hold.silence_id)
    written = Alert.objects.filter(pk=alert.pk, state=alert.state).update(
        state=state,
        cause=hold.cause,
        reason=hold.reason,
        remedy="Nothing to do: it is looked at again by itself.",
        not_before=hold.until,
        silence=hold.silence_id,
        held_since=now if is_new or alert.held_since is None else alert.held_since,
        decision=decision_json(decision, [], settings, outcome=state, because=hold.cause, reason=hold.reason),
    )
    if written and is_new:
        record_event(state, hold.reason, alert=alert)
        if hold.silence_id is not None:
            alert.hidden_by.add(hold.silence_id)
    return []


def decision_json(
    decision: Decision,
    origins: list[dict[str, Any]],
    settings: EffectiveSettings,
    skipped: Sequence[dict[str, str]] = (),
    *,
    outcome: str = "",
    because: str = "",
    reason: str = "",
) -> dict[str, Any]:
    """Return the decision as it is kept with the alert and shown as "why this ticket"."""
    chain = list(decision.chain)
    chain += [f"Applies: {name}. {settings.rule_reasons.get(name, '')}".strip() for name in settings.rules]
    if reason:
        chain.append(reason)
    return {
        "action": outcome or decision.verdict.value,
        "because": because,
        "reason": reason or decision.reason,
        "rule_chain": chain,
        "facts": [list(fact) for fact in decision.facts],
        "fields": origins,
        "settings": settings_json(settings),
        "skipped": [
            *(
                {"field": one.field, "label": one.label, "reason": f"{one.reason} (set by {one.origin})"}
                for one in settings.skipped
            ),
            *skipped,
        ],
        "decided_at": timezone.now().isoformat(),
    }


def settings_json(settings: EffectiveSettings) -> list[dict[str, Any]]:
    """Return settings that are no ticket field, with their origins: how it repeats, groups and ends."""
    rows: list[tuple[str, Effective[Any]]] = [("create_ticket", settings.create_ticket)]
    rows += [*settings.flags.items(), *settings.numbers.items(), *settings.choices.items()]
    return [
        {"name": name, "value": one.value, "origin": one.origin, "rule": one.rule_id}
        for name, one in rows
        if one.value is not None
    ]


def _join(case: Case, ticket: Ticket, placed: Placed, policy: AlertPolicy, now: datetime) -> list[int]:
    is_planned = ticket.state == Ticket.State.PLANNED
    leave_unmade_ticket(case.alert, ticket)
    claimed = Alert.objects.filter(pk=case.alert.pk, state__in=DECIDABLE, is_resolved=False).update(
        state=Alert.State.TICKETING if is_planned else Alert.State.MERGED,
        cause="" if is_planned else placed.because.value,
        reason=placed.reason,
        remedy="",
        ticket=ticket,
        ticketed_at=None if is_planned else now,
        not_before=None,
        decision=decision_json(
            case.decision,
            [],
            case.settings,
            outcome="merge",
            because=placed.because.value,
            reason=placed.reason,
        ),
    )
    if claimed != 1:
        return []
    Ticket.objects.filter(pk=ticket.pk).update(occurrences=F("occurrences") + 1)
    record_event("merged", placed.reason, alert=case.alert, ticket=ticket, data=_facts(placed))
    ticket.refresh_from_db()
    if placed.because is Because.SITE_STORM:
        _let_watched_go(case.alert, now)
    return repeats.follow_join(ticket, case.alert, case.settings, placed, policy, now)


def _wait_for_completion(case: Case, ticket: Ticket, now: datetime) -> list[int]:
    """Its ticket is being completed at this moment: what becomes of the alert depends on how that ends."""
    reason = f"Ticket {ticket} of the same condition is being completed at this moment; it is looked at again after that."
    hold = Hold(CLOSING, reason, now + _WAIT_FOR_COMPLETION)
    return record_hold(case.alert, hold, case.decision, case.settings, now)


def _let_watched_go(alert: Alert, now: datetime) -> None:
    """The site's storm has its ticket: alerts that waited to see whether there is one need not wait longer."""
    Alert.objects.filter(
        state=Alert.State.HELD,
        cause=Because.SITE_WATCH.value,
        monitor=alert.monitor,
        datto_site_uid=alert.datto_site_uid,
    ).update(not_before=now)


def leave_unmade_ticket(alert: Alert, other: Ticket) -> None:
    """An alert whose own ticket was refused goes elsewhere: nobody is to make that ticket any more."""
    if alert.ticket_id is None or alert.ticket_id == other.pk:
        return
    if not Ticket.objects.filter(pk=alert.ticket_id, state=Ticket.State.PLANNED).exists():
        return
    if Alert.objects.filter(ticket=alert.ticket_id, is_resolved=False).exclude(pk=alert.pk).exists():
        return
    if outbox.drop_if_not_started(f"create:{alert.ticket_id}"):
        Ticket.objects.filter(pk=alert.ticket_id).update(state=Ticket.State.ABANDONED)


def _reopen(case: Case, ticket: Ticket, placed: Placed, now: datetime) -> list[int]:
    claimed = Alert.objects.filter(pk=case.alert.pk, state__in=DECIDABLE, is_resolved=False).update(
        state=Alert.State.MERGED,
        cause=placed.because.value,
        reason=placed.reason,
        remedy="",
        ticket=ticket,
        ticketed_at=now,
        not_before=None,
        decision=decision_json(
            case.decision,
            [],
            case.settings,
            outcome="reopen",
            because=placed.because.value,
            reason=placed.reason,
        ),
    )
    if claimed != 1:
        return []
    record_event("reopening", placed.reason, alert=case.alert, ticket=ticket, data=_facts(placed))
    action = wish_reopen(ticket, case.alert, case.settings)
    return [action] if action is not None else []


def _note_only(case: Case, ticket: Ticket, placed: Placed) -> list[int]:
    """The completed ticket stays as it is; the alert has no ticket of its own, by rule."""
    claimed = Alert.objects.filter(pk=case.alert.pk, state__in=DECIDABLE, is_resolved=False).update(
        state=Alert.State.FILTERED,
        cause=Cause.NOTED,
        reason=placed.reason,
        remedy="",
        not_before=None,
        decision=decision_json(
            case.decision,
            [],
            case.settings,
            outcome="note",
            because=placed.because.value,
            reason=placed.reason,
        ),
    )
    if claimed != 1:
        return []
    record_event("noted", placed.reason, alert=case.alert, ticket=ticket, data=_facts(placed))
    return repeats.note_return(ticket, case.alert, case.settings)


def _make(case: Case, placed: Placed, policy: AlertPolicy, now: datetime) -> list[int]:
    alert, decision = case.alert, case.decision
    claimed = Alert.objects.filter(pk=alert.pk, state__in=DECIDABLE, is_resolved=False).update(
        state=Alert.State.TICKETING
    )
    if claimed != 1:
        return []
    company = (find_own_company(policy) or case.company) if placed.kind is TicketKind.FLEET else case.company
    found = ticket_fields(
        alert,
        case.mapping,
        company,
        case.where.device,
        case.settings,
        now,
        first_line=" ".join(part for part in (decision.first_line, placed.reason) if part),
    )
    fields = found.values
    escalation = repeats.find_escalation(alert, case.settings, now)
    if escalation is not None:
        for name, pick in escalation.picks.items():
            found.replace(name, pick.value, pick.label, f"escalated. {escalation.why}")
    if placed.kind is not TicketKind.SINGLE:
        fields["title"] = repeats.storm_title(placed.kind, alert, case.where.site_name)
    previous, problem = _linked(placed.previous_id), _linked(placed.problem_id)
    values = {
        "company": company,
        "title": str(fields["title"])[:255],
        "kind": placed.kind.value,
        "condition_key": alert.condition_key,
        "monitor": alert.monitor,
        "datto_site_uid": alert.datto_site_uid,
        "datto_device_uid": alert.datto_device_uid,
        "alert_priority": case.settings.alert_priority,
        "previous": previous,
        "problem": problem,
        "escalated_at": now if escalation is not None else None,
    }
    key = correlation_key(alert.alert_uid, round_=alert.rounds)
    fields["externalID"] = key
    ticket, created = Ticket.objects.get_or_create(correlation_key=key, defaults={**values, "fields": fields})
    if not created:
        # A wish that was refused: what it will send is written anew, with today's mapping and settings.
        Ticket.objects.filter(pk=ticket.pk, autotask_ticket_id__isnull=True).update(
            **values, fields=fields, state=Ticket.State.PLANNED
        )
    Alert.objects.filter(pk=alert.pk).update(
        state=Alert.State.TICKETING,
        cause="",
        reason=f"The ticket for {company.name} is being made.",
        remedy="",
        ticket=ticket,
        not_before=None,
        decision=decision_json(
            decision,
            found.origins,
            case.settings,
            found.skipped,
            because=placed.because.value,
            reason=placed.reason,
        ),
    )
    record_event("decided", placed.reason or decision.reason, alert=alert, ticket=ticket, data=_facts(placed))
    return _wish_create(alert, ticket)


def _wish_create(alert: Alert, ticket: Ticket) -> list[int]:
    key = f"create:{ticket.pk}"
    action = outbox.wish(Action.Kind.CREATE_TICKET, key, alert=alert, ticket=ticket)
    if action is not None:
        _doubt_old_alert(alert, action)
        return [action]
    rows = Action.objects.filter(key=key)
    # One that waits keeps its pause: a vendor that is down is not asked more often for being decided again.
    waiting = list(rows.filter(state=Action.State.WAITING).values_list("pk", flat=True))
    return waiting or outbox.revive(rows, timezone.now())


def _doubt_old_alert(alert: Alert, action_id: int) -> None:
    """Have Autotask searched before a ticket is made for an alert that is old when first seen.

    After a restored backup, ticketed alerts look new; one search each keeps them from being ticketed twice.
    """
    if alert.raised_at is not None and alert.first_seen_at - alert.raised_at > _OLD_WHEN_FIRST_SEEN:
        Action.objects.filter(pk=action_id).update(in_doubt=True, doubt_since=alert.raised_at)


def _linked(ticket_id: int | None) -> Ticket | None:
    return None if ticket_id is None else Ticket.objects.filter(pk=ticket_id).first()


def _facts(placed: Placed) -> dict[str, Any]:
    facts = asdict(placed)
    return {
        "because": facts["because"].value,
        "placement": facts["placement"].value,
        **{
            name: facts[name]
            for name in ("ticket_id", "previous_id", "problem_id")
            if facts[name] is not None
        },
    }
