"""What is to be done with an alert: a ticket, none by rule, or wait for a cure. Pure; says why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from tickets.domain.words import ended


class Verdict(StrEnum):
    """What a decision asks for."""

    MAKE_TICKET = "make_ticket"
    FILTER = "filter"
    BLOCK = "block"
    CLEAR = "clear"


class Cause(StrEnum):
    """Why an alert waits for a cure, or makes no ticket for its site; one word for machines, filters and counts."""

    SITE_UNKNOWN = "site_unknown"
    SITE_UNMAPPED = "site_unmapped"
    SITE_CONFLICT = "site_conflict"
    COMPANY_INACTIVE = "company_inactive"
    COMPANY_MISSING = "company_missing"
    TICKET_REFUSED = "ticket_refused"
    TICKET_TAKEN = "ticket_taken"
    TICKET_DELETED = "ticket_deleted"
    REOPENED = "reopened"
    DEFECT = "defect"
    SITE_IGNORED = "site_ignored"
    SITE_SWITCHED_OFF = "site_switched_off"
    NOTED = "noted"
    DROPPED = "dropped"


#: Alerts that make no ticket for one of these are decided again when their site is to make tickets after all.
SITE_FILTERS = frozenset({Cause.SITE_IGNORED, Cause.SITE_SWITCHED_OFF})
#: Alerts that wait for one of these are decided again when their site has an organization.
SITE_CAUSES = frozenset(
    {
        Cause.SITE_UNKNOWN,
        Cause.SITE_UNMAPPED,
        Cause.SITE_CONFLICT,
        Cause.COMPANY_INACTIVE,
        Cause.COMPANY_MISSING,
    }
)
#: Of those, what a catch-all organization cures; a site that is not known yet is read within a minute or so.
CATCH_ALL_CAUSES = SITE_CAUSES - {Cause.SITE_UNKNOWN}


@dataclass(frozen=True, slots=True)
class AlertFacts:
    """What is known of the alert.

    Attributes:
        site_name: as the alert names it; empty when it names none.
        native_ticket_number: set by Datto's own integration, empty otherwise.
    """

    uid: str
    priority: str
    is_resolved: bool
    monitor_type: str
    site_uid: str
    site_name: str
    device_uid: str
    device_name: str
    device_is_known: bool
    native_ticket_number: str


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """What is known of the site's mapping; None instead of it means the site is not known at all.

    Attributes:
        state: a SiteMapping state.
    """

    name: str
    state: str
    is_system: bool
    company_id: int | None
    company_name: str
    company_is_active: bool
    tickets_enabled: bool


@dataclass(frozen=True, slots=True)
class CatchAll:
    """The organization that gets the alerts of sites without one."""

    company_name: str
    is_usable: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict with its reason, in words a technician uses.

    Attributes:
        cause: set when the verdict is BLOCK, and when the site is why it is FILTER.
        chain: the steps that led here, in order.
        first_line: put before the ticket's description, because the ticket goes to the catch-all organization;
            empty when it goes to the site's own.
        facts: label and value of what was known of the alert and its place.
    """

    verdict: Verdict
    reason: str
    cause: str = ""
    remedy: str = ""
    chain: tuple[str, ...] = ()
    first_line: str = ""
    facts: tuple[tuple[str, str], ...] = ()


def decide(
    alert: AlertFacts,
    site: SiteFacts | None,
    *,
    create_ticket: bool,
    create_ticket_origin: str,
    priority_note: str = "",
    catch_all: CatchAll | None = None,
) -> Decision:
    """Return what to do with an alert that has no ticket yet.

    Order: an alert that is over needs nothing; rules that say "no ticket" come before questions of mapping, so
    that nobody is asked to map a site for alerts nobody wants.

    Args:
        alert: the alert.
        site: its site's mapping.
        create_ticket, create_ticket_origin: what the settings say.
        priority_note: why the settings were resolved for another priority than the alert's.
        catch_all: where alerts of sites without a usable organization go; None lets them wait.
    """
    chain = [f"Alert of type {alert.monitor_type}, priority {alert.priority}."]
    if priority_note:
        chain.append(priority_note)
    if alert.is_resolved:
        return _done(chain, Verdict.CLEAR, "It cleared before a ticket was made.")
    if alert.native_ticket_number:
        return _done(
            chain,
            Verdict.FILTER,
            f"Datto RMM's own integration has already made ticket {alert.native_ticket_number} for it; a second one would double it.",
        )
    if not create_ticket:
        return _done(chain, Verdict.FILTER, f"No ticket is to be made ({create_ticket_origin}).")
    chain.append(f"A ticket is to be made ({create_ticket_origin}).")
    blocked = _blocked_by_site(alert, site)
    if blocked is not None and blocked.cause in CATCH_ALL_CAUSES and catch_all is not None:
        if catch_all.is_usable:
            return _caught(chain, blocked, catch_all)
        blocked = replace(
            blocked,
            remedy=f"{blocked.remedy} The organization for sites without one, {catch_all.company_name}, is inactive in Autotask.",
        )
    if blocked is not None:
        return Decision(
            blocked.verdict, blocked.reason, blocked.cause, blocked.remedy, chain=(*chain, blocked.reason)
        )
    assert site is not None  # noqa: S101 - _blocked_by_site refuses None; tells the type checker
    chain.append(f"Site {_quoted(site.name)} belongs to {ended(site.company_name)}")
    if not alert.device_uid:
        chain.append("The alert names no device; the ticket stands for the site.")
    elif not alert.device_is_known:
        chain.append("The device is not known here yet; the ticket is made without its details.")
    return Decision(Verdict.MAKE_TICKET, f"Ticket for {ended(site.company_name)}", chain=tuple(chain))


