"""Mappings > User-defined fields: which value of a device is kept in which field of its configuration item."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.views import ChangeList

from integration.ids import read_id
from mappings.admin.common import MirrorAdmin, display, inside_link, show_name, show_time
from mappings.admin.fieldmapforms import CLASSES, FieldMapForm
from mappings.admin.fieldmappages import FieldMapPages
from mappings.domain.devices.transforms import StepError, describe_steps, read_steps
from mappings.models import Device, FieldMap, FieldMapLoss
from mappings.services.devices.fieldmaps import MapState, check_map, read_states, source_label
from mappings.services.udf_labels import read_labels

_PROBLEMS_SHOWN = 2


class FieldMapList(ChangeList):  # type: ignore[misc]  # the theme ships no types
    """The list, with the state of every mapping read at once."""

    def get_results(self, request: HttpRequest) -> None:
        """Load the page."""
        super().get_results(request)
        states = read_states() if self.result_list else {}
        labels = read_labels() if self.result_list else {}
        for row in self.result_list:
            row.udf_labels = labels
            row.map_state = states.get(row.pk, MapState())


@admin.register(FieldMap)
class FieldMapAdmin(FieldMapPages):
    """Field mappings."""

    form = FieldMapForm
    change_list_template = "mappings/change_list.html"
    list_before_template = "mappings/fieldmap_bar.html"
    change_form_after_template = "mappings/fieldmap_state.html"
    empty_text = (
        "No field mappings yet. 'Create the standard set' keeps serial number, model, memory, disks, last user and "
        "more in fields of their own, since Autotask keeps its own audit fields for Datto's integration alone."
    )
    list_display = ("show_source", "show_udf", "direction", "steps", "filter", "devices", "state", "problems")
    list_display_links = ("show_source",)
    list_filter = ("is_active", "direction")
    search_fields = ("name", "udf__name", "datto_field")
    list_select_related = ("udf",)
    ordering = ("udf__name", "pk")
    autocomplete_fields = ("udf", "sites")
    warn_unsaved_form = True
    show_full_result_count = False
    list_per_page = 100
    fieldsets: ClassVar[Any] = (
        (None, {"fields": ("source", "udf", "direction", "is_active", "name")}),
        (
            "Value",
            {"fields": ("transforms", "empty_policy", "is_volatile")},
        ),
        (
            "Only for",
            {
                "description": "Leave empty for all devices.",
                "fields": ("device_classes", "datto_category", "sites"),
            },
        ),
        ("Try on one device", {"fields": ("trial_device",)}),
    )

    class Media:
        css: ClassVar[dict[str, tuple[str, ...]]] = {"all": ("mappings/devices.css",)}
        js = ("mappings/fieldmaps.js",)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Read states along."""
        return FieldMapList

    def get_queryset(self, request: HttpRequest) -> QuerySet[FieldMap]:
        """Bring along what the rows show."""
        rows: QuerySet[FieldMap] = super().get_queryset(request)
        return rows.select_related("udf").prefetch_related("sites")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Tell the template whether there is any mapping, and what this person may do."""
        context = {
            "is_table_empty": not FieldMap.objects.exists(),
            "may_add": self.has_add_permission(request),
            "may_see_losses": request.user.has_perm("mappings.view_fieldmaploss"),
            **(extra_context or {}),
        }
        return super().changelist_view(request, context)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Add the state of the mapping, and the categories there are."""
        pk = read_id(object_id)
        states = read_states() if pk is not None else {}
        context = {
            "map_state": states.get(pk) if pk is not None else None,
            "may_change": self.has_change_permission(request),
            "may_add": self.has_add_permission(request),
            "seen_categories": sorted(
                Device.objects.order_by().exclude(category="").values_list("category", flat=True).distinct()
            ),
            **(extra_context or {}),
        }
        return super().changeform_view(request, object_id, form_url, context)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer the categories there are while typing."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and db_field.name == "datto_category":
            field.widget.attrs["list"] = "seen-categories"
        return field

    def save_model(self, request: HttpRequest, obj: FieldMap, form: Any, change: bool) -> None:  # noqa: FBT001 - the admin's own signature
        """Save, and say what is odd."""
        super().save_model(request, obj, form, change)
        for problem in check_map(obj):
            messages.warning(request, problem.text)

    @display(description="From", ordering="datto_field")
    def show_source(self, field_map: Any) -> str:
        """Show the source."""
        return source_label(field_map, field_map.udf_labels)

    @display(description="Autotask UDF", ordering="udf__name")
    def show_udf(self, field_map: FieldMap) -> SafeString | str:
        """Show the target, struck through when inactive."""
        name = show_name(field_map.udf.name, is_active=field_map.udf.is_active)
        return format_html(
            '{}<br><span class="text-xs device-below">{}</span>', name, field_map.udf.get_data_type_display()
        )

    @display(description="Steps")
    def steps(self, field_map: FieldMap) -> SafeString | str:
        """Show the steps in words."""
        try:
            words = describe_steps(read_steps(field_map.transforms))
        except StepError as error:
            return format_html('<span class="{}">{}</span>', "rb-bad", error)
        return format_html_join("", "{}<br>", ((word,) for word in words)) if words else "as it is"

    @display(description="Only for")
    def filter(self, field_map: FieldMap) -> str:
        """Show the filter in words."""
        names = dict(CLASSES)
        parts = [names.get(one, one).lower() for one in field_map.device_classes]
        if field_map.datto_category:
            parts.append(field_map.datto_category)
        sites = [site.name for site in field_map.sites.all()]
        if sites:
            parts.append(sites[0] if len(sites) == 1 else f"{len(sites)} sites")
        return ", ".join(parts) or "all devices"

    @display(description="Devices")
    def devices(self, field_map: Any) -> str:
        """Show how many devices its filter lets through."""
        return f"{field_map.map_state.devices:,}"

    @display(
        description="State",
        label={"in step": "success", "switched off": "info", "partly": "warning", "stopped": "danger"},
    )
    def state(self, field_map: Any) -> str:
        """Show whether it works."""
        if not field_map.is_active:
            return "switched off"
        problems = field_map.map_state.problems
        if any(one.is_fatal for one in problems):
            return "stopped"
        return "partly" if problems else "in step"

    @display(description="To look at")
    def problems(self, field_map: Any) -> SafeString | str:
        """Show what is wrong, with the cure."""
        found = field_map.map_state.problems
        if not found:
            return "-"
        shown = format_html_join("", "{}<br>", ((one.text,) for one in found[:_PROBLEMS_SHOWN]))
        more = len(found) - _PROBLEMS_SHOWN
        return format_html(
            '<span class="map-problems">{}{}</span>', shown, f"and {more} more" if more > 0 else ""
        )


