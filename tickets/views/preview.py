"""The live preview beside the ticket defaults form: what the ticket would be with what is typed now."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from typing import Any, Final

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.views.decorators.http import require_POST

from tickets.domain.rendering import Rendered, render_description, render_note, render_title
from tickets.domain.settings import TEMPLATE_FIELDS, EffectiveSettings, resolve
from tickets.domain.settings.agents import AGENT_FIELDS
from tickets.domain.template_variables import example_context, known_variables
from tickets.domain.templates_check import TemplateProblem, check_template
from tickets.models import Alert, AlertPriority, PriorityDefaults, TicketDefaults
from tickets.selectors.pages import find_connection
from tickets.selectors.places import place_of
from tickets.services.defaults import (
    GLOBAL_ID,
    is_agent_ticket,
    load_catalogue,
    load_rows,
    load_rows_above,
    load_settings_row,
    rows_above,
    with_values,
)
from tickets.services.rules import settings_of
from tickets.services.settings_words import list_effective
from tickets.services.template_context import alert_context
from tickets.services.ticket_preview import SAMPLE_NUMBER

_SAMPLE_PRIORITY: Final = "Critical"
_TITLES: Final = {
    "title_template": "Title",
    "description_template": "Description",
    "note_template": "First note",
}
_OF_AGENTS: Final = AGENT_FIELDS | {"priority", "due_minutes"}


@dataclass(frozen=True, slots=True)
class _Text:
    """One rendered text with what is wrong with its template."""

    title: str
    text: str
    origin: str
    problems: tuple[TemplateProblem, ...]
    is_cut: bool
    is_used: bool = True


@require_POST
def ticket_defaults_preview(request: HttpRequest, defaults_id: int) -> HttpResponse:
    """Return the preview as a piece of HTML; nothing is saved."""
    if not request.user.has_perm("tickets.view_ticketdefaults"):
        raise PermissionDenied
    stored = get_object_or_404(with_values(), pk=defaults_id)
    candidate, lines, raw = read_defaults_form(request, stored)
    alert = _find_alert(request.POST.get("preview_alert", ""))
    priority = alert.priority if alert is not None else request.POST.get("preview_priority", "")
    if priority not in AlertPriority.values:
        priority = _SAMPLE_PRIORITY
    settings = _resolve(candidate, lines, priority, alert)
    context = _context(alert, settings)
    is_security = stored.monitor_type is not None and stored.monitor_type.is_security
    texts = [
        _render(
            title,
            name,
            raw,
            settings,
            context,
            is_used=name != "note_template" or settings.flags["write_first_note"].value,
        )
        for name, title in _TITLES.items()
        if name in raw
    ]
    return TemplateResponse(
        request,
        "tickets/defaults_preview_result.html",
        {
            "alert": alert,
            "priority": priority,
            "settings": settings,
            "texts": texts,
            "fields": [
                (f"{title[:1].upper()}{title[1:]}", value, origin)
                for name, title, value, origin in list_effective(settings, is_security=is_security)
                if not is_agent_ticket(stored.monitor_type) or name in _OF_AGENTS
            ],
            "skipped": settings.skipped,
        },
    )


def read_defaults_form(
    request: HttpRequest, stored: TicketDefaults
) -> tuple[TicketDefaults, list[PriorityDefaults], dict[str, str]]:
    """Return the defaults with every typed value that is valid by itself, and the templates as typed."""
    model_admin = admin.site.get_model_admin(TicketDefaults)
    form = model_admin.get_form(request, stored, change=True)(data=request.POST, instance=copy(stored))
    form.is_valid()
    candidate: TicketDefaults = form.instance
    for name, value in form.cleaned_data.items():
        if name not in TEMPLATE_FIELDS:
            setattr(candidate, name, value)
    raw = {name: str(form.data.get(name, "")) for name in TEMPLATE_FIELDS if name in form.fields}
    for name, text in raw.items():
        setattr(candidate, name, text)
    lines: list[PriorityDefaults] = []
    for formset, _inline in model_admin.get_formsets_with_inlines(request, stored):
        bound = formset(data=request.POST, instance=stored, prefix=formset.get_default_prefix())
        if bound.management_form.is_valid():
            bound.is_valid()
            lines += [one.instance for one in bound.forms]
    return candidate, lines or list(stored.priorities.all()), raw


def _find_alert(chosen: str) -> Alert | None:
    if not chosen.isdecimal():
        return None
    return Alert.objects.select_related("monitor_type", "ticket__company").filter(pk=int(chosen)).first()


def _resolve(
    candidate: TicketDefaults, lines: list[PriorityDefaults], priority: str, alert: Alert | None
) -> EffectiveSettings:
    """For an alert as it would be decided, rules and site included; without one, as far as defaults tell."""
    own = load_settings_row(candidate, lines)
    rows = [own]
    if candidate.pk != GLOBAL_ID:
        rows += load_rows_above(candidate.monitor_type)
    if alert is None:
        return resolve(rows, priority, catalogue=load_catalogue())
    if candidate.pk == GLOBAL_ID:
        theirs = [row for row in load_rows(alert.monitor_type) if row.name == str(alert.monitor_type)]
        rows = [*theirs, *rows_above(alert.monitor_type, own)]
    return settings_of(alert, place_of(alert), defaults=rows)


def _context(alert: Alert | None, settings: EffectiveSettings) -> dict[str, Any]:
    if alert is None:
        return example_context()
    place = place_of(alert)
    organization = alert.ticket.company.name if alert.ticket else place.organization
    number = alert.ticket.ticket_number if alert.ticket else ""
    return alert_context(
        alert,
        place.device,
        find_connection(),
        organization=organization,
        ticket_number=number or SAMPLE_NUMBER,
        runbook=settings.texts["runbook_url"].value,
    )


def _render(
    title: str,
    name: str,
    raw: dict[str, str],
    settings: EffectiveSettings,
    context: dict[str, Any],
    *,
    is_used: bool = True,
) -> _Text:
    source = settings.templates[name]
    with_ticket = name == "note_template"
    renderers = {
        "title_template": render_title,
        "description_template": render_description,
        "note_template": render_note,
    }
    rendered: Rendered = renderers[name](source.value, context)
    typed = raw.get(name) or source.value
    problems = tuple(check_template(typed, known_variables(with_ticket=with_ticket))) if typed.strip() else ()
    return _Text(title, rendered.text, source.origin, problems or rendered.problems, rendered.is_cut, is_used)
