"""Everything that waits for a person, grouped by cause, with the cure. Reads only."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Final

from integration.models import Connection, SyncRun, Vendor
from tickets.domain.decisions import SITE_CAUSES
from tickets.models import Action, Delivery
from tickets.selectors import pages
from tickets.selectors.asking import Answers, read_answers
from tickets.selectors.groups import Group, Link, count_words, find_url, make_links
from tickets.selectors.inbox_causes import CAUSE_LASTING, CAUSE_TITLES, REFUSED_LASTING, refused_title
from tickets.selectors.inbox_devices import list_device_groups
from tickets.selectors.inbox_life import list_calm_groups, list_life_groups

#: Cause of a waiting request -> what is the matter, after "Requests of end clients: ".
REQUEST_CAUSES: Final = {
    "site_unknown": "their site is not read yet",
    "site_unmapped": "their site has no organization",
    "site_conflict": "several organizations fit their site",
    "site_ignored": "their site is ignored",
    "company_inactive": "their organization is inactive in Autotask",
    "company_missing": "their organization is gone from Autotask",
    "ticket_refused": "Autotask refused the ticket",
    "ticket_taken": "Autotask named another ticket",
    "defect": "RMM Bridge stumbled over them",
}
_MESSAGE_TROUBLES: Final = {
    Delivery.State.UNREADABLE: "could not be read",
    Delivery.State.FAILED: "could not be used",
    Delivery.State.NEW: "RMM Bridge stumbled over",
}
_EXAMPLES: Final = 5


def list_groups(now: datetime) -> list[Group]:
    """Return every group that waits for a person, most urgent first; at most nine queries."""
    return build_groups(now, read_answers(now), pages.find_connection())


def build_groups(now: datetime, answers: Answers, connection: Connection | None) -> list[Group]:
    """Return the same from what the caller has read for itself too; at most seven queries.

    Args:
        now: the present.
        answers: what `asking.read_answers` returned.
        connection: the stored one.
    """
    return [
        *_connection(connection),
        *_vendors(answers),
        *_preflight(answers),
        *_blocked_alerts(),
        *_waiting_requests(answers),
        *_refused_actions(now),
        *list_life_groups(answers),
        *_deliveries(answers),
        *_runs(answers),
        *list_device_groups(answers),
        *_inactive_values(answers),
        *list_calm_groups(answers),
    ]


def count_waiting(now: datetime) -> int:
    """Return how many things wait for a person: the sum of the groups' counts, by their queries."""
    return sum(group.count for group in list_groups(now))


def count_by_permission(groups: list[Group]) -> dict[str, int]:
    """Return how many things wait by the permission one needs to see them, without zeros."""
    counts: Counter[str] = Counter()
    for group in groups:
        counts[group.permission] += group.count
    return {permission: count for permission, count in counts.items() if count}


def _alert_list(**query: str) -> str:
    return find_url("admin:tickets_alert_changelist", is_resolved__exact="0", **query)


def _connection(connection: Connection | None) -> list[Group]:
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
                links=make_links(("Open the connection", find_url("connection"))),
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
                links=make_links(("Open the connection", find_url("connection"))),
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
        links=make_links(
            ("Inbound addresses", find_url("inbound-addresses")), ("Preflight", find_url("preflight"))
        ),
        icon="webhook",
        lasting="Autotask switches a webhook off after failures: keep the address reachable from the internet.",
    )


def _vendors(answers: Answers) -> list[Group]:
    return [
        Group(
            f"{Vendor(row.key).label} does not answer",
            1,
            row.text or "No details.",
            "Nothing to do if the outage is short: everything waits in order and is written when it answers again.",
            links=make_links(("Integration health", find_url("integration-health"))),
            icon="cloud_off",
            lasting="If it happens often, look at the times under Overview > Integration health, and ask the vendor.",
        )
        for row in sorted(answers.get("vendor down", []), key=lambda row: row.key)
    ]


def _preflight(answers: Answers) -> list[Group]:
    failed = sorted(answers.get("failed check", []), key=lambda row: (row.number, row.key))
    if not failed:
        return []
    return [
        Group(
            "Checks of the connection fail",
            len(failed),
            "; ".join(f"{check.key}: {check.text}" for check in failed[:3]),
            failed[0].more or "Open Preflight; each check says what to do.",
            examples=tuple(Link(check.key, find_url("preflight")) for check in failed[:_EXAMPLES]),
            links=make_links(("Open preflight", find_url("preflight"))),
            icon="fact_check",
            lasting="Keep an API user of its own for RMM Bridge, whose rights nobody changes by the way.",
        )
    ]


def _blocked_alerts() -> list[Group]:
    blocked = pages.list_blocked_sites()
    groups = []
    has_examples = False
    for one in pages.count_causes(blocked):
        about_sites = one.cause in SITE_CAUSES
        happened = one.reason if one.alerts == 1 or not about_sites else ""
        examples: dict[str, Link] = {}
        if about_sites:
            happened = f"{count_words(one.sites, 'site')}, {count_words(one.alerts, 'alert')} waiting. {happened}".strip()
        if about_sites and not has_examples:
            has_examples = True
            examples = _waiting_sites(blocked)
        links = [("See the alerts", _alert_list(state__exact="blocked", cause__exact=one.cause))]
        if about_sites:
            links.insert(0, ("Map sites", find_url("admin:mappings_sitemapping_changelist")))
        groups.append(
            Group(
                CAUSE_TITLES.get(one.cause, one.cause.replace("_", " ").capitalize() or "Other"),
                one.alerts,
                happened,
                one.remedy,
                examples=tuple(examples.values()),
                links=make_links(*links),
                retry_cause=one.cause,
                lasting=CAUSE_LASTING.get(one.cause, ""),
                icon="lan" if about_sites else "confirmation_number",
            )
        )
    return groups


