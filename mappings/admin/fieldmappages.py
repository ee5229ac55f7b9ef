"""The pages around field mappings: try on one device, create a field, associate, the standard set."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from integration.connections import get_connection
from integration.ids import read_id
from integration.sync.changes import NothingToDoError
from integration.sync.kinds import get_kind
from integration.sync.operations import Draft
from integration.tasks import execute_run
from integration.views.pages import send
from mappings.admin.common import ThemedAdmin
from mappings.admin.fieldmapforms import NewUdfForm, TrialForm
from mappings.models import FieldMap
from mappings.services.devices.fieldmaps import (
    map_facts,
    read_states,
)
from mappings.services.devices.fieldtrial import try_on_device
from mappings.services.devices.ruleset import associated_categories
from mappings.services.devices.udf_operations import KIND
from mappings.services.devices.udf_set import (
    UdfRefused,
    draft_associations,
    draft_udf,
    needed_categories,
    plan_standard_set,
    queue_udf_changes,
)

LIST = "admin:mappings_fieldmap_changelist"


class FieldMapPages(ThemedAdmin):
    """The pages."""

    def get_urls(self) -> list[URLPattern]:
        """Add the pages."""
        wrap = self.admin_site.admin_view
        return [
            path("try/", wrap(self.try_all_view), name="mappings_fieldmap_try_all"),
            path("try-one/", wrap(self.try_one_view), name="mappings_fieldmap_try"),
            path("new-udf/", wrap(self.new_udf_view), name="mappings_fieldmap_new_udf"),
            path("standard-set/", wrap(self.standard_set_view), name="mappings_fieldmap_standard_set"),
            path("<int:map_id>/associate/", wrap(self.associate_view), name="mappings_fieldmap_associate"),
            *super().get_urls(),
        ]

    def try_one_view(self, request: HttpRequest) -> HttpResponse:
        """Show what the mapping as typed would do to a device: a piece for the form's script, else a page."""
        if request.method != "POST" or not self.has_view_permission(request):
            raise PermissionDenied
        pk = request.POST.get("map", "")
        stored = get_object_or_404(FieldMap, pk=read_id(pk) or 0) if pk else None
        form = self.get_form(request, stored, change=stored is not None)(data=request.POST, instance=stored)
        context: dict[str, Any] = {"problems": [], "trial": None, "is_one": True}
        if form.is_valid():
            device = form.cleaned_data["trial_device"]
            if device is None:
                context["problems"] = ["Choose a device to try it on."]
            else:
                one: FieldMap = form.instance
                for name in ("device_classes", "datto_category", "empty_policy", "is_volatile"):
                    setattr(one, name, form.cleaned_data[name])
                shown = associated_categories().get(one.udf_id, frozenset())
                facts = map_facts(one, shown, [site.pk for site in form.cleaned_data["sites"]])
                context["trial"] = try_on_device([facts], device.pk, read_indexes=_read_indexes())
        else:
            context["problems"] = [
                f"{form.fields[name].label or name}: {text}" if name in form.fields else text
                for name, texts in form.errors.items()
                for text in texts
            ]
        if request.headers.get("X-Preview") == "piece":
            return TemplateResponse(request, "mappings/fieldmap_trial.html", context)
        return self._page(request, "fieldmap_try.html", "Try on one device", context)

    def try_all_view(self, request: HttpRequest) -> HttpResponse:
        """Show what all active mappings would do to one device."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = TrialForm(request.GET if "device" in request.GET else None)
        context: dict[str, Any] = {"form": form, "media": form.media, "problems": [], "trial": None}
        if form.is_bound and form.is_valid():
            shown = associated_categories()
            maps = FieldMap.objects.filter(is_active=True).select_related("udf").prefetch_related("sites")
            try:
                facts = [
                    map_facts(one, shown.get(one.udf_id, ()), [site.pk for site in one.sites.all()])
                    for one in maps
                ]
                device = form.cleaned_data["device"]
                context["trial"] = try_on_device(facts, device.pk, read_indexes=_read_indexes())
            except ValueError as error:
                context["problems"] = [str(error)]
        return self._page(request, "fieldmap_try.html", "Try on one device", context)

    def new_udf_view(self, request: HttpRequest) -> HttpResponse:
        """Create a user-defined field in Autotask."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        initial = {
            "name": request.GET.get("name", ""),
            "kind": request.GET.get("kind", "text"),
            "categories": [one.pk for one in needed_categories()],
        }
        form = NewUdfForm(request.POST or None, initial=initial)
        if request.method == "POST" and form.is_valid():
            values = form.cleaned_data
            try:
                drafts = draft_udf(
                    values["name"],
                    values["kind"],
                    list_values=values["list_values"].splitlines(),
                    category_ids=[one.pk for one in values["categories"]],
                )
            except UdfRefused as refusal:
                form.add_error(refusal.field or None, str(refusal))
            else:
                return self._queue(request, drafts, f"Create the UDF {values['name']}")
        return self._page(request, "fieldmap_new_udf.html", "Create a user-defined field", {"form": form})

    def standard_set_view(self, request: HttpRequest) -> HttpResponse:
        """Show what the standard set would create, then create it."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        plan = plan_standard_set()
        if request.method == "POST":
            return self._queue(request, plan.drafts, "Create the standard set of fields")
        return self._page(request, "fieldmap_standard_set.html", "Create the standard set", {"plan": plan})

    def associate_view(self, request: HttpRequest, map_id: int) -> HttpResponse:
        """Show a mapping's field in the categories that need it."""
        if request.method != "POST" or not self.has_change_permission(request):
            raise PermissionDenied
        field_map = get_object_or_404(FieldMap.objects.select_related("udf"), pk=map_id)
        needs = read_states()[field_map.pk].needs
        drafts = draft_associations(field_map.udf, [need.category for need in needs])
        return self._queue(request, drafts, f"Show {field_map.udf.name} where it is needed")

    def _queue(self, request: HttpRequest, drafts: Sequence[Draft], title: str) -> HttpResponse:
        if not get_connection().is_enabled:
            messages.error(
                request,
                "The integration is not switched on, so nothing can be written. Switch it on here first.",
            )
            return redirect("connection")
        person = request.user if isinstance(request.user, User) else None
        try:
            run, is_new = queue_udf_changes(drafts, person, title=title)
        except NothingToDoError:
            messages.info(request, "All of it is there already; there is nothing to create.")
            return redirect(LIST)
        if is_new:
            queue = get_kind(KIND).queue
            transaction.on_commit(partial(send, request, execute_run, queue=queue, args=(run.pk,)))
        else:
            messages.info(request, "This is at work already.")
        if not request.user.has_perm("integration.view_syncrun"):
            messages.success(request, "Queued. It is done within a minute or so.")
            return redirect(LIST)
        return redirect("admin:integration_syncrun_change", run.pk)

    def _page(self, request: HttpRequest, template: str, title: str, context: dict[str, Any]) -> HttpResponse:
        return TemplateResponse(
            request,
            f"mappings/{template}",
            {
                **self.admin_site.each_context(request),
                "title": title,
                "list_url": reverse(LIST),
                **context,
            },
        )


def _read_indexes() -> frozenset[int]:
    """Return the Datto RMM UDFs that device runs read, since a mapping uses them."""
    found = FieldMap.objects.filter(is_active=True, datto_udf_index__isnull=False).values_list(
        "datto_udf_index", flat=True
    )
    return frozenset(number for number in found if number is not None)
