"""Registers the project's own models: connection, call log, sync history."""

from typing import Any

from django.apps import AppConfig
from django.db import connection
from django.db.models.signals import post_migrate, pre_migrate


class IntegrationConfig(AppConfig):
    """What both apps stand on."""

    name = "integration"
    verbose_name = "Integration"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the system checks, the signs of life, and the schedules and roles made after each migration."""
        from integration import checks, heartbeats  # noqa: F401, PLC0415 - register on import, once apps are loaded
        from integration.roles import grant_new_permissions, remember_permissions  # noqa: PLC0415 - needs models

        post_migrate.connect(_ensure_schedules, sender=self, dispatch_uid="integration.schedules")
        pre_migrate.connect(remember_permissions, sender=self, dispatch_uid="integration.permissions")
        # Of every app, not only of this one: the permissions of later apps come later.
        post_migrate.connect(grant_new_permissions, dispatch_uid="integration.roles")


def _ensure_schedules(*, plan: Any = None, using: str = "default", **_: Any) -> None:
    from integration.schedules import ensure_schedules  # noqa: PLC0415 - needs loaded apps

    del plan
    if using == "default" and "django_celery_beat_periodictask" in connection.introspection.table_names():
        ensure_schedules()
