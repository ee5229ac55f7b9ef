"""What is to be said of ticket defaults and rules before they are saved."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from django.db.models import F, Q

from mappings.models import PicklistValue, WorkType
from tickets.domain.rendering import render_description, render_note, render_title
from tickets.domain.settings import (
    PICK_FIELDS,
)
from tickets.domain.template_variables import example_context, known_variables
from tickets.domain.templates_check import check_template
from tickets.models import PriorityDefaults, TicketDefaults
from tickets.models.settings import TicketSettings
from tickets.services.defaults import ref_of, type_of
from tickets.services.settings_checks import check_settings

_TEMPLATES: Final = (
    ("title_template", False, render_title),
    ("description_template", False, render_description),
    ("note_template", True, render_note),
)


@dataclass(slots=True)
class Verdict:
    """What is to be said of defaults before they are saved.

    Attributes:
        errors: field -> messages that name the trouble and the cure; not empty refuses.
        warnings: what is saved all the same.
    """

    errors: dict[str, list[str]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def refuse(self, name: str, message: str) -> None:
        """Add an error to a field."""
        self.errors.setdefault(name, []).append(message)


def validate_defaults(candidate: TicketSettings, stored: TicketSettings | None) -> Verdict:
    """Return what is wrong with defaults, or a rule's settings, about to be saved; at most five queries.

    A value that was inactivated after it was chosen may stay, with a warning: alerts skip it and still get
    their ticket. Choosing an inactive one anew is refused.

    Args:
        candidate: with the new values, not saved.
        stored: the same row as it is stored; None for a new one.
    """
    verdict = Verdict()
    for name, title in PICK_FIELDS.items():
        value: PicklistValue | WorkType | None = getattr(candidate, name)
        if value is None or value.is_active:
            continue
        if stored is not None and getattr(stored, f"{name}_id") == value.pk:
            verdict.warnings.append(inactive_warning(title, ref_of(value).label))
        else:
            verdict.refuse(name, f"{ref_of(value).label} is inactive in Autotask. Choose an active {title}.")
    monitor_type = type_of(candidate)
    if monitor_type is not None and monitor_type.is_security and candidate.complete_on_clear:
        verdict.warnings.append(
            "Complete the ticket when the alert clears: not used here, because security alerts are never closed by "
            "themselves. A note says that the alert cleared."
        )
    _check_sub_issue(candidate, verdict)
    _check_templates(candidate, verdict)
    check_settings(candidate, stored, verdict.refuse)
    return verdict


def validate_line(candidate: PriorityDefaults, stored_priority_id: int | None) -> Verdict:
    """Return what is wrong with a priority line about to be saved.

    Args:
        candidate: with the new values, not saved.
        stored_priority_id: primary key of the ticket priority that is stored.
    """
    verdict = Verdict()
    value = candidate.ticket_priority
    if value is not None and not value.is_active:
        if stored_priority_id == value.pk:
            verdict.warnings.append(
                inactive_warning(f"ticket priority for {candidate.alert_priority}", value.label)
            )
        else:
            verdict.refuse(
                "ticket_priority", f"{value.label} is inactive in Autotask. Choose an active ticket priority."
            )
    return verdict


def inactive_warning(title: str, label: str) -> str:
    """Return what is said of a stored value that Autotask no longer offers."""
    return (
        f"{title[0].upper()}{title[1:]}: {label} is inactive in Autotask. It is skipped: tickets take the next "
        "source instead. Choose an active value."
    )


def _check_sub_issue(candidate: TicketSettings, verdict: Verdict) -> None:
    sub_issue = candidate.sub_issue_type
    if sub_issue is None:
        return
    issue, inherited = candidate.issue_type, ""
    if issue is None:
        above = TicketDefaults.objects.select_related("issue_type", "monitor_type")
        above = above.filter(Q(monitor_type__isnull=True) | Q(monitor_type=type_of(candidate)))
        if isinstance(candidate, TicketDefaults):
            above = above.exclude(pk=candidate.pk)
        for row in above.exclude(issue_type=None).order_by(F("monitor_type").asc(nulls_last=True)):
            issue, inherited = row.issue_type, f" (from {row})"
            break
    if issue is None:
        verdict.refuse(
            "sub_issue_type", "A sub-issue type needs an issue type. Choose the issue type as well."
        )
    elif sub_issue.parent_value != issue.value:
        verdict.refuse(
            "sub_issue_type",
            f"{sub_issue.label} does not belong to issue type {issue.label}{inherited}. "
            "Choose one of its sub-issue types, or another issue type.",
        )


def _check_templates(candidate: TicketSettings, verdict: Verdict) -> None:
    for name, with_ticket, render in _TEMPLATES:
        text: str = getattr(candidate, name)
        if not text.strip():
            continue
        problems = check_template(text, known_variables(with_ticket=with_ticket))
        # A trial on a made-up alert finds what reading cannot, such as arithmetic on text.
        for problem in problems or render(text, example_context()).problems:
            verdict.refuse(name, str(problem))
    if candidate.note_template.strip() and candidate.write_first_note is False:
        verdict.warnings.append("First note: the note is switched off, so its text is not used.")
