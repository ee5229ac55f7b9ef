"""The ticket an alert would get by given settings, for people who are about to change them."""

from __future__ import annotations

from dataclasses import dataclass

from tickets.domain.rendering import Rendered, render_description, render_note, render_title
from tickets.domain.settings import EffectiveSettings
from tickets.models import Alert
from tickets.selectors.pages import find_connection
from tickets.selectors.places import Place
from tickets.services.template_context import alert_context

SAMPLE_NUMBER = "T20261124.0042"


@dataclass(frozen=True, slots=True)
class PreviewText:
    """One text of the ticket.

    Attributes:
        origin: where its template comes from.
        problem: why that cannot be used, so that this is the built-in text.
    """

    title: str
    text: str
    origin: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class TicketPreview:
    """What would be made.

    Attributes:
        why_not: says so where no ticket would be made; empty otherwise.
    """

    alert: Alert
    texts: tuple[PreviewText, ...]
    why_not: str = ""


def preview_ticket(alert: Alert, place: Place, settings: EffectiveSettings) -> TicketPreview:
    """Return the texts an alert's ticket would have. At most four queries; nothing is saved and nobody is asked.

    Args:
        alert: with its monitor type loaded.
        place: where it belongs.
        settings: that apply to it.
    """
    context = alert_context(
        alert,
        place.device,
        find_connection(),
        organization=alert.ticket.company.name if alert.ticket else place.organization,
        ticket_number=(alert.ticket.ticket_number if alert.ticket else "") or SAMPLE_NUMBER,
        runbook=settings.texts["runbook_url"].value,
    )
    wanted = [
        ("Title", "title_template", render_title),
        ("Description", "description_template", render_description),
    ]
    if settings.flag("write_first_note"):
        wanted.append(("First note", "note_template", render_note))
    texts = []
    for title, name, render in wanted:
        template = settings.templates[name]
        rendered: Rendered = render(template.value, context)
        problem = rendered.problems[0].message if rendered.problems else ""
        texts.append(PreviewText(title, rendered.text, template.origin or "built-in", problem))
    create = settings.create_ticket
    return TicketPreview(
        alert, tuple(texts), "" if create.value else f"No ticket would be made ({create.origin})."
    )
