"""Devices > Drift: where both systems differ and a person decides. Its pages are in `driftpages`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from unfold.views import ChangeList

from integration.ids import read_id, read_ids
from integration.models import SyncRun
from integration.vendors.autotask.links import configuration_item_link
from mappings.admin.common import action, autotask_web_url, display, inside_link, outside_link, show_time
from mappings.admin.driftbuttons import BUTTONS, Button, buttons_of
from mappings.admin.driftpages import DriftPages
from mappings.models import Company, DeviceFinding
from mappings.services.devices.drift import busy_runs

if TYPE_CHECKING:
    # The theme ships no types; Django's say the same.
    Dropdown = admin.SimpleListFilter
else:
    from unfold.contrib.filters.admin import DropdownFilter as Dropdown

Kind, State = DeviceFinding.Kind, DeviceFinding.State
EVERYTHING = "all"
_COMPANY_NAME = Coalesce("device__site__mapping__company__name", "configuration_item__company__name")
_COMPANY = Coalesce("device__site__mapping__company", "configuration_item__company")


class StateFilter(Dropdown):
    """Open ones are what people come for."""

    title = "state"
    parameter_name = "state"
    all_option = ("", "Open")

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer the others."""
        return [(one.value, str(one.label)) for one in State if one != State.OPEN] + [(EVERYTHING, "All")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[DeviceFinding]) -> QuerySet[DeviceFinding]:
        """Show open ones unless something else is asked for."""
        if self.value() == EVERYTHING:
            return queryset
        return queryset.filter(state=self.value() or State.OPEN)


class KindFilter(Dropdown):
    """One kind of drift."""

    title = "kind"
    parameter_name = "kind"
    all_option = ("", "All")

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer all kinds."""
        return [(one.value, str(one.label)) for one in Kind]

    def queryset(self, request: HttpRequest, queryset: QuerySet[DeviceFinding]) -> QuerySet[DeviceFinding]:
        """Narrow the list."""
        return queryset.filter(kind=self.value()) if self.value() else queryset


class OrganizationFilter(Dropdown):
    """One organization: that of the device's site, else that of the item."""

    title = "organization"
    parameter_name = "company"
    all_option = ("", "All")

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer those with open drift, and the one chosen."""
        rows = (
            DeviceFinding.objects.filter(state=State.OPEN)
            .order_by()
            .annotate(company=_COMPANY, name=_COMPANY_NAME)
            .exclude(company=None)
            .values_list("company", "name")
            .annotate(n=Count("pk"))
            .order_by("name", "company")
        )
        found = [(str(pk), f"{name} ({count})") for pk, name, count in rows]
        chosen = self._chosen(request.GET.get("company"))
        if chosen is not None and str(chosen) not in dict(found):
            name = Company.objects.filter(pk=chosen).values_list("name", flat=True).first()
            found += [(str(chosen), name)] if name else []
        return found

    def queryset(self, request: HttpRequest, queryset: QuerySet[DeviceFinding]) -> QuerySet[DeviceFinding]:
        """Narrow the list."""
        chosen = self._chosen(self.value())
        return queryset if chosen is None else queryset.alias(company=_COMPANY).filter(company=chosen)

    @staticmethod
    def _chosen(text: str | None) -> int | None:
        return read_id(text)


class DriftList(ChangeList):  # type: ignore[misc]  # the theme ships no types
    """The list; each row knows the filters, the run that is at it, and Autotask's address."""

    result_list: Any

    def get_results(self, request: HttpRequest) -> None:
        """Load the page."""
        super().get_results(request)
        rows: list[Any] = list(self.result_list)
        busy, web_url = busy_runs(rows), autotask_web_url()
        may_decide = self.model_admin.has_change_permission(request)
        for row in rows:
            row.list_filters = request.GET.urlencode()
            row.busy_run = busy.get(row.pk)
            row.autotask_web_url = web_url
            row.may_decide = may_decide
        self.result_list = rows