def _caught(chain: list[str], blocked: Decision, catch_all: CatchAll) -> Decision:
    where = f"The ticket goes to {catch_all.company_name}, the organization for sites without one."
    return Decision(
        Verdict.MAKE_TICKET,
        f"Ticket for {catch_all.company_name}. {blocked.reason}",
        chain=(*chain, blocked.reason, where),
        first_line=f"{blocked.reason} This ticket therefore went to {ended(catch_all.company_name)}",
    )


def _done(chain: list[str], verdict: Verdict, reason: str) -> Decision:
    return Decision(verdict, reason, chain=(*chain, reason))


def _quoted(name: str) -> str:
    """A site may itself be called "Site 3"."""
    return f"\u201c{name}\u201d" if name else "(none named)"


def _blocked_by_site(alert: AlertFacts, site: SiteFacts | None) -> Decision | None:
    name = _quoted(site.name if site else alert.site_name or alert.site_uid)
    if site is None and not alert.site_uid:
        return Decision(
            Verdict.BLOCK,
            "Datto RMM names no site with this alert, and its device is not known here."
            if alert.device_uid
            else "Datto RMM names neither a site nor a device with this alert.",
            Cause.SITE_UNKNOWN,
            "It goes on by itself when a later poll names the site. Until then look at it in Datto RMM.",
        )
    if site is None:
        return Decision(
            Verdict.BLOCK,
            f"Site {name} is not known here yet.",
            Cause.SITE_UNKNOWN,
            "Nothing to do as a rule: the site is read with the next sync. Run one now under Sync > Run now.",
        )
    if not site.tickets_enabled:
        return Decision(Verdict.FILTER, f"Tickets are switched off for site {name}.", Cause.SITE_SWITCHED_OFF)
    if site.state == "ignored":
        why = "it is a system site of Datto RMM" if site.is_system else "a person chose to ignore it"
        return Decision(Verdict.FILTER, f"Site {name} makes no tickets: {why}.", Cause.SITE_IGNORED)
    if site.state == "conflict":
        return Decision(
            Verdict.BLOCK,
            f"Several organizations fit site {name}.",
            Cause.SITE_CONFLICT,
            "Choose the organization under Mappings > Sites to organizations; the ticket is made at once.",
        )
    if site.state == "company_missing":
        return Decision(
            Verdict.BLOCK,
            f"The organization of site {name} is no longer in Autotask.",
            Cause.COMPANY_MISSING,
            "Choose another organization under Mappings > Sites to organizations.",
        )
    if site.state == "company_inactive" or (
        site.state in {"confirmed", "renamed"} and not site.company_is_active
    ):
        return Decision(
            Verdict.BLOCK,
            f"Organization {site.company_name or '?'} of site {name} is inactive in Autotask.",
            Cause.COMPANY_INACTIVE,
            "Activate it in Autotask, or choose another under Mappings > Sites to organizations.",
        )
    if site.state not in {"confirmed", "renamed"} or site.company_id is None:
        proposed = (
            f" {site.company_name} is proposed." if site.state == "proposed" and site.company_name else ""
        )
        return Decision(
            Verdict.BLOCK,
            f"Site {name} has no organization yet.{proposed}",
            Cause.SITE_UNMAPPED,
            "Accept or choose the organization under Mappings > Sites to organizations; the ticket is made at once.",
        )
    return None
