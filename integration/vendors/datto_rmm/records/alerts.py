"""Alerts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from integration.vendors.datto_rmm.wire import Row, normalize_uid


class AlertPriority(StrEnum):
    """How grave the monitor calls it; a value we do not know is UNKNOWN and stays readable in `priority_text`."""

    CRITICAL = "critical"
    HIGH = "high"
    MODERATE = "moderate"
    LOW = "low"
    INFORMATION = "information"
    UNKNOWN = "unknown"

    @classmethod
    def _missing_(cls, _value: object) -> AlertPriority:
        return cls.UNKNOWN


@dataclass(frozen=True, slots=True)
class ResponseAction:
    """What Datto did about an alert, such as "TICKET_CREATED"."""

    type: str
    acted_at: datetime | None
    description: str
    reference: str
    reference_number: str


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert. The API gives it no message, no monitor name and no address in the portal.

    Attributes:
        priority_text: the priority as it came.
        raised_at: None only when the API does not say.
        creates_ticket: the monitor asks Datto's own integration for a ticket; None when not said.
        context: the raw `alertContext`, whole; None when the alert has none.
        device_uid: empty for an alert without a device. Device and site are as of when it was raised.
        ticket_number: set by Datto's own integration.
        problems: fields that could not be read.
    """

    uid: str
    priority: AlertPriority
    priority_text: str
    diagnostics: str
    resolved: bool
    resolved_by: str
    resolved_at: datetime | None
    raised_at: datetime | None
    muted: bool | None
    ticket_number: str
    sends_emails: bool | None
    creates_ticket: bool | None
    context: Mapping[str, object] | None = field(repr=False)
    device_uid: str
    device_name: str
    site_uid: str
    site_name: str
    response_actions: tuple[ResponseAction, ...]
    autoresolve_minutes: int | None
    problems: tuple[str, ...] = ()

    @property
    def has_native_ticket(self) -> bool:
        """Return whether Datto's own integration made, or is making, a ticket for it."""
        made = {"TICKET_PENDING", "TICKET_CREATED", "TICKET_CLOSED_CALL"}
        return bool(self.ticket_number) or any(action.type in made for action in self.response_actions)


@dataclass(frozen=True, slots=True)
class UnreadableAlert:
    """A listed alert no record can be made of, as far as it tells what it is about.

    Attributes:
        problem: what is wrong, such as "alert.alertUid: missing in the answer".
    """

    problem: str
    device_name: str
    site_name: str
    raised_at: datetime | None

    def __str__(self) -> str:
        device = f"device {self.device_name}" if self.device_name else ""
        site = f"site {self.site_name}" if self.site_name else ""
        raised = f"raised {self.raised_at:%Y-%m-%d %H:%M} UTC" if self.raised_at else ""
        return ", ".join(part for part in (device, site, raised) if part) or "an alert without any details"


def describe_unreadable(value: object, problem: str) -> UnreadableAlert:
    """Return what is known of an alert that `read_alert` refused."""
    row = Row("alert", value if isinstance(value, Mapping) else {})
    source = row.row("alertSourceInfo")
    return UnreadableAlert(
        problem, source.text("deviceName"), source.text("siteName"), row.instant("timestamp")
    )


def read_alert(value: object) -> Alert:
    """Read an alert."""
    row = Row("alert", value)
    source, monitor = row.row("alertSourceInfo"), row.row("alertMonitorInfo")
    context = row.raw("alertContext")
    if context is not None and not isinstance(context, Mapping):
        row.problems.append(f"alert.alertContext: expected an object, got {type(context).__name__}")
        context = {"value": context}
    resolved_at = row.instant("resolvedOn")
    resolved = row.flag("resolved")
    actions = tuple(
        ResponseAction(
            type=action.text("actionType"),
            acted_at=action.instant("actionTime"),
            description=action.text("description"),
            reference=action.text("actionReference"),
            reference_number=action.text("actionReferenceInt"),
        )
        for action in row.rows("responseActions")
    )
    return Alert(
        uid=normalize_uid(row.needed_text("alertUid")),
        priority=AlertPriority(row.text("priority").strip().lower()),
        priority_text=row.text("priority"),
        diagnostics=row.text("diagnostics"),
        resolved=resolved_at is not None if resolved is None else resolved,
        resolved_by=row.text("resolvedBy"),
        resolved_at=resolved_at,
        raised_at=row.instant("timestamp"),
        muted=row.flag("muted"),
        ticket_number=row.text("ticketNumber").strip(),
        sends_emails=monitor.flag("sendsEmails"),
        creates_ticket=monitor.flag("createsTicket"),
        context=context,
        device_uid=normalize_uid(source.text("deviceUid")),
        device_name=source.text("deviceName"),
        site_uid=normalize_uid(source.text("siteUid")),
        site_name=source.text("siteName"),
        response_actions=actions,
        autoresolve_minutes=row.whole("autoresolveMins"),
        problems=row.noted(),
    )
