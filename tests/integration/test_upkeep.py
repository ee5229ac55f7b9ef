"""Schedules, retention, signs of life, the webhook, and the doors for probes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from integration import heartbeats, hooks, readiness, tasks
from integration.clients import autotask_client
from integration.connections import get_connection
from integration.metrics import render_metrics
from integration.models import SyncRun, SyncRunEntry, VendorCall
from integration.registries import Backlog
from integration.retention import purge_old_rows
from integration.schedules import ensure_schedules, wanted_schedules
from integration.vendors.budget import Lane

pytestmark = pytest.mark.django_db


def test_schedules_are_there_after_migrate_and_stay_the_same():
    before = list(PeriodicTask.objects.order_by("name").values())
    assert {row["name"] for row in before} >= {schedule.name for schedule in wanted_schedules()}
    assert all(row["expire_seconds"] for row in before if row["task"] != "celery.backend_cleanup")
    ensure_schedules()
    assert list(PeriodicTask.objects.order_by("name").values()) == before


def test_a_schedule_follows_the_environment(settings):
    settings.ALERT_POLL_SECONDS = 17
    ensure_schedules()
    task = PeriodicTask.objects.get(name="Alerts: read open alerts")
    assert (task.interval.every, task.interval.period) == (17, "seconds")
    assert task.expire_seconds == 17


def test_a_persons_interval_wins_over_the_environment(settings):
    ensure_schedules()
    task = PeriodicTask.objects.get(name="Alerts: read open alerts")
    task.interval = IntervalSchedule.objects.create(every=7, period="minutes")
    task.enabled = False
    task.save()
    settings.ALERT_POLL_SECONDS = 17
    ensure_schedules()
    task.refresh_from_db()
    assert (task.interval.every, task.interval.period, task.enabled) == (7, "minutes", False)


def test_every_scheduled_task_exists():
    from integration.celery import app  # noqa: PLC0415 - Celery is configured only now

    app.loader.import_default_modules()
    known = set(app.tasks)
    assert {schedule.task for schedule in wanted_schedules()} <= known


def test_retention_deletes_what_is_past_its_time_only(settings):
    settings.CALL_LOG_DAYS, settings.HISTORY_DAYS = 30, 395
    now = timezone.now()

    def run(age_days: float, **values: object) -> int:
        made = SyncRun.objects.create(
            **{"kind": "alerts", "trigger": "schedule", "status": "succeeded"} | values
        )
        SyncRun.objects.filter(pk=made.pk).update(created_at=now - timedelta(days=age_days))
        return made.pk

    def call(age_days: float) -> int:
        return VendorCall.objects.create(
            vendor="autotask",
            method="GET",
            path="/",
            duration_ms=1,
            lane="note",
            started_at=now - timedelta(days=age_days),
        ).pk

    kept_runs = {
        run(0.5),
        run(2, updates=1),
        run(2, trigger="person"),
        run(2, status="failed"),
        run(500, status="running"),
    }
    with_notice = run(2)
    SyncRunEntry.objects.create(
        run_id=with_notice, action="notice", status="done", object_type="site", object_id="1", label="x"
    )
    run(2)
    run(400, updates=1)
    kept_call = call(29)
    call(31)
    purge_old_rows(now)
    assert set(SyncRun.objects.values_list("pk", flat=True)) == kept_runs | {with_notice}
    assert set(VendorCall.objects.values_list("pk", flat=True)) == {kept_call}


def test_lost_runs_are_sent_again_and_dead_ones_ended(celery_outbox):
    lost = SyncRun.objects.create(kind="sites", trigger="person")
    SyncRun.objects.create(kind="alerts", trigger="person")
    SyncRun.objects.filter(pk=lost.pk).update(created_at=timezone.now() - timedelta(minutes=2))
    dead = SyncRun.objects.create(
        kind="reference", trigger="person", status="running", heartbeat_at=timezone.now() - timedelta(hours=1)
    )
    tasks.tend()
    assert [(task.args, task.queue) for task in celery_outbox] == [([lost.pk], "sync")]
    dead.refresh_from_db()
    assert dead.status == "failed"
    assert dead.remedy


def test_nothing_runs_by_schedule_while_switched_off():
    tasks.scheduled_sync("alerts")
    assert not SyncRun.objects.exists()


def test_webhook_is_registered_once_and_leaves_our_own_changes_out(connected, sandbox):
    assert hooks.install_autotask_webhook().is_active
    assert hooks.install_autotask_webhook().is_active
    rows = sandbox.get("/control/rows/TicketWebhooks")["rows"]
    mine = [row for row in rows if row["webhookUrl"] == hooks.webhook_url()]
    assert len(mine) == 1
    assert get_connection().autotask_webhook_id == mine[0]["id"]


def test_the_daily_check_switches_a_dead_webhook_on_again(connected, sandbox):
    hooks.install_autotask_webhook()
    webhook_id = get_connection().autotask_webhook_id or 0
    autotask_client(lane=Lane.INTERACTIVE).update("TicketWebhooks", webhook_id, {"isActive": False})
    assert not hooks.check_autotask_webhook(repair=False).is_active
    assert "switched the webhook off" in get_connection().autotask_webhook_problem
    tasks.check_webhook()
    assert get_connection().autotask_webhook_problem == ""
    assert hooks.check_autotask_webhook(repair=False).is_active


@pytest.mark.parametrize(
    ("public_url", "zone_url", "possible"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8100/atservicesrest", True),
        ("https://bridge.example.com", "https://webservices.autotask.net/atservicesrest", True),
        ("http://127.0.0.1:8000", "https://webservices.autotask.net/atservicesrest", False),
        ("http://bridge.example.com", "https://webservices.autotask.net/atservicesrest", False),
        ("https://bridge.example.com:8443", "https://webservices.autotask.net/atservicesrest", False),
    ],
)
def test_where_autotask_can_reach_us(settings, public_url, zone_url, possible):
    settings.PUBLIC_URL = public_url
    connection = get_connection()
    connection.autotask_zone_url = zone_url
    reason = hooks.why_no_webhook(connection)
    assert (reason is None) is possible
    assert reason is None or "PUBLIC_URL" in reason.remedy


def test_healthz_needs_nothing(client, settings):
    settings.REDIS_URL = "unix:///nowhere/at/all.sock?db=0"
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok\n")


def test_readyz_is_ready_with_workers_and_scheduler(client):
    heartbeats.write_worker("one@here", ["alerts", "tickets", "sync"])
    heartbeats.write_beat()
    answer = client.get("/readyz")
    assert answer.status_code == 200, answer.content
    assert answer.json()["status"] == "ready"
    assert set(answer.json()["checks"]) == {"database", "redis", "worker", "beat", "backlog"}


def test_readyz_tells_what_is_missing(client):
    heartbeats.write_worker("one@here", ["alerts"])
    answer = client.get("/readyz")
    checks = answer.json()["checks"]
    assert answer.status_code == 503
    assert "sync, tickets" in checks["worker"]["detail"]
    assert checks["beat"]["ok"] is False


@pytest.mark.parametrize(
    ("minutes", "waits_for_vendor", "ok"), [(1, False, True), (60, False, False), (60, True, True)]
)
def test_readyz_looks_at_stuck_work(monkeypatch, minutes, waits_for_vendor, ok):
    oldest = timezone.now() - timedelta(minutes=minutes)
    monkeypatch.setattr(
        readiness, "read_backlogs", lambda: {"alerts": Backlog(3, oldest, waits_for_vendor=waits_for_vendor)}
    )
    assert readiness.check_readiness().checks["backlog"]["ok"] is ok


def test_metrics_are_for_this_machine_or_the_token(client, monkeypatch, settings):
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="203.0.113.5").status_code == 403
    assert client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.5"}).status_code == 403
    settings.METRICS_TOKEN = "scrape-me"
    assert client.get("/metrics").status_code == 403
    assert client.get("/metrics", headers={"Authorization": "Bearer scrape-me"}).status_code == 200


def test_metrics_hold_budgets_and_survive_without_redis(connected, settings):
    text = render_metrics().decode()
    assert 'bridge_budget_limit{meter="hour",vendor="autotask"}' in text
    assert "bridge_redis_up 1.0" in text
    settings.REDIS_URL = "unix:///nowhere/at/all.sock?db=0"
    assert "bridge_redis_up 0.0" in render_metrics().decode()
