"""Autotask's reference data, to look at."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.urls import URLPattern, path
from django.utils.safestring import SafeString

from integration.vendors.autotask.links import company_link, contact_link
from mappings.admin.common import (
    MirrorAdmin,
    ReadOnlyInline,
    display,
    inside_link,
    outside_link,
    show_name,
    show_time,
)
from mappings.admin.labels import company_label
from mappings.admin.organization_pages import OrganizationSites
from mappings.models import Company, CompanyLocation, Contact, PicklistValue, WorkType


class CompanyChoices(AutocompleteJsonView):
    """The organizations a person may choose from, with their ids: names are not unique."""

    def get_queryset(self) -> Any:
        """Leave out what Autotask no longer returns."""
        return super().get_queryset().filter(is_missing=False)

    def serialize_result(self, obj: Any, to_field_name: str) -> dict[str, Any]:
        """Return one choice."""
        return {"id": str(getattr(obj, to_field_name)), "text": company_label(obj)}


class CompanyLocations(ReadOnlyInline):
    """The locations of an organization."""

    model = CompanyLocation
    fields = ("name", "is_primary", "is_active")
    readonly_fields = fields


@admin.register(Company)
class CompanyAdmin(OrganizationSites):
    """Organizations."""

    empty_text = (
        "No organizations yet. They are read from Autotask by the sync 'Organizations and pick lists' "
        "once the connection is set up."
    )
    links_to_autotask = True
    list_display = ("show_company", "autotask_company_id", "company_number", "phone", "status", "in_autotask")
    list_filter = ("is_active", "is_missing")
    search_fields = ("name", "company_number", "=autotask_company_id")
    ordering = ("name", "autotask_company_id")
    inlines: ClassVar[list[Any]] = [CompanyLocations]
    fields = (
        "show_company",
        "in_autotask",
        "autotask_company_id",
        "company_number",
        "show_type",
        "phone",
        "web_address",
        "is_active",
        "is_missing",
        "modified",
        "synced",
    )
    readonly_fields = fields

    def get_urls(self) -> list[URLPattern]:
        """Add the list of choices for autocomplete fields."""
        view = self.admin_site.admin_view(CompanyChoices.as_view(admin_site=self.admin_site))
        return [path("choices/", view, name="mappings_company_choices"), *super().get_urls()]

    @display(description="Organization", ordering="name")
    def show_company(self, company: Company) -> SafeString | str:
        """Show the name, struck through when inactive."""
        return show_name(company.name, is_active=company.is_active and not company.is_missing)

    @display(description="State", label={"active": "success", "inactive": "warning", "missing": "danger"})
    def status(self, company: Company) -> str:
        """Show whether it can be used."""
        if company.is_missing:
            return "missing"
        return "active" if company.is_active else "inactive"

    @display(description="Type")
    def show_type(self, company: Any) -> str:
        """Show the company type's label; the theme asks several times for each page."""
        if not hasattr(company, "type_label"):
            of_type = PicklistValue.objects.filter(
                entity="Companies", field="companyType", value=company.company_type
            )
            value = of_type.first() if company.company_type is not None else None
            company.type_label = str(value) if value else "-"
        return str(company.type_label)

    @display(description="In Autotask")
    def in_autotask(self, company: Any) -> SafeString | str:
        """Link to the organization in Autotask."""
        url = company.autotask_web_url
        return outside_link(company_link(url, company.autotask_company_id) if url else "", "Open")

    @display(description="Changed in Autotask", ordering="modified_at")
    def modified(self, company: Company) -> SafeString | str:
        """Show when Autotask changed it."""
        return show_time(company.modified_at)

    @display(description="Changed here", ordering="synced_at")
    def synced(self, company: Company) -> SafeString | str:
        """Show when our copy changed."""
        return show_time(company.synced_at)


class _OfCompany(MirrorAdmin):
    """Rows that belong to an organization."""

    list_select_related = ("company",)

    @display(description="Organization", ordering="company__name")
    def company_name(self, row: CompanyLocation | Contact) -> SafeString:
        """Link to the organization."""
        return inside_link("admin:mappings_company_change", row.company_id, row.company.name)


@admin.register(CompanyLocation)
class CompanyLocationAdmin(_OfCompany):
    """Locations."""

    list_display = ("show_location", "company_name", "is_primary", "is_active")
    list_filter = ("is_active", "is_primary")
    search_fields = ("name", "company__name")
    fields = ("name", "company_name", "autotask_location_id", "is_primary", "is_active")
    readonly_fields = fields

    @display(description="Location", ordering="name")
    def show_location(self, location: CompanyLocation) -> SafeString | str:
        """Show the name, struck through when inactive."""
        return show_name(location.name, is_active=location.is_active)


@admin.register(Contact)
class ContactAdmin(_OfCompany):
    """Contacts."""

    links_to_autotask = True
    list_display = ("show_contact", "email", "company_name", "is_primary", "in_autotask")
    list_filter = ("is_active", "is_primary")
    search_fields = ("last_name", "first_name", "email", "company__name")
    ordering = ("last_name", "first_name")
    fields = (
        "show_contact",
        "email",
        "company_name",
        "autotask_contact_id",
        "is_primary",
        "is_active",
        "in_autotask",
    )
    readonly_fields = fields

    @display(description="Contact", ordering="last_name")
    def show_contact(self, contact: Contact) -> SafeString | str:
        """Show the name, struck through when inactive."""
        return show_name(str(contact), is_active=contact.is_active)

    @display(description="In Autotask")
    def in_autotask(self, contact: Any) -> SafeString | str:
        """Link to the contact in Autotask."""
        url = contact.autotask_web_url
        return outside_link(contact_link(url, contact.autotask_contact_id) if url else "", "Open")


@admin.register(PicklistValue)
class PicklistValueAdmin(MirrorAdmin):
    """Values of Autotask's pick lists."""

    empty_text = "No pick lists yet. They are read from Autotask by the sync 'Organizations and pick lists'."
    list_display = ("show_label", "entity", "field", "value", "parent_value", "is_default", "is_active")
    list_filter = ("entity", "field", "is_active")
    search_fields = ("label",)
    list_per_page = 100
    fields = (
        "show_label",
        "entity",
        "field",
        "value",
        "parent_value",
        "is_default",
        "is_system",
        "is_active",
        "sort_order",
    )
    readonly_fields = fields

    @display(description="Value", ordering="label")
    def show_label(self, value: PicklistValue) -> SafeString | str:
        """Show the label, struck through when inactive."""
        return show_name(value.label, is_active=value.is_active)


@admin.register(WorkType)
class WorkTypeAdmin(MirrorAdmin):
    """Work types."""

    list_display = ("show_work_type", "autotask_billing_code_id", "is_active")
    list_filter = ("is_active",)
    search_fields = ("name",)
    fields = ("show_work_type", "autotask_billing_code_id", "is_active")
    readonly_fields = fields

    @display(description="Work type", ordering="name")
    def show_work_type(self, work_type: WorkType) -> SafeString | str:
        """Show the name, struck through when inactive."""
        return show_name(work_type.name, is_active=work_type.is_active)
