"""What the list of alerts can be narrowed by, besides its own columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from mappings.models import Device, SiteMapping
from tickets.domain.words import describe_cause
from tickets.models import Alert

if TYPE_CHECKING:
    # The theme ships no types; Django's say the same.
    AllValues = admin.AllValuesFieldListFilter
    Text = admin.SimpleListFilter
else:
    from unfold.contrib.filters.admin import AllValuesCheckboxFilter as AllValues
    from unfold.contrib.filters.admin import TextFilter as Text


class CauseFilter(AllValues):
    """Why alerts are where they are, in words; offered are the causes there are."""

    def choices(self, changelist: Any) -> Iterator[Any]:
        """Offer the causes in words."""
        offers: Iterator[Any] = super().choices(changelist)
        for offered in offers:
            form = offered["form"]
            for field in form.fields.values():
                field.choices = [
                    (value, describe_cause(str(value)))
                    for value, _ in field.choices
                    if value not in ("", None)
                ]
            yield offered


class OrganizationFilter(Text):
    """The organization of the ticket; without one, that of the site the alert's device stands in."""

    title = "organization"
    parameter_name = "organization"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer nothing: the name, or a part of it, is typed."""
        return []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Alert]) -> QuerySet[Alert]:
        """Narrow the list."""
        wanted = (self.value() or "").strip()
        if not wanted:
            return queryset
        sites = SiteMapping.objects.filter(company__name__icontains=wanted)
        here = Device.objects.filter(site__in=sites.values("site"), is_deleted=False)
        known = Device.objects.filter(is_deleted=False, site__mapping__isnull=False)
        of_place = Q(datto_device_uid__in=here.values("datto_device_uid")) | (
            Q(datto_site_uid__in=sites.values("site__datto_site_uid"))
            & ~Q(datto_device_uid__in=known.values("datto_device_uid"))
        )
        return queryset.filter(Q(ticket__company__name__icontains=wanted) | Q(of_place, ticket__isnull=True))
