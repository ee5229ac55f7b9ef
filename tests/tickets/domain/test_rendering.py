from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.domain.rendering import (
    BUILT_IN_DESCRIPTION,
    BUILT_IN_NOTE,
    BUILT_IN_TITLE,
    CUT_NOTE,
    render,
    render_description,
    render_note,
    render_title,
)
from tickets.domain.template_variables import VARIABLES, build_context, example_context, known_variables
from tickets.domain.templates_check import check_template

CONTEXT = example_context()


def test_built_in_title_has_no_counter_and_no_time():
    assert render_title("", CONTEXT).text == "[Critical] Disk Usage: disk C: on NORTH-SRV01"


@pytest.mark.parametrize(
    ("values", "title"),
    [
        (
            {"alert.priority": "High", "alert.monitor_type": "Online Status", "device.hostname": "A"},
            "[High] Online Status on A",
        ),
        (
            {"alert.priority": "Low", "alert.monitor_type": "Network Monitor", "site.name": "S"},
            "[Low] Network Monitor at S",
        ),
        ({"alert.priority": "Low", "alert.monitor_type": "Other"}, "[Low] Other"),
    ],
)
def test_built_in_title_reads_well_with_gaps(values, title):
    assert render_title("", build_context(values)).text == title


def test_built_in_description_is_a_plain_table_with_links():
    assert render_description("", CONTEXT).text == (
        "Disk C: has 4.1 GB of 237 GB free\n\n"
        "Device: NORTH-SRV01 (File server, first floor)\n"
        "System: Microsoft Windows Server 2022 Standard\n"
        "IP address: 10.0.4.12, external 203.0.113.7\n"
        "Last user: NORTH\\mira\n"
        "Site: Northwind Dental, Main Street\n"
        "Priority: Critical\nMonitor: Disk Usage (C: on servers below 10 %)\nRaised: 2026-11-24 10:02 UTC\n"
        "Runbook: https://wiki.example/disk\n\n"
        "Disk: C:\nFree: 4.1 GB\nSize: 237 GB\n\n"
        "Diagnostics:\nC: 1.7 % free, threshold 10 %\n\n"
        "Last 24 hours on this device:\n09:12 UTC CPU, 98 %\n\n"
        "Alert: https://rmm.example/alert/9f1c2d3e\n"
        "Timeline: https://bridge.example/admin/tickets/alert/1/change/\n"
        "Device: https://rmm.example/device/4711\n"
        "Web Remote: https://rmm.example/remote/4711"
    )


def test_built_in_texts_work_with_nothing_known():
    empty = build_context({})
    for render_text in (render_title, render_description, render_note):
        rendered = render_text("", empty)
        assert rendered.text
        assert rendered.problems == ()


@pytest.mark.parametrize("text", [BUILT_IN_TITLE, BUILT_IN_DESCRIPTION])
def test_built_in_texts_pass_their_own_check(text):
    assert check_template(text, known_variables(with_ticket=False)) == []
    assert check_template(BUILT_IN_NOTE, known_variables(with_ticket=True)) == []


def test_the_own_template_is_used():
    rendered = render_title("{{ device.hostname | lower }}: {{ alert.summary }}", CONTEXT)
    assert rendered.text == "north-srv01: Disk C: has 4.1 GB of 237 GB free"
    assert rendered.problems == ()


def test_a_failing_template_gives_the_built_in_text_and_the_reason():
    rendered = render_title("{{ alert.sumary }}", CONTEXT)
    assert rendered.text == "[Critical] Disk Usage: disk C: on NORTH-SRV01"
    assert "sumary" in rendered.problems[0].message


def test_a_template_that_says_nothing_gives_the_built_in_text():
    rendered = render_title("{% if alert.subject == 'x' %}x{% endif %}", CONTEXT)
    assert rendered.text.startswith("[Critical]")
    assert "empty text" in rendered.problems[0].message


def test_titles_are_one_line_and_cut_visibly():
    rendered = render_title(
        "{{ alert.diagnostics }}", build_context({"alert.diagnostics": "one\r\ntwo\tthree " + "x" * 300})
    )
    assert rendered.text.startswith("one two three xxx")
    assert len(rendered.text) == 255
    assert rendered.text.endswith("...")
    assert rendered.is_cut


def test_descriptions_are_cut_with_a_note():
    rendered = render_description(
        "{{ alert.diagnostics }}", build_context({"alert.diagnostics": "y" * 20_000})
    )
    assert len(rendered.text) == 8000
    assert rendered.text.endswith(CUT_NOTE)


def test_control_characters_are_stripped_and_markup_is_left_alone():
    text = "a\x00b\x07c <b>&\"' \ud800"
    assert render("{{ alert.summary }}", build_context({"alert.summary": text})).text == "abc <b>&\"' ?"


