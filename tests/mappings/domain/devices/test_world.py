from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.domain.devices.facts import (
    AdapterFacts,
    AuditFacts,
    DataType,
    DeviceFacts,
    FieldMapFacts,
    ItemFacts,
    LinkFacts,
    ListValue,
    PolicyFacts,
    SiteFacts,
    TypeRule,
    TypeTarget,
)
from mappings.domain.devices.identity import keys_of_device, keys_of_item
from mappings.domain.devices.planning import plan_device
from mappings.domain.devices.transforms import read_steps
from mappings.domain.devices.words import (
    Basis,
    Direction,
    EmptyPolicy,
    FindingKind,
    KeyKind,
    Operation,
    State,
    WhenDeleted,
)
from tests.mappings.domain.devices.builders import MAC, NOW, OTHER_SERIAL, SERIAL, udf, uid
from tests.mappings.domain.devices.world import World

DEVICES = range(1, 5)
JUNK = "Default string"
SITES = {
    1: SiteFacts(1, "A", is_mapped=True, autotask_company_id=1, autotask_location_id=7),
    2: SiteFacts(2, "B", is_mapped=True, autotask_company_id=2),
    3: SiteFacts(3, "C"),
    4: SiteFacts(4, "D", is_mapped=True, autotask_company_id=1, devices_enabled=False),
}
PLAN = udf("Plan", data_type=DataType.LIST, list_values=(ListValue("1", "Gold"), ListValue("2", "Silver")))
MAPS = (
    FieldMapFacts(1, udf("Model"), datto_udf_index=1, steps=read_steps([{"name": "upper"}])),
    FieldMapFacts(2, PLAN, datto_udf_index=2, direction=Direction.TWO_WAY),
    FieldMapFacts(3, udf("Owner"), datto_udf_index=3, direction=Direction.FROM_AUTOTASK, empty_policy=EmptyPolicy.CLEAR),
    FieldMapFacts(4, udf("User"), datto_field="last_user", is_volatile=True),
)  # fmt: skip
RULES = (
    TypeRule(1, target=TypeTarget(10, 20, 30)),
    TypeRule(2, datto_category="Server", target=TypeTarget(11, 21, None)),
    TypeRule(3, datto_category="Printer", is_synced=False),
)

SERIALS = st.sampled_from([SERIAL, SERIAL, OTHER_SERIAL, JUNK, JUNK, ""])
NAMES = st.sampled_from(["PC-01", "PC-01", "PC-02", ""])
MACS = st.sampled_from([MAC, MAC, "3C:52:82:6A:11:10", "00:50:56:C0:00:08", ""])
WORDS = st.sampled_from(["", "Gold", "silver", "x"])


@st.composite
def a_device(draw: Any, number: int) -> DeviceFacts:
    has_audit = draw(st.sampled_from([True, True, True, False]))
    return DeviceFacts(
        number,
        uid(number),
        site_pk=draw(st.sampled_from([1, 1, 1, 2, 3, 4])),
        hostname=draw(NAMES),
        category=draw(st.sampled_from(["Laptop", "Laptop", "Server", "Printer"])),
        last_user=draw(st.sampled_from(["", "jane"])),
        is_deleted=draw(st.sampled_from([False, False, False, True])),
        udfs={place: draw(WORDS) for place in (1, 2, 3)},
        audit=AuditFacts(serial_number=draw(SERIALS), adapters=(AdapterFacts(draw(MACS)),))
        if has_audit
        else None,
        audit_is_pending=draw(st.booleans()),
    )


@st.composite
def an_item(draw: Any, number: int) -> ItemFacts:
    return ItemFacts(
        number,
        100 + number,
        draw(st.sampled_from([1, 1, 1, 2])),
        reference_title=draw(NAMES),
        reference_number=draw(st.sampled_from(["", "A-1", *(uid(one) for one in (1, 2, 3, 9))])),
        serial_number=draw(SERIALS),
        rmm_device_uid=draw(st.sampled_from(["", "", "", uid(1), uid(4)])),
        rmm_mac_address=draw(MACS),
        is_active=draw(st.sampled_from([True, True, False])),
        is_missing=draw(st.sampled_from([False, False, False, True])),
        autotask_product_id=10,
        autotask_type_id=draw(st.sampled_from([None, 20, 21])),
        autotask_category_id=draw(st.sampled_from([None, 30, 31])),
        autotask_location_id=draw(st.sampled_from([None, 7, 8])),
        autotask_contract_id=draw(st.sampled_from([None, 5])),
        udfs={
            "Plan": draw(st.sampled_from([None, "1", "2"])),
            "Owner": draw(WORDS),
            "Model": draw(WORDS),
            "User": draw(st.sampled_from([None, "joe"])),
        },
    )


