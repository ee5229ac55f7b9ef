"""What stands around the list of mappings: bulk buttons, undo, export and import."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from integration.csv_files import csv_answer
from mappings.admin.choices import choices_view
from mappings.admin.common import ThemedAdmin
from mappings.admin.creations import create_company_view
from mappings.models import Company, SiteMapping, SiteMappingChange
from mappings.selectors import UNDECIDED_STATES, count_mappings_by_state
from mappings.services.catch_all import find_catch_all
from mappings.services.decisions import DecisionOutcome, accept_exact, accept_native, find_last_batch, undo
from mappings.services.moves import count_tickets_elsewhere, move_open_tickets, sites_of_batch
from mappings.services.transfer import BadFile, apply_import, decode_file, export_rows, plan_import
from mappings.services.transfer_details import RELATED

State = SiteMapping.State
LIST = "admin:mappings_sitemapping_changelist"
_LARGEST_FILE = 4 * 1024 * 1024


def say(model_admin: Any, request: HttpRequest, what: str, outcome: DecisionOutcome) -> None:
    """Tell a person what a decision did and what it left alone."""
    left = "; ".join(f"{count} left alone: {reason}" for reason, count in outcome.skipped.items())
    if outcome.changed:
        noun = "site" if outcome.changed == 1 else "sites"
        text = f"{outcome.changed} {noun} {what}." + (f" {left}." if left else "") + " Undo takes it back."
        model_admin.message_user(request, text, messages.SUCCESS)
    else:
        model_admin.message_user(
            request,
            f"Nothing changed. {left}." if left else "Nothing changed: nothing fits.",
            messages.WARNING,
        )


def batch_of(request: HttpRequest) -> uuid.UUID:
    """Return the batch under which everything this request decides is kept and undone."""
    batch: uuid.UUID | None = getattr(request, "mapping_batch", None)
    if batch is None:
        batch = uuid.uuid4()
        request.mapping_batch = batch  # type: ignore[attr-defined]
    return batch


def move_page(batch: uuid.UUID | None) -> str:
    """Return the address that asks about open tickets, "" when none stands under another organization."""
    if batch is None or not count_tickets_elsewhere(sites_of_batch(batch)):
        return ""
    return reverse("admin:mappings_sitemapping_move_tickets", args=[batch])


class SiteMappingPages(ThemedAdmin):
    """The pages around the list."""

    change_list_template = "mappings/change_list.html"
    change_form_outer_before_template = "mappings/mapping_links.html"
    list_before_template = "mappings/site_mapping_bar.html"
    show_full_result_count = False
    list_per_page = 50

    def get_urls(self) -> list[URLPattern]:
        """Add the pages."""
        pages = (
            ("accept-native", self.accept_native_view),
            ("accept-exact", self.accept_exact_view),
            ("undo", self.undo_view),
            ("export", self.export_view),
            ("import", self.import_view),
        )
        ours = [
            path(
                f"{name}/",
                self.admin_site.admin_view(view),
                name=f"mappings_sitemapping_{name.replace('-', '_')}",
            )
            for name, view in pages
        ]
        ours += [
            path(
                "move-tickets/<uuid:batch>/",
                self.admin_site.admin_view(self.move_tickets_view),
                name="mappings_sitemapping_move_tickets",
            ),
            path(
                "<int:mapping_id>/create-organization/",
                self.admin_site.admin_view(create_company_view),
                name="mappings_sitemapping_create_company",
            ),
            path(
                "choices/<str:field>/",
                self.admin_site.admin_view(choices_view),
                name="mappings_sitemapping_choices",
            ),
        ]
        return [*ours, *super().get_urls()]

    @staticmethod
    def person(request: HttpRequest) -> User | None:
        """Return who is signed in."""
        return request.user if isinstance(request.user, User) else None

    @staticmethod
    def refuse() -> HttpResponse:
        """Refuse a person without the permission.

        Raises:
            PermissionDenied: always.
        """
        raise PermissionDenied

    @staticmethod
    def find_mapping(text: str) -> SiteMapping | None:
        """Return the mapping with this id as text."""
        if not (text.isascii() and text.isdigit()):
            return None
        return SiteMapping.objects.select_related("site", "company").filter(pk=int(text)).first()

    @staticmethod
    def find_company(text: str) -> Company | None:
        """Return the company with this Autotask id as text."""
        if not (text.isascii() and text.isdigit()):
            return None
        return Company.objects.filter(autotask_company_id=int(text)).first()

    @staticmethod
    def ask_about_tickets(request: HttpRequest, batch: uuid.UUID | None) -> HttpResponse | None:
        """Return the way to the page that asks about open tickets; None when there is nothing to ask."""
        address = move_page(batch) if request.method == "POST" else ""
        return HttpResponseRedirect(address) if address else None

    def move_tickets_view(self, request: HttpRequest, batch: uuid.UUID) -> HttpResponse:
        """Ask what becomes of open tickets of sites that have another organization now."""
        if not self.has_change_permission(request):
            return self.refuse()
        if request.method == "POST":
            count = move_open_tickets(batch, self.person(request))
            noun = "ticket is" if count == 1 else "tickets are"
            self.message_user(
                request,
                f"{count} open {noun} being moved; each tells it on its timeline."
                if count
                else "No open ticket has to be moved any more.",
                messages.SUCCESS,
            )
            return HttpResponseRedirect(reverse(LIST))
        counts = count_tickets_elsewhere(sites_of_batch(batch))
        rows = SiteMapping.objects.select_related("site", "company").filter(
            site__datto_site_uid__in=list(counts)
        )
        context = {
            **self.admin_site.each_context(request),
            "title": "Open tickets of these sites",
            "opts": self.model._meta,  # noqa: SLF001 - documented API
            "list_url": reverse(LIST),
            "rows": [(row, counts[row.site.datto_site_uid]) for row in rows.order_by("site__name")],
            "total": sum(counts.values()),
        }
        return TemplateResponse(request, "mappings/move_tickets.html", context)

    def summary(self, request: HttpRequest) -> dict[str, Any]:
        """Return what the bar above the list shows."""
        counts = count_mappings_by_state()
        active = request.GET.get("state", "")
        pills = [
            ("", "All", sum(counts.values())),
            ("to_decide", "To decide", sum(counts[state] for state in UNDECIDED_STATES)),
            *((state.value, str(state.label), counts[state.value]) for state in State),
        ]
        proposed = SiteMapping.objects.filter(
            state=State.PROPOSED, company__is_active=True, company__is_missing=False
        )
        sources = list(proposed.order_by().values_list("source", flat=True))
        return {
            "is_table_empty": not sum(counts.values()),
            "mapping_pills": [
                {"value": value, "title": title, "count": count, "is_active": value == active}
                for value, title, count in pills
                if count or value in {"", active}
            ],
            "native_count": sources.count(SiteMapping.Source.NATIVE),
            "exact_count": sources.count(SiteMapping.Source.EXACT),
            "catch_all": find_catch_all(),
            "last_change": find_last_batch(self.person(request)),
            "can_change_mappings": self.has_change_permission(request),
        }

    def accept_native_view(self, request: HttpRequest) -> HttpResponse:
        """Confirm everything linked in Datto RMM."""
        return self._decide(request, "confirmed", accept_native)

    def accept_exact_view(self, request: HttpRequest) -> HttpResponse:
        """Confirm everything with the very same name."""
        return self._decide(request, "confirmed", accept_exact)

    def undo_view(self, request: HttpRequest) -> HttpResponse:
        """Take back this person's last change."""

        def undo_last(user: User | None) -> DecisionOutcome:
            change: SiteMappingChange | None = find_last_batch(user)
            return undo(change.batch, user) if change else DecisionOutcome()

        return self._decide(request, "as before", undo_last)

    def _decide(self, request: HttpRequest, what: str, decide: Any) -> HttpResponse:
        if request.method != "POST" or not self.has_change_permission(request):
            return self.refuse()
        outcome = decide(self.person(request))
        say(self, request, what, outcome)
        return self.ask_about_tickets(request, outcome.batch) or HttpResponseRedirect(reverse(LIST))

    def export_view(self, request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
        """Send all mappings as CSV."""
        if not self.has_view_permission(request):
            return self.refuse()
        rows = SiteMapping.objects.select_related("site", "company", *RELATED).order_by("site__name", "pk")
        return csv_answer("site-mappings", export_rows(rows.iterator()))

    def import_view(self, request: HttpRequest) -> HttpResponse:
        """Take a CSV file: show what it would change, then apply it."""
        if not self.has_change_permission(request):
            return self.refuse()
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": "Import mappings",
            "opts": self.model._meta,  # noqa: SLF001 - documented API
            "list_url": reverse(LIST),
            "export_url": reverse("admin:mappings_sitemapping_export"),
        }
        if request.method == "POST":
            try:
                if "apply" in request.POST:
                    return self._apply(request, context)
                text = self._uploaded_text(request)
                context |= {"plan": plan_import(text), "text": text}
            except BadFile as error:
                context["problem"] = str(error)
        return TemplateResponse(request, "mappings/site_mapping_import.html", context)

    def _uploaded_text(self, request: HttpRequest) -> str:
        file = request.FILES.get("file")
        if file is None or not hasattr(file, "read"):
            raise BadFile("File: none was chosen. Choose a CSV file.")
        if (file.size or 0) > _LARGEST_FILE:
            raise BadFile("File: it is larger than 4 MB. Split it; rows that are left out stay as they are.")
        return decode_file(file.read())

    def _apply(self, request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
        outcome = apply_import(request.POST.get("text", ""), self.person(request))
        self.message_user(
            request,
            f"{outcome.changed} sites changed from the file; every other row stays as it was. Undo takes it back.",
            messages.SUCCESS if outcome.changed else messages.WARNING,
        )
        if outcome.errors:
            context["left_out"] = outcome.errors
            return TemplateResponse(request, "mappings/site_mapping_import.html", context)
        return self.ask_about_tickets(request, outcome.batch) or HttpResponseRedirect(reverse(LIST))
