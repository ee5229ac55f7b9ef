"""Rules in words, as lists and pages show them."""

from __future__ import annotations

from typing import Final

from tickets.models import TicketRule
from tickets.services.rules import to_hours
from tickets.services.settings_words import Mark, list_marks

_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def rule_in_words(rule: TicketRule) -> str:
    """Return what a rule asks, such as "Monitor type Disk Usage, organization Contoso, priority Critical or High".

    Args:
        rule: with what it names loaded.
    """
    parts = [
        ("monitor", rule.monitor),
        ("monitor type", rule.monitor_type),
        ("organization", rule.company),
        ("site", rule.site),
        ("device", rule.device),
        ("device class", rule.device_class),
        ("category", rule.item_category),
        ("priority", " or ".join(rule.alert_priorities)),
    ]
    words = [f"{title} {value}" for title, value in parts if value]
    if rule.pattern:
        words.append(f"text fits \u201c{rule.pattern}\u201d")
    window = window_in_words(rule)
    if window:
        words.append(window)
    text = ", ".join(words)
    return text[:1].upper() + text[1:] if text else "Nothing: it applies to no alert until it names something"


def window_in_words(rule: TicketRule) -> str:
    """Return the weekly window of a rule, empty when it has none: "on Monday and Friday, 08:00 to 18:00 (UTC)"."""
    hours = to_hours(rule.weekdays, rule.start_time, rule.end_time, rule.time_zone, rule.is_outside_hours)
    if hours is None:
        return ""
    days = [_DAYS[day] for day in sorted(hours.weekdays)]
    when = f"on {_and(days)}" if days else "every day"
    if hours.start != hours.end:
        when += f", {hours.start:%H:%M} to {hours.end:%H:%M}"
    return f"{'outside of: ' if hours.is_outside else ''}{when} ({hours.zone})"


def rule_marks(rule: TicketRule) -> list[Mark]:
    """Return a mark of each thing a rule sets."""
    found: list[Mark] = []
    if rule.create_ticket is not None:
        found.append(("", "", "makes a ticket" if rule.create_ticket else "no ticket"))
    if rule.ticket_priority is not None:
        is_active = rule.ticket_priority.is_active
        hover = "" if is_active else "It is inactive in Autotask and is skipped."
        found.append(("" if is_active else "bridge-struck", hover, f"priority: {rule.ticket_priority.label}"))
    if rule.due_minutes is not None:
        found.append(("", "", f"due after {rule.due_minutes:,} min"))
    return [*found, *list_marks(rule)]


def _and(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
