"""Patterns of people, searched in what devices say: texts are long and anybody can write them, so the time is linear. Pure.

RE2 reads a text once, whatever the pattern. It knows neither look-ahead nor look-behind; the rest is spelled as in
Python, where letters and digits are those of all languages.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

import re2

from mappings.domain.devices.patterns import BadPattern, compile_pattern

#: So much of a text is searched.
LONGEST_SEARCHED: Final = 4000
_TOKEN: Final = re.compile(r"\\.|.", re.DOTALL)
_LETTERS: Final = r"\p{L}\p{N}_"
#: Escape -> outside of [], inside of them. What stands for None cannot be said inside of [].
_ESCAPES: Final[dict[str, tuple[str, str | None]]] = {
    r"\w": (f"[{_LETTERS}]", _LETTERS),
    r"\W": (f"[^{_LETTERS}]", None),
    r"\d": (r"\p{Nd}", r"\p{Nd}"),
    r"\D": (r"\P{Nd}", r"\P{Nd}"),
    r"\Z": (r"\z", None),
}


class Search:
    """A pattern, ready to be searched."""

    __slots__ = ("_compiled",)

    def __init__(self, compiled: Any) -> None:
        self._compiled = compiled

    def is_in(self, text: str) -> bool:
        """Return whether the pattern is found in the beginning of a text, without regard to case."""
        # Half an emoji, as devices send it, is no text for RE2.
        searched = text[:LONGEST_SEARCHED].encode("utf-8", "replace").decode()
        return self._compiled.search(searched) is not None


@lru_cache(maxsize=512)
def compile_search(pattern: str) -> Search:
    """Return a pattern for searching.

    Raises:
        BadPattern: as `compile_pattern`, or for something that cannot be searched in linear time; with the cure.
    """
    compile_pattern(pattern)
    options = re2.Options()
    options.case_sensitive = False
    options.dot_nl = True
    options.log_errors = False
    try:
        return Search(re2.compile(_spell(pattern), options))
    except re2.error as error:
        what = error.args[0].decode(errors="replace") if isinstance(error.args[0], bytes) else str(error)
        raise BadPattern(
            f"The pattern cannot be searched: {what}. Look-ahead, look-behind and possessive repeats are not available; "
            "say what is to be found, not what is not."
        ) from None


def is_found(pattern: str, text: str) -> bool:
    """Return whether a stored pattern is found in a text; one that cannot be used is found nowhere.

    It was refused when it was saved; if it came in another way, it applies to nothing rather than to everything.
    """
    try:
        return compile_search(pattern).is_in(text)
    except BadPattern:
        return False


def _spell(pattern: str) -> str:
    """Return a pattern of Python as RE2 spells it."""
    parts, is_in_class, is_first = [], False, False
    for part in _TOKEN.findall(pattern):
        escape = _ESCAPES.get(part)
        if escape is not None:
            outside, inside = escape
            parts.append((part if inside is None else inside) if is_in_class else outside)
        else:
            parts.append(part)
        if part == "[" and not is_in_class:
            is_in_class, is_first = True, True
        elif part == "]" and is_in_class and not is_first:
            is_in_class = False
        elif not (part == "^" and is_first):
            is_first = False
    return "".join(parts)
