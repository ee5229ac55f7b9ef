"""How far each mirror was read, and the permission for one large change."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from mappings.admin.common import MirrorAdmin, action, display, show_time
from mappings.models import MirrorState
from mappings.services.mirror import allow_large_change


@admin.register(MirrorState)
class MirrorStateAdmin(MirrorAdmin):
    """Mirrors."""

    list_display = ("show_mirror", "full_read", "read_up_to", "allowed")
    actions = ("allow_one_large_change",)
    fields = list_display
    readonly_fields = fields
    empty_text = "Nothing has been read from either vendor yet. Each kind of objects appears here after its first sync."

    def has_allow_permission(self, request: HttpRequest) -> bool:
        """Only those who may change it."""
        return bool(request.user.has_perm("mappings.change_mirrorstate"))

    @action(description="Allow one large change (for one hour)", permissions=["allow"])
    def allow_one_large_change(self, request: HttpRequest, queryset: QuerySet[MirrorState]) -> None:
        """Let the guard pass once."""
        count = allow_large_change(list(queryset.values_list("name", flat=True)))
        self.message_user(
            request,
            f"The next complete read of {count} mirrors may mark any number of objects missing. "
            "Start it within the hour.",
            messages.SUCCESS,
        )

    @display(description="Mirror", ordering="name")
    def show_mirror(self, state: MirrorState) -> str:
        """Show the name."""
        return str(state)

    @display(description="Read completely", ordering="full_read_at")
    def full_read(self, state: MirrorState) -> SafeString | str:
        """Show when every page was last read."""
        return show_time(state.full_read_at)

    @display(description="Latest change seen")
    def read_up_to(self, state: MirrorState) -> SafeString | str:
        """Show from where the next incremental read starts."""
        return show_time(state.cursor_at) if state.cursor_at else "always read completely"

    @display(description="Large change allowed until")
    def allowed(self, state: MirrorState) -> Any:
        """Show a running permission."""
        return show_time(state.large_change_allowed_until) if state.large_change_allowed_until else "-"
