"""The kinds of synchronisation; each app registers its own when Django starts.

So the command, the "Run now" page and the schedules know every kind, and this package imports no app.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from integration.sync.recorder import RunRecorder


@dataclass(frozen=True, slots=True)
class SyncKind:
    """One kind of run.

    Attributes:
        name: as typed on the command line.
        title: as read on screen.
        description: one sentence about what it does.
        execute: does the work; raises VendorError or any other exception to fail the run.
        position: order in `all` and on the page.
        queue: the Celery queue of its runs; polls of alerts must not wait behind a long device sync.
        finish: called after a foreground run, outside the run, for work the run has made due.
        judge: of a kind that plans changes at a vendor: returns why the plan must not be applied without a person,
            "" when it may. Such a kind's `execute` only plans; the engine applies.
        after_apply: called when a plan has been applied, for what follows from it.
        is_on_demand: only when a person asks for it; no part of `all`.
    """

    name: str
    title: str
    description: str
    execute: Callable[[RunRecorder], None]
    position: int
    queue: str = "sync"
    finish: Callable[[], None] | None = None
    judge: Callable[[RunRecorder], str] | None = None
    after_apply: Callable[[RunRecorder], None] | None = None
    is_on_demand: bool = False


_KINDS: dict[str, SyncKind] = {}


def register(kind: SyncKind) -> None:
    """Add a kind; a second one of the same name replaces the first."""
    _KINDS[kind.name] = kind


def get_kind(name: str) -> SyncKind:
    """Return a kind by name.

    Raises:
        LookupError: unknown; the text lists what exists.
    """
    try:
        return _KINDS[name]
    except KeyError:
        raise LookupError(
            f"KIND: {name!r} is unknown. Use one of: {', '.join(k.name for k in list_kinds())}, all."
        ) from None


def list_kinds() -> list[SyncKind]:
    """Return every kind in the order in which `all` runs them."""
    return sorted(_KINDS.values(), key=lambda kind: kind.position)
