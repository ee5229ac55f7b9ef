"""Rules: settings for specific alerts. What each asks, what it sets, and how often that was so lately."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from typing import Any, Final

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from unfold.admin import ModelAdmin
from unfold.decorators import action
from unfold.widgets import UnfoldAdminSelect2Widget

from integration.ids import read_id
from tickets.admin.display import column, show_moment, show_two_lines
from tickets.admin.rule_forms import KnownAutocomplete, RuleConditionsForm, TicketRuleForm
from tickets.admin.settings_forms import settings_fieldsets
from tickets.admin.settings_offer import load_plain_rows, offer_of
from tickets.domain.rules.conditions import describe_specificity
from tickets.domain.settings import TEMPLATE_FIELDS, EffectiveSettings, resolve
from tickets.domain.template_language import FILTERS
from tickets.domain.template_variables import VARIABLES
from tickets.models import Alert, Monitor, TicketRule
from tickets.selectors.places import place_of
from tickets.services.defaults import is_agent_ticket, type_of
from tickets.services.retry import retry_refused_tickets
from tickets.services.rule_changes import copy_rules, switch_rules
from tickets.services.rule_matches import Examined, examine, examined_in_words
from tickets.services.rule_words import rule_in_words, rule_marks
from tickets.services.rules import (
    RULE_RELATIONS,
    load_rules,
    settings_of,
    to_conditions,
    to_rule,
    with_rule_values,
)
from tickets.services.settings_words import list_inactive
from tickets.services.ticket_preview import TicketPreview, preview_ticket
from tickets.tasks import enqueue_actions

_ASKED_BY_SEARCH: Final = frozenset({"company", "site", "device", "item_category", "monitor"})
_NEWEST: Final = 10
_OWN: Final = {"Ticket": ("ticket_priority",), "Time": ("due_minutes",)}


@admin.register(TicketRule)
class TicketRuleAdmin(ModelAdmin):  # type: ignore[misc]  # the theme ships no types
    """Rules."""

    form = TicketRuleForm
    empty_text = (
        "No rules yet. A rule gives the alerts it names other settings than the ticket defaults, such as: alerts of "
        "servers of one organization outside office hours go to the on-call queue. Of several rules the one that names "
        "more specific things wins, field by field."
    )
    list_display = ["rule", "asks", "sets", "switch", "position", "matched", "changed"]
    list_display_links = ["rule"]
    list_filter = ["is_active"]
    list_filter_submit = True
    list_per_page = 50
    list_before_template = "tickets/rule_bar.html"
    show_full_result_count = False
    search_fields = ["name", "reason", "company__name", "site__name", "device__hostname", "monitor__name"]
    search_help_text = "Name, reason, organization, site, device or monitor."
    ordering = ["position", "id"]
    actions = ["switch_on", "switch_off", "copy"]
    save_as = True
    warn_unsaved_form = True
    change_form_before_template = "tickets/rule_before.html"
    change_form_after_template = "tickets/rule_after.html"
    delete_confirmation_template = "tickets/rule_delete.html"
    delete_selected_confirmation_template = "tickets/rule_delete_selected.html"

    class Media:
        css = {"all": ["tickets/pages.css"]}
        js = ["tickets/pages.js", "tickets/settings.js", "tickets/preview.js", "tickets/effect.js"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[TicketRule]:
        """Return rules with what they name and set; one query."""
        del request
        # Other relations are named already; the people's roles come with what the form offers.
        return with_rule_values().prefetch_related(None).select_related("created_by", *RULE_RELATIONS)

    def get_autocomplete_fields(self, request: HttpRequest) -> list[str]:
        """Search where the thing's own list can be searched."""
        del request
        return [name for name in sorted(_ASKED_BY_SEARCH) if name != "monitor" or self._monitors_are_listed()]

    def _monitors_are_listed(self) -> bool:
        listed = self.admin_site._registry.get(Monitor)  # noqa: SLF001 - Django offers nothing else
        return listed is not None and bool(listed.search_fields)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Choose by searching; what the rule has already is not looked up again."""
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs["widget"] = KnownAutocomplete(db_field, self.admin_site)
        elif db_field.name == "monitor":
            kwargs["widget"] = UnfoldAdminSelect2Widget()
            kwargs["queryset"] = Monitor.objects.order_by("name", "label")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: TicketRule | None = None) -> Any:
        """Show what it asks, then what it sets."""
        del request
        return [
            (None, {"fields": ["name", "reason", "is_active", "position"]}),
            (
                "Which alerts",
                {
                    "description": "All that is named must fit; what is empty asks nothing.",
                    "fields": [
                        "monitor_type",
                        "monitor",
                        "company",
                        "site",
                        "device",
                        "device_class",
                        "item_category",
                        "alert_priorities",
                        "pattern",
                    ],
                },
            ),
            (
                "When",
                {
                    "description": "By the moment the alert was raised.",
                    "classes": ["collapse"] if obj is None or not _has_hours(obj) else [],
                    "fields": ["weekdays", "start_time", "end_time", "time_zone", "is_outside_hours"],
                },
            ),
            *settings_fieldsets(obj, extra=_OWN),
        ]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002 - the admin's own signature
        """Return the form with what an empty setting inherits: as given, or from the ticket defaults."""
        inherited: EffectiveSettings | None = kwargs.pop("inherited", None)
        form = super().get_form(request, obj, change=change, **kwargs)
        offer = offer_of(request)
        if obj is not None:
            offer.attach(obj)
        if inherited is None:
            rows = load_plain_rows(offer, type_of(obj) if obj is not None else None)
            inherited = resolve(rows, "High", catalogue=offer.catalogue)
        return type("BoundTicketRuleForm", (form,), {"offer": offer, "inherited": inherited})

    def save_model(self, request: HttpRequest, obj: TicketRule, form: Any, change: bool) -> None:  # noqa: FBT001 - the admin's own signature
        """Store it, say what is odd, and let refused tickets be tried with the new values."""
        if not change:
            obj.created_by = request.user  # type: ignore[assignment]  # nobody else gets here
        super().save_model(request, obj, form, change)
        for warning in form.verdict.warnings:
            messages.warning(request, warning)
        enqueue_actions(retry_refused_tickets())

    def get_urls(self) -> list[URLPattern]:
        """Add what the form asks while it is typed."""
        view = self.admin_site.admin_view(self.matches_view)
        return [
            path("matches/", view, name="tickets_ticketrule_matches"),
            path(
                "<int:rule_id>/switch/",
                self.admin_site.admin_view(self.switch_view),
                name="tickets_ticketrule_switch",
            ),
            *super().get_urls(),
        ]

    def switch_view(self, request: HttpRequest, rule_id: int) -> HttpResponse:
        """Ask before a rule is switched, with what that would have done."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        rule = get_object_or_404(self.get_queryset(request), pk=rule_id)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Switch \u201c{rule.name}\u201d {'off' if rule.is_active else 'on'}",
            "rule": rule,
            "words": rule_in_words(rule),
        }
        return TemplateResponse(request, "tickets/rule_switch.html", context)

    def matches_view(self, request: HttpRequest) -> HttpResponse:
        """Return which alerts the rule as typed would have applied to, as a piece of HTML; nothing is saved."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        form = RuleConditionsForm(request.POST, instance=TicketRule())
        is_whole, rule = form.is_valid(), form.instance
        if "pattern" not in request.POST:
            # Who may only look has no form: then it is the rule as stored.
            rule = self.get_queryset(request).filter(pk=read_id(request.GET.get("rule")) or 0).first() or rule
        conditions = to_conditions(rule)
        examined = examine({0: conditions} if conditions.named else {}, timezone.now())
        matches = examined.matches.get(0, [])
        hidden = [one for one in matches if one.monitor_type is not None and one.monitor_type.is_security]
        context = {
            "is_asking": bool(conditions.named),
            "left_out": []
            if is_whole
            else [str(form.fields[name].label or name) for name in form.errors if name in form.fields],
            "words": rule_in_words(rule),
            "specificity": describe_specificity(conditions),
            "count": len(matches),
            "newest": matches[:_NEWEST],
            "examined": examined_in_words(examined),
            "hidden": len(hidden) if request.POST.get("create_ticket") == "false" else 0,
            "is_agent": is_agent_ticket(rule.monitor_type),
            "preview": self._preview(request, rule, matches[0]) if matches else None,
        }
        return TemplateResponse(request, "tickets/rule_matches.html", context)

    def _preview(self, request: HttpRequest, rule: TicketRule, alert: Alert) -> TicketPreview:
        """Return the ticket an alert would get by the rule as typed, the other rules and the ticket defaults."""
        stored = self.get_queryset(request).filter(pk=read_id(request.GET.get("rule")) or 0).first()
        if "pattern" in request.POST:
            form = self.get_form(request, stored, change=stored is not None)(
                data=request.POST, instance=copy(stored) if stored is not None else TicketRule()
            )
            form.is_valid()
            # What is valid by itself is in the instance.
            rule = form.instance
            for name in TEMPLATE_FIELDS:
                # One that cannot be used is shown as it is typed, with what is wrong with it.
                setattr(rule, name, str(form.data.get(name, "")))
        rule.name = rule.name or "as typed"
        others = [one for one in load_rules() if stored is None or one.id != stored.pk]
        alert = Alert.objects.select_related("monitor", "monitor_type", "ticket__company").get(pk=alert.pk)
        place = place_of(alert)
        return preview_ticket(alert, place, settings_of(alert, place, rules=[*others, to_rule(rule)]))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Switch a rule by its button, or show the list with what its rules matched."""
        if request.method == "POST" and "_switch" in request.POST:
            return self._switch(request)
        answer: Any = super().changelist_view(request, extra_context)
        return answer  # type: ignore[no-any-return]  # the theme ships no types

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Count once for all rules of the page what they matched."""
        found = super().get_changelist_instance(request)
        rules = list(found.result_list)
        examined = examine({rule.pk: to_conditions(rule) for rule in rules}, timezone.now())
        for rule in rules:
            rule.matches = len(examined.matches[rule.pk])
            rule.examined = examined_in_words(examined)
        found.result_list = rules
        found.examined = _summary(examined)
        return found

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Add what is said around the form."""
        obj: TicketRule | None = kwargs.get("obj")
        may_save = (
            self.has_add_permission(request) if obj is None else self.has_change_permission(request, obj)
        )
        context.update(
            rule=obj,
            effect_url=reverse("effect-rule", args=(obj.pk if obj is not None else 0,)) if may_save else "",
            has_picklists=offer_of(request).has_picklists,
            inactive=list_inactive(obj) if obj is not None else [],
            words=rule_in_words(obj) if obj is not None else "",
            specificity=describe_specificity(to_conditions(obj)) if obj is not None else "",
            variables=VARIABLES,
            filters=sorted(FILTERS),
        )
        return super().render_change_form(request, context, *args, **kwargs)  # type: ignore[no-any-return]  # as above

    def _switch(self, request: HttpRequest) -> HttpResponse:
        if not self.has_change_permission(request):
            raise PermissionDenied
        rule = TicketRule.objects.filter(pk=read_id(request.POST["_switch"]) or 0).first()
        if rule is None:
            self.message_user(request, "This rule is gone; nothing was switched.", messages.WARNING)
        else:
            switch_rules([rule], on=not rule.is_active)
            self.message_user(request, _switched([rule.name], is_on=not rule.is_active), messages.SUCCESS)
            if not rule.is_active:
                enqueue_actions(retry_refused_tickets())
        return HttpResponseRedirect(request.get_full_path())

    @action(description="Switch on", permissions=["change"])  # type: ignore[untyped-decorator]  # the theme ships no types
    def switch_on(self, request: HttpRequest, queryset: QuerySet[TicketRule]) -> HttpResponse | None:
        """Switch the ticked rules on, after saying what that would have done."""
        return self._switch_several(request, queryset, on=True)

    @action(description="Switch off", permissions=["change"])  # type: ignore[untyped-decorator]  # as above
    def switch_off(self, request: HttpRequest, queryset: QuerySet[TicketRule]) -> HttpResponse | None:
        """Switch the ticked rules off, after saying what that would have done."""
        return self._switch_several(request, queryset, on=False)

    def _switch_several(
        self, request: HttpRequest, chosen: QuerySet[TicketRule], *, on: bool
    ) -> HttpResponse | None:
        if "apply" not in request.POST:
            title = f"Switch {chosen.count()} rules {'on' if on else 'off'}"
            context = {**self.admin_site.each_context(request), "title": title, "rules": chosen, "is_on": on}
            return TemplateResponse(request, "tickets/rule_switch_several.html", context)
        names = switch_rules(chosen, on=on)
        self.message_user(request, _switched(names, is_on=on), messages.SUCCESS)
        return None

    @action(description="Copy, switched off", permissions=["add"])  # type: ignore[untyped-decorator]  # as above
    def copy(self, request: HttpRequest, queryset: QuerySet[TicketRule]) -> None:
        """Copy the ticked rules; the copies wait to be changed."""
        assert request.user.is_authenticated  # noqa: S101 - nobody else gets here
        names = [one.name for one in copy_rules(queryset, request.user)]
        self.message_user(
            request,
            f"Made {_quoted(names)}, switched off. Change what they ask, then switch them on.",
            messages.SUCCESS,
        )

    @column(description="Rule", ordering="name")
    def rule(self, rule: TicketRule) -> str:
        """Its name; below, why it is there."""
        return show_two_lines(rule.name, rule.reason)

    @column(description="Asks")
    def asks(self, rule: TicketRule) -> str:
        """What it asks in words."""
        return format_html('<span class="bridge-asks">{}</span>', rule_in_words(rule))

    @column(description="Sets")
    def sets(self, rule: TicketRule) -> str:
        """A mark for each thing."""
        marks = ((css, hover, text) for css, hover, text in rule_marks(rule))
        return format_html_join(" ", '<span class="bridge-mark {}" title="{}">{}</span>', marks) or "-"

    @column(description="On", ordering="is_active")
    def switch(self, rule: TicketRule) -> str:
        """Whether it is on; leads to switching it, which says first what that does."""
        return format_html(
            '<a href="{}" class="bridge-button{}" title="{}">{}</a>',
            reverse("admin:tickets_ticketrule_switch", args=(rule.pk,)),
            " is-main" if rule.is_active else "",
            "Switch it off ..." if rule.is_active else "Switch it on ...",
            "On" if rule.is_active else "Off",
        )

    @column(description="Alerts, 30 days")
    def matched(self, rule: Any) -> str:
        """How many alerts it would have applied to, linking to them."""
        return format_html(
            '<a href="{}/change/#rule-matches" title="Of {}">{}</a>',
            rule.pk,
            rule.examined,
            f"{rule.matches:,}",
        )

    @column(description="Changed", ordering="updated_at")
    def changed(self, rule: TicketRule) -> str:
        """When it was last saved."""
        return show_moment(rule.updated_at)


def _has_hours(rule: TicketRule) -> bool:
    return bool(rule.weekdays or rule.start_time or rule.end_time)


def _summary(examined: Examined[int]) -> str:
    return examined_in_words(examined) if examined.matches else ""


def _switched(names: Iterable[str], *, is_on: bool) -> str:
    listed = list(names)
    if not listed:
        return "Nothing to switch: it was so already."
    does = "applies" if len(listed) == 1 else "apply"
    if is_on:
        return f"Switched on: {_quoted(listed)} {does} to alerts from now on."
    return f"Switched off: {_quoted(listed)} no longer {does} to alerts. Tickets that exist stay as they are."


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"\u201c{name}\u201d" for name in names)
