"""Choosing an organization without a query per row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError
from django.urls import reverse
from unfold.widgets import UnfoldAdminSelectWidget

from mappings.admin.choices import OfCompanySelect, choice_label
from mappings.admin.labels import company_label
from mappings.models import Company, CompanyLocation, Contact, Contract, PicklistValue, SiteMapping
from mappings.services.details import MAX_PRIORITY_STEPS, Details, find_objections

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


def steps_in_words(steps: int) -> str:
    """Return a priority offset as a person reads it."""
    if not steps:
        return "As Datto RMM says"
    count = abs(steps)
    return f"{count} step{'s' if count > 1 else ''} {'more' if steps > 0 else 'less'} urgent"


_OF_COMPANY: dict[str, tuple[Any, str, str]] = {
    "company_location": (CompanyLocation, "Location", "Put on the tickets of this site."),
    "default_contact": (
        Contact,
        "Default contact",
        "Put on the site's tickets when nothing better is known.",
    ),
    "default_contract": (
        Contract,
        "Default contract",
        "Put on the site's tickets, and proposed for its devices.",
    ),
}


class SiteMappingPageForm(SiteMappingForm):
    """A mapping with everything that hangs on it."""

    company_location: Any = forms.ModelChoiceField(CompanyLocation.objects.none(), required=False)
    default_contact: Any = forms.ModelChoiceField(Contact.objects.none(), required=False)
    default_contract: Any = forms.ModelChoiceField(Contract.objects.none(), required=False)
    queue: Any = forms.ModelChoiceField(
        PicklistValue.objects.none(),
        required=False,
        empty_label="As the ticket defaults say",
        widget=UnfoldAdminSelectWidget,
        help_text="Overrides the queue of the ticket defaults for this site.",
    )
    priority_offset: Any = forms.TypedChoiceField(
        choices=[(n, steps_in_words(n)) for n in range(MAX_PRIORITY_STEPS, -MAX_PRIORITY_STEPS - 1, -1)],
        coerce=int,
        widget=UnfoldAdminSelectWidget,
        label="Urgency of alerts",
        help_text="Shifts the alert's priority along Critical, High, Moderate, Low, Information before the ticket "
        "defaults are asked.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        company_pk = self.instance.company_id
        for name, (model, label, help_text) in _OF_COMPANY.items():
            field: Any = self.fields.get(name)
            if field is None:
                continue
            # Not narrowed to the organization: what belongs to another one is refused with words, beside the field.
            field.queryset = model.objects.select_related("company")
            field.label, field.label_from_instance = label, choice_label
            field.help_text = f"{help_text} Save another organization first to see what it has."
            field.widget = OfCompanySelect(name)
            field.widget.choices = field.choices
            field.widget.company_pk = company_pk
            field.widget.is_required = False
        queue: Any = self.fields.get("queue")
        if queue is not None:
            active = PicklistValue.objects.filter(entity="Tickets", field="queueID", is_active=True)
            present = PicklistValue.objects.filter(pk=self.instance.queue_id or 0)
            queue.queryset = (active | present).order_by("sort_order", "label")

    def details(self) -> Details:
        """Return the settings the person asks for; valid forms only."""
        return Details(**{name: self.cleaned_data[name] for name in Details.__dataclass_fields__})

    def clean(self) -> dict[str, Any] | None:
        """Refuse, beside the field, what the service would refuse."""
        cleaned = super().clean()
        if self.errors or cleaned is None or self.cleaned_data.get("company") != self.instance.company:
            # With another organization these choices are dropped; they were made for the old one.
            return cleaned
        for name, text in find_objections(self.instance, self.details()).items():
            self.add_error(name, text)
        return cleaned
