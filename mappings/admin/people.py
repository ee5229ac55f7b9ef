"""Who works in Autotask and when, and the user-defined fields of tickets, to look at."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from mappings.admin.common import MirrorAdmin, display, show_name, show_time
from mappings.models import BusinessHours, Resource, Role, TicketUdf

_READ_BY = "They are read from Autotask by the sync 'Organizations and pick lists'."
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class _People(MirrorAdmin):
    """A list of names that can be inactive."""

    list_filter: ClassVar[tuple[str, ...]] = ("is_active",)
    search_fields: ClassVar[tuple[str, ...]] = ("name",)

    @display(description="Name", ordering="name")
    def show_row(self, row: Any) -> SafeString | str:
        """Show the name, struck through when inactive."""
        return show_name(row.name, is_active=row.is_active)

    @display(description="Changed here", ordering="synced_at")
    def synced(self, row: Any) -> SafeString | str:
        """Show when our copy changed."""
        return show_time(row.synced_at)


@admin.register(Resource)
class ResourceAdmin(_People):
    """Resources."""

    empty_text = f"No resources yet. {_READ_BY}"
    list_display = ("show_row", "email", "show_roles", "is_active")
    list_filter = ("is_active", "roles")
    search_fields = ("name", "email")
    fields = ("show_row", "email", "show_roles", "autotask_resource_id", "is_active", "synced")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Read the roles along."""
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.prefetch_related(Prefetch("roles", queryset=Role.objects.order_by("name")))

    @display(description="Roles")
    def show_roles(self, resource: Resource) -> SafeString | str:
        """Name the roles; without one a ticket cannot be given to the resource."""
        names = format_html_join(
            ", ", "{}", ((show_name(one.name, is_active=one.is_active),) for one in resource.roles.all())
        )
        return names or "none: Autotask takes no ticket for this resource"


@admin.register(Role)
class RoleAdmin(_People):
    """Roles."""

    empty_text = f"No roles yet. {_READ_BY}"
    list_display = ("show_row", "autotask_role_id", "is_active")
    fields = ("show_row", "autotask_role_id", "is_active", "synced")
    readonly_fields = fields


@admin.register(BusinessHours)
class BusinessHoursAdmin(_People):
    """Business hours."""

    empty_text = f"No business hours yet. {_READ_BY}"
    list_display = ("show_row", "is_default", "show_zone", "show_week", "next_holiday", "is_active")
    ordering = ("-is_default", "name")
    fields = (
        "show_row",
        "is_default",
        "show_zone",
        "show_days",
        "show_holiday_hours",
        "show_holidays",
        "autotask_location_id",
        "is_active",
        "synced",
    )
    readonly_fields = fields

    @display(description="Time zone")
    def show_zone(self, hours: BusinessHours) -> SafeString | str:
        """Show the zone; one that is not known is said to be so."""
        if hours.time_zone:
            return format_html('<span title="{}">{}</span>', hours.time_zone_label, hours.time_zone)
        called = hours.time_zone_label or "without a name"
        return f"unknown ({called}): due dates are counted by the clock"

    @display(description="Opening times")
    def show_week(self, hours: BusinessHours) -> str:
        """Show the week in short: days with the same times together."""
        return _week(hours.days)

    @display(description="Opening times")
    def show_days(self, hours: BusinessHours) -> SafeString | str:
        """Show each day."""
        rows = ((name, _span(day)) for name, day in zip(_DAYS, hours.days, strict=False))
        return format_html_join("", "<div>{}: {}</div>", rows) or "none"

    @display(description="On holidays")
    def show_holiday_hours(self, hours: BusinessHours) -> str:
        """Show the times of a holiday."""
        return _span(hours.holiday_hours)

    @display(description="Holidays")
    def show_holidays(self, hours: BusinessHours) -> str:
        """Name the holidays to come."""
        return ", ".join(_to_come(hours)) or "none to come"

    @display(description="Next holiday")
    def next_holiday(self, hours: BusinessHours) -> str:
        """Name the next one."""
        return next(iter(_to_come(hours)), "none known")


def _to_come(hours: BusinessHours) -> list[str]:
    today: date = timezone.localdate()
    return sorted(str(one) for one in hours.holidays if str(one) >= today.isoformat())


def _span(day: Any) -> str:
    return f"{day['start']} to {day['end']}" if isinstance(day, dict) else "closed"


def _week(days: list[Any]) -> str:
    """Return such as "Mon-Fri 08:00 to 17:00"."""
    parts: list[str] = []
    first = 0
    for place in range(1, len(days) + 1):
        if place < len(days) and days[place] == days[first]:
            continue
        if days[first]:
            names = _DAYS[first][:3] if place - first == 1 else f"{_DAYS[first][:3]}-{_DAYS[place - 1][:3]}"
            parts.append(f"{names} {_span(days[first])}")
        first = place
    return ", ".join(parts) or "none"


@admin.register(TicketUdf)
class TicketUdfAdmin(_People):
    """User-defined fields of tickets."""

    empty_text = f"No user-defined fields of tickets yet. {_READ_BY}"
    list_before_template = "mappings/ticketudf_bar.html"
    list_display = ("show_row", "data_type", "is_required", "is_active")
    list_filter = ("is_active", "data_type", "is_required")
    fields = (
        "show_row",
        "data_type",
        "show_values",
        "is_required",
        "autotask_udf_id",
        "is_active",
        "synced",
    )
    readonly_fields = fields

    @display(description="List values")
    def show_values(self, udf: TicketUdf) -> SafeString | str:
        """Name the choices of a list."""
        values = [one for one in udf.list_values if isinstance(one, dict)]
        named = (
            (show_name(str(one.get("label", "")), is_active=bool(one.get("is_active", True))),)
            for one in values
        )
        return format_html_join(", ", "{}", named) or "-"
