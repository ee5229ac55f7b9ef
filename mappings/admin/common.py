"""What the screens of this app share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from django.contrib.humanize.templatetags.humanize import naturaltime
from django.db import models
from django.db.models import QuerySet, Value
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from integration.models import Connection

if TYPE_CHECKING:
    # The theme ships no types; Django's say the same.
    from django.contrib.admin import ModelAdmin, TabularInline

    ThemedAdmin = ModelAdmin[Any]
    ThemedInline = TabularInline[Any, Any]
    _Method = TypeVar("_Method", bound=Callable[..., Any])

    def display(**options: Any) -> Callable[[_Method], _Method]:
        """Describe a column."""

    def action(**options: Any) -> Callable[[_Method], _Method]:
        """Describe an action."""

else:
    from unfold.admin import ModelAdmin as ThemedAdmin
    from unfold.admin import TabularInline as ThemedInline
    from unfold.decorators import action, display  # noqa: F401 - handed on to the screens


def show_time(at: datetime | None) -> SafeString | str:
    """Return how long ago something was, with the exact time on hover."""
    if at is None:
        return "never"
    exact = timezone.localtime(at).strftime("%Y-%m-%d %H:%M:%S %Z")
    return format_html('<span title="{}">{}</span>', exact, naturaltime(at))


def show_name(name: str, *, is_active: bool, why: str = "Inactive in Autotask") -> SafeString | str:
    """Return a name, struck through when it is no longer active."""
    return name if is_active else format_html('<s title="{}">{}</s>', why, name)


def outside_link(url: str, text: str) -> SafeString | str:
    """Return a link into a vendor's own screens, plain text when there is none."""
    if not url.startswith(("https://", "http://")):
        return text
    return format_html(
        '<a href="{}" target="_blank" rel="noopener noreferrer" class="text-primary-700 dark:text-primary-400">{}&nbsp;↗</a>',
        url,
        text,
    )


def inside_link(url_name: str, pk: int | None, text: str) -> SafeString:
    """Return a link to a page of our own."""
    return format_html(
        '<a href="{}" class="text-primary-700 dark:text-primary-400">{}</a>',
        reverse(url_name, args=[pk]),
        text,
    )


def autotask_web_url() -> str:
    """Return the address of Autotask's own screens, "" while it is unknown. One query."""
    return Connection.objects.values_list("autotask_web_url", flat=True).first() or ""


class MirrorAdmin(ThemedAdmin):
    """A read-only list of what a vendor holds.

    Attributes:
        empty_text: what will appear here and how.
        links_to_autotask: rows get `autotask_web_url`, read once per page.
    """

    empty_text = "Nothing has been read yet. It appears here after the first sync."
    links_to_autotask = False
    change_list_template = "mappings/change_list.html"
    show_full_result_count = False
    list_per_page = 50
    actions: Sequence[Any] | None = None
    list_filter_submit = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the rows, with Autotask's address where links need it."""
        rows = super().get_queryset(request)
        return rows.annotate(autotask_web_url=Value(autotask_web_url())) if self.links_to_autotask else rows

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Nobody adds to a mirror."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Nobody changes a mirror."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Rows are inactivated by the sync, never deleted."""
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Tell the template whether anything was ever read."""
        context = {"is_table_empty": not self.model._default_manager.exists(), **(extra_context or {})}  # noqa: SLF001 - documented API
        return super().changelist_view(request, context)


class ReadOnlyInline(ThemedInline):
    """Rows of another table, to look at."""

    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Look only."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Look only."""
        return False
