"""Why an alert is where it is: the decision, each field's origin, what it is grouped with, the story, every vendor call."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from integration.models import Connection, VendorCall
from tickets.domain.settings.words import list_settings
from tickets.domain.words import describe_cause
from tickets.models import Alert, Silence, Ticket, TimelineEvent
from tickets.selectors.members import list_members
from tickets.services.links import alert_link, ticket_link
from tickets.services.placing import settings_json
from tickets.services.rules import settings_of
from tickets.services.silences import describe_scope, describe_window


def explain_alert(alert_uid: str) -> dict[str, Any]:
    """Return the whole explanation of one alert, ready for JSON.

    Raises:
        LookupError: no such alert here.
    """
    alert = (
        Alert.objects.select_related(
            "ticket__company",
            "ticket__previous",
            "ticket__problem",
            "monitor_type",
            "monitor",
            *(f"silence__{name}" for name in ("device", "monitor", "site", "company", "ends_with", "owner")),
        )
        .filter(alert_uid=alert_uid)
        .first()
    )
    if alert is None:
        raise LookupError(
            f"ALERT_UID: {alert_uid!r} is not known here. Run `manage.py sync alerts`, or check the uid in Datto RMM."
        )
    connection = Connection.objects.filter(pk=Connection.SINGLETON_ID).first()
    ticket = alert.ticket
    subjects = [f"alert:{alert.alert_uid}"] + ([f"ticket:{ticket.pk}"] if ticket else [])
    # Of other alerts on the ticket only what happened to the ticket itself.
    of_ticket = Q(ticket=ticket, alert__isnull=True) if ticket else Q(pk__in=[])
    events = TimelineEvent.objects.filter(Q(alert=alert) | of_ticket).select_related("user").order_by("id")
    calls = list(VendorCall.objects.filter(subject__in=subjects).order_by("id"))
    actions = alert.actions.order_by("id")
    return {
        "alert": {
            "uid": alert.alert_uid,
            "summary": alert.summary,
            "priority": alert.priority,
            "monitor": str(alert.monitor) if alert.monitor is not None else None,
            "recognised_by": alert.recognised_by,
            "monitor_type": str(alert.monitor_type or "Other"),
            "context_class": alert.context_class,
            "site": alert.datto_site_name,
            "device": alert.datto_device_name,
            "raised_at": _text(alert.raised_at),
            "resolved": alert.is_resolved,
            "resolved_at": _text(alert.resolved_at),
            "resolved_by": alert.resolved_by,
            "first_seen_at": _text(alert.first_seen_at),
            "first_seen_via": alert.first_seen_via,
            "times_seen": alert.times_seen,
            "link": alert_link(connection, alert),
        },
        "state": alert.state,
        "state_words": alert.get_state_display(),
        "cause": alert.cause,
        "cause_words": describe_cause(alert.cause) if alert.cause else "",
        "reason": alert.reason,
        "remedy": alert.remedy,
        "waits": _waits(alert),
        "silence": _silence(alert.silence),
        "rule_chain": _decision(alert).get("rule_chain") or [],
        "decision": alert.decision,
        **_today(alert),
        "ticket": None
        if ticket is None
        else {
            "autotask_ticket_id": ticket.autotask_ticket_id,
            "number": ticket.ticket_number,
            "external_id": ticket.correlation_key,
            "state": ticket.state,
            "organization": ticket.company.name,
            "title": ticket.title,
            "link": ticket_link(connection, ticket),
        },
        "group": None if ticket is None else _group(ticket),
        "timeline": [
            {
                "at": _text(event.at),
                "kind": event.kind,
                "text": event.text,
                "by": event.user.get_username() if event.user is not None else "",
            }
            for event in events
        ],
        "actions": [
            {
                "kind": action.kind,
                "state": action.state,
                "attempts": action.attempts,
                "in_doubt": action.in_doubt,
                "error": action.error,
                "remedy": action.remedy,
                "not_before": _text(action.not_before),
            }
            for action in actions
        ],
        "calls": [
            {
                "at": _text(call.started_at),
                "vendor": call.vendor,
                "method": call.method,
                "path": call.path,
                "status": call.status,
                "ms": call.duration_ms,
                "lane": call.lane,
                "error": call.error,
            }
            for call in calls
        ],
    }


def _decision(alert: Alert) -> dict[str, Any]:
    return alert.decision if isinstance(alert.decision, dict) else {}


def _waits(alert: Alert) -> dict[str, Any] | None:
    """Return since when and until when an alert is held, hidden or looked at again; None when it does not wait."""
    waiting = (Alert.State.HELD, Alert.State.SILENCED, Alert.State.BLOCKED)
    if alert.is_resolved or alert.state not in waiting:
        return None
    return {"since": _text(alert.held_since), "until": _text(alert.not_before)}


def _silence(silence: Silence | None) -> dict[str, Any] | None:
    """Return the silence or window that holds or hides an alert, or did last."""
    if silence is None:
        return None
    return {
        "name": silence.name,
        "effect": silence.effect,
        "scope": describe_scope(silence),
        "window": describe_window(silence),
        "reason": silence.reason,
        "owner": silence.owner.get_username() if silence.owner is not None else "",
        "ends_at": _text(silence.ends_at),
        "ends_with_ticket": str(silence.ends_with) if silence.ends_with is not None else "",
        "ended_at": _text(silence.ended_at),
        "ended_why": silence.ended_why,
    }


def _today(alert: Alert) -> dict[str, Any]:
    """Return what applies to an alert now, and which of it is not as it was decided."""
    settings = settings_of(alert)
    rows = list_settings(settings)
    then = {
        row["name"]: row
        for row in _decision(alert).get("settings") or []
        if isinstance(row, dict) and "name" in row
    }
    now = {row["name"]: row for row in settings_json(settings)}
    return {
        "rules_now": list(settings.rules),
        "settings_now": [
            {"name": row.name, "title": row.title, "value": row.value, "origin": row.origin} for row in rows
        ],
        "changed_since": sorted(
            name
            for name in then.keys() | now.keys()
            if then
            and (then.get(name, {}).get("value"), then.get(name, {}).get("origin"))
            != (now.get(name, {}).get("value"), now.get(name, {}).get("origin"))
        ),
    }


def _group(ticket: Ticket) -> dict[str, Any]:
    """Return what a ticket stands for."""
    members = list_members(ticket)
    return {
        "kind": ticket.kind,
        "kind_words": ticket.get_kind_display(),
        "occurrences": ticket.occurrences,
        "noted_occurrences": ticket.noted_occurrences,
        "earlier_ticket": str(ticket.previous) if ticket.previous is not None else None,
        "incident_of": str(ticket.problem) if ticket.problem is not None else None,
        "alerts": [
            {
                "uid": one.alert.alert_uid,
                "summary": one.alert.summary,
                "device": one.alert.datto_device_name,
                "site": one.alert.datto_site_name,
                "state": one.alert.state,
                "resolved": one.alert.is_resolved,
                "why": one.part,
            }
            for one in members.rows
        ],
    }


def _text(moment: Any) -> str | None:
    return moment.isoformat() if moment is not None else None
