"""Everything the inbox and the home page count, asked in one query."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import CharField, Count, F, Max, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Concat

from integration.models import PreflightCheck, SyncRun, SyncRunEntry, VendorHealth
from integration.tally import Row, ask, question
from mappings.services.devices import attention
from tickets.domain.defects import DEFECT_REMEDY, UNREADABLE_REMEDY
from tickets.domain.settings import PICK_FIELDS
from tickets.models import AgentRequest, Alert, Delivery, PriorityDefaults, Ticket, TicketDefaults
from tickets.selectors import inbox_life

#: How far back the inbox looks for inbound messages that could not be used.
_MESSAGES_WITHIN: Final = timedelta(hours=24)

Answers = Mapping[str, list[Row]]


def read_answers(now: datetime) -> Answers:
    """Return the answers by the names of the questions; one query."""
    return ask(
        [
            # All in one group, counted where an index holds the state.
            question("open alert", Alert.objects.filter(is_resolved=False), group=("is_resolved",)),
            question("open ticket", Ticket.objects.filter(state=Ticket.State.OPEN), group=("state",)),
            question(
                "vendor down",
                VendorHealth.objects.filter(is_down=True),
                key=F("vendor"),
                number=1,
                text=F("last_error"),
            ),
            question(
                "failed check",
                PreflightCheck.objects.filter(status=PreflightCheck.Status.FAIL),
                key=F("title"),
                number=F("position"),
                text=F("detail"),
                more=F("remedy"),
            ),
            question(
                "waiting request",
                AgentRequest.objects.filter(state=AgentRequest.State.BLOCKED),
                group=("cause",),
                key=F("cause"),
                text=Max("reason"),
                more=Max("remedy"),
            ),
            _unusable_deliveries(now),
            _failed_kinds(),
            *_inactive_values(),
            *attention.questions(now),
            *inbox_life.questions(now),
        ]
    )


def total(answers: Answers, name: str) -> int:
    """Return the sum of an answer's numbers."""
    return sum(row.number for row in answers.get(name, []))


def _unusable_deliveries(now: datetime) -> QuerySet[Any]:
    """Inbound messages that could not be used, by "channel state", with a reason and a cure."""
    unusable = Q(
        received_at__gte=now - _MESSAGES_WITHIN,
        state__in=[Delivery.State.UNREADABLE, Delivery.State.FAILED],
    )
    return question(
        "unusable message",
        Delivery.objects.filter(
            unusable | Q(state=Delivery.State.NEW, remedy__in=[DEFECT_REMEDY, UNREADABLE_REMEDY])
        ),
        group=("channel", "state"),
        key=Concat("channel", Value(" "), "state", output_field=CharField()),
        text=Max("reason"),
        more=Max("remedy"),
    )


def _failed_kinds() -> QuerySet[Any]:
    """The latest finished run of each kind where it failed or was stopped, as "status kind".

    With each comes its id, how many changes of its plan nobody has applied, its error and its cure.
    """
    latest = (
        SyncRun.objects.filter(finished_at__isnull=False, dry_run=False)
        .order_by()
        .values("kind")
        .annotate(latest=Max("pk"))
    )
    planned = Q(entries__status=SyncRunEntry.Status.PLANNED) & ~Q(entries__operation="")
    return question(
        "failed kind",
        SyncRun.objects.filter(
            pk__in=latest.values("latest"), status__in=[SyncRun.Status.FAILED, SyncRun.Status.GUARDED]
        ),
        group=("pk", "status", "kind", "error", "remedy"),
        key=Concat("status", Value(" "), "kind", output_field=CharField()),
        number=F("pk"),
        other=Count("entries", filter=planned),
        text=F("error"),
        more=F("remedy"),
    )


def _inactive_values() -> list[QuerySet[Any]]:
    """Values chosen in ticket defaults that Autotask no longer offers.

    Each with the id of the row, the title of the field, the label of the value, and the name of the monitor type.
    """
    monitor = Coalesce("monitor_type__name", Value(""))
    asked = [
        question(
            "inactive value",
            TicketDefaults.objects.filter(**{f"{name}__is_active": False}),
            key=title,
            other=position,
            text=F(f"{name}__name" if name == "work_type" else f"{name}__label"),
            more=monitor,
        )
        for position, (name, title) in enumerate(PICK_FIELDS.items())
    ]
    lines = question(
        "inactive value",
        PriorityDefaults.objects.filter(ticket_priority__is_active=False),
        key=Concat(Value("ticket priority for "), "alert_priority", output_field=CharField()),
        number=F("defaults_id"),
        other=len(PICK_FIELDS),
        text=F("ticket_priority__label"),
        more=Coalesce("defaults__monitor_type__name", Value("")),
    )
    return [*asked, lines]
