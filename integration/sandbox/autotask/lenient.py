"""JSON as Autotask's .NET parser takes it: trailing commas and unquoted keys are fine."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from integration.sandbox.autotask.errors import RefusedError

_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_TRAILING_COMMA: Final = re.compile(r",(\s*[}\]])")
_BARE_KEY: Final = re.compile(r"([{,]\s*)([A-Za-z_$][\w$]*)(\s*:)")
_MARK: Final = "\x00{}\x00"
_MARKED: Final = re.compile(r"\x00(\d+)\x00")


def parse_object(raw: bytes | str) -> dict[str, Any]:
    """Return the object in the text.

    Raises:
        RefusedError: when even the lenient reading finds no JSON object.
    """
    try:
        text = raw.decode("utf-8-sig") if isinstance(raw, bytes) else raw
    except UnicodeDecodeError:
        raise RefusedError("The request body is not UTF-8 text.") from None
    if not text.strip():
        raise RefusedError("The request body is empty; a JSON object is expected.")
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        try:
            found = json.loads(_mended(text))
        except json.JSONDecodeError as error:
            raise RefusedError(
                f"The request body is not valid JSON: {error.msg} at position {error.pos}."
            ) from None
    if not isinstance(found, dict):
        raise RefusedError("The request body must be a JSON object.")
    return found


def _mended(text: str) -> str:
    # Strings are put aside first, so a comma or colon inside one is never touched.
    strings: list[str] = []

    def aside(match: re.Match[str]) -> str:
        strings.append(match.group())
        return _MARK.format(len(strings) - 1)

    bare = _STRING.sub(aside, text.replace("\x00", ""))
    bare = _BARE_KEY.sub(r'\1"\2"\3', _TRAILING_COMMA.sub(r"\1", bare))
    return _MARKED.sub(lambda match: strings[int(match.group(1))], bare)
