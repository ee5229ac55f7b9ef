"""Ticket defaults: one row for all monitor types and one for each, with a live preview."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.db.models import Case, Count, F, IntegerField, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from unfold.admin import ModelAdmin, TabularInline

from integration.ids import read_id
from tickets.admin.defaults_forms import PriorityForm, TicketDefaultsForm
from tickets.admin.display import column, show_moment
from tickets.admin.settings_forms import settings_fieldsets
from tickets.admin.settings_offer import load_plain_rows, offer_of, settings_rows
from tickets.domain.settings import resolve
from tickets.domain.settings.agents import AGENT_FIELDS
from tickets.domain.template_language import FILTERS
from tickets.domain.template_variables import VARIABLES
from tickets.models import Alert, AlertPriority, PriorityDefaults, TicketDefaults
from tickets.selectors.groups import find_url
from tickets.services.defaults import (
    GLOBAL_ID,
    GLOBAL_NAME,
    is_agent_ticket,
    with_values,
)
from tickets.services.retry import retry_refused_tickets
from tickets.services.settings_words import list_inactive, list_marks
from tickets.tasks import enqueue_actions

_RECENT = timedelta(days=30)
_PREVIEW_ALERTS = 25


class _RequestLines:
    """The one line that holds for requests of end clients: nobody grades them."""

    _lines: QuerySet[PriorityDefaults] | None = None

    def get_queryset(self) -> QuerySet[PriorityDefaults]:
        if self._lines is None:
            lines: QuerySet[PriorityDefaults] = super().get_queryset()  # type: ignore[misc]  # mixed into a formset
            self._lines = lines.filter(alert_priority=AlertPriority.MODERATE)
        return self._lines


class PriorityInline(TabularInline):  # type: ignore[misc]  # the theme ships no types
    """Six lines, one per alert priority."""

    model = PriorityDefaults
    form = PriorityForm
    fields = ["alert_priority", "create_ticket", "ticket_priority", "due_minutes"]
    readonly_fields = ["alert_priority"]
    extra = 0
    can_delete = False
    hide_title = True
    verbose_name_plural = "By alert priority"

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Let the six lines share what they offer."""
        formset = super().get_formset(request, obj, **kwargs)
        formset.form = type("SharingPriorityForm", (formset.form,), {"offer": offer_of(request)})
        if obj is not None and is_agent_ticket(obj.monitor_type):
            return type("RequestFormSet", (_RequestLines, formset), {})
        return formset

    def get_fields(self, request: HttpRequest, obj: TicketDefaults | None = None) -> list[str]:
        """Leave out the choice of a ticket where there always is one."""
        del request
        is_agent = obj is not None and is_agent_ticket(obj.monitor_type)
        return [name for name in self.fields if not is_agent or name != "create_ticket"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """There are exactly six priorities."""
        return False


@admin.register(TicketDefaults)
class TicketDefaultsAdmin(ModelAdmin):  # type: ignore[misc]  # the theme ships no types
    """What a ticket gets, by monitor type."""

    form = TicketDefaultsForm
    inlines = [PriorityInline]
    list_display = ["monitor", "makes_ticket", "differs", "recent_alerts", "changed"]
    list_display_links = ["monitor"]
    list_per_page = 100
    search_fields = ["monitor_type__name"]
    actions = None
    show_full_result_count = False
    warn_unsaved_form = True
    change_form_before_template = "tickets/defaults_before.html"
    change_form_after_template = "tickets/defaults_preview.html"

    class Media:
        css = {"all": ["tickets/pages.css"]}
        js = ["tickets/pages.js", "tickets/settings.js", "tickets/preview.js", "tickets/effect.js"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """There is one row per monitor type, always."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: TicketDefaults | None = None) -> bool:
        """Emptying a row's fields is how it goes back to the defaults."""
        return False

    def get_fieldsets(self, request: HttpRequest, obj: TicketDefaults | None = None) -> Any:
        """Show what makes sense for the row: nothing clears or repeats what an end client asks for."""
        del request
        is_agent = obj is not None and is_agent_ticket(obj.monitor_type)
        sections = settings_fieldsets(obj, only=AGENT_FIELDS if is_agent else None)
        if is_agent:
            for title, options in sections:
                if title.startswith("People"):
                    options["description"] = (
                        "The contact is who fits the name and address that were typed. What is chosen here counts only when "
                        "nobody fits."
                    )
        return sections

    def get_queryset(self, request: HttpRequest) -> QuerySet[TicketDefaults]:
        """Return rows with their values and the alerts of the last 30 days; two queries for the list."""
        recent = Alert.objects.filter(first_seen_at__gte=timezone.now() - _RECENT).order_by()
        of_type = (
            recent.filter(monitor_type=OuterRef("monitor_type"))
            .values("monitor_type")
            .annotate(n=Count("pk"))
            .values("n")
        )
        of_all = recent.annotate(one=Value(1)).values("one").annotate(n=Count("pk")).values("n")
        return (
            with_values()
            .annotate(
                recent=Case(
                    When(monitor_type__isnull=True, then=Coalesce(Subquery(of_all), 0)),
                    default=Coalesce(Subquery(of_type), 0),
                    output_field=IntegerField(),
                )
            )
            .order_by(F("monitor_type__position").asc(nulls_first=True))
        )

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002 - the admin's own signature
        """Return the form with what an empty field inherits."""
        form = super().get_form(request, obj, change=change, **kwargs)
        offer = offer_of(request)
        bound: dict[str, Any] = {"offer": offer}
        if obj is not None:
            offer.attach(obj)
            above = [] if obj.pk == GLOBAL_ID else load_plain_rows(offer, obj.monitor_type, with_own=False)
            bound["inherited"] = resolve(above, "High", catalogue=offer.catalogue)
            if obj.pk == GLOBAL_ID:
                bound["by_priority"] = "Yes, but not for Information (built-in)"
        return type("BoundTicketDefaultsForm", (form,), bound)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return the row with what its form shows, without what only the list counts. One query."""
        del request, from_field
        number = read_id(object_id)
        return None if number is None else settings_rows().filter(pk=number).first()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001 - the admin's own signature
        """Save the lines too, say what is odd, and let refused tickets be tried with the new values."""
        super().save_related(request, form, formsets, change)
        warnings = list(form.verdict.warnings)
        for formset in formsets:
            for line in formset.forms:
                warnings += line.verdict.warnings
        for warning in warnings:
            messages.warning(request, warning)
        enqueue_actions(retry_refused_tickets())

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Add the preview's choices and the help on variables."""
        obj: TicketDefaults | None = kwargs.get("obj")
        alerts = Alert.objects.select_related(None).only(
            "pk", "summary", "alert_uid", "priority", "datto_device_name"
        )
        if obj is not None and obj.monitor_type_id is not None:
            alerts = alerts.filter(monitor_type_id=obj.monitor_type_id)
        context.update(
            defaults=obj,
            is_agent=obj is not None and is_agent_ticket(obj.monitor_type),
            effect_url=reverse("effect-defaults", args=(obj.pk,))
            if obj is not None and self.has_change_permission(request, obj)
            else "",
            preview_alerts=list(alerts.order_by("-id")[:_PREVIEW_ALERTS]),
            has_picklists=offer_of(request).has_picklists,
            variables=VARIABLES,
            filters=sorted(FILTERS),
            inactive=list_inactive(obj) if obj is not None else [],
        )
        response: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return response

    @column(description="Monitor type")
    def monitor(self, row: TicketDefaults) -> str:
        """The monitor type, or all of them."""
        if row.monitor_type is None:
            return format_html("<strong>{}</strong>", GLOBAL_NAME)
        marks = [
            word
            for word, on in (
                ("security", row.monitor_type.is_security),
                ("legacy", row.monitor_type.is_legacy),
            )
            if on
        ]
        return format_html(
            "{} {}",
            row.monitor_type.name,
            format_html_join(" ", '<span class="bridge-mark">{}</span>', ((mark,) for mark in marks)),
        )

    @column(description="Creates a ticket")
    def makes_ticket(self, row: TicketDefaults) -> str:
        """What this row says of it."""
        if row.create_ticket is None:
            return "by priority" if row.monitor_type_id is None else "as above"
        return "yes" if row.create_ticket else "no"

    @column(description="Set here")
    def differs(self, row: TicketDefaults) -> str:
        """The fields this row sets, those with an inactive value struck through."""
        return (
            format_html_join(" ", '<span class="bridge-mark {}" title="{}">{}</span>', _set_fields(row))
            or "-"
        )

    @column(description="Alerts, 30 days", ordering="recent")
    def recent_alerts(self, row: Any) -> str:
        """How many alerts it applied to lately, linking to them."""
        if not row.recent:
            return "0"
        query = f"?monitor_type__id__exact={row.monitor_type_id}" if row.monitor_type_id else ""
        return format_html(
            '<a href="{}{}">{}</a>', find_url("admin:tickets_alert_changelist"), query, f"{row.recent:,}"
        )

    @column(description="Changed", ordering="updated_at")
    def changed(self, row: TicketDefaults) -> str:
        """When a person last saved it."""
        return show_moment(row.updated_at)


def _set_fields(row: TicketDefaults) -> list[tuple[str, str, str]]:
    """Return (class, hover text, text) of each field that the row sets."""
    found = list_marks(row)
    for line in row.priorities.all():
        parts = _line_parts(line)
        if parts:
            inactive = line.ticket_priority is not None and not line.ticket_priority.is_active
            hover = "The ticket priority is inactive in Autotask and is skipped." if inactive else ""
            found.append(
                ("bridge-struck" if inactive else "", hover, f"{line.alert_priority}: {', '.join(parts)}")
            )
    return found


def _line_parts(line: PriorityDefaults) -> list[str]:
    parts = []
    if line.create_ticket is not None:
        parts.append("ticket" if line.create_ticket else "no ticket")
    if line.ticket_priority is not None:
        parts.append(line.ticket_priority.label)
    if line.due_minutes is not None:
        parts.append(f"due {line.due_minutes} min")
    return parts
