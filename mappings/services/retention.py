"""What of this app is deleted when it is old."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from integration.retention import delete_in_batches
from mappings.models import DeviceFinding, FieldMapLoss, SiteMappingChange


def purge(now: datetime) -> int:
    """Delete old history of mappings, ended drift and overwritten values; returns how many rows went.

    Drift that was left as it is stays: its row is what keeps it left.
    """
    old = now - timedelta(days=settings.HISTORY_DAYS)
    return (
        delete_in_batches(SiteMappingChange.objects.filter(created_at__lt=old))
        + delete_in_batches(
            DeviceFinding.objects.filter(state=DeviceFinding.State.RESOLVED, closed_at__lt=old)
        )
        + delete_in_batches(FieldMapLoss.objects.filter(created_at__lt=old))
    )
