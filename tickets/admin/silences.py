"""Silences and maintenance windows: what is hidden, by whom, until when, and what was hidden."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminSelect2Widget

from tickets.admin.display import column, show_moment, show_two_lines
from tickets.admin.silence_forms import SilenceForm
from tickets.models import Monitor, Silence
from tickets.services.silences import add_silence, describe_scope, describe_window, reconsider_hidden

_SHOWN: Final = 100
#: Only of the form, not of the row.
_FORM_ONLY: Final = frozenset({"ends", "also_security"})
_RELATED: Final = ("device", "monitor", "site", "company", "ends_with", "owner")


class OverFilter(admin.SimpleListFilter):
    """Active ones first; ended ones on their own tab."""

    title = "state"
    parameter_name = "over"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the tabs besides the first one."""
        return [("1", "Ended"), ("all", "All")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Silence]) -> QuerySet[Silence]:
        """Return the tab's silences."""
        if self.value() == "all":
            return queryset
        return queryset.filter(ended_at__isnull=self.value() != "1")


@admin.register(Silence)
class SilenceAdmin(ModelAdmin):  # type: ignore[misc]  # the theme ships no types
    """Silences."""

    form = SilenceForm
    empty_text = (
        "No silence is in force. A silence keeps alerts of a device, monitor, site, organization or pattern from making "
        "tickets until it ends; a maintenance window holds them and tickets those that are still open then."
    )
    list_display = ["what", "kind", "until", "by", "hid"]
    list_display_links = ["what"]
    list_filter = [OverFilter, "effect"]
    list_filter_submit = True
    list_select_related = _RELATED
    list_before_template = "tickets/silence_bar.html"
    list_per_page = 50
    show_full_result_count = False
    actions = None
    search_fields = ["name", "reason", "device__hostname", "monitor__name", "site__name", "company__name"]
    search_help_text = "Name, reason, device, monitor, site or organization."
    autocomplete_fields = ["device", "site", "company", "ends_with"]
    warn_unsaved_form = True
    conditional_fields = {"ends_at": "ends == 'at'", "ends_with": "ends == 'ticket'"}
    change_form_outer_before_template = "tickets/silence_before.html"
    change_form_outer_after_template = "tickets/silence_after.html"
    fieldsets = [
        (None, {"fields": ["effect", "reason", "name"]}),
        (
            "Which alerts",
            {
                "description": "All that is named must fit; what is empty asks nothing. Alerts that have a ticket keep it.",
                "fields": [("monitor", "device"), ("site", "company"), "pattern", "also_security"],
            },
        ),
        ("Until when", {"fields": ["ends", "ends_at", "ends_with"]}),
        (
            "Start, and a window that repeats each week",
            {
                "description": "For maintenance: only on these days, between these times. The end above ends the repetition.",
                "classes": ["collapse"],
                "fields": ["starts_at", "weekdays", ("daily_from", "daily_to"), "time_zone"],
            },
        ),
    ]

    class Media:
        css = {"all": ["tickets/pages.css"]}
        js = ["tickets/pages.js"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Silence]:
        """Return silences with what they hid counted."""
        silences: QuerySet[Silence] = super().get_queryset(request)
        return silences.annotate(
            hidden_count=Count("hidden"),
            security_count=Count("hidden", filter=Q(hidden__monitor_type__is_security=True)),
        )

    def get_autocomplete_fields(self, request: HttpRequest) -> list[str]:
        """Search monitors, too, where their list can be searched."""
        del request
        listed = self.admin_site._registry.get(Monitor)  # noqa: SLF001 - Django offers nothing else
        return [
            *self.autocomplete_fields,
            *(["monitor"] if listed is not None and listed.search_fields else []),
        ]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Choose a monitor by name."""
        if db_field.name == "monitor" and "monitor" not in self.get_autocomplete_fields(request):
            kwargs["widget"] = UnfoldAdminSelect2Widget()
            kwargs["queryset"] = Monitor.objects.order_by("name", "label")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Silence | None = None) -> Any:
        """Leave out what is only of the form when the page is to look at."""
        sets = super().get_fieldsets(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return sets
        return [
            (title, {**options, "fields": [one for one in options["fields"] if one not in _FORM_ONLY]})
            for title, options in sets
        ]

    def has_change_permission(self, request: HttpRequest, obj: Silence | None = None) -> bool:
        """One that ended is to look at."""
        return bool(super().has_change_permission(request, obj)) and (obj is None or obj.ended_at is None)

    def has_delete_permission(self, request: HttpRequest, obj: Silence | None = None) -> bool:
        """Silences are ended, not deleted: what they hid stays on record."""
        return False

    def save_model(self, request: HttpRequest, obj: Silence, form: Any, change: bool) -> None:  # noqa: FBT001 - the admin's own signature
        """Store it; the owner is who made it, and what it hides is looked at again when it changed."""
        assert isinstance(request.user, User)  # noqa: S101 - nobody else gets here
        now = timezone.now()
        if not change:
            add_silence(obj, request.user)
            return
        super().save_model(request, obj, form, change)
        count = reconsider_hidden(obj, now) if form.has_changed() else 0
        if count:
            messages.info(
                request, f"{count} alerts it hides are decided again within seconds, by what it says now."
            )

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the tabs with their counts."""
        over = request.GET.get("over", "")
        counts = Silence.objects.aggregate(
            active=Count("pk", filter=Q(ended_at__isnull=True)),
            ended=Count("pk", filter=Q(ended_at__isnull=False)),
        )
        tabs = [
            {"title": "Active", "url": "?", "count": counts["active"], "is_active": over not in {"1", "all"}},
            {"title": "Ended", "url": "?over=1", "count": counts["ended"], "is_active": over == "1"},
        ]
        return super().changelist_view(request, {"silence_tabs": tabs, **(extra_context or {})})  # type: ignore[no-any-return]  # the theme ships no types

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Add what it hides, and what it hid."""
        obj: Silence | None = kwargs.get("obj")
        if obj is not None:
            context.update(_story(obj))
            context["can_end"] = self.has_change_permission(request, obj)
        return super().render_change_form(request, context, *args, **kwargs)  # type: ignore[no-any-return]  # as above

    @column(description="What is silent, and why")
    def what(self, silence: Silence) -> str:
        """What it hides in words; below, the reason."""
        return show_two_lines(describe_scope(silence), silence.reason)

    @column(description="Kind", ordering="effect", label={"Maintenance": "info", "Silence": "warning"})
    def kind(self, silence: Silence) -> str:
        """Silence or maintenance window."""
        return "Maintenance" if silence.effect == Silence.Effect.HOLD else "Silence"

    @column(description="Until", ordering="ends_at")
    def until(self, silence: Silence) -> str:
        """When it ends, or why it ended."""
        if silence.ended_at is not None:
            return format_html("ended {}", show_moment(silence.ended_at))
        if silence.ends_at is None:
            return f"ticket {silence.ends_with} is completed"
        window = describe_window(silence)
        return (
            format_html("{} {}", show_moment(silence.ends_at), window)
            if window
            else show_moment(silence.ends_at)
        )

    @column(description="Owner", ordering="owner__username")
    def by(self, silence: Silence) -> str:
        """Who made it."""
        return silence.owner.get_username() if silence.owner else "-"

    @column(description="Hid")
    def hid(self, silence: Any) -> str:
        """How many alerts it hid, security ones apart."""
        if not silence.security_count:
            return f"{silence.hidden_count}"
        return f"{silence.hidden_count}, {silence.security_count} of security monitors"


def _story(silence: Silence) -> dict[str, Any]:
    rows = silence.hidden.select_related("monitor_type", "ticket").order_by("-id")
    hidden = list(rows.defer("context", "decision", "diagnostics")[:_SHOWN])
    return {
        "silence": silence,
        "scope": describe_scope(silence),
        "window": describe_window(silence),
        "hidden": hidden,
        "hidden_count": rows.count() if len(hidden) == _SHOWN else len(hidden),
        "hidden_security": [one for one in hidden if one.monitor_type and one.monitor_type.is_security],
        "is_waiting": silence.starts_at > timezone.now(),
    }
