from __future__ import annotations

from random import Random
from typing import Any

import pytest

from mappings.domain.devices.facts import Claimant, DeviceFacts, ItemFacts
from mappings.domain.devices.ladder import Match, Outcome, match_item
from mappings.domain.devices.words import Basis, KeyKind
from tests.mappings.domain.devices.builders import (
    MAC,
    OTHER_SERIAL,
    SERIAL,
    candidates,
    device,
    item,
    rival,
    uid,
)


def match(one: DeviceFacts, *items: ItemFacts, company_id: int = 1, type_id: int | None = 20) -> Match:
    return match_item(one, company_id, type_id, candidates(one, *items))


#: Nothing in common with the device but what a case names.
STRANGER: dict[str, Any] = {"reference_number": "", "serial_number": "", "reference_title": "Someone"}


@pytest.mark.parametrize(
    ("values", "basis"),
    [
        ({"reference_number": uid(1)}, Basis.UID),
        ({"rmm_device_uid": uid(1).upper()}, Basis.UID),
        ({"serial_number": SERIAL.lower()}, Basis.SERIAL),
        ({"rmm_mac_address": MAC}, Basis.MAC),
        ({"reference_title": "pc-01.contoso.local"}, Basis.HOSTNAME),
        ({"rmm_hostname": "PC-01"}, Basis.HOSTNAME),
        ({"reference_title": "PC-01", "autotask_type_id": None}, Basis.HOSTNAME),
        ({"serial_number": SERIAL, "is_active": False}, Basis.SERIAL),
        ({"rmm_mac_address": MAC, "is_active": False}, Basis.MAC),
    ],
)
def test_a_rung_finds_the_item(values: dict, basis: Basis) -> None:
    found = match(device(), item(**(STRANGER | values)))
    assert (found.outcome, found.basis) == (Outcome.FOUND, basis)
    assert found.reason
    assert found.trail


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"serial_number": SERIAL, "autotask_company_id": 2, "is_active": False},
        {"serial_number": SERIAL, "autotask_company_id": 2, "is_missing": True},
        {
            "serial_number": SERIAL,
            "autotask_company_id": 2,
            "linked_device_pk": 2,
            "linked_device_is_live": True,
        },
        {"rmm_mac_address": MAC, "autotask_company_id": 2},
        {"reference_title": "PC-01", "autotask_company_id": 2},
        {"reference_title": "PC-01", "autotask_type_id": 21},
        {"reference_title": "PC-01", "is_active": False},
        {"reference_title": "PC-01", "serial_number": OTHER_SERIAL},
        {"rmm_mac_address": MAC, "serial_number": OTHER_SERIAL},
        {"reference_title": "PC-01", "linked_device_pk": 2, "linked_device_is_live": True},
        {"reference_title": "PC-01", "claimants": (rival(2, KeyKind.SERIAL),)},
        {"reference_number": uid(1), "is_missing": True},
        {"reference_number": uid(1), "autotask_company_id": 2, "is_active": False},
    ],
)
def test_nothing_is_found(values: dict) -> None:
    assert match(device(), item(**(STRANGER | values))).outcome is Outcome.NOTHING


def test_the_first_rung_with_hits_decides() -> None:
    by_serial, by_name = (
        item(1, **(STRANGER | {"serial_number": SERIAL})),
        item(2, **STRANGER | {"rmm_hostname": "PC-01"}),
    )
    found = match(device(), by_name, by_serial)
    assert found.item == by_serial
    assert found.trail == ("Device uid: no configuration item fits.", "Serial number: Someone (101).")


def test_a_uid_at_another_organization_is_a_move() -> None:
    moved = match(device(), item(autotask_company_id=2))
    assert (moved.outcome, moved.basis) == (Outcome.MOVED, Basis.UID)


def test_a_uid_here_goes_before_one_elsewhere() -> None:
    here = item(2)
    assert match(device(), item(1, autotask_company_id=2), here).item == here


def abroad(number: int = 1, **values: Any) -> ItemFacts:
    wanted = {"serial_number": SERIAL, "autotask_company_id": 2, "company_name": "Fabrikam"}
    return item(number, **(STRANGER | wanted | values))


def test_a_serial_number_at_another_organization_is_a_question() -> None:
    found = match(device(), abroad())
    assert (found.outcome, found.basis, found.item) == (Outcome.ELSEWHERE, Basis.SERIAL, abroad())
    assert found.reason == "Someone (101) of Fabrikam has the serial number of the device."
    assert found.trail[-1] == "Serial number: Someone (101) of Fabrikam."


def test_everything_at_the_own_organization_goes_before_that_question() -> None:
    here = item(2, **(STRANGER | {"reference_title": "PC-01"}))
    assert (match(device(), abroad(), here).outcome, match(device(), abroad(), here).item) == (
        Outcome.FOUND,
        here,
    )


def test_junk_is_no_serial_number_elsewhere_either() -> None:
    found = match(device(serial="Default string"), abroad(serial_number="Default string"))
    assert found.outcome is Outcome.NOTHING


