"""The pages around the review queue: one device, several at once, and what each decision says afterwards."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from integration.ids import read_id, read_ids
from integration.models import SyncRunEntry
from integration.sync.kinds import get_kind
from integration.tasks import execute_run
from integration.vendors.autotask.links import configuration_item_link
from integration.views.pages import send
from mappings.admin.common import ThemedAdmin, autotask_web_url
from mappings.admin.devicereview_forms import (
    NO_CONTRACT_REASONS,
    AssignForm,
    LaterForm,
    NoContractForm,
)
from mappings.models import Company, DeviceReview
from mappings.services.devices.review_decisions import (
    REVIEWED,
    ReviewOutcome,
    ReviewRefused,
    accept,
    assign,
    assign_no_contract,
    item_of,
    reopen,
    snooze,
    undo_last,
    write_again,
)
from mappings.services.devices.review_journal import KIND as JOURNAL_KIND

LIST = "admin:mappings_devicereview_changelist"
RELATED = (
    "device__site",
    "device__link__configuration_item__company",
    "rule",
    "proposed_contract",
    "proposed_service",
    "proposed_contact",
    "contract",
    "service",
    "contact",
    "decided_by",
)
_HISTORY_SHOWN = 20


def person(request: HttpRequest) -> User | None:
    """Return who is signed in."""
    return request.user if isinstance(request.user, User) else None


class DeviceReviewPages(ThemedAdmin):
    """The pages around the list."""

    def get_urls(self) -> list[URLPattern]:
        """Add the pages."""
        wrap = self.admin_site.admin_view
        return [
            path("undo/", wrap(self.undo_view), name="mappings_devicereview_undo"),
            path("several/", wrap(self.several_view), name="mappings_devicereview_several"),
            path(
                "organization/<int:company_id>/accept/",
                wrap(self.accept_organization_view),
                name="mappings_devicereview_accept_organization",
            ),
            *super().get_urls(),
        ]

    def require_change(self, request: HttpRequest) -> None:
        """Refuse a person without the permission.

        Raises:
            PermissionDenied: they may not decide.
        """
        if request.method != "POST" or not self.has_change_permission(request):
            raise PermissionDenied

    def tell(self, request: HttpRequest, what: str, outcome: ReviewOutcome) -> None:
        """Send a decision's writes to a worker, and say what it did and left alone."""
        run = outcome.run
        if run is not None:
            queue = get_kind(run.kind).queue
            transaction.on_commit(partial(send, request, execute_run, queue=queue, args=(run.pk,)))
        left = "; ".join(f"{count} left alone: {reason}" for reason, count in outcome.skipped.items())
        if not outcome.changed:
            text = f"Nothing changed. {left}." if left else "Nothing changed: nothing fits."
            self.message_user(request, text, messages.WARNING)
            return
        noun = "device" if outcome.changed == 1 else "devices"
        written = " Autotask is being told." if run is not None else ""
        self.message_user(
            request,
            f"{outcome.changed} {noun} {what}.{written}{f' {left}.' if left else ''} Undo takes it back.",
            messages.SUCCESS,
        )

    def refused(self, request: HttpRequest, refusal: ReviewRefused) -> None:
        """Say why a decision cannot be."""
        self.message_user(request, str(refusal), messages.ERROR)

    def undo_view(self, request: HttpRequest) -> HttpResponse:
        """Take back this person's last decision."""
        self.require_change(request)
        self.tell(request, "as before", undo_last(person(request)))
        return HttpResponseRedirect(_back(request))

    def accept_organization_view(self, request: HttpRequest, company_id: int) -> HttpResponse:
        """Accept every open proposal of one organization."""
        self.require_change(request)
        reviews = DeviceReview.objects.filter(
            state=DeviceReview.State.OPEN,
            device__is_deleted=False,
            device__link__configuration_item__company=company_id,
        ).exclude(proposed_outcome="")
        self.tell(request, "accepted", accept(reviews.values_list("pk", flat=True), person(request)))
        return HttpResponseRedirect(_back(request))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show one device with what is proposed, and decide."""
        del form_url, extra_context
        if not self.has_view_permission(request):
            raise PermissionDenied
        review = DeviceReview.objects.select_related(*RELATED).filter(pk=read_id(object_id) or 0).first()
        if review is None:
            raise Http404(f"There is no review {object_id}.")
        item = item_of(review)
        company = item.company if item is not None else None
        forms = self._forms(request, company, review)
        if request.method == "POST":
            self.require_change(request)
            if self._decide(request, [review.pk], forms):
                return HttpResponseRedirect(_back(request))
        web_url = autotask_web_url()
        context = {
            **self.admin_site.each_context(request),
            "title": str(review.device),
            "media": forms["assign"].media,
            "review": review,
            "item": item,
            "item_url": configuration_item_link(web_url, item.autotask_configuration_item_id)
            if web_url and item is not None
            else "",
            "company": company,
            "forms": forms,
            "is_reviewed": review.state in REVIEWED,
            "may_decide": self.has_change_permission(request),
            "reasons": NO_CONTRACT_REASONS,
            "history": _history(review),
            "list_url": _back(request),
            "kept_filters": _kept_filters(request),
        }
        return TemplateResponse(request, "mappings/review.html", context)

    def several_view(self, request: HttpRequest) -> HttpResponse:
        """Decide several devices at once; contract and contact only for those of one organization."""
        self.require_change(request)
        ids = read_ids([request.POST.get("ids", "")])
        return self.show_several(request, ids)

    def show_several(self, request: HttpRequest, ids: list[int], filters: str = "") -> HttpResponse:
        """Show, or take, a decision about these reviews; `filters` are those of the list they were ticked on."""
        reviews = DeviceReview.objects.filter(pk__in=ids)
        companies = list(
            Company.objects.filter(configuration_items__device_link__device__review__in=reviews)
            .distinct()
            .order_by("name")[:2]
        )
        company = companies[0] if len(companies) == 1 else None
        forms = self._forms(request, company, None)
        is_decided = "decision" in request.POST
        if is_decided and self._decide(request, ids, forms):
            return HttpResponseRedirect(_back(request))
        context = {
            **self.admin_site.each_context(request),
            "title": f"{len(ids)} devices" if len(ids) != 1 else "1 device",
            "media": forms["assign"].media,
            "ids": ",".join(map(str, ids)),
            "examples": list(reviews.select_related("device")[:8]),
            "more": max(0, len(ids) - 8),
            "company": company,
            "forms": forms,
            "may_decide": True,
            "reasons": NO_CONTRACT_REASONS,
            "list_url": _back(request),
            "kept_filters": filters or _kept_filters(request),
        }
        return TemplateResponse(request, "mappings/review_several.html", context)

    def _forms(
        self, request: HttpRequest, company: Company | None, review: DeviceReview | None
    ) -> dict[str, Any]:
        decision = request.POST.get("decision", "") if request.method == "POST" else ""
        initial: dict[str, str] = {}
        if review is not None:
            contract = review.proposed_contract if review.state not in REVIEWED else review.contract
            service = review.proposed_service if review.state not in REVIEWED else review.service
            contact = review.proposed_contact if review.state not in REVIEWED else review.contact
            if contract is not None:
                initial["contract"] = f"{contract.pk}:{service.pk if service is not None else ''}"
            if contact is not None:
                initial["contact"] = str(contact.pk)
        return {
            "assign": AssignForm(company, request.POST if decision == "assign" else None, initial=initial),
            "no_contract": NoContractForm(request.POST if decision == "no_contract" else None),
            "later": LaterForm(request.POST if decision == "later" else None),
        }

    def _decide(self, request: HttpRequest, ids: list[int], forms: dict[str, Any]) -> bool:
        """Take the decision that was sent; returns whether it is done, else its form says why not."""
        decision, user = request.POST.get("decision", ""), person(request)
        form = forms.get(decision)
        if form is not None and not form.is_valid():
            return False
        try:
            if decision == "accept":
                self.tell(request, "accepted", accept(ids, user))
            elif decision == "assign":
                contract, service, contact = forms["assign"].chosen()
                outcome = assign(
                    ids,
                    user,
                    contract=contract,
                    service=service,
                    contact=contact,
                    clears_contact=forms["assign"].clears_contact,
                )
                self.tell(request, f"put on {contract.name}", outcome)
            elif decision == "no_contract":
                outcome = assign_no_contract(ids, user, forms["no_contract"].cleaned_data["reason"])
                self.tell(request, "reviewed, no contract", outcome)
            elif decision == "later":
                until = forms["later"].cleaned_data["until"]
                self.tell(request, f"put off until {until.isoformat()}", snooze(ids, user, until))
            elif decision == "reopen":
                self.tell(request, "back in the queue", reopen(ids, user))
            elif decision == "write_again":
                self.tell(request, "written again", write_again(ids, user))
            else:
                self.message_user(request, "That button is not known. Load the page again.", messages.ERROR)
        except ReviewRefused as refusal:
            self.refused(request, refusal)
            return False
        return True


def _history(review: DeviceReview) -> list[SyncRunEntry]:
    return list(
        SyncRunEntry.objects.filter(
            run__kind=JOURNAL_KIND, object_type="device review", object_id=str(review.pk)
        )
        .select_related("run__user")
        .order_by("-pk")[:_HISTORY_SHOWN]
    )


def _kept_filters(request: HttpRequest) -> str:
    """Return the list's filters: they travel in `_changelist_filters`, as Django's own do."""
    return request.POST.get("_changelist_filters") or request.GET.get("_changelist_filters", "")


def _back(request: HttpRequest) -> str:
    """Return the list as the person left it."""
    filters = _kept_filters(request)
    return f"{reverse(LIST)}?{filters}" if filters else reverse(LIST)
