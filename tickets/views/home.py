"""The home page: is it right, and what needs me?"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any, cast

import structlog
from django.contrib import admin
from django.http import HttpRequest
from django.template.exceptions import TemplateDoesNotExist
from django.template.loader import get_template
from django.utils import timezone

from integration.clients import budget_snapshot
from integration.models import Connection, Vendor
from integration.sync.sentences import kind_title
from integration.vendors.budget import BudgetSnapshot
from integration.vendors.errors import VendorError
from integration.views.environment import connection_of
from tickets.domain.resolution_text import format_duration
from tickets.models import Alert
from tickets.selectors import pages, waiting
from tickets.selectors.asking import read_answers, total
from tickets.selectors.groups import Group, find_url
from tickets.selectors.inbox import build_groups, count_by_permission

log = structlog.get_logger(__name__)

_SETUP_TEMPLATE = "integration/setup_steps.html"
_NEARLY_SPENT = 0.8


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add what the home page shows; a constant number of queries."""
    now = timezone.now()
    context["may_see_alerts"] = request.user.has_perm("tickets.view_alert")
    if not context["may_see_alerts"]:
        return context
    answers = read_answers(now)
    connection = connection_of(request)
    everybodys = build_groups(now, answers, connection)
    _refresh_menu(request, context, everybodys)
    groups = [group for group in everybodys if request.user.has_perm(group.permission) and not group.is_calm]
    count = sum(group.count for group in groups)
    last = None if groups else pages.find_last_ticketed()
    days = pages.count_by_day(now)
    context.update(
        is_connected=connection is not None and connection.is_enabled,
        setup_template=_setup_template(),
        sentence=describe_state(connection, groups, last, now),
        is_fine=not groups,
        numbers=[
            {
                "title": "Open alerts",
                "value": total(answers, "open alert"),
                "note": "in Datto RMM",
                "url": find_url("admin:tickets_alert_changelist", is_resolved__exact="0"),
            },
            {
                "title": "Open alert tickets",
                "value": total(answers, "open ticket"),
                "note": "in Autotask, made here",
                "url": find_url("admin:tickets_ticket_changelist", state__exact="open"),
            },
            {
                "title": "Needs attention",
                "value": count,
                "note": "Nothing needs you." if not groups else groups[0].title,
                "url": find_url("needs-attention"),
                "is_alarm": count > 0,
            },
        ],
        budgets=_budgets(now),
        budgets_url=find_url("integration-health"),
        chart=_chart(days),
        has_days=any(day.alerts for day in days),
        runs=[(run, kind_title(run.kind)) for run in pages.list_last_runs()]
        if request.user.has_perm("integration.view_syncrun")
        else [],
        runs_url=find_url("admin:integration_syncrun_changelist"),
    )
    return context


def _refresh_menu(request: HttpRequest, context: dict[str, Any], groups: list[Group]) -> None:
    """Let the menu, which was made before this page counted, tell the same number."""
    known = waiting.read_counts()
    fresh = count_by_permission(groups)
    waiting.remember(fresh)
    if known != fresh and "sidebar_navigation" in context:
        # The theme's own way to make it, of which its base class knows nothing.
        context["sidebar_navigation"] = cast("Any", admin.site).get_sidebar_list(request)


def describe_state(
    connection: Connection | None, groups: list[Group], last: Alert | None, now: datetime
) -> str:
    """Return how things stand, in a sentence or two."""
    if connection is None or not connection.is_enabled:
        return "RMM Bridge is not connected yet: no alert is read and no ticket is written."
    if groups:
        first = groups[0]
        more = len(groups) - 1
        rest = "" if not more else f" {more} other {'thing needs' if more == 1 else 'things need'} attention."
        return f"{first.title}: {first.happened}{rest}".strip()
    if last is None or last.ticket is None or last.ticketed_at is None:
        return "Everything is in step. No alert has become a ticket yet."
    ago = format_duration(max(now - last.first_seen_at, timedelta(0)))
    took = _took(last.ticketed_at - last.first_seen_at)
    return f"Everything is in step. The last alert, {ago} ago, became {last.ticket.ticket_number or 'a ticket'}{took}."


def _took(duration: timedelta) -> str:
    """Below a minute, tenths are worth saying."""
    if duration < timedelta(0):
        return ""
    if duration < timedelta(minutes=1):
        return f" in {duration.total_seconds():.1f} s"
    return f" in {format_duration(duration)}"


def _budgets(now: datetime) -> dict[str, Any]:
    """Return both vendors' budgets, or what is known when Redis does not answer."""
    try:
        snapshots = budget_snapshot()
    except VendorError as error:
        log.warning("budgets unknown", error=str(error))
        return {
            "problem": "Unknown: Redis does not answer. Alerts are stored; nothing is sent until it is back."
        }
    return {"rows": [_budget(Vendor(vendor), snapshot, now) for vendor, snapshot in snapshots.items()]}


def _budget(vendor: Vendor, snapshot: BudgetSnapshot, now: datetime) -> dict[str, Any]:
    window = "hour" if snapshot.window_seconds >= 3600 else "minute"  # noqa: PLR2004 - seconds of an hour
    blocked = snapshot.blocked_until is not None and snapshot.blocked_until > now
    return {
        "vendor": vendor.label,
        "used": snapshot.used_by_us + snapshot.used_by_others,
        "by_others": snapshot.used_by_others,
        "limit": snapshot.limit,
        "window": window,
        "percent_us": min(100, round(100 * snapshot.used_by_us / snapshot.limit, 1)),
        "percent_others": min(100, round(100 * snapshot.used_by_others / snapshot.limit, 1)),
        "is_tight": snapshot.used_share >= _NEARLY_SPENT or blocked,
        "blocked": f"{snapshot.block_reason} Until {snapshot.blocked_until:%H:%M:%S} UTC." if blocked else "",
    }


def _chart(days: list[pages.DayCount]) -> str:
    """Return the chart's data in the shape Chart.js takes."""
    lines = (
        ("Alerts in", "var(--color-primary-600)", [day.alerts for day in days]),
        ("Tickets made", "var(--color-blue-500)", [day.tickets for day in days]),
        ("Closed by themselves", "var(--color-orange-500)", [day.cleared for day in days]),
    )
    return json.dumps(
        {
            "labels": [f"{day.day:%a %d}" for day in days],
            "datasets": [
                {
                    "label": label,
                    "data": data,
                    "borderColor": color,
                    "backgroundColor": color,
                    "displayYAxis": True,
                }
                for label, color, data in lines
            ],
        }
    )


def _setup_template() -> str:
    try:
        get_template(_SETUP_TEMPLATE)
    except TemplateDoesNotExist:
        return ""
    return _SETUP_TEMPLATE
