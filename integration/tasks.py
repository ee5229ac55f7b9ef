"""Celery tasks of the project itself: run a synchronisation, keep everything in order."""

from __future__ import annotations

from datetime import timedelta

import structlog
from celery import shared_task
from django.utils import timezone

from integration import hooks, preflight, retention
from integration.clients import NotConnected
from integration.connections import get_connection
from integration.models import SyncRun
from integration.sync import runs
from integration.sync.kinds import get_kind
from integration.vendors.errors import VendorError

log = structlog.get_logger(__name__)

#: A queued run this old may have lost its message; a second one does no harm.
_RESEND_AFTER = timedelta(seconds=60)
#: Well below the tasks' time limit: what can go on later hands the worker to others after this long.
_SLICE_SECONDS = 240


@shared_task(name="integration.execute_run")
def execute_run(run_id: int) -> None:
    """Execute a queued run, or its next slice; a second delivery of the message finds it taken."""
    run = runs.execute_run(run_id, slice_seconds=_SLICE_SECONDS)
    if run is not None:
        _send_next(run.kind)


@shared_task(name="integration.scheduled_sync")
def scheduled_sync(kind: str) -> None:
    """Start a run by schedule, unless one of its kind is at work or nothing is connected."""
    if not get_connection().is_enabled:
        return
    run, is_new = runs.queue_run(kind=kind, trigger=SyncRun.Trigger.SCHEDULE)
    if is_new:
        execute_run(run.pk)


def _send_next(kind: str) -> None:
    """Let the next run of the kind begin, or this one go on; `tend` finds it again when the message is lost."""
    waiting = runs.next_waiting(kind)
    if waiting is not None:
        execute_run.apply_async(args=(waiting.pk,), queue=get_kind(kind).queue, expires=_RESEND_AFTER.seconds)


@shared_task(name="integration.run_preflight")
def run_preflight() -> None:
    """Run the checks for a page that watches. In the quick queue, because a person waits."""
    try:
        preflight.run_preflight()
    finally:
        preflight.mark_ended()


@shared_task(name="integration.install_webhook")
def install_webhook() -> None:
    """Register or repair the Autotask webhook for a person; the outcome is kept on the connection."""
    try:
        hooks.install_autotask_webhook()
    except (hooks.WebhookImpossible, NotConnected, VendorError) as error:
        log.warning("autotask webhook could not be registered", error=str(error))


@shared_task(name="integration.check_webhook")
def check_webhook() -> None:
    """Repair the Autotask webhook when it is no longer active. Polling goes on meanwhile."""
    if not get_connection().is_enabled:
        return
    try:
        hooks.check_autotask_webhook(repair=True)
    except (hooks.WebhookImpossible, NotConnected, VendorError) as error:
        log.info("autotask webhook not checked", error=str(error))


@shared_task(name="integration.tend")
def tend() -> None:
    """Send lost runs again and end those whose worker is gone."""
    ended = runs.fail_stale_runs()
    if ended:
        log.warning("runs without a worker ended", count=ended)
    waiting = SyncRun.objects.filter(
        status=SyncRun.Status.QUEUED, created_at__lt=timezone.now() - _RESEND_AFTER
    )
    for kind in waiting.order_by().values_list("kind", flat=True).distinct():
        _send_next(kind)


@shared_task(name="integration.housekeeping")
def housekeeping() -> None:
    """Delete what is past its time."""
    log.info(
        "old rows deleted", **{name.replace(" ", "_"): n for name, n in retention.purge_old_rows().items()}
    )
