"""Template helpers: times, set-up steps, badges."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from integration import wizard
from integration.registries import SetupStep

register = template.Library()


@register.filter
def ago(value: datetime | None) -> SafeString | str:
    """Return a <time> that bridge.js shows relative, in the person's zone; "never" for None."""
    if value is None:
        return "never"
    at = value.astimezone(UTC)
    return format_html(
        '<time datetime="{}">{} UTC</time>', at.isoformat(timespec="seconds"), at.strftime("%Y-%m-%d %H:%M")
    )


@register.filter
def duration(seconds: float | None) -> str:
    """Return seconds in words: 0.4 s, 48 s, 3 min 20 s, 2 h 5 min, 3 days; a dash for None."""
    if seconds is None:
        return "-"
    if seconds < 10:  # noqa: PLR2004 - below ten seconds tenths say something
        return f"{seconds:.1f} s"
    whole = round(seconds)
    days, rest = divmod(whole, 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, second = divmod(rest, 60)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (second, "s")]
    shown = [f"{value} {unit}" for value, unit in parts if value]
    return " ".join(shown[:2]) or "0 s"


@register.simple_tag(takes_context=True)
def setup_steps(context: dict[str, Any]) -> list[SetupStep]:
    """Return the set-up steps with what is done."""
    del context
    return wizard.list_steps()
