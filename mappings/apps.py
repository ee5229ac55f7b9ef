"""Registers the app."""

from django.apps import AppConfig


class MappingsConfig(AppConfig):
    """The mappings app."""

    name = "mappings"
    default_auto_field = "django.db.models.BigAutoField"
