"""Notes that tell of a merge, and those that do not."""

from __future__ import annotations

import pytest

from tickets.domain.merges import find_merged_into


@pytest.mark.parametrize(
    ("notes", "expected"),
    [
        ([], ""),
        ([(94, "Merged into T20261124.0042: Disk full")], "T20261124.0042"),
        ([(93, "This ticket has been merged into ticket T20261124.0042.")], "T20261124.0042"),
        ([(94, "Ticket absorbed into T20261124.0042")], "T20261124.0042"),
        # The ticket that stays has another note.
        ([(95, "Absorbed T20261124.0007: Disk full\n\nMerged into nothing")], ""),
        # What people write is no merge.
        ([(1, "I merged into T20261124.0042 what I knew")], ""),
        ([(94, "Merged into T20261124.0001")], ""),
        ([(94, "Merged into T20261124.0042"), (94, "Merged into T20261124.0043")], "T20261124.0043"),
    ],
)
def test_merge_notes(notes: list[tuple[int | None, str]], expected: str) -> None:
    assert find_merged_into(notes, "T20261124.0001") == expected
