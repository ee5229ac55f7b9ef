"""What the daily clean-up deletes of calls and runs, and what it must keep."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from integration import retention
from integration.models import SyncRun, SyncRunEntry, VendorCall
from integration.retention import delete_in_batches, purge_old_rows, register_purger

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _limits(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.CALL_LOG_DAYS, settings.HISTORY_DAYS = 30, 395
    monkeypatch.setattr(retention, "_purgers", {})


def make_run(age_days: float, **values: Any) -> SyncRun:
    """Make a run that changed something, unless told otherwise."""
    plain = {"kind": "devices", "trigger": "schedule", "status": "succeeded", "updates": 1, "is_whole": False}
    run = SyncRun.objects.create(**{**plain, **values})
    SyncRun.objects.filter(pk=run.pk).update(created_at=timezone.now() - timedelta(days=age_days))
    return run


def make_entry(run: SyncRun, **values: Any) -> SyncRunEntry:
    """Make a change of a run."""
    plain = {
        "action": "update",
        "status": "done",
        "operation": "update_item",
        "object_type": "item",
        "label": "x",
    }
    return SyncRunEntry.objects.create(run=run, object_id="1", **{**plain, **values})


def left(model: Any) -> set[int]:
    return set(model.objects.values_list("pk", flat=True))


def test_a_change_can_be_undone_until_its_run_is_past_its_time() -> None:
    young, old = make_run(394), make_run(396)
    kept, gone = make_entry(young), make_entry(old)
    counts = purge_old_rows()
    assert (kept.pk in left(SyncRunEntry), gone.pk in left(SyncRunEntry)) == (True, False)
    assert left(SyncRun) == {young.pk}
    assert (counts["changes of runs"], counts["runs"]) == (1, 1)


@pytest.mark.parametrize("status", ["queued", "running"])
def test_a_run_at_work_is_kept_however_old(status: str) -> None:
    run = make_run(900, status=status)
    entry = make_entry(run, status="planned")
    purge_old_rows()
    assert (left(SyncRun), left(SyncRunEntry)) == ({run.pk}, {entry.pk})


def test_the_plan_that_a_run_applies_just_now_is_kept() -> None:
    plan = make_run(400, dry_run=True)
    entry = make_entry(plan, status="planned")
    follower = make_run(0, status="running", mode="apply", source=plan)
    copy = make_entry(follower, status="planned", source=entry)
    purge_old_rows()
    assert left(SyncRunEntry) == {entry.pk, copy.pk}
    SyncRun.objects.filter(pk=follower.pk).update(status="succeeded")
    purge_old_rows()
    assert left(SyncRun) == {follower.pk}
    copy.refresh_from_db()
    assert (copy.source, copy.before, copy.run_id) == (None, entry.before, follower.pk)


def test_quiet_runs_go_after_a_day_unless_they_have_something_to_tell() -> None:
    quiet = {"updates": 0}
    make_run(1.5, **quiet)
    kept = {
        make_run(0.5, **quiet).pk,
        make_run(1.5, **quiet, status="failed").pk,
        make_run(1.5, **quiet, trigger="person").pk,
        make_run(1.5, creates=1).pk,
        make_run(1.5, updates=0, deactivations=1).pk,
    }
    noticed = make_run(1.5, **quiet)
    make_entry(noticed, action="notice", operation="")
    assert purge_old_rows()["quiet runs"] == 1
    assert left(SyncRun) == kept | {noticed.pk}


def test_the_call_log_has_its_own_time_and_takes_no_run_along() -> None:
    run = make_run(40)
    calls = [
        VendorCall.objects.create(
            vendor="autotask", method="GET", path="/", duration_ms=1, lane="note", run=run,
            started_at=timezone.now() - timedelta(days=days),
        )
        for days in (29, 31)
    ]  # fmt: skip
    assert purge_old_rows()["vendor calls"] == 1
    assert left(VendorCall) == {calls[0].pk}
    assert left(SyncRun) == {run.pk}


def test_each_apps_purger_is_asked_and_counted() -> None:
    now = timezone.now()
    register_purger("things", lambda at: 7 if at == now else 0)
    assert purge_old_rows(now)["things"] == 7


def test_many_rows_go_in_small_deletes(
    monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    monkeypatch.setattr(retention, "_BATCH", 2)
    runs = [make_run(400) for _ in range(5)]
    kept = make_run(1)
    assert delete_in_batches(SyncRun.objects.exclude(pk=kept.pk)) == len(runs)
    assert left(SyncRun) == {kept.pk}
