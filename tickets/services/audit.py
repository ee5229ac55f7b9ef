"""Write what a person did by a button into Settings > History of changes."""

from __future__ import annotations

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.db.models import Model


def log_done(user: User, row: Model, text: str) -> None:
    """Add one line to the history of changes: who did what to which row."""
    LogEntry.objects.log_actions(
        user_id=user.pk,
        queryset=type(row)._default_manager.filter(pk=row.pk),  # noqa: SLF001 - public in Django's documentation
        action_flag=CHANGE,
        change_message=text[:1000],
        single_object=True,
    )
