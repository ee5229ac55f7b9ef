"""Import of what Datto RMM has resolved: for replays alone, never ticketed, and gone on with where it stopped."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integration.models import SyncRun
from integration.sync import runs
from integration.vendors.datto_rmm import DattoRmmClient
from integration.vendors.errors import Unavailable
from tests.tickets.services.conftest import Bridge
from tests.tickets.services.test_repeats import DISK, clear, fire
from tickets.models import Action, Alert, HistoricAlert, Ticket
from tickets.services.history import KIND
from tickets.services.replay_source import TODAY, load_recorded, load_stored_rules, to_rule_set

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_tasks(celery_outbox: Any) -> None:
    del celery_outbox


def run_import(**values: Any) -> SyncRun:
    SyncRun.objects.filter(kind=KIND, status__in=["queued", "running"]).update(status=SyncRun.Status.FAILED)
    run, _ = runs.queue_run(kind=KIND, trigger=SyncRun.Trigger.COMMAND, **values)
    done = runs.execute_run(run.pk)
    while done is not None and done.status == SyncRun.Status.QUEUED:
        # A slice was over; the next one goes on.
        done = runs.execute_run(run.pk)
    assert done is not None
    return done


def over(bridge: Bridge, **values: Any) -> str:
    """Raise an alert and let it clear without anybody telling us."""
    uid = bridge.raise_alert(**values)
    bridge.resolve_in_datto(uid)
    return uid


def test_what_was_resolved_is_kept_for_replays_and_makes_no_ticket(bridge: Bridge):
    uids = [over(bridge, **DISK), over(bridge)]
    run = run_import()
    assert run.status == SyncRun.Status.SUCCEEDED, run.error
    rows = {one.alert_uid: one for one in HistoricAlert.objects.filter(alert_uid__in=uids)}
    assert set(rows) == set(uids)
    disk = rows[uids[0]]
    assert (disk.monitor_type_slug, disk.priority) == ("disk_usage", "High")
    assert disk.resolved_at is not None
    assert (Ticket.objects.count(), Action.objects.count(), Alert.objects.count()) == (0, 0, 0)
    rules = to_rule_set(load_stored_rules(), TODAY, days=30, now=timezone.now())
    assert rules.name
    recorded = load_recorded(30, timezone.now(), with_text=False)
    assert set(uids) <= {one.uid for one in recorded.alerts}


def test_it_is_told_by_the_same_key_as_a_live_alert(bridge: Bridge):
    live = fire(bridge, **DISK)
    gone = over(bridge, **DISK)
    run_import()
    assert HistoricAlert.objects.get(alert_uid=gone).condition_key == bridge.alert(live).condition_key


def test_our_own_alerts_and_those_imported_before_are_not_imported_again(bridge: Bridge):
    own = fire(bridge, **DISK)
    clear(bridge, own)
    over(bridge)
    first = run_import()
    assert first.creates > 0
    assert not HistoricAlert.objects.filter(alert_uid=own).exists()
    second = run_import()
    assert (second.creates, second.status) == (0, SyncRun.Status.SUCCEEDED)


def test_an_import_that_broke_goes_on_near_where_it_was(bridge: Bridge, monkeypatch: pytest.MonkeyPatch):
    asked: list[int] = []
    real = DattoRmmClient.iter_resolved_alerts

    def breaks(self: DattoRmmClient, *, first_page: int = 0, on_page: Any, **values: Any) -> Any:
        asked.append(first_page)
        rows = list(real(self, first_page=0, on_page=lambda *_: None, **values))
        for number in range(5):
            yield rows[number]
            on_page(number + 1, len(rows))
        raise Unavailable("The line went dead.", vendor="datto_rmm")

    with monkeypatch.context() as patch:
        patch.setattr(DattoRmmClient, "iter_resolved_alerts", breaks)
        for _ in range(5):
            over(bridge)
        broken = run_import()
        assert broken.status == SyncRun.Status.FAILED
        assert HistoricAlert.objects.count() == 5, "what was read is kept"
        run_import()
    assert asked == [0, 2]


def test_the_page_starts_an_import_and_says_what_it_costs(bridge: Bridge, client: Client):
    client.force_login(User.objects.create_superuser("boss"))
    answer = client.post(reverse("replay-import"), follow=True)
    assert answer.status_code == 200
    assert SyncRun.objects.filter(kind=KIND).count() == 1
    client.post(reverse("replay-import"))
    assert SyncRun.objects.filter(kind=KIND).count() == 1, "one at a time"
