"""An organization's sites on its own page, and a site's organization on the site's page."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.forms import Media
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse

from integration.ids import read_id
from mappings import columns
from mappings.admin.choices import AddSitesForm
from mappings.admin.common import MirrorAdmin
from mappings.admin.creations import create_site_view
from mappings.admin.sitemapping_pages import move_page
from mappings.admin.widgets import SiteMappingForm
from mappings.models import Company, Device, Site, SiteMapping
from mappings.services.decisions import DecisionOutcome, MappingRefused, choose_company, reset

_MEDIA = Media(css={"all": ["bridge/mapping.css"]})


def _person(request: HttpRequest) -> User | None:
    """Return who is signed in.

    Raises:
        PermissionDenied: not allowed to decide about sites, or not a POST.
    """
    if request.method != "POST" or not request.user.has_perm("mappings.change_sitemapping"):
        raise PermissionDenied
    return request.user if isinstance(request.user, User) else None


def _go(batch: uuid.UUID | None, address: str) -> HttpResponse:
    return HttpResponseRedirect(move_page(batch) or address)


def _open_devices(mappings: list[SiteMapping]) -> dict[int, int]:
    """Return devices that are not deleted by site. One query."""
    rows = Device.objects.filter(is_deleted=False, site__in=[one.site_id for one in mappings]).order_by()
    return dict(rows.values_list("site_id").annotate(n=Count("pk")))


class OrganizationSites(MirrorAdmin):
    """Shows, adds and removes an organization's sites."""

    change_form_outer_before_template = "mappings/company_sites.html"

    @property
    def media(self) -> Media:
        """Bring what the field for sites needs."""
        return super().media + AddSitesForm(0).media + _MEDIA

    def get_urls(self) -> list[URLPattern]:
        """Add the pages."""
        wrap = self.admin_site.admin_view
        return [
            path("<int:company_id>/sites/", wrap(self.sites_view), name="mappings_company_sites"),
            path(
                "<int:company_id>/create-site/", wrap(create_site_view), name="mappings_company_create_site"
            ),
            *super().get_urls(),
        ]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the organization with its sites."""
        company = Company.objects.filter(pk=read_id(object_id) or 0).first()
        context: dict[str, Any] = {}
        if company is not None and request.user.has_perm("mappings.view_sitemapping"):
            mappings = list(
                SiteMapping.objects.filter(company=company)
                .select_related("site")
                .order_by("site__name", "pk")
            )
            alerts = columns.count_open_alerts([one.site.datto_site_uid for one in mappings])
            devices = _open_devices(mappings)
            context = {
                "company": company,
                "shows_sites": True,
                "has_alerts": columns.has_open_alerts(),
                "site_rows": [
                    (one, devices.get(one.site_id, 0), alerts.get(one.site.datto_site_uid, 0))
                    for one in mappings
                ],
                "may_map": request.user.has_perm("mappings.change_sitemapping"),
                "add_form": AddSitesForm(company.pk),
            }
        answer: HttpResponse = super().change_view(
            request, object_id, form_url, {**context, **(extra_context or {})}
        )
        return answer

    def sites_view(self, request: HttpRequest, company_id: int) -> HttpResponse:
        """Add the chosen sites to the organization, or take one away."""
        person = _person(request)
        company = get_object_or_404(Company, pk=company_id)
        address = reverse("admin:mappings_company_change", args=[company.pk])
        removed = request.POST.get("remove", "")
        if removed:
            return self._remove(request, company, removed, person, address)
        form = AddSitesForm(company.pk, request.POST)
        if not form.is_valid():
            for texts in form.errors.values():
                self.message_user(request, " ".join(str(text) for text in texts), messages.ERROR)
            return HttpResponseRedirect(address)
        batch = uuid.uuid4()
        added = 0
        for mapping in form.cleaned_data["sites"]:
            try:
                added += choose_company(mapping, company, person, batch=batch).changed
            except MappingRefused as refusal:
                self.message_user(request, str(refusal), messages.ERROR)
        if added:
            noun = "site belongs" if added == 1 else "sites belong"
            self.message_user(
                request,
                f"{added} {noun} to {company.name} now. Undo it under Sites to organizations.",
                messages.SUCCESS,
            )
        return _go(batch, address)

    def _remove(
        self, request: HttpRequest, company: Company, text: str, person: User | None, address: str
    ) -> HttpResponse:
        mapping = (
            SiteMapping.objects.select_related("site").filter(pk=read_id(text) or 0, company=company).first()
        )
        outcome = reset([mapping.pk], person) if mapping is not None else DecisionOutcome()
        if mapping is not None and outcome.changed:
            self.message_user(
                request,
                f"{mapping.site.name} has no decided organization any more; its alerts wait, or go to the "
                "organization for sites without one. Undo it under Sites to organizations.",
                messages.SUCCESS,
            )
        else:
            self.message_user(
                request, "That site does not belong to this organization any more.", messages.WARNING
            )
        return _go(outcome.batch, address)


class SiteOrganization(MirrorAdmin):
    """Chooses a site's organization on the site's page."""

    change_form_outer_before_template = "mappings/site_organization.html"

    @property
    def media(self) -> Media:
        """Bring what the field for the organization needs."""
        return super().media + SiteMappingForm().media + _MEDIA

    def get_urls(self) -> list[URLPattern]:
        """Add the page."""
        view = self.admin_site.admin_view(self.organization_view)
        return [
            path("<int:site_id>/organization/", view, name="mappings_site_organization"),
            *super().get_urls(),
        ]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the site with its organization."""
        mapping = (
            SiteMapping.objects.select_related("site", "company").filter(site=read_id(object_id) or 0).first()
        )
        context: dict[str, Any] = {}
        if mapping is not None and request.user.has_perm("mappings.view_sitemapping"):
            context = {
                "mapping": mapping,
                "may_map": request.user.has_perm("mappings.change_sitemapping")
                and not mapping.site.is_system,
                "organization_form": SiteMappingForm(instance=mapping),
            }
        answer: HttpResponse = super().change_view(
            request, object_id, form_url, {**context, **(extra_context or {})}
        )
        return answer

    def organization_view(self, request: HttpRequest, site_id: int) -> HttpResponse:
        """Map the site to the chosen organization; an empty choice takes the decision back."""
        person = _person(request)
        site = get_object_or_404(Site, pk=site_id)
        address = reverse("admin:mappings_site_change", args=[site.pk])
        mapping = get_object_or_404(SiteMapping.objects.select_related("site", "company"), site=site)
        form = SiteMappingForm(request.POST, instance=mapping)
        if not form.is_valid():
            for texts in form.errors.values():
                self.message_user(request, " ".join(str(text) for text in texts), messages.ERROR)
            return HttpResponseRedirect(address)
        company: Company | None = form.cleaned_data["company"]
        stored = SiteMapping.objects.select_related("site", "company").get(pk=mapping.pk)
        try:
            outcome = choose_company(stored, company, person) if company else reset([stored.pk], person)
        except MappingRefused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return HttpResponseRedirect(address)
        if outcome.changed:
            text = (
                f"{site.name} belongs to {company.name} now."
                if company
                else f"{site.name} is undecided again."
            )
            self.message_user(request, f"{text} Undo it under Sites to organizations.", messages.SUCCESS)
        else:
            self.message_user(request, "Nothing changed.", messages.WARNING)
        return _go(outcome.batch, address)
