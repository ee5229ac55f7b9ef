"""What a replay runs on: recorded alerts, their sites as they are today, and the stored rules. Only reads our database."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from sys import intern
from typing import Any, Final

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from mappings.services.catch_all import find_catch_all
from tickets.domain.holding import SilenceFacts
from tickets.domain.replay import RecordedAlert, ReplaySite, RuleSet
from tickets.domain.rules.conditions import Rule
from tickets.domain.searching import LONGEST_SEARCHED
from tickets.models import (
    Alert,
    AlertPolicy,
    HistoricAlert,
    Monitor,
    MonitorFingerprint,
    MonitorType,
    PriorityDefaults,
    Silence,
    Ticket,
    TicketDefaults,
    TicketRule,
)
from tickets.services.decide import catch_all_facts
from tickets.services.defaults import load_catalogue, load_settings_row, rows_by_type, with_values
from tickets.services.monitors import MonitorPatterns
from tickets.services.policy import load_policy, storm_policy
from tickets.services.replay_places import Places
from tickets.services.rules import to_rule, with_rule_values
from tickets.services.silences import to_silence

#: Alerts beyond this are left out, the oldest first; it bounds the memory of a replay to a few hundred MB.
MOST_ALERTS: Final = 300_000
_AT_ONCE: Final = 2000
TODAY: Final = "Today's rules"


@dataclass(frozen=True, slots=True)
class Recorded:
    """Alerts of the past, ready to be replayed.

    Attributes:
        alerts: by time.
        sites: by uid.
        days: how far back.
        left_out: older alerts that were too many.
        historic: how many of them were imported from Datto RMM's resolved list.
    """

    alerts: list[RecordedAlert]
    sites: dict[str, ReplaySite]
    days: int
    left_out: int = 0
    historic: int = 0


@dataclass(slots=True)
class DefaultsRow:
    """A row of ticket defaults with its priority lines."""

    row: TicketDefaults
    lines: list[PriorityDefaults]


@dataclass(slots=True)
class StoredRules:
    """The rows that decide, as models, so that a draft can change them before they are used.

    Attributes:
        rules: all of them, also those switched off.
    """

    rules: list[TicketRule]
    defaults: list[DefaultsRow]
    policy: AlertPolicy
    types: list[MonitorType]


def load_stored_rules() -> StoredRules:
    """Return the rows of today. Eight queries."""
    return StoredRules(
        rules=list(with_rule_values().select_related("monitor")),
        defaults=[DefaultsRow(row, list(row.priorities.all())) for row in with_values()],
        policy=load_policy(),
        types=list(MonitorType.objects.all()),
    )


def to_rule_set(stored: StoredRules, name: str, *, days: int, now: datetime) -> RuleSet:
    """Return rows as a replay takes them, with the silences that were in force during the last days."""
    return RuleSet(
        name=name,
        rules=_rules(stored),
        defaults=rows_by_type(
            {one.row.monitor_type_id: load_settings_row(one.row, one.lines) for one in stored.defaults},
            stored.types,
        ),
        policy=storm_policy(stored.policy),
        catalogue=load_catalogue(),
        silences=load_past_silences(now - timedelta(days=days), now),
        catch_all=catch_all_facts(find_catch_all()),
        flap_delay_minutes=stored.policy.flap_delay_minutes,
        most_items=stored.policy.most_additional_items,
    )


def _rules(stored: StoredRules) -> list[Rule]:
    rules = [to_rule(row) for row in stored.rules if row.is_active]
    # A rule that is not saved yet is the newest of equally specific ones, as it will be.
    newest = max((rule.id for rule in rules), default=0) + 1
    return [rule if rule.id else replace(rule, id=newest + number) for number, rule in enumerate(rules)]


def load_past_silences(since: datetime, now: datetime) -> list[SilenceFacts]:
    """Return silences that were in force at some moment since then. One ended early ends when it did."""
    rows = Silence.objects.filter(starts_at__lte=now).filter(
        Q(ended_at__isnull=True) & (Q(ends_at__isnull=True) | Q(ends_at__gt=since)) | Q(ended_at__gt=since)
    )
    return [
        replace(facts, ends_at=min(filter(None, (row.ended_at, facts.ends_at)), default=None))
        for row in rows.select_related("device", "site", "company", "ends_with", "owner")
        for facts in (to_silence(row),)
    ]


def count_recorded(days: int, now: datetime) -> int:
    """Return how many alerts a replay of the last days has. Two queries."""
    since = now - timedelta(days=days)
    return _live(since).count() + _historic(since).count()


def asks_for_text(*rule_sets: RuleSet) -> bool:
    """Return whether anything compares the alerts' text, which is most of what an alert weighs."""
    return any(
        any(rule.conditions.pattern for rule in one.rules) or any(s.what.pattern for s in one.silences)
        for one in rule_sets
    )


