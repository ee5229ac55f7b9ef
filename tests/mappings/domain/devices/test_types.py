from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.domain.devices.facts import TypeRule, TypeTarget
from mappings.domain.devices.types import DeviceKind, check_rules, count_devices, explain_rule, pick_rule

RULES = [
    TypeRule(1, target=TypeTarget(10)),
    TypeRule(2, datto_category="Server", target=TypeTarget(20)),
    TypeRule(3, datto_type="Main System Chassis", target=TypeTarget(30)),
    TypeRule(4, datto_category="Server", datto_type="Main System Chassis", target=TypeTarget(40)),
    TypeRule(5, device_class="printer", is_synced=False),
    TypeRule(6, datto_type="Laptop", device_class="device", target=TypeTarget(60)),
    TypeRule(7, datto_type="Laptop", target=TypeTarget(70)),
]


@pytest.mark.parametrize(
    ("kind", "rule_pk"),
    [
        (DeviceKind("Desktop", "Tower", "device"), 1),
        (DeviceKind("", "", ""), 1),
        (DeviceKind("Server", "Rack", "device"), 2),
        (DeviceKind(" sERVER ", "rack", "device"), 2),
        (DeviceKind("Desktop", "Main  System Chassis", "device"), 3),
        (DeviceKind("Server", "Main System Chassis", "device"), 4),
        (DeviceKind("Printer", "Laser", "printer"), 5),
        (DeviceKind("Server", "Laser", "printer"), 2),
        (DeviceKind("Laptop", "Laptop", "device"), 6),
        (DeviceKind("Laptop", "Laptop", "other"), 7),
    ],
)
def test_pick_rule_takes_the_most_specific(kind: DeviceKind, rule_pk: int) -> None:
    assert pick_rule(kind, RULES).rule_pk == rule_pk
    assert pick_rule(kind, RULES[::-1]).rule_pk == rule_pk


def test_without_catch_all_nothing_is_guessed() -> None:
    with pytest.raises(LookupError, match="all other devices"):
        pick_rule(DeviceKind("Desktop", "Tower", "device"), RULES[1:])
    assert check_rules(RULES[1:]) == [
        "There is no rule for all other devices. Add one that names no category, type or class; switch its "
        "synchronisation off if other devices shall be left out."
    ]
    assert check_rules(RULES) == []


def test_check_rules_names_twins_and_missing_products() -> None:
    problems = check_rules([*RULES, TypeRule(8, datto_category="server "), TypeRule(9, datto_category="x")])
    assert problems == [
        "Two rules name the same: server . Remove one.",
        "server : choose a product, or switch its synchronisation off. Autotask needs a product for every "
        "configuration item.",
        "x: choose a product, or switch its synchronisation off. Autotask needs a product for every configuration item.",
    ]


def test_explain_rule_says_why() -> None:
    kind = DeviceKind("Server", "Main System Chassis", "device")
    assert explain_rule(pick_rule(kind, RULES), kind) == (
        "The rule for category Server and type Main System Chassis names most of "
        "Server / Main System Chassis / device."
    )
    assert "all other devices" in explain_rule(RULES[0], kind)


def test_count_devices_shows_rules_without_any() -> None:
    counts = count_devices({DeviceKind("Server", "Rack", "device"): 7, DeviceKind("a", "b", "c"): 2}, RULES)
    assert counts == {1: 2, 2: 7, 3: 0, 4: 0, 5: 0, 6: 0, 7: 0}


NAMES = st.sampled_from(["", "Server", "Laptop", "server"])
KINDS = st.builds(DeviceKind, NAMES, NAMES, NAMES)


@settings(deadline=None)
@given(KINDS, st.permutations(RULES))
def test_the_order_of_rules_does_not_matter(kind: DeviceKind, rules: list[TypeRule]) -> None:
    assert pick_rule(kind, rules) == pick_rule(kind, RULES)


@settings(deadline=None)
@given(st.dictionaries(KINDS, st.integers(1, 50)))
def test_every_device_falls_on_one_rule(kinds: dict[DeviceKind, int]) -> None:
    assert sum(count_devices(kinds, RULES).values()) == sum(kinds.values())
