"""Which device type rule holds for a device. Pure.

A rule names a category, a type, a class, or several of them, and fits when all it names are equal; case and outer
blanks do not count. Of those that fit, the one that names the category wins over one that does not, then the one
that names the type, then the one that names the class: a rule for "Server" beats one for the type "Main System
Chassis", and one for "Server" of that type beats both. The catch-all names nothing and fits always.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from mappings.domain.devices.facts import DeviceFacts, TypeRule


class DeviceKind(NamedTuple):
    """What type rules look at."""

    category: str
    device_type: str
    device_class: str


def kind_of(device: DeviceFacts) -> DeviceKind:
    """Return what type rules look at."""
    return DeviceKind(device.category, device.device_type, device.device_class)


def check_rules(rules: Iterable[TypeRule]) -> list[str]:
    """Return what is wrong with a set of rules, each with its cure; empty when it can be used."""
    rules = list(rules)
    problems = []
    if not any(rule.is_catch_all for rule in rules):
        problems.append(
            "There is no rule for all other devices. Add one that names no category, type or class; switch its "
            "synchronisation off if other devices shall be left out."
        )
    seen: dict[DeviceKind, TypeRule] = {}
    for rule in rules:
        twin = seen.setdefault(_names(rule), rule)
        if twin is not rule:
            problems.append(f"Two rules name the same: {rule.label}. Remove one.")
        if rule.is_synced and rule.target.autotask_product_id is None:
            problems.append(
                f"{rule.label}: choose a product, or switch its synchronisation off. Autotask needs a product for "
                "every configuration item."
            )
    return problems


def pick_rule(kind: DeviceKind, rules: Sequence[TypeRule]) -> TypeRule:
    """Return the rule that names most of what the device is.

    Raises:
        LookupError: no rule fits, because the catch-all is missing.
    """
    fitting = [rule for rule in rules if _fits(rule, kind)]
    if not fitting:
        raise LookupError("Device types: no rule for all other devices. Add one that names nothing.")
    return max(fitting, key=lambda rule: (_weight(rule), -rule.rule_pk))


def explain_rule(rule: TypeRule, kind: DeviceKind) -> str:
    """Return in one sentence why this rule holds for such a device."""
    device = " / ".join(part for part in kind if part.strip()) or "nothing known"
    if rule.is_catch_all:
        return f"No rule names {device}, so the one for all other devices holds."
    named = [
        f"{word} {value}"
        for word, value in (
            ("category", rule.datto_category),
            ("type", rule.datto_type),
            ("class", rule.device_class),
        )
        if value
    ]
    return f"The rule for {' and '.join(named)} names most of {device}."


def count_devices(kinds: Mapping[DeviceKind, int], rules: Sequence[TypeRule]) -> dict[int, int]:
    """Return how many devices fall on each rule, as {rule_pk: count}, from counts by kind.

    Raises:
        LookupError: some devices fit no rule.
    """
    counts = Counter({rule.rule_pk: 0 for rule in rules})
    for kind, count in kinds.items():
        counts[pick_rule(kind, rules).rule_pk] += count
    return dict(counts)


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _names(rule: TypeRule) -> DeviceKind:
    return DeviceKind(_plain(rule.datto_category), _plain(rule.datto_type), _plain(rule.device_class))


def _fits(rule: TypeRule, kind: DeviceKind) -> bool:
    return all(not named or named == _plain(value) for named, value in zip(_names(rule), kind, strict=True))


def _weight(rule: TypeRule) -> tuple[bool, bool, bool]:
    category, device_type, device_class = _names(rule)
    return bool(category), bool(device_type), bool(device_class)
