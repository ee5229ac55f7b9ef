"""What Autotask has for configuration items: the items, products, types, categories and user-defined fields."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter, DropdownFilter

from integration.vendors.autotask.links import configuration_item_link
from mappings.admin.common import MirrorAdmin, display, inside_link, outside_link, show_name, show_time
from mappings.models import (
    ConfigurationItem,
    ConfigurationItemCategory,
    ConfigurationItemType,
    DeviceLink,
    Product,
    UdfDefinition,
)
from mappings.services.devices.dashboard import items_without_device

_READ_BY = "They are read from Autotask by the sync 'Organizations and pick lists'."


class _Catalogue(MirrorAdmin):
    """A list of what can be chosen."""

    list_filter: ClassVar[tuple[str, ...]] = ("is_active",)
    search_fields: ClassVar[tuple[str, ...]] = ("name",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Search; fields that complete what is typed are not offered what Autotask would refuse."""
        found, may_have_duplicates = super().get_search_results(request, queryset, search_term)
        if request.path == reverse(f"{self.admin_site.name}:autocomplete"):
            found = found.filter(is_active=True)
        return found, may_have_duplicates

    @display(description="Name", ordering="name")
    def show_row(self, row: Any) -> SafeString | str:
        """Show the name, struck through when inactive."""
        return show_name(row.name, is_active=row.is_active)

    @display(description="Changed here")
    def synced(self, row: Any) -> SafeString | str:
        """Show when our copy changed."""
        return show_time(row.synced_at)


@admin.register(Product)
class ProductAdmin(_Catalogue):
    """Products."""

    empty_text = f"No products yet. {_READ_BY}"
    list_display = ("show_row", "autotask_product_id", "is_active")
    fields = ("show_row", "autotask_product_id", "is_active", "synced")
    readonly_fields = fields


@admin.register(ConfigurationItemType)
class ConfigurationItemTypeAdmin(_Catalogue):
    """Configuration item types."""

    empty_text = f"No configuration item types yet. {_READ_BY}"
    list_display = ("show_row", "autotask_type_id", "is_active")
    fields = ("show_row", "autotask_type_id", "is_active", "synced")
    readonly_fields = fields


@admin.register(ConfigurationItemCategory)
class ConfigurationItemCategoryAdmin(_Catalogue):
    """Configuration item categories."""

    empty_text = f"No configuration item categories yet. {_READ_BY}"
    list_display = ("show_row", "autotask_category_id", "is_global_default", "udf_count", "is_active")
    fields = ("show_row", "autotask_category_id", "is_global_default", "is_active", "show_udfs", "synced")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Count the fields along."""
        rows: QuerySet[Any] = super().get_queryset(request)
        counted: QuerySet[Any] = rows.annotate(udfs=Count("udf_associations"))
        return counted

    @display(description="User-defined fields", ordering="udfs")
    def udf_count(self, category: Any) -> int:
        """Show how many fields its items have."""
        return int(category.udfs)

    @display(description="User-defined fields")
    def show_udfs(self, category: ConfigurationItemCategory) -> str:
        """Name the fields its items have."""
        rows = category.udf_associations.select_related("udf")
        return (
            ", ".join(f"{one.udf.name}{' (required)' if one.is_required else ''}" for one in rows) or "none"
        )


@admin.register(UdfDefinition)
class UdfDefinitionAdmin(_Catalogue):
    """User-defined fields of configuration items."""

    empty_text = f"No user-defined fields yet. {_READ_BY}"
    list_display = ("show_row", "data_type", "category_count", "map_count", "is_protected", "is_active")
    list_filter: ClassVar[tuple[str, ...]] = ("is_active", "data_type", "is_protected")
    search_fields: ClassVar[tuple[str, ...]] = ("name", "label")
    fields = (
        "show_row",
        "label",
        "data_type",
        "max_length",
        "is_required",
        "is_protected",
        "is_active",
        "show_categories",
        "show_values",
        "autotask_udf_id",
        "synced",
    )
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Count categories and mappings along."""
        rows: QuerySet[Any] = super().get_queryset(request)
        counted: QuerySet[Any] = rows.annotate(
            category_number=Count("associations", distinct=True),
            map_number=Count("field_maps", distinct=True),
        )
        return counted

    @display(description="Categories", ordering="category_number")
    def category_count(self, udf: Any) -> int:
        """Show how many categories have it."""
        return int(udf.category_number)

    @display(description="Field mappings", ordering="map_number")
    def map_count(self, udf: Any) -> int:
        """Show how many mappings write it."""
        return int(udf.map_number)

    @display(description="Categories that have it")
    def show_categories(self, udf: UdfDefinition) -> str:
        """Name the categories."""
        return ", ".join(one.name for one in udf.categories.all()) or "none: no configuration item shows it"

    @display(description="List values")
    def show_values(self, udf: UdfDefinition) -> SafeString | str:
        """Name the choices of a list."""
        values = [one for one in udf.list_values if isinstance(one, dict)]
        if not values:
            return "-"
        return format_html_join(
            ", ",
            "{}",
            (
                (
                    show_name(
                        str(one.get("label", one.get("value"))), is_active=bool(one.get("is_active", True))
                    ),
                )
                for one in values
            ),
        )


