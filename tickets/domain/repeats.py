"""When a repeated or related alert writes a note, escalates its ticket, and what the notes say. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from tickets.domain.settings.catalogue import NotePolicy

_HOUR: Final = timedelta(hours=1)
_MOST_LINES: Final = 20


@dataclass(frozen=True, slots=True)
class Added:
    """An alert that joined a ticket, as a note names it."""

    summary: str
    device: str
    raised_at: datetime | None
    is_same_condition: bool


def is_step(occurrences: int) -> bool:
    """Return whether an occurrence is one of 1, 2, 5, 10, 20, 50, 100 and so on."""
    digits = str(occurrences)
    return occurrences > 0 and digits[0] in "125" and set(digits[1:]) <= {"0"}


def wants_note(policy: str, *, before: int, now_count: int, noted_at: datetime | None, now: datetime) -> bool:
    """Return whether the repeats since the last note are to be noted.

    Args:
        policy: a `NotePolicy`.
        before: occurrences when the last note was written.
        now_count: occurrences now.
        noted_at: when that was; None for never.
    """
    if policy == NotePolicy.NEVER or now_count <= before:
        return False
    if policy == NotePolicy.EVERY:
        return True
    is_an_hour_ago = noted_at is None or now - noted_at >= _HOUR
    if policy == NotePolicy.HOURLY:
        return is_an_hour_ago
    return is_an_hour_ago or any(is_step(count) for count in range(before + 1, now_count + 1))


def wants_escalation(*, after: int, occurrences: int, is_escalated: bool) -> bool:
    """Return whether so many occurrences within the rule's time raise the ticket; 0 is never."""
    return after > 0 and not is_escalated and occurrences >= after


def render_repeats(
    *, occurrences: int, added: Sequence[Added], open_alerts: int, is_flapping: bool, flap_words: str
) -> str:
    """Return the text of one note for everything that was added since the last one; the counter is exact.

    Args:
        occurrences: alerts the ticket has stood for, these included.
        added: newest last.
        open_alerts: of all of them, how many are open in Datto RMM.
        is_flapping: the condition comes and goes.
        flap_words: how often, such as "6 times within 60 minutes".
    """
    repeats = sum(1 for one in added if one.is_same_condition)
    lines = [f"This ticket has stood for {occurrences} alerts; {open_alerts} of them are open in Datto RMM."]
    if repeats:
        lines.append(
            f"It happened {'once' if repeats == 1 else f'{repeats} times'} more since the last note."
        )
    others = [one for one in added if not one.is_same_condition]
    if others:
        lines.append(f"{len(others)} other alert{'s' if len(others) > 1 else ''} joined it:")
        lines += [f"- {_line(one)}" for one in others[:_MOST_LINES]]
        if len(others) > _MOST_LINES:
            lines.append(f"- and {len(others) - _MOST_LINES} more; RMM Bridge lists them all.")
    elif added:
        lines.append(f"Last: {_line(added[-1])}")
    if is_flapping:
        lines.append(f"It comes and goes ({flap_words}), so notes are rare now; the counter stays exact.")
    return "\n".join(lines)


def _line(one: Added) -> str:
    at = f" at {one.raised_at:%Y-%m-%d %H:%M} UTC" if one.raised_at else ""
    return f"{one.device + ': ' if one.device else ''}{one.summary or 'alert'}{at}"
