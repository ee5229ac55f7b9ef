"""JSON text as Autotask's .NET writes it, and the signature over exactly those bytes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any, Final

_ESCAPED: Final = set("&<>'+`")
_FIRST_UNPRINTABLE: Final = 0x20
_LAST_ASCII: Final = 0x7E
_SHORT: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f", "\\": "\\\\"}


def dump(value: Any) -> bytes:
    r"""Return compact JSON; `& < > ' " +`, backticks and all non-ASCII become `\uXXXX` in upper-case hex."""
    if isinstance(value, dict):
        return b"{" + b",".join(_text(str(key)) + b":" + dump(item) for key, item in value.items()) + b"}"
    if isinstance(value, list | tuple):
        return b"[" + b",".join(dump(item) for item in value) + b"]"
    if isinstance(value, str):
        return _text(value)
    return json.dumps(value).encode("ascii")


def _text(text: str) -> bytes:
    return ('"' + "".join(_character(one) for one in text) + '"').encode("ascii")


def _character(one: str) -> str:
    if one in _SHORT:
        return _SHORT[one]
    code = ord(one)
    if one in _ESCAPED or one == '"' or not _FIRST_UNPRINTABLE <= code <= _LAST_ASCII:
        # Characters beyond the basic plane are written as their two UTF-16 halves.
        units = one.encode("utf-16-be", "surrogatepass")
        return "".join(f"\\u{units[i] << 8 | units[i + 1]:04X}" for i in range(0, len(units), 2))
    return one


def signature(secret: str, body: bytes) -> str:
    """Return the `X-Hook-Signature` value for these bytes. SHA-1 is Autotask's choice."""
    digest = hmac.new(secret.encode("utf-8"), body, hashlib.sha1).digest()
    return "sha1=" + base64.b64encode(digest).decode("ascii")