class ItemDeviceFilter(DropdownFilter):  # type: ignore[misc]  # the theme ships no types
    """Whether a device stands behind the item."""

    title = "device"
    parameter_name = "device"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer both."""
        return [("without", "Active, without device"), ("with", "With a device")]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[ConfigurationItem]
    ) -> QuerySet[ConfigurationItem]:
        """Narrow the list."""
        if self.value() == "without":
            return queryset.filter(items_without_device())
        return queryset.filter(device_link__isnull=False) if self.value() == "with" else queryset


class ItemTypeFilter(DropdownFilter):  # type: ignore[misc]  # as above
    """By configuration item type; items carry its id only."""

    title = "type"
    parameter_name = "type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer the types there are."""
        return [(str(one.autotask_type_id), str(one)) for one in ConfigurationItemType.objects.all()]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[ConfigurationItem]
    ) -> QuerySet[ConfigurationItem]:
        """Narrow the list."""
        value = self.value()
        return queryset.filter(autotask_type_id=int(value)) if value and value.isdigit() else queryset


@admin.register(ConfigurationItem)
class ConfigurationItemAdmin(MirrorAdmin):
    """Configuration items, as Autotask holds them."""

    empty_text = (
        "No configuration items yet. They are read from Autotask by the sync 'Devices'; the device each one stands "
        "for is shown beside it."
    )
    links_to_autotask = True
    list_display = ("show_item", "company", "serial_number", "show_device", "state", "in_autotask")
    list_filter: ClassVar[list[Any]] = [
        ItemDeviceFilter,
        ItemTypeFilter,
        "is_active",
        "is_missing",
        ("company", AutocompleteSelectFilter),
    ]
    list_select_related = ("company", "device_link__device")
    search_fields = ("reference_title", "reference_number", "serial_number", "rmm_hostname")
    search_help_text = "Name, reference number, serial number or host name"
    ordering = ("reference_title", "autotask_configuration_item_id")
    fields = (
        "show_item",
        "company",
        "show_device",
        "in_autotask",
        "serial_number",
        "reference_number",
        "state",
        "location",
        "install_date",
        "warranty_date",
        "show_udfs",
        "autotask_configuration_item_id",
        "modified",
    )
    readonly_fields = fields

    @display(description="Configuration item", ordering="reference_title")
    def show_item(self, item: ConfigurationItem) -> SafeString | str:
        """Show the name, struck through when inactive."""
        return show_name(str(item), is_active=item.is_active and not item.is_missing)

    @display(description="Device")
    def show_device(self, item: ConfigurationItem) -> SafeString | str:
        """Link to the device."""
        link: DeviceLink | None = getattr(item, "device_link", None)
        if link is None:
            return "-"
        return inside_link("admin:mappings_device_change", link.device_id, str(link.device))

    @display(description="State", label={"active": "success", "inactive": "warning", "missing": "danger"})
    def state(self, item: ConfigurationItem) -> str:
        """Show whether it is in use."""
        if item.is_missing:
            return "missing"
        return "active" if item.is_active else "inactive"

    @display(description="In Autotask")
    def in_autotask(self, item: Any) -> SafeString | str:
        """Link to the item in Autotask."""
        url = item.autotask_web_url
        address = configuration_item_link(url, item.autotask_configuration_item_id) if url else ""
        return outside_link(address, "Open")

    @display(description="User-defined fields")
    def show_udfs(self, item: ConfigurationItem) -> SafeString | str:
        """Show the filled ones."""
        filled = [(name, value) for name, value in item.udfs.items() if value not in (None, "")]
        return format_html_join("", "{}: {}<br>", filled) if filled else "-"

    @display(description="Changed in Autotask")
    def modified(self, item: ConfigurationItem) -> SafeString | str:
        """Show when Autotask changed it."""
        return show_time(item.modified_at)
