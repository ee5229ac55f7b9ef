"""Whether a person merged a ticket into another one: Autotask tells it by a note on the ticket that goes. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

#: Types of notes that Autotask writes when tickets are duplicated, forwarded or merged; which is which differs.
_NOTE_TYPES: Final = frozenset({15, 91, 92, 93, 94, 95})
_INTO: Final = re.compile(r"\b(?:merged|absorbed)\s+(?:in)?to\b[^\n]*?\b(T\d{8}\.\d{4,})\b", re.IGNORECASE)


def find_merged_into(notes: Iterable[tuple[int | None, str]], own_number: str) -> str:
    """Return the number of the ticket that stays, empty when the ticket was not merged.

    Args:
        notes: type and text of each, oldest first; the last one that tells a merge counts.
        own_number: of the ticket the notes are on.
    """
    found = ""
    for note_type, text in notes:
        match = _INTO.search(text) if note_type in _NOTE_TYPES else None
        if match is not None and match.group(1) != own_number:
            found = match.group(1)
    return found
