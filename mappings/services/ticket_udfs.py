"""Creating user-defined fields of tickets in Autotask, as the sync engine applies and undoes it."""

from __future__ import annotations

from typing import Final

from django.utils import timezone

from integration.models import SyncRunEntry
from integration.sync.operations import Applied, Draft, Operation, Work, register_operation
from integration.vendors.autotask.udfs import udf_data_type_of, udf_type_of
from mappings.models import TicketUdf, UdfDefinition
from mappings.services.devices.udf_operations import (
    KnownDefinition,
    kind_of,
    known_definitions,
    no_way_back,
    read_definition_fields,
    require_fit,
    udf_key,
)

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
    name, kind = entry.payload["name"], kind_of(entry.payload["kind"])
    fields = read_definition_fields(work)
    data_type, udf_type = udf_data_type_of(fields, kind), udf_type_of(fields, _ENTITY)
    known = known_definitions(work, udf_type, is_fresh=is_doubtful)
    existing = known.get(udf_key(name))
    if existing is not None:
        require_fit(existing, data_type, kind)
        definition_id, stored_name, is_ours = existing.id, existing.name, is_doubtful
    else:
        definition_id = work.autotask.create_udf_definition(
            name=name,
            udf_type=udf_type,
            data_type=data_type,
            description=_DESCRIPTION,
            decimal_places=0 if kind == "number" else None,
        )
        stored_name, is_ours = name, True
        known[udf_key(name)] = KnownDefinition(definition_id, name, data_type, is_active=True)
    TicketUdf.objects.update_or_create(
        autotask_udf_id=definition_id,
        defaults={
            "name": stored_name,
            "data_type": kind,
            "is_active": True,
            "synced_at": timezone.now(),
        },
    )
    return Applied(
        result={"autotask_udf_id": definition_id, "is_ours": is_ours},
        message=entry.message if is_ours else "Autotask had it already; it is used as it is.",
    )


def _undo_create(entry: SyncRunEntry) -> Draft | str:
    """Return the change that switches the field off: Autotask deletes no definition."""
    if not entry.result.get("is_ours"):
        return "Autotask had this field before; it stays."
    return Draft(
        Action.DEACTIVATE,
        SWITCH_OFF_TICKET_UDF,
        "ticket UDF",
        entry.object_id,
        entry.label,
        before={"is_active": True},
        after={"is_active": False},
        payload={"autotask_udf_id": entry.result["autotask_udf_id"]},
        message="Autotask cannot delete a field, so it is switched off.",
    )


def _apply_switch_off(work: Work, entry: SyncRunEntry, is_doubtful: bool) -> Applied:  # noqa: FBT001 - as above
    """Switch a field off. What a setting still fills with it is left out of tickets, with the reason."""
    del is_doubtful
    definition_id = entry.payload["autotask_udf_id"]
    work.autotask.set_udf_definition_active(definition_id, is_active=False)
    TicketUdf.objects.filter(autotask_udf_id=definition_id).update(is_active=False, synced_at=timezone.now())
    return Applied()
