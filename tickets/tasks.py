"""Celery tasks of alerts and tickets. Thin: fetch by id, call one service, send messages about what became due."""

from __future__ import annotations

from collections.abc import Iterable

import structlog
from celery import shared_task
from django.utils import timezone
from kombu.exceptions import OperationalError

from integration.clients import autotask_client, datto_client
from integration.vendors.autotask.client import AutotaskClient
from integration.vendors.budget import Lane
from integration.vendors.datto_rmm import DattoRmmClient
from tickets.models import ReplayRun
from tickets.selectors import waiting
from tickets.services import act, intake, noise, outbox, replays, sweep
from tickets.services.requests.decide import decide_or_mark, reconsider_requests

log = structlog.get_logger(__name__)


class StoredConnection:
    """Clients of the stored connection, in the shape services ask for."""

    def datto(self, *, lane: Lane, subject: str) -> DattoRmmClient:
        """Return a client of Datto RMM."""
        return datto_client(lane=lane, subject=subject)

    def autotask(self, *, lane: Lane, subject: str) -> AutotaskClient:
        """Return a client of Autotask."""
        return autotask_client(lane=lane, subject=subject)


def enqueue_actions(action_ids: Iterable[int]) -> None:
    """Send a message for each due action. A broker that is away loses nothing: the sweep finds the rows."""
    for action_id in action_ids:
        try:
            perform_action.apply_async(args=(action_id,), retry=False)
        except OperationalError:
            log.warning("broker unreachable; the sweep will find the row", action=action_id)
            return


def enqueue_delivery(delivery_id: int) -> None:
    """Send a message about an inbound message."""
    try:
        process_delivery.apply_async(args=(delivery_id,), retry=False)
    except OperationalError:
        log.warning("broker unreachable; the sweep will find the row", delivery=delivery_id)


def enqueue_request(request_id: int) -> None:
    """Send a message about an end client's request."""
    try:
        decide_request.apply_async(args=(request_id,), retry=False)
    except OperationalError:
        log.warning("broker unreachable; the sweep will find the row", request=request_id)


def _enqueue_deliveries(delivery_ids: Iterable[int]) -> None:
    for delivery_id in delivery_ids:
        enqueue_delivery(delivery_id)


@shared_task(name="tickets.process_delivery")
def process_delivery(delivery_id: int) -> None:
    """Look at what an inbound message points to."""
    enqueue_actions(intake.process_delivery(delivery_id, StoredConnection()))


@shared_task(name="tickets.decide_request")
def decide_request(request_id: int) -> None:
    """Decide what becomes of an end client's request."""
    enqueue_actions(decide_or_mark(request_id))


@shared_task(name="tickets.perform_action")
def perform_action(action_id: int) -> None:
    """Do one vendor write."""
    enqueue_actions(act.perform(action_id, StoredConnection()))


@shared_task(name="tickets.reconsider_alerts")
def reconsider_alerts(site_uids: list[str] | None = None) -> None:
    """Decide alerts, and requests, again whose site has just been mapped."""
    enqueue_actions(sweep.reconsider_alerts(site_uids=site_uids))
    enqueue_actions(reconsider_requests(timezone.now()))


@shared_task(name="tickets.drain_vendor")
def drain_vendor(vendor: str) -> None:
    """Work off the backlog of a vendor that was down, in order."""
    enqueue_actions(act.drain(vendor, StoredConnection()))


def enqueue_replay(run_id: int) -> bool:
    """Send a message about a replay; False when the broker is away, then the sweep finds the row."""
    try:
        run_replay.apply_async(args=(run_id,), retry=False)
    except OperationalError:
        log.warning("broker unreachable; the sweep will find the row", replay=run_id)
        return False
    return True


@shared_task(name="tickets.run_replay")
def run_replay(run_id: int) -> None:
    """Run recorded alerts through rules; calls no vendor. In the queue of long work."""
    replays.execute_replay(run_id)


@shared_task(name="tickets.look_for_noise")
def look_for_noise() -> None:
    """Have the noise coach look, once a day."""
    run = replays.start_replay(
        days=noise.DAYS, draft=None, user=None, title="Noise coach", kind=ReplayRun.Kind.COACH
    )
    replays.execute_replay(run.pk)


@shared_task(name="tickets.sweep")
def sweep_waiting_rows() -> None:
    """Find every row that waits and send a message about it. A step that fails does not keep the others from it.

    Raises:
        Exception: what the first failing step raised, after all steps were done.
    """
    now = timezone.now()
    failures: list[Exception] = []
    for step in (
        lambda: _enqueue_deliveries(sweep.find_waiting_deliveries(now)),
        lambda: enqueue_actions(sweep.reconsider_alerts(now)),
        lambda: enqueue_actions(reconsider_requests(now)),
        lambda: enqueue_actions(sweep.settle_open_ends(now)),
        lambda: enqueue_actions(sweep.find_due_actions(now)),
        lambda: [
            drain_vendor.apply_async(args=(one,), retry=False) for one in sweep.find_closed_vendors(now)
        ],
        lambda: waiting.keep_fresh(now),
        lambda: [enqueue_replay(one) for one in replays.find_waiting(now)],
    ):
        try:
            step()
        except Exception as error:
            log.exception("a step of the sweep failed")
            failures.append(error)
    if failures:
        raise failures[0]


def work_off_due_rows(limit: int = 2000) -> int:
    """Do everything that is due, here and now; for commands in the foreground. Returns how many rows were done."""
    clients = StoredConnection()
    now = timezone.now()
    for delivery_id in intake.waiting_deliveries(now):
        try:
            intake.process_delivery(delivery_id, clients)
        except Exception:
            # Set aside by the service; the other rows have their turn.
            log.exception("an inbound message stumbled", delivery=delivery_id)
    sweep.reconsider_alerts(now)
    reconsider_requests(now)
    sweep.settle_open_ends(now)
    for vendor in sweep.find_closed_vendors(now):
        act.drain(vendor, clients)
    done = 0
    seen: set[int] = set()
    while done < limit:
        due = [one for one in outbox.list_due(timezone.now()) if one not in seen]
        if not due:
            break
        for action_id in due:
            seen.add(action_id)
            try:
                act.perform(action_id, clients)
            except Exception:
                # As above.
                log.exception("an action stumbled", action=action_id)
            done += 1
    return done
