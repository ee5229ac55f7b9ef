from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.domain.settings import (
    EffectiveSettings,
    PickRef,
    PrioritySettings,
    SettingsRow,
)
from tickets.domain.settings import resolve as resolve_rows
from tickets.models.settings import TicketSettings

ALL = SettingsRow("All monitor types")
DISK = SettingsRow("Disk Usage")
LEVEL_1, LEVEL_2, OLD = (
    PickRef(11, "Level I"),
    PickRef(12, "Level II"),
    PickRef(13, "Old queue", is_active=False),
)
HARDWARE, NETWORK = PickRef(21, "Hardware"), PickRef(22, "Network")
DISK_SUB, ROUTER_SUB = PickRef(31, "Disk", parent_value=21), PickRef(32, "Router", parent_value=22)
CATALOGUE = {
    "priority": [
        PickRef(4, "Critical"),
        PickRef(1, "High"),
        PickRef(2, "Medium", is_default=True),
        PickRef(3, "Low"),
    ],
    "queue": [PickRef(8, "Monitoring Alert")],
    "ticket_type": [PickRef(1, "Service Request"), PickRef(2, "Incident"), PickRef(5, "Alert")],
    "source": [PickRef(8, "Monitoring Alert")],
    "status": [PickRef(1, "Neu"), PickRef(5, "Fertig")],
    "completed_status": [PickRef(1, "Neu"), PickRef(5, "Fertig")],
}


def replace(row: Any, **values: Any) -> Any:
    """Return a settings row with these values; other things as `dataclasses.replace` does."""
    if not isinstance(row, SettingsRow):
        return dataclasses.replace(row, **values)
    priorities = values.pop("priorities", row.priorities)
    return dataclasses.replace(row.having(**values), priorities=priorities)


def resolve(
    global_: SettingsRow, monitor: SettingsRow | None, priority: str, **rest: Any
) -> EffectiveSettings:
    """Resolve the defaults of a monitor type before those of all."""
    return resolve_rows([row for row in (monitor, global_) if row is not None], priority, **rest)


def lines(**by_priority: PrioritySettings) -> dict[str, PrioritySettings]:
    return dict(by_priority)


def test_a_monitor_types_field_beats_the_global_one_and_says_so():
    found = resolve(
        replace(ALL, queue=LEVEL_1, source=PickRef(8, "RMM")), replace(DISK, queue=LEVEL_2), "High"
    )
    assert (found.picks["queue"].value, found.picks["queue"].origin) == (LEVEL_2, "Disk Usage")
    assert found.picks["source"].origin == "All monitor types"
    assert found.skipped == ()


def test_an_inactive_value_is_skipped_with_its_reason_and_the_next_source_is_taken():
    found = resolve(replace(ALL, queue=LEVEL_1), replace(DISK, queue=OLD), "High")
    assert found.picks["queue"].value == LEVEL_1
    (skipped,) = found.skipped
    assert (skipped.field, skipped.label, skipped.origin) == ("queue", "Old queue", "Disk Usage")
    assert "inactive" in skipped.reason


def test_inactive_everywhere_leaves_the_built_in_choice_or_nothing():
    with_list = resolve(replace(ALL, queue=OLD), replace(DISK, queue=OLD), "High", catalogue=CATALOGUE)
    assert with_list.picks["queue"].value == PickRef(8, "Monitoring Alert")
    assert len(with_list.skipped) == 2
    assert resolve(replace(ALL, queue=OLD), None, "High").picks["queue"].value is None


def test_sub_issue_of_another_issue_is_skipped():
    found = resolve(
        replace(ALL, issue_type=NETWORK, sub_issue_type=ROUTER_SUB),
        replace(DISK, issue_type=HARDWARE),
        "High",
    )
    assert found.pick("issue_type") == HARDWARE
    assert found.pick("sub_issue_type") is None
    assert "Hardware" in found.skipped[0].reason


def test_sub_issue_follows_the_issue_that_is_really_used():
    row = replace(DISK, issue_type=replace(HARDWARE, is_active=False), sub_issue_type=DISK_SUB)
    found = resolve(replace(ALL, issue_type=NETWORK, sub_issue_type=ROUTER_SUB), row, "High")
    assert (found.pick("issue_type"), found.pick("sub_issue_type")) == (NETWORK, ROUTER_SUB)
    assert [one.label for one in found.skipped] == ["Hardware", "Disk"]


def test_sub_issue_without_any_issue_is_skipped():
    found = resolve(replace(ALL, sub_issue_type=DISK_SUB), None, "High")
    assert found.pick("sub_issue_type") is None
    assert found.skipped[0].reason == "The ticket has no issue type."


@pytest.mark.parametrize(
    ("monitor_line", "monitor", "global_line", "global_", "priority", "expected", "origin"),
    [
        (True, False, False, False, "High", True, "Disk Usage, priority High"),
        (None, False, True, True, "High", False, "Disk Usage"),
        (None, None, False, True, "High", False, "All monitor types, priority High"),
        (None, None, None, False, "High", False, "All monitor types"),
        (None, None, None, None, "High", True, "built-in"),
        (None, None, None, None, "Unknown", True, "built-in"),
        (None, None, None, None, "Information", False, "built-in"),
        (None, None, None, True, "Information", True, "All monitor types"),
        (None, True, None, None, "Information", True, "Disk Usage"),
    ],
)
def test_create_ticket_takes_the_most_specific_answer(
    monitor_line, monitor, global_line, global_, priority, expected, origin
):
    found = resolve(
        replace(
            ALL, create_ticket=global_, priorities={priority: PrioritySettings(create_ticket=global_line)}
        ),
        replace(
            DISK, create_ticket=monitor, priorities={priority: PrioritySettings(create_ticket=monitor_line)}
        ),
        priority,
    )
    assert (found.create_ticket.value, found.create_ticket.origin) == (expected, origin)


