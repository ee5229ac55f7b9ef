from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.domain.devices.dattofields import DATTO_FIELDS, read_field, standard_set
from mappings.domain.devices.facts import (
    AdapterFacts,
    Agreed,
    AuditFacts,
    DataType,
    FieldMapFacts,
    ItemFacts,
    ListValue,
)
from mappings.domain.devices.fieldmaps import FieldsPlan, plan_fields, volatile_is_due
from mappings.domain.devices.plans import Loss
from mappings.domain.devices.transforms import read_steps
from mappings.domain.devices.udfvalues import is_same
from mappings.domain.devices.words import Direction, EmptyPolicy
from tests.mappings.domain.devices.builders import MAC, NOW, SITE, device, item, udf

GOLD = udf(
    "Plan", data_type=DataType.LIST, list_values=(ListValue("101", "Gold"), ListValue("102", "Silver"))
)


def mapped(number: int = 1, **values: Any) -> FieldMapFacts:
    values.setdefault("udf", udf())
    if "datto_field" not in values:
        values.setdefault("datto_udf_index", 5)
    return FieldMapFacts(number, **values)


def fields(
    *maps: FieldMapFacts,
    datto: str = "",
    autotask: str | None = None,
    agreed: Agreed | None = None,
    is_volatile_due: bool = True,
    one: Any = None,
    at: ItemFacts | None = None,
) -> FieldsPlan:
    return plan_fields(
        one or device(udfs={5: datto}),
        SITE,
        at or item(udfs={maps[0].udf.name: autotask}),
        maps,
        {} if agreed is None else {maps[0].map_pk: agreed},
        category_id=30,
        is_volatile_due=is_volatile_due,
    )


@pytest.mark.parametrize(
    ("datto", "autotask", "policy", "after"),
    [
        ("new", "old", EmptyPolicy.KEEP, {"Field": "new"}),
        ("new", None, EmptyPolicy.KEEP, {"Field": "new"}),
        ("same", "same", EmptyPolicy.KEEP, {}),
        (" same ", "same", EmptyPolicy.KEEP, {}),
        ("", "old", EmptyPolicy.KEEP, {}),
        ("", "old", EmptyPolicy.CLEAR, {"Field": None}),
        ("", None, EmptyPolicy.CLEAR, {}),
        ("", "", EmptyPolicy.CLEAR, {}),
    ],
)
def test_to_autotask(datto: str, autotask: str | None, policy: EmptyPolicy, after: dict) -> None:
    result = fields(mapped(empty_policy=policy), datto=datto, autotask=autotask)
    assert result.item_after == after
    assert result.item_before == ({"Field": autotask} if after else {})
    assert not result.datto_after


@pytest.mark.parametrize(
    ("datto", "autotask", "policy", "after"),
    [
        ("old", "new", EmptyPolicy.KEEP, {5: "new"}),
        ("old", None, EmptyPolicy.KEEP, {}),
        ("old", None, EmptyPolicy.CLEAR, {5: ""}),
        ("same", "same", EmptyPolicy.KEEP, {}),
    ],
)
def test_from_autotask(datto: str, autotask: str | None, policy: EmptyPolicy, after: dict) -> None:
    one = mapped(direction=Direction.FROM_AUTOTASK, empty_policy=policy)
    result = fields(one, datto=datto, autotask=autotask)
    assert (result.datto_after, result.item_after) == (after, {})


def test_from_autotask_gives_what_people_read() -> None:
    assert fields(mapped(udf=GOLD, direction=Direction.FROM_AUTOTASK), autotask="102").datto_after == {
        5: "Silver"
    }


def test_datto_holds_no_more_than_255_characters() -> None:
    one = mapped(direction=Direction.FROM_AUTOTASK)
    assert fields(one, autotask="x" * 255).datto_after == {5: "x" * 255}
    too_long = fields(one, autotask="x" * 256)
    assert (too_long.datto_after, len(too_long.notices)) == ({}, 1)


DATTO_WINS, AUTOTASK_WINS, NOBODY = "datto", "autotask", ""


