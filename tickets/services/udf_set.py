"""The standard set of ticket UDFs: what is missing of it, and filling it by the ticket defaults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db import transaction

from integration.models import SyncRunEntry
from integration.sync.operations import (
    Applied,
    CannotApply,
    Draft,
    Operation,
    Work,
    register_operation,
)
from mappings.models import TicketUdf, UdfDefinition
from mappings.services.ticket_udfs import CREATE_TICKET_UDF, draft_ticket_udf
from mappings.services.udf_definitions import no_way_back, udf_key
from tickets.domain.udf_values import STANDARD_SET, StandardUdf
from tickets.models import TicketDefaults
from tickets.services.defaults import GLOBAL_ID, GLOBAL_NAME

FILL_TICKET_UDF: Final = "fill_ticket_udf"
LEAVE_TICKET_UDF: Final = "leave_ticket_udf"
_TEXTS: Final = frozenset({UdfDefinition.DataType.TEXT, UdfDefinition.DataType.LONG_TEXT})
Action = SyncRunEntry.Action


@dataclass(frozen=True, slots=True)
class SetRow:
    """One field of the standard set.

    Attributes:
        name: as it is, or will be, called in Autotask.
        is_new: Autotask does not have it yet.
        fills: the ticket defaults do not fill it yet.
        problem: why it is left out, with the cure.
    """

    field: StandardUdf
    name: str
    is_new: bool
    fills: bool
    problem: str = ""

    @property
    def type_label(self) -> str:
        """The field's type in words."""
        return str(UdfDefinition.DataType(self.field.kind).label)


@dataclass(frozen=True, slots=True)
class StandardSet:
    """What one click would do; `drafts` is empty when all of it is done."""

    rows: tuple[SetRow, ...]
    drafts: tuple[Draft, ...]

    @property
    def new_udfs(self) -> int:
        """Fields to be created."""
        return sum(1 for one in self.drafts if one.operation == CREATE_TICKET_UDF)

    @property
    def new_fillings(self) -> int:
        """Fields that tickets will be created with."""
        return sum(1 for one in self.drafts if one.operation == FILL_TICKET_UDF)


def register_ticket_udf_set() -> None:
    """Tell the engine; called when Django starts."""
    register_operation(Operation(FILL_TICKET_UDF, _apply_fill, _undo_fill))
    register_operation(Operation(LEAVE_TICKET_UDF, _apply_leave, no_way_back))


def plan_standard_set() -> StandardSet:
    """Return what is missing: fields in Autotask, and their templates in the ticket defaults. Repeatable; two queries.

    A field counts as there when Autotask has one of its name. A template that a person has given it stays.
    """
    # An active one of the same name comes last, and counts.
    known = {udf_key(one.name): one for one in TicketUdf.objects.order_by("is_active")}
    row = TicketDefaults.objects.filter(pk=GLOBAL_ID).only("ticket_udfs").first()
    filled = {udf_key(name) for name in (row.ticket_udfs if row is not None else {})}
    rows: list[SetRow] = []
    creates: list[Draft] = []
    fills: list[Draft] = []
    for one in STANDARD_SET:
        udf = known.get(udf_key(one.name))
        problem = _misfit(udf, one)
        if problem:
            rows.append(SetRow(one, one.name, is_new=False, fills=False, problem=problem))
            continue
        name = udf.name if udf is not None else one.name
        is_filled = udf_key(name) in filled
        if udf is None:
            creates.append(draft_ticket_udf(name, one.kind))
        if not is_filled:
            fills.append(_fill(name, one))
        rows.append(SetRow(one, name, is_new=udf is None, fills=not is_filled))
    return StandardSet(tuple(rows), (*creates, *fills))


def _misfit(udf: TicketUdf | None, one: StandardUdf) -> str:
    if udf is None:
        return ""
    if not udf.is_active:
        return f"{udf.name} is switched off in Autotask. Switch it on there, then come back."
    if udf.data_type != one.kind and udf.data_type not in _TEXTS:
        wanted = UdfDefinition.DataType(one.kind).label.lower()
        return (
            f"{udf.name} is a {udf.get_data_type_display().lower()} in Autotask, not a {wanted}. "
            "Rename it there, then come back."
        )
    return ""


def _fill(name: str, one: StandardUdf) -> Draft:
    return Draft(
        Action.UPDATE,
        FILL_TICKET_UDF,
        "ticket defaults",
        udf_key(name),
        f"{name} in the ticket defaults of {GLOBAL_NAME[0].lower()}{GLOBAL_NAME[1:]}",
        before={"template": ""},
        after={"template": one.template},
        payload={"name": name, "template": one.template},
    )


def _apply_fill(work: Work, entry: SyncRunEntry, is_doubtful: bool) -> Applied:  # noqa: FBT001 - the engine's signature
    """Put the field and its template into the ticket defaults, unless a person did; writes to no vendor.

    Payload: {"name", "template"}.

    Raises:
        CannotApply: the field is not there.
    """
    del work, is_doubtful
    wanted, template = udf_key(entry.payload["name"]), entry.payload["template"]
    name = next(
        (one.name for one in TicketUdf.objects.filter(is_active=True) if udf_key(one.name) == wanted), None
    )
    if name is None:
        raise CannotApply(
            f"The ticket UDF {entry.payload['name']} is not there: creating it failed, or it was switched off.",
            "See the entry of the field itself, mend what it names, and run this again.",
        )
    with transaction.atomic():
        row = TicketDefaults.objects.select_for_update().get(pk=GLOBAL_ID)
        if any(udf_key(one) == wanted for one in row.ticket_udfs):
            return Applied(result={"is_ours": False}, message="It was filled already.")
        row.ticket_udfs = {**row.ticket_udfs, name: template}
        row.save(update_fields=["ticket_udfs", "updated_at"])
    return Applied(result={"is_ours": True, "name": name, "template": template})


def _undo_fill(entry: SyncRunEntry) -> Draft | str:
    """Return the change that takes the template out again; tickets keep their values."""
    if not entry.result.get("is_ours"):
        return "It was filled before; it stays."
    return Draft(
        Action.UPDATE,
        LEAVE_TICKET_UDF,
        "ticket defaults",
        entry.object_id,
        entry.label,
        before={"template": entry.result["template"]},
        after={"template": ""},
        payload={"name": entry.result["name"], "template": entry.result["template"]},
    )


def _apply_leave(work: Work, entry: SyncRunEntry, is_doubtful: bool) -> Applied:  # noqa: FBT001 - as above
    """Take the template out, unless a person has changed it since."""
    del work, is_doubtful
    with transaction.atomic():
        row = TicketDefaults.objects.select_for_update().get(pk=GLOBAL_ID)
        name = entry.payload["name"]
        if row.ticket_udfs.get(name) != entry.payload["template"]:
            return Applied(message="It was changed since; it stays.")
        row.ticket_udfs = {key: value for key, value in row.ticket_udfs.items() if key != name}
        row.save(update_fields=["ticket_udfs", "updated_at"])
    return Applied()