@pytest.mark.parametrize(
    ("priority", "label"),
    [
        ("Critical", "Critical"),
        ("High", "High"),
        ("Moderate", "Medium"),
        ("Low", "Low"),
        ("Information", "Low"),
        ("Unknown", "Medium"),
        ("something new", "Medium"),
    ],
)
def test_priorities_are_mapped_by_label_when_nothing_is_set(priority, label):
    found = resolve(ALL, DISK, priority, catalogue=CATALOGUE)
    assert found.priority.value is not None
    assert (found.priority.value.label, found.priority.origin) == (label, "built-in")


def test_an_instance_with_other_names_gets_its_own_default_priority():
    catalogue = {"priority": [PickRef(7, "P1"), PickRef(8, "P2", is_default=True)]}
    assert resolve(ALL, None, "Critical", catalogue=catalogue).priority.value == PickRef(
        8, "P2", is_default=True
    )
    assert resolve(ALL, None, "Critical").priority.value is None


def test_an_inactive_priority_falls_back_to_the_global_line():
    gone, high = PickRef(9, "Gone", is_active=False), PickRef(1, "High")
    found = resolve(
        replace(ALL, priorities={"Low": PrioritySettings(ticket_priority=high, due_minutes=60)}),
        replace(DISK, priorities={"Low": PrioritySettings(ticket_priority=gone)}),
        "Low",
        catalogue=CATALOGUE,
    )
    assert (found.priority.value, found.priority.origin) == (high, "All monitor types, priority Low")
    assert (found.due_minutes.value, found.due_minutes.origin) == (60, "All monitor types, priority Low")
    assert found.skipped[0].origin == "Disk Usage, priority Low"


def test_built_in_choices_go_by_system_id_first_and_by_label_else():
    found = resolve(ALL, None, "High", catalogue=CATALOGUE)
    assert found.pick("status") == PickRef(1, "Neu")
    assert found.pick("completed_status") == PickRef(5, "Fertig")
    assert found.pick("ticket_type") == PickRef(5, "Alert")
    assert found.pick("queue") == PickRef(8, "Monitoring Alert")
    assert found.pick("work_type") is None


def test_without_any_pick_list_only_autotasks_system_values_are_built_in():
    found = resolve(ALL, None, "High")
    values = {name: one.value.value for name, one in found.picks.items() if one.value is not None}
    assert values == {
        "status": 1,
        "completed_status": 5,
        "reopened_status": 1,
        "note_type": 3,
        "note_publish": 2,
    }


def test_an_empty_template_inherits():
    found = resolve(replace(ALL, title_template="A"), replace(DISK, title_template=""), "High")
    assert (found.templates["title_template"].value, found.templates["title_template"].origin) == (
        "A",
        "All monitor types",
    )
    assert found.templates["note_template"].value == ""


def test_a_zero_due_offset_is_a_value_and_no_inheritance():
    found = resolve(
        replace(ALL, priorities={"High": PrioritySettings(due_minutes=60)}),
        replace(DISK, priorities={"High": PrioritySettings(due_minutes=0)}),
        "High",
    )
    assert found.due_minutes.value == 0


def test_every_setting_has_a_column_and_is_resolved():
    found = resolve_rows([], "High")
    resolved = {*found.picks, *found.flags, *found.templates, *found.numbers, *found.choices}
    resolved |= {*found.references, *found.texts, "create_ticket", "ticket_udfs"}
    columns = {field.name for field in TicketSettings._meta.get_fields()} - {"updated_at"}
    assert resolved == columns


picks = st.none() | st.builds(
    PickRef, st.integers(1, 5), st.sampled_from("abc"), st.booleans(), st.none() | st.integers(1, 5)
)
rows = st.builds(
    SettingsRow,
    name=st.just("row"),
    values=st.fixed_dictionaries(
        {
            "create_ticket": st.none() | st.booleans(),
            "queue": picks,
            "status": picks,
            "issue_type": picks,
            "sub_issue_type": picks,
        }
    ),
    priorities=st.dictionaries(
        st.just("High"), st.builds(PrioritySettings, st.none() | st.booleans(), picks, st.none())
    ),
)


@given(rows, st.none() | rows)
def test_nothing_inactive_or_misplaced_ever_reaches_a_ticket(global_, monitor):
    found = resolve(global_, monitor, "High", catalogue=CATALOGUE)
    assert all(one.value is None or one.value.is_active for one in found.picks.values())
    assert found.priority.value is not None
    assert found.priority.value.is_active
    sub_issue, issue = found.pick("sub_issue_type"), found.pick("issue_type")
    assert sub_issue is None or (issue is not None and sub_issue.parent_value == issue.value)
    assert all(one.reason and one.origin for one in found.skipped)
