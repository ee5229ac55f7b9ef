from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mappings.domain.devices.facts import (
    Agreed,
    FieldMapFacts,
    LinkFacts,
    PolicyFacts,
    SiteFacts,
    TypeRule,
    TypeTarget,
)
from mappings.domain.devices.words import (
    Basis,
    Direction,
    EmptyPolicy,
    FindingKind,
    KeyKind,
    Operation,
    State,
)
from tests.mappings.domain.devices.builders import (
    NOW,
    POLICY,
    RULES,
    SITE,
    TARGET,
    device,
    item,
    plan,
    rival,
    udf,
    uid,
)

LINKED = item(linked_device_pk=1, linked_device_is_live=True)


def linked(**values: Any) -> LinkFacts:
    given: dict[str, Any] = {"item": LINKED, "applied_type": TARGET}
    return LinkFacts(state=State.LINKED, basis=Basis.UID, **(given | values))


@pytest.mark.parametrize(
    ("site", "policy", "state"),
    [
        (SiteFacts(1, "Main"), POLICY, State.UNMAPPED),
        (replace(SITE, autotask_company_id=None), POLICY, State.UNMAPPED),
        (replace(SITE, devices_enabled=False), POLICY, State.EXCLUDED),
        (replace(SITE, is_on_demand=True), replace(POLICY, includes_on_demand=False), State.EXCLUDED),
        (replace(SITE, is_on_demand=True), POLICY, State.PENDING),
        (SITE, replace(POLICY, creates_items=False), State.EXCLUDED),
    ],
)
def test_who_is_left_out(site: SiteFacts, policy: PolicyFacts, state: State) -> None:
    result = plan(device(), site=site, policy=policy)
    assert result.state is state
    assert result.reason
    assert (result.changes == ()) is (state is not State.PENDING)


def test_being_left_out_keeps_the_link_and_writes_nothing() -> None:
    result = plan(device(hostname="PC-02"), LINKED, link=linked(), site=replace(SITE, devices_enabled=False))
    assert (result.state, result.basis, result.item_pk, result.changes) == (State.EXCLUDED, Basis.UID, 1, ())


def test_a_type_rule_can_leave_devices_out() -> None:
    result = plan(device(device_class="printer"))
    assert (result.state, result.type_rule_pk) == (State.EXCLUDED, 2)
    assert "printer" in result.reason


def test_rules_that_cannot_be_used_are_told() -> None:
    assert plan(device(), rules=RULES[1:]).state is State.FAILED
    without_product = plan(device(), rules=(TypeRule(1),))
    assert (without_product.state, without_product.changes) == (State.FAILED, ())
    assert "Choose a product" in without_product.reason


def test_a_new_device_gets_an_item() -> None:
    result = plan(device())
    (change,) = result.changes
    assert (result.state, result.item_pk, result.review_cause) == (State.PENDING, None, "new")
    assert (change.operation, change.autotask_company_id, change.needs_approval) == (
        Operation.CREATE_ITEM,
        1,
        False,
    )
    assert change.before == {}
    assert change.after["reference_number"] == uid(1)
    assert change.applied_type == TARGET


def test_without_its_audit_nothing_is_created() -> None:
    result = plan(device(audit=None, audit_is_pending=True))
    assert (result.state, result.changes, result.is_held_back) == (State.NEW, (), True)
    assert "audit" in result.reason


def test_an_item_in_step_needs_no_write() -> None:
    result = plan(device(), LINKED, link=linked())
    assert (result.state, result.changes, result.findings, result.applied_type) == (
        State.LINKED,
        (),
        (),
        None,
    )


def test_an_item_is_adopted_with_only_what_differs() -> None:
    result = plan(device(), item(reference_number="", autotask_type_id=77, reference_title="Till"))
    (change,) = result.changes
    assert (result.state, result.basis, result.item_pk) == (State.LINKED, Basis.SERIAL, 1)
    assert change.operation is Operation.UPDATE_ITEM
    assert change.before == {"reference_title": "Till", "reference_number": ""}
    assert change.after == {"reference_title": "PC-01", "reference_number": uid(1)}
    assert change.applied_type == TARGET


