"""The Celery application: three queues, so that a long device sync can never delay an alert.

Queues: `alerts` (read what came in, decide), `tickets` (one vendor write each), `sync` (everything long).
"""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging, task_prerun

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integration.settings")

app = Celery("rmm_bridge")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def _keep_our_log(**_: Any) -> None:
    """Keep the log settings of Django; without a receiver Celery would install its own."""


@task_prerun.connect
def _drop_stale_connections(**_: Any) -> None:
    """Check reused database connections before each task, so that a database restart costs no task."""
    from django.db import close_old_connections  # noqa: PLC0415 - Django is configured only now

    close_old_connections()
