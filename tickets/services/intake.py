"""Take in what Datto RMM and Autotask tell us: the row first, the truth by API, then the decision."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from integration.clients import NotConnected
from integration.models import Connection
from integration.vendors.autotask.inbound import parse_webhook_event
from integration.vendors.budget import Lane
from integration.vendors.datto_rmm.contexts import describe_context
from integration.vendors.datto_rmm.records import Alert as RemoteAlert
from integration.vendors.errors import (
    AuthenticationFailed,
    ContractBroken,
    NotFound,
    PermissionDenied,
    RateLimited,
    VendorError,
)
from tickets.domain.defects import DEFECT_REMEDY, UNREADABLE_REMEDY, describe_defect, pause_after
from tickets.domain.keys import condition_key
from tickets.domain.monitors import KeyKind
from tickets.models import Alert, AlertPriority, Delivery, MonitorType, Ticket
from tickets.services import outbox
from tickets.services.clients import Clients
from tickets.services.close import record_alert_resolved, record_ticket_deleted, record_ticket_seen
from tickets.services.defects import decide_or_mark, mark_alert
from tickets.services.monitors import recognise, record_fired
from tickets.services.snapshot import same_settings
from tickets.services.timeline import record_event

log = structlog.get_logger(__name__)

_LEASE = timedelta(seconds=90)
_FRESH = timedelta(seconds=8)
_NUDGE_AGAIN = timedelta(seconds=30)
#: The alert may be unreadable for a moment after its webhook.
_NOT_FOUND_PAUSES_SECONDS = (1, 2, 5, 15, 60)
#: So long a message about an unknown ticket waits while one of ours is being created.
_UNKNOWN_TICKET_WAITS = timedelta(minutes=2)
_PAUSES_SECONDS = (3, 6, 15, 30, 60, 120, 300)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What recording an alert did."""

    alert: Alert
    is_new: bool
    due: list[int]


def process_delivery(delivery_id: int, clients: Clients) -> list[int]:
    """Look at what an inbound message points to; returns actions that became due.

    Safe to repeat: a message is worked on by one worker at a time and ends in exactly one state.

    Raises:
        Exception: anything that is not a vendor's answer, after the row was set aside for a later try.
    """
    now = timezone.now()
    claimed = (
        Delivery.objects.filter(pk=delivery_id, state=Delivery.State.NEW)
        .filter(Q(leased_until__isnull=True) | Q(leased_until__lt=now))
        .filter(Q(not_before__isnull=True) | Q(not_before__lte=now))
        .update(leased_until=now + _LEASE, attempts=F("attempts") + 1)
    )
    if claimed != 1:
        return []
    delivery = Delivery.objects.get(pk=delivery_id)
    handle = _handle_alert_hint if delivery.channel == Delivery.Channel.DATTO_RMM else _handle_ticket_hint
    try:
        with same_settings():
            return handle(delivery, clients)
    except NotConnected as error:
        _postpone(delivery, str(error), error.remedy, 30)
    except VendorError as error:
        _handle_vendor_error(delivery, error)
    except Exception as error:
        _postpone(
            delivery,
            describe_defect(error),
            DEFECT_REMEDY,
            pause_after(delivery.attempts).total_seconds(),
        )
        raise
    return []


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


def waiting_deliveries(now: datetime, limit: int = 200) -> list[int]:
    """Return inbound messages whose own message to a worker seems lost, oldest first."""
    return list(
        Delivery.objects.filter(state=Delivery.State.NEW)
        .filter(Q(received_at__lt=now - _FRESH) | Q(not_before__isnull=False))
        .filter(Q(not_before__isnull=True) | Q(not_before__lte=now))
        .filter(Q(leased_until__isnull=True) | Q(leased_until__lt=now))
        .filter(Q(nudged_at__isnull=True) | Q(nudged_at__lt=now - _NUDGE_AGAIN))
        .order_by("id")
        .values_list("pk", flat=True)[:limit]
    )


def _handle_alert_hint(delivery: Delivery, clients: Clients) -> list[int]:
    known = Alert.objects.filter(alert_uid=delivery.subject_id).first()
    names_monitor = bool(delivery.monitor_key) and known is not None and known.recognised_by != KeyKind.TYPED
    if known is not None and not names_monitor and (known.is_resolved or delivery.event == "raised"):
        Alert.objects.filter(pk=known.pk).update(times_seen=F("times_seen") + 1)
        _end(delivery, Delivery.State.IGNORED, "Already known; nothing new.")
        return decide_or_mark(known.pk) if known.state == Alert.State.RECEIVED else []
    client = clients.datto(lane=Lane.INTAKE, subject=f"alert:{delivery.subject_id}")
    remote = client.fetch_alert(delivery.subject_id)
    recorded = record_alert(remote, via="webhook", seen_open=False, typed_key=delivery.monitor_key)
    _end(delivery, Delivery.State.DONE, "New alert." if recorded.is_new else "Alert looked at again.")
    return recorded.due


