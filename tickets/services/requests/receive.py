"""Take in what was sent from a request page: one row, then the answer. The ticket is a worker's business."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from integration.limits import take
from tickets.domain.requests import RequestForm
from tickets.models import AgentRequest, RequestLink
from tickets.selectors.requests import open_alerts_of
from tickets.services.requests.policy import load_request_policy
from tickets.services.timeline import record_event

_HOUR: Final = 3600
#: Requests an hour from one address: a whole office may share it.
_ADDRESS_PER_HOUR: Final = 60
#: The very same words sent again within this time are the same request, also from a page that was loaded anew.
_SAME_WITHIN: Final = timedelta(minutes=10)
_MOST_ALERTS: Final = 100


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a form.

    Attributes:
        request: the stored row; None when it was refused.
        is_new: False when the same form had been sent before.
        retry_after_seconds: of a refusal because of too many.
    """

    request: AgentRequest | None
    is_new: bool = False
    retry_after_seconds: int = 0


def receive_request(link: RequestLink, form: RequestForm, nonce: str, address: str, now: datetime) -> Taken:
    """Store a request unless it is there already, or too many were sent; safe to repeat and to race.

    Args:
        link: a live one, with its device.
        form: without errors.
        nonce: of the page as it was shown.
        address: where it comes from.
        now: aware.
    """
    key = form.key(link.device.datto_device_uid, nonce)
    known = AgentRequest.objects.filter(key=key).first() or _same_words(link, form, now)
    if known is not None:
        return Taken(known)
    wait = _too_many(link, address, now)
    if wait is not None:
        return Taken(None, retry_after_seconds=wait)
    values = form.values
    with transaction.atomic():
        request, is_new = AgentRequest.objects.get_or_create(
            key=key,
            defaults={
                "link": link,
                "device": link.device,
                "subject": values["subject"],
                "text": values["text"],
                "person_name": values["name"],
                "person_email": values["email"],
                "person_phone": values["phone"],
                "attached_alerts": list(
                    open_alerts_of(link.device).values_list("alert_uid", flat=True)[:_MOST_ALERTS]
                ),
                "received_at": now,
            },
        )
        if is_new:
            record_event("received", f"Sent from the request page of {link.device}.", request=request)
    return Taken(request, is_new)


def _same_words(link: RequestLink, form: RequestForm, now: datetime) -> AgentRequest | None:
    values = form.values
    return AgentRequest.objects.filter(
        device=link.device,
        received_at__gt=now - _SAME_WITHIN,
        subject=values["subject"],
        text=values["text"],
        person_name=values["name"],
        person_email=values["email"],
        person_phone=values["phone"],
    ).first()


def _too_many(link: RequestLink, address: str, now: datetime) -> int | None:
    """Return how many seconds to wait, None when one more is allowed. Without Redis, stored rows are counted."""
    most = load_request_policy().requests_per_hour
    device = take("request", f"device:{link.device_id}", most=most, seconds=_HOUR)
    from_address = take("request", f"address:{address}", most=_ADDRESS_PER_HOUR, seconds=_HOUR)
    if device.is_allowed is None or from_address.is_allowed is None:
        recent = AgentRequest.objects.filter(received_at__gt=now - timedelta(seconds=_HOUR))
        is_too_many = recent.filter(device=link.device_id).count() >= most
        return _HOUR if is_too_many else None
    if device.is_allowed and from_address.is_allowed:
        return None
    return max(one.retry_after_seconds for one in (device, from_address) if not one.is_allowed)
