"""The policy of request pages: the components' secret, how long links hold, how much is taken in."""

from __future__ import annotations

import hmac
from typing import Final

from django.utils import timezone

from integration.ids import read_id
from integration.models.connection import make_path_secret
from tickets.models import RequestPolicy

_MOST_DAYS: Final = 3650
_MOST_REQUESTS: Final = 1000


def load_request_policy() -> RequestPolicy:
    """Return the one row of the policy; with its built-in values while nobody has saved it."""
    row = RequestPolicy.objects.filter(pk=RequestPolicy.SINGLETON_ID).first()
    return row or RequestPolicy(pk=RequestPolicy.SINGLETON_ID)


def rotate_secret() -> RequestPolicy:
    """Give components a new secret; those with the old one fetch no more links."""
    return _save_secret(make_path_secret())


def revoke_secret() -> RequestPolicy:
    """Let no device fetch a link any more; links that were fetched stay valid."""
    return _save_secret("")


def secret_fits(given: str) -> bool:
    """Return whether this is the components' secret; never while there is none."""
    stored = load_request_policy().component_secret
    return bool(stored) and hmac.compare_digest(stored.encode(), given.encode())


def save_limits(link_days: str, requests_per_hour: str) -> list[str]:
    """Save the limits as typed; returns what is wrong with them, and then saves nothing.

    Args:
        link_days: empty for links that hold until they are revoked.
        requests_per_hour: from one device.
    """
    days, most = read_id(link_days.strip()), read_id(requests_per_hour.strip())
    errors = []
    if link_days.strip() and (days is None or not 1 <= days <= _MOST_DAYS):
        errors.append(f"Days: enter 1 to {_MOST_DAYS:,}, or leave it empty.")
    if most is None or not 1 <= most <= _MOST_REQUESTS:
        errors.append(f"Requests an hour: enter 1 to {_MOST_REQUESTS:,}.")
    if most is not None and not errors:
        RequestPolicy.objects.update_or_create(
            pk=RequestPolicy.SINGLETON_ID, defaults={"link_days": days, "requests_per_hour": most}
        )
    return errors


def _save_secret(secret: str) -> RequestPolicy:
    policy, _ = RequestPolicy.objects.get_or_create(pk=RequestPolicy.SINGLETON_ID)
    policy.component_secret = secret
    policy.secret_made_at = timezone.now() if secret else None
    policy.save(update_fields=["component_secret", "secret_made_at"])
    return policy