@pytest.mark.parametrize("company_id", [1, 2])
def test_what_a_person_told_apart_counts_no_more(company_id: int) -> None:
    one, other = device(), abroad(autotask_company_id=company_id)
    found = match_item(one, 1, 20, candidates(one, other), {other.item_pk})
    assert found.outcome is Outcome.NOTHING
    assert found.reason == (
        "No configuration item of the organization fits. A person said that it is another machine than Someone (101)."
    )
    assert "does not count" in found.trail[-1]


def test_a_device_uid_says_more_than_a_person_told_apart() -> None:
    one, other = device(), abroad(reference_number=uid(1))
    assert match_item(one, 1, 20, candidates(one, other), {other.item_pk}).outcome is Outcome.MOVED


def test_one_told_apart_leaves_the_other_question() -> None:
    one, first, second = device(), abroad(1), abroad(2)
    found = match_item(one, 1, 20, candidates(one, first, second), {1})
    assert (found.outcome, found.item) == (Outcome.ELSEWHERE, second)


def test_several_elsewhere_are_for_a_person_to_choose_from() -> None:
    found = match(device(), abroad(1), abroad(2, autotask_company_id=3))
    assert (found.outcome, [one.item_pk for one in found.items]) == (Outcome.AMBIGUOUS, [1, 2])


@pytest.mark.parametrize(
    ("other", "outcome"),
    [
        (rival(2, KeyKind.SERIAL, company_id=3), Outcome.SHARED),
        (rival(2, KeyKind.SERIAL, company_id=2), Outcome.SHARED),
        (rival(2, KeyKind.UID, company_id=3), Outcome.SHARED),
        (rival(2, KeyKind.SERIAL, company_id=3, linked=9), Outcome.ELSEWHERE),
        (rival(2, KeyKind.HOSTNAME, company_id=2), Outcome.ELSEWHERE),
        (rival(1, KeyKind.SERIAL, company_id=1), Outcome.ELSEWHERE),
    ],
)
def test_a_second_device_with_that_serial_number_makes_it_a_question_of_both(
    other: Claimant, outcome: Outcome
) -> None:
    assert match(device(), abroad(claimants=(other,))).outcome is outcome


def test_several_items_stop_the_ladder() -> None:
    found = match(device(), item(1, reference_number=""), item(2, reference_number=""))
    assert found.outcome is Outcome.AMBIGUOUS
    assert [one.item_pk for one in found.items] == [1, 2]
    assert found.item is None


def test_the_only_active_one_of_several_is_the_current_one() -> None:
    active = item(2, reference_number="")
    assert match(device(), item(1, reference_number="", is_active=False), active).item == active
    both = match(
        device(), item(1, reference_number="", is_active=False), item(2, reference_number="", is_active=False)
    )
    assert both.outcome is Outcome.AMBIGUOUS


@pytest.mark.parametrize(
    "other", [rival(2, KeyKind.SERIAL), rival(2, KeyKind.UID), rival(2, KeyKind.UID, company_id=2)]
)
def test_another_device_with_as_good_a_claim_stops_the_ladder(other: Claimant) -> None:
    found = match(device(), item(reference_number="", claimants=(other,)))
    assert found.outcome is Outcome.SHARED
    assert [one.device_pk for one in found.rivals] == [2]
    assert "PC-02" in found.reason


@pytest.mark.parametrize(
    "other",
    [
        rival(2, KeyKind.MAC),
        rival(2, KeyKind.HOSTNAME),
        rival(2, KeyKind.SERIAL, company_id=2),
        rival(2, KeyKind.SERIAL, company_id=None),
        rival(1, KeyKind.SERIAL),
    ],
)
def test_a_lesser_claim_does_not_stop_it(other: Claimant) -> None:
    assert match(device(), item(reference_number="", claimants=(other,))).outcome is Outcome.FOUND


def test_an_item_of_another_live_device_is_not_free() -> None:
    taken = item(linked_device_pk=2, linked_device_is_live=True, reference_number="")
    assert match(device(), taken).outcome is Outcome.SHARED
    gone = item(linked_device_pk=2, linked_device_is_live=False, reference_number="")
    assert match(device(), gone).outcome is Outcome.FOUND


def test_without_its_audit_only_the_uid_counts() -> None:
    waiting = device(audit=None, audit_is_pending=True)
    assert match(waiting, item()).outcome is Outcome.FOUND
    assert match(waiting, item(reference_number="")).outcome is Outcome.HELD
    assert match(waiting).outcome is Outcome.HELD
    assert match(device(audit=None), item(reference_number="")).basis is Basis.HOSTNAME


@pytest.mark.parametrize("junk", ["Default string", "To be filled by O.E.M.", "0", "System Serial Number"])
def test_junk_serial_numbers_never_link(junk: str) -> None:
    found = match(device(serial=junk, mac="", hostname=""), item(**(STRANGER | {"serial_number": junk})))
    assert found.outcome is Outcome.NOTHING
    assert "Serial number: the device has none that can be used." in found.trail


def test_the_order_of_candidates_does_not_matter() -> None:
    items = [
        item(number, reference_number="", is_active=number != 2, claimants=(rival(3, KeyKind.MAC), rival(2, KeyKind.SERIAL)))
        for number in range(1, 5)
    ]  # fmt: skip
    expected = match(device(), *items)
    for seed in range(10):
        assert match(device(), *Random(seed).sample(items, len(items))) == expected
