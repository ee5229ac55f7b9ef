"""Silences and maintenance windows: load them, end them, and let go of what they hid."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.contrib.auth.models import User
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from tickets.domain.holding import SilenceFacts
from tickets.domain.rules.conditions import Conditions, RuleFacts, applies
from tickets.models import Alert, Silence, Ticket
from tickets.selectors.places import places_of
from tickets.services.due import load_calendar
from tickets.services.rules import to_hours
from tickets.services.snapshot import read_once
from tickets.services.timeline import record_event

#: How long a silence lasts, as people choose it; an end of its own and the end of a ticket come besides.
PRESETS: Final = {
    "1h": "1 hour",
    "4h": "4 hours",
    "tomorrow": "until tomorrow 8:00",
    "monday": "until Monday 8:00",
    "week": "a week",
}
#: A silence is held against the security alerts of so long.
_LOOK_BACK: Final = timedelta(days=30)
_MOST_COMPARED: Final = 500


def preset_end(preset: str, now: datetime) -> datetime:
    """Return when a preset ends. 8:00 is that of Autotask's default business location; Monday is the next one.

    Raises:
        KeyError: no such preset.
    """
    if preset in {"tomorrow", "monday"}:
        calendar = load_calendar()
        zone = calendar.zone if calendar is not None else timezone.get_current_timezone()
        local = now.astimezone(zone)
        local += timedelta(days=1 if preset == "tomorrow" else 7 - local.weekday())
        return local.replace(hour=8, minute=0, second=0, microsecond=0)
    lengths = {"1h": timedelta(hours=1), "4h": timedelta(hours=4), "week": timedelta(days=7)}
    return now + lengths[preset]


def add_silence(silence: Silence, user: User) -> None:
    """Store a new silence of a person; alerts that wait to be decided feel it at once, ticketed ones stay as they are."""
    silence.owner = user
    silence.save()


def reconsider_hidden(silence: Silence, now: datetime) -> int:
    """Have the sweep decide again what a changed silence hides; returns how many alerts."""
    hidden = Alert.objects.filter(
        silence=silence, is_resolved=False, state__in=[Alert.State.HELD, Alert.State.SILENCED]
    )
    return hidden.update(not_before=now)


def find_security_alerts(silence: Silence, now: datetime) -> list[Alert]:
    """Return security alerts of the last 30 days that a silence would have hidden, newest first. Three queries."""
    rows = Alert.objects.filter(monitor_type__is_security=True, first_seen_at__gte=now - _LOOK_BACK)
    if silence.monitor_id:
        rows = rows.filter(monitor=silence.monitor_id)
    if silence.device is not None:
        rows = rows.filter(datto_device_uid=silence.device.datto_device_uid)
    alerts = list(
        rows.select_related("monitor_type").defer("context", "decision").order_by("-id")[:_MOST_COMPARED]
    )
    what, places = to_silence(silence).what, places_of(alerts)
    found = []
    for alert in alerts:
        place = places[alert.pk]
        company = place.mapping.company if place.mapping is not None else None
        facts = RuleFacts(
            priority=alert.priority,
            at=alert.raised_at or alert.first_seen_at,
            monitor=alert.monitor_id,
            organization=company.autotask_company_id if company else None,
            site=place.site_uid,
            device=alert.datto_device_uid,
            text="\n".join(part for part in (alert.diagnostics, alert.summary, alert.subject) if part),
        )
        if applies(what, facts):
            found.append(alert)
    return found


def describe_scope(silence: Silence) -> str:
    """Return which alerts a silence is for, in words."""
    parts = [f"monitor \u201c{silence.monitor}\u201d"] if silence.monitor else ["every monitor"]
    if silence.device:
        parts.append(f"on device {silence.device}")
    if silence.site:
        parts.append(f"at site {silence.site.name}")
    if silence.company:
        parts.append(f"of organization {silence.company.name}")
    if silence.pattern:
        parts.append(f"whose text fits \u201c{silence.pattern}\u201d")
    words = " ".join(parts)
    return words[0].upper() + words[1:]


def describe_window(silence: Silence) -> str:
    """Return the weekly window of a silence in words, empty when it has none."""
    hours = to_silence(silence).hours
    if hours is None:
        return ""
    names = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    days = ", ".join(names[day] for day in sorted(hours.weekdays)) or "every day"
    return f"{days} {hours.start:%H:%M} to {hours.end:%H:%M} ({hours.zone})"


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
