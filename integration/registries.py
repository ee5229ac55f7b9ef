"""Where apps above tell this package what it cannot know: backlogs, inbound messages, set-up steps, metrics.

`integration` imports no app; each app registers in its `AppConfig.ready`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client import Metric


@dataclass(frozen=True, slots=True)
class Backlog:
    """Work that is due and waits.

    Attributes:
        count: rows.
        oldest_at: when the oldest became due, None when nothing waits.
        waits_for_vendor: the vendor does not answer, so waiting is right and this server is fit.
    """

    count: int
    oldest_at: datetime | None
    waits_for_vendor: bool = False


@dataclass(frozen=True, slots=True)
class InboundState:
    """What came in through one door.

    Attributes:
        channel: "datto_rmm", "autotask" or "callout".
        last_at: last message, None when there never was one.
        last_test_at: last message of a vendor's test button.
        last_problem: why the last unreadable message was unreadable, empty when none since the last good one.
    """

    channel: str
    last_at: datetime | None
    last_test_at: datetime | None = None
    last_problem: str = ""


@dataclass(frozen=True, slots=True)
class SetupStep:
    """One step of setting up.

    Attributes:
        title: what to do.
        detail: how it stands.
        is_done: nothing left to do.
        url: where it is done.
        position: order among all steps.
    """

    title: str
    detail: str
    is_done: bool
    url: str
    position: int


_backlogs: dict[str, Callable[[], Backlog]] = {}
_inbound: list[Callable[[], list[InboundState]]] = []
_steps: list[Callable[[], list[SetupStep]]] = []
_metrics: list[Callable[[], Iterable[Metric]]] = []
_demo: list[Callable[[], str]] = []
_labels: list[Callable[[set[tuple[str, int]]], dict[tuple[str, int], str]]] = []


def register_backlog(name: str, read: Callable[[], Backlog]) -> None:
    """Count a kind of waiting work in `/readyz`, `/metrics` and on the health page."""
    _backlogs[name] = read


def register_inbound(read: Callable[[], list[InboundState]]) -> None:
    """Tell when messages last came in."""
    _inbound.append(read)


def register_setup_steps(read: Callable[[], list[SetupStep]]) -> None:
    """Add steps to the set-up list."""
    _steps.append(read)


def register_metrics(collect: Callable[[], Iterable[Metric]]) -> None:
    """Add Prometheus metrics; called at each scrape."""
    _metrics.append(collect)


def register_demo_step(run: Callable[[], str]) -> None:
    """Add work to `connect --demo`, done after the first syncs; returns one line about what it did."""
    _demo.append(run)


def register_value_labels(read: Callable[[set[tuple[str, int]]], dict[tuple[str, int], str]]) -> None:
    """Tell what ids in changes are called: {(field, id): name} of those it knows among the asked ones."""
    _labels.append(read)


def value_labels(pairs: set[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """Return what the apps call these (field, id) pairs."""
    found: dict[tuple[str, int], str] = {}
    for read in _labels:
        found |= read(pairs) if pairs else {}
    return found


def read_backlogs() -> dict[str, Backlog]:
    """Return every registered backlog by name."""
    return {name: read() for name, read in _backlogs.items()}


def read_inbound() -> dict[str, InboundState]:
    """Return the state of each inbound door by channel."""
    return {state.channel: state for read in _inbound for state in read()}


def read_setup_steps() -> list[SetupStep]:
    """Return the apps' set-up steps in order."""
    return sorted((step for read in _steps for step in read()), key=lambda step: step.position)


def collect_metrics() -> list[Metric]:
    """Return the apps' metrics."""
    return [metric for collect in _metrics for metric in collect()]


def run_demo_steps() -> list[str]:
    """Run the apps' part of the demo set-up."""
    return [run() for run in _demo]
