"""What templates know of one alert: from rows to the variables of `tickets.domain.template_variables`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from integration.models import Connection
from integration.vendors.datto_rmm.contexts import describe_context
from mappings.models import Device
from tickets.domain.resolution_text import format_moment
from tickets.domain.template_variables import build_context
from tickets.models import AgentRequest, Alert, AlertPriority
from tickets.services.links import alert_link, device_link, site_link, timeline_link, trusted_portal_url

_RECENT = timedelta(hours=24)
_MOST_RECENT = 10


def alert_context(
    alert: Alert,
    device: Device | None,
    connection: Connection | None,
    *,
    organization: str = "",
    ticket_number: str = "",
    runbook: str = "",
    occurrences: int = 1,
) -> dict[str, Any]:
    """Return the variables for one alert; unknown things are empty texts.

    Args:
        alert: with its monitor type loaded.
        device: with its site loaded; None when it is not known here.
        connection: for links.
        organization: the company's name.
        ticket_number: empty before the ticket exists.
        runbook: address of the instructions for this alert.
        occurrences: alerts that the ticket has stood for.
    """
    site = device.site if device else None
    values = {
        "alert.uid": alert.alert_uid,
        "alert.priority": alert.priority,
        "alert.monitor_type": str(alert.monitor_type or "Other"),
        "alert.subject": alert.subject,
        "alert.summary": alert.summary,
        "alert.diagnostics": alert.diagnostics,
        "alert.raised_at": format_moment(alert.raised_at) if alert.raised_at else "",
        "alert.link": alert_link(connection, alert),
        "device.hostname": device.hostname if device else alert.datto_device_name,
        "device.description": device.description if device else "",
        "device.operating_system": device.operating_system if device else "",
        "device.ip": device.internal_ip if device else "",
        "device.external_ip": device.external_ip if device else "",
        "device.last_user": device.last_user if device else "",
        "device.link": device_link(connection, device),
        "device.web_remote_link": trusted_portal_url(connection, device.web_remote_url) if device else "",
        "site.name": site.name if site else alert.datto_site_name,
        "site.link": site_link(connection, site),
        "organization.name": organization,
        "ticket.number": ticket_number,
        "ticket.occurrences": str(occurrences),
        "monitor.name": str(alert.monitor) if alert.monitor_id else str(alert.monitor_type or "Other"),
        "monitor.runbook": runbook,
        "alert.timeline_link": timeline_link(alert),
        "device.class": device.device_class if device else "",
        "device.recent_alerts": _recent_alerts(alert),
    }
    facts = describe_context(alert.context or None).facts
    return build_context(values, [(label, str(value)) for label, value in facts])


def request_context(
    request: AgentRequest, connection: Connection | None, *, organization: str
) -> dict[str, Any]:
    """Return the variables for an end client's request: what is about an alert is empty, the rest as for one.

    Args:
        request: with its device and that one's site loaded.
        connection: for links.
        organization: the company's name.
    """
    alert = Alert(
        summary=request.subject,
        priority=AlertPriority.MODERATE,
        raised_at=request.received_at,
        first_seen_at=request.received_at,
        datto_device_uid=request.device.datto_device_uid,
    )
    values = alert_context(alert, request.device, connection, organization=organization)
    told = values["alert"]
    told.monitor_type = values["monitor"].name = "Agent ticket"
    told.link = told.timeline_link = ""
    return values


def _recent_alerts(alert: Alert) -> str:
    """Return what else the device raised in the day before, newest first, a line each."""
    at = alert.raised_at or alert.first_seen_at
    if not alert.datto_device_uid or at is None:
        return ""
    rows = Alert.objects.filter(
        datto_device_uid=alert.datto_device_uid, raised_at__gt=at - _RECENT, raised_at__lte=at
    ).exclude(pk=alert.pk)
    return "\n".join(
        f"{one.raised_at:%H:%M} UTC {one.summary or one.alert_uid}{' (cleared)' if one.is_resolved else ''}"
        for one in rows.order_by("-raised_at").only("raised_at", "summary", "alert_uid", "is_resolved")[
            :_MOST_RECENT
        ]
    )
