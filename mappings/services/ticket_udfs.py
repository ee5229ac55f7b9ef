"""Creating user-defined fields of tickets in Autotask, as the sync engine applies and undoes it."""

from __future__ import annotations

from typing import Final

from django.utils import timezone

from integration.models import SyncRunEntry
from integration.sync.operations import Applied, Draft, Operation, Work, register_operation
from mappings.models import TicketUdf, UdfDefinition
from mappings.services.udf_definitions import draft_switch_off, make_definition, no_way_back, udf_key

CREATE_TICKET_UDF: Final = "create_ticket_udf"
SWITCH_OFF_TICKET_UDF: Final = "switch_off_ticket_udf"
_ENTITY: Final = "Tickets"
_DESCRIPTION: Final = "Filled by RMM Bridge when it makes a ticket for an alert."
Action = SyncRunEntry.Action


def register_ticket_udf_operations() -> None:
    """Tell the engine; called when Django starts."""
    register_operation(Operation(CREATE_TICKET_UDF, _apply_create, _undo_create))
    register_operation(Operation(SWITCH_OFF_TICKET_UDF, _apply_switch_off, no_way_back))


def draft_ticket_udf(name: str, kind: str) -> Draft:
    """Return the change that creates a ticket UDF.

    Args:
        name: at most 45 characters.
        kind: a `UdfKind` other than a list.
    """
    return Draft(
        Action.CREATE,
        CREATE_TICKET_UDF,
        "ticket UDF",
        udf_key(name),
        name,
        after={"name": name, "type": UdfDefinition.DataType(kind).label},
        payload={"name": name, "kind": kind},
    )


def _apply_create(work: Work, entry: SyncRunEntry, is_doubtful: bool) -> Applied:  # noqa: FBT001 - the engine's signature
    """Create the field unless Autotask has it, and mirror it.

    Payload: {"name", "kind"}.

    Raises:
        CannotApply: Autotask has a field of this name that is of another type or switched off.
        VendorError: Autotask refused, or cannot be reached.
    """
    kind = entry.payload["kind"]
    made = make_definition(
        work,
        entry,
        entity=_ENTITY,
        description=_DESCRIPTION,
        is_doubtful=is_doubtful,
        decimal_places=0 if kind == "number" else None,
    )
    TicketUdf.objects.update_or_create(
        autotask_udf_id=made.id,
        defaults={
            "name": made.name,
            "data_type": kind,
            "is_active": True,
            "synced_at": timezone.now(),
        },
    )
    return made.applied(entry)


def _undo_create(entry: SyncRunEntry) -> Draft | str:
    """Return the change that switches the field off."""
    return draft_switch_off(entry, SWITCH_OFF_TICKET_UDF, "ticket UDF")


def _apply_switch_off(work: Work, entry: SyncRunEntry, is_doubtful: bool) -> Applied:  # noqa: FBT001 - as above
    """Switch a field off. What a setting still fills with it is left out of tickets, with the reason."""
    del is_doubtful
    definition_id = entry.payload["autotask_udf_id"]
    work.autotask.set_udf_definition_active(definition_id, is_active=False)
    TicketUdf.objects.filter(autotask_udf_id=definition_id).update(is_active=False, synced_at=timezone.now())
    return Applied()
