r"""Autotask's webhook signature: `X-Hook-Signature: sha1=<base64 of HMAC-SHA1(secret, body)>`.

The sender escapes `& < > ' " +` and all non-ASCII as `\uXXXX`, so the digest only holds over the bytes as they
arrived: never over a body that was parsed and written again. SHA-1 is Autotask's choice, not ours.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from typing import Final

HEADER: Final = "X-Hook-Signature"
_PREFIX: Final = re.compile(r"\A\s*sha1\s*=\s*", re.IGNORECASE)
_DIGEST_BYTES: Final = hashlib.sha1(usedforsecurity=False).digest_size


def sign(secret: str, raw_body: bytes) -> str:
    """Return the header value Autotask would send for these bytes.

    Raises:
        ValueError: when the secret is empty, because anybody can sign with that.
    """
    return "sha1=" + base64.b64encode(_digest(secret, raw_body)).decode("ascii")


def verify(secret: str, raw_body: bytes, header: str | None) -> bool:
    """Tell whether the header signs exactly these bytes, in constant time.

    The prefix `sha1=` may be written in any case or be missing, blanks around are ignored, and the digest may
    be base64 or hexadecimal. A missing or malformed header is False, never an error.

    Raises:
        ValueError: when the secret is empty: that is our mistake, not the sender's.
    """
    expected = _digest(secret, raw_body)
    given = _decode(header)
    # compare_digest is called for a malformed header as well, so its time tells nothing.
    return (
        hmac.compare_digest(expected, given if given is not None else b"\x00" * _DIGEST_BYTES)
        and given is not None
    )


def _digest(secret: str, raw_body: bytes) -> bytes:
    if not secret:
        raise ValueError("webhook secret: it is empty; register the webhook again with a new secret")
    return hmac.new(secret.encode("utf-8"), raw_body, hashlib.sha1).digest()


def _decode(header: str | None) -> bytes | None:
    if not header:
        return None
    text = _PREFIX.sub("", header).strip()
    if not text.isascii():
        return None
    if len(text) == 2 * _DIGEST_BYTES:
        try:
            return bytes.fromhex(text)
        except ValueError:
            return None
    try:
        digest = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return digest if len(digest) == _DIGEST_BYTES else None
