"""Settings > History of changes."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import RangeDateTimeFilter

from integration.admin.base import ReadOnlyAdmin, display
from integration.templatetags.bridge import ago


@admin.register(LogEntry)
class LogEntryAdmin(ReadOnlyAdmin):
    """Who changed what in the admin."""

    empty_text = "Nobody has changed a setting yet. Every change made in these pages appears here."
    list_display = ("show_when", "user", "show_action", "content_type", "object_repr", "show_change")
    list_filter = ("action_flag", "content_type", "user", ("action_time", RangeDateTimeFilter))
    list_filter_submit = True
    list_select_related = ("user", "content_type")
    search_fields = ("object_repr", "change_message", "user__username")
    ordering = ("-action_time",)

    @display(description="When", ordering="action_time")
    def show_when(self, entry: LogEntry) -> SafeString | str:
        """Show the time relative."""
        return ago(entry.action_time)

    @display(description="Action", ordering="action_flag", label={1: "success", 2: "info", 3: "danger"})
    def show_action(self, entry: LogEntry) -> tuple[int, str]:
        """Show the action as a label."""
        return entry.action_flag, {1: "Added", 2: "Changed", 3: "Deleted"}.get(entry.action_flag, "?")

    @display(description="What")
    def show_change(self, entry: LogEntry) -> str:
        """Show the message in words."""
        return entry.get_change_message()
