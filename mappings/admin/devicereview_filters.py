"""What the review queue can be narrowed by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from integration.ids import read_id
from mappings.models import Company, Contract, ContractService, DeviceReview
from mappings.services.devices.reviews import IN_QUEUE

if TYPE_CHECKING:
    # The theme ships no types; Django's say the same.
    Dropdown = admin.SimpleListFilter
else:
    from unfold.contrib.filters.admin import DropdownFilter as Dropdown

State = DeviceReview.State
EVERYTHING = "all"
_ITEM = "device__link__configuration_item"


class StateFilter(Dropdown):
    """Those that wait are what people come for."""

    title = "state"
    parameter_name = "state"
    all_option = ("", "To review")

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer the others."""
        states = [(state.value, str(state.label)) for state in State if state != State.OPEN]
        return [*states, (EVERYTHING, "All")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[DeviceReview]) -> QuerySet[DeviceReview]:
        """Show what waits unless something else is asked for."""
        if self.value() == EVERYTHING:
            return queryset
        return queryset.filter(state=self.value() or State.OPEN)


class ProposalFilter(Dropdown):
    """With or without something to accept."""

    title = "proposal"
    parameter_name = "proposal"
    all_option = ("", "All")

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer both."""
        return [("yes", "With a proposal"), ("no", "Without a proposal")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[DeviceReview]) -> QuerySet[DeviceReview]:
        """Narrow the list."""
        if self.value() == "yes":
            return queryset.exclude(proposed_outcome="")
        return queryset.filter(proposed_outcome="") if self.value() == "no" else queryset


class OrganizationFilter(Dropdown):
    """One organization; those with devices in the queue are offered."""

    title = "organization"
    parameter_name = "company"
    all_option = ("", "All")

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer those with waiting devices, and the one chosen."""
        rows = (
            DeviceReview.objects.filter(state__in=IN_QUEUE, device__is_deleted=False)
            .order_by(f"{_ITEM}__company__name")
            .values_list(f"{_ITEM}__company", f"{_ITEM}__company__name")
            .annotate(n=Count("pk"))
        )
        found = [(str(pk), f"{name} ({count})") for pk, name, count in rows if pk is not None]
        chosen = read_id(request.GET.get("company"))
        if chosen is not None and str(chosen) not in dict(found):
            name = Company.objects.filter(pk=chosen).values_list("name", flat=True).first()
            found += [(str(chosen), name)] if name else []
        return found

    def queryset(self, request: HttpRequest, queryset: QuerySet[DeviceReview]) -> QuerySet[DeviceReview]:
        """Narrow the list."""
        chosen = read_id(self.value())
        return queryset if chosen is None else queryset.filter(**{f"{_ITEM}__company": chosen})


class _Shown(Dropdown):
    """A filter that other pages link to; it is there only while it is used."""

    all_option = ("", "All")

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer what is chosen."""
        chosen = read_id(request.GET.get(str(self.parameter_name)))
        name = self.name_of(chosen) if chosen is not None else ""
        return [(str(chosen), name)] if name else []

    def name_of(self, pk: int) -> str:
        """Return what a row is called, "" when there is none."""
        raise NotImplementedError


class ServiceFilter(_Shown):
    """The devices on one service of a contract in Autotask."""

    title = "service"
    parameter_name = "service"

    def name_of(self, pk: int) -> str:
        """Return the service's name."""
        found = ContractService.objects.filter(pk=pk).first()
        return str(found) if found is not None else ""

    def queryset(self, request: HttpRequest, queryset: QuerySet[DeviceReview]) -> QuerySet[DeviceReview]:
        """Narrow the list."""
        pk = read_id(self.value())
        service = ContractService.objects.filter(pk=pk).first() if pk is not None else None
        if service is None:
            return queryset
        field = "bundle_id" if service.kind == "bundle" else "id"
        name = f"{_ITEM}__autotask_contract_service_{field}"
        return queryset.filter(**{name: service.autotask_contract_service_id})


class ContractFilter(Dropdown):
    """The devices of an organization on its running contracts, or on none of them."""

    title = "contract"
    parameter_name = "on_contract"
    all_option = ("", "All")

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer both."""
        return [("yes", "On a contract"), ("no", "On no running contract")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[DeviceReview]) -> QuerySet[DeviceReview]:
        """Narrow the list."""
        if self.value() not in {"yes", "no"}:
            return queryset
        today = timezone.localdate()
        running = Contract.objects.filter(
            Q(start_date__isnull=True) | Q(start_date__lte=today),
            Q(end_date__isnull=True) | Q(end_date__gte=today),
            is_active=True,
            is_missing=False,
        )
        fits = Q(**{f"{_ITEM}__autotask_contract_id__in": running.values("autotask_contract_id")})
        return queryset.filter(fits) if self.value() == "yes" else queryset.exclude(fits)
