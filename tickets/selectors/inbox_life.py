"""What waits for a person in the life of alerts: storms, the circuit breaker, silences over security, the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from integration.tally import Row, question
from tickets.domain.grouping import TicketKind
from tickets.models import Alert, LedgerCheck, Monitor, Silence, Ticket
from tickets.selectors.groups import Group, Link, count_words, find_url, make_links

Answers = Mapping[str, list[Row]]
_EXAMPLES = 5


def questions(now: datetime) -> list[QuerySet[Any]]:
    """Return what is to be asked, for `integration.tally.ask`."""
    storms = Ticket.objects.filter(state=Ticket.State.OPEN)
    newest = LedgerCheck.objects.order_by("-checked_at").values("pk")[:1]
    hidden = Alert.objects.filter(silence=OuterRef("pk"), monitor_type__is_security=True)
    in_force = Silence.objects.filter(
        Q(ends_at__isnull=True) | Q(ends_at__gt=now), ended_at__isnull=True, starts_at__lte=now
    )
    return [
        question("fleet storm", storms.filter(kind=TicketKind.FLEET), group=("kind",)),
        question("breaker", storms.filter(kind=TicketKind.BREAKER), group=("kind",)),
        question("unbalanced", LedgerCheck.objects.filter(pk__in=newest, balances=False)),
        question("blind silence", in_force.filter(Exists(hidden)), key=F("name"), text=F("reason")),
        question("new monitor", Monitor.objects.filter(is_new=True), group=("is_new",)),
    ]


def list_life_groups(answers: Answers) -> list[Group]:
    """Return the groups that wait. No query."""
    return [
        *_unbalanced(answers),
        *_blind_silences(answers),
        *_storms(answers),
        *_breaker(answers),
    ]


def list_calm_groups(answers: Answers) -> list[Group]:
    """Return what is worth a look and waits for nobody: it counts for nothing. No query."""
    count = _number(answers, "new monitor")
    if not count:
        return []
    return [
        Group(
            f"{count_words(count, 'monitor')} nobody has looked at",
            0,
            "Their alerts are handled by rules and ticket defaults as all others.",
            "Name those you know, so that alerts and rules speak of them by name. Settings of their own are optional.",
            links=make_links(
                ("New monitors", find_url("admin:tickets_monitor_changelist", inbox="new")),
                ("Without a name", find_url("admin:tickets_monitor_changelist", inbox="unnamed")),
            ),
            icon="sensors",
            permission="tickets.view_monitor",
            lasting='A "monitor_key" in the webhook\'s body of a monitor names it once and for all; Settings > Inbound '
            "addresses has a body to paste.",
            is_calm=True,
        )
    ]


def _unbalanced(answers: Answers) -> list[Group]:
    if not answers.get("unbalanced"):
        return []
    return [
        Group(
            "The ledger does not balance",
            1,
            "Some alerts that are open in Datto RMM are unknown here, or in no explained state.",
            "The ledger names them. As a rule the next poll mends it; if not, open each and press Retry.",
            links=make_links(("Open the ledger", find_url("ledger"))),
            icon="account_balance",
            lasting="If it comes back, the API user may see alerts by the list that it may not read one by one: check its "
            "rights under Settings > Preflight.",
        )
    ]


def _blind_silences(answers: Answers) -> list[Group]:
    rows = sorted(answers.get("blind silence", []), key=lambda row: row.number)
    if not rows:
        return []
    return [
        Group(
            "Silences that hide security alerts",
            len(rows),
            f"{count_words(len(rows), 'silence')} in force hid alerts of security monitors.",
            "Look at what each one hid; end it, or narrow it, unless that is meant.",
            examples=tuple(_silence_link(row) for row in rows[:_EXAMPLES]),
            links=make_links(("Silences in force", find_url("admin:tickets_silence_changelist"))),
            icon="gpp_maybe",
            permission="tickets.view_silence",
            lasting="Silence a monitor rather than a whole device or site.",
        )
    ]


def _silence_link(row: Row) -> Link:
    return Link(f"{row.key} ({row.text})"[:100], find_url("admin:tickets_silence_change", row.number))


def _storms(answers: Answers) -> list[Group]:
    count = _number(answers, "fleet storm")
    if not count:
        return []
    return [
        Group(
            "Storms across sites that wait for a decision",
            count,
            "One ticket of your own organization stands for alerts of many; the organizations have no tickets yet.",
            "Open the ticket: release its alerts to their organizations, or drop them with a reason. Both are buttons there.",
            links=make_links(("Open the storms", _tickets(TicketKind.FLEET))),
            icon="storm",
            permission="tickets.view_ticket",
            lasting="If it was no storm, raise the number of sites in the alert policy, or give the monitor a rule.",
        )
    ]


def _breaker(answers: Answers) -> list[Group]:
    count = _number(answers, "breaker")
    if not count:
        return []
    return [
        Group(
            "Alerts that the circuit breaker grouped",
            count,
            f"So many tickets were asked for that alerts were grouped by site: {count_words(count, 'ticket')} open.",
            "Look at each one: explode it where its alerts are different troubles, or leave them together.",
            links=make_links(("Open them", _tickets(TicketKind.BREAKER))),
            icon="electrical_services",
            permission="tickets.view_ticket",
            lasting="Find the monitor that fires so much under Alerts & tickets > Monitors, and hold it off, group it, or raise "
            "its threshold in Datto RMM. The alert policy says when the breaker opens.",
        )
    ]


def _tickets(kind: TicketKind) -> str:
    return find_url(
        "admin:tickets_ticket_changelist", state__exact=Ticket.State.OPEN.value, kind__exact=kind.value
    )


def _number(answers: Answers, name: str) -> int:
    return sum(row.number for row in answers.get(name, []))
