"""What holds for all devices of one run: type rules, field mappings and the policy, as facts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from mappings.domain.devices.facts import (
    DataType,
    FieldMapFacts,
    ListValue,
    PolicyFacts,
    TypeRule,
    TypeTarget,
    UdfFacts,
)
from mappings.domain.devices.transforms import read_steps
from mappings.domain.devices.words import Direction, EmptyPolicy, WhenDeleted
from mappings.models import (
    ConfigurationItemCategory,
    DevicePolicy,
    DeviceTypeRule,
    FieldMap,
    UdfAssociation,
    UdfDefinition,
)


@dataclass(frozen=True, slots=True)
class Ruleset:
    """What holds for all devices of one run."""

    rules: tuple[TypeRule, ...]
    maps: tuple[FieldMapFacts, ...]
    policy: PolicyFacts
    row: DevicePolicy


def get_policy() -> DevicePolicy:
    """Return the device policy; its row is made when it is missing."""
    policy, _ = DevicePolicy.objects.select_related("uid_udf", "review_udf").get_or_create(
        pk=DevicePolicy.SINGLETON_ID
    )
    return policy


def load_ruleset() -> Ruleset:
    """Return type rules, active field mappings and the policy.

    Raises:
        ValueError: a stored transform is unreadable; names mapping, step and cure.
    """
    row = get_policy()
    default = ConfigurationItemCategory.objects.filter(is_global_default=True).first()
    categories = associated_categories()
    maps = [
        _map_facts(one, categories)
        for one in FieldMap.objects.filter(is_active=True).select_related("udf").prefetch_related("sites")
    ]
    return Ruleset(
        rules=tuple(_rule_facts(one) for one in _rules()),
        maps=tuple(maps),
        policy=PolicyFacts(
            creates_items=row.creates_items,
            includes_on_demand=row.includes_on_demand,
            when_deleted=WhenDeleted(row.when_deleted),
            deleted_grace_days=row.deleted_grace_days,
            volatile_hours=row.volatile_hours,
            guard_share_percent=row.guard_share_percent,
            guard_always=row.guard_always,
            uid_udf=_udf_facts(row.uid_udf, categories) if row.uid_udf else None,
            default_category_id=default.autotask_category_id if default else None,
        ),
        row=row,
    )


def _rules() -> Iterable[DeviceTypeRule]:
    return DeviceTypeRule.objects.select_related(
        "product", "configuration_item_type", "configuration_item_category"
    )


def _rule_facts(rule: DeviceTypeRule) -> TypeRule:
    return TypeRule(
        rule_pk=rule.pk,
        datto_category=rule.datto_category,
        datto_type=rule.datto_type,
        device_class=rule.device_class,
        is_synced=rule.is_synced,
        target=TypeTarget(
            rule.product.autotask_product_id if rule.product else None,
            rule.configuration_item_type.autotask_type_id if rule.configuration_item_type else None,
            rule.configuration_item_category.autotask_category_id
            if rule.configuration_item_category
            else None,
        ),
    )


def associated_categories() -> dict[int, frozenset[int]]:
    """Return {UDF row id: Autotask's ids of the categories that show it}; one query."""
    found: dict[int, set[int]] = defaultdict(set)
    pairs = UdfAssociation.objects.values_list("udf_id", "category__autotask_category_id")
    for udf_pk, category_id in pairs:
        found[udf_pk].add(category_id)
    return {udf_pk: frozenset(ids) for udf_pk, ids in found.items()}


def _udf_facts(udf: UdfDefinition, categories: dict[int, frozenset[int]]) -> UdfFacts:
    return UdfFacts(
        name=udf.name,
        data_type=DataType(udf.data_type),
        max_length=udf.max_length,
        is_active=udf.is_active,
        list_values=tuple(
            ListValue(str(one["value"]), str(one["label"]), bool(one.get("is_active", True)))
            for one in udf.list_values
        ),
        category_ids=categories.get(udf.pk, frozenset()),
    )


def _map_facts(one: FieldMap, categories: dict[int, frozenset[int]]) -> FieldMapFacts:
    return FieldMapFacts(
        map_pk=one.pk,
        udf=_udf_facts(one.udf, categories),
        datto_udf_index=one.datto_udf_index,
        datto_field=one.datto_field,
        direction=Direction(one.direction),
        steps=read_steps(one.transforms),
        empty_policy=EmptyPolicy(one.empty_policy),
        is_volatile=one.is_volatile,
        device_classes=frozenset(one.device_classes),
        datto_category=one.datto_category,
        site_pks=frozenset(site.pk for site in one.sites.all()),
    )