def load_recorded(
    days: int,
    now: datetime,
    *,
    with_text: bool,
    most: int = MOST_ALERTS,
    on_progress: Callable[[int], None] | None = None,
) -> Recorded:
    """Return the alerts of the last days: our own, and imported ones that we do not have.

    Args:
        days: how far back.
        now: aware.
        with_text: whether rules compare the text (`asks_for_text`).
        most: the newest so many.
        on_progress: called with the number of alerts read so far.
    """
    since = now - timedelta(days=days)
    places, monitors = Places(), _Monitors()
    live, historic = _live(since), _historic(since)
    surplus = max(0, live.count() + historic.count() - most)
    if surplus:
        # The newest of either; what is too much of both together goes below.
        live, historic = live.order_by("-at")[:most], historic.order_by("-raised_at")[:most]
    alerts: list[RecordedAlert] = []
    for batch in _batches(live.values_list(*_LIVE, *(_TEXT if with_text else ())).iterator(_AT_ONCE)):
        places.learn((row[5] for row in batch), (row[4] for row in batch))
        alerts += [_of_live(row, places, monitors) for row in batch]
        if on_progress is not None:
            on_progress(len(alerts))
    own = len(alerts)
    text = _TEXT if with_text or monitors.has_patterns else ()
    for batch in _batches(historic.values_list(*_HISTORIC, *text).iterator(_AT_ONCE)):
        places.learn((row[5] for row in batch), (row[4] for row in batch))
        alerts += [_of_historic(row, places, monitors, keep_text=with_text) for row in batch]
        if on_progress is not None:
            on_progress(len(alerts))
    imported = len(alerts) - own
    alerts.sort(key=lambda one: (one.raised_at, one.uid))
    if len(alerts) > most:
        alerts = alerts[-most:]
    return Recorded(alerts, places.sites, days, surplus, imported)


_LIVE: Final = (
    "alert_uid", "priority", "monitor_type_id", "condition_key", "datto_site_uid", "datto_device_uid",
    "datto_device_name", "at", "resolved_at", "resolved_by", "native_ticket_number", "summary", "monitor_id",
    "ticket__state", "ticket__completed_by_us", "ticket__completed_at",
)  # fmt: skip
_HISTORIC: Final = (
    "alert_uid", "priority", "monitor_type_slug", "condition_key", "datto_site_uid", "datto_device_uid",
    "datto_device_name", "raised_at", "resolved_at", "resolved_by", "native_ticket_number", "summary", "fingerprint",
)  # fmt: skip
_TEXT: Final = ("diagnostics", "subject")


def _live(since: datetime) -> QuerySet[Any]:
    rows = Alert.objects.order_by().annotate(at=Coalesce("raised_at", "first_seen_at"))
    # Nothing is seen before it is raised, and only first_seen_at has an index.
    return rows.filter(first_seen_at__gte=since, at__gte=since)


def _historic(since: datetime) -> QuerySet[Any]:
    known = Alert.objects.filter(alert_uid=OuterRef("alert_uid"))
    return HistoricAlert.objects.order_by().filter(~Exists(known), raised_at__gte=since)


