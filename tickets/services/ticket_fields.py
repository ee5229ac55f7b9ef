"""What is sent to Autotask for a new ticket: each field with its value in words and its origin."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from integration.models import Connection
from mappings.models import Company, Device, SiteMapping
from tickets.domain.rendering import (
    DESCRIPTION_LENGTH,
    Rendered,
    fit,
    render_description,
    render_title,
)
from tickets.domain.resolution_text import format_moment
from tickets.domain.settings import EffectiveSettings, PickRef
from tickets.models import Alert
from tickets.services.due import due_at
from tickets.services.site_fields import SiteFields, site_fields
from tickets.services.template_context import alert_context
from tickets.services.udfs import render_udfs

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
    "sla": "serviceLevelAgreementID",
}
#: Setting -> (Autotask field of a ticket, label).
_REFERENCES = {
    "resource": ("assignedResourceID", "Primary resource"),
    "role": ("assignedResourceRoleID", "Role"),
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
    "serviceLevelAgreementID": "Service level agreement",
}


def ticket_fields(
    alert: Alert,
    mapping: SiteMapping,
    company: Company,
    device: Device | None,
    settings: EffectiveSettings,
    now: datetime,
    *,
    first_line: str = "",
) -> SiteFields:
    """Return the fields of a new ticket, their origins, and what was left out.

    Args:
        alert, device: what the ticket is about.
        mapping: of the alert's site.
        company: whose ticket it is: the mapping's, or the catch-all organization.
        settings: what the ticket defaults and the site say.
        now: aware.
        first_line: why the ticket goes to the catch-all organization; put before the description.
    """
    is_caught = mapping.company_id != company.pk
    found = SiteFields() if is_caught else site_fields(mapping, device, settings)
    ours = SiteFields()
    site_origin = f"site {mapping.site.name}"
    company_origin = "organization for sites without one" if is_caught else site_origin
    ours.put("companyID", "Organization", company.autotask_company_id, company.name, company_origin)
    _put_texts(ours, alert, company, device, settings, first_line)
    put_settings(ours, settings, now)
    put_udfs(ours, settings, lambda: _context(alert, company, device, settings))
    return SiteFields(
        {**ours.values, **found.values}, [*ours.origins, *found.origins], [*ours.skipped, *found.skipped]
    )


def put_settings(ours: SiteFields, settings: EffectiveSettings, now: datetime) -> None:
    """Put what settings alone decide: priority, due date, pick list values, resource and role."""
    priority = settings.priority.value or PickRef(*_STANDARD_PRIORITIES[settings.alert_priority])
    origin = settings.priority.origin or "built-in, until pick lists are read"
    ours.put("priority", "Priority", priority.value, priority.label, _with_note(origin, settings))
    minutes = settings.due_minutes.value
    due_origin = settings.due_minutes.origin if minutes is not None else "built-in"
    if minutes is None:
        minutes = _DUE_MINUTES.get(settings.alert_priority, 1440)
    due, due_note = due_at(now, minutes, in_business_hours=settings.flag("due_in_business_hours"))
    due_origin = f"{due_origin}. {due_note}" if due_note else due_origin
    ours.put("dueDateTime", "Due", due.strftime("%Y-%m-%dT%H:%M:%SZ"), format_moment(due), due_origin)
    for name, field in _PICK_FIELDS.items():
        pick = settings.picks[name]
        if pick.value is not None:
            ours.put(field, _LABELS[field], pick.value.value, pick.value.label, pick.origin)
    for name, (field, label) in _REFERENCES.items():
        reference = settings.references[name]
        if reference.value is not None:
            ours.put(field, label, reference.value.value, reference.value.label, reference.origin)


def _put_texts(
    ours: SiteFields,
    alert: Alert,
    company: Company,
    device: Device | None,
    settings: EffectiveSettings,
    first_line: str,
) -> None:
    context = _context(alert, company, device, settings)
    title = render_title(settings.templates["title_template"].value, context)
    text = render_description(settings.templates["description_template"].value, context)
    description = (
        text.text
        if not first_line
        else fit(f"{first_line}\n\n{text.text}", max_length=DESCRIPTION_LENGTH).text
    )
    for name, label, value, rendered in (
        ("title", "Title", title.text, title),
        ("description", "Description", description, text),
    ):
        origin = _template_origin(rendered, settings.templates[f"{name}_template"].origin)
        ours.put(name, label, value, value, origin)


def put_udfs(ours: SiteFields, settings: EffectiveSettings, context: Callable[[], dict[str, Any]]) -> None:
    """Render UDFs; Autotask takes them as one list, so a name it does not know would cost the whole ticket.

    Args:
        ours: gets them.
        settings: with their templates.
        context: asked for the variables when there is something to render.
    """
    if not settings.udfs:
        return
    found = render_udfs(settings.udfs, context())
    for name, reason in found.skipped.items():
        ours.skip(name, name, reason)
    for name, (text, origin) in found.origins.items():
        ours.origins.append(
            {"field": f"UDF {name}", "label": f"UDF {name}", "value": text, "display": text, "origin": origin}
        )
    if found.sent:
        ours.values["userDefinedFields"] = found.sent


def _context(
    alert: Alert, company: Company, device: Device | None, settings: EffectiveSettings
) -> dict[str, Any]:
    return alert_context(
        alert,
        device,
        _connection(),
        organization=company.name,
        runbook=settings.texts["runbook_url"].value,
    )


def _connection() -> Connection | None:
    return Connection.objects.filter(pk=Connection.SINGLETON_ID).first()


def _with_note(origin: str, settings: EffectiveSettings) -> str:
    return f"{origin}. {settings.priority_note}" if settings.priority_note else origin


def _template_origin(rendered: Rendered, origin: str) -> str:
    if rendered.problems:
        return f"built-in, because the template of {origin or 'the defaults'} failed: {rendered.problems[0].message}"
    return origin or "built-in"
