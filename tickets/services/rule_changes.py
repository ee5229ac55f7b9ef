"""What people do to whole rules: switch them, copy them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.contrib.auth.models import User
from django.utils import timezone

from tickets.models import TicketRule

_NAME_LENGTH: Final = 120


def switch_rules(rules: Iterable[TicketRule], *, on: bool) -> list[str]:
    """Switch rules on or off; returns the names of those that changed."""
    changed = [rule for rule in rules if rule.is_active != on]
    TicketRule.objects.filter(pk__in=[rule.pk for rule in changed]).update(
        is_active=on, updated_at=timezone.now()
    )
    return [rule.name for rule in changed]


def copy_rules(rules: Iterable[TicketRule], user: User) -> list[TicketRule]:
    """Copy rules under names of their own, switched off: two rules that ask the same would only be confusing."""
    copies = []
    for rule in rules:
        values = {
            field.attname: getattr(rule, field.attname)
            for field in TicketRule._meta.concrete_fields  # noqa: SLF001 - documented API
            if field.name not in {"id", "name", "is_active", "created_by", "created_at", "updated_at"}
        }
        copies.append(
            TicketRule.objects.create(
                name=free_name(rule.name, "copy"), is_active=False, created_by=user, **values
            )
        )
    return copies


def free_name(name: str, mark: str = "") -> str:
    """Return a name no rule has: the given one with its mark in brackets, and a number where that is taken too."""
    number = 1
    while True:
        words = [mark] if mark else []
        if number > 1:
            words.append(str(number))
        ending = f" ({' '.join(words)})" if words else ""
        found = name[: _NAME_LENGTH - len(ending)] + ending
        if not TicketRule.objects.filter(name__iexact=found).exists():
            return found
        number += 1
