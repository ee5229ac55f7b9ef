"""Wishes for vendor writes: make one, claim one, hand it back.

A claim is one conditional UPDATE, so both databases behave alike and two workers never hold the same row.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from integration.models import Vendor
from tickets.models import Action, Alert, Ticket

_VENDOR_OF = {
    Action.Kind.CREATE_TICKET: Vendor.AUTOTASK,
    Action.Kind.FIRST_NOTE: Vendor.AUTOTASK,
    Action.Kind.COMPLETE_TICKET: Vendor.AUTOTASK,
    Action.Kind.CLEAR_NOTE: Vendor.AUTOTASK,
    Action.Kind.RESOLVE_ALERT: Vendor.DATTO_RMM,
    Action.Kind.REOPEN_TICKET: Vendor.AUTOTASK,
    Action.Kind.APPEND_NOTE: Vendor.AUTOTASK,
    Action.Kind.UPDATE_TICKET: Vendor.AUTOTASK,
    Action.Kind.COUNT_ALERTS: Vendor.AUTOTASK,
    Action.Kind.ADD_ITEMS: Vendor.AUTOTASK,
}
#: A message about a fresh row is under way; the sweep only looks after older ones.
_FRESH = timedelta(seconds=8)
#: A row that was nudged is not nudged again before this.
_NUDGE_AGAIN = timedelta(seconds=30)


class LeaseLost(Exception):  # noqa: N818 - nothing failed: somebody else goes on
    """Another worker took the row over; stop without writing anything."""


class NotYet(Exception):  # noqa: N818 - nothing failed: the row is looked at again soon
    """The vendor answered, and the row has to wait a little before its next step; the text says why."""


def lease_length() -> timedelta:
    """Return how long a claim holds without a sign of life.

    Longer than one vendor request can take (connect, read timeout, waiting for a slot), so that a row is never
    taken from a worker that is still inside a request.
    """
    return timedelta(seconds=settings.VENDOR_TIMEOUT_SECONDS + 35)


def wish(
    kind: Action.Kind,
    key: str,
    *,
    alert: Alert | None = None,
    ticket: Ticket | None = None,
    payload: dict[str, Any] | None = None,
    not_before: datetime | None = None,
) -> int | None:
    """Ask for one vendor write; the same key asks once. Returns the new row's id, None when it existed.

    A row that is to wait is found by the sweep; its id is not returned.
    """
    action, created = Action.objects.get_or_create(
        key=key,
        defaults={
            "kind": kind,
            "vendor": _VENDOR_OF[kind],
            "alert": alert,
            "ticket": ticket,
            "payload": payload or {},
            "not_before": not_before,
        },
    )
    return action.pk if created and not_before is None else None


def wish_again(
    kind: Action.Kind,
    key: str,
    *,
    alert: Alert | None = None,
    ticket: Ticket | None = None,
    payload: dict[str, Any] | None = None,
    not_before: datetime | None = None,
) -> int | None:
    """Ask for a write like `wish`, also when the same was asked before and dropped."""
    revived = Action.objects.filter(key=key, state=Action.State.DROPPED).update(
        state=Action.State.WAITING,
        alert=alert,
        not_before=not_before or timezone.now(),
        payload=payload or {},
        finished_at=None,
        in_doubt=False,
        attempts=0,
        cause="",
        error="",
        remedy="",
    )
    if revived:
        pk = Action.objects.filter(key=key).values_list("pk", flat=True).get()
        return None if not_before is not None else int(pk)
    return wish(kind, key, alert=alert, ticket=ticket, payload=payload, not_before=not_before)


def postpone(key: str, not_before: datetime, *, alert: Alert | None = None) -> None:
    """Let a wish that waits, and was surely not sent, wait longer; never shorter."""
    rows = Action.objects.filter(key=key, state=Action.State.WAITING, in_doubt=False)
    rows.filter(Q(not_before__isnull=True) | Q(not_before__lt=not_before)).update(
        not_before=not_before, alert=alert
    )


def revive(rows: QuerySet[Action], now: datetime) -> list[int]:
    """Let rows that wait, were refused or dropped be tried now; returns their ids.

    Rows that are done stay done, and those that a worker holds stay with it: the state is asked again in the UPDATE.
    """
    tried = [Action.State.WAITING, Action.State.REFUSED, Action.State.DROPPED]
    found = list(rows.filter(state__in=tried).values_list("pk", flat=True))
    Action.objects.filter(pk__in=found, state__in=tried).update(
        state=Action.State.WAITING,
        not_before=now,
        attempts=0,
        finished_at=None,
        error="",
        cause="",
        remedy="",
    )
    return found


def revive_refused(now: datetime, *, limit: int = 300) -> list[int]:
    """Let writes that were refused a while ago be tried again; returns their ids. Creates come back with their alerts."""
    rows = Action.objects.filter(state=Action.State.REFUSED, not_before__lte=now)
    found = list(
        rows.exclude(kind=Action.Kind.CREATE_TICKET).order_by("id").values_list("pk", flat=True)[:limit]
    )
    Action.objects.filter(pk__in=found, state=Action.State.REFUSED).update(
        state=Action.State.WAITING, finished_at=None
    )
    return found


def claim(action_id: int, now: datetime) -> Action | None:
    """Take a due row; None when it is not due, done, or held by somebody else."""
    token = secrets.token_hex(16)
    due = Q(state=Action.State.WAITING) & (Q(not_before__isnull=True) | Q(not_before__lte=now))
    abandoned = Q(state=Action.State.RUNNING, leased_until__lt=now)
    taken = Action.objects.filter(due | abandoned, pk=action_id).update(
        state=Action.State.RUNNING, lease_token=token, leased_until=now + lease_length()
    )
    if taken != 1:
        return None
    return Action.objects.select_related("alert", "ticket__company").get(pk=action_id)


def update_held(action: Action, **values: Any) -> None:
    """Change a held row and renew its lease.

    Raises:
        LeaseLost: somebody else holds it now.
    """
    values.setdefault("leased_until", timezone.now() + lease_length())
    held = Action.objects.filter(
        pk=action.pk, state=Action.State.RUNNING, lease_token=action.lease_token
    ).update(**values)
    if held != 1:
        raise LeaseLost(f"action {action.pk}")
    for name, value in values.items():
        setattr(action, name, value)


def finish(action: Action, *, state: Action.State = Action.State.DONE, **values: Any) -> None:
    """End a held row."""
    update_held(action, state=state, finished_at=timezone.now(), leased_until=None, in_doubt=False, **values)


def hand_back(
    action: Action, *, not_before: datetime | None, error: str = "", remedy: str = "", cause: str = ""
) -> None:
    """Put a held row back to wait; `in_doubt` stays as it is."""
    update_held(
        action,
        state=Action.State.WAITING,
        leased_until=None,
        not_before=not_before,
        attempts=action.attempts + 1,
        error=error,
        remedy=remedy,
        cause=cause,
    )


def park(action_ids: list[int], until: datetime) -> None:
    """Leave waiting rows alone until a moment."""
    Action.objects.filter(pk__in=action_ids, state=Action.State.WAITING).update(not_before=until)


def unpark(vendor: str, causes: list[str]) -> None:
    """Make a vendor's rows that wait for one of these causes due now; their age in the backlog starts over."""
    rows = Action.objects.filter(vendor=vendor, state=Action.State.WAITING, cause__in=causes)
    rows.update(not_before=timezone.now())


