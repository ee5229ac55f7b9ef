"""Creating user-defined fields, their associations and their mappings, as the sync engine applies and undoes them.

Every operation looks for what it is to make before it makes it, so that it can be repeated and resumed.
"""

from __future__ import annotations

from typing import Final, NamedTuple
from weakref import WeakKeyDictionary

from django.utils import timezone

from integration.models import SyncRunEntry
from integration.sync.operations import (
    Applied,
    CannotApply,
    Draft,
    Operation,
    Superseded,
    Work,
    register_operation,
)
from integration.vendors.errors import NotFound
from mappings.models import (
    ConfigurationItemCategory,
    DevicePolicy,
    FieldMap,
    UdfAssociation,
    UdfDefinition,
)
from mappings.services.udf_definitions import draft_switch_off, make_definition, no_way_back, udf_key

CREATE_UDF: Final = "create_udf"
SWITCH_OFF_UDF: Final = "switch_off_udf"
ASSOCIATE_UDF: Final = "associate_udf"
DISSOCIATE_UDF: Final = "dissociate_udf"
CREATE_FIELD_MAP: Final = "create_field_map"
DELETE_FIELD_MAP: Final = "delete_field_map"
#: The kind of run these changes belong to.
KIND: Final = "reference"
_ENTITY: Final = "ConfigurationItems"
#: The map of this device field tells Autotask's items apart, see `DevicePolicy.uid_udf`.
_UID_FIELD: Final = "device_uid"

Action = SyncRunEntry.Action


class _Shown(NamedTuple):
    """An association that Autotask has."""

    id: int
    is_required: bool


#: Associations by category and definition, as a run has read them: once per run, not once per field.
_read: WeakKeyDictionary[Work, dict[tuple[int, int], _Shown]] = WeakKeyDictionary()


def register_udf_operations() -> None:
    """Tell the engine; called when Django starts."""
    for operation in (
        Operation(CREATE_UDF, apply_create_udf, undo_create_udf),
        Operation(SWITCH_OFF_UDF, apply_switch_off, no_way_back),
        Operation(ASSOCIATE_UDF, apply_associate, undo_associate),
        Operation(DISSOCIATE_UDF, apply_dissociate, no_way_back),
        Operation(CREATE_FIELD_MAP, apply_create_map, undo_create_map),
        Operation(DELETE_FIELD_MAP, apply_delete_map, no_way_back),
    ):
        register_operation(operation)


def apply_create_udf(work: Work, entry: SyncRunEntry, is_doubtful: bool) -> Applied:  # noqa: FBT001 - the engine's signature
    """Create a user-defined field with its list values, unless Autotask has it, and mirror it.

    Payload: {"name", "kind" (see `UdfKind`), "description", "list_values": [text]}.

    Raises:
        CannotApply: Autotask has a field of this name that is of another type or switched off.
        VendorError: Autotask refused, or cannot be reached.
    """
    kind = entry.payload["kind"]
    made = make_definition(
        work, entry, entity=_ENTITY, description=entry.payload.get("description", ""), is_doubtful=is_doubtful
    )
    values = _add_list_values(work, made.id, entry.payload.get("list_values", []), kind)
    UdfDefinition.objects.update_or_create(
        autotask_udf_id=made.id,
        defaults={
            "name": made.name,
            "data_type": UdfDefinition.DataType(kind),
            "is_active": True,
            "list_values": values,
            "synced_at": timezone.now(),
        },
    )
    return made.applied(entry)


def _known_associations(work: Work, *, is_fresh: bool) -> dict[tuple[int, int], _Shown]:
    if is_fresh or work not in _read:
        _read[work] = {
            (one.category_id, one.definition_id): _Shown(one.id, one.is_required)
            for one in work.autotask.iter_category_udf_associations()
        }
    return _read[work]


def _add_list_values(work: Work, definition_id: int, wanted: list[str], kind: str) -> list[dict[str, object]]:
    """Add missing list values; return all of them as the mirror holds them."""
    if kind != UdfDefinition.DataType.LIST:
        return []
    items = list(work.autotask.iter_udf_list_items(definition_id=definition_id))
    held = {udf_key(one.display) for one in items}
    for text in wanted:
        if udf_key(text) not in held:
            work.autotask.create_udf_list_item(definition_id, display=text)
            held.add(udf_key(text))
    return [
        {"value": str(one.id), "label": one.display, "is_active": one.is_active}
        for one in work.autotask.iter_udf_list_items(definition_id=definition_id)
    ]


def undo_create_udf(entry: SyncRunEntry) -> Draft | str:
    """Return the change that switches the field off."""
    return draft_switch_off(entry, SWITCH_OFF_UDF, "user-defined field")


def apply_switch_off(work: Work, entry: SyncRunEntry, is_doubtful: bool) -> Applied:  # noqa: FBT001 - as above
    """Switch a field off.

    Raises:
        Superseded: a mapping uses it by now.
        VendorError: Autotask refused, or cannot be reached.
    """
    del is_doubtful
    definition_id = entry.payload["autotask_udf_id"]
    if FieldMap.objects.filter(udf__autotask_udf_id=definition_id).exists():
        raise Superseded("A field mapping uses it, so it stays switched on.")
    work.autotask.set_udf_definition_active(definition_id, is_active=False)
    UdfDefinition.objects.filter(autotask_udf_id=definition_id).update(
        is_active=False, synced_at=timezone.now()
    )
    return Applied()


