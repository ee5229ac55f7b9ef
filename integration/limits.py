"""How often something may be done from outside: counted in Redis, in fixed windows, shared by all processes."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address, ip_network

import redis
import structlog
from django.http import HttpRequest
from django.utils import timezone

from integration.redis_store import fingerprint, get_redis, key

log = structlog.get_logger(__name__)

_IPV6_HOME = 64


@dataclass(frozen=True, slots=True)
class Allowance:
    """Whether one more is allowed.

    Attributes:
        is_allowed: None when it could not be counted; the caller then counts otherwise, or refuses.
        retry_after_seconds: until the window is over.
    """

    is_allowed: bool | None
    retry_after_seconds: int = 0


def take(what: str, who: str, *, most: int, seconds: int) -> Allowance:
    """Count one more of something and return whether it is still allowed.

    Args:
        what: short name of what is limited.
        who: whose allowance; only a fingerprint of it is kept.
        most: so many within a window.
        seconds: length of the window.
    """
    now = int(timezone.now().timestamp())
    window = now // seconds
    left = (window + 1) * seconds - now
    name = key("limit", what, fingerprint(who), str(window))
    try:
        with get_redis().pipeline(transaction=True) as pipe:
            pipe.incr(name)
            pipe.expire(name, seconds + 5)
            count = int(pipe.execute()[0])
    except redis.RedisError:
        log.warning("a limit could not be counted: Redis does not answer", limit=what)
        return Allowance(None, left)
    return Allowance(count <= most, left)


def client_address(request: HttpRequest) -> str:
    """Return where a request comes from, to count by; an IPv6 address stands for its whole home network.

    What a proxy says is believed only from a proxy on this machine or in this network, and of several addresses only
    the last one: the others are the sender's own words.
    """
    peer = request.META.get("REMOTE_ADDR") or ""
    forwarded = request.headers.get("X-Forwarded-For", "").rsplit(",", 1)[-1].strip()
    text = forwarded if forwarded and _is_near(peer) else peer
    try:
        address = ip_address(text)
    except ValueError:
        return peer or "unknown"
    if address.version == 6:  # noqa: PLR2004 - the version of the protocol
        return str(ip_network((address, _IPV6_HOME), strict=False))
    return str(address)


def _is_near(peer: str) -> bool:
    """A UNIX socket gives no address."""
    try:
        address = ip_address(peer)
    except ValueError:
        return True
    return address.is_loopback or address.is_private
