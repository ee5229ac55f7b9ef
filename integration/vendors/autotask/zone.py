"""Which Autotask server a user's database lives on.

Every database sits in a zone. The lookup is free and open: it takes a user name, no credentials. Its answer says
where credentials will be sent, so it is checked like an address a stranger gave us.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from dataclasses import asdict, dataclass
from ipaddress import ip_address
from typing import Final, Protocol, Self
from urllib.parse import SplitResult, urlsplit, urlunsplit

import redis

from integration.vendors.autotask.wire import Wire, WireError

logger = logging.getLogger(__name__)

FIELD: Final = "AUTOTASK_ZONE_URL"
DEFAULT_ZONE_LOOKUP_URL: Final = "https://webservices.autotask.net/atservicesrest"
CACHE_SECONDS: Final = 24 * 60 * 60
_OFFICIAL_DOMAIN: Final = "autotask.net"
_OFFICIAL_PATH: Final = "/atservicesrest"
_PASTED_TAIL: Final = re.compile(r"(?:/v?1\.0)?(?:/zoneInformation)?/*\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ZoneInfo:
    """Where a database lives.

    Attributes:
        name: such as "America East 2".
        url: API address with a trailing slash, without version.
        web_url: address of the screens with a trailing slash, "" when Autotask names none.
        ci: Autotask's number of the database's instance.
    """

    name: str
    url: str
    web_url: str
    ci: int | None

    @classmethod
    def from_wire(cls, row: object, *, lookup_url: str) -> Self:
        """Parse a `zoneInformation` answer and check where it points.

        Args:
            row: the answer.
            lookup_url: normalised address that was asked.

        Raises:
            WireError: no url, plain http to another machine, or an official lookup that points elsewhere.
        """
        wire = Wire("zoneInformation", row)
        url = _checked_url(wire.text("url"), "url")
        host, asked = _host(url), _host(lookup_url)
        if is_official(asked) and not is_official(host):
            raise WireError(f"zoneInformation.url: {asked} points to {host}, which is not Autotask's")
        if _is_loopback(host) and not _is_loopback(asked):
            raise WireError(f"zoneInformation.url: {asked} points back to this machine")
        web_url = wire.text("webUrl").strip()
        return cls(
            name=wire.text("zoneName"),
            url=_PASTED_TAIL.sub("", url) + "/",
            web_url=_checked_url(web_url, "webUrl").rstrip("/") + "/" if web_url else "",
            ci=wire.whole("ci"),
        )


class ZoneCache(Protocol):
    """Remembers zones for all workers. A lost entry costs one free lookup."""

    def read(self, key: str) -> str | None:
        """Return the text stored under the key, None when there is none."""

    def write(self, key: str, value: str, seconds: int) -> None:
        """Store a text for so many seconds."""

    def forget(self, key: str) -> None:
        """Drop the key; nothing happens when it is not there."""


class MemoryZoneCache:
    """A cache for one process, such as a command that runs once; entries do not expire."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}

    def read(self, key: str) -> str | None:
        """Return the text stored under the key, None when there is none."""
        return self._values.get(key)

    def write(self, key: str, value: str, seconds: int) -> None:
        """Store a text."""
        self._values[key] = value

    def forget(self, key: str) -> None:
        """Drop the key."""
        self._values.pop(key, None)


class RedisZoneCache:
    """A cache in Redis, shared by all workers. When Redis is away, the zone is simply looked up."""

    def __init__(self, client: redis.Redis, *, prefix: str = "rmm-bridge:autotask-zone:") -> None:
        self._client = client
        self._prefix = prefix

    def read(self, key: str) -> str | None:
        """Return the text stored under the key, None when there is none."""
        try:
            value: object = self._client.get(self._prefix + key)
        except redis.RedisError as error:
            logger.warning("zone cache: Redis did not answer (%s); looking the zone up", type(error).__name__)
            return None
        return (
            value.decode("utf-8", "replace")
            if isinstance(value, bytes)
            else value
            if isinstance(value, str)
            else None
        )

    def write(self, key: str, value: str, seconds: int) -> None:
        """Store a text for so many seconds."""
        try:
            self._client.set(self._prefix + key, value, ex=seconds)
        except redis.RedisError as error:
            logger.warning("zone cache: Redis did not take the zone (%s)", type(error).__name__)

    def forget(self, key: str) -> None:
        """Drop the key."""
        try:
            self._client.delete(self._prefix + key)
        except redis.RedisError as error:
            logger.warning("zone cache: Redis did not drop the zone (%s)", type(error).__name__)


def normalize_zone_url(text: str) -> str:
    """Return the lookup address without trailing slash, version and `/zoneInformation`.

    A bare Autotask host gets its usual path.

    Raises:
        ValueError: naming `AUTOTASK_ZONE_URL` and the cure.
    """
    cure = f"give the address up to but without /v1.0, such as {DEFAULT_ZONE_LOOKUP_URL}"
    cleaned = text.strip()
    if not cleaned:
        raise ValueError(f"{FIELD}: it is empty; {cure}")
    try:
        url = _checked_url(cleaned, FIELD)
    except WireError as error:
        raise ValueError(f"{error}; {cure}") from error
    url = _PASTED_TAIL.sub("", url)
    if is_official(_host(url)) and not urlsplit(url).path:
        url += _OFFICIAL_PATH
    return url


def zone_url_warning(url: str) -> str | None:
    """Return what a person should know about an unusual lookup address, None for Autotask's own hosts."""
    host = _host(url)
    if is_official(host):
        return None
    return (
        f"{FIELD}: {host} is not one of Autotask's hosts; the API user's credentials will go where it points"
    )


def is_official(host: str) -> bool:
    """Tell whether a host belongs to Autotask."""
    return host == _OFFICIAL_DOMAIN or host.endswith(f".{_OFFICIAL_DOMAIN}")


def cache_key(lookup_url: str, username: str) -> str:
    """Return the cache key of a user's zone; the user name is hashed."""
    return hashlib.sha256(f"{lookup_url}\n{username.lower()}".encode()).hexdigest()[:40]


def to_cache(zone: ZoneInfo) -> str:
    """Return the text to cache."""
    return json.dumps(asdict(zone))


def from_cache(text: str, *, lookup_url: str) -> ZoneInfo | None:
    """Return a cached zone, checked like a fresh one; None when the entry is not usable."""
    try:
        row = json.loads(text)
        return ZoneInfo.from_wire(
            {"zoneName": row["name"], "url": row["url"], "webUrl": row["web_url"], "ci": row["ci"]},
            lookup_url=lookup_url,
        )
    except (ValueError, KeyError, TypeError):
        return None


def _checked_url(text: str, field: str) -> str:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise WireError(f"{field}: not an address") from error
    host = (parts.hostname or "").lower()
    if parts.scheme not in {"http", "https"} or not host or not text.isprintable() or " " in text:
        raise WireError(f"{field}: not an address that starts with https://")
    if parts.username is not None or parts.password is not None:
        raise WireError(f"{field}: contains a user name or password; remove it")
    if parts.scheme == "http" and not _is_loopback(host):
        raise WireError(f"{field}: plain http is refused except on this machine; use https")
    netloc = f"[{host}]" if ":" in host else host
    netloc += f":{port}" if port is not None else ""
    return urlunsplit(SplitResult(parts.scheme, netloc, parts.path, "", ""))


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").lower()


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
