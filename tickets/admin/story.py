"""What the pages of one alert and one ticket tell: timeline, decision, calls, what is still to be written."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from integration.vendors.datto_rmm.contexts import describe_context
from tickets.models import Action, AgentRequest, Alert, Ticket, TimelineEvent
from tickets.selectors.pages import find_connection, list_calls
from tickets.selectors.places import place_of
from tickets.selectors.requests import attached_alerts
from tickets.services.links import alert_link, device_link, ticket_link, trusted_portal_url

_EVENTS = 300
#: States of actions that are worth a line: done ones are in the timeline.
_PENDING = [Action.State.WAITING, Action.State.RUNNING, Action.State.REFUSED]


def alert_story(alert: Alert) -> dict[str, Any]:
    """Return the context of an alert's page; a constant number of queries."""
    connection = find_connection()
    place = place_of(alert)
    device = place.device
    about = Q(alert=alert)
    subjects = [f"alert:{alert.alert_uid}"]
    if alert.ticket_id is not None:
        # Of other alerts on the ticket only what happened to the ticket itself.
        about |= Q(ticket_id=alert.ticket_id, alert__isnull=True)
        subjects.append(f"ticket:{alert.ticket_id}")
    decision = alert.decision if isinstance(alert.decision, dict) else {}
    return {
        "alert": alert,
        "device": device,
        "place": place,
        "alert_url": alert_link(connection, alert),
        "device_url": device_link(connection, device),
        "web_remote_url": trusted_portal_url(connection, device.web_remote_url) if device else "",
        "ticket_url": ticket_link(connection, alert.ticket),
        "events": _events(about),
        "actions": list(Action.objects.filter(about, state__in=_PENDING)),
        "calls": list_calls(subjects),
        "facts": decision.get("facts") or describe_context(alert.context or None).facts,
        "rule_chain": decision.get("rule_chain") or [],
        "fields": decision.get("fields") or [],
        "skipped": decision.get("skipped") or [],
        "can_retry": _can_retry(alert),
    }


def ticket_story(ticket: Ticket) -> dict[str, Any]:
    """Return the context of a ticket's page; a constant number of queries."""
    connection = find_connection()
    alerts = list(ticket.alerts.select_related("monitor_type").defer("context", "diagnostics")[:100])
    request = AgentRequest.objects.filter(ticket=ticket).first()
    source = request or (alerts[-1] if alerts else None)
    decision = source.decision if source is not None and isinstance(source.decision, dict) else {}
    return {
        "ticket": ticket,
        "request_row": request,
        "ticket_url": ticket_link(connection, ticket),
        "alerts": alerts,
        "events": _events(Q(ticket=ticket)),
        "actions": list(Action.objects.filter(ticket=ticket, state__in=_PENDING)),
        "calls": list_calls([f"ticket:{ticket.pk}", *(f"alert:{alert.alert_uid}" for alert in alerts)]),
        "fields": decision.get("fields") or [],
    }


def request_story(request: AgentRequest) -> dict[str, Any]:
    """Return the context of a request's page; a constant number of queries."""
    connection = find_connection()
    about = Q(request=request)
    if request.ticket_id is not None:
        about |= Q(ticket_id=request.ticket_id)
    decision = request.decision if isinstance(request.decision, dict) else {}
    mapping = getattr(request.device.site, "mapping", None)
    return {
        "row": request,
        "company": mapping.company if mapping is not None else None,
        "ticket_url": ticket_link(connection, request.ticket),
        "device_url": device_link(connection, request.device),
        "alerts": attached_alerts(request),
        "events": _events(about),
        "actions": []
        if request.ticket_id is None
        else list(Action.objects.filter(ticket=request.ticket_id, state__in=_PENDING)),
        "calls": [] if request.ticket_id is None else list_calls([f"ticket:{request.ticket_id}"]),
        "rule_chain": decision.get("rule_chain") or [],
        "fields": decision.get("fields") or [],
        "skipped": decision.get("skipped") or [],
        "can_retry": request.state != AgentRequest.State.TICKETED,
    }


def _events(about: Q) -> list[TimelineEvent]:
    """Return the latest events, oldest first."""
    latest = TimelineEvent.objects.filter(about).select_related("user").order_by("-id")[:_EVENTS]
    return list(reversed(latest))


def _can_retry(alert: Alert) -> bool:
    """A finished alert has nothing to try; an open one may have been filtered by a rule that changed since."""
    return not alert.is_resolved or (alert.ticket is not None and alert.ticket.state == Ticket.State.OPEN)
