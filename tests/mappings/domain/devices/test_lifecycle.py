from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from mappings.domain.devices.facts import Claimant, LinkFacts
from mappings.domain.devices.guard import count_guarded, judge_changes
from mappings.domain.devices.lifecycle import find_duplicates, plan_orphans
from mappings.domain.devices.words import FindingKind, KeyKind, Operation, State, WhenDeleted
from tests.mappings.domain.devices.builders import (
    NOW,
    POLICY,
    candidates,
    device,
    item,
    plan,
    rival,
    uid,
)

GONE = device(is_deleted=True)
LINKED = item(linked_device_pk=1, autotask_contract_id=5, autotask_contract_service_id=6)


def link(state: State = State.LINKED, **values: Any) -> LinkFacts:
    return LinkFacts(state=state, item=LINKED, **values)


@pytest.mark.parametrize(
    ("when", "operations", "after"),
    [
        (WhenDeleted.DEACTIVATE, [Operation.DEACTIVATE_ITEM], {"is_active": False}),
        (
            WhenDeleted.END_BILLING,
            [Operation.DEACTIVATE_ITEM],
            {"is_active": False, "autotask_contract_id": None, "autotask_contract_service_id": None},
        ),
        (WhenDeleted.TICKET, [Operation.OPEN_TICKET], {}),
        (WhenDeleted.LEAVE, [], None),
    ],
)
def test_a_deleted_device_is_treated_by_policy(
    when: WhenDeleted, operations: list, after: dict | None
) -> None:
    result = plan(GONE, link=link(), policy=replace(POLICY, when_deleted=when))
    assert (result.state, result.item_pk) == (State.GONE, 1)
    assert [change.operation for change in result.changes] == operations
    assert [change.after for change in result.changes] == ([] if after is None else [after])
    assert [one.kind for one in result.findings] == [FindingKind.DEVICE_DELETED]
    assert result.reason


def test_the_ticket_of_a_deletion_is_written_once() -> None:
    policy = replace(POLICY, when_deleted=WhenDeleted.TICKET)
    assert plan(GONE, link=link(deletion_ticket_is_open=True), policy=policy).changes == ()


def test_nothing_is_concluded_from_a_partial_read() -> None:
    result = plan(GONE, link=link(), is_complete_read=False)
    assert (result.state, result.is_held_back, result.changes, result.findings) == (
        State.LINKED,
        True,
        (),
        (),
    )
    assert "not read completely" in result.reason


@pytest.mark.parametrize(("days_ago", "waits"), [(None, True), (0, True), (2, True), (3, False), (9, False)])
def test_days_of_grace(days_ago: int | None, *, waits: bool) -> None:
    since = None if days_ago is None else NOW - timedelta(days=days_ago)
    result = plan(replace(GONE, deleted_at=since), link=link(), policy=replace(POLICY, deleted_grace_days=3))
    assert (result.changes == ()) is waits
    assert result.findings


@pytest.mark.parametrize("values", [{"is_active": False}, {"is_missing": True}])
def test_what_is_not_active_needs_nothing(values: dict) -> None:
    result = plan(GONE, link=LinkFacts(state=State.LINKED, item=replace(LINKED, **values)))
    assert (result.state, result.changes, result.findings) == (State.GONE, (), ())
    assert plan(GONE).state is State.GONE


@pytest.mark.parametrize(
    ("claimant", "is_left"),
    [
        (rival(2, KeyKind.SERIAL), True),
        (rival(2, KeyKind.HOSTNAME), True),
        (rival(2, KeyKind.UID, company_id=2), True),
        (rival(2, KeyKind.SERIAL, linked=1), True),
        (rival(2, KeyKind.SERIAL, linked=9), False),
        (rival(2, KeyKind.SERIAL, company_id=2), True),
        (rival(2, KeyKind.SERIAL, company_id=2, linked=9), False),
        (rival(2, KeyKind.MAC, company_id=2), False),
        (rival(1, KeyKind.SERIAL), False),
    ],
)
def test_an_item_that_another_device_takes_over_is_left_active(claimant: Claimant, *, is_left: bool) -> None:
    result = plan(GONE, link=LinkFacts(state=State.LINKED, item=replace(LINKED, claimants=(claimant,))))
    assert (result.changes == ()) is is_left


