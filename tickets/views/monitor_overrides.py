"""Editing one setting of a monitor on its own page: makes, changes or removes the rule that is the monitor's own."""

from __future__ import annotations

from copy import copy
from typing import Any, Final

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from tickets.domain.settings import EffectiveSettings
from tickets.domain.settings.words import setting_title
from tickets.domain.template_language import FILTERS
from tickets.domain.template_variables import VARIABLES
from tickets.models import Monitor, TicketRule
from tickets.services.draft_fields import DEFAULTS_FIELDS, RULE_FIELDS
from tickets.services.drafts import draft_of_rule
from tickets.services.overrides import (
    clear_settings,
    find_override,
    list_stronger,
    new_override,
    sets_anything,
    without_override,
)
from tickets.services.replay_story import user_of
from tickets.services.retry import retry_refused_tickets
from tickets.services.snapshot import same_settings
from tickets.tasks import enqueue_actions
from tickets.views.effects import tell_effect
from tickets.views.monitor_pages import example_of

#: Settings that mean little without each other are edited together. What is named nowhere is edited alone.
_TOGETHER: Final[tuple[tuple[str, ...], ...]] = (
    ("due_minutes", "due_in_business_hours"),
    ("issue_type", "sub_issue_type"),
    ("resource", "role"),
    ("write_first_note", "note_template", "note_type", "note_publish"),
    ("repeat_effect", "repeat_window_minutes", "reopened_status"),
    ("related_group", "related_effect", "related_window_minutes"),
    ("escalate_after", "escalate_within_minutes", "escalated_priority", "escalated_queue"),
)
#: A rule calls it otherwise than what comes of it.
_RULE_NAMES: Final = {"priority": "ticket_priority"}
#: What a rule sets besides what ticket defaults do.
_RULE_SETS: Final = frozenset({"ticket_priority", "due_minutes"})
_TEMPLATES: Final = frozenset({"title_template", "description_template", "note_template", "ticket_udfs"})


def fields_of(setting: str) -> tuple[str, ...]:
    """Return the fields of a rule by which a row of the effective settings is edited.

    Raises:
        Http404: there is no such setting.
    """
    name = _RULE_NAMES.get(setting, setting)
    if name not in DEFAULTS_FIELDS and name not in _RULE_SETS:
        raise Http404("There is no such setting.")
    return next((some for some in _TOGETHER if name in some), (name,))


@require_http_methods(["GET", "HEAD", "POST"])
def override(request: HttpRequest, monitor_id: int, setting: str) -> HttpResponse:
    """Show one setting as a form, store it, or let it inherit again.

    As a piece of HTML for the table of settings with `piece=1`; else as a page of its own.
    """
    with same_settings():
        return _override(request, monitor_id, setting)


def _override(request: HttpRequest, monitor_id: int, setting: str) -> HttpResponse:
    monitor = get_object_or_404(Monitor.objects.select_related("monitor_type"), pk=monitor_id)
    names, stored = fields_of(setting), find_override(monitor)
    _require(request, stored)
    rule = copy(stored) if stored is not None else new_override(monitor, user_of(request.user))
    if request.method == "POST" and "_reset" in request.POST:
        return _reset(request, monitor, stored, names)
    alert, place = example_of(monitor, request.GET.get("alert", ""))
    inherited = without_override(alert, place, rule)
    form = _form(request, stored, names, inherited)(
        data=request.POST if request.method == "POST" else None, instance=rule
    )
    if request.method == "POST" and form.is_valid():
        if not form.has_changed():
            messages.info(request, "Nothing was changed.")
        else:
            _save(request, form, is_new=stored is None)
            for name, stronger in list_stronger(alert, place, form.instance, names):
                if getattr(form.instance, name) not in (None, ""):
                    messages.warning(
                        request,
                        f"For {alert} the rule \u201c{stronger}\u201d says otherwise about {setting_title(name)}, and it is "
                        "more specific.",
                    )
        return _back(monitor)
    context = {
        **admin.site.each_context(request),
        "title": f"{monitor}: {setting_title(setting)}",
        "monitor": monitor,
        "alert": alert,
        "rule": stored,
        "form": form,
        "url": reverse("monitor-override", args=(monitor.pk, setting)),
        "effect_url": reverse("monitor-override-effect", args=(monitor.pk, setting)),
        "stronger": list_stronger(alert, place, rule, names),
        "is_set": stored is not None and any(_has(stored, name) for name in names),
        "media": form.media,
        "variables": VARIABLES if _TEMPLATES & set(names) else (),
        "filters": sorted(FILTERS),
    }
    page = "_monitor_override" if request.GET.get("piece") else "monitor_override"
    return TemplateResponse(request, f"tickets/{page}.html", context)


