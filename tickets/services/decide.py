"""Decide what an alert becomes, and write down what its ticket will hold."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from integration.models import Connection
from mappings.models import Company, Device, SiteMapping
from mappings.services.catch_all import find_catch_all
from tickets.domain.decisions import AlertFacts, CatchAll, Decision, SiteFacts, Verdict, decide
from tickets.domain.keys import correlation_key
from tickets.domain.rendering import render_note
from tickets.domain.resolution_text import render_resolution, who_cleared
from tickets.domain.settings_resolution import EffectiveSettings, PickRef, SiteOverrides, resolve
from tickets.models import Action, Alert, Ticket
from tickets.selectors.places import place_of
from tickets.services import outbox
from tickets.services.defaults import effective_settings, load_catalogue, load_rows
from tickets.services.template_context import alert_context
from tickets.services.ticket_fields import ticket_fields
from tickets.services.timeline import record_event

#: A new alert arrives within seconds by webhook, within a minute by poll.
_OLD_WHEN_FIRST_SEEN = timedelta(minutes=10)
#: States an alert may be decided in.
_DECIDABLE = (Alert.State.RECEIVED, Alert.State.BLOCKED, Alert.State.FILTERED)
_NOTE_TITLE = "Datto RMM alert"
_CLEAR_NOTE_TITLE = "Datto RMM alert cleared"
_DEFAULT_NOTE_TYPE, _DEFAULT_PUBLISH = 3, 2


def decide_alert(alert_id: int, *, now: datetime | None = None) -> list[int]:
    """Decide an alert that is received, waits for a cure or was filtered; returns actions that became due.

    One transaction: the alert's new state, its ticket row and the wish to create it appear together or not at
    all. Safe to repeat: an alert that is already ticketed, or is being ticketed, is left alone, also when another
    worker brings it there during the decision.
    """
    now = now or timezone.now()
    with transaction.atomic():
        alert = Alert.objects.select_related("monitor_type").filter(pk=alert_id).first()
        if alert is None or alert.state not in _DECIDABLE:
            return []
        place = place_of(alert)
        device, mapping = place.device, place.mapping
        settings = _settings_for(alert, mapping)
        catch_all = find_catch_all()
        decision = decide(
            _alert_facts(alert, device),
            _site_facts(mapping),
            create_ticket=settings.create_ticket.value,
            create_ticket_origin=settings.create_ticket.origin,
            priority_note=settings.priority_note,
            catch_all=None
            if catch_all is None
            else CatchAll(catch_all.name, is_usable=catch_all.is_active and not catch_all.is_missing),
        )
        if decision.verdict is Verdict.MAKE_TICKET and mapping is not None:
            company = catch_all if decision.first_line else mapping.company
            assert company is not None  # noqa: S101 - the decision asked for a ticket of this company
            return _plan_ticket(alert, mapping, company, device, settings, decision, now)
        return _record_other(alert, decision, settings)


def plan_first_note(ticket: Ticket, alert: Alert) -> int | None:
    """Wish for the first note where the settings ask for one."""
    settings = effective_settings(alert.monitor_type, alert.priority)
    if not settings.flags["write_first_note"].value:
        return None
    text = render_note(
        settings.templates["note_template"].value,
        alert_context(
            alert,
            _device_of(alert),
            _connection(),
            organization=ticket.company.name,
            ticket_number=ticket.ticket_number,
        ),
    )
    return outbox.wish(
        Action.Kind.FIRST_NOTE,
        f"first_note:{ticket.pk}",
        alert=alert,
        ticket=ticket,
        payload=_note_payload(settings, _NOTE_TITLE, text.text),
    )


def clear_note_payload(ticket: Ticket, alert: Alert) -> dict[str, Any]:
    """Return the note that says the alert cleared."""
    settings = effective_settings(alert.monitor_type, alert.priority)
    return _note_payload(settings, _CLEAR_NOTE_TITLE, resolution_text(ticket))


def resolution_text(ticket: Ticket) -> str:
    """Return what the resolution says: one sentence per alert, the last one first, at most ten."""
    alerts = list(ticket.alerts.order_by("-resolved_at")[:10])
    lines = []
    for alert in alerts:
        sentence = _sentence(alert)
        lines.append(sentence if len(alerts) == 1 else f"{alert.summary or alert.alert_uid}: {sentence}")
    return "\n".join(lines)


def _sentence(alert: Alert) -> str:
    if alert.is_gone:
        return "Datto RMM no longer has this alert, so it is not known what cleared it."
    by = who_cleared(
        resolved_by=alert.resolved_by,
        by_us=alert.resolved_by_us,
        auto_resolve_minutes=alert.auto_resolve_minutes,
    )
    return render_resolution(
        raised_at=alert.raised_at,
        cleared_at=alert.resolved_at,
        cleared_by=by,
        person=alert.resolved_by,
        auto_resolve_minutes=alert.auto_resolve_minutes,
    )


def _settings_for(alert: Alert, mapping: SiteMapping | None) -> EffectiveSettings:
    if mapping is None:
        return effective_settings(alert.monitor_type, alert.priority)
    queue = mapping.queue
    site = SiteOverrides(
        f"site {mapping.site.name}",
        None if queue is None else PickRef(queue.value, queue.label, queue.is_active),
        mapping.priority_offset,
    )
    global_row, monitor_row = load_rows(alert.monitor_type)
    return resolve(global_row, monitor_row, alert.priority, catalogue=load_catalogue(), site=site)


def _alert_facts(alert: Alert, device: Device | None) -> AlertFacts:
    return AlertFacts(
        uid=alert.alert_uid,
        priority=alert.priority,
        is_resolved=alert.is_resolved,
        monitor_type=str(alert.monitor_type or "Other"),
        site_uid=alert.datto_site_uid,
        site_name=alert.datto_site_name,
        device_uid=alert.datto_device_uid,
        device_name=alert.datto_device_name,
        device_is_known=device is not None,
        native_ticket_number=alert.native_ticket_number,
    )


def _site_facts(mapping: SiteMapping | None) -> SiteFacts | None:
    if mapping is None:
        return None
    company = mapping.company
    return SiteFacts(
        name=mapping.site.name,
        state=mapping.state,
        is_system=mapping.site.is_system,
        company_id=company.autotask_company_id if company else None,
        company_name=company.name if company else "",
        company_is_active=bool(company and company.is_active and not company.is_missing),
        tickets_enabled=mapping.tickets_enabled,
    )


def _record_other(alert: Alert, decision: Decision, settings: EffectiveSettings) -> list[int]:
    state = {
        Verdict.FILTER: Alert.State.FILTERED,
        Verdict.CLEAR: Alert.State.CLEARED,
        Verdict.BLOCK: Alert.State.BLOCKED,
    }[decision.verdict]
    changed = (alert.state, alert.cause, alert.reason) != (state, decision.cause, decision.reason)
    written = Alert.objects.filter(pk=alert.pk, state=alert.state).update(
        state=state,
        cause=decision.cause,
        reason=decision.reason,
        remedy=decision.remedy,
        not_before=None,
        decision=_decision_json(decision, [], settings),
    )
    if written and alert.ticket_id is not None:
        # An earlier wish that was refused, or stumbled, is not wanted any more.
        outbox.drop_if_not_started(f"create:{alert.ticket_id}")
    if written and changed:
        record_event(state, decision.reason, alert=alert)
    return []


def _plan_ticket(
    alert: Alert,
    mapping: SiteMapping,
    company: Company,
    device: Device | None,
    settings: EffectiveSettings,
    decision: Decision,
    now: datetime,
) -> list[int]:
    claimed = Alert.objects.filter(pk=alert.pk, state__in=_DECIDABLE, is_resolved=False).update(
        state=Alert.State.TICKETING
    )
    if claimed != 1:
        return []
    found = ticket_fields(alert, mapping, company, device, settings, now, first_line=decision.first_line)
    fields = found.values
    ticket, created = Ticket.objects.get_or_create(
        correlation_key=correlation_key(alert.alert_uid, round_=alert.rounds),
        defaults={"company": company, "title": str(fields["title"])[:255], "fields": fields},
    )
    if not created:
        # A wish that was refused: what it will send is written anew, with today's mapping and settings.
        Ticket.objects.filter(pk=ticket.pk, autotask_ticket_id__isnull=True).update(
            company=company,
            title=str(fields["title"])[:255],
            fields=fields,
            state=Ticket.State.PLANNED,
        )
    fields["externalID"] = ticket.correlation_key
    Ticket.objects.filter(pk=ticket.pk, autotask_ticket_id__isnull=True).update(fields=fields)
    Alert.objects.filter(pk=alert.pk).update(
        state=Alert.State.TICKETING,
        cause="",
        reason=f"The ticket for {company.name} is being made.",
        remedy="",
        ticket=ticket,
        not_before=None,
        decision=_decision_json(decision, found.origins, settings, found.skipped),
    )
    record_event("decided", decision.reason, alert=alert, ticket=ticket)
    key = f"create:{ticket.pk}"
    action = outbox.wish(Action.Kind.CREATE_TICKET, key, alert=alert, ticket=ticket)
    if action is not None:
        _doubt_old_alert(alert, action)
        return [action]
    Action.objects.filter(key=key, state__in=[Action.State.REFUSED, Action.State.DROPPED]).update(
        state=Action.State.WAITING,
        not_before=timezone.now(),
        attempts=0,
        error="",
        cause="",
        remedy="",
        finished_at=None,
    )
    return list(Action.objects.filter(key=key, state=Action.State.WAITING).values_list("pk", flat=True))


def _doubt_old_alert(alert: Alert, action_id: int) -> None:
    """Have Autotask searched before a ticket is made for an alert that is old when first seen.

    After a restored backup, ticketed alerts look new; one search each keeps them from being ticketed twice.
    """
    if alert.raised_at is not None and alert.first_seen_at - alert.raised_at > _OLD_WHEN_FIRST_SEEN:
        Action.objects.filter(pk=action_id).update(in_doubt=True, doubt_since=alert.raised_at)


def _decision_json(
    decision: Decision,
    origins: list[dict[str, Any]],
    settings: EffectiveSettings,
    skipped: Sequence[dict[str, str]] = (),
) -> dict[str, Any]:
    return {
        "action": decision.verdict.value,
        "reason": decision.reason,
        "rule_chain": list(decision.chain),
        "fields": origins,
        "skipped": [
            *(
                {"field": one.field, "label": one.label, "reason": f"{one.reason} (set by {one.origin})"}
                for one in settings.skipped
            ),
            *skipped,
        ],
        "decided_at": timezone.now().isoformat(),
    }


def _note_payload(settings: EffectiveSettings, title: str, text: str) -> dict[str, Any]:
    note_type, publish = settings.picks["note_type"].value, settings.picks["note_publish"].value
    return {
        "title": title,
        "description": text,
        "note_type": note_type.value if note_type is not None else _DEFAULT_NOTE_TYPE,
        "publish": publish.value if publish is not None else _DEFAULT_PUBLISH,
    }


def _connection() -> Connection | None:
    return Connection.objects.filter(pk=Connection.SINGLETON_ID).first()


def _device_of(alert: Alert) -> Device | None:
    if not alert.datto_device_uid:
        return None
    return Device.objects.select_related("site").filter(datto_device_uid=alert.datto_device_uid).first()
