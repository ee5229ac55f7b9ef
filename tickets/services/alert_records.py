"""What Datto RMM says of an alert becomes, or changes, its row; a new one is decided."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from integration.vendors.datto_rmm.contexts import describe_context
from integration.vendors.datto_rmm.records import Alert as RemoteAlert
from tickets.domain.keys import condition_key
from tickets.domain.monitors import KeyKind
from tickets.models import Alert, AlertPriority, MonitorType, Ticket
from tickets.services.close import record_alert_resolved
from tickets.services.defects import decide_or_mark, mark_alert
from tickets.services.monitors import recognise, record_fired
from tickets.services.timeline import record_event

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What recording an alert did."""

    alert: Alert
    is_new: bool
    due: list[int]


def record_alert(remote: RemoteAlert, *, via: str, seen_open: bool, typed_key: str = "") -> Recorded:
    """Store or refresh an alert as the API gave it, and decide it when it is new.

    Args:
        via: "webhook" or "poll".
        seen_open: True when Datto's list of open alerts just named it.
        typed_key: names the monitor; from the webhook's body.
    """
    now = timezone.now()
    due: list[int] = []
    with transaction.atomic():
        alert, is_new = Alert.objects.get_or_create(
            alert_uid=remote.uid,
            defaults={
                **_describe(remote, typed_key),
                "first_seen_via": via,
                "is_resolved": remote.resolved,
                "resolved_at": (remote.resolved_at or now) if remote.resolved else None,
                "resolved_by": remote.resolved_by[:255],
                "last_seen_open_at": None if remote.resolved else now,
            },
        )
        if is_new:
            record_event("received", f"Received by {via}.", alert=alert)
            if alert.monitor is not None:
                record_fired(alert.monitor, alert.raised_at or now)
            due += decide_or_mark(alert.pk, now=now)
            return Recorded(alert, is_new=True, due=due)
        values = _changes(alert, remote, now, typed_key)
        if via == "webhook":
            values["times_seen"] = F("times_seen") + 1
        if values:
            Alert.objects.filter(pk=alert.pk).update(**values)
        if "condition_key" in values and alert.ticket_id is not None:
            # The ticket is of the condition under its new name, too.
            Ticket.objects.filter(pk=alert.ticket_id, condition_key__in=[alert.condition_key, ""]).update(
                condition_key=values["condition_key"],
                monitor=values["monitor"],
                datto_site_uid=alert.datto_site_uid,
                datto_device_uid=alert.datto_device_uid,
            )
    if remote.resolved:
        due += record_alert_resolved(alert.pk, resolved_at=remote.resolved_at, resolved_by=remote.resolved_by)
    elif alert.is_resolved and seen_open:
        _reopen_if_lasting(alert, now)
    elif alert.state == Alert.State.RECEIVED:
        due += decide_or_mark(alert.pk, now=now)
    return Recorded(alert, is_new=False, due=due)


#: What an alert that came without its site takes from a later answer.
_PLACE = frozenset(
    {"datto_site_uid", "datto_site_name", "datto_device_uid", "datto_device_name", "condition_key"}
)


def _tells_place(alert: Alert, remote: RemoteAlert) -> bool:
    return bool(remote.site_uid) and not alert.datto_site_uid


def is_unchanged(alert: Alert, remote: RemoteAlert) -> bool:
    """Return whether an alert that Datto's list of open alerts names tells nothing new; it then costs no write."""
    return not (
        alert.is_resolved
        or remote.resolved
        or alert.state == Alert.State.RECEIVED
        or alert.monitor_type_id is None
        or alert.monitor_id is None
        or _tells_place(alert, remote)
        or (remote.ticket_number and not alert.native_ticket_number)
        or alert.native_is_pending != _native_is_pending(remote)
    )


def record_seen_open(alerts: list[Alert], now: datetime) -> None:
    """Note that Datto's list of open alerts named these unchanged alerts. One UPDATE, and only of stale rows."""
    stale = [alert.pk for alert in alerts if _is_stale(alert, now)]
    if stale:
        Alert.objects.filter(pk__in=stale).update(last_seen_open_at=now, missed_polls=0)


def record_undescribed_alert(remote: RemoteAlert, error: Exception) -> None:
    """Store the bare facts of an alert that could not be recorded, so that it is seen; it waits with cause `defect`.

    The next poll tries to describe it; a retry makes its ticket with what is known.
    """
    now = timezone.now()
    priority = remote.priority.value.capitalize()
    with transaction.atomic():
        alert, is_new = Alert.objects.get_or_create(
            alert_uid=remote.uid,
            defaults={
                "priority": priority if priority in AlertPriority.values else AlertPriority.UNKNOWN,
                "datto_site_uid": remote.site_uid[:64],
                "datto_site_name": remote.site_name[:255],
                "datto_device_uid": remote.device_uid[:64],
                "datto_device_name": remote.device_name[:255],
                "raised_at": remote.raised_at,
                "first_seen_via": "poll",
                "last_seen_open_at": now,
            },
        )
        if is_new:
            record_event("received", "Received by poll.", alert=alert)
            mark_alert(alert.pk, error, now)


