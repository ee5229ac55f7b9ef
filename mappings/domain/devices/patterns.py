"""Patterns that people type, made safe: what they cost is bounded before they meet a value. Pure."""

from __future__ import annotations

import re
import warnings
from functools import lru_cache

LONGEST_PATTERN = 200
#: Longer values are compared by their beginning.
LONGEST_VALUE = 255
#: Each of them multiplies the work by the length of the value.
MOST_REPEATS = 3
#: Each choice and each optional part multiplies the ways in which a value can be read.
MOST_WAYS = 32

_REPEAT = re.compile(r"[*+]|\{\d*,?\d*\}")
_BACK_REFERENCE = re.compile(r"\\[1-9]")
_CONDITIONAL = re.compile(r"\(\?(?:P=|\()")
#: Escapes, classes, openings of groups, repeats, and single characters.
_TOKEN = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\((?:\?(?:<[=!]|P?<\w+>|[\w-]*[:=!>]?))?|[*+]|\{\d*,?\d*\}|.", re.DOTALL
)


class BadPattern(ValueError):  # noqa: N818 - a person's text, not a fault
    """The pattern cannot be used; the text says why and what to do."""


@lru_cache(maxsize=512)
def compile_pattern(text: str) -> re.Pattern[str]:
    """Return the pattern, to be used on a whole value without regard to case.

    Raises:
        BadPattern: not a regular expression, too long, or of a shape that could take for ever.
    """
    if not text:
        raise BadPattern("The pattern is empty. Type one, such as Gold.*")
    if len(text) > LONGEST_PATTERN:
        raise BadPattern(f"The pattern is longer than {LONGEST_PATTERN} characters. Shorten it.")
    _check_cost(text)
    try:
        with warnings.catch_warnings():
            # What reads as one thing today and another in a later Python is not what the person meant for sure.
            warnings.simplefilter("error", FutureWarning)
            return re.compile(text, re.IGNORECASE | re.DOTALL)
    except (re.error, RecursionError, OverflowError, FutureWarning) as error:
        raise BadPattern(f"The pattern is not valid: {error}.") from None


def matches_pattern(text: str, value: str) -> bool:
    """Return whether the whole value fits the pattern.

    Raises:
        BadPattern: as `compile_pattern`.
    """
    return compile_pattern(text).fullmatch(value[:LONGEST_VALUE]) is not None


def _check_cost(text: str) -> None:
    """Refuse what backtracks without bound: repeated groups that repeat or choose inside, back references."""
    if _CONDITIONAL.search(text):
        raise BadPattern("The pattern refers back to a group. Write the text out instead.")
    repeats, ways = 0, 1
    # For each open group: its alternatives. Those outside all groups are tried one after the other and multiply nothing.
    alternatives: list[int] = []
    was_repeat = False
    # For each open group: whether something inside repeats or is a choice.
    groups: list[bool] = []
    is_costly = False
    for part in _TOKEN.findall(text):
        if _BACK_REFERENCE.fullmatch(part):
            raise BadPattern("The pattern refers back to a group. Write the text out instead.")
        is_repeat = _REPEAT.fullmatch(part) is not None
        if is_repeat and is_costly:
            raise BadPattern(
                "A repeated group holds a repetition or a choice, which can take for ever. "
                "Repeat single characters only, such as [a-z]+"
            )
        repeats += is_repeat
        if is_repeat or part in {"|", "?"}:
            groups = [True] * len(groups)
        # After a repetition "?" only makes it lazy.
        if part == "?" and not was_repeat:
            ways *= 2
        was_repeat = is_repeat or (part == "?" and not was_repeat)
        if part == "|" and alternatives:
            alternatives[-1] += 1
        if part == ")" and alternatives:
            ways *= alternatives.pop()
        if part.startswith("("):
            groups.append(False)
            alternatives.append(1)
        is_costly = groups.pop() if part == ")" and groups else False
    if ways > MOST_WAYS:
        raise BadPattern(
            "The pattern has too many choices and optional parts one after the other, which can take for ever. "
            "Use fewer of | and ?, or several rules."
        )
    if repeats > MOST_REPEATS:
        raise BadPattern(
            f"The pattern repeats {repeats} times; at most {MOST_REPEATS} of * + {{}} are allowed. "
            "Use 'contains' or simplify it."
        )
