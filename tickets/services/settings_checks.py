"""What is wrong with settings about to be saved, beside pick lists and texts; for ticket defaults and rules alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from mappings.models import TicketUdf
from tickets.domain.rendering import render_value
from tickets.domain.template_variables import example_context, known_variables
from tickets.domain.templates_check import check_template
from tickets.models.settings import TicketSettings

#: A longer window would ask about alerts that nobody would call related.
MOST_RELATED_MINUTES: Final = 60

Refuse = Callable[[str, str], None]


def check_settings(candidate: TicketSettings, stored: TicketSettings | None, refuse: Refuse) -> None:
    """Say what is wrong; at most three queries.

    Args:
        candidate: with the new values, not saved.
        stored: the same row as it is stored; what has been inactivated since may stay.
        refuse: is given the field and a text that names the trouble and the cure.
    """
    _check_people(candidate, stored, refuse)
    minutes = candidate.related_window_minutes
    if minutes is not None and minutes > MOST_RELATED_MINUTES:
        refuse(
            "related_window_minutes",
            f"Must be at most {MOST_RELATED_MINUTES} minutes. Type a smaller number.",
        )
    if candidate.runbook_url:
        parts = urlsplit(candidate.runbook_url.strip())
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            refuse(
                "runbook_url",
                "Must be an address that begins with https:// or http://. Paste the whole address.",
            )
    if candidate.escalate_after is not None and candidate.escalate_after < 2:  # noqa: PLR2004 - one is no repetition
        refuse(
            "escalate_after",
            "Must be at least 2: the first occurrence makes the ticket. Leave it empty for never.",
        )
    _check_udfs(candidate, stored, refuse)


def _check_people(candidate: TicketSettings, stored: TicketSettings | None, refuse: Refuse) -> None:
    for name, title in (("resource", "primary resource"), ("role", "role")):
        value = getattr(candidate, name)
        kept = stored is not None and getattr(stored, f"{name}_id") == getattr(candidate, f"{name}_id")
        if value is not None and not value.is_active and not kept:
            refuse(name, f"{value.name} is inactive in Autotask. Choose an active {title}.")
    resource, role = candidate.resource, candidate.role
    if resource is None:
        return
    if role is None:
        refuse("role", f"Autotask takes no resource without a role. Choose one of {resource.name}'s roles.")
        return
    roles = {one.pk: one.name for one in resource.roles.all()}
    # Nothing is known of a resource's roles before they have been read; then Autotask decides.
    if roles and role.pk not in roles:
        refuse(
            "role",
            f"{resource.name} does not have the role {role.name}. Choose {_either(sorted(roles.values()))}.",
        )


def _check_udfs(candidate: TicketSettings, stored: TicketSettings | None, refuse: Refuse) -> None:
    if not candidate.ticket_udfs:
        return
    known = dict(TicketUdf.objects.values_list("name", "is_active"))
    before = stored.ticket_udfs if stored is not None else {}
    for name, template in candidate.ticket_udfs.items():
        if not known.get(name, False) and name not in before:
            refuse(
                "ticket_udfs",
                f"{name}: Autotask has no active ticket UDF of this name. Choose one of the list.",
            )
        problems = check_template(template, known_variables(with_ticket=False))
        for problem in problems or render_value(template, example_context()).problems:
            refuse("ticket_udfs", f"{name}: {problem}")


def _either(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
