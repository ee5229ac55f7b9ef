"""What our lists share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.db.models import Model
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.decorators import display as unfold_display

F = TypeVar("F", bound=Callable[..., Any])


def display(**options: Any) -> Callable[[F], F]:
    """Describe a column as the theme's decorator does, which ships no types."""
    decorate: Callable[[F], F] = unfold_display(**options)
    return decorate


class ReadOnlyAdmin(ModelAdmin):  # type: ignore[misc]  # the theme ships no types
    """A list of what happened: nobody adds, changes or deletes rows by hand."""

    actions: Any = None

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        del request, obj
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody; those with the view permission see it."""
        del request, obj
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody; retention deletes."""
        del request, obj
        return False
