"""Contract rules: order, errors, and what they would do."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from mappings.models import CatalogueService, ContractRule, DeviceReview, UdfDefinition
from mappings.services.devices.contract_rules import find_rule_problems, move_rule, next_position, try_rules
from tests.mappings.services.devices.review_rows import make_contract, make_home, make_linked, make_rule

pytestmark = pytest.mark.django_db


def test_rules_move_among_each_other_and_stop_at_the_ends() -> None:
    first, second, third = (make_rule(0, name=name) for name in "abc")
    assert move_rule(third.pk, -1)
    assert [one.name for one in ContractRule.objects.all()] == ["a", "c", "b"]
    assert not move_rule(first.pk, -1)
    assert not move_rule(second.pk, 1)
    assert not move_rule(999, 1)
    assert next_position() == 4


def test_a_trial_counts_what_each_rule_hits_and_writes_nothing() -> None:
    home, other = make_home(1), make_home(2)
    make_contract(100, home.company, "Managed Workstation")
    make_contract(200, other.company, "Backup")
    service = CatalogueService.objects.get(name="Managed Workstation")
    laptops = make_rule(1, name="Laptops", datto_category="Laptop", service=service)
    make_rule(2, name="Off", is_active=False)
    make_linked(1, home.site, home.company)
    make_linked(2, home.site, home.company, autotask_contract_id=100, autotask_contract_service_id=1000)
    make_linked(3, other.site, other.company)
    make_linked(4, home.site, home.company, category="Printer")
    trial = try_rules()
    hit, none = trial.rules
    assert (hit.rule_id, hit.devices, hit.proposed, hit.without, hit.changes) == (laptops.pk, 3, 2, 1, 1)
    assert dict(hit.problems) == {"Managed 200 does not sell Managed Workstation": 1}
    assert (none.rule_id, none.devices) == (None, 1)
    assert (trial.devices, trial.change_count, trial.without_count) == (4, 1, 2)
    assert [(one.device, one.now, one.then) for one in trial.changes] == [
        ("PC-001", "no contract", "Managed 100, Managed Workstation")
    ]
    assert not DeviceReview.objects.exists()


def test_a_trial_costs_the_same_queries_for_many() -> None:
    home = make_home(1)
    make_contract(100, home.company, "S")
    make_rule()
    make_linked(1, home.site, home.company)
    with CaptureQueriesContext(connection) as few:
        try_rules()
    for number in range(2, 60):
        make_linked(number, home.site, home.company)
    with CaptureQueriesContext(connection) as many:
        try_rules()
    assert len(many) == len(few) <= 10


def test_what_cannot_work_is_named_beside_its_field() -> None:
    now = timezone.now()
    home, other = make_home(1), make_home(2)
    ours = make_contract(100, home.company, "Managed Workstation")
    ended = make_contract(101, home.company, "Managed Workstation", days=-1)
    theirs = make_contract(200, other.company, "Backup")
    sold, foreign = (CatalogueService.objects.get(name=name) for name in ("Managed Workstation", "Backup"))
    nobody = CatalogueService.objects.create(
        kind="service", autotask_service_id=9, name="Unsold", synced_at=now
    )
    old = CatalogueService.objects.create(
        kind="service", autotask_service_id=10, name="Old", is_active=False, synced_at=now
    )
    udf = UdfDefinition.objects.create(autotask_udf_id=1, name="Care", synced_at=now)
    cases: list[tuple[dict[str, Any], str, str]] = [
        ({"udf": udf}, "udf_value", "Type the value"),
        ({"udf": udf, "udf_operator": "matches", "udf_value": "("}, "udf_value", "not valid"),
        ({"udf_value": "x"}, "udf", "Choose the UDF"),
        ({"udf_operator": "is_empty"}, "udf", "Choose the UDF"),
        ({"outcome": "no_contract"}, "no_contract_reason", "Say why"),
        ({"contract_choice": "named"}, "contract_name", "part of the contract's name"),
        ({"contract_choice": "specific"}, "contract", "Choose the contract"),
        ({"contract_choice": "specific", "contract": ended}, "contract", "ended on"),
        (
            {"contract_choice": "specific", "contract": theirs, "company": home.company},
            "contract",
            "belongs to",
        ),
        ({"contract_choice": "specific", "contract": ours, "service": foreign}, "service", "not sold by"),
        ({"service": nobody}, "service", "No active contract sells"),
        ({"service": old}, "service", "inactive"),
    ]
    for values, name, said in cases:
        problems = find_rule_problems(ContractRule(name="x", **values))
        assert list(problems) == [name], (values, problems)
        assert said in problems[name]
    for good in (
        {},
        {"service": sold},
        {"contract_choice": "specific", "contract": ours, "service": sold, "company": home.company},
        {"udf": udf, "udf_operator": "is_empty"},
        {"outcome": "no_contract", "no_contract_reason": "Spare"},
    ):
        assert find_rule_problems(ContractRule(name="x", **good)) == {}
