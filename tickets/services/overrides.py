"""What a monitor has of its own: one rule that names the monitor and nothing else, edited from the monitor's page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from django.contrib.auth.models import User
from django.db import models

from tickets.domain.rules.conditions import matching_rules
from tickets.domain.settings import EffectiveSettings
from tickets.models import Alert, Monitor, TicketRule
from tickets.selectors.places import Place
from tickets.services.rule_changes import free_name
from tickets.services.rules import (
    load_rules,
    rule_facts,
    settings_of,
    to_conditions,
    to_rule,
    with_rule_values,
)

REASON: Final = "Set on the monitor's page."


def find_override(monitor: Monitor) -> TicketRule | None:
    """Return the rule that names this monitor and nothing else; of several the one that wins. Two queries."""
    rows = with_rule_values().filter(monitor=monitor, is_active=True).order_by("position", "-pk")
    return next((row for row in rows if to_conditions(row).named == ("monitor",)), None)


def new_override(monitor: Monitor, user: User | None) -> TicketRule:
    """Return a rule for a monitor that has none of its own yet; it is not saved."""
    return TicketRule(name=free_name(f"Monitor {monitor}"), reason=REASON, monitor=monitor, created_by=user)


def without_override(alert: Alert, place: Place, override: TicketRule) -> EffectiveSettings:
    """Return what applies to an alert where its monitor's own rule says nothing."""
    return settings_of(alert, place, rules=[rule for rule in load_rules() if rule.id != override.pk])


def list_stronger(
    alert: Alert, place: Place, override: TicketRule, names: Sequence[str]
) -> list[tuple[str, str]]:
    """Return which rules beat a monitor's own for an alert.

    Args:
        alert, place: what it is and where it belongs.
        override: saved or not.
        names: fields of the settings.

    Returns:
        Field and rule of each, the strongest rule of a field alone.
    """
    own = to_rule(override)
    asked = [*(rule for rule in load_rules() if rule.id != own.id), own]
    found: dict[str, str] = {}
    for rule in matching_rules(asked, rule_facts(alert, place)):
        if rule is own:
            break
        for name in names:
            if rule.settings.get(name) is not None:
                found.setdefault(name, rule.name)
    return list(found.items())


def clear_settings(rule: TicketRule, names: Iterable[str]) -> None:
    """Let some settings inherit again; nothing is saved."""
    for name in names:
        field = TicketRule._meta.get_field(name)  # noqa: SLF001 - documented API
        if isinstance(field, models.JSONField):
            setattr(rule, name, {})
        else:
            setattr(rule, name, None if field.null else "")


def sets_anything(rule: TicketRule) -> bool:
    """Return whether a rule sets at least one thing."""
    return any(value not in (None, "", {}) for value in to_rule(rule).settings.values.values())
