"""Pages that ask for a new organization for a site, and for a new site for an organization."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from integration.connections import get_connection
from integration.models import SyncRun
from integration.views.sync_pages import send_run
from mappings.admin.widgets import CompanyField
from mappings.models import Company, SiteMapping
from mappings.selectors import list_picklist_values
from mappings.services.creation import (
    CREATE_COMPANY,
    CREATE_SITE,
    CreationRefused,
    NewCompany,
    ask_for_company,
    ask_for_site,
    list_creations,
)

_CUSTOMER = "customer"


class NewCompanyForm(forms.Form):
    """What an organization is created with."""

    name = forms.CharField(max_length=100)
    phone = forms.CharField(max_length=25, help_text="Autotask asks for one.")
    company_type = forms.TypedChoiceField(label="Type", coerce=int)
    like = CompanyField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        types = list_picklist_values("Companies", "companyType")
        choice: Any = self.fields["company_type"]
        choice.choices = [(one.value, one.label) for one in types]
        customer = next((one.value for one in types if one.label.strip().casefold() == _CUSTOMER), None)
        choice.initial = customer
        like: Any = self.fields["like"]
        like.required, like.label = True, "Account owner as of"
        like.help_text = "Autotask wants an account owner; the new organization gets this one's."
        like.initial = own = Company.objects.filter(autotask_company_id=0).first()
        like.remember(own)


class NewSiteForm(forms.Form):
    """What a site is created with."""

    name = forms.CharField(max_length=100)
    description = forms.CharField(required=False, max_length=255)
    on_demand = forms.BooleanField(required=False, label="On demand site")


def create_company_view(request: HttpRequest, mapping_id: int) -> HttpResponse:
    """Ask for an organization for a site; POST queues it and shows the run."""
    person = _allowed(request)
    mapping = get_object_or_404(SiteMapping.objects.select_related("site", "company"), pk=mapping_id)
    form = NewCompanyForm(request.POST or None, initial={"name": mapping.site.name[:100]})
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        wanted = NewCompany(
            values["name"], values["phone"], values["company_type"], values["like"].autotask_company_id
        )
        answer = _ask(request, form, lambda: ask_for_company(mapping, wanted, person))
        if answer is not None:
            return answer
    return _page(
        request,
        form,
        f"Create an organization for {mapping.site.name}",
        "It is created in Autotask, and the site is mapped to it. Nothing is created twice, however often you press.",
        back=reverse("admin:mappings_sitemapping_change", args=[mapping.pk]),
        earlier=list_creations(CREATE_COMPANY, mapping.site.datto_site_uid),
    )


def create_site_view(request: HttpRequest, company_id: int) -> HttpResponse:
    """Ask for a site for an organization; POST queues it and shows the run."""
    person = _allowed(request)
    company = get_object_or_404(Company, pk=company_id)
    form = NewSiteForm(request.POST or None, initial={"name": company.name})
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        answer = _ask(
            request,
            form,
            lambda: ask_for_site(
                company,
                values["name"],
                person,
                description=values["description"],
                on_demand=values["on_demand"],
            ),
        )
        if answer is not None:
            return answer
    return _page(
        request,
        form,
        f"Create a Datto RMM site for {company.name}",
        "It is created in Datto RMM and mapped to this organization. Nothing is created twice, however often you press.",
        back=reverse("admin:mappings_company_change", args=[company.pk]),
        earlier=list_creations(CREATE_SITE, str(company.autotask_company_id)),
    )


def _allowed(request: HttpRequest) -> User | None:
    if not request.user.has_perm("mappings.change_sitemapping"):
        raise PermissionDenied
    return request.user if isinstance(request.user, User) else None


def _ask(request: HttpRequest, form: forms.Form, ask: Any) -> HttpResponse | None:
    if not get_connection().is_enabled:
        messages.error(
            request, "The integration is not switched on, so nothing can be created. Switch it on here first."
        )
        return redirect("connection")
    run: SyncRun
    try:
        run, is_new = ask()
    except CreationRefused as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        return None
    if not is_new:
        messages.info(request, "This was asked for already; here is how far it is.")
        return redirect("admin:integration_syncrun_change", run.pk)
    return send_run(request, run)


def _page(
    request: HttpRequest, form: forms.Form, title: str, text: str, *, back: str, earlier: list[Any]
) -> HttpResponse:
    context = {
        **admin.site.each_context(request),
        "title": title,
        "form": form,
        "text": text,
        "back_url": back,
        "earlier": earlier,
        "media": form.media + forms.Media(css={"all": ["bridge/mapping.css"]}),
    }
    return TemplateResponse(request, "mappings/create.html", context)
