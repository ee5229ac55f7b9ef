"""Store inbound messages before they are answered: one INSERT, no network, no decision."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from django.utils import timezone

from integration.vendors.autotask import inbound, signatures
from tickets.domain.hints import HintKind, read_hint
from tickets.models import Delivery, Ticket
from tickets.services import outbox

MAX_BODY_BYTES = 256 * 1024
_STORED_CHARACTERS = 64_000
#: Autotask's are read again by the worker, so they are kept whole.
_STORED_WHOLE = MAX_BODY_BYTES


@dataclass(frozen=True, slots=True)
class Receipt:
    """What to answer.

    Attributes:
        status: HTTP status.
        answer: JSON body.
        delivery_id: row to be worked on by a worker; None when there is nothing to do.
    """

    status: int
    answer: dict[str, str]
    delivery_id: int | None = None


def secret_matches(given: str, stored: str) -> bool:
    """Compare secrets in constant time; an empty stored secret matches nothing."""
    return bool(stored) and hmac.compare_digest(given.encode(), stored.encode())


def receive_datto(body: bytes, content_type: str, query: str) -> Receipt:
    """Store a Datto RMM webhook."""
    text = body.decode("utf-8", errors="replace").replace("\x00", "")
    hint = read_hint(text, query)
    stored = {
        "channel": Delivery.Channel.DATTO_RMM,
        "body": text[:_STORED_CHARACTERS],
        "content_type": content_type[:100],
    }
    if hint.kind is HintKind.TEST:
        Delivery.objects.create(
            **stored,
            state=Delivery.State.TEST,
            event="test",
            processed_at=timezone.now(),
            reason="Test from Datto RMM: its placeholders came unsubstituted. The address works.",
        )
        return Receipt(200, {"status": "test received"})
    if hint.kind is HintKind.UNREADABLE:
        Delivery.objects.create(
            **stored,
            state=Delivery.State.UNREADABLE,
            reason=hint.problem,
            remedy=hint.remedy,
            processed_at=timezone.now(),
        )
        return Receipt(400, {"error": hint.problem, "cure": hint.remedy})
    delivery = Delivery.objects.create(
        **stored,
        subject_id=hint.alert_uid,
        event="resolved" if hint.is_resolved else "raised",
        monitor_key=hint.monitor_key,
    )
    return Receipt(202, {"status": "accepted", "alert_uid": hint.alert_uid}, delivery.pk)


def receive_autotask(body: bytes, content_type: str, signature: str | None, secret: str) -> Receipt:
    """Store an Autotask webhook whose signature is right.

    A deactivation notice changes nothing by itself: it may be unsigned. It makes us ask Autotask.
    """
    if not secret or not signatures.verify(secret, body, signature):
        return Receipt(
            401,
            {
                "error": "X-Hook-Signature: missing, or not made with this installation's key.",
                "cure": "Install the webhook again under Settings > Inbound addresses.",
            },
        )
    text = body.decode("utf-8", errors="replace").replace("\x00", "")
    stored = {
        "channel": Delivery.Channel.AUTOTASK,
        "body": text[:_STORED_WHOLE],
        "content_type": content_type[:100],
    }
    try:
        event = inbound.parse_webhook_event(body)
    except ValueError as error:
        Delivery.objects.create(
            **stored,
            state=Delivery.State.UNREADABLE,
            reason=str(error)[:500],
            processed_at=timezone.now(),
            remedy="The signature is right but the body is not; report it with this message.",
        )
        return Receipt(400, {"error": str(error), "cure": "Send Autotask's own webhook body."})
    ticket_id = str(event.id or "")
    # While one of ours is being created its number is unknown, and a person can be quicker than our own save.
    is_ours = event.id is not None and (
        Ticket.objects.filter(autotask_ticket_id=event.id).exists() or outbox.is_creating()
    )
    delivery = Delivery.objects.create(
        **stored,
        subject_id=ticket_id[:64],
        event=event.action.lower()[:20],
        state=Delivery.State.NEW if is_ours else Delivery.State.IGNORED,
        reason="" if is_ours else "Not a ticket of ours.",
        processed_at=None if is_ours else timezone.now(),
    )
    return Receipt(200, {"status": "accepted"}, delivery.pk if is_ours else None)


def receive_callout(body: bytes, content_type: str, query: str) -> Receipt:
    """Store an extension callout; it names a ticket by id or number."""
    text = body.decode("utf-8", errors="replace").replace("\x00", "")
    stored = {
        "channel": Delivery.Channel.CALLOUT,
        "body": text[:_STORED_WHOLE],
        "content_type": content_type[:100],
    }
    try:
        callout = inbound.parse_callout(content_type, body, query)
    except ValueError as error:
        remedy = "In Autotask, set the callout's method to POST and its data format to Name Value Pair."
        Delivery.objects.create(
            **stored,
            state=Delivery.State.UNREADABLE,
            reason=str(error)[:500],
            remedy=remedy,
            processed_at=timezone.now(),
        )
        return Receipt(400, {"error": str(error), "cure": remedy})
    subject = str(callout.ticket_id or callout.ticket_number or "")
    delivery = Delivery.objects.create(**stored, subject_id=subject[:64], event="callout")
    return Receipt(202, {"status": "accepted"}, delivery.pk)
