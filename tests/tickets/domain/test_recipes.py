from __future__ import annotations

from typing import Any

import pytest

from tickets.domain.recipes import Names, Recipe, build_recipes

URL = "https://bridge.example/hooks/autotask/callout/secret/"
UDFS = {
    "RMM Alert Link": "rmm alert link",
    "RMM Occurrences": "RMM Occurrences",
    "RMM Monitor Type": "RMM Monitor Type",
}


def recipes(**values: Any) -> dict[str, Recipe]:
    given: dict[str, Any] = {
        "queues": ("Monitoring Alert",),
        "done": ("Complete", "RMM Resolved"),
        "priorities": ("Critical",),
        "udfs": UDFS,
        "callout_url": URL,
        "reachable": True,
        **values,
    }
    return {one.slug: one for one in build_recipes(Names(**given))}


def test_the_callout_runs_for_our_tickets_only_and_by_our_address() -> None:
    one = recipes()["callout"]
    assert "rmm alert link" in " ".join(one.steps)
    assert [copy.text for copy in one.copies] == ["RMM Bridge", URL]
    assert one.warnings == ()


def test_rules_use_the_names_of_this_database() -> None:
    found = recipes()
    assert "Condition: Status is in list: Complete, RMM Resolved." in found["resolve"].steps
    assert "Condition: Queue equals: Monitoring Alert." in found["resolve"].steps
    assert "Condition: RMM Occurrences is greater than 10." in found["noisy"].steps
    assert "Update: Priority = Critical." in found["noisy"].steps
    two = recipes(queues=("Monitoring Alert", "Level I Support"))["resolve"]
    assert "Condition: Queue is in list: Monitoring Alert, Level I Support." in two.steps


def test_without_udfs_nothing_asks_for_them() -> None:
    found = recipes(udfs={})
    assert set(found) == {"callout", "resolve", "old"}
    assert "leave it empty" in " ".join(found["callout"].steps)


def test_who_may_not_see_the_address_is_told_whom_to_ask() -> None:
    one = recipes(callout_url="")["callout"]
    assert [copy.is_missing for copy in one.copies] == [False, True]
    assert "Ask somebody" in one.copies[1].text


def test_an_address_that_autotask_refuses_is_warned_of() -> None:
    assert "https" in recipes(reachable=False)["callout"].warnings[0]


@pytest.mark.parametrize("values", [{}, {"udfs": {}, "queues": (), "done": (), "priorities": ()}])
def test_the_text_for_a_handbook_holds_no_secret_and_no_gap(values: dict[str, Any]) -> None:
    for one in recipes(**values).values():
        assert URL not in one.text
        assert all(step.strip() for step in one.steps)
        assert ": ." not in one.text
