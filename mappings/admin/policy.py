"""What holds for all sites: where alerts of sites without an organization go."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from mappings.admin.common import ThemedAdmin
from mappings.admin.widgets import CompanyField
from mappings.models import Company, MappingPolicy
from mappings.services.catch_all import get_policy, set_catch_all
from mappings.services.decisions import MappingRefused


class MappingPolicyForm(forms.ModelForm[MappingPolicy]):
    """The catch-all organization; empty lets such alerts wait."""

    catch_all_company = CompanyField()

    class Meta:
        model = MappingPolicy
        fields = ("catch_all_company",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields.get("catch_all_company")
        if isinstance(field, CompanyField):
            field.label = "Organization for sites without one"
            field.help_text = (
                "Alerts of sites that have no organization yet, several that fit, or one that is inactive or gone, "
                "become tickets of this organization; their first line says why. Ignored sites stay ignored. "
                "Empty: such alerts wait until somebody decides."
            )
            field.remember(self.instance.catch_all_company if self.instance.pk else None)

    def clean_catch_all_company(self) -> Company | None:
        """Refuse an organization that can get no tickets.

        Raises:
            ValidationError: inactive.
        """
        company: Company | None = self.cleaned_data["catch_all_company"]
        if company is not None and not company.is_active:
            raise ValidationError(
                f"{company.name} is inactive in Autotask, so it can get no tickets. Choose an active organization."
            )
        return company


@admin.register(MappingPolicy)
class MappingPolicyAdmin(ThemedAdmin):
    """The one row of the policy."""

    form = MappingPolicyForm
    fields = ("catch_all_company",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """There is exactly one."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """There is exactly one."""
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Go straight to the one row."""
        if not self.has_view_permission(request):
            return super().changelist_view(request, extra_context)
        policy = get_policy()
        return HttpResponseRedirect(reverse("admin:mappings_mappingpolicy_change", args=[policy.pk]))

    def save_model(self, request: HttpRequest, obj: MappingPolicy, form: Any, change: Any) -> None:
        """Let the service decide."""
        try:
            set_catch_all(form.cleaned_data["catch_all_company"])
        except MappingRefused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
