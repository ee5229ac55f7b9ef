"""Celery tasks of the project itself: run a synchronisation, keep the history short."""

from __future__ import annotations

from celery import shared_task

from integration.models import SyncRun
from integration.sync import runs


@shared_task(name="integration.execute_run", queue="sync")
def execute_run(run_id: int) -> None:
    """Execute a queued run; a second delivery of the message finds it taken."""
    runs.execute_run(run_id)


@shared_task(name="integration.scheduled_sync", queue="sync")
def scheduled_sync(kind: str) -> None:
    """Start a run by schedule, unless one of its kind is at work."""
    run, is_new = runs.queue_run(kind=kind, trigger=SyncRun.Trigger.SCHEDULE)
    if is_new:
        runs.execute_run(run.pk)
