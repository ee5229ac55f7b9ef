"""Recognise the monitor that raised an alert, and keep the catalogue of monitors."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet

from integration.vendors.datto_rmm.contexts import describe_context
from mappings.domain.devices.patterns import BadPattern
from tickets.domain.keys import condition_key
from tickets.domain.monitors import Identity, KeyKind, identify, typed_fingerprint
from tickets.domain.searching import Search, compile_search, is_found
from tickets.models import Alert, Monitor, MonitorFingerprint, MonitorType, Ticket

#: So many open alerts are told anew at once; a monitor that has more is told by its key from its next alert on.
_REKEYED_AT_ONCE = 2_000
M = TypeVar("M", Monitor, MonitorFingerprint)


@dataclass(frozen=True, slots=True)
class Recognised:
    """The monitor of an alert, and by what it was told."""

    monitor: Monitor
    by: KeyKind
    identity: Identity

    @property
    def key(self) -> str:
        """Return what stands for the monitor in a condition key; it outlives a merge of catalogue entries."""
        if self.by is KeyKind.TYPED:
            return typed_fingerprint(self.monitor.typed_key)
        return f"pattern:{self.monitor.pk}" if self.by is KeyKind.PATTERN else self.identity.fingerprint


def recognise(
    *,
    monitor_type: MonitorType,
    context_class: str,
    stable: dict[str, Any],
    object_label: str,
    text: str,
    own_names: tuple[str, ...],
    typed_key: str,
    at: datetime,
) -> Recognised:
    """Return the monitor of an alert; a monitor never seen before enters the catalogue.

    A typed key that comes with a fingerprint teaches the fingerprint, so that an alert which only the poll brings is
    recognised too. A fingerprint that came with several typed keys tells nothing by itself.
    """
    identity = identify(
        context_class=context_class,
        monitor_type_name=monitor_type.name,
        stable=stable,
        object_label=object_label,
        text=text,
        own_names=own_names,
    )
    if typed_key:
        monitor = _typed(typed_key, monitor_type, identity, at)
        return Recognised(monitor, KeyKind.TYPED, identity)
    pattern = _by_pattern(monitor_type, text)
    if pattern is not None:
        return Recognised(pattern, KeyKind.PATTERN, identity)
    known = _fingerprint(identity, monitor_type, at)
    by = KeyKind.TYPED if known.monitor.typed_key else KeyKind.FINGERPRINT
    return Recognised(known.monitor, by, identity)


class MonitorPatterns:
    """The patterns of the catalogue, read once, for many alerts."""

    def __init__(self, monitors: Iterable[Monitor]) -> None:
        self._patterns: dict[int, list[tuple[Search, int]]] = {}
        for monitor in monitors:
            with suppress(BadPattern):  # one that cannot be used tells nothing
                if monitor.pattern:
                    found = (compile_search(monitor.pattern), monitor.pk)
                    self._patterns.setdefault(monitor.monitor_type_id, []).append(found)

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def find(self, monitor_type_id: int | None, text: str) -> int | None:
        """Return the monitor whose pattern is found in an alert's text: diagnostics, else summary."""
        for pattern, pk in self._patterns.get(monitor_type_id or 0, ()):
            if pattern.is_in(text):
                return pk
        return None


def record_fired(monitor: Monitor, at: datetime) -> None:
    """Count one more alert of a monitor."""
    Monitor.objects.filter(pk=monitor.pk).update(fires=F("fires") + 1)
    Monitor.objects.filter(pk=monitor.pk, last_seen_at__lt=at).update(last_seen_at=at)


def rekey_alerts(alerts: QuerySet[Alert]) -> int:
    """Recognise open alerts anew, because the catalogue changed; returns how many are told otherwise now.

    Their tickets are told otherwise with them: the next alert of a condition comes under its new key, and has to find
    the ticket that is open.

    Args:
        alerts: any; those that are over, or have no monitor type, are left.
    """
    count = 0
    rows = alerts.filter(is_resolved=False, monitor_type__isnull=False).select_related(
        "monitor", "monitor_type"
    )
    for alert in rows.order_by("id")[:_REKEYED_AT_ONCE]:
        assert alert.monitor_type is not None  # noqa: S101 - asked for
        described = describe_context(alert.context or None)
        typed = alert.monitor.typed_key if alert.monitor and alert.recognised_by == KeyKind.TYPED else ""
        found = recognise(
            monitor_type=alert.monitor_type,
            context_class=alert.context_class,
            stable=described.stable,
            object_label=described.object_label,
            text=alert.diagnostics or described.summary,
            own_names=(alert.datto_device_name, alert.datto_site_name),
            typed_key=typed,
            at=alert.raised_at or alert.first_seen_at,
        )
        key = condition_key(
            device_uid=alert.datto_device_uid,
            site_uid=alert.datto_site_uid,
            monitor=found.key,
            stable=described.stable,
        )
        if (key, found.monitor.pk) == (alert.condition_key, alert.monitor_id):
            continue
        Alert.objects.filter(pk=alert.pk).update(
            condition_key=key, monitor=found.monitor, recognised_by=found.by.value
        )
        if alert.ticket_id is not None:
            tickets = Ticket.objects.filter(pk=alert.ticket_id, condition_key=alert.condition_key)
            tickets.update(condition_key=key, monitor=found.monitor)
        count += 1
    return count


