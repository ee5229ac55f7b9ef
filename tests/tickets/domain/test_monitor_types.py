from __future__ import annotations

import pytest

from integration.vendors.datto_rmm.contexts import CONTEXT_KINDS
from integration.vendors.datto_rmm.contexts import MONITOR_TYPES as VENDOR_TYPES
from tickets.domain.monitor_types import MONITOR_TYPES, monitor_type_slug


def test_slugs_and_names_are_those_of_the_context_readers():
    assert {seed.slug: seed.name for seed in MONITOR_TYPES} == dict(VENDOR_TYPES)


@pytest.mark.parametrize("usage", ["CPU", "MEMORY", "SNMP_THROUGHPUT", "something new", None])
def test_both_tellings_of_the_monitor_type_agree_for_every_class(usage):
    for context_class, kind in CONTEXT_KINDS.items():
        context = {"@class": context_class, "type": usage}
        assert monitor_type_slug(context_class, context) == kind.monitor_type_of(context), context_class


def test_every_known_class_is_listed_under_the_type_it_means():
    listed = {name for seed in MONITOR_TYPES for name in seed.context_classes}
    assert listed == set(CONTEXT_KINDS)


@pytest.mark.parametrize(
    ("context_class", "context", "slug"),
    [
        ("perf_resource_usage_ctx", {"type": "CPU"}, "cpu"),
        ("perf_resource_usage_ctx", {"type": "memory"}, "memory"),
        ("perf_resource_usage_ctx", {"type": "SNMP_THROUGHPUT"}, "snmp_throughput"),
        ("perf_resource_usage_ctx", {"type": None}, "resource"),
        ("perf_resource_usage_ctx", None, "resource"),
        ("never_met_ctx", {"x": 1}, "other"),
        ("", None, "other"),
    ],
)
def test_usage_type_tells_monitors_of_one_class_apart(context_class, context, slug):
    assert monitor_type_slug(context_class, context) == slug


def test_slugs_are_unique_and_security_types_are_marked():
    slugs = [seed.slug for seed in MONITOR_TYPES]
    assert len(slugs) == len(set(slugs))
    assert {seed.slug for seed in MONITOR_TYPES if seed.is_security} == {
        "antivirus", "ransomware", "threat_detection", "windows_defender", "security_center", "security_management",
    }  # fmt: skip
