"""What lists and pages share: read-only admin, moments, links, colours."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, TypeVar, cast

from django.contrib.humanize.templatetags.humanize import naturaltime
from django.db.models import Model
from django.http import HttpRequest
from django.utils.html import format_html
from unfold.admin import ModelAdmin
from unfold.decorators import display

Method = TypeVar("Method", bound=Callable[..., Any])

#: Priority -> variant of the theme's label.
PRIORITY_COLORS: Final = {
    "Critical": "danger",
    "High": "warning",
    "Moderate": "info",
    "Low": "success",
    "Information": "primary",
}
#: State of an alert -> the short word lists use.
ALERT_STATE_WORDS: Final = {
    "received": "Received",
    "ticketing": "Being made",
    "ticketed": "Ticketed",
    "filtered": "No ticket",
    "blocked": "Waiting",
    "cleared": "Cleared",
    "merged": "Merged",
    "held": "Held",
    "silenced": "Silenced",
}
#: Short word -> variant.
ALERT_STATE_COLORS: Final = {
    "Received": "info",
    "Being made": "info",
    "Ticketed": "success",
    "Merged": "success",
    "Held": "warning",
    "Silenced": "warning",
    "Waiting": "danger",
    "Cleared": "primary",
}
TICKET_STATE_COLORS: Final = {
    "To be created": "info",
    "Open": "warning",
    "Being reopened": "info",
    "Completed": "success",
    "Deleted in Autotask": "danger",
}
DELIVERY_STATE_COLORS: Final = {
    "Waiting": "info",
    "Done": "success",
    "Test message": "primary",
    "Not readable": "danger",
    "Failed": "danger",
}


class ReadOnlyAdmin(ModelAdmin):  # type: ignore[misc]  # the theme ships no types
    """A list and pages that only show. Rows are written by workers, never by hand."""

    show_full_result_count = False
    list_per_page = 50
    list_disable_select_all = True

    class Media:
        css = {"all": ["tickets/pages.css"]}
        js = ["tickets/pages.js"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds rows."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody deletes rows; old ones go by themselves."""
        return False


def column(**options: Any) -> Callable[[Method], Method]:
    """Return the theme's `display` decorator with types."""
    return cast("Callable[[Method], Method]", display(**options))


def show_moment(moment: datetime | None) -> str:
    """Return a moment relative to now, with the exact time on hover."""
    if moment is None:
        return ""
    return format_html(
        '<time datetime="{}" title="{} UTC" class="bridge-when">{}</time>',
        moment.isoformat(),
        f"{moment:%Y-%m-%d %H:%M:%S}",
        naturaltime(moment),
    )


def show_link(text: Any, url: str) -> str:
    """Return a link to a vendor's page in a new tab; plain text when there is no address."""
    if not url.startswith(("https://", "http://")):
        return format_html("{}", text)
    return format_html(
        '<a href="{}" target="_blank" rel="noopener noreferrer" class="bridge-out">{}</a>', url, text
    )


def show_clipped(text: str) -> str:
    """Return a text in one column's width, whole on hover."""
    return format_html('<span class="bridge-clip" title="{}">{}</span>', text, text)


def show_two_lines(text: str, below: str, *, is_narrow: bool = False) -> str:
    """Return a text with a quieter one below it, both in one column's width, whole on hover."""
    return format_html(
        '<span class="bridge-two {}"><span class="bridge-clip" title="{}">{}</span>'
        '<span class="bridge-clip bridge-below" title="{}">{}</span></span>',
        "is-narrow" if is_narrow else "",
        text,
        text,
        below,
        below,
    )
