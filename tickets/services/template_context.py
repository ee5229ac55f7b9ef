"""What templates know of one alert: from rows to the variables of `tickets.domain.template_variables`."""

from __future__ import annotations

from typing import Any

from integration.models import Connection
from integration.vendors.datto_rmm.contexts import describe_context
from mappings.models import Device
from tickets.domain.resolution_text import format_moment
from tickets.domain.template_variables import build_context
from tickets.models import Alert
from tickets.services.links import alert_link, device_link, site_link, trusted_portal_url


def alert_context(
    alert: Alert,
    device: Device | None,
    connection: Connection | None,
    *,
    organization: str = "",
    ticket_number: str = "",
) -> dict[str, Any]:
    """Return the variables for one alert; unknown things are empty texts.

    Args:
        alert: with its monitor type loaded.
        device: with its site loaded; None when it is not known here.
        connection: for links.
        organization: the company's name.
        ticket_number: empty before the ticket exists.
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
    }
    facts = describe_context(alert.context or None).facts
    return build_context(values, [(label, str(value)) for label, value in facts])
