"""Mappings > Device types: what devices become in Autotask."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.views import ChangeList

from integration.ids import read_id
from mappings.admin.common import ThemedAdmin, display, show_name
from mappings.models import Device, DeviceTypeRule
from mappings.services.devices.types import (
    Overview,
    ensure_catch_all,
    preview_change,
    read_overview,
    suggest,
)

_NAMES = ("datto_category", "datto_type", "device_class")
_TARGETS = ("product", "configuration_item_type", "configuration_item_category")
_TITLES = {
    "product": "product",
    "configuration_item_type": "configuration item type",
    "configuration_item_category": "configuration item category",
}


class DeviceTypeRuleForm(forms.ModelForm[DeviceTypeRule]):
    """A rule; what Autotask would refuse is refused beside its field."""

    class Meta:
        model = DeviceTypeRule
        fields = (*_NAMES, "is_synced", *_TARGETS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in _NAMES:
            field = self.fields.get(name)
            if field is not None:
                field.widget.attrs["list"] = f"seen-{name}"
        product = self.fields.get("product")
        if product is not None and self.instance.pk and self.instance.is_catch_all:
            product.help_text = (
                "Every device that no other rule names becomes this product. Choose one that says so, such as "
                "'Other Device', and switch synchronisation on."
            )

    def clean(self) -> dict[str, Any]:
        """Check the rule as a whole.

        Raises:
            ValidationError: on the field that has to change.
        """
        values = super().clean() or self.cleaned_data
        for name in _TARGETS:
            value = values.get(name)
            if value is not None and not value.is_active and name in self.changed_data:
                self.add_error(
                    name, f"{value.name} is inactive in Autotask. Activate it there or choose another one."
                )
        if values.get("is_synced") and values.get("product") is None and "product" not in self.errors:
            self.add_error(
                "product",
                "Choose a product: Autotask needs one for every configuration item. Or switch synchronisation off.",
            )
        names = [_plain(values.get(name, getattr(self.instance, name))) for name in _NAMES]
        others = DeviceTypeRule.objects.exclude(pk=self.instance.pk).values_list(*_NAMES)
        if any([_plain(text) for text in other] == names for other in others):
            what = " / ".join(name for name in names if name) or "all other devices"
            raise forms.ValidationError(f"There is a rule for {what} already. Change that one instead.")
        return values


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


class RuleList(ChangeList):  # type: ignore[misc]  # the theme ships no types
    """The list, with the devices of every rule counted at once."""

    def get_results(self, request: HttpRequest) -> None:
        """Load the page."""
        super().get_results(request)
        overview: Overview = self.model_admin.overview(request)
        for row in self.result_list:
            row.device_count = overview.counts.get(row.pk, 0)


@admin.register(DeviceTypeRule)
class DeviceTypeRuleAdmin(ThemedAdmin):
    """Device types."""

    form = DeviceTypeRuleForm
    change_list_template = "mappings/change_list.html"
    list_after_template = "mappings/devicetype_uncovered.html"
    change_form_after_template = "mappings/devicetype_preview.html"
    empty_text = "No rules yet."
    list_display = ("show_rule", "devices", "state", "show_product", "show_type", "show_category")
    list_select_related = _TARGETS
    autocomplete_fields = _TARGETS
    ordering = ("datto_category", "datto_type", "device_class")
    actions = None
    warn_unsaved_form = True
    fieldsets: ClassVar[Any] = (
        (
            "Devices in Datto RMM",
            {
                "description": "The rule that names most wins: category before type before class. "
                "Capitals and blanks do not count.",
                "fields": _NAMES,
            },
        ),
        ("Become in Autotask", {"fields": ("is_synced", *_TARGETS)}),
    )

    class Media:
        css: ClassVar[dict[str, tuple[str, ...]]] = {"all": ("mappings/devices.css",)}
        js = ("mappings/devicetypes.js",)

    def get_urls(self) -> list[URLPattern]:
        """Add preview and suggestion."""
        wrap = self.admin_site.admin_view
        return [
            path("preview/", wrap(self.preview_view), name="mappings_devicetyperule_preview"),
            path("suggest/", wrap(self.suggest_view), name="mappings_devicetyperule_suggest"),
            *super().get_urls(),
        ]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Count devices along."""
        return RuleList

    @staticmethod
    def overview(request: HttpRequest) -> Overview:
        """Return rules against devices, read once per request."""
        held: Overview | None = getattr(request, "_device_types", None)
        if held is None:
            held = read_overview()
            request._device_types = held  # type: ignore[attr-defined]  # noqa: SLF001 - kept for this request only
        return held

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Show the rules, and below them what no rule names."""
        if not self.has_view_or_change_permission(request):
            return super().changelist_view(request, extra_context)
        ensure_catch_all()
        context = {
            "is_table_empty": False,
            "overview": self.overview(request),
            "add_url": reverse("admin:mappings_devicetyperule_add")
            if self.has_add_permission(request)
            else "",
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
        """Add what devices are called, to choose from while typing."""
        seen = list(
            Device.objects.order_by().values_list("category", "device_type", "device_class").distinct()
        )
        columns = zip(*seen, strict=True) if seen else ((), (), ())
        context = {
            "seen_values": [
                (f"seen-{name}", sorted({value for value in column if value}))
                for name, column in zip(_NAMES, columns, strict=True)
            ],
            **(extra_context or {}),
        }
        return super().changeform_view(request, object_id, form_url, context)

    def get_readonly_fields(self, request: HttpRequest, obj: DeviceTypeRule | None = None) -> tuple[str, ...]:
        """The catch-all keeps naming nothing."""
        return _NAMES if obj is not None and obj.is_catch_all else ()

    def has_delete_permission(self, request: HttpRequest, obj: DeviceTypeRule | None = None) -> bool:
        """The catch-all stays: every device needs a rule."""
        if obj is not None and obj.is_catch_all:
            return False
        return bool(super().has_delete_permission(request, obj))

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Say before a rule is deleted where its devices would fall."""
        if request.method == "GET":
            rule = DeviceTypeRule.objects.filter(pk=read_id(object_id) or 0).first()
            if rule is not None and self.has_delete_permission(request, rule):
                moved = preview_change(rule, is_removed=True).moved
                messages.info(request, f"{moved:,} of its devices would fall on another rule.")
        return super().delete_view(request, object_id, extra_context)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Fill a new rule: the names from the address, the rest by Autotask's names."""
        names = {name: request.GET.get(name, "") for name in _NAMES}
        if not any(names.values()):
            return {}
        found = suggest(*names.values())
        return {**names, **{name: getattr(found, name) for name in _TARGETS}}

    def preview_view(self, request: HttpRequest) -> HttpResponse:
        """Show how many devices would fall on each row; a piece for the form's script, else a page."""
        if request.method != "POST" or not self.has_view_permission(request):
            raise PermissionDenied
        pk = request.POST.get("rule", "")
        stored = get_object_or_404(DeviceTypeRule, pk=read_id(pk) or 0) if pk else None
        form = self.get_form(request, stored, change=stored is not None)(data=request.POST, instance=stored)
        form.is_valid()
        candidate: DeviceTypeRule = form.instance
        # What is typed counts even where it cannot be saved yet.
        for name, value in form.cleaned_data.items():
            setattr(candidate, name, value)
        is_piece = request.headers.get("X-Preview") == "piece"
        form_url = (
            reverse("admin:mappings_devicetyperule_change", args=[stored.pk])
            if stored is not None
            else reverse("admin:mappings_devicetyperule_add")
        )
        problems = [text for texts in form.errors.values() for text in texts]
        clashes = bool(form.non_field_errors())
        return TemplateResponse(
            request,
            "mappings/devicetype_preview_result.html"
            if is_piece
            else "mappings/devicetype_preview_page.html",
            {
                **({} if is_piece else self.admin_site.each_context(request)),
                "title": f"{candidate}: what would change",
                "preview": None if clashes else preview_change(candidate),
                "problems": problems,
                "values": [
                    (name, value)
                    for name in (*_NAMES, "is_synced", *_TARGETS)
                    for value in request.POST.getlist(name)
                ],
                "form_url": form_url,
            },
        )

    def suggest_view(self, request: HttpRequest) -> HttpResponse:
        """Return what Autotask has of the right name, as {field: {"id", "text"} or null}."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = suggest(*(request.GET.get(name, "") for name in _NAMES))
        choices: dict[str, Any] = {}
        for name in _TARGETS:
            row = getattr(found, name)
            choices[name] = {"id": row.pk, "text": str(row)} if row is not None else None
        return JsonResponse(choices)

    def save_model(self, request: HttpRequest, obj: DeviceTypeRule, form: Any, change: bool) -> None:  # noqa: FBT001 - the admin's own signature
        """Save, and say how many devices it is about."""
        super().save_model(request, obj, form, change)
        count = read_overview().counts.get(obj.pk, 0)
        noun = "device falls" if count == 1 else "devices fall"
        text = f"{count:,} {noun} on it. The next device run goes by it."
        if obj.is_catch_all and not obj.is_synced and count:
            text += " They get no configuration item while synchronisation is off."
        messages.info(request, text)

    def get_queryset(self, request: HttpRequest) -> QuerySet[DeviceTypeRule]:
        """Bring along what the rows show."""
        rows: QuerySet[DeviceTypeRule] = super().get_queryset(request)
        return rows.select_related(*_TARGETS)

    @display(description="Devices in Datto RMM", ordering="datto_category")
    def show_rule(self, rule: DeviceTypeRule) -> str:
        """Show what the rule names."""
        return str(rule)

    @display(description="Devices that fall on it")
    def devices(self, rule: Any) -> SafeString | str:
        """Show how many, linking to them."""
        if not rule.device_count:
            return "0"
        return format_html(
            '<a href="{}?rule={}" class="text-primary-700 dark:text-primary-400">{}</a>',
            reverse("admin:mappings_device_changelist"),
            rule.pk,
            f"{rule.device_count:,}",
        )

    @display(
        description="State",
        label={"synchronised": "success", "not synchronised": "warning", "needs a look": "danger"},
    )
    def state(self, rule: DeviceTypeRule) -> str:
        """Show whether it works."""
        if any((one := getattr(rule, name)) is not None and not one.is_active for name in _TARGETS):
            return "needs a look"
        return "synchronised" if rule.is_synced else "not synchronised"

    @display(description="Product", ordering="product__name")
    def show_product(self, rule: DeviceTypeRule) -> SafeString | str:
        """Show the product, struck through when inactive."""
        if rule.product is None and rule.is_catch_all:
            return "choose one, so that other devices are not left out"
        return _show(rule.product)

    @display(description="Type", ordering="configuration_item_type__name")
    def show_type(self, rule: DeviceTypeRule) -> SafeString | str:
        """Show the type, struck through when inactive."""
        return _show(rule.configuration_item_type)

    @display(description="Category", ordering="configuration_item_category__name")
    def show_category(self, rule: DeviceTypeRule) -> SafeString | str:
        """Show the category, struck through when inactive."""
        return _show(rule.configuration_item_category)


def _show(row: Any) -> SafeString | str:
    return show_name(row.name, is_active=row.is_active) if row is not None else "-"
