"""Row ids out of forms and addresses: what no row can have is no id, and leads to no error page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

#: Every number of so many digits fits into a 64-bit column.
_DIGITS: Final = 18


def read_id(text: object) -> int | None:
    """Return a row id, None for what cannot be one: no plain digits, or too many of them."""
    if not isinstance(text, str) or not text.isascii() or not text.isdigit() or len(text) > _DIGITS:
        return None
    return int(text)


def read_ids(texts: Iterable[str]) -> list[int]:
    """Return the ids in texts such as "1,2,3"; what is none is left out."""
    found = [read_id(part) for text in texts for part in text.split(",")]
    return [one for one in found if one is not None]
