"""What the list of devices can be narrowed by, and how it is searched."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Concat
from django.http import HttpRequest
from django.utils import timezone

from integration.ids import read_id
from mappings.models import Device, DeviceAudit, DeviceKey, DeviceTypeRule, IdentityKind
from mappings.services.devices import segments
from mappings.services.devices.dashboard import words_of
from mappings.services.devices.segments import NOTHING, OPEN_FACETS, Facet
from mappings.services.devices.types import list_kinds_of

if TYPE_CHECKING:
    # The theme ships no types; Django's say the same.
    Dropdown = admin.SimpleListFilter
else:
    from unfold.contrib.filters.admin import DropdownFilter as Dropdown

_MAC_CHARACTERS = re.compile(r"[0-9a-f]{4,12}", re.IGNORECASE)
_KEPT = "_device_filter_values"


class PresenceFilter(Dropdown):
    """Deleted devices are kept, but are not what people look for."""

    title = "presence"
    parameter_name = "presence"
    all_option = ("", "In Datto RMM")

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer the others."""
        return [("deleted", "Deleted in Datto RMM"), ("all", "Both")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Device]) -> QuerySet[Device]:
        """Leave deleted ones out unless they are asked for."""
        if self.value() == "all":
            return queryset
        return queryset.filter(is_deleted=self.value() == "deleted")


class FacetFilter(Dropdown):
    """One facet of `segments` as a filter of the list."""

    facet: Facet
    all_option = ("", "All")

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer the facet's values; open ones as the devices hold them."""
        if self.facet.options:
            return list(self.facet.options)
        held = _held_values(request)[self.facet.name]
        plain = self.facet in {segments.CLASS, segments.CATEGORY}
        return [
            (value or NOTHING, (value if plain and value else words_of(value))) for value in sorted(held)
        ] or [(NOTHING, words_of(""))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Device]) -> QuerySet[Device]:
        """Narrow the list.

        Raises:
            IncorrectLookupParameters: a value that no option has.
        """
        value = self.value()
        if not value:
            return queryset
        try:
            return queryset.filter(self.facet.where(value, timezone.now()))
        except ValueError as error:
            raise IncorrectLookupParameters(f"{self.parameter_name}: {error}") from None


class RuleFilter(Dropdown):
    """Devices that fall on one device type rule; offered only when the list of rules links here."""

    title = "device type rule"
    parameter_name = "rule"
    all_option = ("", "All")

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer the rule that was asked for."""
        wanted = request.GET.get("rule", "")
        rule = DeviceTypeRule.objects.filter(pk=read_id(wanted) or 0).first() if wanted else None
        return [(wanted, str(rule))] if rule is not None else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Device]) -> QuerySet[Device]:
        """Narrow the list to the kinds of devices the rule takes."""
        value = read_id(self.value())
        if value is None:
            return queryset
        between = Value("\x1f")
        kinds = ["\x1f".join(kind) for kind in list_kinds_of(value)]
        key = Concat("category", between, "device_type", between, "device_class")
        return queryset.alias(kind_key=key).filter(kind_key__in=kinds)


def _held_values(request: HttpRequest) -> dict[str, set[str]]:
    """Return the values of all open facets: one query per request, not one per filter."""
    held: dict[str, set[str]] | None = getattr(request, _KEPT, None)
    if held is None:
        fields = [facet.field for facet in OPEN_FACETS]
        rows = Device.objects.order_by().values_list(*fields).distinct()
        columns = list(zip(*rows, strict=True)) or [() for _ in OPEN_FACETS]
        held = {facet.name: set(column) for facet, column in zip(OPEN_FACETS, columns, strict=True)}
        setattr(request, _KEPT, held)
    return held


def facet_filter(facet: Facet) -> type[FacetFilter]:
    """Return the filter of a facet."""
    return type(
        f"{facet.name.capitalize()}Filter",
        (FacetFilter,),
        {"facet": facet, "title": facet.title, "parameter_name": facet.name},
    )


def search_devices(queryset: QuerySet[Device], text: str) -> QuerySet[Device]:
    """Keep devices that every word of the text fits.

    A word fits a part of the host name, description, last user or serial number, the beginning of an IP or MAC
    address, or the whole device uid. Subqueries instead of joins: no row comes twice.
    """
    for word in text.split():
        fits = (
            Q(hostname__icontains=word)
            | Q(description__icontains=word)
            | Q(last_user__icontains=word)
            | Q(internal_ip__startswith=word)
            | Q(external_ip__startswith=word)
            | Q(datto_device_uid=word.lower())
            | Q(pk__in=DeviceAudit.objects.filter(serial_number__icontains=word).values("device_id"))
        )
        mac = re.sub(r"[:.\-]", "", word)
        if _MAC_CHARACTERS.fullmatch(mac):
            keys = DeviceKey.objects.filter(kind=IdentityKind.MAC, value__istartswith=mac)
            fits |= Q(pk__in=keys.values("device_id"))
        queryset = queryset.filter(fits)
    return queryset
