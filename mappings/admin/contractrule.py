"""Mappings > Contract rules: ordered, explained, and tried before they count."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminSelect2Widget

from integration.ids import read_id
from integration.models import SyncRun
from integration.sync import runs
from integration.sync.kinds import get_kind
from integration.tasks import execute_run
from integration.views.pages import send
from mappings.admin.common import ThemedAdmin, action, display
from mappings.models import Contract, ContractRule, Device
from mappings.services.devices.contract_rules import (
    EXAMPLES,
    KIND,
    find_last_trial,
    find_rule_problems,
    move_rule,
    next_position,
)
from mappings.services.devices.rule_words import conditions_in_words, outcome_in_words

LIST = "admin:mappings_contractrule_changelist"
TRY = "admin:mappings_contractrule_try"
_RELATED = (
    "company",
    "site",
    "configuration_item_type",
    "configuration_item_category",
    "udf",
    "contract",
    "service",
)


#: Field of a rule -> field of `Device` it is compared with.
_SEEN = {"device_class": "device_class", "datto_category": "category"}


def _contract_label(contract: Contract) -> str:
    """Return what tells contracts of one name apart."""
    return f"{contract.company.name} · {contract.name}"


class ContractRuleForm(forms.ModelForm[ContractRule]):
    """A rule; what cannot work is refused beside its field."""

    class Meta:
        model = ContractRule
        fields = (
            "name",
            "is_active",
            "is_automatic",
            "company",
            "site",
            "device_class",
            "datto_category",
            "configuration_item_type",
            "configuration_item_category",
            "udf",
            "udf_operator",
            "udf_value",
            "outcome",
            "contract_choice",
            "contract_name",
            "contract",
            "service",
            "contact_choice",
            "no_contract_reason",
        )

    def clean(self) -> dict[str, Any]:
        """Check the rule as a whole.

        Raises:
            ValidationError: on the field that has to change.
        """
        values = super().clean() or self.cleaned_data
        candidate = ContractRule(**values)
        for name, problem in find_rule_problems(candidate).items():
            if name in self.fields and name not in self.errors:
                self.add_error(name, problem)
        return values


@admin.register(ContractRule)
class ContractRuleAdmin(ThemedAdmin):
    """Contract rules."""

    form = ContractRuleForm
    change_list_template = "mappings/contractrule_list.html"
    list_before_template = "mappings/contractrule_bar.html"
    empty_text = (
        "No rules yet. A rule proposes contract, service and contact for the devices it fits, such as: category is "
        "Server → the organization's only recurring contract, service Managed Server. The first rule that fits wins."
    )
    list_display = ("show_order", "show_rule", "show_conditions", "show_outcome", "show_state", "move")
    list_display_links = None
    list_select_related = _RELATED
    ordering = ("position", "pk")
    sortable_by = ()
    actions = ("switch_on", "switch_off", "delete_selected")
    warn_unsaved_form = True
    conditional_fields: ClassVar[dict[str, str]] = {
        "udf_value": "udf_operator != 'is_empty' && udf_operator != 'not_empty'",
        "contract_choice": "outcome == 'assign'",
        "contract_name": "outcome == 'assign' && contract_choice == 'named'",
        "contract": "outcome == 'assign' && contract_choice == 'specific'",
        "service": "outcome == 'assign'",
        "no_contract_reason": "outcome == 'no_contract'",
    }
    autocomplete_fields = ("company", "site", "configuration_item_type", "configuration_item_category", "udf")
    fieldsets: ClassVar[Any] = (
        (None, {"fields": ("name", ("is_active", "is_automatic"))}),
        (
            "Which devices",
            {
                "description": "All conditions must hold; empty ones hold for every device. The type and category of "
                "the configuration item are Autotask's, class and category are Datto RMM's.",
                "fields": (
                    ("company", "site"),
                    ("device_class", "datto_category"),
                    ("configuration_item_type", "configuration_item_category"),
                    ("udf", "udf_operator"),
                    "udf_value",
                ),
            },
        ),
        (
            "What they get",
            {
                "fields": (
                    "outcome",
                    "contract_choice",
                    "contract_name",
                    "contract",
                    "service",
                    "contact_choice",
                    "no_contract_reason",
                ),
            },
        ),
    )

    class Media:
        css: ClassVar[dict[str, tuple[str, ...]]] = {"all": ("mappings/reviews.css",)}

    def get_urls(self) -> list[URLPattern]:
        """Add the pages."""
        wrap = self.admin_site.admin_view
        return [
            path("try/", wrap(self.try_view), name="mappings_contractrule_try"),
            path("run/", wrap(self.run_view), name="mappings_contractrule_run"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Tell the template what it may offer."""
        context = {
            "is_table_empty": not ContractRule.objects.exists(),
            "may_run": self.has_change_permission(request),
            **(extra_context or {}),
        }
        if request.method == "POST" and "_move" in request.POST:
            rule_id, _, step = request.POST["_move"].partition(":")
            return self._move(request, rule_id, step)
        return super().changelist_view(request, context)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Explain what is compared how."""
        if db_field.name in {"contract", "service"}:
            kwargs["widget"] = UnfoldAdminSelect2Widget()
        field: Any = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "udf_value":
            field.help_text = (
                "Capitals do not count. A pattern must fit the whole value, such as Gold|Silver.*"
            )
        elif db_field.name == "service":
            field.queryset = field.queryset.filter(is_active=True)
        elif db_field.name == "contract":
            field.queryset = field.queryset.filter(is_active=True, is_missing=False).select_related("company")
            field.label_from_instance = _contract_label
        elif db_field.name in _SEEN:
            values = Device.objects.order_by().exclude(**{_SEEN[db_field.name]: ""})
            seen = sorted(values.values_list(_SEEN[db_field.name], flat=True).distinct())[:12]
            # Help texts are not escaped by templates.
            field.help_text = (
                f"Seen so far: {', '.join(map(escape, seen))}." if seen else "As Datto RMM names it."
            )
        return field

    def save_model(self, request: HttpRequest, obj: ContractRule, form: Any, change: Any) -> None:
        """Put a new rule behind all others."""
        if not change:
            obj.position = next_position()
        super().save_model(request, obj, form, change)

    def _move(self, request: HttpRequest, rule_id: str, step: str) -> HttpResponse:
        if request.method != "POST" or not self.has_change_permission(request):
            raise PermissionDenied
        rule = read_id(rule_id)
        if rule is None or step not in {"1", "-1"} or not move_rule(rule, int(step)):
            self.message_user(request, "The rule is where it was: it cannot go further.", messages.WARNING)
        return HttpResponseRedirect(reverse(LIST))

    def try_view(self, request: HttpRequest) -> HttpResponse:
        """Show what the last trial of the rules found; a POST queues a new one."""
        if request.method == "POST":
            run = self._queue(request, dry_run=True)
            return HttpResponseRedirect(f"{reverse(TRY)}?run={run.pk}")
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = find_last_trial()
        waits_for = SyncRun.objects.filter(pk=read_id(request.GET.get("run")) or 0, kind=KIND).first()
        if waits_for is not None and found is not None and found[0].pk >= waits_for.pk:
            waits_for = None
        context = {
            **self.admin_site.each_context(request),
            "title": "Try the contract rules",
            "run": found[0] if found is not None else None,
            "trial": found[1] if found is not None else None,
            "waits_for": waits_for,
            "shown": EXAMPLES,
            "list_url": reverse(LIST),
            "may_run": self.has_change_permission(request),
        }
        return TemplateResponse(request, "mappings/contractrule_try.html", context)

    def run_view(self, request: HttpRequest) -> HttpResponse:
        """Queue a run that proposes again to every device that waits, and show it."""
        run = self._queue(request, dry_run=False)
        return HttpResponseRedirect(reverse("admin:integration_syncrun_change", args=[run.pk]))

    def _queue(self, request: HttpRequest, *, dry_run: bool) -> SyncRun:
        if request.method != "POST" or not self.has_change_permission(request):
            raise PermissionDenied
        user: Any = request.user
        run, is_new = runs.queue_run(kind=KIND, trigger=SyncRun.Trigger.PERSON, user=user, dry_run=dry_run)
        if is_new:
            queue = get_kind(KIND).queue
            transaction.on_commit(partial(send, request, execute_run, queue=queue, args=(run.pk,)))
        return run

    @action(description="Switch on", permissions=["change"])
    def switch_on(self, request: HttpRequest, queryset: Any) -> None:
        """Switch the ticked rules on."""
        self.message_user(request, f"{queryset.update(is_active=True)} switched on.", messages.SUCCESS)

    @action(description="Switch off", permissions=["change"])
    def switch_off(self, request: HttpRequest, queryset: Any) -> None:
        """Switch the ticked rules off."""
        self.message_user(request, f"{queryset.update(is_active=False)} switched off.", messages.SUCCESS)

    @display(description="#")
    def show_order(self, rule: ContractRule) -> int:
        """Show the place."""
        return rule.position

    @display(description="Rule")
    def show_rule(self, rule: ContractRule) -> SafeString:
        """Link to the rule."""
        return format_html(
            '<a href="{}" class="text-primary-700 dark:text-primary-400">{}</a>',
            reverse("admin:mappings_contractrule_change", args=[rule.pk]),
            rule.name,
        )

    @display(description="Devices")
    def show_conditions(self, rule: ContractRule) -> str:
        """Show the conditions in words."""
        return conditions_in_words(rule)

    @display(description="Get")
    def show_outcome(self, rule: ContractRule) -> str:
        """Show the outcome in words."""
        return outcome_in_words(rule)

    @display(
        description="State", label={"proposes": "info", "applies without asking": "success", "off": "warning"}
    )
    def show_state(self, rule: ContractRule) -> str:
        """Show what the rule does."""
        if not rule.is_active:
            return "off"
        return "applies without asking" if rule.is_automatic else "proposes"

    @display(description="Order")
    def move(self, rule: ContractRule) -> SafeString:
        """Offer to move it."""
        return format_html(
            '<span class="review-buttons"><button type="submit" class="rb-button" name="_move" value="{}:-1" '
            'aria-label="Move {} up">↑</button><button type="submit" class="rb-button" name="_move" value="{}:1" '
            'aria-label="Move {} down">↓</button></span>',
            rule.pk,
            rule.name,
            rule.pk,
            rule.name,
        )
