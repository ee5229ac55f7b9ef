"""What the pages of one alert and one ticket tell: timeline, decision, calls, what is still to be written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Q, QuerySet

from integration.vendors.datto_rmm.contexts import describe_context
from mappings.models import SiteMapping
from tickets.admin.moments import build_moments
from tickets.admin.why import rules_named, why
from tickets.domain.grouping import TicketKind
from tickets.domain.words import describe_cause
from tickets.models import Action, AgentRequest, Alert, Ticket, TimelineEvent
from tickets.selectors.groups import find_url
from tickets.selectors.members import list_members
from tickets.selectors.names import read_names
from tickets.selectors.origins import Origins
from tickets.selectors.pages import find_connection, list_calls
from tickets.selectors.places import Place, place_of
from tickets.selectors.requests import attached_alerts
from tickets.services.links import alert_link, device_link, ticket_link, trusted_portal_url
from tickets.services.quick_silence import list_scopes
from tickets.services.release import WAITING
from tickets.services.silences import PRESETS, describe_scope

_EVENTS = 300
#: So many of the other alerts of a ticket are named on an alert's page.
_OTHERS = 10
#: States of actions that are worth a line: done ones are in the timeline.
_PENDING = [Action.State.WAITING, Action.State.RUNNING, Action.State.REFUSED]
_TICKET_GOES_ON = (Ticket.State.OPEN, Ticket.State.PLANNED, Ticket.State.REOPENING)


def for_story(alerts: QuerySet[Alert]) -> QuerySet[Alert]:
    """Return alerts with everything `alert_story` looks at."""
    silence = ("device", "monitor", "site", "company", "ends_with", "owner")
    return alerts.select_related(
        "ticket__company",
        "ticket__previous",
        "ticket__problem",
        "monitor_type",
        "monitor",
        *(f"silence__{name}" for name in silence),
    )


def alert_story(alert: Alert) -> dict[str, Any]:
    """Return the context of an alert's page; a constant number of queries.

    Args:
        alert: read with `for_story`.
    """
    connection = find_connection()
    place = place_of(alert)
    device, ticket = place.device, alert.ticket
    about = Q(alert=alert)
    subjects = [f"alert:{alert.alert_uid}"]
    if ticket is not None:
        # Of other alerts on the ticket only what happened to the ticket itself.
        about |= Q(ticket=ticket, alert__isnull=True)
        subjects.append(f"ticket:{ticket.pk}")
    decision = _decision(alert)
    rules, rule_ids = rules_named(decision)
    names = read_names(ticket, monitor_type_id=alert.monitor_type_id, rules=rules, rule_ids=rule_ids)
    members = list_members(ticket) if ticket is not None else None
    member = members.find(alert) if members is not None else None
    return {
        "alert": alert,
        "cause": describe_cause(alert.cause) if alert.cause else "",
        "device": device,
        "place": place,
        "monitor_url": find_url("admin:tickets_monitor_change", alert.monitor_id) if alert.monitor_id else "",
        "site_url": find_url("admin:mappings_sitemapping_change", place.mapping.pk) if place.mapping else "",
        "device_page": find_url("admin:mappings_device_change", device.pk) if device else "",
        "alert_url": alert_link(connection, alert),
        "device_url": device_link(connection, device),
        "web_remote_url": trusted_portal_url(connection, device.web_remote_url) if device else "",
        "ticket": ticket,
        "ticket_url": ticket_link(connection, ticket),
        "names": names,
        "moments": build_moments(_events(about), alert=alert, ticket_id=alert.ticket_id),
        "actions": list(Action.objects.filter(about, state__in=_PENDING)),
        "calls": list_calls(subjects),
        "facts": decision.get("facts") or [],
        "details": describe_context(alert.context or None).facts,
        "why": why(decision, Origins(names, place), has_ticket=ticket is not None),
        "now_url": _now_url(alert),
        "creator": members.creator if members is not None else None,
        "others": [one for one in members.rows if one.alert.pk != alert.pk][:_OTHERS] if members else [],
        "part": member.part if member is not None else "",
        "scope": describe_scope(alert.silence) if alert.silence is not None else "",
        "is_waiting": alert.state in WAITING and not alert.is_resolved,
        "scopes": list_scopes(alert, place),
        "presets": list(PRESETS.items()),
        "can_retry": _can_retry(alert),
        "can_leave": member is not None and member.can_leave,
        "has_ticket_ahead": ticket is not None and ticket.state in _TICKET_GOES_ON,
    }


def ticket_story(ticket: Ticket) -> dict[str, Any]:
    """Return the context of a ticket's page; a constant number of queries.

    Args:
        ticket: with its organization, previous ticket and problem loaded.
    """
    connection = find_connection()
    members = list_members(ticket)
    creator = members.creator or members.leader
    request = (
        AgentRequest.objects.filter(ticket=ticket).first() if ticket.kind == TicketKind.REQUEST else None
    )
    decision: Mapping[str, Any] = {}
    if request is not None:
        decision = request.decision if isinstance(request.decision, dict) else {}
    elif creator is not None:
        stored = Alert.objects.filter(pk=creator.pk).values_list("decision", flat=True).first()
        decision = stored if isinstance(stored, dict) else {}
    rules, rule_ids = rules_named(decision)
    names = read_names(
        ticket,
        monitor_type_id=creator.monitor_type_id if creator is not None else None,
        rules=rules,
        rule_ids=rule_ids,
    )
    subjects = [f"ticket:{ticket.pk}", *(f"alert:{one.alert.alert_uid}" for one in members.rows)]
    linked = Ticket.objects.filter(Q(previous=ticket) | Q(problem=ticket)).only(
        "pk", "ticket_number", "title", "correlation_key", "previous", "problem", "state"
    )
    return {
        "ticket": ticket,
        "request_row": request,
        "ticket_url": ticket_link(connection, ticket),
        "names": names,
        "members": members,
        "alerts_url": find_url("admin:tickets_alert_changelist", ticket__id__exact=str(ticket.pk)),
        "untold": max(ticket.occurrences - ticket.noted_occurrences, 0),
        "linked": [(_link_words(one, ticket), one) for one in linked[:20]],
        "moments": build_moments(_events(Q(ticket=ticket)), ticket_id=ticket.pk),
        "actions": list(Action.objects.filter(ticket=ticket, state__in=_PENDING)),
        "calls": list_calls(subjects),
        "why": {
            **why(decision, Origins(names, _site_of(creator)), has_ticket=True),
            "title": "Why this ticket",
        },
        "facts": decision.get("facts") or [],
        "creator": creator,
        "now_url": _now_url(creator) if creator is not None else "",
        "can_merge": ticket.state == Ticket.State.OPEN and ticket.autotask_ticket_id is not None,
    }


def request_story(request: AgentRequest) -> dict[str, Any]:
    """Return the context of a request's page; a constant number of queries."""
    connection = find_connection()
    about = Q(request=request)
    if request.ticket_id is not None:
        about |= Q(ticket_id=request.ticket_id)
    decision = request.decision if isinstance(request.decision, dict) else {}
    mapping = getattr(request.device.site, "mapping", None)
    return {
        "row": request,
        "company": mapping.company if mapping is not None else None,
        "ticket_url": ticket_link(connection, request.ticket),
        "device_url": device_link(connection, request.device),
        "alerts": attached_alerts(request),
        "events": _events(about),
        "actions": []
        if request.ticket_id is None
        else list(Action.objects.filter(ticket=request.ticket_id, state__in=_PENDING)),
        "calls": [] if request.ticket_id is None else list_calls([f"ticket:{request.ticket_id}"]),
        "rule_chain": decision.get("rule_chain") or [],
        "fields": decision.get("fields") or [],
        "skipped": decision.get("skipped") or [],
        "can_retry": request.state != AgentRequest.State.TICKETED,
    }


