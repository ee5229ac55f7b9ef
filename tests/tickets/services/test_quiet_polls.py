"""A poll that finds nothing new writes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from integration.vendors.budget import Lane
from tests.tickets.services.conftest import Bridge, start_run
from tickets.models import Alert, Ticket
from tickets.services import ledger, polling
from tickets.tasks import StoredConnection


@contextmanager
def queries() -> Iterator[list[str]]:
    """Collect the statements that are executed; unlike the query log, without a limit."""
    seen: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        seen.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield seen


def poll(bridge: Bridge, kind: str = "alerts") -> list[str]:
    """Poll and do what became due; returns the writes to our tables."""
    due: list[int] = []
    recorder = start_run(kind)
    sync = polling.sync_alerts if kind == "alerts" else polling.sync_tickets
    with queries() as sql:
        sync(recorder, due.extend)
        bridge.perform(due)
    recorder.flush()
    return [one for one in sql if one.startswith(("INSERT", "UPDATE", "DELETE")) and '"tickets_' in one]


def count_queries(bridge: Bridge) -> int:
    recorder = start_run("alerts")
    with queries() as sql:
        polling.sync_alerts(recorder, lambda _due: None)
    return sum('"tickets_' in one for one in sql)


def test_poll_of_unchanged_alerts_writes_nothing(bridge: Bridge):
    poll(bridge)
    bridge.raise_alert()
    assert poll(bridge) != []
    assert poll(bridge) == []


def test_poll_of_unchanged_alerts_costs_the_same_queries_however_many(bridge: Bridge):
    bridge.raise_alert()
    poll(bridge)
    few = count_queries(bridge)
    for _ in range(5):
        bridge.raise_alert()
    poll(bridge)
    assert count_queries(bridge) == few


def test_when_an_alert_was_last_seen_open_is_kept_coarsely_with_one_update(bridge: Bridge):
    uids = [bridge.raise_alert() for _ in range(3)]
    poll(bridge)
    old = timezone.now() - timedelta(minutes=20)
    Alert.objects.filter(alert_uid__in=uids).update(last_seen_open_at=old)
    assert len(poll(bridge)) == 1
    for uid in uids:
        seen_at = bridge.alert(uid).last_seen_open_at
        assert seen_at is not None
        assert seen_at > old


def test_alert_that_was_missing_and_is_listed_again_is_no_longer_missing(bridge: Bridge):
    uid = bridge.raise_alert()
    poll(bridge)
    Alert.objects.filter(alert_uid=uid).update(missed_polls=1)
    poll(bridge)
    assert bridge.alert(uid).missed_polls == 0


def test_what_changed_is_still_taken_in(bridge: Bridge):
    uid = bridge.raise_alert()
    poll(bridge)
    with bridge.sandbox.sandbox.datto.lock:
        bridge.sandbox.sandbox.datto.alerts[uid].ticket_number = "T20261124.0001"
    poll(bridge)
    assert bridge.alert(uid).native_ticket_number == "T20261124.0001"
    client = StoredConnection().datto(lane=Lane.INTERACTIVE, subject="ledger")
    assert ledger.reconcile(client).balances
    bridge.resolve_in_datto(uid)
    poll(bridge)
    assert bridge.alert(uid).is_resolved


def test_poll_of_unchanged_tickets_writes_nothing(bridge: Bridge):
    uid = bridge.raise_alert()
    bridge.deliver(uid)
    poll(bridge, "tickets")
    assert poll(bridge, "tickets") == []


def test_when_a_ticket_was_last_read_is_kept_coarsely_with_one_update(bridge: Bridge):
    for _ in range(3):
        bridge.deliver(bridge.raise_alert())
    poll(bridge, "tickets")
    old = timezone.now() - timedelta(minutes=20)
    Ticket.objects.update(checked_at=old)
    assert len(poll(bridge, "tickets")) == 1
    assert not Ticket.objects.filter(checked_at__lte=old).exists()


def test_changed_ticket_is_still_taken_in(bridge: Bridge):
    uid = bridge.raise_alert()
    bridge.deliver(uid)
    ticket = bridge.alert(uid).ticket
    assert ticket is not None
    client = StoredConnection().autotask(lane=Lane.INTERACTIVE, subject="test")
    client.update_ticket(ticket.autotask_ticket_id or 0, {"status": 8})
    poll(bridge, "tickets")
    ticket.refresh_from_db()
    assert ticket.status == 8
