"""Replays: the list, and the page of one."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from integration.ids import read_id
from tickets.admin.display import ReadOnlyAdmin, column, show_moment, show_two_lines
from tickets.models import ReplayRun
from tickets.services.replay_story import history_context, replay_context


@admin.register(ReplayRun)
class ReplayRunAdmin(ReadOnlyAdmin):
    """What rules made, or would have made, of recorded alerts."""

    empty_text = (
        "No replay yet. A replay runs the alerts of the last days through today's rules, or a draft beside them, and "
        "counts the tickets. It changes nothing and calls nobody."
    )
    list_display = ["what", "stands", "by", "when"]
    list_display_links = ["what"]
    list_filter = ["status"]
    list_select_related = ["created_by"]
    list_before_template = "tickets/replay_bar.html"
    search_fields = ["title"]
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReplayRun]:
        """Return what people asked for; forms and the noise coach ask, too."""
        runs: QuerySet[ReplayRun] = super().get_queryset(request)
        return runs.filter(kind=ReplayRun.Kind.COMPARE)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody edits a result."""
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show what has been imported above the list."""
        context = {**history_context(request.user), **(extra_context or {})}
        return super().changelist_view(request, context)  # type: ignore[no-any-return]  # the theme ships no types

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the result instead of a form."""
        del form_url, extra_context
        if not self.has_view_permission(request):
            raise PermissionDenied
        run = ReplayRun.objects.select_related("created_by").filter(pk=read_id(object_id) or 0).first()
        if run is None:
            raise Http404(f"There is no replay {object_id}. Old ones are deleted after 90 days.")
        return TemplateResponse(
            request,
            "tickets/replay.html",
            {
                **self.admin_site.each_context(request),
                "title": str(run),
                "opts": self.opts,
                **replay_context(request.user, run),
            },
        )

    @column(description="Replay")
    def what(self, run: ReplayRun) -> str:
        """Its name; below, the result in one sentence."""
        return show_two_lines(run.title, run.error or run.result.get("sentence", ""))

    @column(
        description="Status",
        ordering="status",
        label={
            "Done": "success",
            "Failed": "danger",
            "Running": "info",
            "Queued": "info",
            "Promoted": "success",
        },
    )
    def stands(self, run: ReplayRun) -> str:
        """Where it stands."""
        return "Promoted" if run.promoted_at is not None else run.get_status_display()

    @column(description="Person", ordering="created_by__username")
    def by(self, run: ReplayRun) -> str:
        """Who started it."""
        return run.created_by.get_username() if run.created_by else "-"

    @column(description="Started", ordering="created_at")
    def when(self, run: ReplayRun) -> str:
        """When it was asked for."""
        return show_moment(run.created_at)
