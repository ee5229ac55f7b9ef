"""Device type rules: how many devices fall on each, what a change would do, and what Autotask's names suggest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from django.db.models import Count

from mappings.domain.devices.facts import TypeRule, TypeTarget
from mappings.domain.devices.types import DeviceKind, count_devices, pick_rule
from mappings.models import (
    ConfigurationItemCategory,
    ConfigurationItemType,
    Device,
    DeviceTypeRule,
    Product,
)

#: Words by which Autotask's products, types and categories are suggested, best first.
_WORDS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("esxi", "esxihost", "hypervisor", "virtual host"), ("esxi host", "virtual host", "esxi", "server")),
    (("laptop", "notebook"), ("laptop", "notebook", "workstation")),
    (("desktop", "workstation", "all in one"), ("desktop", "workstation")),
    (("server",), ("server",)),
    (("printer",), ("printer",)),
    (("firewall", "security appliance"), ("firewall", "network device", "network")),
    (
        ("network", "switch", "router", "access point", "wireless", "rmmnetworkdevice"),
        ("network device", "network"),
    ),
    (("mobile", "phone", "tablet"), ("mobile device", "mobile")),
)
_FALLBACK = ("other device", "catch-all", "datto rmm", "workstation", "standard")
#: Stands for the rule a person is typing and has not saved.
NEW_RULE_PK = 0


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What Autotask has of the right name; None where nothing fits."""

    product: Product | None
    configuration_item_type: ConfigurationItemType | None
    configuration_item_category: ConfigurationItemCategory | None


@dataclass(frozen=True, slots=True)
class Combination:
    """Devices of one kind, and the rule they fall on."""

    kind: DeviceKind
    count: int
    rule_pk: int
    rule_label: str


@dataclass(frozen=True, slots=True)
class Overview:
    """The rules against the devices there are: {rule pk: devices}, and kinds no rule names, most devices first."""

    counts: dict[int, int]
    uncovered: tuple[Combination, ...]
    more_uncovered: int
    total: int


@dataclass(frozen=True, slots=True)
class RowChange:
    """One rule before and after a change; `rule_pk` is `NEW_RULE_PK` for the one being made."""

    rule_pk: int
    label: str
    before: int
    after: int
    is_synced: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """What a change of the rules would do to the devices there are.

    Attributes:
        rows: every rule, changed ones first.
        examples: names of a few devices that would move.
        newly_synced, no_longer_synced: devices that would begin or cease to have a configuration item.
    """

    rows: tuple[RowChange, ...]
    moved: int
    newly_synced: int
    no_longer_synced: int
    total: int
    examples: tuple[str, ...] = field(default=())


def ensure_catch_all() -> DeviceTypeRule:
    """Return the rule for all other devices, made when it is missing.

    A new one is switched off: a product, which Autotask needs, can only be chosen by a person.
    """
    rule, _ = DeviceTypeRule.objects.get_or_create(
        datto_category="", datto_type="", device_class="", defaults={"is_synced": False}
    )
    return rule


def rule_facts(rule: DeviceTypeRule) -> TypeRule:
    """Return a rule as the domain takes it; product, type and category must be loaded."""
    product, type_, category = (
        rule.product,
        rule.configuration_item_type,
        rule.configuration_item_category,
    )
    return TypeRule(
        rule_pk=rule.pk or NEW_RULE_PK,
        datto_category=rule.datto_category,
        datto_type=rule.datto_type,
        device_class=rule.device_class,
        is_synced=rule.is_synced,
        target=TypeTarget(
            autotask_product_id=product.autotask_product_id if product else None,
            autotask_type_id=type_.autotask_type_id if type_ else None,
            autotask_category_id=category.autotask_category_id if category else None,
        ),
    )


def load_rules() -> list[TypeRule]:
    """Return all rules as the domain takes them; one query, and one more when the catch-all is missing."""
    rules = [rule_facts(one) for one in _stored_rules()]
    if not any(one.is_catch_all for one in rules):
        rules.append(rule_facts(ensure_catch_all()))
    return rules


def count_kinds() -> dict[DeviceKind, int]:
    """Return how many devices of each kind are in Datto RMM; one query."""
    rows = (
        Device.objects.filter(is_deleted=False)
        .order_by()
        .values_list("category", "device_type", "device_class")
        .annotate(n=Count("pk"))
    )
    return {DeviceKind(*kind): count for *kind, count in rows}