def merge_monitors(keep: Monitor, other: Monitor) -> None:
    """Make two catalogue entries one: the other's fingerprints, alerts, tickets, rules and silences go over."""
    if keep.pk == other.pk:
        return
    with transaction.atomic():
        other.fingerprints.update(monitor=keep)
        other.alerts.update(monitor=keep)
        other.tickets.update(monitor=keep)
        other.rules.update(monitor=keep)
        other.silences.update(monitor=keep)
        if other.typed_key and not keep.typed_key:
            typed, other.typed_key = other.typed_key, ""
            other.save(update_fields=["typed_key"])
            keep.typed_key = typed
        keep.fires += other.fires
        keep.first_seen_at = min(keep.first_seen_at, other.first_seen_at)
        keep.last_seen_at = max(keep.last_seen_at, other.last_seen_at)
        keep.save()
        other.delete()
        rekey_alerts(Alert.objects.filter(monitor=keep))


def _typed(typed_key: str, monitor_type: MonitorType, identity: Identity, at: datetime) -> Monitor:
    monitor, _ = _get_or_create(
        Monitor,
        {"typed_key": typed_key},
        {
            "name": typed_key,
            "label": identity.label,
            "monitor_type": monitor_type,
            "first_seen_at": at,
            "last_seen_at": at,
        },
    )
    fingerprint, is_new = _get_or_create(
        MonitorFingerprint,
        {"fingerprint": identity.fingerprint},
        {"monitor": monitor, "label": identity.label, "first_seen_at": at},
    )
    if not is_new and fingerprint.monitor_id != monitor.pk and not fingerprint.is_ambiguous:
        other = fingerprint.monitor
        if other.typed_key:
            # Two monitors look alike: what only looks like them is neither.
            neither = Monitor.objects.create(
                label=f"{identity.label} (no key)",
                monitor_type=monitor_type,
                first_seen_at=at,
                last_seen_at=at,
            )
            MonitorFingerprint.objects.filter(pk=fingerprint.pk).update(monitor=neither, is_ambiguous=True)
        elif not other.name and not other.rules.exists() and not other.silences.exists():
            MonitorFingerprint.objects.filter(pk=fingerprint.pk).update(monitor=monitor)
            rekey_alerts(Alert.objects.filter(monitor=other))
    return monitor


def _by_pattern(monitor_type: MonitorType, text: str) -> Monitor | None:
    rows = Monitor.objects.filter(monitor_type=monitor_type).exclude(pattern="").order_by("id")
    return next((monitor for monitor in rows if is_found(monitor.pattern, text)), None)


def _fingerprint(identity: Identity, monitor_type: MonitorType, at: datetime) -> MonitorFingerprint:
    found = (
        MonitorFingerprint.objects.select_related("monitor").filter(fingerprint=identity.fingerprint).first()
    )
    if found is not None:
        return found
    monitor = Monitor.objects.create(
        label=identity.label, monitor_type=monitor_type, first_seen_at=at, last_seen_at=at
    )
    fingerprint, is_new = _get_or_create(
        MonitorFingerprint,
        {"fingerprint": identity.fingerprint},
        {"monitor": monitor, "label": identity.label, "first_seen_at": at},
    )
    if not is_new:
        monitor.delete()
    return fingerprint


def _get_or_create(model: type[M], key: dict[str, Any], defaults: dict[str, Any]) -> tuple[M, bool]:
    try:
        return model._default_manager.get_or_create(**key, defaults=defaults)  # noqa: SLF001 - public in Django's documentation
    except IntegrityError:
        return model._default_manager.get(**key), False  # noqa: SLF001 - as above
