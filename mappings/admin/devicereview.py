"""Devices > Review queue: which contract, service and contact each device gets."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from unfold.views import ChangeList

from integration.ids import read_id, read_ids
from mappings.admin.common import action, display, outside_link, show_time
from mappings.admin.devicereview_filters import (
    EVERYTHING,
    ContractFilter,
    OrganizationFilter,
    ProposalFilter,
    ServiceFilter,
    StateFilter,
)
from mappings.admin.devicereview_forms import NO_CONTRACT_REASONS, later_day
from mappings.admin.devicereview_pages import RELATED, DeviceReviewPages, person
from mappings.models import ConfigurationItem, DeviceReview
from mappings.services.devices.review_decisions import (
    REVIEWED,
    ReviewRefused,
    accept,
    assign_no_contract,
    item_of,
    reopen,
    snooze,
    write_again,
)
from mappings.services.devices.review_journal import find_last
from mappings.services.devices.review_writes import contract_values, service_key

State = DeviceReview.State
Cause = DeviceReview.Cause


class ReviewList(ChangeList):  # type: ignore[misc]  # the theme ships no types
    """The list; each row knows the filters, so that its page leads back to them."""

    def get_results(self, request: HttpRequest) -> None:
        """Load the page."""
        super().get_results(request)
        for row in self.result_list:
            row.list_filters = request.GET.urlencode()


@admin.register(DeviceReview)
class DeviceReviewAdmin(DeviceReviewPages):
    """The review queue."""

    change_list_template = "mappings/review_list.html"
    list_before_template = "mappings/review_bar.html"
    empty_text = (
        "Nothing to review yet. Every device that has its configuration item comes here once, with the contract, "
        "service and contact your rules propose."
    )
    list_display = (
        "show_device",
        "show_organization",
        "show_kind",
        "show_user",
        "show_cause",
        "show_contract",
        "show_contact",
        "decide",
    )
    list_display_links = None
    list_select_related = RELATED
    list_filter: ClassVar[list[Any]] = [
        StateFilter,
        "cause",
        ProposalFilter,
        OrganizationFilter,
        ContractFilter,
        ServiceFilter,
    ]
    list_filter_submit = True
    search_fields = (
        "device__hostname",
        "device__last_user",
        "device__site__name",
        "device__link__configuration_item__company__name",
        "proposal_reason",
    )
    search_help_text = "Device, user, site, organization or reason"
    ordering = ("opened_at", "pk")
    show_full_result_count = False
    list_per_page = 50
    actions = (
        "accept_selected",
        "decide_selected",
        "later_selected",
        "reopen_selected",
        "write_selected",
    )

    class Media:
        css: ClassVar[dict[str, tuple[str, ...]]] = {"all": ("mappings/reviews.css",)}
        js = ("mappings/reviews.js",)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Use the list that keeps its filters."""
        return ReviewList

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Leave out devices that are gone; their decisions are kept for when they come back."""
        return super().get_queryset(request).filter(device__is_deleted=False)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Every device has its row already."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Every device keeps its row."""
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Take the buttons inside rows, then show the list."""
        if request.method == "POST" and any(
            name in request.POST for name in ("_accept", "_no_contract", "_later", "_reopen")
        ):
            self.require_change(request)
            self._decide_row(request)
            return HttpResponseRedirect(request.get_full_path())
        return super().changelist_view(request, {**self._summary(request), **(extra_context or {})})

    def _decide_row(self, request: HttpRequest) -> None:
        user = person(request)
        try:
            if ids := _posted(request, "_accept"):
                self.tell(request, "accepted", accept(ids, user))
            elif ids := _posted(request, "_no_contract"):
                outcome = assign_no_contract(ids, user, request.POST.get("reason", ""))
                self.tell(request, "reviewed, no contract", outcome)
            elif ids := _posted(request, "_later"):
                day = later_day()
                self.tell(request, f"put off until {day.isoformat()}", snooze(ids, user, day))
            elif ids := _posted(request, "_reopen"):
                self.tell(request, "back in the queue", reopen(ids, user))
            else:
                self.message_user(
                    request, "That row is not there any more. Load the page again.", messages.ERROR
                )
        except ReviewRefused as refusal:
            self.refused(request, refusal)

    def _summary(self, request: HttpRequest) -> dict[str, Any]:
        living = DeviceReview.objects.filter(device__is_deleted=False)
        counts: dict[str, int] = {}
        causes: dict[str, int] = {}
        for state, cause, count in living.order_by().values_list("state", "cause").annotate(n=Count("pk")):
            counts[state] = counts.get(state, 0) + count
            if state == State.OPEN:
                causes[cause] = causes.get(cause, 0) + count
        active, cause = request.GET.get("state", ""), request.GET.get("cause__exact", "")
        pills = [
            ({}, "To review", counts.get(State.OPEN, 0), not active and not cause),
            *(
                ({"cause__exact": one.value}, str(one.label), causes[one.value], cause == one.value)
                for one in Cause
                if one.value in causes
            ),
            *(
                ({"state": one.value}, str(one.label), counts[one.value], active == one.value)
                for one in State
                if one != State.OPEN and one.value in counts
            ),
            ({"state": EVERYTHING}, "All", sum(counts.values()), active == EVERYTHING),
        ]
        company = read_id(request.GET.get("company"))
        open_here = (
            living.filter(state=State.OPEN, device__link__configuration_item__company=company)
            .exclude(proposed_outcome="")
            .count()
            if company is not None
            else 0
        )
        return {
            "is_table_empty": not counts,
            "is_all_done": bool(counts) and not counts.get(State.OPEN, 0) and not request.GET,
            "review_pills": [
                {"query": urlencode(query), "title": title, "count": count, "is_active": is_active}
                for query, title, count, is_active in pills
            ],
            "company_id": company if open_here else None,
            "open_here": open_here,
            "last_change": find_last(person(request)),
            "may_decide": self.has_change_permission(request),
            "list_filters": request.GET.urlencode(),
            "reasons": NO_CONTRACT_REASONS,
        }

    @action(description="Accept the proposals", permissions=["change"])
    def accept_selected(self, request: HttpRequest, queryset: QuerySet[DeviceReview]) -> None:
        """Accept the ticked rows."""
        self.tell(request, "accepted", accept(_ids(queryset), person(request)))

    @action(description="Assign a contract, or none …", permissions=["change"])
    def decide_selected(self, request: HttpRequest, queryset: QuerySet[DeviceReview]) -> HttpResponse:
        """Ask what all ticked rows get."""
        return self.show_several(request, _ids(queryset), request.GET.urlencode())

    @action(description="Later, in a week", permissions=["change"])
    def later_selected(self, request: HttpRequest, queryset: QuerySet[DeviceReview]) -> None:
        """Put the ticked rows off."""
        day = later_day()
        self.tell(request, f"put off until {day.isoformat()}", snooze(_ids(queryset), person(request), day))

    @action(description="Send back into the queue", permissions=["change"])
    def reopen_selected(self, request: HttpRequest, queryset: QuerySet[DeviceReview]) -> None:
        """Open the ticked rows again."""
        self.tell(request, "back in the queue", reopen(_ids(queryset), person(request)))

    @action(description="Write the decision to Autotask again", permissions=["change"])
    def write_selected(self, request: HttpRequest, queryset: QuerySet[DeviceReview]) -> None:
        """Write the ticked rows again."""
        self.tell(request, "written again", write_again(_ids(queryset), person(request)))

    @display(description="Device", ordering="device__hostname")
    def show_device(self, review: DeviceReview) -> SafeString:
        """Link to the device's review, and to the device in Datto RMM."""
        device = review.device
        url = reverse("admin:mappings_devicereview_change", args=[review.pk])
        filters = getattr(review, "list_filters", "")
        query = f"?{urlencode({'_changelist_filters': filters})}" if filters else ""
        return format_html(
            '<a href="{}{}" class="text-primary-700 dark:text-primary-400">{}</a><br><span class="text-xs">{}</span>',
            url,
            query,
            str(device),
            outside_link(device.portal_url, "Datto RMM") if device.portal_url else "",
        )

    @display(description="Organization")
    def show_organization(self, review: DeviceReview) -> SafeString | str:
        """Show organization and site."""
        item = item_of(review)
        company = item.company if item is not None else None
        if company is None:
            return review.device.site.name
        return format_html(
            '<a href="?company={}" title="Only this organization">{}</a><br><span class="text-xs">{}</span>',
            company.pk,
            company.name,
            review.device.site.name if review.device.site.name != company.name else "",
        )

    @display(description="Type", ordering="device__category")
    def show_kind(self, review: DeviceReview) -> str:
        """Show what it is."""
        return review.device.category or review.device.device_type or review.device.device_class or "-"

    @display(description="Last user")
    def show_user(self, review: DeviceReview) -> str:
        """Show who was logged in."""
        return review.device.last_user or "-"

    @display(
        description="Why here",
        ordering="cause",
        label={
            Cause.NEW.label: "info",
            Cause.MOVED.label: "warning",
            Cause.RETYPED.label: "warning",
            Cause.RETURNED.label: "info",
            Cause.CONTRACT_ENDED.label: "danger",
            Cause.PERSON.label: "info",
        },
    )
    def show_cause(self, review: DeviceReview) -> str:
        """Show the cause as a coloured label."""
        return str(review.get_cause_display())

    @display(description="Contract and service")
    def show_contract(self, review: DeviceReview) -> SafeString:
        """Show what is decided, else what is proposed and why."""
        if review.state in REVIEWED:
            return _decision(review)
        parts: list[tuple[str, str]] = []
        if review.state == State.SNOOZED and review.snoozed_until is not None:
            parts.append(("text-xs", f"Later, on {review.snoozed_until.isoformat()}"))
        if review.proposed_outcome == "no_contract":
            parts.append(("rb-strong", "No contract"))
        elif review.proposed_contract is not None:
            parts.append(("rb-strong", _contract_text(review.proposed_contract, review.proposed_service)))
        why = review.proposal_reason.partition("\n")[0] or "Not looked at by the rules yet."
        if parts and review.proposed_outcome == "assign":
            why = why.partition(" → ")[0]  # the line above says what follows
        parts.append(("review-why", why))
        return _lines(parts)

    @display(description="Contact")
    def show_contact(self, review: DeviceReview) -> SafeString:
        """Show the contact decided or proposed, and why."""
        if review.state in REVIEWED:
            return _lines([("", str(review.contact) if review.contact is not None else "-")])
        contact = review.proposed_contact
        return _lines(
            [
                ("rb-strong", str(contact) if contact is not None else "-"),
                ("review-why", review.proposal_reason.partition("\n")[2]),
            ]
        )

    @display(description="Decide")
    def decide(self, review: DeviceReview) -> SafeString:
        """Offer what one click can do."""
        if review.state in REVIEWED:
            return format_html(
                '<button type="submit" class="rb-button" name="_reopen" value="{}">Review again</button>',
                review.pk,
            )
        accept_button = (
            format_html(
                '<button type="submit" class="rb-button" name="_accept" value="{}" title="Key a">Accept</button>',
                review.pk,
            )
            if review.proposed_outcome
            else ""
        )
        return format_html(
            '<span class="review-buttons">{}<button type="submit" class="rb-button" name="_no_contract" value="{}" '
            'title="Key n">No contract</button><button type="submit" class="rb-button" name="_later" value="{}" '
            'title="Key s: in a week">Later</button></span>',
            accept_button,
            review.pk,
            review.pk,
        )


