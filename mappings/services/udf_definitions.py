"""Definitions of user-defined fields in Autotask, of any entity: looked for, made, switched off.

They are looked for before they are made, so that it can be repeated and resumed.
"""

from __future__ import annotations

from typing import NamedTuple, get_args
from weakref import WeakKeyDictionary

from integration.models import SyncRunEntry
from integration.sync.operations import Applied, CannotApply, Draft, Work
from integration.vendors.autotask.picklists import FieldSet
from integration.vendors.autotask.udfs import DEFINITIONS, UdfKind, udf_data_type_of, udf_type_of


class KnownDefinition(NamedTuple):
    """A definition that Autotask has."""

    id: int
    name: str
    data_type: int | None
    is_active: bool


class MadeDefinition(NamedTuple):
    """A definition that is there now.

    Attributes:
        is_ours: made by this change, so that undoing it switches the field off.
    """

    id: int
    name: str
    is_ours: bool

    def applied(self, entry: SyncRunEntry) -> Applied:
        """Return what the engine is told."""
        return Applied(
            result={"autotask_udf_id": self.id, "is_ours": self.is_ours},
            message=entry.message if self.is_ours else "Autotask had it already; it is used as it is.",
        )


class _Autotask:
    """What a run has read of definitions: once per run, not once per field.

    Attributes:
        definitions: of each entity's UDF type, by `udf_key` of their names.
    """

    def __init__(self) -> None:
        self.fields: FieldSet | None = None
        self.definitions: dict[int, dict[str, KnownDefinition]] = {}


_read: WeakKeyDictionary[Work, _Autotask] = WeakKeyDictionary()


def udf_key(name: str) -> str:
    """Return what makes two field names the same to Autotask."""
    return " ".join(name.split()).casefold()


def make_definition(
    work: Work,
    entry: SyncRunEntry,
    *,
    entity: str,
    description: str,
    is_doubtful: bool,
    decimal_places: int | None = None,
) -> MadeDefinition:
    """Create a field unless Autotask has it. Payload of the entry: at least {"name", "kind" (see `UdfKind`)}.

    Args:
        entity: Autotask's, such as "Tickets".
        is_doubtful: it may have been made before an answer was lost.
        decimal_places: of a number.

    Raises:
        CannotApply: Autotask has a field of this name that is of another type or switched off.
        VendorError: Autotask refused, or cannot be reached.
    """
    name, kind = entry.payload["name"], _kind_of(entry.payload["kind"])
    fields = _read_fields(work)
    data_type, udf_type = udf_data_type_of(fields, kind), udf_type_of(fields, entity)
    known = _known_definitions(work, udf_type, is_fresh=is_doubtful)
    existing = known.get(udf_key(name))
    if existing is not None:
        _require_fit(existing, data_type, kind)
        return MadeDefinition(existing.id, existing.name, is_doubtful)
    definition_id = work.autotask.create_udf_definition(
        name=name,
        udf_type=udf_type,
        data_type=data_type,
        description=description,
        decimal_places=decimal_places,
    )
    known[udf_key(name)] = KnownDefinition(definition_id, name, data_type, is_active=True)
    return MadeDefinition(definition_id, name, is_ours=True)


def draft_switch_off(entry: SyncRunEntry, operation: str, noun: str) -> Draft | str:
    """Return the change that switches a field off that an entry made: Autotask deletes no definition."""
    if not entry.result.get("is_ours"):
        return "Autotask had this field before; it stays."
    return Draft(
        SyncRunEntry.Action.DEACTIVATE,
        operation,
        noun,
        entry.object_id,
        entry.label,
        before={"is_active": True},
        after={"is_active": False},
        payload={"autotask_udf_id": entry.result["autotask_udf_id"]},
        message="Autotask cannot delete a field, so it is switched off.",
    )


def no_way_back(entry: SyncRunEntry) -> Draft | str:
    """Say that taking something back cannot be taken back."""
    del entry
    return "This took something back already. Make it anew on its screen."


def _kind_of(text: str) -> UdfKind:
    """Return the kind of field of this name.

    Raises:
        CannotApply: there is none.
    """
    for kind in get_args(UdfKind):
        if kind == text:
            found: UdfKind = kind
            return found
    raise CannotApply(f"Type: Autotask's API cannot create a UDF of type {text}.", "Create it in Autotask.")


def _state(work: Work) -> _Autotask:
    return _read.setdefault(work, _Autotask())


def _read_fields(work: Work) -> FieldSet:
    """Return the field info of definitions; read once per run."""
    state = _state(work)
    if state.fields is None:
        state.fields = work.autotask.fetch_field_info(DEFINITIONS)
    return state.fields


def _known_definitions(work: Work, udf_type: int, *, is_fresh: bool) -> dict[str, KnownDefinition]:
    """Return an entity's definitions in Autotask by `udf_key`; read once per run, or anew."""
    state = _state(work)
    if is_fresh or udf_type not in state.definitions:
        state.definitions[udf_type] = {
            udf_key(one.name): KnownDefinition(one.id, one.name, one.data_type, one.is_active)
            for one in work.autotask.iter_udf_definitions(udf_type=udf_type)
        }
    return state.definitions[udf_type]


def _require_fit(existing: KnownDefinition, data_type: int, kind: str) -> None:
    """Make sure that a field which is there can be used.

    Raises:
        CannotApply: it is switched off or of another type.
    """
    if not existing.is_active:
        raise CannotApply(
            f"Autotask has a UDF {existing.name}, which is switched off.",
            "Switch it on in Autotask, or choose another name.",
        )
    if existing.data_type != data_type:
        raise CannotApply(
            f"Autotask has a UDF {existing.name} of another type than {kind.replace('_', ' ')}.",
            "Use it as it is by choosing it in a mapping, or choose another name.",
        )
