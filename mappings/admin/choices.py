"""Autocompletes of the mapping pages: choices narrowed to one organization, and sites to add to one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect, AutocompleteSelectMultiple
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, JsonResponse
from django.urls import reverse
from django.utils.http import urlencode

from integration.ids import read_id
from mappings.models import CompanyLocation, Contact, Contract, SiteMapping

_PAGE_SIZE = 20
#: Nobody turns so many pages; a larger offset would not fit into a query.
_LAST_PAGE = 10_000
State = SiteMapping.State


def _locations(company_pk: int) -> QuerySet[Any]:
    return CompanyLocation.objects.filter(company=company_pk, is_active=True)


def _contacts(company_pk: int) -> QuerySet[Any]:
    return Contact.objects.filter(company=company_pk, is_active=True)


def _contracts(company_pk: int) -> QuerySet[Any]:
    return Contract.objects.filter(company=company_pk, is_active=True, is_missing=False).order_by(
        "name", "pk"
    )


def sites_to_add(company_pk: int) -> QuerySet[SiteMapping]:
    """Return the mappings of sites that may be given to an organization: not its own, not Datto RMM's."""
    return (
        SiteMapping.objects.filter(site__is_system=False, site__is_missing=False)
        .exclude(company=company_pk, state__in=[State.CONFIRMED, State.RENAMED])
        .select_related("site", "company")
        .order_by("site__name", "pk")
    )


#: Field of a mapping -> its choices for an organization, and where a person's words are looked for.
_CHOICES: dict[str, tuple[Callable[[int], QuerySet[Any]], tuple[str, ...]]] = {
    "company_location": (_locations, ("name",)),
    "default_contact": (_contacts, ("first_name", "last_name", "email")),
    "default_contract": (_contracts, ("name", "number")),
    "site": (sites_to_add, ("site__name", "company__name")),
}


def choice_label(row: Any) -> str:
    """Return what tells one choice from another."""
    if isinstance(row, Contact):
        return f"{row} · {row.email}" if row.email and row.email != str(row) else str(row)
    if isinstance(row, SiteMapping):
        state = (
            f"{row.company}, {row.get_state_display().lower()}" if row.company else row.get_state_display()
        )
        return f"{row.site.name} · {state}"
    return str(row)


def choices_view(request: HttpRequest, field: str) -> JsonResponse:
    """Return the choices for `?company=ID&term=words&page=1`, as an autocomplete takes them.

    Raises:
        PermissionDenied: the person may not see mappings.
        Http404: no such field or organization.
    """
    if not request.user.has_perm("mappings.view_sitemapping"):
        raise PermissionDenied
    company = read_id(request.GET.get("company"))
    if field not in _CHOICES or company is None:
        raise Http404
    rows, names = _CHOICES[field]
    found = rows(company)
    for word in request.GET.get("term", "").split():
        wanted = Q()
        for name in names:
            wanted |= Q(**{f"{name}__icontains": word})
        found = found.filter(wanted)
    start = (min(read_id(request.GET.get("page")) or 1, _LAST_PAGE) - 1) * _PAGE_SIZE
    part = list(found[start : start + _PAGE_SIZE + 1])
    return JsonResponse(
        {
            "results": [{"id": str(one.pk), "text": choice_label(one)} for one in part[:_PAGE_SIZE]],
            "pagination": {"more": len(part) > _PAGE_SIZE},
        }
    )


def _address(field: str, company_pk: int | None) -> str:
    return f"{reverse('admin:mappings_sitemapping_choices', args=[field])}?{urlencode({'company': company_pk or 0})}"


class OfCompanySelect(AutocompleteSelect):
    """Chooses something of one organization.

    Attributes:
        company_pk: the organization; without one there are no choices.
    """

    company_pk: int | None = None

    def __init__(self, field: str) -> None:
        self.name_of_field = field
        super().__init__(SiteMapping._meta.get_field(field), admin.site)  # noqa: SLF001 - documented API

    def get_url(self) -> str:
        """Return where the choices come from."""
        return _address(self.name_of_field, self.company_pk)


class SitesSelect(AutocompleteSelectMultiple):
    """Chooses several sites for an organization."""

    company_pk: int | None = None

    def __init__(self) -> None:
        super().__init__(SiteMapping._meta.get_field("site"), admin.site)  # noqa: SLF001 - documented API

    def get_url(self) -> str:
        """Return where the choices come from."""
        return _address("site", self.company_pk)


class AddSitesForm(forms.Form):
    """Sites to give to an organization."""

    sites: ClassVar[Any] = forms.ModelMultipleChoiceField(
        queryset=SiteMapping.objects.none(),
        widget=SitesSelect(),
        label="Add sites",
        error_messages={
            "required": "Choose at least one site.",
            "invalid_choice": "That site cannot be added: it is this organization's already, or gone.",
        },
    )

    def __init__(self, company_pk: int, *args: Any) -> None:
        super().__init__(*args)
        field: Any = self.fields["sites"]
        field.queryset = sites_to_add(company_pk)
        field.label_from_instance = choice_label
        field.widget.company_pk = company_pk