class _Monitors:
    """Names and kinds of monitors, read once."""

    def __init__(self) -> None:
        self.types = {one.pk: one for one in MonitorType.objects.all()}
        self.by_slug = {one.slug: one for one in self.types.values()}
        rows = list(Monitor.objects.order_by("id").only("name", "label", "pattern", "monitor_type_id"))
        self.labels = {one.pk: intern(str(one)) for one in rows}
        self._fingerprints = dict(MonitorFingerprint.objects.values_list("fingerprint", "monitor_id"))
        self._patterns = MonitorPatterns(rows)

    @property
    def has_patterns(self) -> bool:
        """Whether some monitor is told by its text."""
        return bool(self._patterns)

    def find(self, monitor_type: MonitorType | None, fingerprint: str, text: str) -> int | None:
        """Return the catalogue entry of an imported alert, None when the catalogue does not know it."""
        pattern = self._patterns.find(monitor_type.pk, text) if monitor_type is not None else None
        return self._fingerprints.get(fingerprint) if pattern is None else pattern


def _of_live(row: tuple[Any, ...], places: Places, monitors: _Monitors) -> RecordedAlert:
    monitor_type = monitors.types.get(row[2])
    monitor = row[12]
    person = row[15] if row[13] == Ticket.State.COMPLETED and not row[14] else None
    slug = monitor_type.slug if monitor_type is not None else ""
    return _record(
        row,
        places,
        monitor_type,
        monitor=monitor,
        monitor_key=f"m:{monitor}" if monitor is not None else f"t:{slug}",
        label=monitors.labels.get(monitor, "") or str(monitor_type or "Other"),
        text=_text(row, len(_LIVE)),
        person_completed_at=person,
    )


def _of_historic(
    row: tuple[Any, ...], places: Places, monitors: _Monitors, *, keep_text: bool
) -> RecordedAlert:
    monitor_type = monitors.by_slug.get(row[2])
    text = _text(row, len(_HISTORIC))
    diagnostics = row[len(_HISTORIC)] if len(row) > len(_HISTORIC) else ""
    monitor = monitors.find(monitor_type, row[12], diagnostics or row[11])
    type_name = str(monitor_type or "Other")
    return _record(
        row,
        places,
        monitor_type,
        monitor=monitor,
        monitor_key=f"m:{monitor}" if monitor is not None else f"f:{row[12][:16]}",
        label=monitors.labels.get(monitor, "") if monitor is not None else f"{type_name} (not met live yet)",
        text=text if keep_text else "",
        person_completed_at=None,
    )


def _record(
    row: tuple[Any, ...],
    places: Places,
    monitor_type: MonitorType | None,
    *,
    monitor: int | None,
    monitor_key: str,
    label: str,
    text: str,
    person_completed_at: datetime | None,
) -> RecordedAlert:
    device, is_known = places.device(row[5])
    site, organization = places.site(device, row[4])
    slug = monitor_type.slug if monitor_type is not None else ""
    return RecordedAlert(
        uid=row[0],
        priority=intern(row[1]),
        monitor_type=slug,
        type_name=monitor_type.name if monitor_type is not None else "Other",
        monitor_key=intern(monitor_key),
        label=intern(label),
        condition=intern(row[3] or row[0]),
        site=intern(site),
        device=intern(row[5]),
        raised_at=row[7],
        monitor=monitor,
        organization=organization,
        device_name=intern(row[6]),
        device_class=device.device_class,
        item_category=device.item_category,
        network=device.network,
        host=device.host,
        summary=intern(row[11]),
        text=text,
        resolved_at=row[8],
        resolved_by=intern(row[9]),
        native_ticket=row[10],
        person_completed_at=person_completed_at,
        is_security=monitor_type is not None and monitor_type.is_security,
        device_known=is_known,
    )


def _text(row: tuple[Any, ...], at: int) -> str:
    if len(row) <= at:
        return ""
    diagnostics, subject = row[at], row[at + 1]
    return "\n".join(part for part in (diagnostics, row[11], subject) if part)[:LONGEST_SEARCHED]


def _batches(rows: Iterator[Any]) -> Iterator[Sequence[Any]]:
    while batch := list(islice(rows, _AT_ONCE)):
        yield batch