def read_overview(limit: int = 50) -> Overview:
    """Return how many devices fall on each rule, and what no rule names; three queries, however many there are.

    A kind has a rule of its own when one names its category or its type; a class alone is too coarse to count.
    """
    rules, kinds = load_rules(), count_kinds()
    uncovered = []
    for kind, count in kinds.items():
        rule = pick_rule(kind, rules)
        if not rule.datto_category and not rule.datto_type:
            uncovered.append(Combination(kind, count, rule.rule_pk, rule.label))
    uncovered.sort(key=lambda one: (-one.count, one.kind))
    return Overview(
        counts=count_devices(kinds, rules),
        uncovered=tuple(uncovered[:limit]),
        more_uncovered=max(0, len(uncovered) - limit),
        total=sum(kinds.values()),
    )


def list_kinds_of(rule_pk: int) -> list[DeviceKind]:
    """Return the kinds of devices that fall on a rule; three queries at most."""
    rules = load_rules()
    return [kind for kind in count_kinds() if pick_rule(kind, rules).rule_pk == rule_pk]


def preview_change(candidate: DeviceTypeRule, *, is_removed: bool = False) -> Preview:
    """Return what saving, or removing, a rule would do; nothing is written.

    Args:
        candidate: as typed; an unsaved one is an addition, a saved one replaces its stored state.
        is_removed: it would be deleted instead.
    """
    before = load_rules()
    candidate_facts = rule_facts(candidate)
    after = [one for one in before if one.rule_pk != candidate_facts.rule_pk]
    if not is_removed:
        after.append(candidate_facts)
    kinds = count_kinds()
    counts_before, counts_after = count_devices(kinds, before), count_devices(kinds, after)
    moved = newly = no_longer = 0
    moving: list[DeviceKind] = []
    for kind, count in kinds.items():
        old, new = pick_rule(kind, before), pick_rule(kind, after)
        if old.rule_pk != new.rule_pk:
            moved += count
            moving.append(kind)
        newly += count if new.is_synced and not old.is_synced else 0
        no_longer += count if old.is_synced and not new.is_synced else 0
    labels = {one.rule_pk: one for one in (*before, *after)}
    rows = [
        RowChange(pk, one.label, counts_before.get(pk, 0), counts_after.get(pk, 0), one.is_synced)
        for pk, one in labels.items()
    ]
    rows.sort(key=lambda row: (row.before == row.after, row.rule_pk != candidate_facts.rule_pk, row.label))
    return Preview(tuple(rows), moved, newly, no_longer, sum(kinds.values()), _examples(moving))


def suggest(category: str, device_type: str, device_class: str) -> Suggestion:
    """Return product, type and category whose names fit such devices; three queries."""
    words = _words_for(category, device_type, device_class)
    return Suggestion(
        product=_best(Product.objects.filter(is_active=True), words),
        configuration_item_type=_best(ConfigurationItemType.objects.filter(is_active=True), words),
        configuration_item_category=_best(ConfigurationItemCategory.objects.filter(is_active=True), words),
    )


def _stored_rules() -> list[DeviceTypeRule]:
    return list(
        DeviceTypeRule.objects.select_related(
            "product", "configuration_item_type", "configuration_item_category"
        ).order_by("pk")
    )


def _words_for(category: str, device_type: str, device_class: str) -> tuple[str, ...]:
    """Return names to look for: what Datto RMM calls it, then words that mean the same.

    The class only hints at words: "device" would be found in any "Network Device".
    """
    own = tuple(text.strip().casefold() for text in (category, device_type) if text.strip())
    hints = (*own, device_class.strip().casefold())
    for signs, words in _WORDS:
        if any(sign in text for text in hints for sign in signs):
            return (*own, *words)
    return (*own, *_FALLBACK)


_Named = TypeVar("_Named", Product, ConfigurationItemType, ConfigurationItemCategory)


def _best(rows: Iterable[_Named], words: tuple[str, ...]) -> _Named | None:
    known = sorted(rows, key=lambda row: (len(row.name), row.name))
    for word in words:
        for fits in (str.__eq__, str.startswith, str.__contains__):
            for row in known:
                if fits(row.name.casefold(), word):
                    return row
    return None


def _examples(kinds: list[DeviceKind]) -> tuple[str, ...]:
    names: list[str] = []
    for kind in kinds[:5]:
        names += [
            str(one)
            for one in Device.objects.filter(
                is_deleted=False,
                category=kind.category,
                device_type=kind.device_type,
                device_class=kind.device_class,
            )[:3]
        ]
    return tuple(names[:5])
