"""Making what field mappings need: a missing user-defined field, associations with categories, the standard set.

Each returns planned changes (`Draft`); queueing them makes a run whose page tells what was done, and undoes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from django.contrib.auth.models import User
from django.db import transaction

from integration.models import SyncRun, SyncRunEntry
from integration.sync.changes import queue_changes
from integration.sync.operations import Draft
from mappings.domain.devices.dattofields import DattoField, standard_set
from mappings.models import ConfigurationItemCategory, DeviceTypeRule, FieldMap, UdfDefinition
from mappings.services.devices.fieldmaps import count_categories
from mappings.services.devices.ruleset import associated_categories
from mappings.services.devices.udf_operations import (
    ASSOCIATE_UDF,
    CREATE_FIELD_MAP,
    CREATE_UDF,
    KIND,
)
from mappings.services.udf_definitions import udf_key

#: What Autotask takes as the name of a field.
NAME_LENGTH: Final = 45
_LIST_VALUE_LENGTH: Final = 128
_MOST_LIST_VALUES: Final = 200
_DESCRIPTION: Final = "Kept in step with Datto RMM by RMM Bridge."
_LIVE = [SyncRun.Status.QUEUED, SyncRun.Status.RUNNING]


class UdfRefused(ValueError):  # noqa: N818 - not a fault: the text tells a person why and what to do
    """A field that cannot be asked for.

    Attributes:
        field: of the form: "name", "kind", "list_values", "categories" or "".
    """

    def __init__(self, text: str, *, field: str = "") -> None:
        self.field = field
        super().__init__(text)


@dataclass(frozen=True, slots=True)
class SetRow:
    """One field of the standard set.

    Attributes:
        creates_udf: Autotask does not have it yet.
        associations: names of the categories it is to be shown in besides those that show it.
    """

    field: DattoField
    creates_udf: bool
    associations: tuple[str, ...]
    problem: str = ""

    @property
    def type_label(self) -> str:
        """The field's type in words."""
        return CREATABLE[self.field.data_type.value]


@dataclass(frozen=True, slots=True)
class StandardSet:
    """What one click would create; `drafts` is empty when all of it is there."""

    rows: tuple[SetRow, ...]
    drafts: tuple[Draft, ...]
    categories: tuple[ConfigurationItemCategory, ...]

    def count(self, operation: str) -> int:
        """Return how many changes of one operation there are."""
        return sum(1 for one in self.drafts if one.operation == operation)

    @property
    def new_udfs(self) -> int:
        """Fields to be created."""
        return self.count(CREATE_UDF)

    @property
    def new_associations(self) -> int:
        """Associations to be made."""
        return self.count(ASSOCIATE_UDF)

    @property
    def new_maps(self) -> int:
        """Mappings to be made."""
        return self.count(CREATE_FIELD_MAP)


def draft_udf(
    name: str, kind: str, *, list_values: Sequence[str] = (), category_ids: Iterable[int] = ()
) -> list[Draft]:
    """Return the changes that create a field and show it in categories.

    Raises:
        UdfRefused: names the field of the form and the cure.
    """
    name = " ".join(name.split())
    if not name:
        raise UdfRefused("Name: is missing. Enter what people shall read in Autotask.", field="name")
    if len(name) > NAME_LENGTH:
        raise UdfRefused(f"Name: Autotask takes at most {NAME_LENGTH} characters.", field="name")
    if any(udf_key(one) == udf_key(name) for one in UdfDefinition.objects.values_list("name", flat=True)):
        raise UdfRefused(
            f"Name: Autotask has a UDF called {name} already. Choose it in a mapping, or use another name.",
            field="name",
        )
    if kind not in CREATABLE:
        raise UdfRefused(f"Type: choose one of {', '.join(CREATABLE.values())}.", field="kind")
    values = _checked_values(kind, list_values)
    categories = list(ConfigurationItemCategory.objects.filter(pk__in=list(category_ids)))
    if not categories:
        raise UdfRefused(
            "Categories: choose at least one. A field that no category shows is on no configuration item.",
            field="categories",
        )
    drafts = [_create(name, kind, values)]
    drafts += [_associate(name, one) for one in categories]
    return drafts


#: Kinds of fields Autotask's API can create.
CREATABLE: Final = {
    "text": "Text",
    "long_text": "Long text",
    "number": "Number",
    "date": "Date",
    "list": "List",
}


def _checked_values(kind: str, given: Sequence[str]) -> list[str]:
    values = [text for one in given if (text := " ".join(one.split()))]
    if kind != "list":
        return []
    if not values:
        raise UdfRefused("List values: a list needs at least one. Enter one a line.", field="list_values")
    if len(values) > _MOST_LIST_VALUES or any(len(one) > _LIST_VALUE_LENGTH for one in values):
        raise UdfRefused(
            f"List values: at most {_MOST_LIST_VALUES} of at most {_LIST_VALUE_LENGTH} characters.",
            field="list_values",
        )
    if len({udf_key(one) for one in values}) != len(values):
        raise UdfRefused("List values: one is there twice. Remove it.", field="list_values")
    return values


