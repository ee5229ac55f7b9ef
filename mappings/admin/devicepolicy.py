"""Settings > Device policy: one row, one form."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from mappings.admin.common import ThemedAdmin
from mappings.models import DevicePolicy, UdfDefinition


class DevicePolicyForm(forms.ModelForm[DevicePolicy]):
    """The policy, with what cannot work refused beside its field."""

    class Meta:
        model = DevicePolicy
        fields = (
            "is_writing",
            "creates_items",
            "includes_on_demand",
            "when_deleted",
            "deleted_grace_days",
            "volatile_hours",
            "guard_share_percent",
            "guard_always",
            "uid_udf",
            "review_udf",
            "proposes_contacts",
            "contact_days",
            "contact_share_percent",
            "adjusts_units",
        )

    def clean_guard_share_percent(self) -> int:
        """Refuse a share that no run can have.

        Raises:
            ValidationError: more than 100.
        """
        return _percent(self.cleaned_data["guard_share_percent"])

    def clean_contact_share_percent(self) -> int:
        """Refuse a share that is no majority.

        Raises:
            ValidationError: more than 100, or no more than half.
        """
        share = _percent(self.cleaned_data["contact_share_percent"])
        if share <= 50:  # noqa: PLR2004 - half is no majority
            raise forms.ValidationError("Must be more than 50: two users could both have half of the days.")
        return share

    def clean_volatile_hours(self) -> int:
        """Refuse a write at every run.

        Raises:
            ValidationError: 0.
        """
        hours: int = self.cleaned_data["volatile_hours"]
        if hours < 1:
            raise forms.ValidationError(
                "Must be at least 1: last seen and free space would cost a write per device and run."
            )
        return hours

    def clean_uid_udf(self) -> UdfDefinition | None:
        """Refuse a field that cannot hold a uid.

        Raises:
            ValidationError: see the text.
        """
        return _text_udf(self.cleaned_data["uid_udf"])

    def clean_review_udf(self) -> UdfDefinition | None:
        """Refuse a field that cannot hold a state.

        Raises:
            ValidationError: see the text.
        """
        return _text_udf(self.cleaned_data["review_udf"])

    def clean(self) -> dict[str, Any]:
        """Refuse one field for two things.

        Raises:
            ValidationError: both UDFs are the same.
        """
        values = super().clean() or self.cleaned_data
        if values.get("uid_udf") and values.get("uid_udf") == values.get("review_udf"):
            self.add_error("review_udf", "Already holds the device uid. Choose another UDF.")
        return values


def _percent(share: int) -> int:
    if share > 100:  # noqa: PLR2004 - all of them
        raise forms.ValidationError("Must be at most 100.")
    return share


def _text_udf(udf: UdfDefinition | None) -> UdfDefinition | None:
    if udf is None:
        return None
    if not udf.is_active:
        raise forms.ValidationError(
            f"{udf.name} is inactive in Autotask. Activate it there or choose another one."
        )
    if udf.data_type not in {UdfDefinition.DataType.TEXT, UdfDefinition.DataType.LONG_TEXT}:
        raise forms.ValidationError(
            f"{udf.name} holds {udf.get_data_type_display().lower()} values. Choose a text UDF."
        )
    return udf


@admin.register(DevicePolicy)
class DevicePolicyAdmin(ThemedAdmin):
    """The device policy; the list is the form."""

    form = DevicePolicyForm
    warn_unsaved_form = True
    autocomplete_fields = ("uid_udf", "review_udf")
    fieldsets: ClassVar[Any] = (
        ("Writing", {"fields": ("is_writing", "creates_items", "includes_on_demand", "volatile_hours")}),
        (
            "Deleted devices",
            {
                "description": "Nothing happens after a read that did not see every page, nor while the guard asks.",
                "fields": ("when_deleted", "deleted_grace_days"),
            },
        ),
        (
            "Guard",
            {
                "description": "Stops a run that would change unusually much and asks a person, on the run's page.",
                "fields": ("guard_share_percent", "guard_always"),
            },
        ),
        (
            "Fields in Autotask",
            {
                "description": "The UDFs must be associated with the categories of the devices. "
                "'Create the standard set' under Mappings > User-defined fields makes both.",
                "fields": ("uid_udf", "review_udf"),
            },
        ),
        (
            "Contacts",
            {
                "description": "Proposed in the review queue, never for servers.",
                "fields": ("proposes_contacts", "contact_days", "contact_share_percent"),
            },
        ),
        ("Contracts", {"fields": ("adjusts_units",)}),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        """There is one."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """It stays."""
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the only row's form."""
        if not self.has_view_or_change_permission(request):
            return super().changelist_view(request, extra_context)
        DevicePolicy.objects.get_or_create(pk=DevicePolicy.SINGLETON_ID)
        return HttpResponseRedirect(
            reverse("admin:mappings_devicepolicy_change", args=[DevicePolicy.SINGLETON_ID])
        )

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the form; the row is made when it is first looked at."""
        if object_id == str(DevicePolicy.SINGLETON_ID) and self.has_view_or_change_permission(request):
            DevicePolicy.objects.get_or_create(pk=DevicePolicy.SINGLETON_ID)
        context = {"title": "Device policy", "subtitle": None, **(extra_context or {})}
        answer: HttpResponse = super().change_view(request, object_id, form_url, context)
        return answer

    def response_change(self, request: HttpRequest, obj: DevicePolicy) -> HttpResponse:
        """Stay on the page."""
        self.message_user(request, "Saved. The next device run goes by it.")
        return HttpResponseRedirect(request.path)