def drop_if_not_started(key: str) -> bool:
    """Drop a wish whose write has surely not been sent; True when it will never be."""
    return (
        Action.objects.filter(
            key=key, state__in=[Action.State.WAITING, Action.State.REFUSED], in_doubt=False
        ).update(state=Action.State.DROPPED, finished_at=timezone.now())
        == 1
    )


def is_creating() -> bool:
    """Whether some create has been sent whose ticket we do not know by its number yet."""
    return Action.objects.filter(
        Q(state=Action.State.RUNNING) | Q(in_doubt=True, state=Action.State.WAITING),
        kind=Action.Kind.CREATE_TICKET,
    ).exists()


def list_due(
    now: datetime, *, vendor: str | None = None, limit: int = 500, include_fresh: bool = True
) -> list[int]:
    """Return ids of due rows, oldest first: waiting ones, and running ones whose worker died."""
    due = Q(state=Action.State.WAITING) & (Q(not_before__isnull=True) | Q(not_before__lte=now))
    rows = Action.objects.filter(due | Q(state=Action.State.RUNNING, leased_until__lt=now))
    if vendor is not None:
        rows = rows.filter(vendor=vendor)
    if not include_fresh:
        rows = rows.filter(Q(created_at__lt=now - _FRESH) | Q(not_before__isnull=False)).filter(
            Q(nudged_at__isnull=True) | Q(nudged_at__lt=now - _NUDGE_AGAIN)
        )
    return list(rows.order_by("id").values_list("pk", flat=True)[:limit])


def mark_nudged(ids: list[int], now: datetime) -> None:
    """Remember that messages about these rows were sent."""
    Action.objects.filter(pk__in=ids).update(nudged_at=now)
