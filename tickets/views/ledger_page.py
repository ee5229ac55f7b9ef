"""The ledger: every open alert in exactly one state, and when that was last held against Datto RMM's own list."""

from __future__ import annotations

from typing import Final

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_GET

from tickets.models import Alert
from tickets.selectors import pages
from tickets.selectors.groups import find_url

_MEANING: Final = {
    Alert.State.RECEIVED: "Stored, not decided yet. Should be gone within seconds.",
    Alert.State.TICKETING: "Decided; the ticket is being made.",
    Alert.State.TICKETED: "Has a ticket in Autotask.",
    Alert.State.FILTERED: "Makes no ticket, and a rule says why.",
    Alert.State.BLOCKED: "Waits for a cure; the alert says which.",
    Alert.State.CLEARED: "Over on our side; Datto RMM still lists it as open.",
}


@require_GET
def ledger(request: HttpRequest) -> HttpResponse:
    """Show the balance."""
    if not request.user.has_perm("tickets.view_alert"):
        raise PermissionDenied
    counts = pages.count_open_by_state()
    total = pages.count_open_alerts()
    rows = [
        {
            "state": state.label,
            "meaning": _MEANING[state],
            "count": counts[state.value],
            "url": find_url(
                "admin:tickets_alert_changelist", is_resolved__exact="0", state__exact=state.value
            ),
        }
        for state in Alert.State
    ]
    run = pages.find_last_run("alerts")
    context = {
        **admin.site.each_context(request),
        "title": "Ledger",
        "rows": rows,
        "total": total,
        "total_url": find_url("admin:tickets_alert_changelist", is_resolved__exact="0"),
        "balances": total == sum(counts.values()),
        "run": run,
        "run_url": find_url("admin:integration_syncrun_change", run.pk) if run else "",
        "no_longer_listed": pages.count_no_longer_listed(),
        "missing_url": find_url(
            "admin:tickets_alert_changelist", is_resolved__exact="0", missed_polls__gt="0"
        ),
    }
    return TemplateResponse(request, "tickets/ledger.html", context)