def draft_associations(udf: UdfDefinition, categories: Iterable[ConfigurationItemCategory]) -> list[Draft]:
    """Return the changes that show a field in categories which do not show it yet."""
    shown = associated_categories().get(udf.pk, frozenset())
    return [_associate(udf.name, one) for one in categories if one.autotask_category_id not in shown]


def plan_standard_set() -> StandardSet:
    """Return what is missing of the standard set: fields, their associations and their mappings. Repeatable.

    A field counts as there when Autotask has one of its name; it is shown in the categories of the devices, and in
    those the type rules give.
    """
    taken = FieldMap.objects.exclude(datto_field="").values_list("datto_field", flat=True)
    known = {udf_key(one.name): one for one in UdfDefinition.objects.all()}
    shown_in = associated_categories()
    categories = needed_categories()
    rows, creates, associates, maps = [], [], [], []
    for one in standard_set(taken):
        udf = known.get(udf_key(one.udf_name))
        problem = _misfit(udf, one)
        if problem:
            rows.append(SetRow(one, creates_udf=False, associations=(), problem=problem))
            continue
        shown = shown_in.get(udf.pk, frozenset()) if udf is not None else frozenset()
        missing = [category for category in categories if category.autotask_category_id not in shown]
        name = udf.name if udf is not None else one.udf_name
        if udf is None:
            creates.append(_create(name, one.data_type.value, []))
        associates += [_associate(name, category) for category in missing]
        maps.append(_map(one, name))
        rows.append(
            SetRow(one, creates_udf=udf is None, associations=tuple(category.name for category in missing))
        )
    return StandardSet(tuple(rows), (*creates, *associates, *maps), tuple(categories))


def needed_categories() -> list[ConfigurationItemCategory]:
    """Return active categories that devices' items have or will have, most devices first."""
    counts = count_categories()
    by_rule = set(
        DeviceTypeRule.objects.filter(is_synced=True, configuration_item_category__isnull=False).values_list(
            "configuration_item_category__autotask_category_id", flat=True
        )
    )
    wanted = ConfigurationItemCategory.objects.filter(
        autotask_category_id__in={*counts, *by_rule}, is_active=True
    )
    return sorted(wanted, key=lambda one: (-counts[one.autotask_category_id], one.name))


def queue_udf_changes(drafts: Sequence[Draft], user: User | None, *, title: str) -> tuple[SyncRun, bool]:
    """Queue changes; returns the run and whether it is new. The same under way already is returned instead.

    Raises:
        NothingToDoError: no change given.
    """
    wanted = {(one.operation, one.object_id) for one in drafts}
    with transaction.atomic():
        for run in SyncRun.objects.select_for_update().filter(
            kind=KIND, mode=SyncRun.Mode.APPLY, status__in=_LIVE
        ):
            entries = run.entries.exclude(operation="").values_list("operation", "object_id")
            if wanted and wanted <= set(entries):
                return run, False
        return queue_changes(KIND, drafts, user, title=title), True


def _create(name: str, kind: str, values: Sequence[str]) -> Draft:
    after: dict[str, object] = {"name": name, "type": CREATABLE.get(kind, kind)}
    if values:
        after["list_values"] = ", ".join(values)
    return Draft(
        SyncRunEntry.Action.CREATE,
        CREATE_UDF,
        "user-defined field",
        udf_key(name),
        name,
        after=after,
        payload={"name": name, "kind": kind, "list_values": list(values), "description": _DESCRIPTION},
    )


def _associate(name: str, category: ConfigurationItemCategory) -> Draft:
    return Draft(
        SyncRunEntry.Action.UPDATE,
        ASSOCIATE_UDF,
        "UDF of a category",
        f"{category.autotask_category_id}:{udf_key(name)}",
        f"{name} in {category.name}",
        before={"shown": False},
        after={"shown": True},
        payload={"udf": name, "category_id": category.autotask_category_id},
    )


def _map(one: DattoField, udf_name: str) -> Draft:
    return Draft(
        SyncRunEntry.Action.CREATE,
        CREATE_FIELD_MAP,
        "field mapping",
        one.name,
        f"{one.label} → {udf_name}",
        after={"device_field": one.label, "autotask_udf": udf_name},
        payload={"datto_field": one.name, "udf": udf_name, "is_volatile": one.is_volatile},
    )


def _misfit(udf: UdfDefinition | None, one: DattoField) -> str:
    if udf is None:
        return ""
    if not udf.is_active:
        return f"{udf.name} is switched off in Autotask. Switch it on there, then come back."
    is_text = udf.data_type in {UdfDefinition.DataType.TEXT, UdfDefinition.DataType.LONG_TEXT}
    if udf.data_type != one.data_type.value and not is_text:
        return (
            f"{udf.name} is a {udf.get_data_type_display().lower()} in Autotask, not a {CREATABLE[one.data_type.value].lower()}. "
            "Map it by hand with a fitting step."
        )
    return ""
