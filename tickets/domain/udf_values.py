"""From rendered text to what a ticket's user-defined field takes, and the standard set of such fields. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

#: As long as Autotask takes them.
_LONGEST: Final = 8000


@dataclass(frozen=True, slots=True)
class UdfField:
    """A user-defined field of tickets, as far as its values depend on it.

    Attributes:
        data_type: text, long_text, number, date, list, boolean or unknown.
        choices: of a list: [{value, label, is_active}].
    """

    name: str
    data_type: str
    max_length: int | None = None
    choices: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class UdfValue:
    """What is sent, or why nothing is.

    Attributes:
        text: as Autotask takes it; None when nothing is sent.
        problem: why not; empty also when there is just nothing to send.
    """

    text: str | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class StandardUdf:
    """A field of the standard set.

    Attributes:
        kind: what Autotask's API calls it: "text" or "number".
        template: what fills it.
        purpose: in words.
    """

    name: str
    kind: str
    template: str
    purpose: str


STANDARD_SET: Final = (
    StandardUdf("RMM Monitor", "text", "{{ monitor.name }}", "the monitor that raised the alert"),
    StandardUdf(
        "RMM Monitor Type", "text", "{{ alert.monitor_type }}", "kind of monitor, such as Disk Usage"
    ),
    StandardUdf("RMM Priority", "text", "{{ alert.priority }}", "priority of the alert in Datto RMM"),
    StandardUdf("RMM Device Class", "text", "{{ device.class }}", "device class in Datto RMM"),
    StandardUdf("RMM Site", "text", "{{ site.name }}", "site in Datto RMM"),
    StandardUdf(
        "RMM Occurrences", "number", "{{ ticket.occurrences }}", "how many alerts the ticket has stood for"
    ),
    StandardUdf("RMM Alert Link", "text", "{{ alert.timeline_link }}", "the alert's story in RMM Bridge"),
)

_COUNTER: Final = re.compile(r"\bticket\s*\.\s*occurrences\b")


def counts_occurrences(template: str) -> bool:
    """Return whether a value changes when alerts join the ticket."""
    return _COUNTER.search(template) is not None


def fit_value(field: UdfField, rendered: str) -> UdfValue:
    """Return what a field takes of a rendered text.

    Autotask takes all fields of a ticket or none, so what it would refuse is left out here.
    """
    text = rendered.strip()
    if not text:
        return UdfValue(None)
    if field.data_type == "list":
        return _choice(field, text)
    if field.data_type == "number":
        return _number(text)
    if field.data_type == "date":
        return _date(text)
    return UdfValue(text[: min(field.max_length or _LONGEST, _LONGEST)])


def _choice(field: UdfField, text: str) -> UdfValue:
    for one in field.choices:
        if str(one.get("label", "")).strip().casefold() == text.casefold() and one.get("is_active", True):
            return UdfValue(str(one["value"]))
    return UdfValue(None, f'Its list in Autotask has no active value "{text[:60]}". Add the value there.')


def _number(text: str) -> UdfValue:
    try:
        is_number = math.isfinite(float(text))
    except ValueError:
        is_number = False
    if not is_number:
        return UdfValue(None, f'It takes a number, and "{text[:60]}" is none. Change the template.')
    return UdfValue(text)


def _date(text: str) -> UdfValue:
    try:
        return UdfValue(datetime.fromisoformat(text).isoformat())
    except ValueError:
        return UdfValue(
            None, f'It takes a date such as 2026-12-24, and "{text[:60]}" is none. Change the template.'
        )
