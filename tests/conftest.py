"""What every test can ask for: an empty Valkey, the messages that would go to workers, a browser, a live bridge."""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import redis
from django.db import connection

from tests.migrated import copy_migrated
from tests.valkey import ValkeyServer


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep processes and browsers of one file on one worker; leave PostgreSQL's tests to a run that has it."""
    for item in items:
        # Marked before xdist looks, which is why this hook goes first. Several installations at once on two cores only
        # make each other slow, until what is awaited does not come in time.
        if item.get_closest_marker("journey"):
            item.add_marker(pytest.mark.xdist_group("journeys"))
        elif item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.xdist_group("browsers"))
        if item.get_closest_marker("postgres") and os.environ.get("TEST_DATABASE") != "postgres":
            item.add_marker(pytest.mark.skip(reason="needs PostgreSQL: run with TEST_DATABASE=postgres"))


@pytest.fixture(scope="session")
def django_db_keepdb(django_db_modify_db_settings: None) -> bool:
    """Start from a copy of a migrated SQLite database instead of migrating in each process."""
    if os.environ.get("TEST_DATABASE") == "postgres":
        return False
    name = connection.settings_dict["TEST"]["NAME"]
    copy_migrated(Path(name))
    return True


@pytest.fixture(scope="session")
def valkey_socket() -> Iterator[str]:
    """Path of the socket that REDIS_URL of the test settings names; a server of this process answers on it."""
    path = Path(os.environ["VAR_DIR"]) / "v.sock"
    server = ValkeyServer(path)
    yield str(path)
    server.stop()


@pytest.fixture(scope="session")
def _flushing_client(valkey_socket: str) -> Iterator[redis.Redis]:
    client = redis.Redis(unix_socket_path=valkey_socket)
    yield client
    client.close()


@pytest.fixture(autouse=True)
def _empty_valkey(_flushing_client: redis.Redis) -> None:
    """Give each test an empty store; costs a tenth of a millisecond."""
    _flushing_client.flushall()


@pytest.fixture
def redis_client(valkey_socket: str) -> Iterator[redis.Redis]:
    """A client of an empty store."""
    client = redis.Redis(unix_socket_path=valkey_socket)
    yield client
    client.close()


def pytest_sessionstart() -> None:
    """Register every task once, as a worker does at its start.

    Celery warns where a task names its own queue. Left to the first look at a task, which may be pytest's own while it
    collects, that warning would be an error half-way through the registration, and every test would miss tasks.
    """
    from celery.exceptions import CDeprecationWarning  # noqa: PLC0415 - Celery is configured only now

    from integration.celery import app  # noqa: PLC0415 - as above

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CDeprecationWarning)
        app.loader.import_default_modules()
        app.finalize()


@dataclass(frozen=True)
class SentTask:
    """A message on its way to a worker. `queue` is where the routes would put it."""

    name: str
    args: list[Any]
    kwargs: dict[str, Any]
    queue: str
    headers: dict[str, Any]


@pytest.fixture
def celery_outbox(monkeypatch: pytest.MonkeyPatch) -> list[SentTask]:
    """Collect what would be sent to the broker, after routing and serialisable arguments were checked.

    Only the last step is replaced, so a task that cannot be routed or serialised still fails. Messages sent on commit
    appear when `django_capture_on_commit_callbacks(execute=True)` or a real commit runs them.
    """
    from kombu.utils.json import dumps, loads  # noqa: PLC0415 - Celery is configured only now

    from integration.celery import app  # noqa: PLC0415 - as above

    outbox: list[SentTask] = []

    def record(producer: Any, name: str, message: Any, **options: Any) -> None:
        args, kwargs, _ = loads(dumps(message.body))
        queue = options.get("queue") or app.conf.task_default_queue
        outbox.append(SentTask(name, args, kwargs, getattr(queue, "name", queue), message.headers))

    monkeypatch.setattr(app.amqp, "send_task_message", record)
    return outbox


@pytest.fixture
def live_bridge() -> Iterator[Any]:
    """A whole installation as processes; its logs are shown when the test fails."""
    from tests.live import LiveBridge  # noqa: PLC0415 - only journeys need it

    with LiveBridge() as bridge:
        yield bridge


@pytest.fixture(scope="session")
def chromium_path() -> str | None:
    """Path of the system's Chromium, or None when playwright's own is there; fails saying how to get one."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only browser tests need it

    given = os.environ.get("CHROMIUM")
    for name in (given, "chromium", "chromium-browser", "google-chrome"):
        if name and (found := shutil.which(name)):
            return found
    with sync_playwright() as playwright:
        if Path(playwright.chromium.executable_path).exists():
            return None
    pytest.fail(
        "no Chromium for the browser tests: apt-get install chromium, or .venv/bin/playwright install chromium, "
        "or set CHROMIUM to its path"
    )


@pytest.fixture(scope="session")
def browser(chromium_path: str | None) -> Iterator[Any]:
    """A headless Chromium for the whole session."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only browser tests need it

    # Playwright keeps an event loop in this thread; Django would refuse the database in every later test.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium_path, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A fresh browser page, 1280 x 800, in UTC; waits at most 10 s for anything."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, timezone_id="UTC", locale="en-US")
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()