@admin.register(FieldMapLoss)
class FieldMapLossAdmin(MirrorAdmin):
    """Values that were overwritten because both sides had changed them."""

    empty_text = (
        "No value was overwritten. When a mapping that goes both ways finds that both sides changed, one wins, and the "
        "other value is kept here."
    )
    list_display = ("when", "show_map", "show_device", "winner", "kept", "lost")
    list_display_links = None
    list_filter = ("winner",)
    list_select_related = ("field_map__udf", "device")
    search_fields = ("device__hostname", "field_map__udf__name", "lost", "kept")
    ordering = ("-id",)
    fields = ("when", "show_map", "show_device", "winner", "kept", "lost")
    readonly_fields = fields

    @display(description="When", ordering="created_at")
    def when(self, loss: FieldMapLoss) -> SafeString | str:
        """Show the time."""
        return show_time(loss.created_at)

    @display(description="Mapping")
    def show_map(self, loss: FieldMapLoss) -> SafeString:
        """Link to the mapping."""
        text = f"{source_label(loss.field_map, {})} ↔ {loss.field_map.udf.name}"
        return inside_link("admin:mappings_fieldmap_change", loss.field_map_id, text)

    @display(description="Device", ordering="device__hostname")
    def show_device(self, loss: FieldMapLoss) -> SafeString:
        """Link to the device, from where both sides are one click away."""
        return inside_link("admin:mappings_device_change", loss.device_id, str(loss.device))