def test_doubt_is_a_finding_and_no_write() -> None:
    two = plan(device(), item(1, reference_number=""), item(2, reference_number=""))
    assert (two.state, two.changes, two.item_pk) == (State.AMBIGUOUS, (), None)
    assert [(one.key, one.kind, one.item_pks) for one in two.findings] == [
        ("ambiguous:1", FindingKind.AMBIGUOUS, (1, 2))
    ]
    shared = plan(device(), item(reference_number="", claimants=(rival(2, KeyKind.SERIAL),)))
    assert (shared.state, shared.changes) == (State.AMBIGUOUS, ())
    assert shared.findings[0].detail["devices"] == [{"device_pk": 2, "label": "PC-02"}]


@pytest.mark.parametrize("is_linked", [True, False])
def test_a_move_is_proposed_and_never_done_silently(*, is_linked: bool) -> None:
    elsewhere = replace(LINKED, autotask_company_id=2, autotask_location_id=7)
    link = linked(item=elsewhere) if is_linked else LinkFacts()
    result = plan(device(), replace(elsewhere, linked_device_pk=None), link=link)
    (change,) = result.changes
    assert (result.state, result.item_pk, result.review_cause) == (
        State.MOVED,
        1 if is_linked else None,
        "moved",
    )
    assert (change.operation, change.item_pk, change.autotask_company_id) == (Operation.MOVE_ITEM, 1, 1)
    assert change.needs_approval
    assert change.before == {"autotask_company_id": 2, "autotask_location_id": 7}
    assert change.after == {"autotask_company_id": 1, "autotask_location_id": None}
    assert [one.kind for one in result.findings] == [FindingKind.MOVED]


def test_a_serial_number_at_another_organization_creates_nothing_and_proposes_the_move() -> None:
    there = item(reference_number="", autotask_company_id=2, company_name="Fabrikam")
    result = plan(device(), there)
    (change,) = result.changes
    (finding,) = result.findings
    assert (result.state, result.item_pk) == (State.MOVED, None)
    assert (change.operation, change.item_pk, change.needs_approval) == (Operation.MOVE_ITEM, 1, True)
    assert (finding.kind, finding.item_pks) == (FindingKind.ELSEWHERE, (1,))
    assert finding.summary == (
        "PC-01: PC-01 (101) has its serial number and stands under Fabrikam; its site belongs to Contoso."
    )


def test_a_device_told_apart_gets_its_own_item_and_the_reason_says_so() -> None:
    there = item(reference_number="", autotask_company_id=2)
    result = plan(device(), there, link=LinkFacts(denied_item_pks=frozenset({1})))
    (change,) = result.changes
    assert (result.state, change.operation, change.needs_approval) == (
        State.PENDING,
        Operation.CREATE_ITEM,
        False,
    )
    assert "another machine than PC-01 (101)" in result.reason
    assert result.findings == ()


def test_what_was_told_apart_is_no_duplicate() -> None:
    twin = item(2, reference_number="")
    link = LinkFacts(State.LINKED, item=LINKED, denied_item_pks=frozenset({2}))
    assert plan(device(), LINKED, twin, link=link).findings == ()


def test_a_question_leaves_the_link_to_a_vanished_item_as_it_is() -> None:
    gone = item(1, is_missing=True)
    there = item(2, reference_number="", autotask_company_id=2)
    link = LinkFacts(State.LINKED, Basis.UID, item=gone)
    result = plan(device(), gone, there, link=link)
    assert (result.item_pk, result.basis) == (1, Basis.UID)
    assert [one.kind for one in result.findings] == [FindingKind.ITEM_GONE, FindingKind.ELSEWHERE]


def test_a_move_made_by_hand_is_followed() -> None:
    left_behind = replace(LINKED, autotask_company_id=2, is_active=False)
    by_hand = item(2, reference_number="")
    result = plan(device(), left_behind, by_hand, link=linked(item=left_behind))
    assert (result.state, result.item_pk, result.basis) == (State.LINKED, 2, Basis.SERIAL)


def test_an_item_that_vanished_is_created_again_only_by_approval() -> None:
    gone = replace(LINKED, is_missing=True)
    result = plan(device(), gone, link=linked(item=gone))
    (change,) = result.changes
    assert (change.operation, change.needs_approval) == (Operation.CREATE_ITEM, True)
    assert [one.kind for one in result.findings] == [FindingKind.ITEM_GONE]
    other = plan(device(), gone, item(2, reference_number=""), link=linked(item=gone))
    assert (other.state, other.item_pk) == (State.LINKED, 2)