def _handle_ticket_hint(delivery: Delivery, clients: Clients) -> list[int]:
    ticket_id, number, person_id, action = _read_ticket_hint(delivery)
    ticket = Ticket.objects.filter(autotask_ticket_id=ticket_id).first() if ticket_id is not None else None
    if ticket is None and number:
        ticket = Ticket.objects.filter(ticket_number=number).first()
    if ticket is None or ticket.autotask_ticket_id is None:
        if outbox.is_creating() and delivery.received_at > timezone.now() - _UNKNOWN_TICKET_WAITS:
            _postpone(
                delivery, "Perhaps the ticket that is being created; looked at again in a moment.", "", 2
            )
        else:
            _end(delivery, Delivery.State.IGNORED, "Not a ticket of ours.")
        return []
    own = (
        Connection.objects.filter(pk=Connection.SINGLETON_ID)
        .values_list("autotask_resource_id", flat=True)
        .first()
    )
    if own is not None and person_id == own and action != "delete":
        _end(delivery, Delivery.State.IGNORED, "Our own change coming back.")
        return []
    read_at = timezone.now()
    client = clients.autotask(lane=Lane.INTAKE, subject=f"ticket:{ticket.pk}")
    remote = client.find_ticket(ticket.autotask_ticket_id)
    if remote is None:
        record_ticket_deleted(ticket)
        _end(delivery, Delivery.State.DONE, "The ticket is gone in Autotask.")
        return []
    due = record_ticket_seen(ticket, remote, read_at=read_at)
    _end(delivery, Delivery.State.DONE, "Ticket looked at.")
    return due


def _read_ticket_hint(delivery: Delivery) -> tuple[int | None, str, int | None, str]:
    """Return ticket id, ticket number, who changed it and what was done, as far as the message tells."""
    if delivery.channel == Delivery.Channel.AUTOTASK:
        event = parse_webhook_event(delivery.body.encode())
        return event.id, "", event.person_id, event.action.lower()
    subject = delivery.subject_id
    return (int(subject), "", None, "") if subject.isdecimal() else (None, subject, None, "")


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
    elif alert.ticket is not None and alert.ticket.state != Ticket.State.OPEN:
        Alert.objects.filter(pk=alert.pk).update(
            state=Alert.State.BLOCKED,
            cause="reopened",
            reason=f"Datto RMM lists it as open although ticket {alert.ticket} is over.",
            remedy="Retry makes a new ticket; resolving it in Datto RMM ends it.",
        )


def _handle_vendor_error(delivery: Delivery, error: VendorError) -> None:
    attempt = delivery.attempts
    if isinstance(error, NotFound):
        if attempt > len(_NOT_FOUND_PAUSES_SECONDS):
            _end(
                delivery,
                Delivery.State.FAILED,
                str(error),
                "Datto RMM does not know this alert. If it exists, the next poll of open alerts finds it.",
            )
            return
        _postpone(delivery, str(error), "Asked again by itself.", _NOT_FOUND_PAUSES_SECONDS[attempt - 1])
        return
    remedy = "Asked again by itself."
    if isinstance(error, ContractBroken):
        remedy = UNREADABLE_REMEDY
        log.warning("vendor answered in an unexpected form", delivery=delivery.pk, error=str(error))
    if isinstance(error, PermissionDenied) and attempt > len(_NOT_FOUND_PAUSES_SECONDS):
        _end(
            delivery,
            Delivery.State.FAILED,
            str(error),
            "The API user may not see this alert. Check its security level; the poll of open alerts finds what it may see.",
        )
        return
    pause: float = _PAUSES_SECONDS[min(attempt, len(_PAUSES_SECONDS)) - 1]
    if isinstance(error, RateLimited):
        pause = max(1.0, error.retry_after_seconds)
    elif isinstance(error, AuthenticationFailed | PermissionDenied):
        pause, remedy = max(pause, 60.0), "Check the credentials and their rights under Settings > Preflight."
    _postpone(delivery, str(error), remedy, pause)


def _postpone(delivery: Delivery, reason: str, remedy: str, seconds: float) -> None:
    Delivery.objects.filter(pk=delivery.pk).update(
        leased_until=None,
        not_before=timezone.now() + timedelta(seconds=seconds),
        reason=reason[:500],
        remedy=remedy[:500],
    )


def _end(delivery: Delivery, state: Delivery.State, reason: str, remedy: str = "") -> None:
    Delivery.objects.filter(pk=delivery.pk).update(
        state=state, reason=reason[:500], remedy=remedy[:500], processed_at=timezone.now(), leased_until=None
    )
