"""Addresses of alerts, devices, sites and tickets in the vendors' own pages. Empty when one cannot be built."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse

from integration.models import Connection
from integration.vendors.autotask.links import ticket_link as autotask_ticket_link
from integration.vendors.datto_rmm.links import Links, trusted_url
from mappings.models import Device, Site
from tickets.models import Alert, Ticket


def _links(connection: Connection | None) -> Links:
    return Links(connection.datto_platform if connection is not None else "")


def trusted_portal_url(connection: Connection | None, url: str) -> str:
    """Return an address that came from Datto RMM if it may be shown as a link.

    Besides the vendor's own domains, the host of the configured API is trusted: the sandbox' links lead to it.
    """
    host = (
        urlsplit(connection.datto_api_url).hostname
        if connection is not None and connection.datto_api_url
        else None
    )
    return trusted_url(url, extra_hosts=[host] if host else [])


def alert_link(connection: Connection | None, alert: Alert) -> str:
    """Return the alert's page in Datto RMM."""
    if connection is not None and connection.is_demo:
        return f"{connection.datto_api_url.rstrip('/').removesuffix('/api')}/alerts/{alert.alert_uid}"
    return _links(connection).alert_url(alert.alert_uid)


def device_link(connection: Connection | None, device: Device | None) -> str:
    """Return the device's page in Datto RMM."""
    if device is None:
        return ""
    return trusted_portal_url(connection, device.portal_url) or _links(connection).device_url(
        device.datto_device_id
    )


def site_link(connection: Connection | None, site: Site | None) -> str:
    """Return the site's page in Datto RMM."""
    if site is None:
        return ""
    return trusted_portal_url(connection, site.portal_url) or _links(connection).site_url(site.datto_site_id)


def ticket_link(connection: Connection | None, ticket: Ticket | None) -> str:
    """Return the ticket's page in Autotask."""
    if connection is None or ticket is None or ticket.autotask_ticket_id is None:
        return ""
    if connection.is_demo:
        return (
            f"{connection.datto_api_url.rstrip('/').removesuffix('/api')}/tickets/{ticket.autotask_ticket_id}"
        )
    return (
        autotask_ticket_link(connection.autotask_web_url, ticket.autotask_ticket_id)
        if connection.autotask_web_url
        else ""
    )


def timeline_link(alert: Alert) -> str:
    """Return the alert's story in this product."""
    return f"{settings.PUBLIC_URL.rstrip('/')}{reverse('admin:tickets_alert_change', args=[alert.pk])}"
