"""A small picture of how much a monitor fires: one bar a day, drawn as SVG without any script."""

from __future__ import annotations

from datetime import timedelta

from django.utils.html import format_html, format_html_join

from tickets.selectors.monitors import Activity

_BAR, _GAP, _HEIGHT = 3, 1, 20


def sparkline(activity: Activity, *, is_large: bool = False) -> str:
    """Return the picture; each bar says its day and number on hover, the whole says the sum to who cannot see it."""
    most = max(activity.days, default=0)
    bars = format_html_join(
        "",
        '<rect x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>',
        (
            (
                number * (_BAR + _GAP),
                _HEIGHT - _height(count, most),
                _BAR,
                _height(count, most),
                f"{activity.first + timedelta(days=number):%Y-%m-%d}: {count}",
            )
            for number, count in enumerate(activity.days)
        ),
    )
    return format_html(
        '<svg class="bridge-spark{}" viewBox="0 0 {} {}" role="img" aria-label="{} alerts in {} days, at most {} a day">{}</svg>',
        " is-large" if is_large else "",
        len(activity.days) * (_BAR + _GAP),
        _HEIGHT,
        activity.total,
        len(activity.days),
        most,
        bars,
    )


def _height(count: int, most: int) -> int:
    """A day without alerts keeps a hair's breadth, so that the days can be counted."""
    return max(round(_HEIGHT * count / most), 2) if count else 1
