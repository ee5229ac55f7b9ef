"""The ledger: every open alert in exactly one state, and when that was last held against Datto RMM's own list."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_GET

from tickets.domain.words import describe_cause
from tickets.models import Alert, LedgerCheck, Ticket
from tickets.selectors import pages
from tickets.selectors.groups import find_url
from tickets.services import ledger as books

#: In the order people read them: what has a ticket, what waits by itself, what never gets one, what needs somebody.
_STATES: Final = {
    Alert.State.TICKETED: ("Ticketed", "Has a ticket in Autotask."),
    Alert.State.MERGED: ("Merged into a ticket", "Stands in the ticket of another alert."),
    Alert.State.HELD: ("Held until", "Looked at again by itself at a set time."),
    Alert.State.SILENCED: ("Silenced by", "A silence hides it until it ends."),
    Alert.State.FILTERED: ("Filtered by", "Makes no ticket; the alert names the rule or the person."),
    Alert.State.BLOCKED: ("Waiting for a cure", "The alert says which."),
    Alert.State.TICKETING: ("Being made", "Decided; the ticket is being made."),
    Alert.State.RECEIVED: ("Received", "Stored, not decided yet. Should be gone within seconds."),
    Alert.State.CLEARED: ("Cleared", "Over on our side; Datto RMM still lists it as open."),
}
#: Part of a check's result -> what it is, and what to do.
_TROUBLES: Final = {
    "missing": (
        "not known here",
        "The next poll stores them; if they stay, Needs attention says what failed.",
    ),
    "unexplained": ("without a reason", "Open each and press Retry; it is decided anew."),
    "closed_here": (
        "resolved here, open in Datto RMM",
        "Open each; resolve it in Datto RMM again, or press Retry.",
    ),
    "gone": ("open here, not listed by Datto RMM", "Each is asked for by itself with the next poll."),
}
_EXAMPLES: Final = 20


@require_GET
def ledger(request: HttpRequest) -> HttpResponse:
    """Show the balance."""
    if not request.user.has_perm("tickets.view_alert"):
        raise PermissionDenied
    counts = books.count_states_and_causes()
    total = sum(sum(causes.values()) for causes in counts.values())
    check, run = books.last_check(), pages.find_last_run("alerts")
    balanced = check if check is None or check.balances else books.last_balanced()
    context = {
        **admin.site.each_context(request),
        "title": "Ledger",
        "rows": [_state_row(state, counts[state.value]) for state in _STATES],
        "total": total,
        "total_url": find_url("admin:tickets_alert_changelist", is_resolved__exact="0"),
        "check": check,
        "balanced": balanced,
        "troubles": _troubles(check),
        "tickets": _ticket_rows(),
        "run": run,
        "run_url": find_url("admin:integration_syncrun_change", run.pk) if run else "",
        "no_longer_listed": pages.count_no_longer_listed(),
        "missing_url": find_url(
            "admin:tickets_alert_changelist", is_resolved__exact="0", missed_polls__gt="0"
        ),
    }
    return TemplateResponse(request, "tickets/ledger.html", context)


def _state_row(state: Alert.State, causes: dict[str, int]) -> dict[str, Any]:
    title, meaning = _STATES[state]
    query = {"is_resolved__exact": "0", "state__exact": state.value}
    return {
        "state": title,
        "meaning": meaning,
        "count": sum(causes.values()),
        "url": find_url("admin:tickets_alert_changelist", **query),
        "causes": [
            {
                "words": describe_cause(cause),
                "count": count,
                "url": find_url("admin:tickets_alert_changelist", **query, cause__exact=cause),
            }
            for cause, count in sorted(causes.items(), key=lambda one: (-one[1], one[0]))
            if cause
        ],
    }


def _troubles(check: LedgerCheck | None) -> list[dict[str, Any]]:
    if check is None:
        return []
    found = []
    for name, (words, cure) in _TROUBLES.items():
        uids = check.result.get(name) or []
        if uids:
            links = [(uid, find_url("admin:tickets_alert_changelist", q=uid)) for uid in uids[:_EXAMPLES]]
            found.append({"words": words, "cure": cure, "count": len(uids), "links": links})
    return found


def _ticket_rows() -> list[dict[str, Any]]:
    return [
        _tickets(
            "Open, and every alert of it is over",
            "Left open because a person worked on it, it is protected, or its rule says so. Complete it in Autotask.",
            books.stranded_tickets(),
        ),
        _tickets(
            "Deleted or merged in Autotask, and an alert of it is open",
            "Its alerts wait: Retry makes a new ticket, resolving them in Datto RMM ends it.",
            books.deleted_tickets(),
        ),
        _tickets(
            "Waiting to be made",
            "Nothing to do: each is made in order as soon as Autotask answers.",
            books.unmade_tickets(),
        ),
    ]


def _tickets(words: str, cure: str, tickets: QuerySet[Ticket]) -> dict[str, Any]:
    found = list(tickets.only("pk", "ticket_number", "title", "correlation_key")[: _EXAMPLES + 1])
    count = len(found) if len(found) <= _EXAMPLES else tickets.count()
    links = [(str(one), find_url("admin:tickets_ticket_change", one.pk)) for one in found[:_EXAMPLES]]
    return {"words": words, "cure": cure, "count": count, "links": links}
