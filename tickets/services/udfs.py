"""User-defined fields of tickets: what is sent at creation, and the counter that grows with the ticket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet

from integration.models import Connection
from mappings.models import Device, TicketUdf
from tickets.domain.rendering import render_value
from tickets.domain.settings import Effective, EffectiveSettings
from tickets.domain.udf_values import UdfField, counts_occurrences, fit_value
from tickets.models import Alert, Ticket
from tickets.services.rules import settings_of
from tickets.services.template_context import alert_context


@dataclass(slots=True)
class RenderedUdfs:
    """What is sent and what is not.

    Attributes:
        sent: as Autotask takes it: [{"name", "value"}].
        origins: field -> (value as people read it, where the template comes from).
        skipped: field -> why it is not sent.
    """

    sent: list[dict[str, str]] = field(default_factory=list)
    origins: dict[str, tuple[str, str]] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)


def render_udfs(templates: Mapping[str, Effective[str]], context: dict[str, Any]) -> RenderedUdfs:
    """Return what templates put into user-defined fields. One query.

    Autotask takes the fields of a ticket all together, so a name or a value it would refuse is left out and named.

    Args:
        templates: exact name of the field -> template and its origin.
        context: of the alert.
    """
    found = RenderedUdfs()
    if not templates:
        return found
    known = {one.name: one for one in TicketUdf.objects.filter(is_active=True)}
    for name, template in templates.items():
        udf = known.get(name)
        if udf is None:
            found.skipped[name] = f"Autotask has no active ticket UDF of this name (set by {template.origin})"
            continue
        rendered = render_value(template.value, context)
        if rendered.problems:
            found.skipped[name] = f"{rendered.problems[0].message} (set by {template.origin})"
            continue
        fitted = fit_value(_field(udf), rendered.text)
        if fitted.problem:
            found.skipped[name] = f"{fitted.problem} (set by {template.origin})"
        elif fitted.text is not None:
            found.sent.append({"name": name, "value": fitted.text})
            found.origins[name] = (rendered.text, template.origin)
    return found


def find_counter(ticket: Ticket) -> tuple[list[dict[str, str]], int]:
    """Return the fields that hold the ticket's counter as it stands now, and that count; no field when Autotask has it.

    Only fields that the ticket was created with are kept in step; a person who adds one to the settings means new
    tickets.
    """
    ticket.refresh_from_db(fields=["occurrences", "counted_occurrences"])
    count = ticket.occurrences
    if count == ticket.counted_occurrences:
        return [], count
    held = udfs_of(ticket)
    alert = _first_of(ticket).select_related("monitor_type", "monitor").first() if held else None
    if alert is None:
        return [], count
    settings = settings_of(alert)
    templates = _counters(settings, held)
    if not templates:
        return [], count
    context = alert_context(
        alert, device_of(alert), connection(), organization=ticket.company.name,
        ticket_number=ticket.ticket_number, occurrences=count,
    )  # fmt: skip
    return render_udfs(templates, context).sent, count


def lacks_count(ticket: Ticket, settings: EffectiveSettings) -> bool:
    """Return whether a field of the ticket holds its counter, and Autotask has another count. No query."""
    return ticket.occurrences != ticket.counted_occurrences and bool(_counters(settings, udfs_of(ticket)))


def udfs_of(ticket: Ticket) -> set[str]:
    """Return the names of the fields a ticket was, or is to be, created with."""
    return {one["name"] for one in ticket.fields.get("userDefinedFields", [])}


def record_counted(ticket: Ticket, count: int) -> None:
    """Remember which count Autotask has."""
    Ticket.objects.filter(pk=ticket.pk).update(counted_occurrences=count)


def _counters(settings: EffectiveSettings, held: set[str]) -> dict[str, Effective[str]]:
    return {
        name: template
        for name, template in settings.udfs.items()
        if name in held and counts_occurrences(template.value)
    }


def _first_of(ticket: Ticket) -> QuerySet[Alert]:
    return ticket.alerts.order_by("ticketed_at", "id")


def _field(udf: TicketUdf) -> UdfField:
    return UdfField(udf.name, udf.data_type, udf.max_length, udf.list_values)


def connection() -> Connection | None:
    """Return the stored connection, for links."""
    return Connection.objects.filter(pk=Connection.SINGLETON_ID).first()


def device_of(alert: Alert) -> Device | None:
    """Return the alert's device with its site, None when it is not known here."""
    if not alert.datto_device_uid:
        return None
    return Device.objects.select_related("site").filter(datto_device_uid=alert.datto_device_uid).first()
