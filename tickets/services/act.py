"""Do what actions ask for: one vendor write each, exactly once.

1. Claim the row (conditional UPDATE with a lease).
2. For a create: mark it in doubt before the request leaves; only an answer clears the mark.
3. Whoever finds a row in doubt looks for the ticket by its external id before creating anything.
4. Save what the vendor answered; then make the follow-up wishes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Literal

import structlog
from django.utils import timezone

from integration.clients import NotConnected
from integration.models import Vendor
from integration.vendors.budget import Lane
from integration.vendors.errors import (
    AuthenticationFailed,
    ContractBroken,
    NotFound,
    PermissionDenied,
    RateLimited,
    Rejected,
    Unavailable,
    VendorError,
    WriteOutcomeUnknown,
)
from tickets.domain.decisions import Cause
from tickets.domain.defects import DEFECT_REMEDY, describe_defect, pause_after
from tickets.models import Action, Alert
from tickets.services import defects, gate, grow, move, outbox, refusals
from tickets.services.clients import Clients
from tickets.services.create import create_ticket, write_first_note
from tickets.services.finish import complete_ticket, resolve_alert, write_clear_note
from tickets.services.requests import states
from tickets.services.snapshot import same_settings
from tickets.services.timeline import record_event

log = structlog.get_logger(__name__)

_LANES: dict[str, Lane] = {
    Action.Kind.CREATE_TICKET: Lane.NEW_TICKET,
    Action.Kind.FIRST_NOTE: Lane.NOTE,
    Action.Kind.COMPLETE_TICKET: Lane.CLOSE,
    Action.Kind.CLEAR_NOTE: Lane.NOTE,
    Action.Kind.RESOLVE_ALERT: Lane.CLOSE,
    move.KIND: Lane.NOTE,
    Action.Kind.REOPEN_TICKET: Lane.NEW_TICKET,
    Action.Kind.APPEND_NOTE: Lane.NOTE,
    Action.Kind.UPDATE_TICKET: Lane.NOTE,
    Action.Kind.COUNT_ALERTS: Lane.NOTE,
    Action.Kind.ADD_ITEMS: Lane.NOTE,
}
_PERFORM: dict[str, Callable[..., list[int]]] = {
    Action.Kind.CREATE_TICKET: create_ticket,
    Action.Kind.FIRST_NOTE: write_first_note,
    Action.Kind.COMPLETE_TICKET: complete_ticket,
    Action.Kind.CLEAR_NOTE: write_clear_note,
    Action.Kind.RESOLVE_ALERT: resolve_alert,
    move.KIND: move.move_ticket,
    Action.Kind.REOPEN_TICKET: grow.reopen_ticket,
    Action.Kind.APPEND_NOTE: grow.append_note,
    Action.Kind.UPDATE_TICKET: grow.update_ticket,
    Action.Kind.COUNT_ALERTS: grow.count_alerts,
    Action.Kind.ADD_ITEMS: grow.add_item,
}
_PAUSES_SECONDS = (3, 6, 15, 30, 60, 120, 300)
#: A row that fails while its vendor answers others.
_FAILING_PAUSE = timedelta(minutes=2)
#: Well below a task's time limit, which would end it in the middle of a row.
_DRAIN_SECONDS = 300
_NOT_YET_PAUSE = timedelta(seconds=6)
#: A row that is not ready after so many tries is asked for less and less often, at most so many times the pause apart.
_NOT_YET_PATIENCE, _NOT_YET_SLOWEST = 5, 20
_OTHER_VENDOR_PAUSE = timedelta(seconds=15)
_NOT_CONNECTED_PAUSE = timedelta(seconds=30)


def perform(action_id: int, clients: Clients, *, draining: bool = False) -> list[int]:
    """Do one action; returns the ids of actions that became due by it.

    Does nothing when the row is not due, is held by another worker, or its vendor's gate is closed (unless
    called by the drainer).

    Raises:
        Exception: anything that is not a vendor's answer, after the row was set aside.
    """
    vendor = Action.objects.filter(pk=action_id).values_list("vendor", flat=True).first()
    if vendor is None or (not draining and gate.is_closed(vendor)):
        return []
    action = outbox.claim(action_id, timezone.now())
    if action is None:
        return []
    try:
        with same_settings():
            return _perform_claimed(action, clients)
    except outbox.LeaseLost:
        log.warning("action taken over by another worker", action=action.pk, kind=action.kind)
        return []


def drain(vendor: str, clients: Clients) -> list[int]:
    """Work off the backlog of a vendor that was down, oldest first; returns ids of actions that became due.

    A row whose create may have happened is looked for until the doubt settles, and holds the line meanwhile: at
    most some seconds. Two failures in a row raise the question whether the vendor is still down; a plain read
    answers it. If it is, everything keeps its place; if not, failing rows are parked and hold up nobody.
    """
    if not gate.claim_drain(vendor, timezone.now()):
        return []
    outbox.unpark(vendor, _HELD_CAUSES)
    failing: list[int] = []
    failures_in_a_row = 0
    stop_at = time.monotonic() + _DRAIN_SECONDS
    while due := [
        one for one in outbox.list_due(timezone.now(), vendor=vendor, limit=200) if one not in failing
    ]:
        for action_id in due:
            if time.monotonic() > stop_at:
                # Another task goes on at the next sweep, in the same order.
                gate.come_back(vendor, timedelta(0))
                return []
            outcome = _drain_one(action_id, clients)
            if outcome == "answered":
                failures_in_a_row = 0
                gate.keep_drain(vendor)
                continue
            if outcome == "hold":
                gate.come_back(vendor, _NOT_YET_PAUSE)
                return []
            failing.append(action_id)
            failures_in_a_row += 1
            if failures_in_a_row > 1 and not _answers(vendor, clients):
                return []
    if failing and not _answers(vendor, clients):
        return []
    outbox.park(failing, timezone.now() + _FAILING_PAUSE)
    gate.open_gate(vendor)
    return outbox.list_due(timezone.now(), vendor=vendor)


#: Causes that mean "the vendor does not answer", written by `_set_aside`.
_OUTAGE_CAUSES = {"unavailable", "unknown_outcome", "credentials", "not_connected"}
_HELD_CAUSES = ["unavailable", "unknown_outcome", "credentials", "not_yet"]
#: A row that is in doubt again and again no longer holds the line.
_HOLDING_ATTEMPTS = 8


def _drain_one(action_id: int, clients: Clients) -> Literal["answered", "failed", "hold"]:
    before = Action.objects.get(pk=action_id).attempts
    try:
        perform(action_id, clients, draining=True)
    except Exception:
        # Set aside by `perform`; it says nothing about the vendor, and others wait behind it.
        log.exception("an action stumbled while a backlog was worked off", action=action_id)
    after = Action.objects.get(pk=action_id)
    if after.state != Action.State.WAITING or after.attempts == before:
        return "answered"
    if after.cause == "not_yet" and after.attempts <= _HOLDING_ATTEMPTS:
        return "hold"
    return "failed" if after.cause in _OUTAGE_CAUSES or after.cause == "not_yet" else "answered"


def _answers(vendor: str, clients: Clients) -> bool:
    """Ask the vendor something harmless; any answer but "unavailable" and "who are you" counts."""
    try:
        if vendor == Vendor.AUTOTASK:
            clients.autotask(lane=Lane.INTAKE, subject="probe").fetch_version()
        else:
            clients.datto(lane=Lane.INTAKE, subject="probe").fetch_system_status()
    except (Unavailable, AuthenticationFailed, RateLimited, NotConnected) as error:
        log.info("vendor still away", vendor=vendor, error=str(error))
        return False
    except VendorError:
        return True
    return True


def _perform_claimed(action: Action, clients: Clients) -> list[int]:
    kind = action.kind
    subject = (
        f"ticket:{action.ticket_id}"
        if action.ticket_id
        else f"alert:{action.alert.alert_uid if action.alert else ''}"
    )
    if kind == Action.Kind.CREATE_TICKET and action.alert is not None:
        subject = f"alert:{action.alert.alert_uid}"
    if action.cause == Cause.DEFECT and action.kind == Action.Kind.CREATE_TICKET:
        defects.take_up_again(action)
    try:
        follow_ups = _PERFORM[kind](action, clients, lane=_LANES[kind], subject=subject)
    except outbox.NotYet as wait:
        _set_aside(
            action,
            "not_yet",
            str(wait),
            "Nothing to do: it is looked at again by itself.",
            _NOT_YET_PAUSE * min(max(1, action.attempts - _NOT_YET_PATIENCE), _NOT_YET_SLOWEST),
        )
        return []
    except NotConnected as error:
        _set_aside(action, "not_connected", str(error), error.remedy, _NOT_CONNECTED_PAUSE)
        return []
    except VendorError as error:
        return _handle_vendor_error(action, error, clients)
    except outbox.LeaseLost:
        raise
    except Exception as error:
        _set_aside(
            action, Cause.DEFECT, describe_defect(error), DEFECT_REMEDY, pause_after(action.attempts + 1)
        )
        if action.kind == Action.Kind.CREATE_TICKET:
            defects.mark_unmade_ticket(action, error)
        raise
    gate.record_success(action.vendor)
    return follow_ups


def _handle_vendor_error(action: Action, error: VendorError, clients: Clients) -> list[int]:
    pause = timedelta(seconds=_PAUSES_SECONDS[min(action.attempts, len(_PAUSES_SECONDS) - 1)])
    if error.vendor != action.vendor and isinstance(error, Unavailable | AuthenticationFailed):
        # Asked before the write itself: the vendor that is written to is not away, and its other writes go on.
        gate.record_failure(error.vendor, error, is_away=not _answers(error.vendor, clients))
        _set_aside(
            action,
            "other_vendor",
            str(error),
            "Nothing to do: it goes on when both vendors answer.",
            max(pause, _OTHER_VENDOR_PAUSE),
        )
        return []
    if isinstance(error, RateLimited):
        wait = timedelta(seconds=max(1.0, error.retry_after_seconds))
        _set_aside(
            action,
            "rate_limited",
            str(error),
            "Nothing to do: it is written as soon as the request budget allows.",
            wait,
        )
        return []
    if isinstance(error, WriteOutcomeUnknown):
        # One lost answer says little; the next read says whether the vendor is there.
        gate.record_failure(action.vendor, error, is_away=not _answers(action.vendor, clients))
        _set_aside(
            action,
            "unknown_outcome",
            str(error),
            "Nothing to do: RMM Bridge looks whether the write arrived before it repeats it.",
            timedelta(seconds=3),
        )
        return []
    if isinstance(error, Unavailable):
        gate.record_failure(action.vendor, error)
        _set_aside(
            action,
            "unavailable",
            str(error),
            "Nothing to do if the outage is short: it is written as soon as the vendor answers.",
            None,
        )
        return []
    if isinstance(error, AuthenticationFailed):
        gate.record_failure(action.vendor, error)
        _set_aside(
            action,
            "credentials",
            str(error),
            "Enter the credentials again under Settings > Connection.",
            None,
        )
        return []
    # The vendor answered, and the answer was no.
    gate.record_success(action.vendor)
    if isinstance(error, Rejected | PermissionDenied | NotFound | ContractBroken):
        return refusals.handle(action, error)
    _set_aside(action, "unavailable", str(error), "It is tried again by itself.", pause)
    return []


def _set_aside(action: Action, cause: str, error: str, remedy: str, pause: timedelta | None) -> None:
    first_time = action.cause != cause
    outbox.hand_back(
        action,
        not_before=None if pause is None else timezone.now() + pause,
        error=error[:2000],
        remedy=remedy,
        cause=cause,
    )
    alert = action.alert
    if action.kind == Action.Kind.CREATE_TICKET and alert is not None:
        Alert.objects.filter(pk=alert.pk, state=Alert.State.TICKETING).update(
            reason=f"The ticket could not be made yet: {error}"[:2000], remedy=remedy
        )
    if action.kind == Action.Kind.CREATE_TICKET and alert is None and action.ticket is not None:
        states.record_delay(action.ticket, error, remedy)
    if first_time:
        record_event(
            f"{action.kind}_delayed",
            f"{action.get_kind_display()}: not yet. {error}"[:2000],
            alert=alert,
            ticket=action.ticket,
        )