def _waiting_requests(answers: Answers) -> list[Group]:
    """A person waits behind each, so every cause is told apart."""
    return [
        Group(
            f"Requests of end clients: {REQUEST_CAUSES.get(row.key, 'others')}",
            row.number,
            row.text,
            row.more,
            links=make_links(
                (
                    "See the requests",
                    find_url(
                        "admin:tickets_agentrequest_changelist", state__exact="blocked", cause__exact=row.key
                    ),
                ),
                *(
                    [("Map sites", find_url("admin:mappings_sitemapping_changelist"))]
                    if row.key in {*SITE_CAUSES, "site_ignored"}
                    else []
                ),
            ),
            retry_cause=row.key,
            retry_to="requests-retry",
            icon="contact_support",
            permission="tickets.view_agentrequest",
        )
        for row in sorted(answers.get("waiting request", []), key=lambda row: (-row.number, row.key))
    ]


def _waiting_sites(blocked: list[pages.BlockedSite]) -> dict[str, Link]:
    """Return links to the sites that most alerts wait for, whatever is the matter with them."""
    counts: Counter[tuple[str, str]] = Counter()
    for one in blocked:
        if one.cause in SITE_CAUSES:
            counts[one.site_uid, one.name] += one.alerts
    most = sorted(counts.items(), key=lambda item: (-item[1], item[0][1]))[:_EXAMPLES]
    return {
        uid: Link(
            f"{name or uid or 'no site'} ({count})",
            find_url("admin:mappings_sitemapping_changelist", q=name or uid),
        )
        for (uid, name), count in most
    }


def _refused_actions(now: datetime) -> list[Group]:
    groups = []
    for one in pages.count_refused(now):
        newest = one.examples[0] if one.examples else None
        label = str(Action.Kind(one.kind).label)
        groups.append(
            Group(
                refused_title(one.kind, label, is_defect=one.is_defect),
                one.count,
                newest.error if newest is not None else "",
                (newest.remedy if newest is not None else "") or "Open one, mend the cause and press Retry.",
                examples=tuple(_action_link(action) for action in one.examples[:_EXAMPLES]),
                retry_kind=one.kind,
                icon="block",
                lasting=CAUSE_LASTING["defect"] if one.is_defect else REFUSED_LASTING.get(one.kind, ""),
            )
        )
    return groups


def _action_link(action: Action) -> Link:
    if action.alert is not None:
        return Link(str(action.alert)[:80], find_url("admin:tickets_alert_change", action.alert.pk))
    return Link(str(action.ticket)[:80], find_url("admin:tickets_ticket_change", action.ticket_id))


def _deliveries(answers: Answers) -> list[Group]:
    groups = []
    for row in sorted(answers.get("unusable message", []), key=lambda row: (-row.number, row.key)):
        name, _, state = row.key.partition(" ")
        groups.append(
            Group(
                f"{Delivery.Channel(name).label}: messages that {_MESSAGE_TROUBLES[Delivery.State(state)]}",
                row.number,
                row.text,
                row.more
                or "Settings > Inbound addresses shows what to paste. Alerts are still found by polling.",
                links=make_links(
                    ("See the messages", find_url("admin:tickets_delivery_changelist", state__exact=state)),
                    ("Inbound addresses", find_url("inbound-addresses")),
                ),
                icon="move_to_inbox",
                lasting="Copy the body from Settings > Inbound addresses as it is, without retyping it.",
            )
        )
    return groups


def _runs(answers: Answers) -> list[Group]:
    groups = []
    for row in sorted(answers.get("failed kind", []), key=lambda row: -row.number):
        status, _, kind = row.key.partition(" ")
        is_guarded = status == SyncRun.Status.GUARDED
        cure = row.more or "Open the run; it says what to do. The next one tries again."
        open_run = find_url("admin:integration_syncrun_change", row.number)
        links = make_links(("Apply or look" if row.other else "Open the run", open_run))
        if row.other:
            cure = f"{count_words(row.other, 'change')} of its plan wait. Look at them, then apply the plan. {cure}"
        groups.append(
            Group(
                f"The last {kind} run {'was stopped by the guard' if is_guarded else 'failed'}",
                1,
                row.text.splitlines()[0] if row.text else "No details.",
                cure,
                links=links,
                icon="sync_problem",
            )
        )
    return groups


def _inactive_values(answers: Answers) -> list[Group]:
    # The row for all monitor types, which has no name, comes first.
    found = sorted(
        answers.get("inactive value", []), key=lambda row: (row.more, row.number, row.other, row.key)
    )
    if not found:
        return []
    return [
        Group(
            "Ticket defaults use values that are inactive in Autotask",
            len(found),
            "Tickets are made all the same; these values are skipped.",
            "Choose active values.",
            examples=tuple(
                Link(
                    f"{row.more or 'All monitor types'}: {row.key} {row.text}",
                    find_url("admin:tickets_ticketdefaults_change", row.number),
                )
                for row in found[:_EXAMPLES]
            ),
            links=make_links(("Ticket defaults", find_url("admin:tickets_ticketdefaults_changelist"))),
            icon="tune",
            lasting="Before a pick list value is switched off in Autotask, choose another one here.",
        )
    ]
