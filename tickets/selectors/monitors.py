"""What monitors did: how often they fire, how much of it clears by itself. Each function says how many queries it costs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from django.db.models import Count, Max, Q
from django.db.models.functions import Lower, TruncDate

from tickets.domain.resolution_text import SYSTEM_NAMES
from tickets.models import Alert, Monitor

DAYS: Final = 30
_SITES: Final = 30


@dataclass(frozen=True, slots=True)
class Activity:
    """What a monitor did in the last days.

    Attributes:
        days: alerts for each day (UTC), the oldest first.
        cleared: of all of them, how many cleared by themselves.
        first: the day of the first number.
    """

    days: tuple[int, ...]
    cleared: int
    first: date

    @property
    def total(self) -> int:
        """Return how many alerts there were."""
        return sum(self.days)

    @property
    def per_day(self) -> float:
        """Return alerts a day on average."""
        return self.total / len(self.days)

    @property
    def cleared_percent(self) -> int | None:
        """Return the share that cleared by itself, None without alerts."""
        return round(100 * self.cleared / self.total) if self.total else None


@dataclass(frozen=True, slots=True)
class SiteSeen:
    """A site where a monitor fired, with its newest alert there."""

    name: str
    alert_id: int


def read_activity(monitor_ids: Iterable[int], now: datetime, days: int = DAYS) -> dict[int, Activity]:
    """Return what monitors did, by primary key; quiet ones included. One query."""
    wanted = list(monitor_ids)
    start = (now - timedelta(days=days - 1)).replace(hour=0, minute=0, second=0, microsecond=0)
    rows = (
        Alert.objects.filter(monitor__in=wanted, raised_at__gte=start)
        .annotate(day=TruncDate("raised_at"), by=Lower("resolved_by"))
        .order_by()
        .values("monitor_id", "day")
        .annotate(
            n=Count("pk"),
            own=Count("pk", filter=Q(is_resolved=True, resolved_by_us=False, by__in=sorted(SYSTEM_NAMES))),
        )
    )
    counts = {pk: [0] * days for pk in wanted}
    cleared = dict.fromkeys(wanted, 0)
    for row in rows:
        # A clock that runs ahead must not break the page.
        place = min(max((row["day"] - start.date()).days, 0), days - 1)
        counts[row["monitor_id"]][place] += row["n"]
        cleared[row["monitor_id"]] += row["own"]
    return {pk: Activity(tuple(counts[pk]), cleared[pk], start.date()) for pk in wanted}


def list_last_alerts(monitor: Monitor, limit: int = 10) -> list[Alert]:
    """Return a monitor's newest alerts. One query."""
    rows = Alert.objects.filter(monitor=monitor).select_related("ticket")
    return list(rows.defer("context", "decision", "diagnostics", "ticket__fields")[:limit])


def list_sites(monitor: Monitor) -> Sequence[SiteSeen]:
    """Return the sites where a monitor fired last. One query."""
    rows = (
        Alert.objects.filter(monitor=monitor)
        .exclude(datto_site_uid="")
        .order_by()
        .values("datto_site_uid")
        .annotate(newest=Max("pk"), name=Max("datto_site_name"))
        .order_by("-newest")[:_SITES]
    )
    found = [SiteSeen(row["name"] or row["datto_site_uid"], row["newest"]) for row in rows]
    return sorted(found, key=lambda one: one.name.casefold())
