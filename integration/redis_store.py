"""Our handle on Redis, and how we name and encrypt what we keep there."""

from __future__ import annotations

import functools
import hashlib
import json
import os
from typing import Any

import redis
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

#: A page or a health probe must not hang on a dead server.
_TIMEOUT_SECONDS = 5


@functools.cache
def _client_of(process_id: int, url: str) -> redis.Redis:
    # By process id: a forked worker must not share its parent's socket.
    del process_id
    return redis.Redis.from_url(url, socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=2)


def get_redis() -> redis.Redis:
    """Return this process' connection pool to settings.REDIS_URL."""
    return _client_of(os.getpid(), settings.REDIS_URL)


def key(*parts: str) -> str:
    """Return a key under REDIS_PREFIX."""
    return ":".join((settings.REDIS_PREFIX, *parts))


def fingerprint(*parts: str) -> str:
    """Return a short name for a set of credentials, so that changed ones never meet old cached values."""
    return hashlib.sha256("\x00".join((settings.SECRET_KEY, *parts)).encode()).hexdigest()[:16]


def _cipher() -> MultiFernet:
    return MultiFernet([Fernet(one) for one in settings.ENCRYPTION_KEYS])


def encrypt(text: str) -> str:
    """Return the text encrypted with the newest key: Redis may write to disk."""
    return _cipher().encrypt(text.encode()).decode()


def decrypt(text: str) -> str:
    """Return the text of `encrypt`.

    Raises:
        ValueError: no key fits; what was stored is then as good as absent.
    """
    try:
        return _cipher().decrypt(text.encode()).decode()
    except InvalidToken:
        raise ValueError("encrypted with a key that is no longer listed") from None


def write_note(name: str, value: dict[str, Any], seconds: int) -> None:
    """Keep a small document without secrets for a while."""
    get_redis().set(name, json.dumps(value), ex=max(1, seconds))


def read_note(name: str) -> dict[str, Any] | None:
    """Return a document of `write_note`, None when there is none."""
    raw = get_redis().get(name)
    if not isinstance(raw, bytes | str):
        return None
    value = json.loads(raw)
    return value if isinstance(value, dict) else None
