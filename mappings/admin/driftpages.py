"""What a person can do about a drift, and the pages on which they look before they do it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from integration.ids import read_id, read_ids
from integration.sync.kinds import get_kind
from integration.tasks import execute_run
from integration.views.pages import send
from mappings.admin.common import ThemedAdmin, autotask_web_url
from mappings.admin.driftbuttons import BUTTONS, DONE, buttons_of
from mappings.admin.driftfacts import compare, describe_move, find_devices, find_items, merge_previews
from mappings.models import ConfigurationItem, Device, DeviceFinding
from mappings.services.devices import drift
from mappings.services.devices.another_machine import told_apart
from mappings.services.devices.drift import DriftRefused, Outcome
from mappings.services.devices.findings import dismiss, reopen

LIST: Final = "admin:mappings_devicefinding_changelist"
PAGE: Final = "admin:mappings_devicefinding_change"
Kind, State = DeviceFinding.Kind, DeviceFinding.State
_UNKNOWN: Final = "That button is not known. Load the page again."
RELATED: Final = (
    "device__site__mapping__company",
    "device__audit",
    "device__link__configuration_item",
    "configuration_item__company",
    "closed_by",
)


def person(request: HttpRequest) -> User | None:
    """Return who is signed in."""
    return request.user if isinstance(request.user, User) else None


class DriftPages(ThemedAdmin):
    """The pages around the list."""

    def get_urls(self) -> list[URLPattern]:
        """Add the pages."""
        wrap = self.admin_site.admin_view
        return [
            path("leave/", wrap(self.leave_view), name="mappings_devicefinding_leave"),
            path("device/<int:device_id>/", wrap(self.device_view), name="mappings_device_link"),
            *super().get_urls(),
        ]

    def require_change(self, request: HttpRequest) -> None:
        """Refuse a person without the permission.

        Raises:
            PermissionDenied: they may not decide.
        """
        if request.method != "POST" or not self.has_change_permission(request):
            raise PermissionDenied

    def take(self, request: HttpRequest, name: str, pks: list[int]) -> bool:
        """Do what a button says about these drifts and say what was done; returns whether anything was."""
        findings = list(
            DeviceFinding.objects.filter(pk__in=pks).select_related("device", "configuration_item")
        )
        user = person(request)
        try:
            outcome = _act(name, findings, user, request.POST.get("reason", ""))
        except ValueError as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return False
        self.tell(request, DONE[name], outcome)
        return bool(outcome.changed)

    def tell(self, request: HttpRequest, what: str, outcome: Outcome) -> None:
        """Send a choice's runs to a worker, and say what it did and left alone."""
        for run in outcome.runs:
            queue = get_kind(run.kind).queue
            transaction.on_commit(partial(send, request, execute_run, queue=queue, args=(run.pk,)))
        left = "; ".join(
            f"{count} left alone: {reason.rstrip('.')}" for reason, count in outcome.skipped.items()
        )
        if not outcome.changed:
            self.message_user(request, f"Nothing changed. {left or 'Nothing fits'}.", messages.WARNING)
            return
        if outcome.history is not None:
            undo = f" Undo it in the history, {outcome.history}."
        else:
            undo = f" Follow it, or undo it, in the history: {outcome.runs[0]}." if outcome.runs else ""
        text = f"{outcome.changed} {what}.{undo}{f' {left}.' if left else ''}"
        self.message_user(request, text, messages.SUCCESS)

    def leave_view(self, request: HttpRequest) -> HttpResponse:
        """Ask why several drifts are right as they are, then leave them."""
        self.require_change(request)
        pks = read_ids([request.POST.get("ids", "")])
        if "reason" in request.POST and self.take(request, "leave", pks):
            return HttpResponseRedirect(_back(request))
        return self.show_leave(request, pks, _kept_filters(request))

    def show_leave(self, request: HttpRequest, pks: list[int], filters: str) -> HttpResponse:
        """Show the question."""
        findings = DeviceFinding.objects.filter(pk__in=pks)
        context = {
            **self.admin_site.each_context(request),
            "title": "Leave as it is",
            "opts": self.model._meta,  # noqa: SLF001 - documented API
            "ids": ",".join(map(str, pks)),
            "examples": list(findings[:8]),
            "count": len(pks),
            "more": max(0, len(pks) - 8),
            "kept_filters": filters,
            "list_url": f"{reverse(LIST)}?{filters}" if filters else reverse(LIST),
        }
        return TemplateResponse(request, "mappings/drift_leave.html", context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show one drift with both sides, and take what is decided there."""
        del form_url, extra_context
        if not self.has_view_permission(request):
            raise PermissionDenied
        finding = DeviceFinding.objects.select_related(*RELATED).filter(pk=read_id(object_id) or 0).first()
        if finding is None:
            raise Http404(f"There is no drift {object_id}.")
        if request.method == "POST":
            self.require_change(request)
            if self._decide(request, finding):
                return HttpResponseRedirect(_back(request))
            return HttpResponseRedirect(request.get_full_path())
        return TemplateResponse(request, "mappings/drift.html", self._page_context(request, finding))

    def _page_context(self, request: HttpRequest, finding: DeviceFinding) -> dict[str, Any]:
        web_url = autotask_web_url()
        items = drift.items_of(finding)
        names = {one.name for one in buttons_of(finding)}
        query = request.GET.get("q", "").strip()
        device = finding.device
        return {
            **self.admin_site.each_context(request),
            "title": str(finding.get_kind_display()),
            "subtitle": str(device or finding.configuration_item or ""),
            "opts": self.model._meta,  # noqa: SLF001 - documented API
            "finding": finding,
            "table": compare(device, items, web_url),
            "buttons": [one for one in buttons_of(finding) if not one.is_page],
            "names": names,
            "leave": next((one for one in buttons_of(finding) if one.name == "leave"), None),
            "busy_run": drift.busy_runs([finding]).get(finding.pk),
            "move": describe_move(drift.preview_move(finding)) if "move" in names else None,
            "merges": merge_previews(items) if "merge" in names else [],
            "candidates": _found_items(device, query, items) if "choose" in names and device else [],
            "devices": find_devices(finding.configuration_item, query)
            if "choose" in names and device is None and finding.configuration_item is not None
            else [],
            "item_names": [str(one) for one in items],
            "candidates_can_be_chosen": "choose" in names
            and device is not None
            and finding.kind != Kind.ITEM_GONE,
            "trail": finding.detail.get("trail") or [],
            "query": query,
            "may_decide": self.has_change_permission(request),
            "list_url": _back(request),
            "kept_filters": _kept_filters(request),
        }

    def _decide(self, request: HttpRequest, finding: DeviceFinding) -> bool:
        """Take the decision that was sent; returns whether it is done, else a message says why not."""
        decision, user = request.POST.get("decision", ""), person(request)
        try:
            if decision in BUTTONS:
                return self.take(request, decision, [finding.pk])
            if decision == "link_item" and finding.device is not None:
                item = _get_item(request.POST.get("item", ""))
                self.tell(request, "linked", drift.link_device(finding.device, item, user, finding=finding))
            elif decision == "link_device" and finding.configuration_item is not None:
                device = _get_device(request.POST.get("device", ""))
                outcome = drift.link_device(device, finding.configuration_item, user, finding=finding)
                self.tell(request, "linked", outcome)
            elif decision == "merge":
                survivor = _get_item(request.POST.get("item", ""))
                self.tell(request, "being merged", drift.merge_items(finding, survivor, user))
            elif decision == "leave_out" and finding.device is not None:
                reason = request.POST.get("reason", "")
                outcome = drift.leave_out([finding.device], user, reason, findings=[finding])
                self.tell(request, "left out", outcome)
            else:
                self.message_user(request, _UNKNOWN, messages.ERROR)
                return False
        except DriftRefused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return False
        return True

    def device_view(self, request: HttpRequest, device_id: int) -> HttpResponse:
        """Show which item a device stands for, and let a person change that: unlink, leave out, choose, look again."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        device = (
            Device.objects.select_related(
                "site__mapping__company", "audit", "link__configuration_item__company"
            )
            .filter(pk=device_id)
            .first()
        )
        if device is None:
            raise Http404(f"There is no device {device_id}.")
        if request.method == "POST":
            self.require_change(request)
            if self._decide_link(request, device):
                return HttpResponseRedirect(reverse("admin:mappings_device_change", args=[device.pk]))
            return HttpResponseRedirect(request.get_full_path())
        link = getattr(device, "link", None)
        item = link.configuration_item if link is not None else None
        query = request.GET.get("q", "").strip()
        context = {
            **self.admin_site.each_context(request),
            "title": f"Link of {device}",
            "subtitle": device.site.name,
            "opts": self.model._meta,  # noqa: SLF001 - documented API
            "device": device,
            "link": link,
            "item": item,
            "is_left_out": link is not None and item is None and link.basis == "person",
            "table": compare(device, [item] if item is not None else [], autotask_web_url()),
            "candidates": _found_items(device, query, [item] if item is not None else []),
            "told_apart": told_apart(device),
            "query": query,
            "may_decide": self.has_change_permission(request),
        }
        return TemplateResponse(request, "mappings/drift_link.html", context)

    def _decide_link(self, request: HttpRequest, device: Device) -> bool:
        decision, user = request.POST.get("decision", ""), person(request)
        try:
            if decision == "link_item":
                item = _get_item(request.POST.get("item", ""))
                self.tell(request, "linked", drift.link_device(device, item, user))
            elif decision == "leave_out":
                self.tell(
                    request, "left out", drift.leave_out([device], user, request.POST.get("reason", ""))
                )
            elif decision == "look_again":
                self.tell(request, "being looked for", drift.look_again([device], user))
            else:
                self.message_user(request, _UNKNOWN, messages.ERROR)
                return False
        except DriftRefused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return False
        return True


