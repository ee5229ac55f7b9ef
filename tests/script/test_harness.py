"""The helpers that other tests stand on."""

from __future__ import annotations

import threading

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection, transaction

from integration.celery import app
from integration.tasks import execute_run, tend
from tests.live import LiveBridge, is_alive


def test_cache_and_client_meet_in_an_empty_server(redis_client):
    assert redis_client.dbsize() == 0
    cache.set("a", 1)
    assert redis_client.dbsize() == 1


def test_outbox_collects_name_arguments_and_queue(celery_outbox):
    usual = app.amqp.router.route({}, "integration.tend")["queue"]

    tend.delay()
    execute_run.apply_async((8,), queue="alerts")

    assert [(task.name, task.args, task.queue) for task in celery_outbox] == [
        ("integration.tend", [], usual.name),
        ("integration.execute_run", [8], "alerts"),
    ]


@pytest.mark.django_db
def test_outbox_fills_on_commit(celery_outbox, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        with transaction.atomic():
            execute_run.delay_on_commit(7)  # type: ignore[attr-defined]  # of Celery's Django task, unknown to its types
        assert celery_outbox == []

    assert [task.args for task in celery_outbox] == [[7]]


@pytest.mark.django_db(transaction=True)
def test_threads_of_one_test_share_the_database():
    User.objects.create_user("first")
    seen: list[str] = []

    def look() -> None:
        seen.extend(User.objects.values_list("username", flat=True))
        connection.close()

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()

    assert seen == ["first"]


@pytest.mark.postgres
@pytest.mark.django_db
def test_postgres_is_the_real_one():
    assert connection.vendor == "postgresql"
    assert settings.DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql"


@pytest.mark.journey
def test_live_bridge_serves_and_survives_the_loss_of_a_worker():
    with LiveBridge(sandbox=False) as bridge:
        assert bridge.manage_json("ensure_admin")["username"] == "admin"
        before = bridge.process_id("alerts")

        bridge.kill_worker()
        assert not bridge.is_running("alerts")
        assert not is_alive(before)

        bridge.restart_worker()
        assert bridge.is_running("alerts")
        folder = bridge.folder

    assert not folder.exists()


@pytest.mark.browser
def test_page_shows_what_a_server_serves(page):
    page.set_content("<h1>Hello</h1>")

    assert page.get_by_role("heading").inner_text() == "Hello"