@pytest.mark.parametrize(
    ("datto", "autotask", "agreed", "winner", "is_loss"),
    [
        ("a", "a", None, NOBODY, False),
        ("a", "", None, DATTO_WINS, False),
        ("", "b", None, AUTOTASK_WINS, False),
        ("a", "b", None, DATTO_WINS, True),
        ("new", "old", Agreed("old", "old"), DATTO_WINS, False),
        ("old", "new", Agreed("old", "old"), AUTOTASK_WINS, False),
        ("new", "newer", Agreed("old", "old"), DATTO_WINS, True),
        ("new", "new", Agreed("old", "old"), NOBODY, False),
        ("a", "b", Agreed("a", "b"), DATTO_WINS, False),
        ("", "old", Agreed("old", "old"), NOBODY, False),
        ("old", "", Agreed("old", "old"), NOBODY, False),
    ],
)
def test_two_way(datto: str, autotask: str, agreed: Agreed | None, winner: str, *, is_loss: bool) -> None:
    result = fields(mapped(direction=Direction.TWO_WAY), datto=datto, autotask=autotask, agreed=agreed)
    assert result.item_after == ({"Field": datto} if winner == DATTO_WINS else {})
    assert result.datto_after == ({5: autotask} if winner == AUTOTASK_WINS else {})
    assert result.losses_by_item == ([Loss(1, "datto_rmm", datto, autotask)] if is_loss else [])
    assert result.agreed_by_item == ({1: Agreed(datto, datto)} if winner == DATTO_WINS else {})
    assert result.agreed_by_datto == ({1: Agreed(autotask, autotask)} if winner == AUTOTASK_WINS else {})


@pytest.mark.parametrize(("datto", "autotask"), [("", "old"), ("old", "")])
def test_two_way_clears_only_by_policy(datto: str, autotask: str) -> None:
    one = mapped(direction=Direction.TWO_WAY, empty_policy=EmptyPolicy.CLEAR)
    result = fields(one, datto=datto, autotask=autotask, agreed=Agreed("old", "old"))
    assert (result.item_after, result.datto_after) == (({"Field": None}, {}) if not datto else ({}, {5: ""}))


def test_agreement_is_recorded_once() -> None:
    one = mapped(direction=Direction.TWO_WAY)
    assert fields(one, datto="a", autotask="a").agreed == {1: Agreed("a", "a")}
    assert fields(one, datto="a", autotask="a", agreed=Agreed("a", "a")).agreed == {}


def test_two_way_never_writes_what_it_would_change_again() -> None:
    one = mapped(direction=Direction.TWO_WAY, steps=read_steps([{"name": "prefix", "text": "RMM "}]))
    result = fields(one, datto="x", autotask="changed", agreed=Agreed("x", "RMM x"))
    assert (result.item_after, result.datto_after) == ({}, {})
    assert "cannot be turned round" in result.notices[0].text


TEXTS = st.sampled_from(["", "Gold", "gold", "Silver", "Bronze"])
VALUES = st.sampled_from(["", "101", "102"])


@settings(deadline=None)
@given(TEXTS, VALUES, st.none() | st.tuples(TEXTS, VALUES), st.sampled_from(list(EmptyPolicy)))
def test_two_way_settles_at_once(
    datto: str, autotask: str, agreed: tuple[str, str] | None, policy: EmptyPolicy
) -> None:
    one = mapped(udf=GOLD, direction=Direction.TWO_WAY, empty_policy=policy)
    known = None if agreed is None else Agreed(*agreed)
    first = fields(one, datto=datto, autotask=autotask, agreed=known)
    assert not (first.item_after and first.datto_after)
    records = first.agreed | first.agreed_by_item | first.agreed_by_datto
    datto = first.datto_after.get(5, datto)
    autotask = first.item_after.get("Plan", autotask) or ""
    second = fields(one, datto=datto, autotask=autotask, agreed=records.get(1, known))
    assert (second.item_after, second.datto_after, second.losses_by_item) == ({}, {}, [])
    if policy is EmptyPolicy.KEEP:
        assert first.item_after.get("Plan", "x")
        assert first.datto_after.get(5, "x")


@pytest.mark.parametrize(
    ("values", "autotask", "words"),
    [
        ({"udf": udf(category_ids=frozenset({31}))}, "old", "not part of the configuration item's category"),
        ({"udf": udf(is_active=False)}, "old", "inactive"),
        ({}, "*****", "protected"),
        ({"udf": udf(data_type=DataType.NUMBER)}, "4", "needs a number"),
        ({"udf": GOLD}, "101", "no list entry 'new'"),
    ],
)
def test_what_cannot_be_used_is_told_and_left_out(values: dict, autotask: str, words: str) -> None:
    result = fields(mapped(**values), datto="new", autotask=autotask)
    assert result.item_after == {}
    assert [one.map_pk for one in result.notices] == [1]
    assert words in result.notices[0].text


@pytest.mark.parametrize(
    ("values", "fits"),
    [
        ({"device_classes": frozenset({"Device"}), "datto_category": "server"}, True),
        ({"site_pks": frozenset({1})}, True),
        ({"device_classes": frozenset({"printer"})}, False),
        ({"datto_category": "Laptop"}, False),
        ({"site_pks": frozenset({2})}, False),
    ],
)
def test_filters_let_only_their_devices_through(values: dict, *, fits: bool) -> None:
    one = device(udfs={5: "new"}, category="Server", device_class="device")
    assert bool(fields(mapped(**values), one=one).item_after) is fits


