"""Choosing an organization without a query per row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError
from django.urls import reverse

from mappings.admin.autotask import company_label
from mappings.models import Company, SiteMapping

if TYPE_CHECKING:
    CompanyChoiceField = forms.ModelChoiceField[Company]
else:
    CompanyChoiceField = forms.ModelChoiceField


class CompanySelect(AutocompleteSelect):
    """An autocomplete that shows its present choice from memory.

    Attributes:
        known: the company already chosen, loaded with the row.
    """

    known: Company | None = None

    def get_url(self) -> str:
        """Return where the choices come from."""
        return reverse(f"{self.admin_site.name}:mappings_company_choices")

    def optgroups(self, name: str, value: Sequence[str], attr: Any = None) -> Any:
        """Return the present choice; from memory when it is the one loaded with the row."""
        chosen = [one for one in value if one]
        if chosen and (self.known is None or chosen != [str(self.known.pk)]):
            return super().optgroups(name, value, attr)
        options = [self.create_option(name, "", "", False, 0)]  # noqa: FBT003 - Django's own signature
        if self.known is not None and chosen:
            options.append(self.create_option(name, self.known.pk, company_label(self.known), True, 1))  # noqa: FBT003 - as above
        return [(None, options, 0)]


class CompanyField(CompanyChoiceField):
    """An organization; the one the row already has is not looked up again."""

    known: Company | None = None

    def __init__(self) -> None:
        widget = CompanySelect(SiteMapping._meta.get_field("company"), admin.site)  # noqa: SLF001 - documented API
        super().__init__(
            Company.objects.filter(is_missing=False), required=False, widget=widget, label="Organization"
        )

    def remember(self, company: Company | None) -> None:
        """Take the row's company."""
        self.known = company
        self.widget.known = company

    def label_from_instance(self, obj: Any) -> str:
        """Return what tells companies of one name apart."""
        return company_label(obj)

    def to_python(self, value: Any) -> Any:
        """Return the company.

        Raises:
            ValidationError: no such company.
        """
        if self.known is not None and str(value) == str(self.known.pk):
            return self.known
        return super().to_python(value)


class SiteMappingForm(forms.ModelForm[SiteMapping]):
    """A mapping; an empty organization takes the decision back."""

    company = CompanyField()

    class Meta:
        model = SiteMapping
        fields = ("company",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["company"]
        if isinstance(field, CompanyField):
            field.remember(self.instance.company if self.instance.pk else None)
        location = self.fields.get("company_location")
        if isinstance(location, forms.ModelChoiceField) and location.queryset is not None:
            location.queryset = location.queryset.filter(company_id=self.instance.company_id)
            location.help_text = (
                "Put on this site's tickets. Save another organization first to see its locations."
            )

    def clean_company(self) -> Company | None:
        """Refuse what the services would refuse, beside the field.

        Raises:
            ValidationError: inactive organization, or a system site.
        """
        company: Company | None = self.cleaned_data["company"]
        if company is None or company.pk == self.instance.company_id:
            return company
        if not company.is_active:
            raise ValidationError(
                f"{company.name} is inactive in Autotask. Activate it there or choose another one."
            )
        if self.instance.site.is_system:
            raise ValidationError("Datto RMM made this site itself; it cannot belong to an organization.")
        return company
