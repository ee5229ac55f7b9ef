"""The variables ticket templates may use: one table for rendering, checking and the help beside the form. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable.

    Attributes:
        name: as typed, such as `alert.priority`.
        description: what it holds.
        example: a value, for the help and for trial renderings.
        only_in_note: True when it is not known before the ticket exists.
    """

    name: str
    description: str
    example: str
    only_in_note: bool = False


VARIABLES: Final[tuple[Variable, ...]] = (
    Variable("alert.uid", "the alert's id in Datto RMM", "9f1c2d3e-0000-4000-8000-5a1e00000001"),
    Variable("alert.priority", "Critical, High, Moderate, Low, Information or Unknown", "Critical"),
    Variable("alert.monitor_type", "kind of monitor", "Disk Usage"),
    Variable("alert.subject", "what is in trouble", "disk C:"),
    Variable("alert.summary", "the trouble in one line", "Disk C: has 4.1 GB of 237 GB free"),
    Variable(
        "alert.diagnostics", "diagnostic text of the alert, may be long", "C: 1.7 % free, threshold 10 %"
    ),
    Variable("alert.raised_at", "when it was raised, UTC", "2026-11-24 10:02 UTC"),
    Variable("alert.link", "address of the alert in Datto RMM", "https://rmm.example/alert/9f1c2d3e"),
    Variable(
        "alert.timeline_link",
        "address of the alert's story in RMM Bridge",
        "https://bridge.example/admin/tickets/alert/1/change/",
    ),
    Variable("monitor.name", "the monitor, as the catalogue names it", "C: on servers below 10 %"),
    Variable(
        "monitor.runbook", "address of the instructions, if a setting gives one", "https://wiki.example/disk"
    ),
    Variable("device.hostname", "host name", "NORTH-SRV01"),
    Variable("device.class", "device class in Datto RMM", "device"),
    Variable(
        "device.recent_alerts",
        "alerts of the device in the last 24 hours, a line each",
        "09:12 UTC CPU, 98 %",
    ),
    Variable("device.description", "description in Datto RMM", "File server, first floor"),
    Variable("device.operating_system", "operating system", "Microsoft Windows Server 2022 Standard"),
    Variable("device.ip", "internal IP address", "10.0.4.12"),
    Variable("device.external_ip", "external IP address", "203.0.113.7"),
    Variable("device.last_user", "last user who signed in", "NORTH\\mira"),
    Variable("device.link", "address of the device in Datto RMM", "https://rmm.example/device/4711"),
    Variable("device.web_remote_link", "address that starts Web Remote", "https://rmm.example/remote/4711"),
    Variable("site.name", "site in Datto RMM", "Northwind Dental, Main Street"),
    Variable("site.link", "address of the site in Datto RMM", "https://rmm.example/site/12"),
    Variable("organization.name", "organization in Autotask", "Northwind Dental"),
    Variable("ticket.number", "number of the ticket", "T20261124.0042", only_in_note=True),
    Variable("ticket.occurrences", "alerts that the ticket has stood for", "1"),
)

#: `{% for fact in facts %}{{ fact.label }}: {{ fact.value }}{% endfor %}`
FACTS: Final = "facts"
FACT_FIELDS: Final = ("label", "value")
EXAMPLE_FACTS: Final = (("Disk", "C:"), ("Free", "4.1 GB"), ("Size", "237 GB"))

_BY_NAME: Final = {variable.name: variable for variable in VARIABLES}


def known_variables(*, with_ticket: bool) -> frozenset[str]:
    """Return the names a template may use; `with_ticket` for texts written after the ticket exists."""
    return frozenset(v.name for v in VARIABLES if with_ticket or not v.only_in_note) | {FACTS}


def build_context(values: Mapping[str, str], facts: Sequence[tuple[str, str]] = ()) -> dict[str, Any]:
    """Return what `rendering.render` takes.

    Args:
        values: name from `VARIABLES` -> text. Missing ones are empty, so a gap never breaks a template.
        facts: (label, value) from the alert's context, in the order to show.

    Raises:
        ValueError: a name that is not in `VARIABLES`.
    """
    unknown = sorted(set(values) - set(_BY_NAME))
    if unknown:
        raise ValueError(f"template variables {', '.join(unknown)} do not exist; see VARIABLES")
    groups: dict[str, Any] = {}
    for name in _BY_NAME:
        group, _, member = name.partition(".")
        setattr(groups.setdefault(group, SimpleNamespace()), member, values.get(name) or "")
    groups[FACTS] = [SimpleNamespace(label=label, value=value) for label, value in facts]
    return groups


def example_context() -> dict[str, Any]:
    """Return a made-up alert's context, for trial renderings."""
    return build_context({v.name: v.example for v in VARIABLES}, EXAMPLE_FACTS)
