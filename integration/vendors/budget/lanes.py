"""Lanes: how urgent a call is."""

from __future__ import annotations

from enum import StrEnum


class Lane(StrEnum):
    """Why a call is made; decides who goes first and how deep it may dig into a shared budget."""

    NEW_TICKET = "new_ticket"
    INTAKE = "intake"  # reading an alert that just came in
    CLOSE = "close"
    INTERACTIVE = "interactive"  # a person waits
    NOTE = "note"
    BACKGROUND = "background"

    @property
    def priority(self) -> int:
        """Return the rank, higher goes first; NEW_TICKET and INTAKE share the top."""
        return _PRIORITY[self]


_PRIORITY = {
    Lane.NEW_TICKET: 5,
    Lane.INTAKE: 5,
    Lane.CLOSE: 4,
    Lane.INTERACTIVE: 3,
    Lane.NOTE: 2,
    Lane.BACKGROUND: 1,
}