@st.composite
def worlds(draw: Any) -> World:
    devices = {number: draw(a_device(number)) for number in DEVICES[: draw(st.integers(1, len(DEVICES)))]}
    items = {number: draw(an_item(number)) for number in range(1, draw(st.integers(0, 5)) + 1)}
    policy = PolicyFacts(
        creates_items=draw(st.sampled_from([True, True, False])),
        when_deleted=draw(st.sampled_from(list(WhenDeleted))),
        deleted_grace_days=draw(st.sampled_from([0, 0, 3])),
        uid_udf=draw(st.sampled_from([None, udf("Uid")])),
        default_category_id=30,
    )
    world = World(devices, items, SITES, RULES, MAPS, policy)
    free = list(items)
    for number in devices:
        if free and draw(st.booleans()):
            item_pk = free.pop(draw(st.integers(0, len(free) - 1)))
            world.links[number] = LinkFacts(
                state=draw(st.sampled_from([State.LINKED, State.GONE])),
                basis=draw(st.sampled_from([Basis.PERSON, Basis.UID])),
                item=items[item_pk],
            )
    return world


@st.composite
def travelled_worlds(draw: Any) -> World:
    """Worlds in which many a serial number stands at another organization, and some was told apart already."""
    world: World = draw(worlds())
    for number, one in world.devices.items():
        serial = draw(st.sampled_from([SERIAL, OTHER_SERIAL, OTHER_SERIAL, JUNK]))
        world.devices[number] = replace(
            one,
            site_pk=draw(st.sampled_from([1, 1, 2, 3])),
            hostname=f"PC-{number}",
            category="Laptop",
            audit=AuditFacts(serial_number=serial),
        )
    for number, item in world.items.items():
        world.items[number] = replace(
            item,
            autotask_company_id=draw(st.sampled_from([1, 2, 2, 3])),
            reference_title="",
            reference_number=draw(st.sampled_from(["", "", "", uid(1), uid(9)])),
            rmm_device_uid="",
            serial_number=draw(st.sampled_from([SERIAL, OTHER_SERIAL, JUNK, ""])),
            is_active=draw(st.sampled_from([True, True, True, False])),
            is_missing=draw(st.sampled_from([False, False, True])),
        )
    for number in world.devices:
        if world.items and draw(st.sampled_from([True, False, False])):
            world.deny(number, [draw(st.sampled_from(list(world.items)))])
    for number, link in world.links.items():
        if link.item is not None:
            # As links are: what a person links is told apart no more.
            world.links[number] = replace(
                link,
                item=world.items[link.item.item_pk],
                denied_item_pks=link.denied_item_pks - {link.item.item_pk},
            )
    return world


ORDERS = st.permutations(list(DEVICES))
CHUNKS = st.integers(1, 4)


def order_of(world: World, order: list[int]) -> list[int]:
    return [number for number in order if number in world.devices]


@settings(deadline=None, max_examples=150)
@given(st.one_of(worlds(), travelled_worlds()), ORDERS, CHUNKS)
def test_a_plan_applied_once_is_empty_the_second_time(world: World, order: list[int], chunk: int) -> None:
    first = world.run(order_of(world, order), chunk)
    second = world.run(order_of(world, order), chunk)
    for number, plan in first.items():
        if plan.state is State.LINKED:
            assert second[number].changes == (), second[number]
        if plan.state in {State.PENDING, State.MOVED}:
            # What Autotask leads in can be read only once the new item is there.
            assert {change.operation for change in second[number].changes} <= {Operation.SET_DATTO_UDFS}
    # What waited for others (in doubt, held back, left to an heir) may follow once they are settled, and then rests.
    for _ in range(2 * len(DEVICES)):
        last = world.run(order_of(world, order), chunk)
    assert all(plan.changes == () for plan in last.values())


@settings(deadline=None, max_examples=150)
@given(st.one_of(worlds(), travelled_worlds()), ORDERS, CHUNKS)
def test_two_devices_never_claim_one_item(world: World, order: list[int], chunk: int) -> None:
    # Whatever the order: each decision is made on the world as it was before any of them.
    claims = [
        plan.item_pk
        for number in world.devices
        if not world.devices[number].is_deleted and (plan := world.plan(number)).item_pk is not None
    ]
    assert len(claims) == len(set(claims))
    # And in chunks, where later decisions see earlier ones; the world asserts it at each link.
    for _ in range(3):
        world.run(order_of(world, order), chunk)