def apply_associate(work: Work, entry: SyncRunEntry, is_doubtful: bool) -> Applied:  # noqa: FBT001 - as above
    """Show a field on the items of a category, unless it is shown already, and mirror that.

    Payload: {"udf": name, "category_id": Autotask's id}.

    Raises:
        CannotApply: the field or the category is not there.
        VendorError: Autotask refused, or cannot be reached.
    """
    udf = _get_udf(entry.payload["udf"])
    category_id = entry.payload["category_id"]
    category = ConfigurationItemCategory.objects.filter(autotask_category_id=category_id).first()
    if category is None:
        raise CannotApply(
            f"Category {category_id} is not known here.", "Run Sync > Organizations and pick lists first."
        )
    found = _known_associations(work, is_fresh=is_doubtful).get((category_id, udf.autotask_udf_id))
    is_ours = found is None or is_doubtful
    association_id = (
        found.id
        if found is not None
        else work.autotask.create_category_udf_association(category_id, udf.autotask_udf_id)
    )
    UdfAssociation.objects.update_or_create(
        autotask_association_id=association_id,
        defaults={
            "udf": udf,
            "category": category,
            "is_required": found.is_required if found is not None else False,
            "synced_at": timezone.now(),
        },
    )
    return Applied(
        result={"association_id": association_id, "category_id": category_id, "is_ours": is_ours},
        message=entry.message if is_ours else "Autotask shows it there already.",
    )


def undo_associate(entry: SyncRunEntry) -> Draft | str:
    """Return the change that hides the field from the category again."""
    if not entry.result.get("is_ours"):
        return "Autotask showed this field there before; it stays."
    return Draft(
        Action.DEACTIVATE,
        DISSOCIATE_UDF,
        "UDF of a category",
        entry.object_id,
        entry.label,
        payload={
            "association_id": entry.result["association_id"],
            "category_id": entry.result["category_id"],
        },
    )


def apply_dissociate(work: Work, entry: SyncRunEntry, is_doubtful: bool) -> Applied:  # noqa: FBT001 - as above
    """Hide a field from the items of a category.

    Raises:
        VendorError: Autotask refused, or cannot be reached.
    """
    del is_doubtful
    association_id = entry.payload["association_id"]
    try:
        work.autotask.delete_category_udf_association(entry.payload["category_id"], association_id)
    except NotFound:
        # Repeated, or a person was faster: it is as it shall be.
        return Applied(message="It was gone already.")
    finally:
        UdfAssociation.objects.filter(autotask_association_id=association_id).delete()
    return Applied()


def apply_create_map(work: Work, entry: SyncRunEntry, is_doubtful: bool) -> Applied:  # noqa: FBT001 - as above
    """Map a device field to its user-defined field, unless that is done already; writes to no vendor.

    Payload: {"datto_field", "udf": name, "is_volatile"}.

    Raises:
        CannotApply: the field is not there.
    """
    del work, is_doubtful
    udf = _get_udf(entry.payload["udf"])
    field_map, is_new = FieldMap.objects.get_or_create(
        datto_field=entry.payload["datto_field"],
        udf=udf,
        defaults={"is_volatile": entry.payload["is_volatile"]},
    )
    if entry.payload["datto_field"] == _UID_FIELD:
        DevicePolicy.objects.get_or_create(pk=DevicePolicy.SINGLETON_ID)
        DevicePolicy.objects.filter(pk=DevicePolicy.SINGLETON_ID, uid_udf=None).update(uid_udf=udf)
    return Applied(
        result={"field_map": field_map.pk, "is_ours": is_new},
        message=entry.message if is_new else "It was mapped already.",
    )


def undo_create_map(entry: SyncRunEntry) -> Draft | str:
    """Return the change that removes the mapping; values in Autotask stay."""
    if not entry.result.get("is_ours"):
        return "It was mapped before; it stays."
    return Draft(
        Action.DEACTIVATE,
        DELETE_FIELD_MAP,
        "field mapping",
        entry.object_id,
        entry.label,
        payload={"field_map": entry.result["field_map"]},
    )


def apply_delete_map(work: Work, entry: SyncRunEntry, is_doubtful: bool) -> Applied:  # noqa: FBT001 - as above
    """Remove a mapping."""
    del work, is_doubtful
    field_map = FieldMap.objects.filter(pk=entry.payload["field_map"]).first()
    if field_map is not None:
        if field_map.datto_field == _UID_FIELD:
            DevicePolicy.objects.filter(uid_udf=field_map.udf).update(uid_udf=None)
        field_map.delete()
    return Applied()


def _get_udf(name: str) -> UdfDefinition:
    wanted = udf_key(name)
    for udf in UdfDefinition.objects.filter(is_active=True):
        if udf_key(udf.name) == wanted:
            return udf
    raise CannotApply(
        f"The UDF {name} is not there: creating it failed, or it was switched off.",
        "See the entry of the field itself, mend what it names, and run this again.",
    )
