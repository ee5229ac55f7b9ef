"""Why an alert is where it is: the decision, each field's origin, the story and every vendor call."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from integration.models import Connection, VendorCall
from tickets.models import Alert, TimelineEvent
from tickets.services.links import alert_link, ticket_link


def explain_alert(alert_uid: str) -> dict[str, Any]:
    """Return the whole explanation of one alert, ready for JSON.

    Raises:
        LookupError: no such alert here.
    """
    alert = (
        Alert.objects.select_related("ticket__company", "monitor_type").filter(alert_uid=alert_uid).first()
    )
    if alert is None:
        raise LookupError(
            f"ALERT_UID: {alert_uid!r} is not known here. Run `manage.py sync alerts`, or check the uid in Datto RMM."
        )
    connection = Connection.objects.filter(pk=Connection.SINGLETON_ID).first()
    ticket = alert.ticket
    subjects = [f"alert:{alert.alert_uid}"] + ([f"ticket:{ticket.pk}"] if ticket else [])
    events = TimelineEvent.objects.filter(
        Q(alert=alert) | (Q(ticket=ticket) if ticket else Q(pk__in=[]))
    ).order_by("id")
    calls = list(VendorCall.objects.filter(subject__in=subjects).order_by("id"))
    actions = alert.actions.order_by("id")
    return {
        "alert": {
            "uid": alert.alert_uid,
            "summary": alert.summary,
            "priority": alert.priority,
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
        "cause": alert.cause,
        "reason": alert.reason,
        "remedy": alert.remedy,
        "decision": alert.decision,
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
        "timeline": [{"at": _text(event.at), "kind": event.kind, "text": event.text} for event in events],
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


def _text(moment: Any) -> str | None:
    return moment.isoformat() if moment is not None else None
