"""Sites to organizations: the key screen of the set-up."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.safestring import SafeString
from unfold.views import ChangeList

from mappings import columns
from mappings.admin import policy as _policy  # noqa: F401 - registers the page of the policy
from mappings.admin.common import ReadOnlyInline, action, display, show_time
from mappings.admin.sitemapping_cells import SiteMappingCells
from mappings.admin.sitemapping_pages import SiteMappingPages, batch_of, say
from mappings.admin.widgets import SiteMappingForm, SiteMappingPageForm
from mappings.models import SiteMapping, SiteMappingChange
from mappings.selectors import UNDECIDED_STATES, count_mappings_by_state
from mappings.services.decisions import (
    DecisionOutcome,
    MappingRefused,
    choose_company,
    confirm_mappings,
    ignore,
    reset,
)
from mappings.services.details import Details, set_details

State = SiteMapping.State
TO_DECIDE = "to_decide"


class StateFilter(admin.SimpleListFilter):
    """Filter by state, with counts."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the states there are."""
        counts = count_mappings_by_state()
        waiting = sum(counts[state] for state in UNDECIDED_STATES)
        states = [(state.value, f"{state.label} ({counts[state.value]})") for state in State]
        return [(TO_DECIDE, f"To decide ({waiting})"), *states]

    def queryset(self, request: HttpRequest, queryset: QuerySet[SiteMapping]) -> QuerySet[SiteMapping]:
        """Narrow the list."""
        if self.value() == TO_DECIDE:
            return queryset.filter(state__in=UNDECIDED_STATES)
        return queryset.filter(state=self.value()) if self.value() else queryset


class MappingList(ChangeList):  # type: ignore[misc]  # the theme ships no types
    """The list, with open alerts counted for the page in one query."""

    def get_results(self, request: HttpRequest) -> None:
        """Load the page."""
        super().get_results(request)
        rows = list(self.result_list)
        counts = columns.count_open_alerts([row.site.datto_site_uid for row in rows])
        for row in rows:
            row.open_alerts = counts.get(row.site.datto_site_uid, 0)


class Changes(ReadOnlyInline):
    """What happened to a mapping."""

    model = SiteMappingChange
    verbose_name_plural = "history"
    fields = ("when", "user", "reason", "what")
    readonly_fields = fields
    ordering = ("-id",)
    per_page = 20
    show_change_link = False

    @display(description="When")
    def when(self, change: SiteMappingChange) -> SafeString | str:
        """Show the time."""
        return show_time(change.created_at)

    @display(description="State")
    def what(self, change: SiteMappingChange) -> str:
        """Show before and after."""
        old, new = (State(one["state"]).label for one in (change.before, change.after))
        undone = ", undone later" if change.undone_at and not change.reason.startswith("Undone") else ""
        return f"{old} → {new}{undone}" if old != new else f"{new}{undone}"


