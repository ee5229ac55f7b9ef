"""Decide what an alert becomes, and write down what its ticket will hold."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from integration.models import Connection
from mappings.models import Device, SiteMapping
from mappings.selectors import find_usable_configuration_item
from tickets.domain.decisions import AlertFacts, Decision, SiteFacts, Verdict, decide
from tickets.domain.keys import correlation_key
from tickets.domain.rendering import Rendered, render_description, render_note, render_title
from tickets.domain.resolution_text import format_moment, render_resolution, who_cleared
from tickets.domain.settings_resolution import EffectiveSettings, PickRef
from tickets.models import Action, Alert, Ticket
from tickets.services import outbox
from tickets.services.defaults import effective_settings
from tickets.services.template_context import alert_context
from tickets.services.timeline import record_event

#: When nothing is configured: minutes until a ticket is due, by the alert's priority.
_DUE_MINUTES = {
    "Critical": 240,
    "High": 480,
    "Moderate": 1440,
    "Low": 2880,
    "Information": 4320,
    "Unknown": 1440,
}

#: Autotask's default rows, used only while its own pick list has not been read.
_STANDARD_PRIORITIES = {
    "Critical": (4, "Critical"),
    "High": (1, "High"),
    "Moderate": (2, "Medium"),
    "Low": (3, "Low"),
    "Information": (3, "Low"),
    "Unknown": (2, "Medium"),
}

#: Setting -> Autotask field of a ticket.
_PICK_FIELDS = {
    "queue": "queueID",
    "ticket_category": "ticketCategory",
    "ticket_type": "ticketType",
    "source": "source",
    "status": "status",
    "issue_type": "issueType",
    "sub_issue_type": "subIssueType",
    "work_type": "billingCodeID",
}
_LABELS = {
    "queueID": "Queue",
    "ticketCategory": "Ticket category",
    "ticketType": "Ticket type",
    "source": "Source",
    "status": "Status",
    "issueType": "Issue type",
    "subIssueType": "Sub-issue type",
    "billingCodeID": "Work type",
}
#: A new alert arrives within seconds by webhook, within a minute by poll.
_OLD_WHEN_FIRST_SEEN = timedelta(minutes=10)
_NOTE_TITLE = "Datto RMM alert"
_CLEAR_NOTE_TITLE = "Datto RMM alert cleared"
_DEFAULT_NOTE_TYPE, _DEFAULT_PUBLISH = 3, 2


def decide_alert(alert_id: int, *, now: datetime | None = None) -> list[int]:
    """Decide an alert that is received or waits for a cure; returns actions that became due.

    One transaction: the alert's new state, its ticket row and the wish to create it appear together or not at
    all. Safe to repeat: an alert that is already ticketed, or is being ticketed, is left alone.
    """
    now = now or timezone.now()
    with transaction.atomic():
        alert = Alert.objects.select_related("monitor_type").filter(pk=alert_id).first()
        if alert is None or alert.state not in {Alert.State.RECEIVED, Alert.State.BLOCKED}:
            return []
        device = (
            Device.objects.select_related("site").filter(datto_device_uid=alert.datto_device_uid).first()
            if alert.datto_device_uid
            else None
        )
        mapping = _find_mapping(alert, device)
        settings = effective_settings(alert.monitor_type, alert.priority)
        decision = decide(
            _alert_facts(alert, device),
            _site_facts(mapping),
            create_ticket=settings.create_ticket.value,
            create_ticket_origin=settings.create_ticket.origin,
        )
        if decision.verdict is Verdict.MAKE_TICKET and mapping is not None:
            return _plan_ticket(alert, mapping, device, settings, decision, now)
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


def _find_mapping(alert: Alert, device: Device | None) -> SiteMapping | None:
    """The alert's own site; the device's present site only when the alert names none that is known.

    An alert's source is a snapshot: a device may have moved since. The present site wins when both are known,
    because the present organization is the one that pays for the work.
    """
    uids = [device.site.datto_site_uid] if device is not None and not device.is_deleted else []
    if alert.datto_site_uid:
        uids.append(alert.datto_site_uid)
    for uid in uids:
        mapping = (
            SiteMapping.objects.select_related("site", "company", "company_location")
            .filter(site__datto_site_uid=uid)
            .first()
        )
        if mapping is not None:
            return mapping
    return None


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
    Alert.objects.filter(pk=alert.pk, state=alert.state).update(
        state=state,
        cause=decision.cause,
        reason=decision.reason,
        remedy=decision.remedy,
        not_before=None,
        decision=_decision_json(decision, [], settings),
    )
    if changed:
        record_event(state, decision.reason, alert=alert)
    return []


def _plan_ticket(
    alert: Alert,
    mapping: SiteMapping,
    device: Device | None,
    settings: EffectiveSettings,
    decision: Decision,
    now: datetime,
) -> list[int]:
    assert mapping.company is not None  # noqa: S101 - the decision asked for a ticket
    fields, origins = _ticket_fields(alert, mapping, device, settings, now)
    ticket, created = Ticket.objects.get_or_create(
        correlation_key=correlation_key(alert.alert_uid, round_=alert.rounds),
        defaults={"company": mapping.company, "title": str(fields["title"])[:255], "fields": fields},
    )
    if not created:
        # A wish that was refused: what it will send is written anew, with today's mapping and settings.
        Ticket.objects.filter(pk=ticket.pk, autotask_ticket_id__isnull=True).update(
            company=mapping.company,
            title=str(fields["title"])[:255],
            fields=fields,
            state=Ticket.State.PLANNED,
        )
    fields["externalID"] = ticket.correlation_key
    Ticket.objects.filter(pk=ticket.pk, autotask_ticket_id__isnull=True).update(fields=fields)
    Alert.objects.filter(pk=alert.pk).update(
        state=Alert.State.TICKETING,
        cause="",
        reason=f"The ticket for {mapping.company.name} is being made.",
        remedy="",
        ticket=ticket,
        not_before=None,
        decision=_decision_json(decision, origins, settings),
    )
    record_event("decided", decision.reason, alert=alert, ticket=ticket)
    key = f"create:{ticket.pk}"
    action = outbox.wish(Action.Kind.CREATE_TICKET, key, alert=alert, ticket=ticket)
    if action is not None:
        _doubt_old_alert(alert, action)
        return [action]
    Action.objects.filter(key=key, state__in=[Action.State.REFUSED, Action.State.DROPPED]).update(
        state=Action.State.WAITING,
        not_before=None,
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


def _ticket_fields(
    alert: Alert, mapping: SiteMapping, device: Device | None, settings: EffectiveSettings, now: datetime
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return what is sent to Autotask, and for each field its value in words and its origin."""
    assert mapping.company is not None  # noqa: S101 - see _plan_ticket
    fields: dict[str, Any] = {"companyID": mapping.company.autotask_company_id}
    origins = [
        _origin(
            "companyID",
            "Organization",
            fields["companyID"],
            mapping.company.name,
            f"site {mapping.site.name}",
        )
    ]
    context = alert_context(alert, device, _connection(), organization=mapping.company.name)
    for name, label, rendered, key in (
        (
            "title",
            "Title",
            render_title(settings.templates["title_template"].value, context),
            "title_template",
        ),
        (
            "description",
            "Description",
            render_description(settings.templates["description_template"].value, context),
            "description_template",
        ),
    ):
        fields[name] = rendered.text
        origins.append(
            _origin(
                name,
                label,
                rendered.text,
                rendered.text,
                _template_origin(rendered, settings.templates[key].origin),
            )
        )
    priority = settings.priority.value or PickRef(*_STANDARD_PRIORITIES[alert.priority])
    _put(
        fields,
        origins,
        "priority",
        "Priority",
        priority,
        settings.priority.origin or "built-in, until pick lists are read",
    )
    minutes = settings.due_minutes.value
    due_origin = settings.due_minutes.origin if minutes is not None else "built-in"
    due = now + timedelta(minutes=minutes if minutes is not None else _DUE_MINUTES.get(alert.priority, 1440))
    fields["dueDateTime"] = due.strftime("%Y-%m-%dT%H:%M:%SZ")
    origins.append(_origin("dueDateTime", "Due", fields["dueDateTime"], format_moment(due), due_origin))
    for name, field in _PICK_FIELDS.items():
        pick = settings.picks[name]
        if pick.value is not None:
            _put(fields, origins, field, _LABELS[field], pick.value, pick.origin)
    if mapping.company_location is not None and mapping.company_location.is_active:
        location = mapping.company_location
        fields["companyLocationID"] = location.autotask_location_id
        origins.append(
            _origin(
                "companyLocationID",
                "Location",
                location.autotask_location_id,
                location.name,
                f"site {mapping.site.name}",
            )
        )
    # Autotask refuses an item of another company or an inactive one; a ticket without item beats no ticket.
    item = find_usable_configuration_item(device, mapping) if device is not None else None
    if item is not None:
        fields["configurationItemID"] = item.autotask_configuration_item_id
        origins.append(
            _origin(
                "configurationItemID",
                "Configuration item",
                item.autotask_configuration_item_id,
                str(item),
                "device mapping",
            )
        )
    return fields, origins


def _put(
    fields: dict[str, Any], origins: list[dict[str, Any]], field: str, label: str, pick: PickRef, origin: str
) -> None:
    fields[field] = pick.value
    origins.append(_origin(field, label, pick.value, pick.label, origin))


def _origin(field: str, label: str, value: Any, display: str, origin: str) -> dict[str, Any]:
    return {"field": field, "label": label, "value": value, "display": display, "origin": origin}


def _template_origin(rendered: Rendered, origin: str) -> str:
    if rendered.problems:
        return f"built-in, because the template of {origin or 'the defaults'} failed: {rendered.problems[0].message}"
    return origin or "built-in"


def _decision_json(
    decision: Decision, origins: list[dict[str, Any]], settings: EffectiveSettings
) -> dict[str, Any]:
    return {
        "action": decision.verdict.value,
        "reason": decision.reason,
        "rule_chain": list(decision.chain),
        "fields": origins,
        "skipped": [
            {"field": one.field, "label": one.label, "reason": f"{one.reason} (set by {one.origin})"}
            for one in settings.skipped
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
