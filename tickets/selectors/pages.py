"""Numbers and rows behind the home page, the inbox and the ledger. Each function says how many queries it costs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, cast

from django.db.models import Count, F, Max, Q, QuerySet, Window
from django.db.models.functions import Lower, RowNumber, TruncDate

from integration.models import Connection, SyncRun, VendorCall
from tickets.domain.decisions import Cause
from tickets.domain.resolution_text import SYSTEM_NAMES
from tickets.models import Action, Alert, Ticket
from tickets.selectors.places import places_of, with_place

#: How far back the inbox looks for refused notes.
_NOTES_WITHIN: Final = timedelta(days=7)
_NOTES: Final = (Action.Kind.FIRST_NOTE, Action.Kind.CLEAR_NOTE, Action.Kind.APPEND_NOTE)
_CHANGES: Final = (
    Action.Kind.UPDATE_TICKET,
    Action.Kind.COUNT_ALERTS,
    Action.Kind.ADD_ITEMS,
    Action.Kind.MOVE_TICKET,
)
#: So many of the newest refused writes of a kind are read as examples.
_EXAMPLES: Final = 5


@dataclass(frozen=True, slots=True)
class DayCount:
    """What became of the alerts of one day (UTC)."""

    day: date
    alerts: int
    tickets: int
    cleared: int


@dataclass(frozen=True, slots=True)
class CauseCount:
    """Alerts that wait for one cause."""

    cause: str
    alerts: int
    sites: int
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True)
class BlockedSite:
    """Alerts of one site, as `places.place_of` tells it, that wait for one cause."""

    cause: str
    site_uid: str
    name: str
    alerts: int
    reason: str
    remedy: str


def count_open_alerts() -> int:
    """Return how many alerts are open in Datto RMM as far as we know. One query."""
    return Alert.objects.filter(is_resolved=False).count()


def count_open_alerts_by_site(site_uids: list[str]) -> dict[str, int]:
    """Return open alerts by Datto RMM site uid, without those that have none. One query."""
    rows = Alert.objects.filter(is_resolved=False, datto_site_uid__in=site_uids).order_by()
    return dict(rows.values_list("datto_site_uid").annotate(n=Count("id")))


def count_open_alerts_by_device(device_uids: list[str]) -> dict[str, int]:
    """Return open alerts by Datto RMM device uid, without those that have none. One query."""
    rows = Alert.objects.filter(is_resolved=False, datto_device_uid__in=device_uids).order_by()
    return dict(rows.values_list("datto_device_uid").annotate(n=Count("id")))


def count_by_day(now: datetime, days: int = 7) -> list[DayCount]:
    """Return the last days, oldest first, days without alerts included. One query.

    A ticket or a clearing counts for the day its alert came in, so that the three lines can be compared.
    """
    first = (now - timedelta(days=days - 1)).replace(hour=0, minute=0, second=0, microsecond=0)
    rows = (
        Alert.objects.filter(first_seen_at__gte=first)
        .annotate(day=TruncDate("first_seen_at"), by=Lower("resolved_by"))
        .order_by()
        .values("day")
        .annotate(
            n=Count("pk"),
            tickets=Count("ticket", distinct=True),
            cleared=Count(
                "pk", filter=Q(is_resolved=True, resolved_by_us=False, by__in=sorted(SYSTEM_NAMES))
            ),
        )
    )
    found = {row["day"]: DayCount(row["day"], row["n"], row["tickets"], row["cleared"]) for row in rows}
    wanted = [first.date() + timedelta(days=offset) for offset in range(days)]
    return [found.get(day, DayCount(day, 0, 0, 0)) for day in wanted]


def find_last_ticketed() -> Alert | None:
    """Return the alert that became a ticket last, with its ticket. One query."""
    return (
        Alert.objects.filter(ticketed_at__isnull=False, ticket__isnull=False).select_related("ticket").first()
    )


def count_no_longer_listed() -> int:
    """Return how many open alerts the last complete poll did not list. One query."""
    return Alert.objects.filter(is_resolved=False, missed_polls__gt=0).count()


def list_last_runs(limit: int = 6) -> list[SyncRun]:
    """Return the latest runs worth reading: polls that found nothing new are left out. One query."""
    quiet = Q(
        trigger=SyncRun.Trigger.SCHEDULE,
        status=SyncRun.Status.SUCCEEDED,
        creates=0,
        updates=0,
        deactivations=0,
    )
    return list(SyncRun.objects.exclude(quiet).select_related("user")[:limit])


def find_last_run(kind: str) -> SyncRun | None:
    """Return the latest run of a kind that reached its end. One query."""
    return SyncRun.objects.filter(kind=kind, finished_at__isnull=False, dry_run=False).first()


def list_blocked_sites() -> list[BlockedSite]:
    """Return which causes alerts wait for at which sites, most alerts first. One query."""
    rows = (
        with_place(Alert.objects.filter(state=Alert.State.BLOCKED, is_resolved=False))
        .order_by()
        .values("cause", "place_site_uid")
        .annotate(
            n=Count("pk"), name=Max("place_site_name"), one_reason=Max("reason"), one_remedy=Max("remedy")
        )
        .order_by("-n", "name")
    )
    return [
        BlockedSite(
            row["cause"], row["place_site_uid"], row["name"], row["n"], row["one_reason"], row["one_remedy"]
        )
        for row in rows
    ]


def count_causes(blocked: Iterable[BlockedSite]) -> list[CauseCount]:
    """Return the causes that alerts wait for, most alerts first. No query."""
    by_cause: dict[str, list[BlockedSite]] = {}
    for one in blocked:
        by_cause.setdefault(one.cause, []).append(one)
    causes = [
        CauseCount(
            cause,
            sum(one.alerts for one in sites),
            len(sites),
            max(one.reason for one in sites),
            max(one.remedy for one in sites),
        )
        for cause, sites in by_cause.items()
    ]
    return sorted(causes, key=lambda one: (-one.alerts, one.cause))


@dataclass(frozen=True, slots=True)
class RefusedKind:
    """Vendor writes of one kind that did not go through.

    Attributes:
        is_defect: our own code stumbled; the vendor said nothing.
        count: of all of them.
        examples: the newest ones.
    """

    kind: str
    is_defect: bool
    count: int
    examples: list[Action]


def refused_actions(now: datetime) -> QuerySet[Action]:
    """Return vendor writes that were refused, or stumbled over, and still matter; not yet read.

    A ticket that could not be made is not among them: its alert is blocked and counted there.
    """
    still_matters = (
        Q(kind=Action.Kind.COMPLETE_TICKET, ticket__state=Ticket.State.OPEN)
        | Q(kind=Action.Kind.RESOLVE_ALERT, alert__is_resolved=False)
        | Q(kind=Action.Kind.REOPEN_TICKET, ticket__state=Ticket.State.REOPENING)
        | Q(kind__in=_NOTES, finished_at__gte=now - _NOTES_WITHIN)
        | Q(kind__in=_CHANGES, ticket__state=Ticket.State.OPEN, finished_at__gte=now - _NOTES_WITHIN)
    )
    stumbled = Q(state=Action.State.WAITING, cause=Cause.DEFECT) & ~Q(kind=Action.Kind.CREATE_TICKET)
    return Action.objects.filter(Q(still_matters, state=Action.State.REFUSED) | stumbled)


def count_refused(now: datetime) -> list[RefusedKind]:
    """Return vendor writes that did not go through, by kind, the newest kind first. One query."""
    alike: dict[str, Any] = {"partition_by": [F("kind"), F("state")]}
    examples = (
        refused_actions(now)
        .annotate(
            alike=Window(Count("pk"), **alike),
            place=Window(RowNumber(), order_by=F("pk").desc(), **alike),
        )
        .filter(place__lte=_EXAMPLES)
        .select_related("alert", "ticket")
        .order_by("-pk")
    )
    kinds: dict[tuple[str, str], RefusedKind] = {}
    for action in examples:
        is_defect = action.state != Action.State.REFUSED
        one = kinds.setdefault(
            (action.kind, action.state), RefusedKind(action.kind, is_defect, action.alike, [])
        )
        one.examples.append(action)
    return list(kinds.values())


def attach_places(alerts: Iterable[Alert]) -> list[Alert]:
    """Return the alerts of one page of a list with `device`, `organization` and `connection` on each. Three queries."""
    rows = list(alerts)
    places = places_of(rows)
    connection = find_connection()
    for row in rows:
        extra, place = cast("Any", row), places[row.pk]
        extra.connection = connection
        extra.device = place.device
        extra.organization = row.ticket.company.name if row.ticket else place.organization
    return rows


def find_connection() -> Connection | None:
    """Return the connection without its secrets. One query."""
    return (
        Connection.objects.only(
            "datto_platform", "autotask_web_url", "is_enabled", "is_demo", "paused_at", "paused_reason",
            "autotask_webhook_problem", "datto_api_url", "autotask_username",
        ).first()
    )  # fmt: skip


def list_calls(subjects: list[str], limit: int = 200) -> list[VendorCall]:
    """Return the calls made for some objects, oldest first. One query."""
    return list(VendorCall.objects.filter(subject__in=subjects).order_by("id")[:limit])