@admin.register(SiteMapping)
class SiteMappingAdmin(SiteMappingCells, SiteMappingPages):
    """Sites to organizations."""

    empty_text = (
        "No sites yet. They are read from Datto RMM by the sync 'Sites'; each one appears here with the "
        "organization it most likely belongs to, ready to be accepted."
    )
    form = SiteMappingForm
    list_display = (
        "show_site",
        "devices",
        "show_open_alerts",
        "show_state",
        "company",
        "why",
        "decide",
    )
    list_display_links = None
    list_editable = ("company",)
    list_select_related = ("site", "company")
    list_filter: ClassVar[list[Any]] = [StateFilter, "source", "tickets_enabled", "site__is_on_demand"]
    list_filter_submit = True
    search_fields = ("site__name", "company__name", "=site__datto_site_uid")
    search_help_text = "Site or organization"
    ordering = ("site__name", "pk")
    actions = ("accept_selected", "ignore_selected", "reset_selected")
    readonly_fields = ("show_site", "show_state", "score", "reason", "decided")
    fields = (
        "show_site",
        "show_state",
        "company",
        "company_location",
        "default_contact",
        "default_contract",
        "queue",
        "priority_offset",
        "tickets_enabled",
        "devices_enabled",
        "note",
        "score",
        "reason",
        "decided",
    )
    inlines: ClassVar[list[Any]] = [Changes]

    class Media:
        js = ("bridge/mapping.js",)
        css: ClassVar[dict[str, list[str]]] = {"all": ["bridge/mapping.css"]}

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        """Show open alerts when somebody counts them."""
        hidden = set() if columns.has_open_alerts() else {"show_open_alerts"}
        return tuple(name for name in self.list_display if name not in hidden)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Use the list that counts alerts."""
        return MappingList

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> Any:
        """Edit rows with the form that needs no query per row."""
        return super().get_changelist_form(request, form=SiteMappingForm, **kwargs)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Every site has its row already."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Every site keeps its row."""
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Take the buttons inside rows, then show the list."""
        for name, decide in (("_accept", self._accept_row), ("_choose", self._choose_row)):
            if request.method == "POST" and name in request.POST:
                if not self.has_change_permission(request):
                    return self.refuse()
                outcome = decide(request, request.POST[name])
                asked = self.ask_about_tickets(request, outcome.batch)
                return asked or HttpResponseRedirect(request.get_full_path())
        answer: HttpResponse = super().changelist_view(
            request, {**self.summary(request), **(extra_context or {})}
        )
        if request.method == "POST" and answer.status_code == HTTPStatus.FOUND:
            return self.ask_about_tickets(request, batch_of(request)) or answer
        return answer

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002 - Django's own signature
        """Edit one mapping with everything that hangs on it."""
        return super().get_form(request, obj, change, form=SiteMappingPageForm, **kwargs)

    def save_model(self, request: HttpRequest, obj: SiteMapping, form: Any, change: Any) -> None:
        """Let the services decide; the form's values are only wishes."""
        user, batch = self.person(request), batch_of(request)
        stored = SiteMapping.objects.select_related("site", "company").get(pk=obj.pk)
        try:
            if "company" in form.changed_data:
                company = form.cleaned_data["company"]
                if company is None:
                    reset([stored.pk], user, batch=batch)
                else:
                    choose_company(stored, company, user, batch=batch)
                stored = SiteMapping.objects.select_related("site", "company").get(pk=obj.pk)
            if isinstance(form, SiteMappingPageForm):
                set_details(stored, user, _fitting(form.details(), stored), batch=batch)
        except MappingRefused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)

    def response_change(self, request: HttpRequest, obj: SiteMapping) -> HttpResponse:
        """Ask about open tickets where the site has another organization now."""
        return self.ask_about_tickets(request, batch_of(request)) or super().response_change(request, obj)

    @action(description="Accept the proposals", permissions=["change"])
    def accept_selected(self, request: HttpRequest, queryset: QuerySet[SiteMapping]) -> HttpResponse | None:
        """Confirm the ticked rows."""
        outcome = confirm_mappings(_ids(queryset), self.person(request))
        say(self, request, "confirmed", outcome)
        return self.ask_about_tickets(request, outcome.batch)

    @action(description="Ignore: no tickets for these sites", permissions=["change"])
    def ignore_selected(self, request: HttpRequest, queryset: QuerySet[SiteMapping]) -> None:
        """Ignore the ticked rows."""
        say(self, request, "ignored", ignore(_ids(queryset), self.person(request)))

    @action(description="Take the decision back and propose again", permissions=["change"])
    def reset_selected(self, request: HttpRequest, queryset: QuerySet[SiteMapping]) -> None:
        """Forget the decisions of the ticked rows."""
        say(self, request, "taken back", reset(_ids(queryset), self.person(request)))

    def _accept_row(self, request: HttpRequest, value: str) -> DecisionOutcome:
        ids = [int(value)] if value.isascii() and value.isdigit() else []
        outcome = confirm_mappings(ids, self.person(request))
        say(self, request, "confirmed", outcome)
        return outcome

    def _choose_row(self, request: HttpRequest, value: str) -> DecisionOutcome:
        mapping_id, _, company_id = value.partition(":")
        mapping = self.find_mapping(mapping_id)
        company = self.find_company(company_id)
        if mapping is None or company is None:
            self.message_user(request, "That row is not there any more. Load the page again.", messages.ERROR)
            return DecisionOutcome()
        try:
            outcome = choose_company(mapping, company, self.person(request))
        except MappingRefused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return DecisionOutcome()
        say(self, request, f"mapped to {company.name}", outcome)
        return outcome


def _fitting(details: Details, mapping: SiteMapping) -> Details:
    """Return the details without what belongs to the organization the site had before."""
    return details.changed(
        **{
            name: None
            for name in ("company_location", "default_contact", "default_contract")
            if getattr(details, name) is not None and getattr(details, name).company_id != mapping.company_id
        }
    )


def _ids(queryset: QuerySet[SiteMapping]) -> list[int]:
    return list(queryset.values_list("pk", flat=True))