def _act(name: str, findings: list[DeviceFinding], user: User | None, reason: str) -> Outcome:
    if name == "move":
        return drift.approve_moves(findings, user)
    if name == "another":
        return drift.tell_apart(findings, user)
    if name == "create":
        return drift.create_items(findings, user)
    if name == "reactivate":
        return drift.reactivate_items(findings, user)
    if name in {"deactivate", "end_billing"}:
        return drift.deactivate_items(findings, user, ends_billing=name == "end_billing")
    if name == "leave":
        return Outcome(changed=dismiss(findings, user, reason))
    if name == "reopen":
        return Outcome(changed=reopen(findings))
    seen = [one.pk for one in findings if one.kind == Kind.RETURNED and one.state == State.OPEN]
    drift.close(seen, user, "Seen.")
    return Outcome(changed=len(seen))


def _found_items(device: Device, query: str, shown: Iterable[ConfigurationItem]) -> list[ConfigurationItem]:
    mapping = getattr(device.site, "mapping", None)
    company = mapping.company if mapping is not None else None
    return find_items(company, query, without=[one.pk for one in shown]) if query else []


def _get_item(text: str) -> ConfigurationItem:
    found = ConfigurationItem.objects.filter(pk=read_id(text) or 0).first()
    if found is None:
        raise DriftRefused("item: choose a configuration item of the list.")
    return found


def _get_device(text: str) -> Device:
    found = Device.objects.filter(pk=read_id(text) or 0).first()
    if found is None:
        raise DriftRefused("device: choose a device of the list.")
    return found


def _kept_filters(request: HttpRequest) -> str:
    """Return the list's filters: they travel in `_changelist_filters`, as Django's own do."""
    return request.POST.get("_changelist_filters") or request.GET.get("_changelist_filters", "")


def _back(request: HttpRequest) -> str:
    """Return the list as the person left it."""
    filters = _kept_filters(request)
    return f"{reverse(LIST)}?{filters}" if filters else reverse(LIST)
