"""Links to request pages: made, fetched by devices, found again by their token, revoked."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse

from mappings.models import Device
from tickets.models import RequestLink
from tickets.services.requests.policy import load_request_policy

#: Links a device fetched that stay valid: the new one, and the one before it, which may be open in a browser.
_FETCHED_KEPT: Final = 2
REPLACED: Final = "Replaced by a newer one that the device fetched."


@dataclass(frozen=True, slots=True)
class NewLink:
    """A link just made. Its address is known now and never again."""

    link: RequestLink
    url: str


def live_links(now: datetime) -> QuerySet[RequestLink]:
    """Return links that work."""
    return RequestLink.objects.filter(revoked_at__isnull=True, device__is_deleted=False).filter(
        Q(expires_at__isnull=True) | Q(expires_at__gt=now)
    )


def is_live(link: RequestLink, now: datetime) -> bool:
    """Return whether a link works; its device must be loaded."""
    is_over = link.expires_at is not None and link.expires_at <= now
    return link.revoked_at is None and not is_over and not link.device.is_deleted


def find_link(token: str) -> RequestLink | None:
    """Return the link of a token, also one that works no more; with its device, site and organization."""
    return (
        RequestLink.objects.select_related("device__site__mapping__company")
        .filter(digest=_digest(token))
        .first()
    )


def make_link(
    device: Device,
    *,
    user: User | None,
    expires_at: datetime | None = None,
    source: RequestLink.Source = RequestLink.Source.PERSON,
) -> NewLink:
    """Make a link for one device.

    Args:
        user: who asked, None when the device did.
        expires_at: None until it is revoked.
    """
    return make_links([device], user=user, expires_at=expires_at, source=source)[0]


def make_links(
    devices: Iterable[Device],
    *,
    user: User | None,
    expires_at: datetime | None = None,
    source: RequestLink.Source = RequestLink.Source.PERSON,
) -> list[NewLink]:
    """Make a link for each device; one INSERT."""
    made = []
    for device in devices:
        token = secrets.token_urlsafe(32)
        link = RequestLink(
            device=device, digest=_digest(token), created_by=user, expires_at=expires_at, source=source
        )
        made.append(NewLink(link, request_url(token)))
    RequestLink.objects.bulk_create([one.link for one in made])
    return made


def request_url(token: str) -> str:
    """Return the address of a device's request page."""
    return f"{settings.PUBLIC_URL.rstrip('/')}{reverse('request-page', args=[token])}"


def fetch_link(device: Device, now: datetime) -> NewLink:
    """Make the link a device asked for itself; of those it fetched before, the latest one stays valid."""
    days = load_request_policy().link_days
    with transaction.atomic():
        # Two runs of the component at once take turns.
        Device.objects.select_for_update().get(pk=device.pk)
        made = make_link(
            device,
            user=None,
            expires_at=None if days is None else now + timedelta(days=days),
            source=RequestLink.Source.COMPONENT,
        )
        fetched = live_links(now).filter(device=device, source=RequestLink.Source.COMPONENT)
        old = list(fetched.order_by("-id").values_list("pk", flat=True)[_FETCHED_KEPT:])
        revoke(RequestLink.objects.filter(pk__in=old), REPLACED, now)
    return made


def revoke(links: QuerySet[RequestLink], why: str, now: datetime) -> int:
    """Revoke links that are not revoked yet; returns how many."""
    return links.filter(revoked_at__isnull=True).update(revoked_at=now, revoked_why=why[:200])


def note_use(link: RequestLink, now: datetime) -> None:
    """Remember that a page was opened, at most once in five minutes."""
    if link.last_used_at is None or now - link.last_used_at > timedelta(minutes=5):
        RequestLink.objects.filter(pk=link.pk).update(last_used_at=now)


def _digest(token: str) -> str:
    """A token has 256 random bits, so a plain digest tells nothing of it."""
    return sha256(token.encode()).hexdigest()
