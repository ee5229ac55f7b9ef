"""Keep secrets out of exception texts, logs and records."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote, quote_plus

MASK: Final = "[redacted]"
#: Shorter values are not searched for: they would blacken ordinary words.
_SHORTEST_SECRET: Final = 4
_BEARER: Final = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}")
_NAMED: Final = re.compile(
    r"""(?ix)
    (?P<name> ["']? \b (?: password | passwd | secret | client_secret | access_token | refresh_token
        | api_?(?:access|secret)?_?key | apiintegrationcode | authorization | token ) \b ["']? \s* [:=] \s* )
    (?P<value> "(?:[^"\\]|\\.)*" | '[^']*' | [^\s,;&}\])]+ )
    """
)


class Redactor:
    """Replaces known secrets, and whatever looks like a credential, by a mask.

    Args:
        secrets: values that must never be seen; also recognised URL-quoted, JSON-escaped and in base64.
    """

    __slots__ = ("_known",)

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms: set[str] = set()
        for secret in secrets:
            if len(secret) < _SHORTEST_SECRET:
                continue
            encoded = base64.b64encode(secret.encode()).decode()
            forms |= {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1], encoded}
        longest_first = sorted(forms, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def __repr__(self) -> str:
        return "Redactor(...)"

    def __call__(self, text: str, *, longest: int | None = None) -> str:
        """Return the text without secrets, cut to `longest` characters after masking."""
        if self._known is not None:
            text = self._known.sub(MASK, text)
        text = _BEARER.sub(rf"\1 {MASK}", text)
        text = _NAMED.sub(rf"\g<name>{MASK}", text)
        if longest is not None and len(text) > longest:
            return text[: longest - 1] + "…"
        return text