def _now_url(alert: Alert) -> str:
    """Return where it is shown what would apply to the alert today; empty when its monitor is not known."""
    url = find_url("admin:tickets_monitor_change", alert.monitor_id) if alert.monitor_id else ""
    return f"{url}?alert={alert.pk}" if url else ""


def _site_of(alert: Alert | None) -> Place | None:
    """Return the site an alert names, as far as links need it. One query."""
    if alert is None:
        return None
    rows = SiteMapping.objects.select_related("site", "company")
    mapping = rows.filter(site__datto_site_uid=alert.datto_site_uid).first()
    return Place(alert.datto_site_uid, alert.datto_site_name, mapping, None, is_moved=False)


def _link_words(other: Ticket, ticket: Ticket) -> str:
    return "An incident of this one" if other.problem_id == ticket.pk else "Followed by"


def _decision(alert: Alert) -> dict[str, Any]:
    return alert.decision if isinstance(alert.decision, dict) else {}


def _events(about: Q) -> list[TimelineEvent]:
    """Return the latest events, oldest first."""
    latest = TimelineEvent.objects.filter(about).select_related("user").order_by("-id")[:_EVENTS]
    return list(reversed(latest))


def _can_retry(alert: Alert) -> bool:
    """A finished alert has nothing to try; an open one may have been filtered by a rule that changed since."""
    return not alert.is_resolved or (alert.ticket is not None and alert.ticket.state == Ticket.State.OPEN)
