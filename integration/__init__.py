"""The Django project, the vendors' clients and everything both apps stand on."""

from integration.celery import app as celery_app

__all__ = ("celery_app",)
