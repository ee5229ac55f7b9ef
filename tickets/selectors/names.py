"""Names of what a decision and a ticket refer to, for links and labels. One query."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce

from integration.tally import ask, question
from mappings.models import PicklistValue, Resource
from tickets.models import Ticket, TicketDefaults, TicketRule

_ALL_TYPES = "All monitor types"


@dataclass(frozen=True, slots=True)
class Names:
    """What was found.

    Attributes:
        rules: name of a rule as it stands now -> primary key.
        defaults: name of a row of ticket defaults -> primary key.
        status, queue, resource: of the ticket, in words; empty when it is not known.
    """

    rules: Mapping[str, int] = field(default_factory=dict)
    defaults: Mapping[str, int] = field(default_factory=dict)
    status: str = ""
    queue: str = ""
    resource: str = ""


def read_names(
    ticket: Ticket | None = None,
    *,
    monitor_type_id: int | None = None,
    rules: Iterable[str] = (),
    rule_ids: Iterable[int] = (),
) -> Names:
    """Return names and primary keys; what no longer exists is left out. One query.

    Args:
        ticket: whose status, queue and resource are asked for.
        monitor_type_id: whose row of defaults is asked for, besides that of all monitor types.
        rules: names of rules.
        rule_ids: rules that may have been renamed since.
    """
    of_type = Q(monitor_type__isnull=True)
    if monitor_type_id is not None:
        of_type |= Q(monitor_type=monitor_type_id)
    asked = [
        question(
            "defaults",
            TicketDefaults.objects.filter(of_type),
            key=Coalesce("monitor_type__name", Value(_ALL_TYPES)),
        ),
        question(
            "rule",
            TicketRule.objects.filter(Q(name__in=sorted(set(rules))) | Q(pk__in=sorted(set(rule_ids)))),
            key=F("name"),
        ),
    ]
    if ticket is not None:
        for what, column, value in (("status", "status", ticket.status), ("queue", "queueID", ticket.queue)):
            if value is not None:
                rows = PicklistValue.objects.filter(entity="Tickets", field=column, value=value)
                asked.append(question(what, rows, key=F("label")))
        if ticket.assigned_resource_id is not None:
            people = Resource.objects.filter(autotask_resource_id=ticket.assigned_resource_id)
            asked.append(question("resource", people, key=F("name")))
    answers = ask(asked)

    def first(what: str) -> str:
        rows = answers.get(what, [])
        return rows[0].key if rows else ""

    return Names(
        rules={row.key: row.number for row in answers.get("rule", [])},
        defaults={row.key: row.number for row in answers.get("defaults", [])},
        status=first("status"),
        queue=first("queue"),
        resource=first("resource"),
    )
