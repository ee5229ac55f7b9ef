"""What a form's change would have done, told beside the form before anything is saved.

A page that wants it includes `tickets/_effect_panel.html` with `effect_url` inside its form and loads
`tickets/effect.js`. The address of ticket defaults is `effect-defaults`, of a rule `effect-rule` (0 for a new one), of
the alert policy `effect-policy`.
"""

from __future__ import annotations

from copy import copy
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.forms import modelform_factory
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from integration.ids import read_id
from tickets.models import AlertPolicy, ReplayRun, TicketRule
from tickets.services.defaults import with_values
from tickets.services.draft_fields import RULE_FIELDS
from tickets.services.drafts import (
    Draft,
    DraftOutdated,
    draft_of_defaults,
    draft_of_policy,
    draft_of_rule,
    draft_of_switch,
)
from tickets.services.effects import Effect, effect_of, effect_of_run
from tickets.services.policy import load_policy
from tickets.services.replay_story import user_of
from tickets.services.rules import with_rule_values
from tickets.tasks import enqueue_replay
from tickets.views.preview import read_defaults_form


@require_POST
def of_defaults(request: HttpRequest, defaults_id: int) -> HttpResponse:
    """Return the effect of a form of ticket defaults as {"html", "live", "url"}; nothing of it is saved."""
    _require(request, "tickets.change_ticketdefaults")
    stored = get_object_or_404(with_values(), pk=defaults_id)
    candidate, lines, _texts = read_defaults_form(request, stored)
    return tell_effect(request, draft_of_defaults(candidate, lines, stored))


@require_POST
def of_rule(request: HttpRequest, rule_number: int) -> HttpResponse:
    """Return the effect of a rule's form, as `of_defaults`.

    Args:
        request: holds the form.
        rule_number: 0 for a rule that is not stored yet.
    """
    _require(request, "tickets.change_ticketrule" if rule_number else "tickets.add_ticketrule")
    stored = get_object_or_404(with_rule_values(), pk=rule_number) if rule_number else None
    form = _rule_form(request, stored)(data=request.POST, instance=copy(stored) if stored else TicketRule())
    form.is_valid()
    # What is valid by itself is in the instance; the rest is as stored, and the form says what is wrong with it.
    candidate: TicketRule = form.instance
    if stored is None and not candidate.name:
        candidate.name = "New rule"
    return tell_effect(request, draft_of_rule(candidate, stored))


@require_POST
def of_switch(request: HttpRequest, rule_number: int) -> HttpResponse:
    """Return the effect of switching a rule: off when it is on or about to be deleted, else on."""
    _require(request, "tickets.change_ticketrule")
    rule = get_object_or_404(TicketRule, pk=rule_number)
    return tell_effect(request, draft_of_switch([rule], on=not rule.is_active))


@require_POST
def of_switches(request: HttpRequest) -> HttpResponse:
    """Return the effect of switching the ticked rules, as a list's action names them: off, unless it says on."""
    _require(request, "tickets.change_ticketrule")
    ticked = [pk for one in request.POST.getlist("_selected_action") if (pk := read_id(one)) is not None]
    rules = TicketRule.objects.filter(pk__in=ticked)
    return tell_effect(request, draft_of_switch(rules, on=request.POST.get("action") == "switch_on"))


@require_POST
def of_policy(request: HttpRequest) -> HttpResponse:
    """Return the effect of the alert policy's form, as `of_defaults`."""
    _require(request, "tickets.change_alertpolicy")
    stored = load_policy()
    model_admin = admin.site.get_model_admin(AlertPolicy)
    form = model_admin.get_form(request, stored, change=True)(data=request.POST, instance=copy(stored))
    form.is_valid()
    return tell_effect(request, draft_of_policy(form.instance, stored))


@require_GET
def of_run(request: HttpRequest, effect_id: int) -> HttpResponse:
    """Return what a worker has found so far."""
    _require(request, "tickets.view_replayrun")
    run = get_object_or_404(ReplayRun, pk=effect_id, kind=ReplayRun.Kind.EFFECT)
    return _told(request, effect_of_run(run))


def _rule_form(request: HttpRequest, stored: TicketRule | None) -> Any:
    if admin.site.is_registered(TicketRule):
        return admin.site.get_model_admin(TicketRule).get_form(request, stored, change=stored is not None)
    return modelform_factory(TicketRule, fields=list(RULE_FIELDS))


def tell_effect(request: HttpRequest, draft: Draft) -> HttpResponse:
    """Return the effect of a draft as {"html", "live", "url"}; counted by a worker when there are many alerts."""
    try:
        effect = effect_of(draft, user=user_of(request.user))
    except DraftOutdated as error:
        effect = Effect(error=str(error))
    run = effect.run
    if run is not None and run.status == ReplayRun.Status.QUEUED:
        # A second message about a replay that is at work finds it taken.
        transaction.on_commit(lambda: enqueue_replay(run.pk))
    return _told(request, effect)


def _told(request: HttpRequest, effect: Effect) -> JsonResponse:
    html = render_to_string("tickets/_effect.html", {"effect": effect}, request)
    url = reverse("effect-run", args=(effect.run.pk,)) if effect.run is not None else ""
    return JsonResponse({"html": html, "live": effect.is_waiting, "url": url})


def _require(request: HttpRequest, permission: str) -> None:
    if not request.user.has_perm(permission):
        raise PermissionDenied
