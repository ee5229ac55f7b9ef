"""What pages and services ask about end clients' requests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.db.models import QuerySet

from mappings.models import Device
from tickets.domain.requests.words import OpenAlert
from tickets.models import AgentRequest, Alert

_REFERENCE_LENGTH: Final = 8


def open_alerts_of(device: Device) -> QuerySet[Alert]:
    """Return the open alerts of a device, newest first."""
    return (
        Alert.objects.filter(datto_device_uid=device.datto_device_uid, is_resolved=False)
        .select_related("monitor_type", "ticket")
        .defer("context", "decision", "diagnostics")
        .order_by("-id")
    )


def to_open_alerts(alerts: Iterable[Alert]) -> list[OpenAlert]:
    """Return alerts as the domain takes them."""
    return [
        OpenAlert(
            uid=one.alert_uid,
            monitor_type=one.monitor_type.slug if one.monitor_type else "",
            is_security=bool(one.monitor_type and one.monitor_type.is_security),
            priority=one.priority,
            ticket_number=one.ticket.ticket_number if one.ticket else "",
            summary=one.summary,
        )
        for one in alerts
    ]


def attached_alerts(request: AgentRequest) -> list[Alert]:
    """Return the alerts that were open when a request was sent, newest first; those purged since are left out."""
    rows = Alert.objects.filter(alert_uid__in=list(request.attached_alerts))
    return list(
        rows.select_related("monitor_type", "ticket")
        .defer("context", "decision", "diagnostics")
        .order_by("-id")
    )


def reference_of(request: AgentRequest) -> str:
    """Return what a person can name on the phone before there is a ticket number."""
    return request.key[:_REFERENCE_LENGTH].upper()


def find_by_reference(device: Device, reference: str) -> AgentRequest | None:
    """Return a request of a device by its reference."""
    if len(reference) != _REFERENCE_LENGTH:
        return None
    rows = AgentRequest.objects.filter(device=device, key__startswith=reference.lower())
    return rows.select_related("ticket").first()
