"""The history of review decisions, and the way back.

Decisions of one person and day are one run of kind "reviews", so that the sync history tells them without a line for
each key pressed; the entries of one decision share a batch.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db.models import F
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from integration.models import SyncRun, SyncRunEntry
from integration.sync.operations import Draft
from mappings.models import DeviceReview

KIND = "reviews"
_FIELDS = ("state", "cause", "contract_id", "service_id", "contact_id", "reason", "decided_by_id")


@dataclass(frozen=True, slots=True)
class Decided:
    """One review that a decision changed."""

    review: DeviceReview
    before: dict[str, Any]
    draft: Draft | None


def snapshot(review: DeviceReview) -> dict[str, Any]:
    """Return what a decision is, as JSON."""
    return {
        **{name: getattr(review, name) for name in _FIELDS},
        "snoozed_until": review.snoozed_until.isoformat() if review.snoozed_until else None,
        "decided_at": review.decided_at.isoformat() if review.decided_at else None,
        "opened_at": review.opened_at.isoformat(),
    }


def restore(review: DeviceReview, stored: dict[str, Any]) -> None:
    """Set a review to a snapshot. Does not save."""
    for name in _FIELDS:
        setattr(review, name, stored[name])
    review.snoozed_until = parse_date(stored["snoozed_until"]) if stored["snoozed_until"] else None
    review.decided_at = parse_datetime(stored["decided_at"]) if stored["decided_at"] else None
    review.opened_at = parse_datetime(stored["opened_at"]) or review.opened_at


def record(decisions: list[Decided], user: User | None, what: str, batch: uuid.UUID) -> None:
    """Write down what a decision changed."""
    if not decisions:
        return
    now = timezone.now()
    run = _run_of_the_day(user, now)
    SyncRunEntry.objects.bulk_create(
        (
            SyncRunEntry(
                run=run,
                action=SyncRunEntry.Action.UPDATE,
                status=SyncRunEntry.Status.DONE,
                object_type="device review",
                object_id=str(one.review.pk),
                label=str(one.review.device)[:255],
                before={"state": DeviceReview.State(one.before["state"]).label},
                after=_readable(one.review),
                payload={
                    "batch": str(batch),
                    "what": what,
                    "before": one.before,
                    "after": snapshot(one.review),
                    "item": _item_change(one.draft),
                },
                message=what,
            )
            for one in decisions
        ),
        batch_size=200,
    )
    SyncRun.objects.filter(pk=run.pk).update(updates=F("updates") + len(decisions), finished_at=now)


def find_last(user: User | None) -> SyncRunEntry | None:
    """Return an entry of this person's latest decision that can be taken back. One query."""
    if user is None:
        return None
    return (
        SyncRunEntry.objects.filter(run__kind=KIND, run__user=user, status=SyncRunEntry.Status.DONE)
        .order_by("-pk")
        .first()
    )


def entries_of(entry: SyncRunEntry) -> list[SyncRunEntry]:
    """Return all entries of the decision an entry belongs to."""
    return list(
        SyncRunEntry.objects.filter(
            run=entry.run_id, status=SyncRunEntry.Status.DONE, payload__batch=entry.payload["batch"]
        ).order_by("pk")
    )


def _run_of_the_day(user: User | None, now: datetime) -> SyncRun:
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    run = SyncRun.objects.filter(kind=KIND, user=user, created_at__gte=midnight).order_by("-pk").first()
    return run or SyncRun.objects.create(
        kind=KIND,
        trigger=SyncRun.Trigger.PERSON if user is not None else SyncRun.Trigger.SCHEDULE,
        user=user,
        is_whole=False,
        status=SyncRun.Status.SUCCEEDED,
        scope={"title": "Decisions in the review queue"},
        started_at=now,
        finished_at=now,
    )


def _item_change(draft: Draft | None) -> dict[str, Any]:
    if draft is None:
        return {}
    return {
        "configuration_item_id": draft.payload["configuration_item_id"],
        "before": draft.before,
        "after": draft.after,
    }


def _readable(review: DeviceReview) -> dict[str, Any]:
    values = {
        "state": review.get_state_display(),
        "contract": str(review.contract) if review.contract is not None else "",
        "service": str(review.service) if review.service is not None else "",
        "contact": str(review.contact) if review.contact is not None else "",
        "reason": review.reason,
        "until": review.snoozed_until.isoformat() if review.snoozed_until else "",
    }
    return {name: value for name, value in values.items() if value}