@settings(deadline=None, max_examples=200)
@given(travelled_worlds())
def test_what_stands_elsewhere_is_free_real_and_proposed_to_one_device_only(world: World) -> None:
    proposed: list[int | None] = []
    for number in world.devices:
        plan = world.plan(number)
        proposed += [one.item_pk for one in plan.changes if one.operation is Operation.MOVE_ITEM]
        question = next((one for one in plan.findings if one.kind is FindingKind.ELSEWHERE), None)
        if question is None:
            continue
        (change,) = plan.changes
        assert change.needs_approval
        assert change.operation is Operation.MOVE_ITEM
        held = world.link(number).item
        assert plan.item_pk == (None if held is None else held.item_pk), "nothing is linked, nothing unlinked"
        item = world.item(question.item_pks[0])
        assert item.is_active
        assert not item.is_missing
        assert item.linked_device_pk == number or not item.linked_device_is_live
        assert item.autotask_company_id != SITES[world.devices[number].site_pk].autotask_company_id
        assert JUNK not in {item.serial_number}
    assert len(proposed) == len(set(proposed))


@settings(deadline=None, max_examples=150)
@given(travelled_worlds(), ORDERS, CHUNKS)
def test_another_machine_is_asked_about_once_and_gets_its_own_item(
    world: World, order: list[int], chunk: int
) -> None:
    asked: set[tuple[int, int]] = set()
    for _ in range(2 * len(DEVICES)):
        plans = world.run(order_of(world, order), chunk, is_same=False)
        new = {
            (number, item_pk)
            for number, plan in plans.items()
            for one in plan.findings
            if one.kind is FindingKind.ELSEWHERE
            for item_pk in one.item_pks
        }
        assert not new & asked
        asked |= new
        for number, item_pk in asked:
            link = world.link(number)
            by_uid = {
                one.item_pk
                for key, ones in world.candidates(world.devices[number]).items()
                if key.kind is KeyKind.UID
                for one in ones
            }
            assert link.item is None or link.item.item_pk != item_pk or item_pk in by_uid
    assert all(plan.changes == () for plan in plans.values()), "and then it rests"


@settings(deadline=None, max_examples=150)
@given(travelled_worlds(), ORDERS, CHUNKS)
def test_a_question_nobody_answers_stays_the_same(world: World, order: list[int], chunk: int) -> None:
    def questions(plans: dict[int, Any]) -> dict[int, Any]:
        return {
            number: [one for one in plan.findings if one.kind is FindingKind.ELSEWHERE]
            for number, plan in plans.items()
        }

    for _ in range(2 * len(DEVICES)):
        last = world.run(order_of(world, order), chunk, is_same=None)
    items = dict(world.items)
    again = world.run(order_of(world, order), chunk, is_same=None)
    assert questions(again) == questions(last)
    assert all(plan.changes == () for number, plan in again.items() if not questions(again)[number])
    assert world.items == items


@settings(deadline=None, max_examples=100)
@given(st.one_of(worlds(), travelled_worlds()), ORDERS)
def test_the_order_of_devices_changes_no_first_decision(world: World, order: list[int]) -> None:
    def decisions(numbers: list[int]) -> dict[int, Any]:
        copy = deepcopy(world)
        return {number: copy.plan(number) for number in numbers}

    assert decisions(order_of(world, order)) == decisions(sorted(world.devices))


@settings(deadline=None, max_examples=100)
@given(st.one_of(worlds(), travelled_worlds()), st.integers(0, 1000))
def test_the_order_of_candidates_does_not_matter(world: World, seed: int) -> None:
    random = Random(seed)
    for one in world.devices.values():
        found = world.candidates(one)
        keys = random.sample(list(found), len(found))
        shuffled = {
            key: tuple(
                replace(each, claimants=tuple(random.sample(each.claimants, len(each.claimants))))
                for each in random.sample(found[key], len(found[key]))
            )
            for key in keys
        }
        rules, maps = random.sample(RULES, len(RULES)), random.sample(MAPS, len(MAPS))
        link = world.link(one.device_pk)
        plan = plan_device(
            one, SITES[one.site_pk], link, shuffled, rules, maps, world.policy, NOW, is_complete_read=True
        )
        assert plan == world.plan(one.device_pk)


@settings(deadline=None, max_examples=100)
@given(worlds())
def test_nothing_is_deactivated_after_a_partial_read(world: World) -> None:
    plans = [world.plan(number, is_complete_read=False) for number in world.devices]
    for plan in plans:
        for change in plan.changes:
            assert change.operation not in {Operation.DEACTIVATE_ITEM, Operation.OPEN_TICKET}
            assert change.after.get("is_active", True) is True
        if world.devices[plan.device_pk].is_deleted:
            assert plan.is_held_back
            assert plan.state == world.links.get(plan.device_pk, LinkFacts()).state


