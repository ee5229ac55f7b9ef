"""The notes and the resolution that go to a ticket."""

from __future__ import annotations

from typing import Any

from integration.models import Connection
from mappings.models import Device
from tickets.domain.rendering import render_note
from tickets.domain.resolution_text import ClearedBy, render_resolution, who_cleared
from tickets.domain.settings import EffectiveSettings
from tickets.models import Action, Alert, Ticket
from tickets.services import outbox
from tickets.services.rules import settings_of
from tickets.services.template_context import alert_context

_NOTE_TITLE = "Datto RMM alert"
_CLEAR_NOTE_TITLE = "Datto RMM alert cleared"
_PARTLY_TITLE = "Datto RMM: partly cleared"
_MOST_LINES = 10
_DEFAULT_NOTE_TYPE, _DEFAULT_PUBLISH = 3, 2


def plan_first_note(ticket: Ticket, alert: Alert) -> int | None:
    """Wish for the first note where the settings ask for one."""
    settings = settings_of(alert)
    if not settings.flag("write_first_note"):
        return None
    text = render_note(
        settings.templates["note_template"].value,
        alert_context(
            alert,
            _device_of(alert),
            _connection(),
            organization=ticket.company.name,
            ticket_number=ticket.ticket_number,
            runbook=settings.texts["runbook_url"].value,
        ),
    )
    return outbox.wish(
        Action.Kind.FIRST_NOTE,
        f"first_note:{ticket.pk}",
        alert=alert,
        ticket=ticket,
        payload=note_payload(settings, _NOTE_TITLE, text.text),
    )


def clear_note_payload(ticket: Ticket, alert: Alert) -> dict[str, Any]:
    """Return the note that says the alert cleared."""
    settings = settings_of(alert)
    return note_payload(settings, _CLEAR_NOTE_TITLE, resolution_text(ticket))


def resolution_text(ticket: Ticket) -> str:
    """Return what the resolution says: one sentence per alert, the last one first, at most ten."""
    alerts = list(ticket.alerts.order_by("-resolved_at")[:_MOST_LINES])
    lines = []
    for alert in alerts:
        sentence = _sentence(alert)
        lines.append(sentence if len(alerts) == 1 else f"{alert.summary or alert.alert_uid}: {sentence}")
    more = ticket.alerts.count() - len(alerts) if len(alerts) == _MOST_LINES else 0
    if more:
        lines.append(f"And {more} more; RMM Bridge lists them all.")
    return "\n".join(lines)


def partly_cleared_payload(ticket: Ticket, alert: Alert) -> dict[str, Any] | None:
    """Return the note that says how many of a ticket's alerts cleared; None when all or none did."""
    alerts = list(
        ticket.alerts.order_by("-resolved_at").only(
            "is_resolved", "summary", "alert_uid", "datto_device_name"
        )
    )
    still_open = [one for one in alerts if not one.is_resolved]
    cleared = len(alerts) - len(still_open)
    if not cleared or not still_open:
        return None
    lines = [f"{cleared} of {len(alerts)} alerts cleared. Still open:"]
    lines += [
        f"- {one.summary or one.alert_uid}{f' on {one.datto_device_name}' if one.datto_device_name else ''}"
        for one in still_open[:_MOST_LINES]
    ]
    if len(still_open) > _MOST_LINES:
        lines.append(f"- and {len(still_open) - _MOST_LINES} more; RMM Bridge lists them all.")
    return note_payload(settings_of(alert), _PARTLY_TITLE, "\n".join(lines))


def who_cleared_alert(alert: Alert) -> ClearedBy:
    """Return who or what cleared an alert."""
    return who_cleared(
        resolved_by=alert.resolved_by,
        by_us=alert.resolved_by_us,
        auto_resolve_minutes=alert.auto_resolve_minutes,
    )


def _sentence(alert: Alert) -> str:
    if alert.is_gone:
        return "Datto RMM no longer has this alert, so it is not known what cleared it."
    by = who_cleared_alert(alert)
    return render_resolution(
        raised_at=alert.raised_at,
        cleared_at=alert.resolved_at,
        cleared_by=by,
        person=alert.resolved_by,
        auto_resolve_minutes=alert.auto_resolve_minutes,
    )


def note_payload(settings: EffectiveSettings, title: str, text: str) -> dict[str, Any]:
    """Return the payload of an action that writes a note."""
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
