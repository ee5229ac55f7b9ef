"""The changes of a run as a list: to filter, to choose from, to take back."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from integration.admin.base import ReadOnlyAdmin, display
from integration.models import SyncRun, SyncRunEntry
from integration.sync import changes
from integration.templatetags.bridge import ago
from integration.views.entries import described_entries
from integration.views.sync_pages import start_follower

_FIELDS_SHOWN = 6


@admin.register(SyncRunEntry)
class SyncRunEntryAdmin(ReadOnlyAdmin):
    """Changes of all runs, newest first; usually reached from one run's page."""

    empty_text = "No change fits. Take a filter away, or start a run under Sync > Run now."
    list_display = ("show_label", "show_action", "show_status", "show_changes", "show_run", "show_when")
    list_display_links = None
    list_filter = ("status", "action", "object_type")
    search_fields = ("label", "=object_id")
    search_help_text = "A name, or the id of an object"
    list_select_related = ("run",)
    list_per_page = 100
    show_full_result_count = False
    ordering = ("-id",)
    actions = ("apply_chosen", "undo_chosen")

    def get_queryset(self, request: HttpRequest) -> QuerySet[SyncRunEntry]:
        """Rows of one run read in its own order."""
        rows: QuerySet[SyncRunEntry] = super().get_queryset(request)
        return rows

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """Let a run's page link to its own entries."""
        return lookup == "run__id__exact" or super().lookup_allowed(lookup, value, request)

    def has_apply_permission(self, request: HttpRequest) -> bool:
        """Who may start runs may choose among their changes."""
        return request.user.has_perm("integration.add_syncrun")

    @display(description="Object")
    def show_label(self, entry: SyncRunEntry) -> SafeString:
        """Show what it is about, with message and cure."""
        return format_html(
            '<strong>{}</strong><br><span class="rb-subtle">{} {}</span>{}',
            entry.label,
            entry.object_type.replace("_", " "),
            entry.object_id,
            format_html("<br>{} {}", entry.message, entry.remedy) if entry.message else "",
        )

    @display(description="What", ordering="action")
    def show_action(self, entry: SyncRunEntry) -> str:
        """Show the action."""
        return entry.get_action_display()

    @display(
        description="Status",
        ordering="status",
        label={
            "done": "success",
            "failed": "danger",
            "waiting": "warning",
            "planned": "info",
            "applying": "info",
        },
    )
    def show_status(self, entry: SyncRunEntry) -> tuple[str, str]:
        """Show the status as a label."""
        return entry.status, entry.get_status_display()

    @display(description="Before → after")
    def show_changes(self, entry: SyncRunEntry) -> SafeString | str:
        """Show the fields that differ."""
        shown = described_entries([entry])[0].changes
        if entry.action == SyncRunEntry.Action.CREATE:
            shown = [change for change in shown if change[2] != "empty"]
            new = [(name, after) for name, _, after in shown[:_FIELDS_SHOWN]]
            rows = format_html_join("", "<div>{}: <strong>{}</strong></div>", new)
        else:
            rows = format_html_join(
                "", "<div>{}: <s>{}</s> → <strong>{}</strong></div>", shown[:_FIELDS_SHOWN]
            )
        more = len(shown) - _FIELDS_SHOWN
        return format_html("{}{}", rows, f"and {more} more" if more > 0 else "") if shown else "-"

    @display(description="Run", ordering="run")
    def show_run(self, entry: SyncRunEntry) -> SafeString:
        """Link the run."""
        return format_html(
            '<a href="/admin/integration/syncrun/{}/change/">{} {}</a>',
            entry.run_id,
            entry.run.kind,
            entry.run_id,
        )

    @display(description="When", ordering="created_at")
    def show_when(self, entry: SyncRunEntry) -> SafeString | str:
        """Show when it was planned."""
        return ago(entry.created_at)

    @admin.action(description="Apply the chosen changes", permissions=["apply"])
    def apply_chosen(self, request: HttpRequest, queryset: QuerySet[SyncRunEntry]) -> HttpResponse | None:
        """Apply them in a run of their own."""
        return self._follow(request, queryset, changes.apply_entries)

    @admin.action(description="Undo the chosen changes", permissions=["apply"])
    def undo_chosen(self, request: HttpRequest, queryset: QuerySet[SyncRunEntry]) -> HttpResponse | None:
        """Take them back in a run of their own."""
        return self._follow(request, queryset, changes.undo_entries)

    def _follow(
        self, request: HttpRequest, queryset: QuerySet[SyncRunEntry], start: Any
    ) -> HttpResponse | None:
        rows = list(queryset.order_by("pk").values_list("run_id", "pk"))
        runs = {run_id for run_id, _ in rows}
        if len(runs) != 1:
            messages.error(request, "Choose changes of one run only; filter by the run first.")
            return None
        return start_follower(request, SyncRun.objects.get(pk=runs.pop()), start, [pk for _, pk in rows])
