"""Decide what becomes of a request: a ticket, or a wait with its cure."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import structlog
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from mappings.domain.devices.contacts import ContactFacts
from mappings.models import Company, Contact, Device, SiteMapping
from mappings.services.catch_all import find_catch_all
from tickets.domain.decisions import (
    CATCH_ALL_CAUSES,
    SITE_CAUSES,
    AlertFacts,
    CatchAll,
    Cause,
    Decision,
    SiteFacts,
    Verdict,
    decide,
)
from tickets.domain.defects import DEFECT_REMEDY, describe_defect, pause_after
from tickets.domain.grouping import TicketKind
from tickets.domain.keys import request_key
from tickets.domain.requests import Match, Person, describe_request, match_person
from tickets.domain.resolution_text import format_moment
from tickets.domain.settings import EffectiveSettings
from tickets.models import Action, AgentRequest, AlertPriority, Ticket
from tickets.selectors.pages import find_connection
from tickets.services import outbox
from tickets.services.defaults import agent_settings
from tickets.services.placing import decision_json
from tickets.services.requests.states import block
from tickets.services.site_fields import SiteFields, site_fields
from tickets.services.template_context import request_context
from tickets.services.ticket_fields import put_settings, put_udfs
from tickets.services.timeline import record_event

log = structlog.get_logger(__name__)

DECIDABLE: Final = (AgentRequest.State.RECEIVED, AgentRequest.State.BLOCKED)
_BATCH: Final = 200
_USABLE: Final = (SiteMapping.State.CONFIRMED, SiteMapping.State.RENAMED)
#: Counts failures in a row within the stored decision; the next decision that succeeds overwrites it.
_TIMES: Final = "defects"


def decide_request(request_id: int, *, now: datetime | None = None) -> list[int]:
    """Decide a request that is received or waits; returns actions that became due.

    One transaction: the new state, the ticket row and the wish to create it appear together or not at all. Safe to
    repeat and to race: the row is locked.
    """
    now = now or timezone.now()
    with transaction.atomic():
        request = (
            AgentRequest.objects.select_for_update(of=("self",))
            .select_related("device__site__mapping__company", "device__site__mapping__company_location")
            .filter(pk=request_id, state__in=DECIDABLE)
            .first()
        )
        if request is None:
            return []
        mapping: SiteMapping | None = getattr(request.device.site, "mapping", None)
        catch_all = find_catch_all()
        decision = _decide(request.device, mapping, catch_all)
        company = catch_all if decision.first_line else mapping.company if mapping is not None else None
        if decision.verdict is not Verdict.MAKE_TICKET or mapping is None or company is None:
            block(request, decision.cause, decision.reason, decision.remedy, not_before=None)
            return []
        return _make(request, mapping, company, decision, now)


def decide_or_mark(request_id: int, *, now: datetime | None = None) -> list[int]:
    """Decide a request; one that cannot be decided waits with cause `defect`.

    Raises:
        OperationalError, InterfaceError: the database does not work.
    """
    try:
        return decide_request(request_id, now=now)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        log.exception("a request could not be decided", request=request_id)
        _mark(request_id, error, now or timezone.now())
        return []


def reconsider_requests(now: datetime) -> list[int]:
    """Decide every request that nobody decided, or whose cause to wait may be gone; returns actions that became due."""
    mappings = SiteMapping.objects.filter(
        site=OuterRef("device__site"), state__in=_USABLE, company__is_active=True, company__is_missing=False
    )
    waits = Q(state=AgentRequest.State.BLOCKED)
    due_again = waits & Q(not_before__lte=now)
    mapped = waits & Q(cause__in=[*SITE_CAUSES, Cause.SITE_IGNORED]) & Exists(mappings)
    company = find_catch_all()
    is_caught = company is not None and company.is_active and not company.is_missing
    caught = waits & Q(cause__in=CATCH_ALL_CAUSES if is_caught else [])
    wanted = Q(state=AgentRequest.State.RECEIVED) | due_again | mapped | caught
    due: list[int] = []
    for pk in AgentRequest.objects.filter(wanted).order_by("id").values_list("pk", flat=True)[:_BATCH]:
        due += decide_or_mark(pk, now=now)
    return due


def _decide(device: Device, mapping: SiteMapping | None, catch_all: Company | None) -> Decision:
    """A person asked, so that switches for alerts do not count; the rest is as for an alert of the device."""
    site = None
    if mapping is not None:
        company = mapping.company
        site = SiteFacts(
            name=mapping.site.name,
            state=mapping.state,
            is_system=mapping.site.is_system,
            company_id=company.autotask_company_id if company else None,
            company_name=company.name if company else "",
            company_is_active=bool(company and company.is_active and not company.is_missing),
            tickets_enabled=True,
        )
    found = decide(
        AlertFacts(
            uid="",
            priority=AlertPriority.MODERATE,
            is_resolved=False,
            monitor_type="Agent ticket",
            site_uid=device.site.datto_site_uid,
            site_name=device.site.name,
            device_uid=device.datto_device_uid,
            device_name=device.hostname,
            device_is_known=True,
            native_ticket_number="",
        ),
        site,
        create_ticket=True,
        create_ticket_origin="an end client asked for it",
        catch_all=None
        if catch_all is None
        else CatchAll(catch_all.name, is_usable=catch_all.is_active and not catch_all.is_missing),
    )
    if found.verdict is Verdict.FILTER:
        return Decision(
            Verdict.BLOCK,
            f"{found.reason} An end client of it has sent a request.",
            Cause.SITE_IGNORED,
            "Choose an organization under Mappings > Sites to organizations; the ticket is made at once.",
            chain=found.chain,
        )
    chain = (f"A request from the request page of {device}.", *found.chain[1:])
    return Decision(
        found.verdict, found.reason, found.cause, found.remedy, chain=chain, first_line=found.first_line
    )


def _make(
    request: AgentRequest, mapping: SiteMapping, company: Company, decision: Decision, now: datetime
) -> list[int]:
    device = request.device
    settings = agent_settings(
        company, mapping=mapping, device=device, text=f"{request.subject}\n{request.text}", at=now
    )
    match = _match(request, company)
    contact = Contact.objects.filter(pk=match.contact_id).first() if match.contact_id is not None else None
    found = _fields(request, mapping, company, settings, decision, contact, match, now)
    key = request_key(request.key)
    fields = {**found.values, "externalID": key}
    values = {
        "company": company,
        "title": str(fields["title"])[:255],
        "kind": TicketKind.REQUEST,
        "datto_site_uid": device.site.datto_site_uid,
        "datto_device_uid": device.datto_device_uid,
    }
    ticket, is_new = Ticket.objects.get_or_create(correlation_key=key, defaults={**values, "fields": fields})
    if not is_new:
        # A wish that was refused: what it will send is written anew, with today's mapping and settings.
        Ticket.objects.filter(pk=ticket.pk, autotask_ticket_id__isnull=True).update(
            **values, fields=fields, state=Ticket.State.PLANNED
        )
    AgentRequest.objects.filter(pk=request.pk).update(
        state=AgentRequest.State.TICKETING,
        cause="",
        reason=f"The ticket for {company.name} is being made.",
        remedy="",
        not_before=None,
        ticket=ticket,
        contact=contact,
        contact_why=match.why,
        decision=decision_json(decision, found.origins, settings, found.skipped),
    )
    record_event("decided", f"{decision.reason} {match.why}", request=request, ticket=ticket)
    return _wish(ticket)


def _wish(ticket: Ticket) -> list[int]:
    key = f"create:{ticket.pk}"
    action = outbox.wish(Action.Kind.CREATE_TICKET, key, ticket=ticket)
    if action is not None:
        return [action]
    rows = Action.objects.filter(key=key)
    # One that waits keeps its pause: a vendor that is down is not asked more often for being decided again.
    waiting = list(rows.filter(state=Action.State.WAITING).values_list("pk", flat=True))
    return waiting or outbox.revive(rows, timezone.now())


def _match(request: AgentRequest, company: Company) -> Match:
    person = Person(request.person_name, request.person_email, request.device.last_user)
    contacts = Contact.objects.filter(company=company, is_active=True)
    return match_person(
        person, [ContactFacts(one.pk, one.first_name, one.last_name, one.email) for one in contacts]
    )


def _fields(
    request: AgentRequest,
    mapping: SiteMapping,
    company: Company,
    settings: EffectiveSettings,
    decision: Decision,
    contact: Contact | None,
    match: Match,
    now: datetime,
) -> SiteFields:
    is_caught = mapping.company_id != company.pk
    site_origin = f"site {mapping.site.name}"
    found = SiteFields() if is_caught else site_fields(mapping, request.device, settings)
    if contact is not None:
        # Whoever the settings would name is not who wrote this.
        found.values.pop("contactID", None)
        found.origins[:] = [one for one in found.origins if one["field"] != "contactID"]
        found.skipped[:] = [one for one in found.skipped if one["field"] != "contact"]
    ours = SiteFields()
    company_origin = "organization for sites without one" if is_caught else site_origin
    ours.put("companyID", "Organization", company.autotask_company_id, company.name, company_origin)
    ours.put("title", "Title", request.subject, request.subject, "the request")
    description = describe_request(
        request.text,
        person={"name": request.person_name, "email": request.person_email, "phone": request.person_phone},
        device=str(request.device),
        site=mapping.site.name,
        last_user=request.device.last_user,
        sent_at=format_moment(request.received_at),
        first_line=decision.first_line,
    )
    ours.put("description", "Description", description, description, "the request")
    put_settings(ours, settings, now)
    put_udfs(
        ours,
        settings,
        lambda: request_context(request, find_connection(), organization=company.name),
    )
    if contact is not None:
        ours.put("contactID", "Contact", contact.autotask_contact_id, str(contact), match.why)
    else:
        ours.skip("contact", request.person_name or request.person_email or "Contact", match.why)
    merged: dict[str, Any] = {**ours.values, **found.values}
    return SiteFields(merged, [*ours.origins, *found.origins], [*ours.skipped, *found.skipped])


def _mark(request_id: int, error: Exception, now: datetime) -> None:
    with transaction.atomic():
        request = AgentRequest.objects.filter(pk=request_id, state__in=DECIDABLE).first()
        if request is None:
            return
        stored = request.decision if isinstance(request.decision, dict) else {}
        times = int(stored.get(_TIMES) or 0) + 1 if request.cause == Cause.DEFECT else 1
        block(
            request,
            Cause.DEFECT,
            describe_defect(error),
            DEFECT_REMEDY,
            not_before=now + pause_after(times),
        )
        AgentRequest.objects.filter(pk=request_id).update(decision={**stored, _TIMES: times})