def test_a_new_type_is_written_and_reviewed() -> None:
    rules = (TypeRule(1, target=TypeTarget(10, 21, 30)),)
    result = plan(device(), LINKED, link=linked(), rules=rules)
    assert result.changes[0].after == {"autotask_type_id": 21}
    assert (result.review_cause, result.changes[0].applied_type) == ("retyped", TypeTarget(10, 21, 30))
    by_hand = plan(device(), LINKED, link=linked(item=replace(LINKED, autotask_type_id=99)), rules=rules)
    assert (by_hand.changes, by_hand.applied_type, by_hand.review_cause) == ((), TypeTarget(10, 21, 30), None)
    unknown = plan(device(), LINKED, link=linked(applied_type=None), rules=rules)
    assert (unknown.changes, unknown.applied_type) == ((), TypeTarget(10, 21, 30))


def test_fields_go_along_in_one_write() -> None:
    maps = (
        FieldMapFacts(1, udf("Model"), datto_udf_index=5),
        FieldMapFacts(2, udf("Seen"), datto_field="last_seen", is_volatile=True),
        FieldMapFacts(3, udf("Owner"), datto_udf_index=6, direction=Direction.FROM_AUTOTASK),
    )
    at = replace(LINKED, udfs={"Model": "old", "Owner": "Jane"})
    one = device(hostname="PC-02", udfs={5: "new"}, last_seen_at=NOW)
    policy = replace(POLICY, uid_udf=udf("Uid"))
    result = plan(one, at, link=linked(item=at), maps=maps, policy=policy)
    item_change, datto_change = result.changes
    assert item_change.before == {
        "reference_title": "PC-01",
        "udfs": {"Uid": None, "Model": "old", "Seen": None},
    }
    assert item_change.after == {
        "reference_title": "PC-02",
        "udfs": {"Uid": uid(1), "Model": "new", "Seen": "2026-03-10 12:00 UTC"},
    }
    assert item_change.writes_volatile
    assert datto_change.operation is Operation.SET_DATTO_UDFS
    assert (datto_change.before, datto_change.after) == ({"udfs": {6: ""}}, {"udfs": {6: "Jane"}})
    today = plan(one, at, link=linked(item=at, volatile_written_on=NOW.date()), maps=maps)
    assert today.changes[0].after["udfs"] == {"Model": "new"}


def test_values_that_change_all_the_time_do_not_count_for_the_guard() -> None:
    maps = (FieldMapFacts(2, udf("Seen"), datto_field="last_seen", is_volatile=True),)
    (change,) = plan(device(last_seen_at=NOW), LINKED, link=linked(), maps=maps).changes
    assert (change.is_guarded, change.writes_volatile) == (False, True)


def test_what_was_agreed_with_a_vanished_item_clears_nothing() -> None:
    maps = (
        FieldMapFacts(
            1, udf("Owner"), datto_udf_index=5, direction=Direction.TWO_WAY, empty_policy=EmptyPolicy.CLEAR
        ),
    )
    link = LinkFacts(agreed={1: Agreed("Jane", "Jane")})
    (change,) = plan(device(udfs={5: "Jane"}), item(), link=link, maps=maps).changes
    assert (change.operation, change.after) == (Operation.UPDATE_ITEM, {"udfs": {"Owner": "Jane"}})


def test_a_udf_of_another_category_is_left_out_and_told() -> None:
    maps = (FieldMapFacts(4, udf("Model", category_ids=frozenset({99})), datto_udf_index=5),)
    result = plan(device(udfs={5: "new"}), LINKED, link=linked(), maps=maps)
    assert result.changes == ()
    assert [one.map_pk for one in result.notices] == [4]
    without = replace(LINKED, autotask_category_id=None)
    default = plan(
        device(udfs={5: "new"}), without, link=linked(item=without, applied_type=None), maps=maps,
        rules=(TypeRule(1, target=TypeTarget(10, 20)),), policy=PolicyFacts(default_category_id=99),
    )  # fmt: skip
    assert default.changes[0].after == {"udfs": {"Model": "new"}}
