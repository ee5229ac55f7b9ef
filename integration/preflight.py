"""Preflight: is everything there that a running integration needs? Stored check by check, so that a page can watch."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import structlog
from django.db import DatabaseError
from django.db import connection as database
from django.utils import timezone
from redis.exceptions import RedisError

from integration import clients, heartbeats, redis_store
from integration.connections import FIELDS, get_connection, missing_fields
from integration.models import Connection, PreflightCheck
from integration.preflight_autotask import check_autotask
from integration.preflight_checks import Checks, Outcome, Scene, Status
from integration.preflight_datto import check_datto
from integration.vendors.budget import Lane

log = structlog.get_logger(__name__)

_RUN_SECONDS = 300


def run_preflight(
    *, on_check: Callable[[Outcome], None] | None = None, install_webhook: bool = False
) -> list[Outcome]:
    """Run every check and store the outcomes; old ones that were not run again are dropped at the end.

    Args:
        on_check: called with each outcome as it comes.
        install_webhook: also register or repair the Autotask webhook, the only write, and only when no required
            check failed before.
    """
    outcomes: list[Outcome] = []
    scene = Scene(get_connection(), install_webhook=install_webhook)
    for position, outcome in enumerate(_checks(scene)):
        PreflightCheck.objects.update_or_create(
            name=outcome.name,
            defaults={
                "title": outcome.title,
                "position": position,
                "status": outcome.status,
                "detail": outcome.detail,
                "remedy": outcome.remedy,
                "checked_at": timezone.now(),
            },
        )
        outcomes.append(outcome)
        scene.failed = scene.failed or outcome.status == Status.FAIL
        if on_check is not None:
            on_check(outcome)
    PreflightCheck.objects.exclude(name__in=[outcome.name for outcome in outcomes]).delete()
    if scene.found:
        # Not through save(): what was learned is no change of credentials.
        Connection.objects.filter(pk=scene.connection.pk).update(**scene.found)
    log.info("preflight done", failed=[one.name for one in outcomes if one.status == Status.FAIL])
    return outcomes


def has_failed(outcomes: list[Outcome]) -> bool:
    """True when a required check failed."""
    return any(outcome.status == Status.FAIL for outcome in outcomes)


def mark_started() -> None:
    """Note that a run was asked for, so that the page shows it at once."""
    redis_store.write_note(redis_store.key("preflight"), {"at": time.time()}, _RUN_SECONDS)


def mark_ended() -> None:
    """Note that no run is under way."""
    redis_store.get_redis().delete(redis_store.key("preflight"))


def started_at() -> float | None:
    """Return when the run under way was asked for (epoch seconds), None when none is."""
    note: dict[str, Any] | None = redis_store.read_note(redis_store.key("preflight"))
    return None if note is None else float(note["at"])


def _checks(scene: Scene) -> Iterator[Outcome]:
    yield from _local_checks()
    missing = missing_fields(scene.connection)
    if missing:
        names = ", ".join(f"{FIELDS[name][1]} ({FIELDS[name][0]})" for name in missing)
        yield Outcome(
            "credentials",
            "Credentials are entered",
            Status.FAIL,
            f"Missing: {names}.",
            " ".join(FIELDS[name][2] for name in missing[:2]) + " Enter them under Settings > Connection.",
        )
        return
    yield Outcome(
        "credentials", "Credentials are entered", Status.PASS, "All seven values are stored, encrypted."
    )
    try:
        clients.forget_datto_token()
    except RedisError:
        return  # said above; without Redis no call may be made
    try:
        scene.datto = clients.datto_client(lane=Lane.INTERACTIVE, subject="preflight", check_state=False)
        scene.autotask = clients.autotask_client(
            lane=Lane.INTERACTIVE, subject="preflight", check_state=False
        )
    except ValueError as error:
        # The clients name the field and the cure, never the value.
        yield Outcome(
            "credentials",
            "Credentials are entered",
            Status.FAIL,
            str(error),
            "Enter it again under Settings > Connection.",
        )
        return
    yield from check_datto(scene)
    yield from check_autotask(scene)


def _local_checks() -> Checks:
    try:
        with database.cursor() as cursor:
            cursor.execute("SELECT 1")
        yield Outcome("database", "Database", Status.PASS, f"{database.display_name} answers.")
    except DatabaseError as error:
        yield Outcome(
            "database",
            "Database",
            Status.FAIL,
            f"The database does not answer ({type(error).__name__}).",
            "Check DATABASE_URL and that the server runs.",
        )
    try:
        redis_store.get_redis().ping()
        workers, beat_age = heartbeats.read_workers(), heartbeats.read_beat_age()
    except RedisError as error:
        yield Outcome(
            "redis",
            "Redis",
            Status.FAIL,
            f"Redis does not answer ({type(error).__name__}).",
            "Start the Redis server, or correct REDIS_URL; script/server starts one by itself.",
        )
        return
    yield Outcome("redis", "Redis", Status.PASS, "Redis answers.")
    served = {queue for worker in workers for queue in worker.queues}
    missing = sorted({"alerts", "tickets", "sync"} - served)
    start = "Start `celery -A integration worker -Q alerts,tickets,sync`, or everything with script/server."
    if not workers:
        yield Outcome(
            "workers",
            "Workers",
            Status.WARN,
            "No worker shows a sign of life; nothing is done until one runs.",
            start,
        )
    elif missing:
        yield Outcome(
            "workers", "Workers", Status.WARN, f"No worker serves the queue {', '.join(missing)}.", start
        )
    else:
        yield Outcome("workers", "Workers", Status.PASS, f"{len(workers)} worker(s) serve all queues.")
    if beat_age is None or beat_age > heartbeats.ALIVE_SECONDS:
        yield Outcome(
            "scheduler",
            "Scheduler",
            Status.WARN,
            "The scheduler shows no sign of life: nothing is polled.",
            "Start `celery -A integration beat`, or everything with script/server.",
        )
    else:
        yield Outcome("scheduler", "Scheduler", Status.PASS, "The scheduler is at work.")