def test_text_from_strangers_is_never_a_template():
    hostile = "{{ 7 * 7 }}{% for x in facts %}{% endfor %}"
    assert render("{{ alert.summary }}", build_context({"alert.summary": hostile})).text == hostile


BOMBS = {
    "multiply text": "{{ 'a' * 1000000000 }}",
    "power": "{{ 9 ** 9 ** 9 }}",
    "numbers": "{% set a = 9 %}" + "{% set a = a * a %}" * 60 + "{{ a }}",
    "doubling": "{% set a = 'aaaaaaaaaa' %}" + "{% set a = a ~ a %}" * 60 + "{{ a }}",
    "doubling by plus": "{% set a = 'aaaaaaaaaa' %}" + "{% set a = a + a %}" * 60 + "{{ a }}",
    "nested loops": "{% for a in facts %}" * 12 + "x" + "{% endfor %}" * 12,
    "silent loops": "{% for a in facts %}" * 12 + "{% endfor %}" * 12,
    "loop over text": "{% for a in alert.uid %}x{% endfor %}",
    "range": "{% for a in range(1000000000) %}{% endfor %}",
    "percent format": "{{ '%1000000000d' % 1 }}",
    "format filter": "{{ '%1000000000d' | format(1) }}",
    "format method": "{{ '{0.__class__}'.format(alert) }}",
    "replace": "{% set a = alert.diagnostics %}" + "{% set a = a | replace('x', 'xxxxxxxxxx') %}" * 60,
    "center": "{{ 'a' | center(1000000000) }}",
    "indent": "{{ alert.uid | indent(1000000000) | length }}{{ 1 / 0 }}",
    "class": "{{ alert.__class__ }}",
    "globals": "{{ alert.__init__.__globals__ }}",
    "namespace": "{% set ns = namespace(a=1) %}",
    "macro": "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}",
    "import": "{% import 'x' as y %}",
    "include": "{% include 'x' %}",
    "capture": "{% set a %}x{% endset %}",
    "lists": "{% set a = [1] %}{% set a = [a, a] %}{{ a }}",
    "deep": "{% if alert.uid %}" * 900 + "{% endif %}" * 900,
    "brackets": "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}",
    "divide": "{{ 1 / 0 }}",
    "group": "{{ alert }}",
    "recursive": "{% for f in facts recursive %}{{ loop(facts) }}{% endfor %}",
    "too long": "x" * 30_000,
}


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS.keys())
def test_a_hostile_template_is_refused_quickly(text):
    context = build_context({"alert.diagnostics": "x" * 1000, "alert.uid": "u" * 50}, [("a", "b")] * 20)
    started = time.perf_counter()
    rendered = render(text, context)
    assert rendered.problems, rendered
    assert rendered.text == ""
    assert time.perf_counter() - started < 2


def test_output_is_bounded_even_when_every_piece_is_allowed():
    context = build_context({"alert.diagnostics": "x" * 100_000}, [("a", "b")] * 1500)
    rendered = render("{% for f in facts %}{{ alert.diagnostics }}{% endfor %}", context, max_length=500)
    assert len(rendered.text) == 500


def test_unknown_values_for_the_context_are_refused():
    with pytest.raises(ValueError, match=r"alert\.nonsense"):
        build_context({"alert.nonsense": "x"})


@given(st.text(max_size=200))
def test_no_template_ever_raises(text):
    title = render_title(text, CONTEXT)
    assert title.text
    assert "\n" not in title.text
    assert len(title.text) <= 255
    check_template(text, known_variables(with_ticket=False))


@given(
    st.lists(
        st.sampled_from(
            [
                "{{",
                "}}",
                "{%",
                "%}",
                " if ",
                " for ",
                " in ",
                "alert",
                ".",
                "uid",
                "facts",
                "|",
                "(",
                ")",
                "'",
                "~",
                "end",
                "set a = ",
            ]
        ),
        max_size=14,
    )
)
def test_no_mixture_of_template_tokens_ever_raises(parts):
    text = "".join(parts)
    assert render_title(text, CONTEXT).text
    check_template(text, known_variables(with_ticket=False))


@given(st.dictionaries(st.sampled_from([v.name for v in VARIABLES]), st.text(max_size=400)))
def test_built_in_texts_fit_their_fields_whatever_datto_sends(values):
    context = build_context(values)
    title, description, note = (
        render_title("", context),
        render_description("", context),
        render_note("", context),
    )
    assert 0 < len(title.text) <= 255
    assert 0 < len(description.text) <= 8000
    assert "\x00" not in title.text + description.text + note.text
    assert title.problems == description.problems == note.problems == ()