@settings(deadline=None, max_examples=100)
@given(st.one_of(worlds(), travelled_worlds()))
def test_every_plan_says_why_and_changes_only_what_differs(world: World) -> None:
    for number in world.devices:
        plan = world.plan(number)
        assert plan.reason
        assert len(plan.reason) <= 500
        assert len({one.key for one in plan.findings}) == len(plan.findings)
        for finding in plan.findings:
            assert finding.summary
            assert len(finding.key) <= 160
        for change in plan.changes:
            assert change.reason
            assert change.operation is Operation.CREATE_ITEM or change.before.keys() == change.after.keys()
            assert all(change.before.get(name, "") != value for name, value in change.after.items())


@settings(deadline=None, max_examples=150)
@given(worlds())
def test_empty_values_never_clear(world: World) -> None:
    for number in world.devices:
        for change in world.plan(number).changes:
            if change.operation is Operation.DEACTIVATE_ITEM:
                continue
            for name, value in change.after.items():
                if name == "udfs":
                    values: Any = value
                    # The one mapping that may clear is the one whose policy says so.
                    is_datto = change.operation is Operation.SET_DATTO_UDFS
                    assert all(one or (is_datto and place == 3) for place, one in values.items())
                elif not (change.operation is Operation.MOVE_ITEM and name == "autotask_location_id"):
                    assert value or name == "is_active", name


@settings(deadline=None, max_examples=100)
@given(worlds())
def test_contracts_and_contacts_are_not_touched(world: World) -> None:
    for number in world.devices:
        for change in world.plan(number).changes:
            if change.operation is not Operation.DEACTIVATE_ITEM:
                assert not {name for name in change.after if "contract" in name or "contact" in name}


@settings(deadline=None, max_examples=100)
@given(st.one_of(worlds(), travelled_worlds()))
def test_every_new_link_rests_on_a_shared_key_that_is_no_junk(world: World) -> None:
    uid_name = world.policy.uid_udf.name if world.policy.uid_udf else ""
    for number, one in world.devices.items():
        plan = world.plan(number)
        link = world.links.get(number)
        if plan.item_pk is None or (link and link.item and link.item.item_pk == plan.item_pk):
            continue
        shared = set(keys_of_device(one)) & set(keys_of_item(world.items[plan.item_pk], uid_name))
        assert plan.basis.value in {key.kind.value for key in shared}
        assert all(JUNK.upper().replace(" ", "") != key.value for key in shared)
        assert world.items[plan.item_pk].autotask_company_id == SITES[one.site_pk].autotask_company_id


def test_the_worlds_hold_what_the_properties_speak_of() -> None:
    """The generator reaches every state and operation, so that no property is empty."""
    states: set[State] = set()
    operations: set[Operation] = set()
    kinds: set[str] = set()
    findings: set[FindingKind] = set()

    @settings(deadline=None, max_examples=900, derandomize=True, database=None)
    @given(st.one_of(worlds(), worlds(), travelled_worlds()))
    def collect(world: World) -> None:
        for when in WhenDeleted:
            world.policy = replace(world.policy, when_deleted=when)
            for number in world.devices:
                plan = world.plan(number)
                states.add(plan.state)
                operations.update(change.operation for change in plan.changes)
                kinds.add(plan.basis.value)
                findings.update(one.kind for one in plan.findings)

    collect()
    assert states >= set(State) - {State.FAILED}
    assert operations == set(Operation)
    assert kinds >= {kind.value for kind in KeyKind}
    assert findings == set(FindingKind) - {FindingKind.ITEM_WITHOUT_DEVICE}


def test_two_devices_whose_items_vanished_are_one_question() -> None:
    """A link to what is gone is no item of their own: both look for one, and find the same."""
    gone = {
        number: ItemFacts(number, 100 + number, 1, reference_number=f"A-{number}", is_missing=True)
        for number in (1, 2)
    }
    there = ItemFacts(3, 103, 2, serial_number=SERIAL)
    audit = AuditFacts(serial_number=SERIAL)
    devices = {
        number: DeviceFacts(number, uid(number), 1, hostname=f"PC-{number}", audit=audit) for number in (1, 2)
    }
    world = World(devices, {**gone, 3: there}, SITES, RULES, (), PolicyFacts())
    for number, item in gone.items():
        world.links[number] = LinkFacts(State.LINKED, Basis.UID, item=item)
    for number in devices:
        assert [one.kind for one in world.plan(number).findings] == [
            FindingKind.ITEM_GONE,
            FindingKind.SHARED,
        ]
