from __future__ import annotations

import pytest

from tickets.domain.rendering import render_value
from tickets.domain.template_variables import example_context, known_variables
from tickets.domain.templates_check import check_template
from tickets.domain.udf_values import STANDARD_SET, UdfField, counts_occurrences, fit_value

CHOICES = (
    {"value": "820", "label": "Hardware", "is_active": True},
    {"value": "822", "label": "Carrier", "is_active": False},
)


@pytest.mark.parametrize(
    ("data_type", "text", "sent", "problem"),
    [
        ("text", " Disk C: ", "Disk C:", ""),
        ("text", "x" * 200, "x" * 100, ""),
        ("unknown", "as it is", "as it is", ""),
        ("text", "  ", None, ""),
        ("number", "7", "7", ""),
        ("number", "1.50", "1.50", ""),
        ("number", "seven", None, "takes a number"),
        ("number", "nan", None, "takes a number"),
        ("number", "", None, ""),
        ("date", "2026-12-24", "2026-12-24T00:00:00", ""),
        ("date", "2026-12-24T10:00:00+00:00", "2026-12-24T10:00:00+00:00", ""),
        ("date", "tomorrow", None, "takes a date"),
        ("list", "hardware", "820", ""),
        ("list", "Carrier", None, 'no active value "Carrier"'),
        ("list", "820", None, "no active value"),
    ],
)
def test_a_field_gets_what_it_takes_or_nothing(
    data_type: str, text: str, sent: str | None, problem: str
) -> None:
    found = fit_value(UdfField("Field", data_type, 100, CHOICES), text)
    assert found.text == sent
    assert problem in found.problem
    assert bool(found.problem) == bool(problem)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ ticket.occurrences }}", True),
        ("{{ticket . occurrences}} times", True),
        ("{{ alert.priority }}", False),
        ("{{ ticket.number }}", False),
    ],
)
def test_a_counter_is_known_by_its_template(template: str, expected: bool) -> None:
    assert counts_occurrences(template) is expected


@pytest.mark.parametrize("one", STANDARD_SET, ids=lambda one: one.name)
def test_the_standard_set_renders_and_fits(one) -> None:
    assert len(one.name) <= 45
    assert check_template(one.template, known_variables(with_ticket=False)) == []
    rendered = render_value(one.template, example_context())
    assert rendered.problems == ()
    found = fit_value(UdfField(one.name, one.kind, 8000), rendered.text)
    assert found.text
    assert found.problem == ""
