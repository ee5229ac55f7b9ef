"""What a plan can do to a vendor: each operation applies one entry of a run, and tells how it is undone.

Apps register theirs when Django starts. The engine owns the order, the claims and the history; an operation owns
one vendor write and the local rows that follow from it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from integration.models import SyncRunEntry
from integration.vendors.budget import Lane

if TYPE_CHECKING:
    from integration.models import SyncRun
    from integration.vendors.autotask.client import AutotaskClient
    from integration.vendors.datto_rmm import DattoRmmClient


class Superseded(Exception):  # noqa: N818 - not a failure: the world moved on
    """The entry no longer fits what is there; the text says what changed since it was planned."""


class UnknownOperationError(LookupError):
    """No operation of this name is registered, such as one of a newer version of the product."""


class CannotApply(Exception):  # noqa: N818 - the text is for a person
    """The entry cannot be applied; carries the cure.

    Attributes:
        remedy: what a person can do.
    """

    def __init__(self, text: str, remedy: str = "") -> None:
        self.remedy = remedy
        super().__init__(text)


@dataclass(frozen=True, slots=True)
class Draft:
    """One planned change.

    Attributes:
        operation: name of a registered operation.
        before, after: what a person compares; only fields that differ, by our names.
        payload: what the operation needs besides; ids, no labels.
        needs_approval: a person has to choose it; "apply all" passes it by.
        message: why, in words.
    """

    action: SyncRunEntry.Action
    operation: str
    object_type: str
    object_id: str
    label: str
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    payload: dict[str, Any] = field(default_factory=dict)
    needs_approval: bool = False
    message: str = ""


class Work:
    """What an operation works with; clients are made when first used and write only while nobody paused us."""

    def __init__(self, run: SyncRun) -> None:
        self.run = run

    @cached_property
    def autotask(self) -> AutotaskClient:
        """The client for writes to Autotask; raises NotConnected while paused."""
        from integration.clients import autotask_client  # noqa: PLC0415 - clients are built on demand

        return autotask_client(lane=self._lane, subject=self._subject, run_id=self.run.pk, writes=True)

    @cached_property
    def datto(self) -> DattoRmmClient:
        """The client for writes to Datto RMM; raises NotConnected while paused."""
        from integration.clients import datto_client  # noqa: PLC0415 - as above

        return datto_client(lane=self._lane, subject=self._subject, run_id=self.run.pk, writes=True)

    @property
    def _lane(self) -> Lane:
        # A person who chose a few changes waits for them; a whole sync does not hurry.
        return Lane.BACKGROUND if self.run.is_whole else Lane.INTERACTIVE

    @property
    def _subject(self) -> str:
        return f"sync:{self.run.kind}"


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of an entry: `result` is kept for undo, `message` is read by people."""

    result: dict[str, Any] = field(default_factory=dict)
    message: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """One kind of change.

    Attributes:
        name: as entries carry it.
        apply: does it. Its last argument is True when an earlier try may have been stored by the vendor: then it
            looks before it writes. Raises Superseded, CannotApply or VendorError.
        draft_undo: returns the change that takes a done entry back, or why that is impossible.
    """

    name: str
    apply: Callable[[Work, SyncRunEntry, bool], Applied]
    draft_undo: Callable[[SyncRunEntry], Draft | str]


_OPERATIONS: dict[str, Operation] = {}


def register_operation(operation: Operation) -> None:
    """Add an operation; a second one of the same name replaces the first."""
    _OPERATIONS[operation.name] = operation


def get_operation(name: str) -> Operation:
    """Return an operation.

    Raises:
        UnknownOperationError: there is none of this name.
    """
    try:
        return _OPERATIONS[name]
    except KeyError:
        raise UnknownOperationError(f"operation: {name!r} is unknown to this version.") from None
