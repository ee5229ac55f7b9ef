"""Devices > Reconciliation: what is there, what is on contracts and what is billed, by organization."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.http import urlencode

from integration.csv_files import csv_answer
from integration.ids import read_id
from integration.sync.kinds import get_kind
from integration.tasks import execute_run
from integration.views.pages import send
from mappings.admin.common import MirrorAdmin
from mappings.domain.devices.reconciling import CompanyLine, total
from mappings.models import Company, ContractUnits
from mappings.services.devices.reconciliation import export_rows, reconcile
from mappings.services.devices.review_facts import get_policy
from mappings.services.devices.unit_adjustments import UnitsRefused, list_unit_changes, queue_unit_changes

PERMISSION = "mappings.change_contractunits"
_PER_PAGE = 50


@admin.register(ContractUnits)
class ReconciliationAdmin(MirrorAdmin):
    """The page, its export, and the writing of units. Units alone, one period below the other, interest nobody."""

    def get_urls(self) -> list[URLPattern]:
        """Add the pages."""
        wrap = self.admin_site.admin_view
        return [
            path("export/", wrap(self.export_view), name="mappings_contractunits_export"),
            path("write/<int:company_id>/", wrap(self.write_view), name="mappings_contractunits_write"),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the organizations with totals over all that fit the filters."""
        lines = self._lines(request)
        page = Paginator(lines, _PER_PAGE).get_page(request.GET.get("p"))
        query, only = request.GET.get("q", ""), request.GET.get("only") == "1"
        kept = {name: value for name, value in (("q", query), ("only", "1" if only else "")) if value}
        context = {
            **self.admin_site.each_context(request),
            "title": "Reconciliation",
            "page": page,
            "totals": total(lines),
            "query": query,
            "only": only,
            "kept": urlencode(kept),
            "today": timezone.localdate(),
            "has_any": bool(lines) or bool(kept),
            "may_write": self._may_write(request),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "mappings/reconciliation.html", context)

    def export_view(self, request: HttpRequest) -> StreamingHttpResponse:
        """Send the organizations that fit the filters as CSV."""
        return csv_answer("reconciliation", export_rows(self._lines(request)))

    def write_view(self, request: HttpRequest, company_id: int) -> HttpResponse:
        """Show which units would be written for one organization, and write them once confirmed."""
        company = get_object_or_404(Company, pk=company_id)
        if not self._may_write(request):
            raise PermissionDenied
        if request.method == "POST":
            user: Any = request.user
            try:
                run = queue_unit_changes(company, _seen(request), user)
            except UnitsRefused as refusal:
                self.message_user(request, str(refusal), messages.ERROR)
                return HttpResponseRedirect(request.path)
            queue = get_kind(run.kind).queue
            transaction.on_commit(partial(send, request, execute_run, queue=queue, args=(run.pk,)))
            return HttpResponseRedirect(reverse("admin:integration_syncrun_change", args=[run.pk]))
        lines = reconcile(timezone.localdate(), company_pk=company.pk)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Units of {company.name}",
            "company": company,
            "changes": [change for line in lines for change in list_unit_changes(line)],
        }
        return TemplateResponse(request, "mappings/reconciliation_units.html", context)

    def _lines(self, request: HttpRequest) -> list[CompanyLine]:
        if not self.has_view_permission(request):
            raise PermissionDenied
        words = request.GET.get("q", "").casefold().split()
        only = request.GET.get("only") == "1"
        return [
            line
            for line in reconcile(timezone.localdate())
            if all(word in line.name.casefold() for word in words) and (line.is_different or not only)
        ]

    @staticmethod
    def _may_write(request: HttpRequest) -> bool:
        return request.user.has_perm(PERMISSION) and get_policy().adjusts_units


def _seen(request: HttpRequest) -> dict[int, tuple[int, int]]:
    """Return {service: (before, after)} as confirmed; what is no number makes it differ from what is true."""
    seen: dict[int, tuple[int, int]] = {}
    for text in request.POST.getlist("change"):
        match [read_id(part) for part in text.split(":")]:
            case [int(service), int(before), int(after)]:
                seen[service] = (before, after)
    return seen