def test_volatile_values_wait_for_their_day() -> None:
    one = mapped(is_volatile=True)
    assert fields(one, datto="new", is_volatile_due=False).item_after == {}
    due = fields(one, datto="new")
    assert (due.item_after, due.writes_volatile, due.writes_lasting) == ({"Field": "new"}, True, False)


@pytest.mark.parametrize(
    ("days_ago", "hours", "is_due"),
    [(None, 24, True), (0, 24, False), (1, 24, True), (0, 6, False), (1, 6, True), (1, 48, False), (2, 48, True),
     (1, 25, False), (0, 0, True)],
)  # fmt: skip
def test_volatile_is_due(days_ago: int | None, hours: int, *, is_due: bool) -> None:
    day: date | None = None if days_ago is None else NOW.date() - timedelta(days=days_ago)
    assert volatile_is_due(day, NOW, hours) is is_due


def test_two_mappings_never_write_the_same_place() -> None:
    one = device(udfs={5: "five", 6: "six"})
    result = fields(mapped(2, datto_udf_index=6), mapped(1), one=one)
    assert (result.item_after, [notice.map_pk for notice in result.notices]) == ({"Field": "five"}, [2])
    back = fields(mapped(1), mapped(2, udf=udf("Other"), direction=Direction.FROM_AUTOTASK), one=one)
    assert [notice.map_pk for notice in back.notices] == [2]


def test_values_written_in_the_same_run_are_passed_on() -> None:
    one, at = device(udfs={5: "new"}), item(udfs={"Field": "old"})
    to, onward = mapped(1), mapped(2, datto_udf_index=6, direction=Direction.FROM_AUTOTASK)
    result = fields(to, onward, one=one, at=at)
    assert (result.item_after, result.datto_after) == ({"Field": "new"}, {6: "new"})


def test_a_new_item_is_filled_and_nothing_is_read_from_it() -> None:
    result = plan_fields(
        device(udfs={5: "five"}), SITE, None,
        [mapped(1, direction=Direction.TWO_WAY), mapped(2, datto_udf_index=6, direction=Direction.FROM_AUTOTASK)],
        {}, category_id=30, is_volatile_due=True,
    )  # fmt: skip
    assert (result.item_after, result.datto_after) == ({"Field": "five"}, {})
    assert result.agreed_by_item == {1: Agreed("five", "five")}


@settings(deadline=None)
@given(st.text(max_size=30), st.none() | st.text(max_size=30))
def test_to_autotask_never_clears_and_never_writes_twice(datto: str, autotask: str | None) -> None:
    result = fields(mapped(), datto=datto, autotask=autotask)
    for value in result.item_after.values():
        assert value
        again = fields(mapped(), datto=datto, autotask=value)
        assert again.item_after == {}
        assert not is_same(udf(), value, autotask)


def test_every_device_field_reads_as_text_or_nothing() -> None:
    bare = device(audit=None, hostname="")
    full = device(
        last_seen_at=NOW, reboot_required=False, open_alerts=0, patches_missing=3, created_in_datto_at=NOW,
        warranty_date=date(2027, 1, 2), portal_url="https://rmm.example/1",
        audit=AuditFacts("5CG1234XYZ", "HP", "EliteBook", (AdapterFacts(MAC),), 17179869184, 512 * 1024**3, 1610612736),
    )  # fmt: skip
    values = {name: read_field(name, full, SITE) for name in DATTO_FIELDS}
    assert {name: read_field(name, bare, SITE) for name in DATTO_FIELDS if read_field(name, bare, SITE)} == {
        "device_uid": bare.datto_device_uid, "site": "Main", "device_class": "device", "is_suspended": "No",
    }  # fmt: skip
    assert {
        "memory_gb": "16", "storage_gb": "512", "free_gb": "1.5", "mac_addresses": MAC, "open_alerts": "0",
        "last_seen": "2026-03-10 12:00 UTC", "created": "2026-03-10", "warranty_date": "2027-01-02",
        "reboot_required": "No", "serial_number": "5CG1234XYZ",
    }.items() <= values.items()  # fmt: skip
    assert read_field("serial_number", device(serial="Default string"), SITE) == ""
    with pytest.raises(LookupError, match="'colour' is unknown"):
        read_field("colour", full, SITE)


def test_the_standard_set_leaves_out_what_is_mapped() -> None:
    names = [one.name for one in standard_set()]
    assert {"device_uid", "portal_url", "model", "serial_number", "last_seen", "patch_status"} <= set(names)
    assert "model" not in {one.name for one in standard_set(["model"])}
    suggested = [one.udf_name for one in DATTO_FIELDS.values()]
    assert len(set(suggested)) == len(suggested)
    assert max(map(len, suggested)) <= 45