@admin.register(DeviceFinding)
class DeviceFindingAdmin(DriftPages):
    """The list of drift."""

    change_list_template = "mappings/drift_list.html"
    list_before_template = "mappings/drift_bar.html"
    empty_text = (
        "Both sides agree. Where a device and its configuration item do not fit, it appears here after a device "
        "sync, with what you can do about it."
    )
    list_display = ("show_what", "show_device", "show_item", "show_organization", "show_found", "decide")
    list_display_links = None
    list_select_related = ("device__site__mapping__company", "configuration_item__company", "closed_by")
    list_filter: ClassVar[list[Any]] = [StateFilter, KindFilter, OrganizationFilter]
    list_filter_submit = True
    search_fields = (
        "summary",
        "device__hostname",
        "device__site__name",
        "configuration_item__reference_title",
        "configuration_item__serial_number",
    )
    search_help_text = "Device, site, configuration item, serial number or summary"
    ordering = ("-found_at", "-pk")
    show_full_result_count = False
    list_per_page = 50
    actions = (
        "move_selected",
        "deactivate_selected",
        "end_billing_selected",
        "another_selected",
        "create_selected",
        "reactivate_selected",
        "leave_selected",
        "reopen_selected",
    )

    class Media:
        css: ClassVar[dict[str, tuple[str, ...]]] = {"all": ("mappings/devices.css", "mappings/drift.css")}
        js = ("mappings/drift.js",)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Use the list that knows filters and runs."""
        return DriftList

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Drift is found, not written."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Settled drift stays as history."""
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Take the buttons inside rows, then show the list."""
        if request.method == "POST":
            pressed = next((name for name in BUTTONS if f"_{name}" in request.POST), "")
            if pressed:
                self.require_change(request)
                pk = request.POST[f"_{pressed}"]
                self.take(request, pressed, read_ids([pk]))
                return HttpResponseRedirect(request.get_full_path())
        return super().changelist_view(request, {**self._summary(request), **(extra_context or {})})

    def _summary(self, request: HttpRequest) -> dict[str, Any]:
        open_of: dict[str, int] = {}
        states: dict[str, int] = {}
        rows = DeviceFinding.objects.order_by().values_list("state", "kind").annotate(n=Count("pk"))
        for state, kind, count in rows:
            states[state] = states.get(state, 0) + count
            if state == State.OPEN:
                open_of[kind] = count
        state, kind = request.GET.get("state", ""), request.GET.get("kind", "")
        pills = [
            ({}, "Open", states.get(State.OPEN, 0), not state and not kind),
            *(
                ({"kind": one.value}, str(one.label), open_of[one.value], kind == one.value and not state)
                for one in Kind
                if one.value in open_of
            ),
            *(
                ({"state": one.value}, str(one.label), states[one.value], state == one.value)
                for one in (State.DISMISSED, State.RESOLVED)
                if one.value in states
            ),
        ]
        is_in_step = not states.get(State.OPEN, 0) and not request.GET
        looked = SyncRun.objects.filter(kind="devices", is_whole=True, status=SyncRun.Status.SUCCEEDED)
        return {
            "is_table_empty": False,
            "is_in_step": is_in_step,
            "has_history": bool(states),
            "has_looked": is_in_step and looked.exists(),
            "drift_pills": [
                {"query": urlencode(query), "title": title, "count": count, "is_active": is_active}
                for query, title, count, is_active in pills
            ],
            "may_decide": self.has_change_permission(request),
        }

    @action(description="Move to the organization of the site", permissions=["change"])
    def move_selected(self, request: HttpRequest, queryset: QuerySet[DeviceFinding]) -> None:
        """Approve the ticked moves."""
        self.take(request, "move", _pks(queryset))

    @action(description="Deactivate the configuration items", permissions=["change"])
    def deactivate_selected(self, request: HttpRequest, queryset: QuerySet[DeviceFinding]) -> None:
        """Deactivate the ticked ones."""
        self.take(request, "deactivate", _pks(queryset))

    @action(description="Deactivate and take off the contract", permissions=["change"])
    def end_billing_selected(self, request: HttpRequest, queryset: QuerySet[DeviceFinding]) -> None:
        """Deactivate the ticked ones and end their billing."""
        self.take(request, "end_billing", _pks(queryset))

    @action(description="They are other machines", permissions=["change"])
    def another_selected(self, request: HttpRequest, queryset: QuerySet[DeviceFinding]) -> None:
        """Tell the ticked devices apart from what has their serial number elsewhere."""
        self.take(request, "another", _pks(queryset))

    @action(description="Create new configuration items", permissions=["change"])
    def create_selected(self, request: HttpRequest, queryset: QuerySet[DeviceFinding]) -> None:
        """Create an item for each ticked device."""
        self.take(request, "create", _pks(queryset))

    @action(description="Activate the configuration items again", permissions=["change"])
    def reactivate_selected(self, request: HttpRequest, queryset: QuerySet[DeviceFinding]) -> None:
        """Activate the ticked ones."""
        self.take(request, "reactivate", _pks(queryset))

    @action(description="Leave as it is …", permissions=["change"])
    def leave_selected(self, request: HttpRequest, queryset: QuerySet[DeviceFinding]) -> HttpResponse:
        """Ask why the ticked ones are right as they are."""
        return self.show_leave(request, _pks(queryset), request.GET.urlencode())

    @action(description="Put back into the list", permissions=["change"])
    def reopen_selected(self, request: HttpRequest, queryset: QuerySet[DeviceFinding]) -> None:
        """Open the ticked ones again."""
        self.take(request, "reopen", _pks(queryset))

    @display(description="What", ordering="kind")
    def show_what(self, finding: Any) -> SafeString:
        """Show kind and summary; the kind leads to the drift's page."""
        url = reverse("admin:mappings_devicefinding_change", args=[finding.pk])
        query = f"?{urlencode({'_changelist_filters': finding.list_filters})}" if finding.list_filters else ""
        return format_html(
            '<span class="drift-cell"><a href="{}{}" class="text-primary-700 dark:text-primary-400 rb-strong">{}</a>'
            '<span class="drift-line">{}</span></span>',
            url,
            query,
            finding.get_kind_display(),
            finding.summary,
        )

    @display(description="Device", ordering="device__hostname")
    def show_device(self, finding: DeviceFinding) -> SafeString | str:
        """Link to the device; below it its site."""
        device = finding.device
        if device is None:
            return "none"
        return format_html(
            '<span class="drift-cell">{}<span class="drift-line device-below">{}</span></span>',
            inside_link("admin:mappings_device_change", device.pk, str(device)),
            device.site.name,
        )

    @display(description="Configuration item", ordering="configuration_item__reference_title")
    def show_item(self, finding: Any) -> SafeString | str:
        """Link to the item in Autotask; tell of further ones."""
        item = finding.configuration_item
        if item is None:
            return "none"
        more = len(finding.detail.get("item_pks") or []) - 1
        number, web_url = item.autotask_configuration_item_id, finding.autotask_web_url
        return format_html(
            '<span class="drift-cell">{}<span class="drift-line device-below">{}{}</span></span>',
            outside_link(configuration_item_link(web_url, number) if web_url else "", str(item)),
            number,
            f", and {more} more" if more > 0 else "",
        )

    @display(description="Organization")
    def show_organization(self, finding: DeviceFinding) -> SafeString | str:
        """Show the organization; of a move both."""
        device, item = finding.device, finding.configuration_item
        mapping = getattr(device.site, "mapping", None) if device is not None else None
        now = mapping.company if mapping is not None else None
        held = item.company if item is not None else None
        if now is not None and held is not None and now.pk != held.pk:
            return format_html("{} → {}", held.name, _narrow(now))
        company = now or held
        return _narrow(company) if company is not None else "-"

    @display(description="Found", ordering="found_at")
    def show_found(self, finding: DeviceFinding) -> SafeString | str:
        """Show since when."""
        return show_time(finding.found_at)

    @display(description="Decide")
    def decide(self, finding: Any) -> SafeString | str:
        """Show what makes sense, or what was decided."""
        if finding.state == State.RESOLVED:
            return _ending(finding)
        if finding.busy_run is not None:
            return format_html(
                '<span class="rb-subtle">being done: {}</span>',
                inside_link("admin:integration_syncrun_change", finding.busy_run.pk, str(finding.busy_run)),
            )
        offers = buttons_of(finding) if finding.may_decide else ()
        buttons = format_html_join("", "{}", ((_button(finding, one),) for one in offers))
        shown = format_html('<span class="drift-buttons">{}</span>', buttons)
        return format_html("{}{}", _ending(finding), shown) if finding.state == State.DISMISSED else shown


