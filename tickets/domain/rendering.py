"""Ticket title, description and first note from templates. Pure.

A template that fails never costs a ticket: the built-in text takes its place and the reason is kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from jinja2 import TemplateError, TemplateSyntaxError, UndefinedError

from tickets.domain.template_language import compile_template, start_budget
from tickets.domain.templates_check import TemplateProblem, describe_syntax_error

TITLE_LENGTH: Final = 255
DESCRIPTION_LENGTH: Final = 8_000
#: Autotask takes 32,000 characters for a note and for a ticket's resolution.
NOTE_LENGTH: Final = 32_000
CUT_NOTE: Final = "\n... (cut, full text in RMM Bridge)"
_CUT_LINE: Final = "..."
#: Everything below a space but tab and line feed; XML-based stacks refuse them, and PostgreSQL refuses NUL.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")

#: No counters and no times: texts that change each time defeat grouping by title in Autotask.
BUILT_IN_TITLE: Final = (
    "[{{ alert.priority }}] {{ alert.monitor_type }}{% if alert.subject %}: {{ alert.subject }}{% endif %}"
    "{% if device.hostname %} on {{ device.hostname }}{% elif site.name %} at {{ site.name }}{% endif %}"
)
BUILT_IN_DESCRIPTION: Final = """\
{{ alert.summary | default(alert.monitor_type) }}

{% if device.hostname %}
Device: {{ device.hostname }}{% if device.description and device.description != device.hostname %} ({{ device.description }}){% endif %}

{% endif %}
{% if device.operating_system %}
System: {{ device.operating_system }}
{% endif %}
{% if device.ip or device.external_ip %}
IP address: {{ device.ip | default(device.external_ip) }}{% if device.ip and device.external_ip %}, external {{ device.external_ip }}{% endif %}

{% endif %}
{% if device.last_user %}
Last user: {{ device.last_user }}
{% endif %}
{% if site.name %}
Site: {{ site.name }}
{% endif %}
Priority: {{ alert.priority }}
Monitor: {{ alert.monitor_type }}{% if monitor.name and monitor.name != alert.monitor_type %} ({{ monitor.name }}){% endif %}

{% if alert.raised_at %}
Raised: {{ alert.raised_at }}
{% endif %}
{% if monitor.runbook %}
Runbook: {{ monitor.runbook }}
{% endif %}
{% if facts %}

{% for fact in facts %}
{{ fact.label }}: {{ fact.value }}
{% endfor %}
{% endif %}
{% if alert.diagnostics %}

Diagnostics:
{{ alert.diagnostics | lines(60) }}
{% endif %}
{% if device.recent_alerts %}

Last 24 hours on this device:
{{ device.recent_alerts | lines(10) }}
{% endif %}
{% if alert.link or device.link or device.web_remote_link or alert.timeline_link %}

{% if alert.link %}
Alert: {{ alert.link }}
{% endif %}
{% if alert.timeline_link %}
Timeline: {{ alert.timeline_link }}
{% endif %}
{% if device.link %}
Device: {{ device.link }}
{% endif %}
{% if device.web_remote_link %}
Web Remote: {{ device.web_remote_link }}
{% endif %}
{% endif %}
"""
BUILT_IN_NOTE: Final = """\
Datto RMM alert: {{ alert.summary | default(alert.monitor_type) }}
{% if alert.raised_at %}
Raised: {{ alert.raised_at }}
{% endif %}
{% if alert.diagnostics %}

{{ alert.diagnostics }}
{% endif %}
{% if alert.link %}

{{ alert.link }}
{% endif %}
"""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A text ready for Autotask.

    Attributes:
        problems: what went wrong; when not empty, `text` is the built-in text or, without one, empty.
        is_cut: True when it was longer than the field takes.
    """

    text: str
    problems: tuple[TemplateProblem, ...] = ()
    is_cut: bool = False


def render(
    template_text: str,
    context: Mapping[str, Any],
    *,
    max_length: int = NOTE_LENGTH,
    single_line: bool = False,
) -> Rendered:
    """Return the text of a template; never raises for a bad template.

    Args:
        template_text: the template.
        context: from `template_variables.build_context`.
        max_length: what the field takes; longer text is cut with a visible note.
        single_line: True for titles: line breaks become spaces.
    """
    pieces: list[str] = []
    length = 0
    try:
        template = compile_template(template_text)
        start_budget()
        for piece in template.generate(dict(context)):
            pieces.append(piece)
            length += len(piece)
            if length > max_length * 2 + 1_000:  # blanks may be trimmed, so more than needed, but bounded
                break
    except TemplateSyntaxError as error:
        return Rendered("", (describe_syntax_error(error),))
    except UndefinedError as error:
        return Rendered(
            "", (TemplateProblem(_line_of(error), f"{error.message}.", "Check the variable's name."),)
        )
    except TemplateError as error:
        return Rendered("", (TemplateProblem(_line_of(error), f"{error.message}", "Simplify the template."),))
    except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError) as error:
        message = f"It cannot be computed: {error}."
        return Rendered("", (TemplateProblem(_line_of(error), message, "Check the values it works on."),))
    return fit("".join(pieces), max_length=max_length, single_line=single_line)


def render_or_built_in(
    template_text: str,
    built_in: str,
    context: Mapping[str, Any],
    *,
    max_length: int,
    single_line: bool = False,
) -> Rendered:
    """Return the template's text; the built-in text when there is no template, it fails, or it says nothing."""
    problems: tuple[TemplateProblem, ...] = ()
    if template_text.strip():
        own = render(template_text, context, max_length=max_length, single_line=single_line)
        if own.text and not own.problems:
            return own
        problems = own.problems or (
            TemplateProblem(1, "The template gives an empty text.", "Use variables that every alert has."),
        )
    text = render(built_in, context, max_length=max_length, single_line=single_line)
    return Rendered(text.text, (*problems, *text.problems), text.is_cut)


def render_title(template_text: str, context: Mapping[str, Any]) -> Rendered:
    """Return the ticket's title: one line, at most 255 characters, never empty."""
    return render_or_built_in(
        template_text, BUILT_IN_TITLE, context, max_length=TITLE_LENGTH, single_line=True
    )


def render_description(template_text: str, context: Mapping[str, Any]) -> Rendered:
    """Return the ticket's description: plain text, at most 8,000 characters."""
    return render_or_built_in(template_text, BUILT_IN_DESCRIPTION, context, max_length=DESCRIPTION_LENGTH)


def render_note(template_text: str, context: Mapping[str, Any]) -> Rendered:
    """Return the first note: plain text, at most 32,000 characters."""
    return render_or_built_in(template_text, BUILT_IN_NOTE, context, max_length=NOTE_LENGTH)


def render_value(template_text: str, context: Mapping[str, Any]) -> Rendered:
    """Return the value of a user-defined field: one line, at most 8,000 characters, empty when there is nothing to say."""
    return render(template_text, context, max_length=DESCRIPTION_LENGTH, single_line=True)


def fit(text: str, *, max_length: int, single_line: bool = False) -> Rendered:
    """Return a text without control characters, cut to what the field takes."""
    text = _SURROGATE.sub("?", _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))
    text = " ".join(text.split()) if single_line else text.strip()
    if len(text) <= max_length:
        return Rendered(text)
    note = _CUT_LINE if single_line else CUT_NOTE
    return Rendered(text[: max_length - len(note)].rstrip() + note, is_cut=True)


def _line_of(error: BaseException) -> int:
    """Return the template line an error happened at; Jinja rewrites the traceback to say it."""
    line, trace = 1, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
