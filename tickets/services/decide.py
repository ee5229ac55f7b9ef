"""Decide what an alert becomes: no ticket, a wait, or a place in a ticket."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils import timezone

from mappings.models import Company, Device, SiteMapping
from mappings.services.catch_all import find_catch_all
from tickets.domain.decisions import AlertFacts, CatchAll, Decision, SiteFacts, Verdict, decide
from tickets.domain.holding import Hold, find_hold_off, find_native_wait, find_silence
from tickets.domain.settings import EffectiveSettings
from tickets.models import Alert
from tickets.selectors.places import Place, place_of
from tickets.services import outbox
from tickets.services.around import find_open_ticket
from tickets.services.locks import lock_monitor, lock_place
from tickets.services.placing import DECIDABLE, Case, decision_json, place_alert, record_hold
from tickets.services.rules import raised, rule_facts, settings_of
from tickets.services.silences import load_silences
from tickets.services.timeline import record_event

#: So much of a text is kept with the decision; the alert has all of it.
_SHOWN: Final = 160


def decide_alert(alert_id: int, *, now: datetime | None = None) -> list[int]:
    """Decide an alert that is received, waits for a cure or was filtered; returns actions that became due.

    One transaction: the alert's new state, its ticket row and the wish to create it appear together or not at
    all. Safe to repeat: an alert that is already ticketed, or is being ticketed, is left alone, also when another
    worker brings it there during the decision.
    """
    now = now or timezone.now()
    with transaction.atomic():
        alert = _find_decidable(alert_id)
        if alert is None:
            return []
        place = place_of(alert)
        lock_place(place.site_uid)
        lock_monitor(alert.monitor_id)
        # Whoever held the place before may have decided this alert.
        alert = _find_decidable(alert_id)
        if alert is None:
            return []
        settings = settings_of(alert, place)
        catch_all = find_catch_all()
        decision = decide(
            _alert_facts(alert, place.device),
            site_facts(place.mapping),
            create_ticket=settings.create_ticket.value,
            create_ticket_origin=settings.create_ticket.origin,
            priority_note=settings.priority_note,
            catch_all=catch_all_facts(catch_all),
        )
        decision = replace(decision, facts=_facts_used(alert, place))
        if decision.verdict is not Verdict.MAKE_TICKET or place.mapping is None:
            return _record_other(alert, decision, settings)
        company = catch_all if decision.first_line else place.mapping.company
        assert company is not None  # noqa: S101 - the decision asked for a ticket of this company
        hold = _find_hold(alert, place, company, settings, now)
        if hold is not None:
            return record_hold(alert, hold, decision, settings, now)
        return place_alert(Case(alert, place, company, settings, decision), now)


def _find_hold(
    alert: Alert, place: Place, company: Company, settings: EffectiveSettings, now: datetime
) -> Hold | None:
    if alert.skips_holds:
        return None
    native = find_native_wait(raised(alert), now) if alert.native_is_pending else None
    if native is not None:
        return native
    silence = find_silence(load_silences(now), rule_facts(alert, place), now)
    if silence is not None:
        return silence
    hold_off = find_hold_off(
        settings.number("hold_off_minutes"),
        settings.numbers["hold_off_minutes"].origin,
        # Never longer than from now on, whatever a wrong clock says.
        min(raised(alert), now),
        now,
    )
    if hold_off is not None and find_open_ticket(alert, company) is not None:
        # It lasts already: its ticket is open, and must not be completed while this one is waited for.
        return None
    return hold_off


def _facts_used(alert: Alert, place: Place) -> tuple[tuple[str, str], ...]:
    """Return what rules and settings were asked about, in words; what is empty was not known."""
    facts = rule_facts(alert, place, with_text=False)
    mapping, device = place.mapping, place.device
    told = {"typed": "key in the webhook's body", "pattern": "pattern", "fingerprint": "fingerprint"}
    by = told.get(alert.recognised_by, "")
    found = (
        ("Priority in Datto RMM", alert.priority),
        ("Raised", f"{facts.at:%Y-%m-%d %H:%M:%S} UTC"),
        ("Monitor type", str(alert.monitor_type or "Other")),
        ("Monitor", f"{alert.monitor}{f', told by its {by}' if by else ''}" if alert.monitor else ""),
        ("Site", mapping.site.name if mapping is not None else alert.datto_site_name),
        ("Organization", mapping.company.name if mapping is not None and mapping.company is not None else ""),
        ("Device", device.hostname if device is not None else alert.datto_device_name),
        ("Device class", facts.device_class),
        ("Configuration item category", str(facts.item_category) if facts.item_category is not None else ""),
        ("Text that patterns are searched in", _beginning(alert.diagnostics or alert.summary)),
    )
    return tuple((label, value) for label, value in found if value)


def _beginning(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}\u2026"


def _find_decidable(alert_id: int) -> Alert | None:
    return (
        Alert.objects.select_related("monitor_type", "monitor", "ticket")
        .filter(pk=alert_id, state__in=DECIDABLE)
        .first()
    )


def _alert_facts(alert: Alert, device: Device | None) -> AlertFacts:
    return AlertFacts(
        uid=alert.alert_uid,
        priority=alert.priority,
        is_resolved=alert.is_resolved,
        monitor_type=str(alert.monitor_type or "Other"),
        site_uid=alert.datto_site_uid,
        site_name=alert.datto_site_name,
        device_uid=alert.datto_device_uid,
        device_name=alert.datto_device_name,
        device_is_known=device is not None,
        native_ticket_number=alert.native_ticket_number,
    )


def catch_all_facts(company: Company | None) -> CatchAll | None:
    """Return the organization for sites without one as decisions take it."""
    if company is None:
        return None
    return CatchAll(company.name, is_usable=company.is_active and not company.is_missing)


def site_facts(mapping: SiteMapping | None) -> SiteFacts | None:
    """Return a site's mapping as decisions take it."""
    if mapping is None:
        return None
    company = mapping.company
    return SiteFacts(
        name=mapping.site.name,
        state=mapping.state,
        is_system=mapping.site.is_system,
        company_id=company.autotask_company_id if company else None,
        company_name=company.name if company else "",
        company_is_active=bool(company and company.is_active and not company.is_missing),
        tickets_enabled=mapping.tickets_enabled,
    )


def _record_other(alert: Alert, decision: Decision, settings: EffectiveSettings) -> list[int]:
    state = {
        Verdict.FILTER: Alert.State.FILTERED,
        Verdict.CLEAR: Alert.State.CLEARED,
        Verdict.BLOCK: Alert.State.BLOCKED,
    }[decision.verdict]
    changed = (alert.state, alert.cause, alert.reason) != (state, decision.cause, decision.reason)
    written = Alert.objects.filter(pk=alert.pk, state=alert.state).update(
        state=state,
        cause=decision.cause,
        reason=decision.reason,
        remedy=decision.remedy,
        not_before=None,
        decision=decision_json(decision, [], settings),
    )
    if written and alert.ticket_id is not None:
        # An earlier wish that was refused, or stumbled, is not wanted any more.
        outbox.drop_if_not_started(f"create:{alert.ticket_id}")
    if written and changed:
        record_event(state, decision.reason, alert=alert)
    return []