def _button(finding: Any, button: Button) -> SafeString:
    main = " rb-button-main drift-main" if button.is_main else ""
    if button.is_page:
        url = reverse("admin:mappings_devicefinding_change", args=[finding.pk])
        query = f"?{urlencode({'_changelist_filters': finding.list_filters})}" if finding.list_filters else ""
        return format_html(
            '<a class="rb-button{}" href="{}{}" title="{}">{} …</a>',
            main,
            url,
            query,
            button.does,
            button.label,
        )
    return format_html(
        '<button type="submit" class="rb-button{}" name="_{}" value="{}" title="{}">{}</button>',
        main,
        button.name,
        finding.pk,
        button.does,
        button.label,
    )


def _ending(finding: DeviceFinding) -> SafeString:
    who = finding.closed_by.get_username() if finding.closed_by is not None else "by itself"
    return format_html(
        '<span class="drift-line">{}</span><span class="drift-line device-below">{} · {}</span>',
        finding.resolution,
        who,
        show_time(finding.closed_at),
    )


def _narrow(company: Company) -> SafeString:
    return format_html(
        '<a href="?company={}" title="Only this organization">{}</a>', company.pk, company.name
    )


def _pks(queryset: QuerySet[DeviceFinding]) -> list[int]:
    return list(queryset.values_list("pk", flat=True))
