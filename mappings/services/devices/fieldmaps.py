"""Field mappings: what is wrong with them, which categories need their fields, and a test on one device."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, F

from mappings.domain.devices.dattofields import DATTO_FIELDS
from mappings.domain.devices.facts import (
    DataType,
    DeviceFacts,
    FieldMapFacts,
    ListValue,
    Step,
    UdfFacts,
)
from mappings.domain.devices.fieldmaps import map_fits
from mappings.domain.devices.transforms import StepError, read_steps
from mappings.domain.devices.types import DeviceKind, pick_rule
from mappings.domain.devices.words import Direction, EmptyPolicy
from mappings.models import (
    ConfigurationItemCategory,
    Device,
    FieldMap,
    UdfDefinition,
)
from mappings.services.devices.types import load_rules
from mappings.services.udf_labels import name_udf

#: Datto RMM writes this one itself while a device is isolated.
_ISOLATION_UDF = 1
_CONVERTING = frozenset({"number", "gigabytes", "date", "yes_no", "list_value", "table", "capture", "pick"})
_TEXTS = frozenset({DataType.TEXT, DataType.LONG_TEXT})


@dataclass(frozen=True, slots=True)
class MapProblem:
    """What is wrong with a mapping.

    Attributes:
        field: of the form.
        text: one sentence with the cure.
        is_fatal: nothing is written while it lasts.
    """

    field: str
    text: str
    is_fatal: bool = True


@dataclass(frozen=True, slots=True)
class CategoryNeed:
    """A category whose devices a mapping is for, though its items do not show the field."""

    category: ConfigurationItemCategory
    devices: int


@dataclass(frozen=True, slots=True)
class MapState:
    """How a mapping stands.

    Attributes:
        devices: that its filter lets through.
        needs: categories without the field, most devices first.
    """

    problems: tuple[MapProblem, ...] = ()
    needs: tuple[CategoryNeed, ...] = ()
    devices: int = 0


def udf_facts(udf: UdfDefinition, category_ids: Iterable[int] = ()) -> UdfFacts:
    """Return a UDF as the domain takes it."""
    return UdfFacts(
        name=udf.name,
        data_type=DataType(udf.data_type),
        max_length=udf.max_length,
        is_active=udf.is_active,
        list_values=tuple(
            ListValue(str(one["value"]), str(one["label"]), bool(one.get("is_active", True)))
            for one in udf.list_values
        ),
        category_ids=frozenset(category_ids),
    )


def map_facts(
    one: FieldMap,
    category_ids: Iterable[int],
    site_pks: Iterable[int],
    *,
    steps: tuple[Step, ...] | None = None,
) -> FieldMapFacts:
    """Return a mapping as the domain takes it; it need not be saved.

    Raises:
        StepError: a transform is unreadable.
    """
    return FieldMapFacts(
        map_pk=one.pk or 0,
        udf=udf_facts(one.udf, category_ids),
        datto_udf_index=one.datto_udf_index,
        datto_field=one.datto_field,
        direction=Direction(one.direction),
        steps=read_steps(one.transforms) if steps is None else steps,
        empty_policy=EmptyPolicy(one.empty_policy),
        is_volatile=one.is_volatile,
        device_classes=frozenset(one.device_classes),
        datto_category=one.datto_category,
        site_pks=frozenset(site_pks),
    )


def source_label(field_map: FieldMap, labels: Mapping[int, str]) -> str:
    """Return a mapping's source in words.

    Args:
        labels: of `mappings.services.udf_labels.read_labels`.
    """
    if field_map.datto_udf_index:
        return name_udf(field_map.datto_udf_index, labels)
    source = DATTO_FIELDS.get(field_map.datto_field)
    return source.label if source is not None else field_map.datto_field


def check_map(one: FieldMap) -> list[MapProblem]:
    """Return what is wrong with a mapping by itself; it must have a UDF. No query.

    What depends on devices and categories is `read_states`'.
    """
    problems: list[MapProblem] = []
    udf = one.udf
    if not udf.is_active:
        problems.append(
            MapProblem(
                "udf", f"{udf.name} is inactive in Autotask. Switch it on there, or choose another UDF."
            )
        )
    if udf.data_type == UdfDefinition.DataType.UNKNOWN:
        problems.append(
            MapProblem(
                "udf", f"{udf.name} has a type that cannot be written through the API. Choose another UDF."
            )
        )
    if udf.is_protected:
        problems.append(
            MapProblem(
                "udf",
                f"{udf.name} is protected. It works only if the API user's security level may see protected data; "
                "else it reads as asterisks and is left alone.",
                is_fatal=False,
            )
        )
    if one.datto_field and one.datto_field not in DATTO_FIELDS:
        problems.append(
            MapProblem("datto_field", f"The device field {one.datto_field} is unknown. Choose another one.")
        )
    try:
        steps = read_steps(one.transforms)
    except StepError as error:
        return [*problems, MapProblem("transforms", str(error))]
    problems += _check_type(one, steps)
    if one.datto_udf_index == _ISOLATION_UDF and one.direction != FieldMap.Direction.TO_AUTOTASK:
        problems.append(
            MapProblem(
                "datto_udf_index",
                "Datto RMM overwrites UDF 1 when it isolates a device. Better choose another one.",
                is_fatal=False,
            )
        )
    return problems


def _check_type(one: FieldMap, steps: Sequence[Step]) -> list[MapProblem]:
    udf = one.udf
    target = DataType(udf.data_type)
    if target is DataType.LIST and not any(value.get("is_active", True) for value in udf.list_values):
        return [MapProblem("udf", f"{udf.name} is a list without entries. Add entries in Autotask first.")]
    if one.direction == FieldMap.Direction.FROM_AUTOTASK or any(step.name in _CONVERTING for step in steps):
        return []
    source = DATTO_FIELDS.get(one.datto_field)
    if source is None or target in _TEXTS or source.data_type is target or target is DataType.UNKNOWN:
        return []
    cure = {
        DataType.NUMBER: "Add the step 'number'",
        DataType.DATE: "Add the step 'date'",
        DataType.BOOLEAN: "Add the step 'yes_no'",
        DataType.LIST: "Add the step 'list_value' or 'table'",
    }[target]
    return [
        MapProblem(
            "transforms",
            f"{source.label} is {source.data_type.replace('_', ' ')}, but {udf.name} needs {target.replace('_', ' ')}. "
            f"{cure}, or choose a text UDF.",
        )
    ]


def read_states() -> dict[int, MapState]:
    """Return how each mapping stands, by its row id; a fixed number of queries for any number of mappings."""
    return {one.pk: state for one, state in list_states()}


def list_states() -> list[tuple[FieldMap, MapState]]:
    """Return each mapping with how it stands, in order; one query without mappings, else at most five."""
    maps = list(FieldMap.objects.select_related("udf").prefetch_related("sites").order_by("pk"))
    if not maps:
        return []
    categories, shown_in = _read_categories()
    default = next((one.autotask_category_id for one in categories.values() if one.is_global_default), None)
    fleet = _count_fleet(default, with_sites=any(one.sites.all() for one in maps))
    writers: defaultdict[str, list[int]] = defaultdict(list)
    states = []
    for one in maps:
        problems = check_map(one)
        if one.is_active and one.direction != FieldMap.Direction.FROM_AUTOTASK:
            writers[one.udf.name].append(one.pk)
            if len(writers[one.udf.name]) > 1:
                problems.append(
                    MapProblem(
                        "udf", f"Another mapping writes {one.udf.name} already. Switch one of them off."
                    )
                )
        needs, devices = _needs(one, fleet, shown_in.get(one.udf_id, frozenset()), categories)
        problems += [
            MapProblem(
                "udf",
                f"{one.udf.name} is not associated with the category {need.category.name}, used by {need.devices} "
                "devices, and is left out there. Associate it.",
                is_fatal=False,
            )
            for need in needs
        ]
        states.append((one, MapState(tuple(problems), needs, devices)))
    return states


def _read_categories() -> tuple[dict[int, ConfigurationItemCategory], dict[int, frozenset[int]]]:
    """Return {Autotask's id: category}, and what `associated_categories` returns; one query for both."""
    categories: dict[int, ConfigurationItemCategory] = {}
    shown_in: defaultdict[int, set[int]] = defaultdict(set)
    for one in ConfigurationItemCategory.objects.annotate(udf_pk=F("udf_associations__udf_id")):
        categories.setdefault(one.autotask_category_id, one)
        if one.udf_pk is not None:
            shown_in[one.udf_pk].add(one.autotask_category_id)
    return categories, {udf_pk: frozenset(ids) for udf_pk, ids in shown_in.items()}


def count_categories() -> Counter[int]:
    """Return {Autotask's category id: devices whose item has, or will have, it}."""
    counts: Counter[int] = Counter()
    default = ConfigurationItemCategory.objects.filter(is_global_default=True).first()
    default_id = default.autotask_category_id if default is not None else None
    for (category_id, *_rest), count in _count_fleet(default_id, with_sites=False).items():
        if category_id is not None:
            counts[category_id] += count
    return counts


_FleetKey = tuple[int | None, str, str, int]


def _count_fleet(default: int | None, *, with_sites: bool) -> dict[_FleetKey, int]:
    """Return devices by (category of the item, class, category in Datto RMM, site row id or 0).

    A device without item counts with the category its type rule gives, else Autotask's `default` one.
    """
    names = ["link__configuration_item__autotask_category_id", "category", "device_type", "device_class"]
    names += ["site_id"] if with_sites else []
    rows = Device.objects.filter(is_deleted=False).order_by().values_list(*names).annotate(n=Count("pk"))
    rules = load_rules()
    counts: Counter[_FleetKey] = Counter()
    for held, category, device_type, device_class, *rest in rows:
        count, site_pk = rest[-1], rest[0] if with_sites else 0
        category_id = held
        if category_id is None:
            rule = pick_rule(DeviceKind(category, device_type, device_class), rules)
            if not rule.is_synced:
                continue
            category_id = rule.target.autotask_category_id or default
        counts[category_id, device_class, category, site_pk] += count
    return counts


def _needs(
    one: FieldMap,
    fleet: Mapping[_FleetKey, int],
    shown_in: frozenset[int],
    categories: Mapping[int, ConfigurationItemCategory],
) -> tuple[tuple[CategoryNeed, ...], int]:
    facts = map_facts(one, (), [site.pk for site in one.sites.all()], steps=())
    missing: Counter[int] = Counter()
    devices = 0
    for (category_id, device_class, category, site_pk), count in fleet.items():
        stand_in = DeviceFacts(0, "", site_pk, device_class=device_class, category=category)
        if not map_fits(facts, stand_in):
            continue
        devices += count
        if category_id is not None and category_id not in shown_in and category_id in categories:
            missing[category_id] += count
    needs = tuple(CategoryNeed(categories[key], count) for key, count in missing.most_common())
    return needs, devices
