"""Rows of any model, few or many: what a page of a model that did not exist yesterday is tried on.

Each row gets related rows of its own, so that a query per row shows; optional relations are filled too.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from django.apps import apps
from django.db import models
from django.utils import timezone

#: Values that constraints ask for: label of the model -> number of the row -> values.
_VALUES: Final[dict[str, Callable[[int], dict[str, Any]]]] = {
    "auth.User": lambda n: {"username": f"person{n}", "is_staff": True},
    "django_celery_beat.PeriodicTask": lambda _: {
        "task": "integration.tend", "crontab": None, "solar": None, "clocked": None, "args": "[]", "kwargs": "{}",
        "headers": "{}", "expires": None, "expire_seconds": None,
    },
    "django_celery_beat.CrontabSchedule": lambda n: {"minute": str(n % 60), "hour": str(n // 60 % 24)},
    "django_celery_beat.SolarSchedule": lambda n: {"event": "sunrise", "latitude": n // 100, "longitude": n % 100},
    "django_celery_beat.IntervalSchedule": lambda n: {"every": 1000 + n, "period": "seconds"},
    "integration.SyncRun": lambda _: {
        "kind": "devices", "status": "succeeded", "original": None, "parent": None, "claim": "",
    },
    "integration.SyncRunEntry": lambda _: {"status": "done", "action": "update", "before": {"a": 1}, "after": {"a": 2}},
    "mappings.Device": lambda _: {"is_deleted": False},
    "mappings.SiteMapping": lambda _: {"state": "proposed", "source": "exact"},
    "tickets.Monitor": lambda _: {"typed_key": ""},
    "tickets.Silence": lambda n: {"pattern": f"pattern {n}", "ends_at": timezone.now() + timedelta(hours=1)},
    "mappings.FieldMap": lambda n: {"datto_udf_index": n % 300 + 1, "datto_field": ""},
}  # fmt: skip


def make_rows(model: type[models.Model], count: int, *, start: int = 1) -> list[models.Model]:
    """Make rows numbered from `start`, with everything they need."""
    return [make_row(model, number) for number in range(start, start + count)]


def make_row(model: type[models.Model], number: int, *, above: tuple[type[models.Model], ...] = ()) -> Any:
    """Make one row and what it refers to; `above` are the models that wait for it, whose relations stay empty."""
    only = getattr(model, "SINGLETON_ID", None)
    if only is not None:
        return model._default_manager.get_or_create(pk=only)[0]
    given = _VALUES.get(model._meta.label, lambda _: {})(number)
    values: dict[str, Any] = {}
    for field in model._meta.concrete_fields:
        if field.name in given:
            values[field.name] = given[field.name]
        elif isinstance(field, models.ForeignKey):
            related = field.related_model
            if related in {model, *above}:
                if not field.null:
                    raise LookupError(f"{field} goes in a circle: give its value in _VALUES")
            else:
                values[field.name] = _find_or_make(related, number, (*above, model))
        elif not isinstance(field, models.AutoField):
            value = _plain(field, number)
            if value is not _LEAVE:
                values[field.name] = value
    unique = [{field.name} for field in model._meta.concrete_fields if field.unique and field.name in values]
    unique += [
        set(one.fields)
        for one in model._meta.constraints
        if isinstance(one, models.UniqueConstraint) and one.fields and one.condition is None
    ]
    for names in unique:
        if names <= set(values):
            found = model._default_manager.filter(**{name: values[name] for name in names}).first()
            if found is not None:
                return found
    return model._default_manager.create(**values)


def registered(*app_labels: str) -> list[type[models.Model]]:
    """Return the models of these apps that have pages."""
    from django.contrib import admin  # noqa: PLC0415 - the apps must be ready

    return sorted(
        (model for model in admin.site._registry if model._meta.app_label in app_labels),
        key=lambda model: model._meta.label,
    )


_LEAVE: Final = object()


def _find_or_make(model: type[models.Model], number: int, above: tuple[type[models.Model], ...]) -> Any:
    # Such as the monitor types: a fixed set, made by a migration.
    if model._meta.label in {"tickets.MonitorType", "contenttypes.ContentType"}:
        rows = model._default_manager.order_by("pk")
        return rows[number % rows.count()]
    return make_row(model, number, above=above)


def _plain(field: models.Field[Any, Any], number: int) -> Any:
    if field.choices:
        if field.has_default() and not field.unique:
            return _LEAVE
        return next(value for value, _ in field.flatchoices if value != "")
    if isinstance(field, (models.BooleanField, models.JSONField)):
        return _LEAVE if field.has_default() or field.null else {}
    if isinstance(field, models.UUIDField):
        return uuid.UUID(int=number)
    if isinstance(field, models.DateTimeField):
        return _LEAVE if field.auto_now or field.auto_now_add else timezone.now()
    if isinstance(field, models.DateField):
        return timezone.localdate()
    if isinstance(field, models.IntegerField):
        return _LEAVE if field.has_default() else number
    if isinstance(field, (models.CharField, models.TextField)):
        if field.has_default() and field.get_default() != "":
            return _LEAVE
        return f"{field.name.replace('_', ' ')} {number}"[: field.max_length or 200]
    return _LEAVE if field.has_default() or field.null else number


def label_of(model: type[models.Model]) -> str:
    """Return what a test is called by: "tickets.Alert"."""
    return model._meta.label


def model_of(label: str) -> type[models.Model]:
    """Return the model of a label."""
    return apps.get_model(label)
