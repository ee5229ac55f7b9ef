"""Take in what Datto RMM and Autotask tell us: the row first, the truth by API, then the decision."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.db.models import F, Q
from django.utils import timezone

from integration.clients import NotConnected
from integration.models import Connection
from integration.vendors.autotask.inbound import parse_webhook_event
from integration.vendors.budget import Lane
from integration.vendors.errors import (
    AuthenticationFailed,
    ContractBroken,
    NotFound,
    PermissionDenied,
    RateLimited,
    VendorError,
)
from tickets.domain.defects import DEFECT_REMEDY, UNREADABLE_REMEDY, describe_defect, pause_after
from tickets.domain.monitors import KeyKind
from tickets.models import Alert, Delivery, Ticket
from tickets.services import outbox
from tickets.services.alert_records import record_alert
from tickets.services.clients import Clients
from tickets.services.close import record_ticket_deleted, record_ticket_seen
from tickets.services.defects import decide_or_mark
from tickets.services.snapshot import same_settings

log = structlog.get_logger(__name__)

_LEASE = timedelta(seconds=90)
_FRESH = timedelta(seconds=8)
_NUDGE_AGAIN = timedelta(seconds=30)
#: The alert may be unreadable for a moment after its webhook.
_NOT_FOUND_PAUSES_SECONDS = (1, 2, 5, 15, 60)
#: So long a message about an unknown ticket waits while one of ours is being created.
_UNKNOWN_TICKET_WAITS = timedelta(minutes=2)
_PAUSES_SECONDS = (3, 6, 15, 30, 60, 120, 300)


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
