"""The recurring work, as rows people can edit under Sync > Schedules.

After each migration the rows are there. The environment sets their intervals, until a person changes one: the row
remembers in its description which value the environment gave it, and is followed only while it still has it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, Final

from django.conf import settings
from django_celery_beat.models import IntervalSchedule, PeriodicTask

_DAY: Final = 86_400
_SECONDS_OF: Final = {
    IntervalSchedule.DAYS: _DAY,
    IntervalSchedule.HOURS: 3600,
    IntervalSchedule.MINUTES: 60,
    IntervalSchedule.SECONDS: 1,
}
_MEMORY: Final = re.compile(r"Interval from ([A-Z_]+|the product): (\d+) s\.")


@dataclass(frozen=True, slots=True)
class Schedule:
    """One recurring task as the environment wants it.

    Attributes:
        source: the environment's key, or "the product" for a fixed interval.
        every_seconds: interval; a message that waited that long is dropped, because the next one does its work.
    """

    name: str
    task: str
    queue: str
    source: str
    every_seconds: int
    what: str
    kwargs: dict[str, Any] = field(default_factory=dict)


def wanted_schedules() -> list[Schedule]:
    """Return the schedules under the present settings."""
    return [
        Schedule(
            "Alerts: read open alerts",
            "integration.scheduled_sync",
            "alerts",
            "ALERT_POLL_SECONDS",
            settings.ALERT_POLL_SECONDS,
            "Reads Datto RMM's open alerts, so that a lost webhook costs no alert.",
            {"kind": "alerts"},
        ),
        Schedule(
            "Tickets: read changed tickets",
            "integration.scheduled_sync",
            "alerts",
            "TICKET_POLL_SECONDS",
            settings.TICKET_POLL_SECONDS,
            "Reads Autotask tickets of ours that changed, so that a lost webhook leaves no alert open.",
            {"kind": "tickets"},
        ),
        Schedule(
            "Waiting work: sweep",
            "tickets.sweep",
            "alerts",
            "SWEEP_SECONDS",
            settings.SWEEP_SECONDS,
            "Finds every alert and ticket that waits for something, even when its message was lost.",
        ),
        Schedule(
            "Sites and devices: sync",
            "integration.scheduled_sync",
            "sync",
            "DEVICE_SYNC_MINUTES",
            settings.DEVICE_SYNC_MINUTES * 60,
            "Reads Datto RMM's sites and devices and writes what differs to Autotask's configuration items.",
            {"kind": "devices"},
        ),
        Schedule(
            "Organizations and pick lists: sync",
            "integration.scheduled_sync",
            "sync",
            "REFERENCE_SYNC_MINUTES",
            settings.REFERENCE_SYNC_MINUTES * 60,
            "Reads Autotask's organizations, contacts, pick lists and work types.",
            {"kind": "reference"},
        ),
        Schedule(
            "Contracts and services: sync",
            "integration.scheduled_sync",
            "sync",
            "the product",
            _DAY,
            "Reads Autotask's contracts, the services on them and the units they bill now.",
            {"kind": "contracts"},
        ),
        Schedule(
            "Runs and budgets: tend",
            "integration.tend",
            "alerts",
            "the product",
            60,
            "Sends lost runs again and ends dead ones.",
        ),
        Schedule(
            "Autotask webhook: check",
            "integration.check_webhook",
            "sync",
            "the product",
            _DAY,
            "Autotask switches a webhook off after 25 failed deliveries; this switches it on again.",
        ),
        Schedule(
            "Old rows: delete",
            "integration.housekeeping",
            "sync",
            "the product",
            _DAY,
            "Deletes call log and history that are past their time (CALL_LOG_DAYS, HISTORY_DAYS).",
        ),
    ]


def ensure_schedules() -> None:
    """Create missing schedules and follow the environment where no person has changed an interval."""
    for wanted in wanted_schedules():
        row = PeriodicTask.objects.select_related("interval").filter(name=wanted.name).first()
        if row is None:
            PeriodicTask.objects.create(
                name=wanted.name,
                task=wanted.task,
                queue=wanted.queue,
                kwargs=json.dumps(wanted.kwargs),
                interval=_interval(wanted.every_seconds),
                expire_seconds=wanted.every_seconds,
                description=_describe(wanted),
            )
            continue
        changes: dict[str, Any] = {}
        remembered = _remembered(row.description)
        if _seconds(row) == remembered and remembered != wanted.every_seconds:
            changes["interval"] = _interval(wanted.every_seconds)
            changes["expire_seconds"] = wanted.every_seconds
            changes["description"] = _describe(wanted)
        # What a task is called and where it runs is ours, not a person's.
        fixed = {"task": wanted.task, "queue": wanted.queue, "kwargs": json.dumps(wanted.kwargs)}
        changes |= {name: value for name, value in fixed.items() if getattr(row, name) != value}
        if changes:
            for name, value in changes.items():
                setattr(row, name, value)
            row.save()


def _interval(seconds: int) -> IntervalSchedule:
    period = next(unit for unit, length in _SECONDS_OF.items() if seconds % length == 0)
    every = seconds // _SECONDS_OF[period]
    found = IntervalSchedule.objects.filter(every=every, period=period).first()
    return found or IntervalSchedule.objects.create(every=every, period=period)


def _seconds(row: PeriodicTask) -> int | None:
    """Return the row's interval, None when a person chose a clock time instead."""
    if row.interval is None or row.interval.period not in _SECONDS_OF:
        return None
    return int(row.interval.every * _SECONDS_OF[row.interval.period])


def _describe(wanted: Schedule) -> str:
    return f"{wanted.what} Interval from {wanted.source}: {wanted.every_seconds} s."


def _remembered(description: str) -> int | None:
    found = _MEMORY.search(description)
    return int(found.group(2)) if found else None
