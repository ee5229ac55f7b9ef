"""Sites to organizations: the key screen of the set-up."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.views import ChangeList

from mappings import columns
from mappings.admin.common import ReadOnlyInline, action, display, inside_link, outside_link, show_time
from mappings.admin.sitemapping_pages import SiteMappingPages, say
from mappings.admin.widgets import SiteMappingForm
from mappings.models import SiteMapping, SiteMappingChange
from mappings.selectors import UNDECIDED_STATES, count_mappings_by_state
from mappings.services.decisions import (
    DecisionOutcome,
    MappingRefused,
    choose_company,
    confirm_mappings,
    ignore,
    reset,
    set_details,
)

State = SiteMapping.State
TO_DECIDE = "to_decide"
_LIKELY, _VERY_LIKELY = 88, 95


def score_in_words(mapping: SiteMapping) -> str:
    """Return how sure a proposal is."""
    if mapping.company_id is None:
        return "-"
    if mapping.source in {SiteMapping.Source.NATIVE, SiteMapping.Source.MANUAL, SiteMapping.Source.CSV}:
        return "certain"
    if mapping.source == SiteMapping.Source.EXACT:
        return "nearly certain"
    if mapping.score >= _VERY_LIKELY:
        return "very likely"
    return "likely" if mapping.score >= _LIKELY else "perhaps"


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
class SiteMappingAdmin(SiteMappingPages):
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
        "certainty",
        "why",
        "decide",
    )
    list_display_links = None
    list_editable = ("company",)
    list_select_related = ("site", "company", "company_location")
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
                decide(request, request.POST[name])
                return HttpResponseRedirect(request.get_full_path())
        return super().changelist_view(request, {**self.summary(request), **(extra_context or {})})

    def save_model(self, request: HttpRequest, obj: SiteMapping, form: Any, change: Any) -> None:
        """Let the services decide; the form's values are only wishes."""
        user = self.person(request)
        stored = SiteMapping.objects.select_related("site", "company").get(pk=obj.pk)
        try:
            if "company" in form.changed_data:
                company = form.cleaned_data["company"]
                if company is None:
                    reset([stored.pk], user)
                else:
                    choose_company(stored, company, user)
                stored = SiteMapping.objects.select_related("site", "company").get(pk=obj.pk)
            if "note" in form.fields:
                location = form.cleaned_data["company_location"]
                if location is not None and location.company_id != stored.company_id:
                    location = None  # the old organization's; choose_company has dropped it already
                set_details(
                    stored,
                    user,
                    company_location=location,
                    tickets_enabled=form.cleaned_data["tickets_enabled"],
                    devices_enabled=form.cleaned_data["devices_enabled"],
                    note=form.cleaned_data["note"],
                )
        except MappingRefused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)

    @action(description="Accept the proposals", permissions=["change"])
    def accept_selected(self, request: HttpRequest, queryset: QuerySet[SiteMapping]) -> None:
        """Confirm the ticked rows."""
        say(self, request, "confirmed", confirm_mappings(_ids(queryset), self.person(request)))

    @action(description="Ignore: no tickets for these sites", permissions=["change"])
    def ignore_selected(self, request: HttpRequest, queryset: QuerySet[SiteMapping]) -> None:
        """Ignore the ticked rows."""
        say(self, request, "ignored", ignore(_ids(queryset), self.person(request)))

    @action(description="Take the decision back and propose again", permissions=["change"])
    def reset_selected(self, request: HttpRequest, queryset: QuerySet[SiteMapping]) -> None:
        """Forget the decisions of the ticked rows."""
        say(self, request, "taken back", reset(_ids(queryset), self.person(request)))

    def _accept_row(self, request: HttpRequest, value: str) -> None:
        ids = [int(value)] if value.isascii() and value.isdigit() else []
        say(self, request, "confirmed", confirm_mappings(ids, self.person(request)))

    def _choose_row(self, request: HttpRequest, value: str) -> None:
        mapping_id, _, company_id = value.partition(":")
        mapping = self.find_mapping(mapping_id)
        company = self.find_company(company_id)
        if mapping is None or company is None:
            self.message_user(request, "That row is not there any more. Load the page again.", messages.ERROR)
            return
        outcome: DecisionOutcome
        try:
            outcome = choose_company(mapping, company, self.person(request))
        except MappingRefused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return
        say(self, request, f"mapped to {company.name}", outcome)

    @display(description="Site", ordering="site__name")
    def show_site(self, mapping: SiteMapping) -> SafeString:
        """Link to the mapping, and to the site in Datto RMM."""
        site = mapping.site
        name = inside_link("admin:mappings_sitemapping_change", mapping.pk, site.name)
        portal = outside_link(site.portal_url, "Datto RMM") if site.portal_url else ""
        gone = " · no longer returned by Datto RMM" if site.is_missing else ""
        on_demand = " · on demand" if site.is_on_demand else ""
        return format_html('{}<br><span class="text-xs">{}{}{}</span>', name, portal, on_demand, gone)

    @display(description="Devices", ordering="site__device_count")
    def devices(self, mapping: SiteMapping) -> int:
        """Show the size of the site."""
        return mapping.site.device_count

    @display(description="Open alerts")
    def show_open_alerts(self, mapping: Any) -> int:
        """Show how many alerts wait or are worked on."""
        return int(getattr(mapping, "open_alerts", 0))

    @display(
        description="State",
        ordering="state",
        label={
            State.UNMAPPED.label: "warning",
            State.PROPOSED.label: "info",
            State.CONFIRMED.label: "success",
            State.CONFLICT.label: "danger",
            State.COMPANY_INACTIVE.label: "danger",
            State.COMPANY_MISSING.label: "danger",
            State.RENAMED.label: "warning",
        },
    )
    def show_state(self, mapping: SiteMapping) -> str:
        """Show the state as a coloured label."""
        return str(mapping.get_state_display())

    @display(description="How sure", ordering="score")
    def certainty(self, mapping: SiteMapping) -> str:
        """Show the score in words."""
        return score_in_words(mapping)

    @display(description="Why")
    def why(self, mapping: SiteMapping) -> SafeString:
        """Show the reason."""
        return format_html('<span class="mapping-why">{}</span>', mapping.reason)

    @display(description="Decide")
    def decide(self, mapping: SiteMapping) -> SafeString | str:
        """Offer what one click can do."""
        if mapping.state in {State.PROPOSED, State.RENAMED}:
            return format_html(
                '<button type="submit" class="rb-button" name="_accept" value="{}">Accept</button>',
                mapping.pk,
            )
        if mapping.state in {State.CONFLICT, State.COMPANY_MISSING} and mapping.candidates:
            buttons = format_html_join(
                " ",
                '<button type="submit" class="rb-button" name="_choose" value="{}:{}" title="{}">{} · {}</button>',
                (
                    (mapping.pk, one["company_id"], one["reason"], one["name"], one["company_id"])
                    for one in mapping.candidates
                ),
            )
            return format_html('<span class="mapping-candidates">{}</span>', buttons)
        return ""

    @display(description="Decided")
    def decided(self, mapping: SiteMapping) -> SafeString | str:
        """Show who decided when."""
        if mapping.decided_at is None:
            return "Nobody has decided yet"
        return format_html(
            "{} by {}", show_time(mapping.decided_at), mapping.decided_by or "the command line"
        )


def _ids(queryset: QuerySet[SiteMapping]) -> list[int]:
    return list(queryset.values_list("pk", flat=True))
