"""Alerts & tickets > Alert policy: one row, one form. Storms, flapping, and which tickets are left to people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminSelect2MultipleWidget

from mappings.admin.widgets import CompanyField
from mappings.models import Company
from tickets.admin.settings_offer import Offer, offer_of
from tickets.models import AlertPolicy

_PERCENTS: Final = ("storm_site_percent", "breaker_percent")
#: Field -> REST field of its pick list.
_LISTS: Final = {
    "done_statuses": "status",
    "protected_statuses": "status",
    "protected_queues": "queueID",
    "protected_types": "ticketType",
}
_NOT_CHOSEN: Final = "No further ones"


class ValuesField(forms.TypedMultipleChoiceField):
    """Several things of Autotask, chosen by name, stored as a list of their ids.

    Args:
        offered: (id, label, is active) of what there is.
        stored: ids that are stored; they may stay whatever became of them.
    """

    def __init__(
        self, offered: Iterable[tuple[int, str, bool]], stored: Sequence[int], *, label: str, help_text: str
    ) -> None:
        rows = list(offered)
        choices = [
            (value, name if is_active else f"{name} (inactive in Autotask)")
            for value, name, is_active in rows
            if is_active or value in stored
        ]
        known = {value for value, _, _ in rows}
        choices += [(value, f"{value} (not known here)") for value in stored if value not in known]
        super().__init__(
            coerce=int,
            choices=choices,
            required=False,
            label=label,
            help_text=help_text,
            widget=UnfoldAdminSelect2MultipleWidget(attrs={"data-placeholder": _NOT_CHOSEN}),
        )


class AlertPolicyForm(forms.ModelForm[AlertPolicy]):
    """The policy, with what cannot work refused beside its field.

    Attributes:
        offer: what can be chosen; set by the admin on a subclass.
    """

    offer: Offer
    own_company = CompanyField()

    class Meta:
        model = AlertPolicy
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        company = self.fields.get("own_company")
        if isinstance(company, CompanyField):
            company.label = "Your own organization"
            company.help_text = str(AlertPolicy._meta.get_field("own_company").help_text)  # noqa: SLF001 - documented API
            company.remember(self.instance.own_company)
        for name, rest_field in _LISTS.items():
            if name in self.fields:
                picks = self.offer.picks.get(("Tickets", rest_field), [])
                self._offer(name, [(one.value, one.label, one.is_active) for one in picks])
        if "rule_resources" in self.fields:
            people = self.offer.people.resources
            self._offer(
                "rule_resources", [(one.autotask_resource_id, one.name, one.is_active) for one in people]
            )

    def clean_own_company(self) -> Company | None:
        """Refuse an organization that can get no tickets.

        Raises:
            ValidationError: inactive.
        """
        company: Company | None = self.cleaned_data["own_company"]
        if company is not None and not company.is_active and company.pk != self.instance.own_company_id:
            raise forms.ValidationError(
                f"{company.name} is inactive in Autotask, so it can get no tickets. Choose an active organization."
            )
        return company

    def clean(self) -> dict[str, Any]:
        """Check the policy as a whole; errors stand beside the field that has to change."""
        values = super().clean() or self.cleaned_data
        for name in _PERCENTS:
            if (values.get(name) or 0) > 100:  # noqa: PLR2004 - all of them
                self.add_error(name, "Must be at most 100.")
        for switch, minutes in (
            ("storm_site_devices", "storm_site_minutes"),
            ("storm_fleet_sites", "storm_fleet_minutes"),
            ("flap_changes", "flap_minutes"),
        ):
            if values.get(switch) == 1:
                self.add_error(
                    switch, "Must be at least 2: one alone is an ordinary alert. 0 switches it off."
                )
            if values.get(switch) and values.get(minutes) == 0:
                self.add_error(minutes, "Must be at least 1 minute: nothing happens within none.")
        watch, within = values.get("storm_watch_seconds"), values.get("storm_site_minutes")
        if watch is not None and within and watch > within * 60:
            self.add_error(
                "storm_watch_seconds",
                f"Must be at most {within * 60}: after {within} minutes it counts for no storm any more.",
            )
        both = set(values.get("done_statuses") or ()) & set(values.get("protected_statuses") or ())
        if both:
            labels = dict(self.fields["done_statuses"].choices)  # type: ignore[attr-defined]  # a choice field
            names = ", ".join(str(labels[value]) for value in sorted(both))
            self.add_error(
                "protected_statuses", f"{names}: counts as done as well. Remove it from one of the two lists."
            )
        return values

    def _offer(self, name: str, rows: list[tuple[int, str, bool]]) -> None:
        old = self.fields[name]
        self.fields[name] = ValuesField(
            rows, getattr(self.instance, name), label=str(old.label), help_text=str(old.help_text)
        )


@admin.register(AlertPolicy)
class AlertPolicyAdmin(ModelAdmin):  # type: ignore[misc]  # the theme ships no types
    """The alert policy; the list is the form."""

    form = AlertPolicyForm
    warn_unsaved_form = True
    change_form_after_template = "tickets/policy_after.html"

    class Media:
        css = {"all": ["tickets/pages.css"]}
        js = ["tickets/effect.js"]

    fieldsets = [
        (
            "Storm at a site",
            {
                "description": "When one monitor fires on much of a site, the site gets one ticket instead of one for each "
                "device. Whether a monitor takes part is set in ticket defaults and rules, under Storm.",
                "fields": [
                    ("storm_site_devices", "storm_site_percent"),
                    ("storm_site_minutes", "storm_watch_seconds"),
                ],
            },
        ),
        (
            "Storm across sites",
            {
                "description": "When one monitor fires at many sites, such as after an outage of a provider, one ticket "
                "stands for all of them.",
                "fields": [("storm_fleet_sites", "storm_fleet_minutes"), "own_company"],
            },
        ),
        (
            "Circuit breaker",
            {
                "description": "Guards Autotask's queues, and the requests that other integrations need, against a flood.",
                "fields": [("breaker_per_minute", "breaker_percent")],
            },
        ),
        (
            "Flapping",
            {
                "description": "A condition that is raised and cleared again and again keeps its ticket until it is quiet.",
                "fields": [("flap_changes", "flap_minutes"), "flap_delay_minutes"],
            },
        ),
        ("Devices of one ticket", {"fields": ["most_additional_items"]}),
        (
            "When a ticket counts as done",
            {
                "description": "Its alerts are then resolved in Datto RMM, if the settings say so.",
                "fields": ["done_statuses"],
            },
        ),
        (
            "Tickets left to people",
            {
                "description": "When their alerts clear, these get a note and stay open.",
                "fields": ["protected_statuses", "protected_queues", "protected_types"],
            },
        ),
        (
            "Who counts as a person",
            {
                "description": "A ticket that a person has worked on is not completed by itself, unless the settings say so.",
                "fields": ["rule_resources"],
            },
        ),
    ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """There is one."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """It stays."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[AlertPolicy]:
        """Return the row with its organization."""
        del request
        return AlertPolicy.objects.select_related("own_company")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002 - the admin's own signature
        """Return the form with what can be chosen."""
        form = super().get_form(request, obj, change=change, **kwargs)
        return type("BoundAlertPolicyForm", (form,), {"offer": offer_of(request)})

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the only row's form."""
        if not self.has_view_or_change_permission(request):
            return super().changelist_view(request, extra_context)  # type: ignore[no-any-return]  # the theme ships no types
        return HttpResponseRedirect(
            reverse("admin:tickets_alertpolicy_change", args=[AlertPolicy.SINGLETON_ID])
        )

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the form; the row is made when it is first looked at."""
        if object_id == str(AlertPolicy.SINGLETON_ID) and self.has_view_or_change_permission(request):
            AlertPolicy.objects.get_or_create(pk=AlertPolicy.SINGLETON_ID)
        may_change = self.has_change_permission(request)
        context = {
            "title": "Alert policy",
            "subtitle": None,
            "effect_url": reverse("effect-policy") if may_change else "",
            **(extra_context or {}),
        }
        return super().change_view(request, object_id, form_url, context)  # type: ignore[no-any-return]  # as above

    def response_change(self, request: HttpRequest, obj: AlertPolicy) -> HttpResponse:
        """Stay on the page."""
        self.message_user(request, "Saved. Alerts to come go by it.")
        return HttpResponseRedirect(request.path)