def test_back_within_the_days_of_grace_changes_nothing() -> None:
    result = plan(device(), LINKED, link=link(State.GONE))
    assert (result.state, result.changes) == (State.LINKED, ())


def test_back_after_deactivation_activates_the_same_item() -> None:
    inactive = replace(LINKED, is_active=False)
    result = plan(device(), inactive, link=LinkFacts(state=State.GONE, item=inactive))
    (change,) = result.changes
    assert (change.operation, change.after) == (Operation.REACTIVATE_ITEM, {"is_active": True})
    assert (result.state, result.review_cause) == (State.LINKED, "returned")


def test_what_a_person_deactivated_stays_so() -> None:
    inactive = replace(LINKED, is_active=False)
    result = plan(device(hostname="PC-09"), inactive, link=LinkFacts(state=State.LINKED, item=inactive))
    assert (result.state, result.changes) == (State.LINKED, ())
    assert [one.kind for one in result.findings] == [FindingKind.ITEM_INACTIVE]


def test_enrolled_again_as_a_new_device_it_takes_its_old_item() -> None:
    old = item(linked_device_pk=7, linked_device_is_live=False, reference_number=uid(7), is_active=False)
    result = plan(device(), old)
    (change,) = result.changes
    assert (result.state, result.item_pk, result.review_cause) == (State.LINKED, 1, "returned")
    assert (change.operation, change.after) == (
        Operation.REACTIVATE_ITEM,
        {"reference_number": uid(1), "is_active": True},
    )
    assert [one.kind for one in result.findings] == [FindingKind.RETURNED]


def test_two_items_for_one_device_are_told() -> None:
    twin = item(2, reference_number="")
    for other, is_twin in (
        (twin, True),
        (replace(twin, is_active=False), False),
        (replace(twin, autotask_company_id=2), False),
        (item(2, autotask_company_id=2), True),
        (replace(twin, linked_device_pk=2, linked_device_is_live=True), False),
        (replace(twin, linked_device_pk=2), True),
        (item(2, reference_number="", serial_number=""), False),
    ):
        one = device()
        found = find_duplicates(one, LINKED, candidates(one, LINKED, other))
        assert bool(found) is is_twin
        assert [finding.item_pks for finding in found] == ([(1, 2)] if is_twin else [])


def test_items_without_device() -> None:
    lonely = item(1, reference_number="", claimants=())
    items = [
        lonely,
        replace(lonely, item_pk=2, is_active=False),
        replace(lonely, item_pk=3, autotask_type_id=77),
        replace(lonely, item_pk=4, autotask_type_id=77, reference_number=uid(4)),
        replace(lonely, item_pk=5, autotask_company_id=9),
        replace(lonely, item_pk=6, linked_device_pk=1),
        replace(lonely, item_pk=7, claimants=(rival(1, KeyKind.SERIAL),)),
        replace(lonely, item_pk=8, is_missing=True),
    ]
    found = list(plan_orphans(items, type_ids=frozenset({20}), company_ids=frozenset({1})))
    assert [one.item_pks for one in found] == [(1,), (4,)]
    assert {one.kind for one in found} == {FindingKind.ITEM_WITHOUT_DEVICE}


@pytest.mark.parametrize(
    ("changed", "linked", "is_allowed"),
    [
        (0, 0, True),
        (25, 0, True),
        (26, 0, False),
        (26, 130, True),
        (26, 129, False),
        (100, 500, True),
        (101, 500, False),
    ],
)
def test_the_guard(changed: int, linked: int, *, is_allowed: bool) -> None:
    verdict = judge_changes(changed, linked, POLICY)
    assert verdict.is_allowed is is_allowed
    assert bool(verdict.reason) is not is_allowed


def test_what_the_guard_counts() -> None:
    settled = LinkFacts(state=State.LINKED, item=LINKED)
    assert count_guarded(plan(GONE, link=link())) == 1
    assert count_guarded(plan(device(hostname="PC-02"), LINKED, link=settled)) == 1
    assert count_guarded(plan(device(), LINKED, link=settled)) == 0
    assert count_guarded(plan(device(hostname="PC-02"), item())) == 0
    assert count_guarded(plan(device())) == 0
    moved = item(autotask_company_id=2)
    assert count_guarded(plan(device(), moved, link=LinkFacts(item=moved))) == 0
