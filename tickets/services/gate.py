"""The gate before each vendor: closed while the vendor does not answer, so that a backlog stays in order.

While it is closed, workers leave waiting actions alone; one worker at a time drains them oldest first, and
opens the gate when none is left (`tickets.services.act.drain`). An outage costs one attempt per pause, not
one per waiting alert.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F
from django.utils import timezone

from integration.models import Vendor, VendorHealth
from integration.vendors.errors import (
    AuthenticationFailed,
    PermissionDenied,
    RateLimited,
    VendorError,
)

_PAUSES_SECONDS = (3, 5, 10, 20, 30, 60)
_AUTH_PAUSE_SECONDS = 60
#: How long one drainer keeps others away between two signs of life.
DRAIN_LEASE = timedelta(seconds=120)


def is_closed(vendor: str) -> bool:
    """True while the vendor is taken to be down."""
    return VendorHealth.objects.filter(vendor=vendor, is_down=True).exists()


def record_success(vendor: str) -> None:
    """Note that the vendor answered. Opens nothing by itself: a drainer does, when the backlog is gone."""
    now = timezone.now()
    updated = VendorHealth.objects.filter(vendor=vendor).update(last_ok_at=now, failures=0)
    if not updated:
        VendorHealth.objects.get_or_create(vendor=vendor, defaults={"last_ok_at": now})


def record_failure(vendor: str, error: VendorError, *, is_away: bool = True) -> None:
    """Note that the vendor did not answer, and close the gate when that is what it means.

    Args:
        is_away: False for a lost answer of a vendor that answers other requests.
    """
    now = timezone.now()
    VendorHealth.objects.get_or_create(vendor=vendor)
    VendorHealth.objects.filter(vendor=vendor).update(
        failures=F("failures") + 1, last_error_at=now, last_error=str(error)[:500]
    )
    health = VendorHealth.objects.get(vendor=vendor)
    if isinstance(error, RateLimited | PermissionDenied):
        return
    if not is_away and not health.is_down:
        return
    pause = _PAUSES_SECONDS[min(health.failures, len(_PAUSES_SECONDS)) - 1]
    if isinstance(error, AuthenticationFailed):
        pause = max(pause, _AUTH_PAUSE_SECONDS)
    VendorHealth.objects.filter(vendor=vendor, is_down=False).update(is_down=True, down_since=now)
    VendorHealth.objects.filter(vendor=vendor).update(retry_at=now + timedelta(seconds=pause))


def claim_drain(vendor: str, now: datetime) -> bool:
    """Become the one who drains a closed vendor; False when it is not due or somebody else does."""
    return (
        VendorHealth.objects.filter(vendor=vendor, is_down=True, retry_at__lte=now).update(
            retry_at=now + DRAIN_LEASE
        )
        == 1
    )


def keep_drain(vendor: str) -> None:
    """Tell others that the drainer is alive."""
    VendorHealth.objects.filter(vendor=vendor, is_down=True).update(retry_at=timezone.now() + DRAIN_LEASE)


def come_back(vendor: str, pause: timedelta) -> None:
    """Stop draining for a moment without opening the gate."""
    VendorHealth.objects.filter(vendor=vendor, is_down=True).update(retry_at=timezone.now() + pause)


def open_gate(vendor: str) -> None:
    """Let workers act side by side again."""
    VendorHealth.objects.filter(vendor=vendor).update(
        is_down=False, down_since=None, retry_at=None, failures=0
    )


def retry_now() -> None:
    """Try closed vendors at the next sweep; called when credentials were changed or a person asks."""
    VendorHealth.objects.filter(vendor__in=Vendor.values, is_down=True).update(retry_at=timezone.now())
