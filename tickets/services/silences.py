"""Silences and maintenance windows: load them, end them, and let go of what they hid."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import F, Q, QuerySet

from tickets.domain.holding import SilenceFacts
from tickets.domain.rules.conditions import Conditions
from tickets.models import Alert, Silence, Ticket
from tickets.services.rules import to_hours
from tickets.services.snapshot import read_once
from tickets.services.timeline import record_event


def active_silences(now: datetime) -> QuerySet[Silence]:
    """Return silences that are not over; a repeated window may be between two of its times."""
    return Silence.objects.filter(
        Q(ends_at__isnull=True) | Q(ends_at__gt=now), ended_at__isnull=True, starts_at__lte=now
    )


def load_silences(now: datetime) -> list[SilenceFacts]:
    """Return what the domain compares. One query."""
    rows = active_silences(now).select_related("device", "site", "company", "ends_with", "owner")
    return read_once("silences", lambda: [to_silence(row) for row in rows])


def to_silence(row: Silence) -> SilenceFacts:
    """Return a silence as the domain takes it."""
    return SilenceFacts(
        id=row.pk or 0,
        name=row.name,
        what=Conditions(
            device=row.device.datto_device_uid if row.device else "",
            monitor=row.monitor_id,
            site=row.site.datto_site_uid if row.site else "",
            organization=row.company.autotask_company_id if row.company else None,
            pattern=row.pattern,
        ),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        reason=row.reason,
        owner=row.owner.get_username() if row.owner else "",
        ticket=str(row.ends_with) if row.ends_with else "",
        hours=to_hours(row.weekdays, row.daily_from, row.daily_to, row.time_zone, is_outside=False),
        holds=row.effect == Silence.Effect.HOLD,
    )


def end_silence(silence: Silence, why: str, now: datetime, user: User | None = None) -> None:
    """End a silence once; what it hid is decided again with the next sweep."""
    ended = Silence.objects.filter(pk=silence.pk, ended_at__isnull=True).update(
        ended_at=now, ended_why=why[:300]
    )
    if not ended:
        return
    for alert in Alert.objects.filter(silence=silence, is_resolved=False):
        record_event(
            "silence_ended", f"Silence \u201c{silence.name}\u201d ended: {why}", alert=alert, user=user
        )


def end_what_is_over(now: datetime) -> None:
    """End silences whose time is over, or whose ticket is completed."""
    for silence in Silence.objects.filter(ended_at__isnull=True, ends_at__lte=now):
        end_silence(silence, "its time is over.", now)
    over = Silence.objects.filter(
        ended_at__isnull=True,
        ends_with__state__in=[Ticket.State.COMPLETED, Ticket.State.DELETED, Ticket.State.ABANDONED],
    ).select_related("ends_with")
    for silence in over:
        end_silence(silence, f"ticket {silence.ends_with} is completed.", now)
    # A ticket that was purged cannot be completed any more.
    for silence in Silence.objects.filter(
        ended_at__isnull=True, ends_with__isnull=True, ends_at__isnull=True
    ):
        end_silence(silence, "the ticket it waited for is no longer known.", now)


def released_alerts(now: datetime) -> QuerySet[Alert]:
    """Return open alerts whose silence or hold is over."""
    return Alert.objects.filter(is_resolved=False).filter(
        Q(state=Alert.State.HELD, not_before__lte=now)
        | Q(state__in=[Alert.State.HELD, Alert.State.SILENCED], silence__ended_at__isnull=False)
        | Q(state=Alert.State.SILENCED, silence__isnull=True)
        | Q(state=Alert.State.SILENCED, not_before__lte=now)
        | Q(state=Alert.State.SILENCED, silence__ends_at__lte=F("silence__starts_at"))
    )
