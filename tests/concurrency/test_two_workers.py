"""Two workers and one row, on a real PostgreSQL: exactly one of them gets it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

import pytest
from django.db import connection, connections
from django.utils import timezone

from integration.models import SyncRun, VendorHealth
from integration.sync import kinds, runs
from mappings.models import Company
from tickets.models import Action, Alert, Ticket
from tickets.services import close, gate, outbox
from tickets.services.defaults import ensure_rows

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
T = TypeVar("T")
_WORKERS = 8


def at_once(work: Callable[[], T]) -> list[T]:
    """Run the same work in several threads with their own connections, started at the same moment."""
    start, results = threading.Barrier(_WORKERS), []

    def run() -> None:
        start.wait()
        try:
            results.append(work())
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(_WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == _WORKERS, "a worker raised"
    return results


@pytest.fixture
def ticket() -> Ticket:
    assert connection.vendor == "postgresql"
    ensure_rows()
    company = Company.objects.create(autotask_company_id=7, name="Contoso", synced_at=timezone.now())
    return Ticket.objects.create(
        correlation_key="rmm-alert:x", company=company, state=Ticket.State.OPEN, autotask_ticket_id=1
    )


def test_one_worker_claims_a_row(ticket: Ticket):
    action = Action.objects.create(
        kind=Action.Kind.CREATE_TICKET, vendor="autotask", key="create:1", ticket=ticket
    )
    claimed = [one for one in at_once(lambda: outbox.claim(action.pk, timezone.now())) if one is not None]
    assert len(claimed) == 1


def test_one_worker_takes_over_from_a_dead_one(ticket: Ticket):
    past = timezone.now() - timedelta(seconds=1)
    action = Action.objects.create(
        kind=Action.Kind.CREATE_TICKET,
        vendor="autotask",
        key="create:1",
        ticket=ticket,
        state=Action.State.RUNNING,
        leased_until=past,
    )
    claimed = [one for one in at_once(lambda: outbox.claim(action.pk, timezone.now())) if one is not None]
    assert len(claimed) == 1


def test_the_same_wish_from_many_workers_is_one_row(ticket: Ticket):
    made = at_once(lambda: outbox.wish(Action.Kind.COMPLETE_TICKET, "complete:1:0", ticket=ticket))
    assert len([one for one in made if one is not None]) == 1
    assert Action.objects.count() == 1


def test_an_alert_resolves_once_however_many_say_so(ticket: Ticket):
    alert = Alert.objects.create(alert_uid="a1", state=Alert.State.TICKETED, ticket=ticket)
    at_once(lambda: close.record_alert_resolved(alert.pk, resolved_at=None, resolved_by=""))
    assert alert.events.filter(kind="alert_resolved").count() == 1
    assert Action.objects.filter(kind=Action.Kind.COMPLETE_TICKET).count() == 1


def test_one_worker_drains_a_vendor(ticket: Ticket):
    del ticket
    VendorHealth.objects.create(
        vendor="autotask", is_down=True, retry_at=timezone.now() - timedelta(seconds=1)
    )
    assert at_once(lambda: gate.claim_drain("autotask", timezone.now())).count(True) == 1


def test_one_worker_executes_a_run(ticket: Ticket):
    del ticket
    executed: list[int] = []
    kinds.register(
        kinds.SyncKind(
            "probe", "Probe", "For this test.", lambda recorder: executed.append(recorder.run.pk), position=99
        )
    )
    try:
        run = SyncRun.objects.create(kind="probe", trigger=SyncRun.Trigger.COMMAND)
        at_once(lambda: runs.execute_run(run.pk))
    finally:
        kinds._KINDS.pop("probe")
    assert executed == [run.pk]
