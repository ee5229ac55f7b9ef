from __future__ import annotations

import pytest

from tickets.domain.template_variables import known_variables
from tickets.domain.templates_check import check_template

KNOWN = known_variables(with_ticket=False)
WITH_TICKET = known_variables(with_ticket=True)


@pytest.mark.parametrize(
    "text",
    [
        "plain text",
        "{{ alert.priority }}",
        "{{ alert['priority'] }}",
        "{% for fact in facts %}{{ loop.index }}. {{ fact.label }}: {{ fact.value }}{% if not loop.last %}, {% endif %}{% endfor %}",
        "{% if alert.priority in ['High', 'Critical'] %}!{% endif %}",
        "{% set name = device.hostname | default('?') %}{{ name | upper }}",
        "{{ facts | join('; ', 'label') }}",
        "{{ alert.diagnostics | lines(5) | indent(2) }}",
        "{{ facts[0].label if facts else '' }}",
        "{{ 'a' ~ alert.uid ~ 'b' }}",
    ],
)
def test_good_templates_have_no_problem(text):
    assert check_template(text, KNOWN) == []


@pytest.mark.parametrize(
    ("text", "line", "message", "cure"),
    [
        ("{{ alert.sumary }}", 1, "There is no variable alert.sumary.", "Did you mean alert.summary?"),
        ("a\nb\n{{ alert.prio }}", 3, "There is no variable alert.prio.", "Did you mean alert.priority?"),
        ("{{ hostname }}", 1, "There is no variable hostname.", "Did you mean device.hostname?"),
        ("{{ device.name }}", 1, "There is no variable device.name.", "In device there are"),
        ("{{ alert }}", 1, "alert is a group", "alert.priority"),
        ("{{ alert[0] }}", 1, "alert[...] does not exist", "field's name"),
        ("{{ ticket.number }}", 1, "There is no variable ticket.number here.", "first note only"),
        ("{{ alert.uid | uper }}", 1, "There is no filter uper.", "Did you mean upper?"),
        ("{% for f in facts %}{{ f.name }}{% endfor %}", 1, "f.name does not exist.", "f.label and f.value"),
        ("{% for f in facts %}{{ loop.cycle }}{% endfor %}", 1, "loop.cycle does not exist.", "index"),
        ("{{ facts.label }}", 1, "facts.label does not exist.", "for fact in facts"),
        ("{{ alert.uid", 1, "Unexpected end of template", "}}"),
        ("\n{% if alert.uid %}", 2, "Unexpected end of template", "endif"),
        ("{{ alert.uid.upper() }}", 1, "Calls such as name(...)", "filter"),
        ("{% include 'x' %}", 1, "'include' is not available", "if, for and set"),
        ("{{ 2 ** 3 }}", 1, "** is not available", "Write the number"),
        ("{{ alert.uid, alert.priority }}", 1, "Commas make a list", "one value"),
    ],
)
def test_problems_name_the_line_the_trouble_and_the_cure(text, line, message, cure):
    (problem, *_rest) = check_template(text, KNOWN)
    assert problem.line == line
    assert message in problem.message
    assert cure in problem.cure


def test_every_unknown_variable_is_named_once():
    problems = check_template("{{ alert.a1 }} {{ alert.a1 }} {{ site.b2 }}", KNOWN)
    assert [p.message for p in problems] == [
        "There is no variable alert.a1.",
        "There is no variable site.b2.",
    ]


def test_the_first_note_knows_the_ticket_number():
    assert check_template("{{ ticket.number }}", WITH_TICKET) == []
    (problem,) = check_template("{{ ticket.id }}", WITH_TICKET)
    assert "ticket.id" in problem.message


def test_a_problem_reads_as_one_sentence():
    (problem,) = check_template("{{ alert.sumary }}", KNOWN)
    assert str(problem).startswith("Line 1: There is no variable alert.sumary. Did you mean alert.summary?")
