"""Access tokens, shared by all workers."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Protocol

import redis
from redis.exceptions import RedisError

from integration.vendors.errors import Unavailable


class TokenStore(Protocol):
    """Where the token of one account is kept between calls."""

    def load(self) -> tuple[str, float] | None:
        """Return (token, seconds it is still good for), None when there is none."""

    def save(self, token: str, seconds: float) -> None:
        """Keep a token for `seconds`."""

    def forget(self) -> None:
        """Drop the token."""


class RedisTokenStore:
    """Keeps a token in Redis.

    Args:
        client: Redis or Valkey.
        key: must differ between accounts and between secrets of one account.
        encrypt: applied before storing; Redis may write to disk.
        decrypt: its inverse. When it raises ValueError the stored token counts as absent (rotated keys).

    Raises:
        Unavailable: from every method, when Redis does not answer.
    """

    def __init__(
        self, client: redis.Redis, key: str, *, encrypt: Callable[[str], str], decrypt: Callable[[str], str]
    ) -> None:
        self._redis = client
        self._key = key
        self._encrypt = encrypt
        self._decrypt = decrypt

    def __repr__(self) -> str:
        return "RedisTokenStore(...)"

    def load(self) -> tuple[str, float] | None:
        """Return (token, seconds it is still good for), None when there is none."""
        try:
            found = self._redis.get(self._key)
        except RedisError as error:
            raise _unavailable(error) from None
        if not isinstance(found, bytes | str):
            return None
        try:
            held = json.loads(self._decrypt(found.decode() if isinstance(found, bytes) else found))
            left = float(held["until"]) - time.time()
            return (str(held["token"]), left) if left > 0 else None
        except (ValueError, KeyError, TypeError):
            return None

    def save(self, token: str, seconds: float) -> None:
        """Keep a token for `seconds`."""
        held = self._encrypt(json.dumps({"token": token, "until": time.time() + seconds}))
        try:
            self._redis.set(self._key, held, px=max(1, round(seconds * 1000)))
        except RedisError as error:
            raise _unavailable(error) from None

    def forget(self) -> None:
        """Drop the token."""
        try:
            self._redis.delete(self._key)
        except RedisError as error:
            raise _unavailable(error) from None


def _unavailable(error: RedisError) -> Unavailable:
    return Unavailable(
        f"the shared access token cannot be reached in Redis ({type(error).__name__})", vendor="datto_rmm"
    )