#: How old "last seen open" and "last read" may become before they are written although nothing else changed.
SEEN_AGAIN = timedelta(minutes=15)


def _is_stale(alert: Alert, now: datetime) -> bool:
    seen_at = alert.last_seen_open_at
    return alert.missed_polls > 0 or seen_at is None or seen_at < now - SEEN_AGAIN


def _changes(alert: Alert, remote: RemoteAlert, now: datetime, typed_key: str = "") -> dict[str, Any]:
    """Return what of a known alert differs from what Datto RMM says."""
    values: dict[str, Any] = {}
    if alert.monitor_type_id is None or alert.monitor_id is None:
        values |= _describe(remote, typed_key)
    elif typed_key and alert.recognised_by != KeyKind.TYPED:
        told = _describe(remote, typed_key)
        values |= {name: told[name] for name in ("monitor", "recognised_by", "condition_key")}
    if not remote.resolved and _is_stale(alert, now):
        values |= {"last_seen_open_at": now, "missed_polls": 0}
    if _tells_place(alert, remote):
        values |= {name: value for name, value in _describe(remote).items() if name in _PLACE}
    if remote.ticket_number and not alert.native_ticket_number:
        values["native_ticket_number"] = remote.ticket_number[:50]
    if alert.native_is_pending != _native_is_pending(remote):
        values["native_is_pending"] = not alert.native_is_pending
    return values


def _native_is_pending(remote: RemoteAlert) -> bool:
    return remote.has_native_ticket and not remote.ticket_number


def _describe(remote: RemoteAlert, typed_key: str = "") -> dict[str, Any]:
    context = dict(remote.context or {})
    described = describe_context(remote.context)
    monitor_type = (
        MonitorType.objects.filter(slug=described.monitor_type).first()
        or MonitorType.objects.filter(slug="other").get()
    )
    priority = remote.priority.value.capitalize()
    diagnostics = remote.diagnostics.replace("\x00", "")
    recognised = recognise(
        monitor_type=monitor_type,
        context_class=described.class_name[:60],
        stable=described.stable,
        object_label=described.object_label,
        text=diagnostics or described.summary,
        own_names=(remote.device_name, remote.site_name),
        typed_key=typed_key,
        at=remote.raised_at or timezone.now(),
    )
    return {
        "priority": priority if priority in AlertPriority.values else AlertPriority.UNKNOWN,
        "context_class": described.class_name[:60],
        "context": context,
        "diagnostics": diagnostics,
        "monitor_type": monitor_type,
        "monitor": recognised.monitor,
        "recognised_by": recognised.by.value,
        "subject": described.object_label[:255],
        "summary": described.summary[:500],
        "condition_key": condition_key(
            device_uid=remote.device_uid,
            site_uid=remote.site_uid,
            monitor=recognised.key,
            stable=described.stable,
        ),
        "datto_site_uid": remote.site_uid[:64],
        "datto_site_name": remote.site_name[:255],
        "datto_device_uid": remote.device_uid[:64],
        "datto_device_name": remote.device_name[:255],
        "native_ticket_number": remote.ticket_number[:50],
        "native_is_pending": _native_is_pending(remote),
        "raised_at": remote.raised_at,
        "auto_resolve_minutes": remote.autoresolve_minutes if (remote.autoresolve_minutes or 0) > 0 else None,
    }


#: A list read just before our own resolve may still name the alert.
_STALE_LIST = timedelta(minutes=3)


def _reopen_if_lasting(alert: Alert, now: datetime) -> None:
    """Believe Datto's list over our record when it keeps naming an alert we hold for resolved."""
    if alert.resolved_at is not None and alert.resolved_at > now - _STALE_LIST:
        return
    reopened = Alert.objects.filter(pk=alert.pk, is_resolved=True).update(
        is_resolved=False,
        resolved_at=None,
        resolved_by="",
        resolved_by_us=False,
        missed_polls=0,
        last_seen_open_at=now,
    )
    if not reopened:
        return
    record_event("alert_reopened", "Datto RMM lists it as open again.", alert=alert, ticket=alert.ticket)
    if alert.state == Alert.State.CLEARED:
        Alert.objects.filter(pk=alert.pk).update(
            state=Alert.State.RECEIVED, reason="Open again in Datto RMM."
        )
    elif (
        alert.ticket is not None
        and alert.ticket.state != Ticket.State.OPEN
        and not _opens_again(alert.ticket)
    ):
        Alert.objects.filter(pk=alert.pk).update(
            state=Alert.State.BLOCKED,
            cause="reopened",
            reason=f"Datto RMM lists it as open although ticket {alert.ticket} is over.",
            remedy="Retry makes a new ticket; resolving it in Datto RMM ends it.",
        )


def _opens_again(ticket: Ticket) -> bool:
    """A ticket that we completed is opened again by itself for an alert that is open; the sweep sees to it."""
    return ticket.state == Ticket.State.REOPENING or (
        ticket.state == Ticket.State.COMPLETED and ticket.completed_by_us
    )
