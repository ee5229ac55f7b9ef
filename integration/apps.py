"""Registers the project's own models: connection, call log, sync history."""

from django.apps import AppConfig


class IntegrationConfig(AppConfig):
    """What both apps stand on."""

    name = "integration"
    verbose_name = "Integration"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the system checks."""
        from integration import checks  # noqa: F401, PLC0415 - registers on import, once apps are loaded
