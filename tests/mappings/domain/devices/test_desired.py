from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.domain.devices.desired import diff_item, new_item
from mappings.domain.devices.facts import AuditFacts, TypeTarget
from tests.mappings.domain.devices.builders import NOW, SERIAL, SITE, TARGET, device, item, uid


def test_a_new_item_holds_what_is_known_and_nothing_empty() -> None:
    one = device(created_in_datto_at=NOW, warranty_date=date(2027, 1, 2))
    assert new_item(one, replace(SITE, autotask_location_id=7), TARGET) == {
        "reference_title": "PC-01",
        "reference_number": uid(1),
        "serial_number": SERIAL,
        "autotask_product_id": 10,
        "autotask_type_id": 20,
        "autotask_category_id": 30,
        "autotask_location_id": 7,
        "install_date": date(2026, 3, 10),
        "warranty_date": date(2027, 1, 2),
        "is_active": True,
    }
    assert new_item(
        device(serial="Default string", hostname="", description="Till"), SITE, TypeTarget(10)
    ) == {
        "reference_title": "Till",
        "reference_number": uid(1),
        "autotask_product_id": 10,
        "is_active": True,
    }


@pytest.mark.parametrize(
    ("on_device", "on_item", "after"),
    [
        ({}, {}, {}),
        ({"hostname": "PC-02"}, {}, {"reference_title": "PC-02"}),
        ({"hostname": "", "description": "Till"}, {}, {"reference_title": "Till"}),
        ({"hostname": ""}, {}, {}),
        ({"hostname": "x" * 300}, {}, {"reference_title": "x" * 200}),
        ({}, {"reference_number": ""}, {"reference_number": uid(1)}),
        ({}, {"reference_number": uid(1).upper()}, {}),
        ({}, {"reference_number": uid(9)}, {"reference_number": uid(1)}),
        ({}, {"reference_number": "A-1007"}, {}),
        ({}, {"serial_number": ""}, {"serial_number": SERIAL}),
        ({}, {"serial_number": "5cg-1234xyz"}, {}),
        ({}, {"serial_number": "WRONG77"}, {"serial_number": SERIAL}),
        ({"serial": "Default string"}, {}, {}),
        ({"audit": None}, {}, {}),
        ({"warranty_date": date(2027, 1, 2)}, {}, {"warranty_date": date(2027, 1, 2)}),
        (
            {"warranty_date": date(2027, 1, 2)},
            {"warranty_date": date(2026, 1, 2)},
            {"warranty_date": date(2027, 1, 2)},
        ),
        ({"warranty_date": date(2027, 1, 2)}, {"warranty_date": date(2028, 1, 2)}, {}),
        ({}, {"warranty_date": date(2028, 1, 2)}, {}),
        ({"created_in_datto_at": NOW}, {"install_date": None}, {}),
        ({}, {"autotask_contract_id": 5, "autotask_contact_id": 6, "autotask_location_id": 7}, {}),
        ({}, {"is_active": False}, {}),
    ],
)
def test_only_what_differs_is_written(on_device: dict, on_item: dict, after: dict) -> None:
    difference = diff_item(device(**on_device), SITE, item(**on_item), TARGET, TARGET)
    assert difference.after == after
    assert difference.before.keys() == after.keys()


def test_location_and_activity_follow_mapping_and_return() -> None:
    site = replace(SITE, autotask_location_id=8)
    difference = diff_item(
        device(), site, item(autotask_location_id=7, is_active=False), TARGET, TARGET, is_returned=True
    )
    assert difference.before == {"autotask_location_id": 7, "is_active": False}
    assert difference.after == {"autotask_location_id": 8, "is_active": True}


RETYPED = TypeTarget(11, 20, 31)


@pytest.mark.parametrize(
    ("target", "applied", "on_item", "after"),
    [
        (RETYPED, TARGET, {}, {"autotask_product_id": 11, "autotask_category_id": 31}),
        (RETYPED, TARGET, {"autotask_product_id": 99}, {"autotask_category_id": 31}),
        (RETYPED, RETYPED, {}, {}),
        (RETYPED, None, {}, {}),
        (TARGET, None, {"autotask_type_id": None}, {"autotask_type_id": 20}),
        (TARGET, TARGET, {"autotask_category_id": None}, {"autotask_category_id": 30}),
        (TypeTarget(10), TARGET, {}, {}),
    ],
)
def test_types_follow_the_rule_and_not_against_a_person(
    target: TypeTarget, applied: TypeTarget | None, on_item: dict, after: dict
) -> None:
    assert diff_item(device(), SITE, item(**on_item), target, applied).after == after


TEXTS = st.sampled_from(["", "PC-01", "5CG1234XYZ", "Default string", uid(1), uid(2), "A-1"])


@settings(deadline=None)
@given(TEXTS, TEXTS, TEXTS, TEXTS, TEXTS)
def test_empty_never_clears(hostname: str, serial: str, title: str, number: str, item_serial: str) -> None:
    one = device(hostname=hostname, audit=AuditFacts(serial_number=serial))
    at = item(reference_title=title, reference_number=number, serial_number=item_serial)
    difference = diff_item(one, SITE, at, TARGET, TARGET)
    assert all(difference.after.values())
    written: dict[str, Any] = difference.after
    settled = replace(at, **written)
    assert diff_item(one, SITE, settled, TARGET, TARGET).after == {}
