from __future__ import annotations

from integration.vendors.datto_rmm.contexts import CONTEXT_KINDS
from integration.vendors.datto_rmm.contexts import MONITOR_TYPES as VENDOR_TYPES
from tickets.domain.monitor_types import MONITOR_TYPES


def test_slugs_and_names_are_those_of_the_context_readers():
    assert {seed.slug: seed.name for seed in MONITOR_TYPES} == dict(VENDOR_TYPES)


def test_every_class_is_listed_under_every_type_it_may_mean():
    listed = {seed.slug: set(seed.context_classes) for seed in MONITOR_TYPES}
    for context_class, kind in CONTEXT_KINDS.items():
        for slug in {kind.monitor_type, *kind.by_type.values()}:
            assert context_class in listed[slug], slug


def test_every_known_class_is_listed_under_the_type_it_means():
    listed = {name for seed in MONITOR_TYPES for name in seed.context_classes}
    assert listed == set(CONTEXT_KINDS)


def test_slugs_are_unique_and_security_types_are_marked():
    slugs = [seed.slug for seed in MONITOR_TYPES]
    assert len(slugs) == len(set(slugs))
    assert {seed.slug for seed in MONITOR_TYPES if seed.is_security} == {
        "antivirus", "ransomware", "threat_detection", "windows_defender", "security_center", "security_management",
    }  # fmt: skip