@require_POST
def effect(request: HttpRequest, monitor_id: int, setting: str) -> HttpResponse:
    """Return what the setting as typed would have done in the last 30 days; nothing is saved."""
    monitor = get_object_or_404(Monitor.objects.select_related("monitor_type"), pk=monitor_id)
    names, stored = fields_of(setting), find_override(monitor)
    _require(request, stored)
    rule = copy(stored) if stored is not None else new_override(monitor, user_of(request.user))
    form = _form(request, stored, names, None)(data=request.POST, instance=rule)
    form.is_valid()
    # What is valid by itself is in the instance; the form says what is wrong with the rest.
    return tell_effect(request, draft_of_rule(form.instance, stored))


def _form(
    request: HttpRequest,
    stored: TicketRule | None,
    names: tuple[str, ...],
    inherited: EffectiveSettings | None,
) -> Any:
    form = _rule_admin().get_form(
        request, stored, change=stored is not None, fields=list(names), inherited=inherited
    )
    # Fields that the form's class declares itself are there whatever is asked for; None takes them away.
    others: dict[str, Any] = {name: None for name in form.base_fields if name not in names}
    return type("OverrideForm", (form,), {"may_set_nothing": True, **others})


def _rule_admin() -> Any:
    return admin.site.get_model_admin(TicketRule)


def _save(request: HttpRequest, form: Any, *, is_new: bool) -> None:
    """Store it as the rule's own page does, so that the history of changes tells of it."""
    rules, rule = _rule_admin(), form.instance
    if not sets_anything(rule):
        _delete(request, rule)
        return
    rules.save_model(request, rule, form, change=not is_new)
    message = rules.construct_change_message(request, form, [], add=is_new)
    (rules.log_addition if is_new else rules.log_change)(request, rule, message)
    messages.success(request, f"Saved in the rule \u201c{rule.name}\u201d. Alerts from now on follow it.")


def _reset(
    request: HttpRequest, monitor: Monitor, stored: TicketRule | None, names: tuple[str, ...]
) -> HttpResponse:
    if stored is None or not any(_has(stored, name) for name in names):
        messages.info(request, "It inherited already; nothing was changed.")
        return _back(monitor)
    clear_settings(stored, names)
    if sets_anything(stored):
        stored.save()
        _rule_admin().log_change(
            request, stored, [{"changed": {"fields": [setting_title(n) for n in names]}}]
        )
        messages.success(
            request, f"It inherits again. The rule \u201c{stored.name}\u201d sets other things still."
        )
    else:
        _delete(request, stored)
    enqueue_actions(retry_refused_tickets())
    return _back(monitor)


def _delete(request: HttpRequest, rule: TicketRule) -> None:
    """A rule that sets nothing says nothing: it would only be looked at in vain."""
    rules = _rule_admin()
    if not rules.has_delete_permission(request, rule):
        raise PermissionDenied
    rules.log_deletions(request, TicketRule.objects.filter(pk=rule.pk))
    name = rule.name
    TicketRule.objects.filter(pk=rule.pk).delete()
    messages.success(
        request, f"It inherits again. The rule \u201c{name}\u201d set nothing else, so it was deleted."
    )


def _has(rule: TicketRule, name: str) -> bool:
    return getattr(rule, RULE_FIELDS[name].attname) not in (None, "", {})


def _back(monitor: Monitor) -> HttpResponse:
    return HttpResponseRedirect(
        f"{reverse('admin:tickets_monitor_change', args=(monitor.pk,))}#settings-title"
    )


def _require(request: HttpRequest, stored: TicketRule | None) -> None:
    """What can be stored is a rule: who may not write those sees no form."""
    if not request.user.has_perm(f"tickets.{'add' if stored is None else 'change'}_ticketrule"):
        raise PermissionDenied
