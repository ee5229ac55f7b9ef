"""Everything that waits for a person, grouped by cause, with the cure. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.urls import NoReverseMatch, reverse
from django.utils.http import urlencode

from integration.models import Connection, PreflightCheck, VendorHealth
from tickets.domain.decisions import SITE_CAUSES
from tickets.models import Action, Alert, Delivery
from tickets.selectors import pages

#: Cause of a blocked alert -> title of its group.
CAUSE_TITLES: Final = {
    "site_unknown": "Alerts of sites that are not read yet",
    "site_unmapped": "Sites without an organization",
    "site_conflict": "Sites that several organizations fit",
    "company_inactive": "Organizations that are inactive in Autotask",
    "company_missing": "Organizations that are gone from Autotask",
    "ticket_refused": "Tickets that Autotask refused",
    "ticket_taken": "Alerts for which Autotask named another ticket",
    "ticket_deleted": "Tickets deleted in Autotask while the alert is open",
    "reopened": "Alerts that are open again",
    "defect": "Alerts that RMM Bridge stumbled over",
}
_MESSAGE_TROUBLES: Final = {
    Delivery.State.UNREADABLE: "could not be read",
    Delivery.State.FAILED: "could not be used",
    Delivery.State.NEW: "RMM Bridge stumbled over",
}
_EXAMPLES: Final = 5


@dataclass(frozen=True, slots=True)
class Link:
    """A way to go on."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Group:
    """One cause.

    Attributes:
        count: how many things wait.
        happened: what happened, in words.
        cure: what a person can do.
        examples: some of the things.
        links: where the cure is.
        retry_cause: cause whose alerts can be tried again from here; empty for none.
        icon: name in the admin's icon font.
    """

    title: str
    count: int
    happened: str
    cure: str
    examples: tuple[Link, ...] = ()
    links: tuple[Link, ...] = ()
    retry_cause: str = ""
    icon: str = "error"


def list_groups(now: datetime) -> list[Group]:
    """Return every group that waits for a person, most urgent first. A constant number of queries."""
    return [
        *_connection(),
        *_vendors(),
        *_preflight(),
        *_blocked_alerts(),
        *_refused_actions(now),
        *_deliveries(now),
        *_runs(),
        *_inactive_values(),
    ]


def count_waiting(now: datetime) -> int:
    """Return how many things wait for a person, for the menu: the sum of the groups' counts by ten small queries."""
    waiting: int = Alert.objects.filter(state=Alert.State.BLOCKED, is_resolved=False).count()
    waiting += VendorHealth.objects.filter(is_down=True).count()
    waiting += PreflightCheck.objects.filter(status=PreflightCheck.Status.FAIL).count()
    waiting += Connection.objects.exclude(autotask_webhook_problem="").count()
    waiting += len(pages.list_refused_actions(now))
    waiting += sum(int(row["n"]) for row in pages.list_unusable_deliveries(now))
    waiting += len(pages.list_failed_kinds())
    return waiting + len(pages.list_inactive_in_use())


def find_url(name: str, *args: object, **query: str) -> str:
    """Return an address by name with a query; empty when this installation has no such page."""
    try:
        url = reverse(name, args=args)
    except NoReverseMatch:
        return ""
    return f"{url}?{urlencode(query)}" if query else url


def _links(*pairs: tuple[str, str]) -> tuple[Link, ...]:
    return tuple(Link(text, url) for text, url in pairs if url)


def _alert_list(**query: str) -> str:
    return find_url("admin:tickets_alert_changelist", is_resolved__exact="0", **query)


def _connection() -> list[Group]:
    connection = pages.find_connection()
    groups = []
    if connection is None or not connection.is_enabled:
        entered = connection is not None and connection.datto_api_url and connection.autotask_username
        groups.append(
            Group(
                "The integration is switched off" if entered else "Nothing is connected yet",
                0,
                "Nothing is read from or written to either vendor.",
                "Switch it on under Settings > Connection."
                if entered
                else "Enter both accounts under Settings > Connection.",
                links=_links(("Open the connection", find_url("connection"))),
                icon="power_off",
            )
        )
    elif connection.paused_at is not None:
        groups.append(
            Group(
                "The integration is paused",
                0,
                f"Alerts are stored, nothing is written. {connection.paused_reason}".strip(),
                "Resume it under Settings > Connection. What waits is written then, in order.",
                links=_links(("Open the connection", find_url("connection"))),
                icon="pause_circle",
            )
        )
    if connection is not None and connection.autotask_webhook_problem:
        groups.append(_webhook(connection))
    return groups


def _webhook(connection: Connection) -> Group:
    return Group(
        "The Autotask webhook does not work",
        1,
        connection.autotask_webhook_problem,
        "Completed tickets are still noticed by polling, only later. Settings > Inbound addresses says what is missing.",
        links=_links(
            ("Inbound addresses", find_url("inbound-addresses")), ("Preflight", find_url("preflight"))
        ),
        icon="webhook",
    )