def _lines(parts: list[tuple[str, str]]) -> SafeString:
    """Return texts below each other, each with its style."""
    lines = format_html_join(
        "", '<span class="review-line {}">{}</span>', ((css, text) for css, text in parts if text)
    )
    return format_html('<div class="review-lines">{}</div>', lines)


def _decision(review: DeviceReview) -> SafeString:
    text = _contract_text(review.contract, review.service) if review.state == State.MAPPED else "No contract"
    who = review.decided_by.get_username() if review.decided_by is not None else "by itself"
    why = review.reason or (review.proposal_reason if review.decided_by is None else "")
    note = not_in_autotask(review)
    return format_html(
        '<div class="review-lines"><span class="review-line rb-strong">{}</span>'
        '<span class="review-line review-why">{}</span><span class="review-line text-xs">{} · {}</span>{}</div>',
        text,
        why,
        who,
        show_time(review.decided_at),
        format_html('<span class="review-line rb-warn">{}</span>', note) if note else "",
    )


def not_in_autotask(review: DeviceReview) -> str:
    """Return how Autotask differs from a decision, "" when it does not."""
    item = item_of(review)
    if item is None or review.state not in REVIEWED:
        return ""
    contract_id = review.contract.autotask_contract_id if review.contract is not None else None
    if review.state == State.MAPPED and contract_id is None:
        return ""
    wanted = contract_values(contract_id, service_key(review.service))
    return "" if all(getattr(item, name) == value for name, value in wanted.items()) else _difference(item)


def _difference(item: ConfigurationItem) -> str:
    has = "another contract or service" if item.autotask_contract_id is not None else "no contract"
    return f"Not in Autotask yet: the configuration item has {has}."


def _contract_text(contract: Any, service: Any) -> str:
    if contract is None:
        return "A contract that is not mirrored"
    return f"{contract.name} · {service}" if service is not None else str(contract.name)


def _posted(request: HttpRequest, name: str) -> list[int]:
    return read_ids([request.POST.get(name, "")])


def _ids(queryset: QuerySet[DeviceReview]) -> list[int]:
    return list(queryset.values_list("pk", flat=True))
