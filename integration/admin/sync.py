"""Sync > History."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from integration.admin.base import ReadOnlyAdmin, display
from integration.ids import read_id
from integration.models import SyncRun
from integration.sync.kinds import list_kinds
from integration.sync.sentences import run_sentence
from integration.templatetags.bridge import ago
from integration.views.pages import render
from integration.views.sync_pages import run_context


class KindFilter(admin.SimpleListFilter):
    """By kind."""

    title = "kind"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer the registered kinds."""
        del request, model_admin
        return [(kind.name, kind.title) for kind in list_kinds()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[SyncRun]) -> QuerySet[SyncRun]:
        """Keep runs of the kind."""
        del request
        return queryset.filter(kind=self.value()) if self.value() else queryset


class ChangesFilter(admin.SimpleListFilter):
    """Hide the many scheduled runs that changed nothing."""

    title = "outcome"
    parameter_name = "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer two."""
        del request, model_admin
        return [("changes", "with changes"), ("failures", "with failures")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[SyncRun]) -> QuerySet[SyncRun]:
        """Keep what was asked for."""
        del request
        if self.value() == "changes":
            return queryset.filter(Q(creates__gt=0) | Q(updates__gt=0) | Q(deactivations__gt=0))
        if self.value() == "failures":
            return queryset.filter(Q(failures__gt=0) | Q(status=SyncRun.Status.FAILED))
        return queryset


@admin.register(SyncRun)
class SyncRunAdmin(ReadOnlyAdmin):
    """Runs, newest first; a run's page moves while it works."""

    empty_text = "No run yet. Start one under Sync > Run now, or wait for the schedule."
    list_display = ("show_sentence", "show_status", "show_when", "show_user")
    list_filter = (KindFilter, ChangesFilter, "status", "trigger", "dry_run")
    list_select_related = ("user",)
    list_per_page = 50
    show_full_result_count = False
    ordering = ("-id",)

    @display(description="Run")
    def show_sentence(self, run: SyncRun) -> str:
        """Show the run in one sentence."""
        return run_sentence(run)

    @display(
        description="Status",
        ordering="status",
        label={
            "succeeded": "success",
            "partial": "warning",
            "guarded": "warning",
            "failed": "danger",
            "running": "info",
            "queued": "info",
        },
    )
    def show_status(self, run: SyncRun) -> tuple[str, str]:
        """Show the status as a label."""
        return run.status, run.get_status_display()

    @display(description="When", ordering="created_at")
    def show_when(self, run: SyncRun) -> SafeString | str:
        """Show when it began."""
        return ago(run.started_at or run.created_at)

    @display(description="Person", ordering="user")
    def show_user(self, run: SyncRun) -> str:
        """Show who started it."""
        return run.user.get_username() if run.user else "-"

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the run as a page of its own instead of a form."""
        del form_url, extra_context
        run = SyncRun.objects.select_related("user").filter(pk=read_id(object_id) or 0).first()
        if run is None:
            raise Http404(f"There is no run {object_id}.")
        if not self.has_view_permission(request, run):
            return self._refuse()
        return render(request, "run.html", str(run), {**run_context(request, run), "opts": self.opts})

    def _refuse(self) -> HttpResponse:
        from django.core.exceptions import PermissionDenied  # noqa: PLC0415 - the only use

        raise PermissionDenied