def _vendors() -> list[Group]:
    return [
        Group(
            f"{health.get_vendor_display()} does not answer",
            1,
            health.last_error or "No details.",
            "Nothing to do if the outage is short: everything waits in order and is written when it answers again.",
            links=_links(("Integration health", find_url("integration-health"))),
            icon="cloud_off",
        )
        for health in VendorHealth.objects.filter(is_down=True)
    ]


def _preflight() -> list[Group]:
    failed = list(PreflightCheck.objects.filter(status=PreflightCheck.Status.FAIL))
    if not failed:
        return []
    return [
        Group(
            "Checks of the connection fail",
            len(failed),
            "; ".join(f"{check.title}: {check.detail}" for check in failed[:3]),
            failed[0].remedy or "Open Preflight; each check says what to do.",
            examples=tuple(Link(check.title, find_url("preflight")) for check in failed[:_EXAMPLES]),
            links=_links(("Open preflight", find_url("preflight"))),
            icon="fact_check",
        )
    ]


def _blocked_alerts() -> list[Group]:
    causes = pages.list_blocked_causes()
    site_causes = [one.cause for one in causes if one.cause in SITE_CAUSES]
    sites = pages.list_sites_with_waiting_alerts(site_causes) if site_causes else []
    groups = []
    for one in causes:
        about_sites = one.cause in SITE_CAUSES
        happened = one.reason if one.alerts == 1 or not about_sites else ""
        if about_sites:
            happened = (
                f"{_count(one.sites, 'site')}, {_count(one.alerts, 'alert')} waiting. {happened}".strip()
            )
        links = [("See the alerts", _alert_list(state__exact="blocked", cause__exact=one.cause))]
        if about_sites:
            links.insert(0, ("Map sites", find_url("admin:mappings_sitemapping_changelist")))
        groups.append(
            Group(
                CAUSE_TITLES.get(one.cause, one.cause.replace("_", " ").capitalize() or "Other"),
                one.alerts,
                happened,
                one.remedy,
                examples=tuple(
                    Link(f"{row['name'] or row['site_uid'] or 'no site'} ({row['n']})", _site_list(row))
                    for row in (sites[:_EXAMPLES] if about_sites and one.cause == site_causes[0] else [])
                ),
                links=_links(*links),
                retry_cause=one.cause,
                icon="lan" if about_sites else "confirmation_number",
            )
        )
    return groups


def _site_list(row: dict[str, str]) -> str:
    return find_url("admin:mappings_sitemapping_changelist", q=row["name"] or row["site_uid"])


def _refused_actions(now: datetime) -> list[Group]:
    groups: dict[tuple[str, str], list[Action]] = {}
    for action in pages.list_refused_actions(now):
        words = "Refused" if action.state == Action.State.REFUSED else "RMM Bridge stumbled over"
        groups.setdefault((words, action.kind), []).append(action)
    return [
        Group(
            f"{words}: {actions[0].get_kind_display().lower()}",
            len(actions),
            actions[0].error,
            actions[0].remedy or "Open one, mend the cause and press Retry.",
            examples=tuple(_action_link(action) for action in actions[:_EXAMPLES]),
            icon="block",
        )
        for (words, _kind), actions in groups.items()
    ]


def _action_link(action: Action) -> Link:
    if action.alert is not None:
        return Link(str(action.alert)[:80], find_url("admin:tickets_alert_change", action.alert.pk))
    return Link(str(action.ticket)[:80], find_url("admin:tickets_ticket_change", action.ticket_id))


def _deliveries(now: datetime) -> list[Group]:
    groups = []
    for row in pages.list_unusable_deliveries(now):
        channel = Delivery.Channel(row["channel"]).label
        groups.append(
            Group(
                f"{channel}: messages that {_MESSAGE_TROUBLES[row['state']]}",
                row["n"],
                row["reason"],
                row["remedy"]
                or "Settings > Inbound addresses shows what to paste. Alerts are still found by polling.",
                links=_links(
                    (
                        "See the messages",
                        find_url("admin:tickets_delivery_changelist", state__exact=row["state"]),
                    ),
                    ("Inbound addresses", find_url("inbound-addresses")),
                ),
                icon="move_to_inbox",
            )
        )
    return groups


def _runs() -> list[Group]:
    return [
        Group(
            f"The last {run.kind} run {'was stopped by the guard' if run.status == 'guarded' else 'failed'}",
            1,
            run.error.splitlines()[0] if run.error else "No details.",
            run.remedy or "Open the run; it says what to do. The next one tries again.",
            links=_links(("Open the run", find_url("admin:integration_syncrun_change", run.pk))),
            icon="sync_problem",
        )
        for run in pages.list_failed_kinds()
    ]


def _inactive_values() -> list[Group]:
    found = pages.list_inactive_in_use()
    if not found:
        return []
    return [
        Group(
            "Ticket defaults use values that are inactive in Autotask",
            len(found),
            "Tickets are made all the same; these values are skipped.",
            "Choose active values.",
            examples=tuple(
                Link(f"{row}: {title} {label}", find_url("admin:tickets_ticketdefaults_change", row.pk))
                for row, title, label in found[:_EXAMPLES]
            ),
            links=_links(("Ticket defaults", find_url("admin:tickets_ticketdefaults_changelist"))),
            icon="tune",
        )
    ]


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
